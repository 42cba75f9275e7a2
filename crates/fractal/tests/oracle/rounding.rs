//! How far from the truth may an f64 loop be? Far enough to excuse a wrong count, or not.

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;
use dashu_int::IBig;

use crate::exact::{Complex, Exact, Map};

/// How far |zₙ| is from 2, and how far f64's zₙ may lie from it at most.
///
/// An error e of z becomes at most p(|z| + e)^(p-1) e in the next z (mean value theorem), and rounding adds to it. Start and c
/// are rounded to half an ulp each; a step rounds at most 2p intermediate values of size |z|^p + |c|.
pub(crate) fn margin(exact: &Exact, start: &Complex, c: &Complex, n: u64) -> (f64, f64) {
    const ROUNDING: f64 = f64::EPSILON / 2.0;
    let degree = if let Map::Power(power) = exact.map {
        power
    } else {
        2
    };
    let modulus = |z: &Complex| modulus(z, exact.places);
    let size_of_c = modulus(c);
    let (mut z, mut error) = (start.clone(), modulus(start) * ROUNDING);
    for _ in 1..n {
        let size = modulus(&z);
        let growth = f64::from(degree) * (size + error).powi(degree as i32 - 1);
        let rounded = 2.0 * f64::from(degree) * (size.powi(degree as i32) + size_of_c);
        error = growth * error + rounded * ROUNDING;
        z = exact.norm_and_step(&z, c).1;
    }
    ((modulus(&z) - 2.0).abs(), error)
}

/// Both parts as the nearest f64.
pub(crate) fn rounded_to_f64(z: &Complex) -> Complex {
    let rounded = |part: &IBig| {
        // The nearest f64 to a whole number, which is whole again from 2^53 on; smaller ones are exact.
        FBig::<HalfEven>::try_from(part.to_f64().value())
            .unwrap()
            .to_int()
            .value()
    };
    Complex {
        re: rounded(&z.re),
        im: rounded(&z.im),
    }
}

fn modulus(z: &Complex, places: usize) -> f64 {
    let scale = (-(places as f64)).exp2();
    (z.re.to_f64().value() * scale).hypot(z.im.to_f64().value() * scale)
}
