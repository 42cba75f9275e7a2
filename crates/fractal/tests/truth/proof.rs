//! Are the oracle's numbers long enough? An error bound that runs along with an orbit answers for this very orbit,
//! so no guard has to be guessed.

use dashu_int::IBig;
use dashu_int::ops::BitTest;

use crate::exact::{Complex, Exact, Map};

/// The escape count, or nothing where rounding could have changed it.
///
/// An error e of z becomes at most p(|z| + e)^(p-1) e in the next z (mean value theorem; folding and conjugating enlarge no
/// distance), and rounding adds to it. Every modulus on the way must be farther from 2 than the error.
pub(crate) fn proven_count(exact: &Exact, start: &Complex, c: &Complex, limit: u64) -> Option<u64> {
    let degree = match exact.map {
        Map::Power(power) => power,
        Map::BurningShip | Map::Tricorn => 2,
    };
    // In ulps: each part of z₁ and c has lost less than 1 to the centre's text and 1 to the pixel's offset. Of the p-1
    // multiplications of a step each loses 1 in both parts, which those after it double at most, as |z| ≤ 2.
    let rounded_point = 3.0_f64.log2() - exact.places as f64;
    let rounded_step = (3.0 + f64::from(degree).exp2()).log2() - exact.places as f64;
    let four = exact.norm_of_2();
    let mut error = rounded_point;
    let mut z = start.clone();
    for n in 1..=limit {
        let (norm, next) = exact.norm_and_step(&z, c);
        let beyond = &norm - &four;
        if error >= least_margin(&beyond, exact.places) {
            return None;
        }
        if beyond > IBig::ZERO {
            return Some(n);
        }
        let modulus = log2(&norm, 2 * exact.places) / 2.0;
        let growth = f64::from(degree).log2() + f64::from(degree - 1) * log2_of_sum(modulus, error);
        error = log2_of_sum(growth + error, rounded_step);
        z = next;
    }
    Some(0)
}

/// log₂ of a lower bound of ||z| - 2| = ||z|² - 4| / (|z| + 2): the divisor is at most 8 up to |z|² = 36, from where
/// the difference of moduli is above 4.
fn least_margin(beyond: &IBig, places: usize) -> f64 {
    let at_least = beyond.bit_len() as f64 - 1.0 - 2.0 * places as f64;
    at_least.min(5.0) - 3.0
}

/// log₂ of a number of so many binary places.
fn log2(number: &IBig, places: usize) -> f64 {
    let dropped = number.bit_len().saturating_sub(64);
    let leading = (number >> dropped).to_f64().value();
    leading.log2() + dropped as f64 - places as f64
}

/// log₂(2^a + 2^b).
fn log2_of_sum(a: f64, b: f64) -> f64 {
    let (larger, smaller) = if a > b { (a, b) } else { (b, a) };
    // The same f64 for every smaller b.
    if larger - smaller > 64.0 {
        larger
    } else {
        larger + (smaller - larger).exp2().ln_1p() * std::f64::consts::LOG2_E
    }
}
