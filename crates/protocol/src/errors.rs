//! What is said of a field that cannot be used: its name, its value, what is accepted, and whether the
//! text was no value at all (400) or a value that this service does not take (422).

use std::fmt;

use serde::Serialize;

/// How much of a refused value is repeated in an error, in characters.
const VALUE_SHOWN: usize = 80;

/// Why a field was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not a value of the field's kind, or not a field at all: 400.
    Malformed,
    /// A value of the right kind that is out of range: 422.
    Unacceptable,
}

/// One field that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field's name, as it was sent.
    pub field: String,
    /// The value, shortened when it is long.
    pub value: String,
    /// What would have been accepted.
    pub accepted: String,
    /// Which kind of mistake it is.
    #[serde(skip)]
    pub fault: Fault,
}

impl FieldError {
    /// An error about `field`; a long `value` is shortened.
    pub fn new(field: &str, value: &str, fault: Fault, accepted: impl Into<String>) -> FieldError {
        FieldError {
            field: shortened(field),
            value: shortened(value),
            accepted: accepted.into(),
            fault,
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(VALUE_SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
    }
}

/// All the fields of a request that cannot be used; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// The errors, when there are any.
    pub(crate) fn some(errors: Vec<FieldError>) -> Option<FieldErrors> {
        (!errors.is_empty()).then_some(FieldErrors(errors))
    }

    /// The HTTP status they deserve together: 400 when anything was malformed, else 422.
    pub fn status(&self) -> u16 {
        if self.0.iter().any(|e| e.fault == Fault::Malformed) {
            400
        } else {
            422
        }
    }

    /// Each error, in the order in which the fields are documented.
    pub fn iter(&self) -> impl Iterator<Item = &FieldError> {
        self.0.iter()
    }
}

impl From<FieldError> for FieldErrors {
    fn from(error: FieldError) -> Self {
        FieldErrors(vec![error])
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, e) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { "; " };
            write!(
                f,
                "{gap}{} = {:?}: accepted is {}",
                e.field, e.value, e.accepted
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for FieldErrors {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_not_echoed_whole() {
        let error = FieldError::new("re", &"9".repeat(1_000_000), Fault::Malformed, "a number");
        assert!(error.value.len() < 120, "{}", error.value.len());
        assert!(error.value.contains("1000000 bytes"));
    }

    #[test]
    fn one_malformed_field_makes_the_request_malformed() {
        let unacceptable = FieldError::new("width", "0", Fault::Unacceptable, "1 or more");
        let malformed = FieldError::new("re", "x", Fault::Malformed, "a number");
        assert_eq!(FieldErrors::from(unacceptable.clone()).status(), 422);
        assert_eq!(FieldErrors(vec![unacceptable, malformed]).status(), 400);
    }
}
