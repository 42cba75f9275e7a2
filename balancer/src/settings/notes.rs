//! What is wrong with a file, and on which line? Whoever checks says the path of a key; the line is known here, also
//! for what is found long after reading, such as a listener whose pool is not there.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use service::Mistakes;

use super::value::{Broken, Value};

/// The mistakes of one file so far.
#[derive(Debug, Default)]
pub(super) struct Notes {
    file: String,
    /// The line of every path, such as `pool[0].health.fall`.
    lines: HashMap<String, usize>,
    found: Vec<Found>,
    /// Every key that was asked for, without positions in lists: `pool.health.fall`.
    known: BTreeSet<String>,
}

#[derive(Debug)]
struct Found {
    line: usize,
    key: String,
    value: String,
    accepted: String,
}

impl Notes {
    /// No mistakes yet in `file`, which says `top`.
    pub(super) fn on(file: &str, top: &Value) -> Notes {
        let mut notes = Notes {
            file: file.to_owned(),
            ..Notes::default()
        };
        notes.remember("", top);
        notes
    }

    fn remember(&mut self, path: &str, value: &Value) {
        for (key, item) in value.as_table().into_iter().flatten() {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            self.remember(&path, item);
        }
        for (i, item) in value.as_array().into_iter().flatten().enumerate() {
            self.remember(&format!("{path}[{i}]"), item);
        }
        self.lines.insert(path.to_owned(), value.line);
    }

    /// The line of `path`, or of the nearest that it is in and that is there.
    fn line(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            if let Some(line) = self.lines.get(path) {
                return *line;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return 1,
            }
        }
    }

    /// Notes that the value at `path` is not what is accepted.
    pub(super) fn refuse(
        &mut self,
        path: String,
        value: impl fmt::Display,
        accepted: impl Into<String>,
    ) {
        self.found.push(Found {
            line: self.line(&path),
            key: path,
            value: value.to_string(),
            accepted: accepted.into(),
        });
    }

    /// Somebody asked for the key at `path`.
    pub(super) fn knows(&mut self, path: &str) {
        let mut outside = true;
        let key = path.chars().filter(|c| {
            outside = outside && *c != '[' || *c == ']';
            outside && *c != ']'
        });
        self.known.insert(key.collect());
    }

    #[cfg(test)]
    pub(super) fn known(&self) -> &BTreeSet<String> {
        &self.known
    }

    /// `value`, when nothing was noted; else all mistakes in the order of the file.
    pub(super) fn none_or<T>(mut self, value: T) -> Result<T, Mistakes> {
        self.found.sort_by_key(|found| found.line);
        let mut mistakes = Mistakes::default();
        for found in self.found {
            // A key may hold anything, and a mistake is one line.
            let key = found.key.escape_debug();
            let setting = format!("{}:{}: {key}", self.file, found.line);
            mistakes.push(setting, found.value, found.accepted);
        }
        mistakes.none_or(value)
    }
}

/// The mistakes of a `file` that is not of its language.
pub(super) fn broken(file: &str, text: &str, faults: Vec<Broken>) -> Mistakes {
    let mut mistakes = Mistakes::default();
    for Broken { line, reason } in faults {
        let shown = text.lines().nth(line - 1).unwrap_or_default().trim();
        mistakes.push(format!("{file}:{line}"), shown, reason);
    }
    mistakes
}
