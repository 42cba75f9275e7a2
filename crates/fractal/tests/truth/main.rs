//! Is the picture true at every depth? The crate's counts are held against those of exact orbits.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod counts;
#[path = "../oracle/exact.rs"]
mod exact;
mod generate;
mod picture;
mod place;
mod proof;
#[path = "../oracle/random.rs"]
mod random;
mod table;
mod verdict;

use counts::Counts;
use picture::{Picture, Quality};
use place::Place;
use verdict::Verdict;

/// Places of which `exact` is asked for so many random pixels, and the table alone asks for all: they are walked alone at either quality, for seconds each.
const WALKED: [(&str, usize); 1] = [("super-dense-e16", 16)];

/// Places whose samples, or reference, take long.
const TAKE_LONG: [&str; 2] = ["super-dense-e16", "e22522"];

fn assert_true(id: &str) {
    let place = Place::named(id);
    let expected = Counts::read(&place).unwrap();
    let mut fewer = expected.clone();
    if let Some((_, pixels)) = WALKED.iter().find(|(walked, _)| *walked == id) {
        fewer.pixels.truncate(*pixels);
    }
    // At once, since the place that takes longest is alone in the end.
    let (standard, exact) = rayon::join(
        || Verdict::on(&place, Quality::Standard, &expected).unwrap(),
        || Verdict::on(&place, Quality::Exact, &fewer).unwrap(),
    );
    let is_true = standard.is_true() && exact.is_true();
    assert!(is_true, "{standard}\n{exact}");
}

macro_rules! places {
    ($($sentence:ident: $id:literal,)*) => {
        $(#[test]
        fn $sentence() {
            assert_true($id);
        })*

        #[test]
        fn every_place_has_a_test() {
            let ids: Vec<String> = Place::all().into_iter().map(|place| place.id).collect();
            assert_eq!(ids, [$($id),*]);
        }
    };
}

places! {
    the_full_set_is_true: "full",
    seahorse_valley_is_true: "seahorse-valley",
    a_seahorse_at_4e10_is_true: "seahorse-e10",
    a_seahorse_at_3e31_is_true: "seahorse-e31",
    elephant_valley_is_true: "elephant-valley",
    the_tip_of_the_needle_at_1e275_is_true: "antenna-tip-needle",
    a_dendrite_around_i_at_1e275_is_true: "dendrite-i",
    a_double_spiral_at_8e1000_is_true: "deep-m221-seahorse-e1000-z3325",
    a_dense_filament_at_2e16_is_true: "super-dense-e16",
    a_minibrot_of_period_3_at_1e14_is_true: "e14-bench",
    a_line_at_1e28_is_true: "line-e28",
    peanuts_at_1e39_are_true: "peanuts-e39",
    a_place_at_1e50_is_true: "e50-bench",
    a_place_at_5e113_is_true: "e113-bench",
    a_flake_at_3e157_is_true: "flake-e157",
    a_place_at_5e227_is_true: "e227-bench",
    a_place_past_the_exponents_of_f64_is_true: "e318-past-f64-exponent",
    a_place_at_4e533_is_true: "e533-bench",
    a_place_at_1e1000_is_true: "e1000",
    a_place_at_1e1086_is_true: "e1086-bench",
    a_place_at_3e22522_is_true: "e22522",
    a_minibrot_at_2e19_is_true: "minibrot-e19",
    a_minibrot_at_1e32_is_true: "minibrot-e32",
    a_seahorse_at_1e12_is_true: "border-seahorse-e12",
    a_seahorse_at_1e13_is_true: "border-seahorse-e13",
    a_seahorse_at_1e15_is_true: "border-seahorse-e15",
    a_seahorse_at_1e16_is_true: "border-seahorse-e16",
    a_seahorse_at_1e18_is_true: "border-seahorse-e18",
    a_dendrite_around_i_at_1e285_is_true: "border-dendrite-e285",
    a_dendrite_around_i_at_1e300_is_true: "border-dendrite-e300",
    a_dendrite_around_i_at_1e308_is_true: "border-dendrite-e308",
    a_place_at_1e295_is_true: "border-e318-centre-e295",
    a_place_at_1e320_is_true: "border-e318-centre-e320",
    a_cubic_multibrot_at_1e20_is_true: "multibrot-3-e20",
    a_cubic_multibrot_at_1e60_is_true: "multibrot-3-e60",
    a_cubic_multibrot_at_1e320_is_true: "multibrot-3-e320",
    a_quintic_multibrot_at_1e20_is_true: "multibrot-5-e20",
    a_quintic_multibrot_at_1e60_is_true: "multibrot-5-e60",
    a_quintic_multibrot_at_1e320_is_true: "multibrot-5-e320",
    a_julia_set_at_1e18_is_true: "julia-e18",
    a_julia_set_at_1e60_is_true: "julia-e60",
    a_julia_set_at_1e320_is_true: "julia-e320",
    the_burning_ship_at_1e18_is_true: "burning-ship-e18",
    the_burning_ship_at_1e60_is_true: "burning-ship-e60",
    the_burning_ship_at_1e320_is_true: "burning-ship-e320",
    the_tricorn_at_1e18_is_true: "tricorn-e18",
    the_tricorn_at_1e58_is_true: "tricorn-e58",
    the_tricorn_at_1e320_is_true: "tricorn-e320",
}

