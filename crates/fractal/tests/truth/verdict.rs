//! Is a picture true? At most so many random pixels are wrong, and no two of them for a common reason.

use std::collections::HashSet;
use std::fmt;

use fractal::PlanError;

use crate::counts::{Counts, Patch};
use crate::picture::{Picture, Quality};
use crate::place::Place;
use crate::proof::proven_count;

/// Wrong pixels that may touch, sides and corners counted, if their orbits are steady.
///
/// A glitch, a skip that goes too far or a lost reference makes neighbours wrong together; rounding does so only where no orbit is
/// steady. If one steady pixel in 200 were wrong by itself, the 3072 pixels of a place's patches would hold a touching pair
/// with a chance of about 3072 · 4 / 200² = 0.3, and a touching triple with 3072 · 20 / 200³ = 0.008: pairs happen,
/// triples have a cause.
const LARGEST_BLOB: usize = 2;

/// An orbit is steady if so many bits beyond the pixel prove its count. Differences from a reference, up to 2^10 pitches long,
/// are rounded to 2^-43 of a pitch where they have 53 bits; 11 bits are for the rounding of all later steps.
const STEADY_BITS: usize = 32;

/// A picture held against the oracle's counts.
pub(crate) struct Verdict {
    quality: Quality,
    pixels: usize,
    wrong: Vec<Wrong>,
    pub(crate) wrong_in_patches: usize,
    /// Steady pixels, counted to one more than are allowed.
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
        Ok(Verdict::of(
            &Picture::of(place, quality)?,
            place,
            quality,
            expected,
        ))
    }

    /// Of a picture that was made for the place.
    pub(crate) fn of(
        picture: &Picture,
        place: &Place,
        quality: Quality,
        expected: &Counts,
    ) -> Verdict {
        let found = |&(x, y, expected)| Wrong {
            x,
            y,
            found: picture.counts(x, y, 1)[0],
            expected,
        };
        let all = expected.pixels.iter().map(found);
        let in_patches =
            |patch: &Patch| blobs(patch, &picture.counts(patch.x, patch.y, patch.side));
        let blobs: Vec<Blob> = expected.patches.iter().flat_map(in_patches).collect();
        let steady_pixels = |blob: &Blob| {
            let steady = blob.iter().filter(|&&pixel| is_steady(place, pixel));
            steady.take(LARGEST_BLOB + 1).count()
        };
        Verdict {
            quality,
            pixels: expected.pixels.len(),
            wrong: all.filter(|pixel| pixel.found != pixel.expected).collect(),
            wrong_in_patches: blobs.iter().map(Vec::len).sum(),
            largest_blob: blobs.iter().map(steady_pixels).max().unwrap_or(0),
        }
    }

    pub(crate) fn wrong_pixels(&self) -> usize {
        self.wrong.len()
    }

    /// Whether no more pixels are wrong than the quality allows, and none for a common reason.
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
            "at {:?} {} of {} pixels are wrong, and {} in the patches, {} steady ones (counted to 3) in a blob",
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

fn is_steady(place: &Place, (x, y): (u32, u32)) -> bool {
    let exact = place.exact(STEADY_BITS);
    let (start, c) = place.start_and_c(&exact, x, y);
    proven_count(&exact, &start, &c, place.iterations).is_some()
}

/// Columns and rows of wrong pixels that touch.
type Blob = Vec<(u32, u32)>;

fn blobs(patch: &Patch, found: &[u64]) -> Vec<Blob> {
    let mut wrong: HashSet<(u32, u32)> = patch
        .pixels()
        .zip(found)
        .filter(|((_, _, expected), found)| expected != *found)
        .map(|((x, y, _), _)| (x, y))
        .collect();
    let mut blobs: Vec<Blob> = patch
        .pixels()
        .map(|(x, y, _)| {
            let mut blob = Blob::new();
            take_blob(&mut wrong, (x, y), &mut blob);
            blob
        })
        .collect();
    blobs.retain(|blob| !blob.is_empty());
    blobs
}

/// Moves a wrong pixel and all that it touches from `wrong` to `blob`.
fn take_blob(wrong: &mut HashSet<(u32, u32)>, (x, y): (u32, u32), blob: &mut Blob) {
    if !wrong.remove(&(x, y)) {
        return;
    }
    blob.push((x, y));
    for beside in x.saturating_sub(1)..=x + 1 {
        for below in y.saturating_sub(1)..=y + 1 {
            take_blob(wrong, (beside, below), blob);
        }
    }
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
    let sizes: Vec<usize> = blobs(&patch, found.as_flattened())
        .iter()
        .map(Vec::len)
        .collect();
    assert_eq!(sizes, [2, 1, 1, 2]);
}
