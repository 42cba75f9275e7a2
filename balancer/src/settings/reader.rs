//! How are all mistakes of a file found in one go? A reader walks a table by its known keys, notes what
//! does not fit and goes on with the default; keys that nobody asked for are mistakes too.

use std::ops::RangeInclusive;
use std::time::Duration;

use service::{Mistakes, duration};
use toml::{Table, Value};

/// One table of the file, with the path that leads to it.
pub(super) struct Reader<'a> {
    path: String,
    table: Table,
    known: Vec<&'static str>,
    mistakes: &'a mut Mistakes,
}

impl<'a> Reader<'a> {
    pub(super) fn new(path: impl Into<String>, table: Table, mistakes: &'a mut Mistakes) -> Self {
        Reader {
            path: path.into(),
            table,
            known: Vec::new(),
            mistakes,
        }
    }

    fn key(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Notes that `name` is not what is accepted.
    pub(super) fn refuse(&mut self, name: &str, value: &Value, accepted: impl Into<String>) {
        let shown = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.mistakes.push(self.key(name), shown, accepted);
    }

    /// Notes that `name` should be there.
    pub(super) fn missing(&mut self, name: &str, accepted: &str) {
        self.mistakes.push(self.key(name), "", accepted);
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.table.remove(name)
    }

    /// The value of `name` as `read` understands it, when it is there.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        accepted: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(name)?;
        let result = read(&value);
        if result.is_none() {
            self.refuse(name, &value, accepted);
        }
        result
    }

    pub(super) fn text(&mut self, name: &'static str, accepted: &str) -> Option<String> {
        self.optional(name, accepted, text)
    }

    /// The value of `name`, whose absence is a mistake too.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        accepted: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        if !self.table.contains_key(name) {
            self.missing(name, accepted);
        }
        self.optional(name, accepted, read)
    }

    /// A text that has to be there; an empty one stands in for it when it is not.
    pub(super) fn required_text(&mut self, name: &'static str, accepted: &str) -> String {
        self.required(name, accepted, text).unwrap_or_default()
    }

    pub(super) fn flag(&mut self, name: &'static str, place: &mut bool) {
        if let Some(flag) = self.optional(name, "true or false", Value::as_bool) {
            *place = flag;
        }
    }

    /// A duration over zero: one that is none would be no wait, but a busy loop or a service that gives up at once.
    pub(super) fn duration(&mut self, name: &'static str, place: &mut Duration) {
        let accepted = format!("{}, over zero", duration::ACCEPTED);
        self.duration_at_least(Duration::from_nanos(1), &accepted, name, place);
    }

    pub(super) fn duration_or_zero(&mut self, name: &'static str, place: &mut Duration) {
        self.duration_at_least(Duration::ZERO, duration::ACCEPTED, name, place);
    }

    fn duration_at_least(
        &mut self,
        least: Duration,
        accepted: &str,
        name: &'static str,
        place: &mut Duration,
    ) {
        let read = |value: &Value| {
            let duration = value.as_str().and_then(duration::parse);
            duration.filter(|duration| *duration >= least)
        };
        if let Some(duration) = self.optional(name, accepted, read) {
            *place = duration;
        }
    }

    pub(super) fn whole<T: TryFrom<i64>>(
        &mut self,
        name: &'static str,
        accepted: RangeInclusive<i64>,
    ) -> Option<T> {
        let wording = format!(
            "a whole number from {} to {}",
            accepted.start(),
            accepted.end()
        );
        self.optional(name, &wording, |value| {
            let number = value
                .as_integer()
                .filter(|number| accepted.contains(number))?;
            T::try_from(number).ok()
        })
    }

    /// Reads the table `name` with `read`, as an empty one when it is not there.
    pub(super) fn section(&mut self, name: &'static str, read: impl FnOnce(&mut Reader<'_>)) {
        let table = self.optional(name, "a table", |value| value.as_table().cloned());
        let mut reader = Reader::new(self.key(name), table.unwrap_or_default(), self.mistakes);
        read(&mut reader);
        reader.finish();
    }

    /// Reads each table of the array `name` with `read`.
    pub(super) fn sections<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Reader<'_>) -> T,
    ) -> Vec<T> {
        let tables = self.optional(name, "tables ([[…]]), at least one", |value| {
            let tables = value
                .as_array()?
                .iter()
                .map(|item| item.as_table().cloned());
            tables
                .collect::<Option<Vec<Table>>>()
                .filter(|tables| !tables.is_empty())
        });
        let mut read_one = |(i, table)| {
            let path = format!("{}[{i}]", self.key(name));
            let mut reader = Reader::new(path, table, self.mistakes);
            let item = read(&mut reader);
            reader.finish();
            item
        };
        tables
            .unwrap_or_default()
            .into_iter()
            .enumerate()
            .map(&mut read_one)
            .collect()
    }

    /// Notes the keys that nobody asked for.
    pub(super) fn finish(mut self) {
        for (name, value) in std::mem::take(&mut self.table) {
            let accepted = format!("no such key; known here: {}", self.known.join(", "));
            self.refuse(&name, &value, accepted);
        }
    }
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
}
