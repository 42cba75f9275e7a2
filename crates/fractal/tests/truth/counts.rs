//! What has the oracle counted at a place? A file a place, so that a test costs seconds and not hours.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::place::Place;

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Bits of the oracle's numbers beyond the pixel, with which all of its counts are proven.
    pub(crate) guard_bits: usize,
    /// What a random pixel cost the oracle, on the mean of them.
    pub(crate) seconds_per_pixel: f64,
    /// Random pixels of the frame: column, row, count.
    pub(crate) pixels: Vec<(u32, u32, u64)>,
    pub(crate) patches: Vec<Patch>,
}

/// A square of neighbouring pixels.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Patch {
    /// Column of its left upper corner.
    pub(crate) x: u32,
    /// Row of its left upper corner.
    pub(crate) y: u32,
    pub(crate) side: u32,
    /// Row by row from the top.
    pub(crate) counts: Vec<u64>,
}

impl Counts {
    pub(crate) fn read(place: &Place) -> Option<Counts> {
        let text = fs::read_to_string(file(place)).ok()?;
        Some(serde_json::from_str(&text).unwrap())
    }

    pub(crate) fn write(&self, place: &Place) {
        // A line a field, so that a diff says what has changed.
        let text = serde_json::to_string(self).unwrap();
        let lines = text.replace(",\"", ",\n\"").replace("{\"x", "\n{\"x");
        fs::write(file(place), lines + "\n").unwrap();
    }
}

impl Patch {
    /// Column, row and count of every pixel.
    pub(crate) fn pixels(&self) -> impl Iterator<Item = (u32, u32, u64)> {
        let pixel = |(at, &count)| {
            let at = at as u32;
            (self.x + at % self.side, self.y + at / self.side, count)
        };
        self.counts.iter().enumerate().map(pixel)
    }
}

fn file(place: &Place) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/truth/counts");
    folder.join(format!("{}.json", place.id))
}