/// In f64 alone 31 and 105 pixels of their patches are wrong, and so unsteady that they count as no blob.
#[test]
fn shallow_valleys_are_true_beside_the_boundary() {
    for id in ["seahorse-valley", "elephant-valley"] {
        let place = Place::named(id);
        let expected = Counts::read(&place).unwrap();
        let verdict = Verdict::on(&place, Quality::Standard, &expected).unwrap();
        assert!(verdict.wrong_in_patches <= 3, "{id}: {verdict}");
    }
}

/// Two references of each place, as far from it as they may be.
#[test]
fn places_are_true_along_the_farthest_references() {
    let mut places = Place::all();
    places.retain(|place| !TAKE_LONG.contains(&place.id.as_str()));
    for place in places {
        let expected = Counts::read(&place).unwrap();
        for heights in [[8, 8], [-8, 8]] {
            let quality = Quality::Standard;
            let picture = Picture::of_view(place.view_along(heights), quality).unwrap();
            let verdict = Verdict::of(&picture, &place, quality, &expected);
            assert!(verdict.is_true(), "{}, {heights:?}: {verdict}", place.id);
        }
    }
}

/// Costlier ones would make every run wait for what has hardly changed.
const LIVE_SECONDS: f64 = 0.3;

/// Counts in files could rot; so some of them are counted anew every time, with nothing but the plain loop.
#[test]
fn the_oracle_still_counts_as_it_did() {
    for place in Place::all() {
        let known = Counts::read(&place).unwrap();
        if known.seconds_per_pixel > LIVE_SECONDS {
            continue;
        }
        let exact = place.exact(known.guard_bits);
        let of_patches = known.patches.iter().flat_map(|patch| patch.pixels());
        for (x, y, expected) in known
            .pixels
            .iter()
            .copied()
            .take(2)
            .chain(of_patches.take(1))
        {
            let (start, c) = place.start_and_c(&exact, x, y);
            let count = exact.count(&start, &c, place.iterations);
            assert_eq!(count, expected, "{}, pixel {x}, {y}", place.id);
        }
    }
}

/// With fewer bits some orbits can no longer be followed; what is answered then is right all the same.
#[test]
fn a_proven_count_is_right_with_however_few_bits() {
    let place = Place::named("line-e28");
    let known = Counts::read(&place).unwrap();
    let mut unproven = [0; 3];
    for &(x, y, expected) in &known.pixels {
        for (guard_bits, unproven) in [0, 8, 24].into_iter().zip(&mut unproven) {
            let exact = place.exact(guard_bits);
            let (start, c) = place.start_and_c(&exact, x, y);
            match proof::proven_count(&exact, &start, &c, place.iterations) {
                Some(count) => assert_eq!(count, expected, "pixel {x}, {y}, {guard_bits} bits"),
                None => *unproven += 1,
            }
        }
    }
    println!("{unproven:?}");
    assert!(unproven.is_sorted_by(|more, fewer| more > fewer));
}
