//! JSON as a tree with lines. serde_json tells no positions, but hands out the raw text of every value as a part of
//! the whole text: where a part lies is its position.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Broken, Kind, Source, Table, Value};

/// Deeper than any settings; each level is a call.
const DEEPEST: usize = 32;

pub(super) fn read(text: &str) -> Result<Value, Broken> {
    let source = Source::new(text);
    // Faults of the language are all found here, where their lines are known.
    let raw: &RawValue = serde_json::from_str(text).map_err(|e| Broken {
        line: e.line().max(1),
        reason: told(&e),
    })?;
    value(&source, raw, 0)
}

/// What serde_json says, without its own idea of the position: here the text was only a part.
fn told(e: &serde_json::Error) -> String {
    let text = e.to_string();
    let reason = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(reason, _)| reason);
    format!("JSON: {reason}")
}

fn value(source: &Source<'_>, raw: &RawValue, depth: usize) -> Result<Value, Broken> {
    let text = raw.get();
    let start = text.as_ptr().addr() - source.text.as_ptr().addr();
    let broken = |reason| Broken {
        line: source.line(start),
        reason,
    };
    if depth > DEEPEST {
        return Err(broken(format!("JSON: nested deeper than {DEEPEST}")));
    }
    let refused = |e| broken(told(&e));
    let kind = match text.as_bytes().first() {
        Some(b'"') => {
            let text: Cow<'_, str> = serde_json::from_str(text).map_err(refused)?;
            Kind::Text(text.into_owned())
        }
        Some(b't') => Kind::Flag(true),
        Some(b'f') => Kind::Flag(false),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(refused)?;
            let items = items.into_iter().map(|item| value(source, item, depth + 1));
            Kind::List(items.collect::<Result<_, _>>()?)
        }
        Some(b'{') => {
            let pairs: Pairs<'_> = serde_json::from_str(text).map_err(refused)?;
            let (mut table, mut seen) = (Table::new(), HashSet::new());
            for (key, item) in pairs.0 {
                let item = value(source, item, depth + 1)?;
                if !seen.insert(key.clone()) {
                    return Err(Broken {
                        line: item.line,
                        reason: format!("JSON: {key:?} is there twice"),
                    });
                }
                table.push((key, item));
            }
            Kind::Table(table)
        }
        _ => match (text.parse(), text.parse()) {
            (Ok(number), _) => Kind::Whole(number),
            (_, Ok(number)) => Kind::Fraction(number),
            _ => Kind::Other,
        },
    };
    Ok(Value::new(source, start..start + text.len(), kind))
}

/// The pairs of an object as they come.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}
