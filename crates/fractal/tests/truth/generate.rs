//! Where do the counts come from? From the oracle, as many as its patience allows, wherever a file lacks some.

use std::iter;
use std::time::Instant;

use crate::counts::{Counts, Patch};
use crate::place::{HEIGHT, Place, WIDTH};
use crate::proof::proven_count;
use crate::random::SplitMix64;

const PIXELS: usize = 200;
/// Where patience ends earlier, these at least.
const FEWEST_PIXELS: usize = 3;
const PATIENCE_FOR_PIXELS_SECONDS: f64 = 150.0;

const PATCHES: usize = 3;
const SPOTS_TRIED: usize = 100;
/// The largest that patience allows; none where it does not allow the smallest.
const SIDES: [u32; 4] = [32, 16, 8, 4];
const PATIENCE_FOR_PATCHES_SECONDS: f64 = 180.0;

/// Where the search for enough guard bits begins. A frame whose neighbouring pixels differ has orbits that amplify a
/// pixel's pitch to about 1, hence rounding errors to 2^-guard of it; dense places amplify by some 100 bits more.
const GUARD_BITS: usize = 160;

/// Random pixels of all places first; then patches. Cheap places come before dear ones.
#[test]
#[ignore = "computes for an hour"]
fn missing_counts_are_computed() {
    let mut places = Place::all();
    places.sort_by_key(worst_cost);
    for place in &places {
        count_random_pixels(place);
    }
    let mut lacking: Vec<(Place, Counts)> = places
        .into_iter()
        .map(|place| (Counts::read(&place).unwrap(), place))
        .filter(|(counts, _)| counts.patches.is_empty())
        .map(|(counts, place)| (place, counts))
        .collect();
    lacking.sort_by(|(_, a), (_, b)| a.seconds_per_pixel.total_cmp(&b.seconds_per_pixel));
    for (place, counts) in lacking {
        with_patches(&place, counts).write(&place);
    }
}

/// Grows with the seconds that a pixel takes if it does not escape: squarings of shorter numbers than a hundred words cost as
/// the square of their length.
fn worst_cost(place: &Place) -> u64 {
    let places = place.exact(GUARD_BITS).places as u64;
    place.iterations * places * places
}

/// Goes on where an earlier run was ended.
fn count_random_pixels(place: &Place) {
    let mut counts = Counts::read(place).unwrap_or(Counts {
        guard_bits: GUARD_BITS,
        seconds_per_pixel: 0.0,
        pixels: Vec::new(),
        patches: Vec::new(),
    });
    let mut random = seeded_by(&place.id, "pixels");
    let mut pixels =
        iter::repeat_with(|| (random.below(WIDTH), random.below(HEIGHT))).skip(counts.pixels.len());
    while counts.pixels.len() < enough_pixels(counts.seconds_per_pixel) {
        let began = Instant::now();
        let (x, y) = pixels.next().unwrap();
        let count = count(place, &mut counts.guard_bits, x, y);
        counts.pixels.push((x, y, count));
        let (seconds, pixels) = (began.elapsed().as_secs_f64(), counts.pixels.len());
        println!("{}: pixel {pixels} in {seconds:.1} s", place.id);
        counts.seconds_per_pixel += (seconds - counts.seconds_per_pixel) / pixels as f64;
        counts.write(place);
    }
}

fn enough_pixels(seconds_per_pixel: f64) -> usize {
    let allowed = PATIENCE_FOR_PIXELS_SECONDS / seconds_per_pixel;
    (allowed as usize).clamp(FEWEST_PIXELS, PIXELS)
}

fn with_patches(place: &Place, mut counts: Counts) -> Counts {
    let seconds = |side: u32| f64::from(side * side) * PATCHES as f64 * counts.seconds_per_pixel;
    let Some(side) = SIDES
        .into_iter()
        .find(|&side| seconds(side) <= PATIENCE_FOR_PATCHES_SECONDS)
    else {
        return counts;
    };
    let began = Instant::now();
    for (left, top) in spots(place, side, &mut counts.guard_bits) {
        let pixels = (top..top + side).flat_map(|y| (left..left + side).map(move |x| (x, y)));
        let counted = pixels
            .map(|(x, y)| count(place, &mut counts.guard_bits, x, y))
            .collect();
        counts.patches.push(Patch {
            x: left,
            y: top,
            side,
            counts: counted,
        });
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{}: patches of {side} in {seconds:.1} s", place.id);
    counts
}

/// Left upper corners of patches whose own corners do not all count the same, as little can go wrong where all is alike; the last
/// tried ones where too few are like that.
fn spots(place: &Place, side: u32, guard_bits: &mut usize) -> Vec<(u32, u32)> {
    let mut random = seeded_by(&place.id, "patches");
    let mut spots = Vec::new();
    for left_to_try in (0..SPOTS_TRIED).rev() {
        if spots.len() == PATCHES {
            break;
        }
        let (x, y) = (
            random.below(WIDTH - side + 1),
            random.below(HEIGHT - side + 1),
        );
        let (right, bottom) = (x + side - 1, y + side - 1);
        let corners = [(x, y), (right, y), (x, bottom), (right, bottom)]
            .map(|(x, y)| count(place, guard_bits, x, y));
        let varied = corners.iter().any(|&count| count != corners[0]);
        if varied || left_to_try < PATCHES - spots.len() {
            spots.push((x, y));
        }
    }
    spots
}

/// Other pixels at every place: seeded by FNV-1a of its id and of what they are for.
fn seeded_by(id: &str, used_for: &str) -> SplitMix64 {
    let bytes = id.bytes().chain(used_for.bytes());
    SplitMix64(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// A proven count, for which there may have to be more guard bits than there were. Were there a zₙ with |zₙ| = 2 exactly,
/// no number of them would do.
fn count(place: &Place, guard_bits: &mut usize, x: u32, y: u32) -> u64 {
    loop {
        let exact = place.exact(*guard_bits);
        let (start, c) = place.start_and_c(&exact, x, y);
        if let Some(count) = proven_count(&exact, &start, &c, place.iterations) {
            return count;
        }
        *guard_bits *= 2;
    }
}
