//! To which cycle is an interior sample attracted?
//!
//! Each n at which |zₙ| is smaller than ever before is tried as the period: Newton's method finds the w near zₙ with fⁿ(w) = w, and the
//! cycle attracts if the derivative of fⁿ there, its multiplier, is at most 1 (C. Heiland-Allen,
//! "Interior coordinates in the Mandelbrot set", 2013). A polynomial zᵖ + c has at most one attracting cycle.

use crate::step::Iteration;

/// A cycle that attracts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cycle {
    pub(crate) period: u32,
    pub(crate) multiplier: [f64; 2],
}

/// Newton's method doubles the correct digits; from so near that it works at all, a few steps are enough.
const MOST_STEPS: u32 = 24;

/// |Δw|² of a step after which w is as good as f64 makes it.
const LAST_STEP: f64 = 1e-26;

/// The attracting cycle of z ↦ z^`power` + c, if there is one among the first `limit` periods.
pub(crate) fn attracting(c: [f64; 2], power: u32, limit: u64) -> Option<Cycle> {
    let (mut z, mut least) = ([0.0; 2], f64::INFINITY);
    for n in 1..=u32::try_from(limit).unwrap_or(u32::MAX) {
        z = step(z, c, power);
        let norm = z[0] * z[0] + z[1] * z[1];
        if norm < least {
            least = norm;
            if let Some((w, multiplier)) = of_period(n, z, c, power) {
                let shorter = (1..n).filter(|shorter| n.is_multiple_of(*shorter));
                let mut all = shorter.filter_map(|period| {
                    let (_, multiplier) = of_period(period, w, c, power)?;
                    Some(Cycle { period, multiplier })
                });
                let longest = Cycle {
                    period: n,
                    multiplier,
                };
                return Some(all.next().unwrap_or(longest));
            }
        }
        if norm > 4.0 || norm.is_nan() {
            return None;
        }
    }
    None
}

/// Whether the formula's cycles are found by [`attracting`]: not of a Julia set, whose samples all share one, nor of folds.
pub(crate) fn has_multipliers(iteration: &Iteration) -> bool {
    matches!(iteration, Iteration::Mandelbrot | Iteration::Multibrot(_))
}

/// The point near `w` with fⁿ(w) = w, and the multiplier, if Newton's method comes to a point that does not repel.
fn of_period(n: u32, mut w: [f64; 2], c: [f64; 2], power: u32) -> Option<([f64; 2], [f64; 2])> {
    for _ in 0..MOST_STEPS {
        let (mut z, mut derivative) = (w, [1.0, 0.0]);
        for _ in 0..n {
            let mut slope = derivative.map(|part| part * f64::from(power));
            for _ in 1..power {
                slope = product(slope, z);
            }
            (z, derivative) = (step(z, c, power), slope);
        }
        // w - (fⁿ(w) - w) / (derivative - 1)
        let divisor = [derivative[0] - 1.0, derivative[1]];
        let norm = divisor[0] * divisor[0] + divisor[1] * divisor[1];
        let conjugate = [divisor[0] / norm, -divisor[1] / norm];
        let change = product([z[0] - w[0], z[1] - w[1]], conjugate);
        w = [w[0] - change[0], w[1] - change[1]];
        let size = change[0] * change[0] + change[1] * change[1];
        if size > 4.0 || size.is_nan() {
            return None;
        }
        if size <= LAST_STEP {
            let [re, im] = derivative;
            return (re * re + im * im <= 1.0).then_some((w, derivative));
        }
    }
    None
}

fn step(z: [f64; 2], c: [f64; 2], power: u32) -> [f64; 2] {
    let mut next = z;
    for _ in 1..power {
        next = product(next, z);
    }
    [next[0] + c[0], next[1] + c[1]]
}

fn product([x, y]: [f64; 2], [u, v]: [f64; 2]) -> [f64; 2] {
    [x * u - y * v, x * v + y * u]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(re: f64, im: f64, power: u32) -> Option<u32> {
        attracting([re, im], power, 100_000).map(|cycle| cycle.period)
    }

    #[test]
    fn the_periods_of_known_centres_are_found() {
        for (re, im, expected) in [
            (0.0, 0.0, 1),
            (-1.0, 0.0, 2),
            (-1.754_877_666_246_693, 0.0, 3),
            (-0.122_561_166_876_654, 0.744_861_766_619_744, 3),
            (-1.310_702_641_336_833, 0.0, 4),
            (-1.940_799_806_529_485, 0.0, 4),
            (0.282_271_390_766_914, 0.530_060_617_578_525, 4),
            (-1.625_413_725_123_303, 0.0, 5),
            (-1.985_424_253_054_205, 0.0, 5),
        ] {
            assert_eq!(period(re, im, 2), Some(expected), "{re} {im}");
        }
        assert_eq!(period(0.0, 0.0, 5), Some(1));
        assert_eq!(period(0.0, 1.0, 3), Some(2));
    }

    #[test]
    fn a_satellite_near_its_root_has_its_own_period() {
        // The disc of period 2 touches the cardioid at -3/4.
        assert_eq!(period(-0.7501, 0.0, 2), Some(2));
        assert_eq!(period(-0.7499, 0.0, 2), Some(1));
    }

    #[test]
    fn multipliers_are_those_of_the_closed_forms() {
        // Period 1: 1 - √(1 - 4c); period 2: 4(c + 1).
        let real = |c: f64| attracting([c, 0.0], 2, 100).unwrap().multiplier;
        assert!((real(0.1)[0] - (1.0 - 0.6_f64.sqrt())).abs() < 1e-14);
        assert!((real(-0.9)[0] - 0.4).abs() < 1e-14);
        assert!(real(-0.9)[1].abs() < 1e-14);
    }

    #[test]
    fn outside_of_the_set_nothing_attracts() {
        for c in [[0.26, 0.0], [-2.1, 0.0], [0.0, 1.1], [-0.75, 0.2]] {
            assert_eq!(attracting(c, 2, 10_000), None);
        }
        assert_eq!(attracting([0.0, 1.0], 2, 1000), None);
    }
}
