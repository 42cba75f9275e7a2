//! How does a request become named values? A query string and a JSON object are both read as a list of
//! names and texts, so that every API checks its fields in the same way; a name that nobody takes, or
//! that comes twice, is an error and never ignored.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Fault, FieldError, FieldErrors};

/// How many fields a request may have; far more than there are names.
const MOST_FIELDS: usize = 64;

/// The fields of a request that have not been taken yet, with the errors found so far.
#[derive(Debug, Default)]
pub struct Fields {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The fields of a query string (`re=-0.5&zoom=1`), percent-decoded.
    pub fn from_query(query: &str) -> Fields {
        let pairs = form_urlencoded::parse(query.as_bytes());
        Fields::from_pairs(pairs.map(|(name, text)| (name.into_owned(), text.into_owned())))
    }

    /// The fields of a JSON object. Numbers keep all the digits that were written; an array of numbers
    /// is read as its numbers with commas between them.
    ///
    /// # Errors
    /// When `body` is no JSON object.
    pub fn from_json(body: &[u8]) -> Result<Fields, FieldErrors> {
        let members: Members = serde_json::from_slice(body).map_err(|e| {
            let accepted = format!("one JSON object of fields ({e})");
            FieldError::new(
                "body",
                &String::from_utf8_lossy(body),
                Fault::Malformed,
                accepted,
            )
        })?;
        let mut unreadable = Vec::new();
        let mut pairs = Vec::new();
        for (name, raw) in members.0 {
            match text_of(raw.get()) {
                Some(text) => pairs.push((name, text)),
                None => unreadable.push(FieldError::new(
                    &name,
                    raw.get(),
                    Fault::Malformed,
                    "a string, a number, or an array of numbers",
                )),
            }
        }
        let mut fields = Fields::from_pairs(pairs);
        fields.errors.extend(unreadable);
        Ok(fields)
    }

    fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Fields {
        let mut fields = Fields::default();
        for (name, text) in pairs {
            if fields.pairs.len() == MOST_FIELDS {
                fields.refuse(
                    &name,
                    &text,
                    Fault::Malformed,
                    "no more fields than there are names",
                );
                break;
            }
            if fields.pairs.iter().any(|(other, _)| *other == name) {
                fields.refuse(&name, &text, Fault::Malformed, "each field once");
            } else {
                fields.pairs.push((name, text));
            }
        }
        fields
    }

    /// Takes the field `name` out, without the white space around its text.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.pairs.iter().position(|(other, _)| other == name)?;
        Some(self.pairs.swap_remove(at).1.trim().to_owned())
    }

    /// Takes the field `name` out and reads it; `default` when it is absent or cannot be used (the
    /// error is kept for [`Fields::finish`]).
    pub fn read<T>(
        &mut self,
        name: &str,
        default: T,
        read: impl FnOnce(&str) -> Result<T, (Fault, String)>,
    ) -> T {
        let Some(text) = self.take(name) else {
            return default;
        };
        match read(&text) {
            Ok(value) => value,
            Err((fault, accepted)) => {
                self.refuse(name, &text, fault, accepted);
                default
            }
        }
    }

    /// Notes that `name` cannot be used.
    pub fn refuse(&mut self, name: &str, text: &str, fault: Fault, accepted: impl Into<String>) {
        self.errors
            .push(FieldError::new(name, text, fault, accepted));
    }

    /// Ends the reading: what nobody took is an unknown field.
    ///
    /// # Errors
    /// Every field that was refused or unknown.
    pub fn finish(mut self, known: &[&str]) -> Result<(), FieldErrors> {
        for (name, text) in std::mem::take(&mut self.pairs) {
            let accepted = format!("the fields {}", known.join(", "));
            self.refuse(&name, &text, Fault::Malformed, accepted);
        }
        match FieldErrors::some(self.errors) {
            None => Ok(()),
            Some(errors) => Err(errors),
        }
    }
}

/// A whole number from `range`, or what is accepted.
pub(crate) fn whole(
    text: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, (Fault, String)> {
    let accepted = format!("a whole number from {} to {}", range.start(), range.end());
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err((Fault::Malformed, accepted));
    }
    text.parse()
        .ok()
        .filter(|n| range.contains(n))
        .ok_or((Fault::Unacceptable, accepted))
}

/// A finite number from `range`, or what is accepted.
pub(crate) fn number(
    text: &str,
    range: std::ops::RangeInclusive<f64>,
) -> Result<f64, (Fault, String)> {
    let accepted = format!("a number from {} to {}", range.start(), range.end());
    match text.parse::<f64>() {
        Ok(x) if range.contains(&x) => Ok(x),
        // The words that Rust reads as infinity and not-a-number are no numbers to us.
        Ok(_) if text.bytes().any(|b| b.is_ascii_digit()) => Err((Fault::Unacceptable, accepted)),
        _ => Err((Fault::Malformed, accepted)),
    }
}

/// The text of a JSON scalar, or of an array of numbers; `None` for anything else.
fn text_of(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'-' | b'0'..=b'9' => Some(raw.to_owned()),
        b'[' => {
            let numbers: Vec<serde_json::Number> = serde_json::from_str(raw).ok()?;
            let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            Some(texts.join(","))
        }
        _ => None,
    }
}

/// A JSON object's members in order, duplicates included.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_number_keeps_every_digit() {
        let digits = "-0.743643887037158704752191506114774000";
        let mut fields = Fields::from_json(format!("{{\"re\": {digits}}}").as_bytes()).unwrap();
        assert_eq!(fields.take("re").as_deref(), Some(digits));
    }

    #[test]
    fn a_field_that_comes_twice_is_refused() {
        for fields in [
            Fields::from_query("re=1&re=2"),
            Fields::from_json(br#"{"re":1,"re":2}"#).unwrap(),
        ] {
            let mut fields = fields;
            fields.take("re");
            let errors = fields.finish(&["re"]).unwrap_err();
            assert_eq!(errors.iter().next().unwrap().accepted, "each field once");
        }
    }

    #[test]
    fn an_unknown_field_is_refused_with_the_known_ones() {
        let errors = Fields::from_query("colour=red")
            .finish(&["palette"])
            .unwrap_err();
        assert_eq!(errors.status(), 400);
        assert!(errors.to_string().contains("palette"), "{errors}");
    }

    #[test]
    fn infinity_and_nan_are_no_numbers() {
        for text in ["inf", "-inf", "NaN", "infinity", ""] {
            assert_eq!(
                number(text, 0.0..=1.0).unwrap_err().0,
                Fault::Malformed,
                "{text}"
            );
        }
        assert_eq!(
            number("1e999", 0.0..=1.0).unwrap_err().0,
            Fault::Unacceptable
        );
    }

    #[test]
    fn nested_json_is_refused_by_name() {
        let fields = Fields::from_json(br#"{"re":{"a":1}}"#).unwrap();
        assert!(
            fields
                .finish(&[])
                .unwrap_err()
                .to_string()
                .starts_with("re = ")
        );
    }
}
