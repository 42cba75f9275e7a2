//! Do all kinds of numbers compute the same? Held against integers of any length, to the last bit.

use dashu_int::UBig;
use dashu_int::ops::Abs;
use proptest::prelude::*;

use super::*;
use crate::orbit::{Job, Sequential};

/// Two jobs in two threads.
pub(in crate::orbit) struct Threads;

impl Fork for Threads {
    fn join(&self, one: Job, other: Job) {
        std::thread::scope(|scope| {
            scope.spawn(one);
            other();
        });
    }
}

/// The numbers of a layout that are hard: zero, the least, powers of two and what is just below them. The square of 2^(places / 2) - 1
/// is so little below 2^places that only all of its columns tell that it is.
fn edges(layout: Layout) -> Vec<IBig> {
    let Layout { places, whole } = layout;
    let below = |power: usize| (IBig::ONE << power) - 1;
    let largest = whole as usize / 2; // so that squares fit
    let mut edges = vec![
        IBig::ZERO,
        IBig::ONE,
        IBig::ONE << places,
        (IBig::ONE << places) + 1,
        below(places),
        below(places + largest),
        below(places / 2),
        below(places.div_ceil(2)),
        below(places / 2) << 1,
    ];
    edges.extend(edges.clone().iter().map(|edge| -edge));
    edges
}

fn check<R: Real>(layout: Layout, a: &IBig, b: &IBig, fork: &dyn Fork) {
    let number = |value: &IBig| R::new(value, layout.places, layout);
    let value = |number: &R| {
        let mut number = number.clone();
        number.settle();
        number.value()
    };
    let (x, y) = (number(a), number(b));
    assert_eq!((value(&x), value(&y)), (a.clone(), b.clone()));
    let context = || format!("{layout:?} {a} {b}");

    let mut result = x.clone();
    result.add(&y);
    assert_eq!(value(&result), a + b, "{}", context());
    result.set_sum(&y, &x);
    assert_eq!(value(&result), a + b, "{}", context());
    result.set_difference(&x, &y);
    assert_eq!(value(&result), a - b, "{}", context());
    let mut absolute = result.clone();
    absolute.make_absolute();
    assert_eq!(value(&absolute), (a - b).abs(), "{}", context());
    result.subtract(&y);
    result.add(&y);
    // Digits that are not settled, and of either sign
    let mut square = y.clone();
    square.set_square(&result, fork);
    let difference: IBig = a - b;
    let expected: IBig = IBig::from(difference.sqr()) >> layout.places;
    assert_eq!(
        value(&square),
        wrapped::<R>(expected, layout),
        "{}",
        context()
    );
    result.settle();
    assert_eq!(
        result.to_extended(),
        Big::extended(&difference, layout.places),
        "{}",
        context()
    );
    assert_eq!(
        result.to_f64(),
        result.to_extended().to_f64(),
        "{}",
        context()
    );
    let (high, low) = (result.to_extended(), result.low_extended());
    assert_eq!(result.low_f64(), low.to_f64(), "{}", context());
    let left: IBig = (&difference << SPARE) - exact(high, layout) - exact(low, layout);
    assert!(
        left.abs() << 106 <= difference.clone().abs() << SPARE,
        "{}: {high:?} and {low:?}",
        context()
    );
    result.quarter();
    assert_eq!(value(&result), difference >> 2, "{}", context());
}

/// Room for the bits of two f64s below the places of a number.
const SPARE: usize = 192;

/// `value` times 2^places and 2^[`SPARE`].
fn exact(value: Extended, layout: Layout) -> IBig {
    let bits = IBig::from((value.mantissa * 2f64.powi(52)) as i64);
    let shift = value.exponent - 52 + (layout.places + SPARE) as i64;
    if value.mantissa == 0.0 {
        return IBig::ZERO;
    }
    bits << usize::try_from(shift).unwrap()
}

/// A square that fits all its bits may not fit the sign.
fn wrapped<R: Real>(value: IBig, layout: Layout) -> IBig {
    R::new(&value, layout.places, layout).value()
}

/// Differences of these have squares that fit the whole part.
fn numbers(layout: Layout) -> impl Strategy<Value = (IBig, IBig)> {
    let top = layout.places + layout.whole as usize / 2 - 1;
    let bytes = prop::collection::vec(any::<u8>(), top / 8 + 1);
    let shift = prop_oneof![Just(0), 0..=top];
    let number = (bytes, shift, any::<bool>()).prop_map(move |(bytes, shift, negative)| {
        let bits: IBig = UBig::from_le_bytes(&bytes).into();
        let mask: IBig = (IBig::ONE << top) - 1;
        let value: IBig = (bits & mask) >> shift;
        if negative { -value } else { value }
    });
    (number.clone(), number)
}

fn check_all<R: Real>(layout: Layout, cases: u32, fork: &dyn Fork) {
    let edges = edges(layout);
    for a in &edges {
        check::<R>(layout, a, &IBig::ZERO, fork);
    }
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        ProptestConfig::with_cases(cases),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    runner
        .run(&numbers(layout), |(a, b)| {
            check::<R>(layout, &a, &b, fork);
            Ok(())
        })
        .unwrap();
}

#[test]
fn numbers_of_few_words_compute_as_integers_do() {
    fn of<const N: usize>() {
        check_all::<Fixed<N, 4>>(Layout::of_words(N, 4), 200, &Sequential);
        check_all::<Fixed<N, 16>>(Layout::of_words(N, 16), 200, &Sequential);
    }
    of::<3>();
    of::<4>();
    of::<5>();
    of::<6>();
    of::<7>();
    of::<8>();
    of::<9>();
}

#[test]
fn numbers_of_any_words_compute_as_integers_do() {
    for bits in [1, 60, 64, 128, 200, 572, 640, 1000, 2047, 3700, 5000] {
        for whole in [4, 16] {
            check_all::<Long>(Layout::of_digits(bits, whole), 60, &Sequential);
            check_all::<Long>(Layout::of_words(bits.div_ceil(64), whole), 30, &Sequential);
            check_all::<Big>(Layout::of_digits(bits, whole), 10, &Sequential);
        }
    }
}

#[test]
fn halves_of_long_squares_meet() {
    for bits in [25_000, 40_001] {
        check_all::<Long>(Layout::of_digits(bits, 4), 3, &Threads);
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn numbers_of_digits_compute_as_integers_do() {
    if !Digits::is_available() {
        return;
    }
    for bits in (1..60).chain([
        1, 60, 104, 572, 1000, 1663, 1664, 1665, 2047, 3700, 5000, 12_345,
    ]) {
        for whole in [4, 16] {
            check_all::<Digits>(
                Layout::of_digits(52 * bits.min(60) + bits, whole),
                20,
                &Sequential,
            );
        }
    }
    for bits in [50_000, 75_000, 120_000] {
        check_all::<Digits>(Layout::of_digits(bits, 4), 3, &Threads);
    }
}
