//! How are all mistakes of a file found in one go? A reader walks a table by its known keys, notes what
//! does not fit and goes on with the default; keys that nobody asked for are mistakes too.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use service::duration;

use super::notes::Notes;
use super::value::{Table, Value};

/// One table of the file, with the path that leads to it.
pub(super) struct Reader<'a> {
    path: String,
    table: Table,
    known: Vec<&'static str>,
    notes: &'a mut Notes,
}

impl<'a> Reader<'a> {
    pub(super) fn new(path: impl Into<String>, table: Table, notes: &'a mut Notes) -> Self {
        Reader {
            path: path.into(),
            table,
            known: Vec::new(),
            notes,
        }
    }

    fn key(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Notes that `name`, which may be a path from here, is not what is accepted.
    pub(super) fn refuse(
        &mut self,
        name: &str,
        value: impl fmt::Display,
        accepted: impl Into<String>,
    ) {
        self.notes.refuse(self.key(name), value, accepted);
    }

    /// Notes that `name` should be there.
    pub(super) fn missing(&mut self, name: &str, accepted: &str) {
        self.refuse(name, "", accepted);
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.notes.knows(&self.key(name));
        let position = self.table.iter().position(|(key, _)| key == name)?;
        Some(self.table.remove(position).1)
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
        if !self.table.iter().any(|(key, _)| key == name) {
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
            let number = value.as_integer()?;
            let number = accepted.contains(&number).then_some(number)?;
            T::try_from(number).ok()
        })
    }

    /// Reads the table `name` with `read`, as an empty one when it is not there.
    pub(super) fn section(&mut self, name: &'static str, read: impl FnOnce(&mut Reader<'_>)) {
        let table = self.optional(name, "a table", |value| value.as_table().cloned());
        let mut reader = Reader::new(self.key(name), table.unwrap_or_default(), self.notes);
        read(&mut reader);
        reader.finish();
    }

    /// Reads the table `name` with `read`, when it is there.
    pub(super) fn optional_section<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> Option<T> {
        let table = self.optional(name, "a table", |value| value.as_table().cloned())?;
        let mut reader = Reader::new(self.key(name), table, self.notes);
        let item = read(&mut reader);
        reader.finish();
        Some(item)
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
            let mut reader = Reader::new(path, table, self.notes);
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

    /// Reads each item of the array `name` with `read`: a table by its keys, and whatever else stands there as the
    /// value of the key `short` of a table that has no other. At least one has to be there when it is `required`.
    pub(super) fn items<T>(
        &mut self,
        name: &'static str,
        short: &'static str,
        accepted: &str,
        mut read: impl FnMut(&mut Reader<'_>) -> T,
    ) -> Vec<T> {
        let items = self.optional(name, accepted, |value| value.as_array().cloned());
        let mut read_one = |(i, item): (usize, Value)| {
            let path = format!("{}[{i}]", self.key(name));
            let table = match item.as_table() {
                Some(table) => table.clone(),
                None => vec![(short.to_owned(), item)],
            };
            let mut reader = Reader::new(path, table, self.notes);
            let item = read(&mut reader);
            reader.finish();
            item
        };
        let items = items.unwrap_or_default().into_iter().enumerate();
        items.map(&mut read_one).collect()
    }

    /// Notes the keys that nobody asked for.
    pub(super) fn finish(mut self) {
        for (name, value) in std::mem::take(&mut self.table) {
            let known = self.known.join(", ");
            let accepted = match nearest(&name, &self.known) {
                Some(nearest) => format!("no such key; is it {nearest}? known here: {known}"),
                None => format!("no such key; known here: {known}"),
            };
            self.refuse(&name, &value, accepted);
        }
    }
}

/// The known key that `name` was probably meant to be: a third of its letters may be wrong, or in another order.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let slips = |key: &str| strsim::damerau_levenshtein(&name.to_lowercase(), key);
    let nearest = known.iter().min_by_key(|key| slips(key))?;
    // The measure takes a product of the lengths: nobody mistypes a key into a long text.
    let is_near = name.len() <= 64 && slips(nearest) <= nearest.len().div_ceil(3);
    is_near.then_some(nearest)
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
}
