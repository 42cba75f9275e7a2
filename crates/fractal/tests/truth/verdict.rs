//! Is a picture true? At most so many random pixels are wrong, and no two of them for a common reason.

use std::fmt;

use fractal::PlanError;

use crate::counts::{Counts, Patch};
use crate::picture::{Picture, Quality};
use crate::place::Place;

/// Wrong pixels that may touch, sides and corners counted.
///
/// An orbit that no finite number can follow to its end is wrong by itself; a glitch, a bad skip or a lost reference
/// makes neighbours wrong together. If one pixel in 200 is wrong by itself, the 3072 pixels of a place's patches hold a touching pair
/// with a chance of about 3072 · 4 / 200² = 0.3, and a touching triple with 3072 · 20 / 200³ = 0.008: pairs happen,
/// triples have a cause.
const LARGEST_BLOB: usize = 2;

/// A picture held against the oracle's counts.
pub(crate) struct Verdict {
    quality: Quality,
    pixels: usize,
    wrong: Vec<Wrong>,
    pub(crate) wrong_in_patches: usize,
    largest_blob: usize,
}

struct Wrong {
    x: u32,
    y: u32,
    found: u64,
    expected: u64,
}

impl Verdict {
    pub(crate) fn on(
        place: &Place,
        quality: Quality,
        expected: &Counts,
    ) -> Result<Verdict, PlanError> {
        let picture = Picture::of(place, quality)?;
        let found = |&(x, y, expected)| Wrong {
            x,
            y,
            found: picture.counts(x, y, 1)[0],
            expected,
        };
        let all = expected.pixels.iter().map(found);
        let blobs: Vec<usize> = expected
            .patches
            .iter()
            .flat_map(|patch| blobs(patch, &picture.counts(patch.x, patch.y, patch.side)))
            .collect();
        Ok(Verdict {
            quality,
            pixels: expected.pixels.len(),
            wrong: all.filter(|pixel| pixel.found != pixel.expected).collect(),
            wrong_in_patches: blobs.iter().sum(),
            largest_blob: blobs.into_iter().max().unwrap_or(0),
        })
    }

    pub(crate) fn wrong_pixels(&self) -> usize {
        self.wrong.len()
    }

    pub(crate) fn is_true(&self) -> bool {
        let wrong_in_1000 = match self.quality {
            Quality::Standard => 5,
            Quality::Exact => 1,
        };
        self.wrong.len() * 1000 <= self.pixels * wrong_in_1000 && self.largest_blob <= LARGEST_BLOB
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "at {:?} {} of {} pixels are wrong, and {} in the patches, up to {} of them together",
            self.quality,
            self.wrong.len(),
            self.pixels,
            self.wrong_in_patches,
            self.largest_blob
        )?;
        for pixel in self.wrong.iter().take(10) {
            let Wrong {
                x,
                y,
                found,
                expected,
            } = pixel;
            write!(out, "\n  pixel {x}, {y}: {found} instead of {expected}")?;
        }
        Ok(())
    }
}

/// The sizes of the connected groups of wrong pixels.
fn blobs(patch: &Patch, found: &[u64]) -> Vec<usize> {
    let mut wrong: Vec<bool> = patch
        .counts
        .iter()
        .zip(found)
        .map(|(expected, found)| expected != found)
        .collect();
    (0..wrong.len())
        .map(|pixel| take_blob(&mut wrong, patch.side as usize, pixel))
        .filter(|&size| size > 0)
        .collect()
}

/// Removes the group that a pixel belongs to, and answers its size.
fn take_blob(wrong: &mut [bool], side: usize, pixel: usize) -> usize {
    if !wrong[pixel] {
        return 0;
    }
    wrong[pixel] = false;
    let around = |at: usize| at.saturating_sub(1)..side.min(at + 2);
    let neighbours = around(pixel / side)
        .flat_map(|row| around(pixel % side).map(move |column| row * side + column));
    let others: usize = neighbours
        .map(|neighbour| take_blob(wrong, side, neighbour))
        .sum();
    1 + others
}

#[test]
fn wrong_pixels_that_touch_are_one_blob() {
    let patch = Patch {
        x: 0,
        y: 0,
        side: 4,
        counts: vec![7; 16],
    };
    let found = [
        [8, 7, 7, 9], //
        [7, 8, 7, 7],
        [7, 7, 7, 7],
        [9, 7, 9, 9],
    ];
    assert_eq!(blobs(&patch, found.as_flattened()), [2, 1, 1, 2]);
}
