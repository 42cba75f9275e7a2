//! Which files go when there are too many? Those that were not used for longest.

use std::collections::{BTreeMap, HashMap};

use crate::tiles::tile::TileKey;

/// What is in the folder, in the order of its use.
#[derive(Debug)]
pub(crate) struct Shelf {
    entries: HashMap<TileKey, Entry>,
    /// By when they were used.
    order: BTreeMap<u64, TileKey>,
    uses: u64,
    bytes: u64,
    most_bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    bytes: u64,
    used: u64,
}

impl Shelf {
    pub(crate) fn new(most_bytes: u64) -> Shelf {
        Shelf {
            entries: HashMap::new(),
            order: BTreeMap::new(),
            uses: 0,
            bytes: 0,
            most_bytes,
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether it is there; it is then the one that was used last.
    pub(crate) fn use_now(&mut self, key: TileKey) -> bool {
        let Some(entry) = self.remove(key) else {
            return false;
        };
        self.add(key, entry.bytes);
        true
    }

    /// Adds a file, and answers those that have to go for it.
    pub(crate) fn put(&mut self, key: TileKey, bytes: u64) -> Vec<TileKey> {
        self.remove(key);
        self.add(key, bytes);
        let mut gone = Vec::new();
        while self.bytes > self.most_bytes
            && let Some((_, oldest)) = self.order.first_key_value()
        {
            let oldest = *oldest;
            self.remove(oldest);
            gone.push(oldest);
        }
        gone
    }

    /// Takes a file off, and says whether it was there.
    pub(crate) fn take(&mut self, key: TileKey) -> bool {
        self.remove(key).is_some()
    }

    fn remove(&mut self, key: TileKey) -> Option<Entry> {
        let entry = self.entries.remove(&key)?;
        self.order.remove(&entry.used);
        self.bytes -= entry.bytes;
        Some(entry)
    }

    fn add(&mut self, key: TileKey, bytes: u64) {
        self.uses += 1;
        let used = self.uses;
        self.entries.insert(key, Entry { bytes, used });
        self.order.insert(used, key);
        self.bytes += bytes;
    }
}
