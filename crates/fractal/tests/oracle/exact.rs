//! The truth: a plain loop in arbitrary precision, from the decimal text to the count.
//!
//! Fixed point with [`PLACES`] binary places. It shares no code with the crate, takes no shortcut, and knows no tiers.

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;
use dashu_int::IBig;

/// 2^-120 is 10^-36: after an orbit has amplified it by the 10^16 at which f64 fails, twenty digits are still right.
pub(crate) const PLACES: usize = 120;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Map {
    Power(u32),
    BurningShip,
    Tricorn,
}

/// A complex number, both parts times 2^[`PLACES`].
#[derive(Clone, Debug)]
pub(crate) struct Complex {
    pub(crate) re: IBig,
    pub(crate) im: IBig,
}

/// numerator / denominator of a decimal text.
pub(crate) fn rational(text: &str) -> (IBig, IBig) {
    let (significand, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = significand.split_once('.').unwrap_or((significand, ""));
    let numerator: IBig = format!("{whole}{fraction}").parse().unwrap();
    let power = exponent.parse::<i64>().unwrap() - fraction.len() as i64;
    let ten = IBig::from(10).pow(power.unsigned_abs() as usize);
    if power < 0 {
        (numerator, ten)
    } else {
        (numerator * ten, IBig::ONE)
    }
}

/// numerator / denominator in fixed point.
pub(crate) fn fixed(numerator: IBig, denominator: &IBig) -> IBig {
    (numerator << PLACES) / denominator
}

fn product(a: &IBig, b: &IBig) -> IBig {
    (a * b) >> PLACES
}

fn step(map: Map, z: &Complex, c: &Complex) -> Complex {
    squares_and_step(map, z, c).1
}

/// |z|², and the next z.
fn squares_and_step(map: Map, z: &Complex, c: &Complex) -> (IBig, Complex) {
    let (x, y) = (&z.re, &z.im);
    let (xx, yy, xy) = (product(x, x), product(y, y), product(x, y));
    let norm = &xx + &yy;
    let (mut re, mut im) = (xx - yy, xy << 1);
    match map {
        Map::Power(power) => {
            for _ in 2..power {
                (re, im) = (
                    product(&re, x) - product(&im, y),
                    product(&re, y) + product(&im, x),
                );
            }
        }
        Map::BurningShip if im < IBig::ZERO => im = -im,
        Map::BurningShip => {}
        Map::Tricorn => im = -im,
    }
    (
        norm,
        Complex {
            re: re + &c.re,
            im: im + &c.im,
        },
    )
}

/// The escape count.
pub(crate) fn count(map: Map, start: &Complex, c: &Complex, limit: u64) -> u64 {
    let four = IBig::from(4) << PLACES;
    let mut z = start.clone();
    for n in 1..=limit {
        let (norm, next) = squares_and_step(map, &z, c);
        if norm > four {
            return n;
        }
        z = next;
    }
    0
}

/// How far |zₙ| is from 2, and how far f64's zₙ may lie from it at most.
///
/// An error e of z becomes at most p(|z| + e)^(p-1) e in the next z (mean value theorem), and rounding adds to it. Start and c
/// are rounded to half an ulp each; a step rounds at most 2p intermediate values of size |z|^p + |c|.
pub(crate) fn margin(map: Map, start: &Complex, c: &Complex, n: u64) -> (f64, f64) {
    const ROUNDING: f64 = f64::EPSILON / 2.0;
    let degree = if let Map::Power(power) = map {
        power
    } else {
        2
    };
    let size_of_c = modulus(c);
    let (mut z, mut error) = (start.clone(), modulus(start) * ROUNDING);
    for _ in 1..n {
        let size = modulus(&z);
        let growth = f64::from(degree) * (size + error).powi(degree as i32 - 1);
        let rounded = 2.0 * f64::from(degree) * (size.powi(degree as i32) + size_of_c);
        error = growth * error + rounded * ROUNDING;
        z = step(map, &z, c);
    }
    ((modulus(&z) - 2.0).abs(), error)
}

impl Complex {
    /// Both parts as the nearest f64.
    pub(crate) fn rounded_to_f64(&self) -> Complex {
        let rounded = |part: &IBig| {
            // The nearest f64 to a whole number, which is whole again from 2^53 on; smaller ones are exact.
            FBig::<HalfEven>::try_from(part.to_f64().value())
                .unwrap()
                .to_int()
                .value()
        };
        Complex {
            re: rounded(&self.re),
            im: rounded(&self.im),
        }
    }
}

fn modulus(z: &Complex) -> f64 {
    let scale = (-(PLACES as f64)).exp2();
    (z.re.to_f64().value() * scale).hypot(z.im.to_f64().value() * scale)
}
