//! TOML as a tree with lines. Its parser goes on after a fault, so all of them are said.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Broken, Kind, Source, Value};

pub(super) fn read(text: &str) -> Result<Value, Vec<Broken>> {
    let source = Source::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let kind = Kind::Table(pairs(&source, table.get_ref()));
        return Ok(Value::new(&source, 0..0, kind));
    }
    let broken = errors.iter().map(|e| Broken {
        line: e.span().map_or(1, |span| source.line(span.start)),
        reason: format!("TOML: {}", e.message()),
    });
    let mut broken: Vec<Broken> = broken.collect();
    broken.sort_by_key(|broken| broken.line);
    Err(broken)
}

fn pairs(source: &Source<'_>, table: &DeTable<'_>) -> super::Table {
    let mut pairs: Vec<_> = table.iter().collect();
    pairs.sort_by_key(|(key, _)| key.span().start);
    pairs
        .into_iter()
        .map(|(key, item)| (key.get_ref().to_string(), value(source, item)))
        .collect()
}

fn value(source: &Source<'_>, item: &Spanned<DeValue<'_>>) -> Value {
    let kind = match item.get_ref() {
        DeValue::String(text) => Kind::Text(text.to_string()),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            number.map_or(Kind::Other, Kind::Whole)
        }
        DeValue::Float(number) => {
            let number = number.as_str().parse();
            number.map_or(Kind::Other, Kind::Fraction)
        }
        DeValue::Boolean(flag) => Kind::Flag(*flag),
        DeValue::Datetime(_) => Kind::Other,
        DeValue::Array(items) => Kind::List(items.iter().map(|item| value(source, item)).collect()),
        DeValue::Table(table) => Kind::Table(pairs(source, table)),
    };
    Value::new(source, item.span(), kind)
}
