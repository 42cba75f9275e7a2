//! What does a settings file say, and on which line? One tree for both languages: a text that begins with `{` is
//! JSON, for no TOML does; whatever is read from the tree can name its line.

mod json;
mod toml;

use std::fmt;

/// One value of the file.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// Where it begins, from 1.
    pub(super) line: usize,
    /// As the user wrote it, its first line.
    shown: String,
    kind: Kind,
}

/// The pairs of a table in the order of the file; no key is there twice.
pub(super) type Table = Vec<(String, Value)>;

#[derive(Clone, Debug)]
enum Kind {
    Text(String),
    Whole(i64),
    Fraction(f64),
    Flag(bool),
    List(Vec<Value>),
    Table(Table),
    /// A date, a null, a number that fits nowhere: no key takes one.
    Other,
}

/// Where the text is not of its language, and why.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) line: usize,
    pub(super) reason: String,
}

/// What is shown of a value; more says no more.
const SHOWN_CHARACTERS: usize = 80;

impl Value {
    /// Reads the text of a whole file, which is a table.
    pub(super) fn read(text: &str) -> Result<Value, Vec<Broken>> {
        if text.trim_start().starts_with('{') {
            json::read(text).map_err(|broken| vec![broken])
        } else {
            toml::read(text)
        }
    }

    /// Reads the text of any JSON value.
    pub(super) fn read_json(text: &str) -> Result<Value, Broken> {
        json::read(text)
    }

    /// A table whose key `name` holds the lines of `text` as HTTP addresses, without what follows a `#`.
    pub(super) fn lines(name: &str, text: &str) -> Value {
        let mut items = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let address = if line.contains("://") {
                line.to_owned()
            } else {
                format!("http://{line}")
            };
            items.push(Value {
                line: i + 1,
                shown: address.chars().take(SHOWN_CHARACTERS).collect(),
                kind: Kind::Text(address),
            });
        }
        let value = |kind| Value {
            line: 1,
            shown: String::new(),
            kind,
        };
        let list = value(Kind::List(items));
        value(Kind::Table(vec![(name.to_owned(), list)]))
    }

    fn new(source: &Source<'_>, span: std::ops::Range<usize>, kind: Kind) -> Value {
        let line = source.line(span.start);
        let written = source.text.get(span).unwrap_or_default();
        let shown = match &kind {
            Kind::Text(text) => text,
            _ => written.lines().next().unwrap_or_default(),
        };
        Value {
            line,
            shown: shown.chars().take(SHOWN_CHARACTERS).collect(),
            kind,
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_integer(&self) -> Option<i64> {
        match self.kind {
            Kind::Whole(number) => Some(number),
            _ => None,
        }
    }

    /// A number, whole or not.
    pub(super) fn as_float(&self) -> Option<f64> {
        match self.kind {
            Kind::Whole(number) => Some(number as f64),
            Kind::Fraction(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    pub(super) fn as_array(&self) -> Option<&Vec<Value>> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn as_table(&self) -> Option<&Table> {
        match &self.kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// The text of the file and where its lines begin.
struct Source<'a> {
    text: &'a str,
    /// The offsets of all line ends.
    ends: Vec<usize>,
}

impl<'a> Source<'a> {
    fn new(text: &'a str) -> Source<'a> {
        let ends = text.match_indices('\n').map(|(offset, _)| offset).collect();
        Source { text, ends }
    }

    fn line(&self, offset: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that a tree says, with the lines.
    fn told(value: &Value) -> String {
        match &value.kind {
            Kind::List(items) => format!(
                "{}:[{}]",
                value.line,
                items.iter().map(told).collect::<Vec<_>>().join(" ")
            ),
            Kind::Table(table) => {
                let pairs = table
                    .iter()
                    .map(|(key, item)| format!("{key}={}", told(item)));
                format!("{}:{{{}}}", value.line, pairs.collect::<Vec<_>>().join(" "))
            }
            kind => format!("{}:{kind:?}", value.line),
        }
    }

    #[test]
    fn both_languages_give_the_same_tree() {
        let json =
            "{\n\"a\": {\"b\": [1,\n2.5], \"c\": true},\n\"d\": \"e\\u00e9\\n\", \"f\": 1e30}";
        let json = Value::read(json).unwrap();
        assert_eq!(
            told(&json),
            "1:{a=2:{b=2:[2:Whole(1) 3:Fraction(2.5)] c=3:Flag(true)} d=4:Text(\"eé\\n\") f=4:Fraction(1e30)}"
        );
        let toml = "\n[a]\nb = [1,\n2.5]\nc = true\n[g]\nh.i = 0x10\n";
        let toml = Value::read(toml).unwrap();
        assert_eq!(
            told(&toml),
            "1:{a=2:{b=3:[3:Whole(1) 4:Fraction(2.5)] c=5:Flag(true)} g=6:{h=7:{i=7:Whole(16)}}}"
        );
        assert_eq!(json.as_table().unwrap()[0].1.to_string(), "{\"b\": [1,");
    }

    #[test]
    fn what_is_broken_names_its_line() {
        let lines = |text: &str| {
            let broken = Value::read(text).unwrap_err();
            broken.iter().map(|broken| broken.line).collect::<Vec<_>>()
        };
        assert_eq!(lines("a = 1\nb = \nc = 2\nd d = 3\n"), [2, 4]);
        assert_eq!(lines("{\n\"a\": 1,\n}"), [3]);
        assert_eq!(lines("{\n\"a\": 1,\n\"a\": 2}"), [3]);
        assert_eq!(lines("{\n\n\"a\": \"\\ud800\"}"), [3]);
        assert_eq!(lines("{} {}"), [1]);
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(lines(&deep), [1]);
        assert!(Value::read(&format!("a={}{}", "[".repeat(10_000), "]".repeat(10_000))).is_err());
    }
}
