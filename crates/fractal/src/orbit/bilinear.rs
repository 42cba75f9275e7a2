//! Over how many steps at once may a small difference be carried?
//!
//! A binary tree of [`Jump`]s over the orbit, each with the radii of z and of c within which it is true (bilinear approximation:
//! K. Heiland-Allen, "Deep zoom theory and practice (again)", 2022; radii kept apart for z and c, so that the table does not depend on
//! a view: Imagina by Zhuoran, 2024). A step's share of terms of higher degree is |z| / |Z| at that step. Over a jump those shares
//! add up to at most S|z| + S_c|c|, where x then y has S = S_x + S_y |A_x| and S_c = S_cx + S_cy + S_y |B_x|.

mod build;
mod steps;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::jump::{Jump, RealTerms, Terms};
use super::walk::Points;
use crate::extended::{Extended, ExtendedComplex, power_of_two};
use crate::step::Iteration;
use build::least;
pub(super) use build::{Builder, Parts};
use steps::{complex_leaf, complex_step, real_step};

/// Steps of the shortest nodes.
pub(crate) const LEAF: usize = 8;

/// Leaves of a stretch, as a power of two: so many are walked, once begun, without a look at shorter nodes.
pub(crate) const STRETCH: usize = 3;

/// In a leaf whose differences stay below this share of |Z|, no orbit can come closer to 0 than to the reference.
const SAFE_SHARE: f64 = 0.125;

/// Steps that may be taken as one. Where exponents are extended, radii are [`pseudo_log`]s.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Node<C> {
    pub(crate) jump: C,
    pub(crate) radius: f64,
    pub(crate) radius_c: f64,
}

/// Within these radii steps can be taken without a look at where they lead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Safe {
    pub(crate) radius: f64,
    pub(crate) radius_c: f64,
}

/// A binary tree over an orbit.
#[derive(Clone, Debug)]
pub(crate) struct Table<C> {
    /// levels[k][j] covers the steps from j · LEAF · 2^k to (j + 1) · LEAF · 2^k. Only whole nodes are there.
    pub(crate) levels: Vec<Vec<Node<C>>>,
    /// From leaf 1 almost to the end: near a minibrot most samples go that way, once in a period.
    pub(crate) whole: Option<Whole<C>>,
    /// For each leaf.
    pub(crate) safe: Vec<Safe>,
}

impl<C> Table<C> {
    /// The largest radius of the nodes below a level that begin at some leaves.
    pub(crate) fn reach(&self, leaves: Range<usize>, level: usize) -> f64 {
        let levels = self.levels.iter().take(level).enumerate();
        let nodes = levels.flat_map(|(level, nodes)| {
            let begin = leaves.start.div_ceil(1 << level).min(nodes.len());
            let end = leaves.end.div_ceil(1 << level).min(nodes.len());
            &nodes[begin..end]
        });
        nodes.fold(f64::NEG_INFINITY, |reach, node| reach.max(node.radius))
    }
}

/// One node where others would be a row of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<C> {
    pub(crate) node: Node<C>,
    /// The leaf where it ends: the begin of the last whole stretch, so that all nodes and stretches lie before or behind.
    pub(crate) end: usize,
}

/// Tables for jumps of either kind.
#[derive(Clone, Debug)]
pub(crate) enum Approximation {
    Complex(Table<<Terms<ExtendedComplex> as Jump>::Coefficients>),
    Real(Table<<RealTerms as Jump>::Coefficients>),
}

impl Approximation {
    /// The tree over `points`, true to about `epsilon`; with `extended` exponents or with f64's.
    pub(crate) fn new(
        iteration: &Iteration,
        points: &Points,
        epsilon: f64,
        extended: bool,
    ) -> Approximation {
        let builder = Builder {
            points,
            power: iteration.degree(),
            epsilon,
            extended,
        };
        match iteration {
            Iteration::Mandelbrot | Iteration::Multibrot(_) | Iteration::Julia { .. } => {
                let power = iteration.degree();
                Approximation::Complex(builder.table(
                    |z| complex_leaf(z, power),
                    |parts| complex_step(parts.z(), power),
                    |_| None,
                ))
            }
            Iteration::Tricorn => {
                let step = |parts: &Parts| {
                    let z = parts.z();
                    let (x, y) = (2.0 * z.re, 2.0 * z.im);
                    real_step([x, -y, -y, -x], z.exponent)
                };
                Approximation::Real(builder.table(|_| None, step, |_| None))
            }
            Iteration::BurningShip => {
                let step = |parts: &Parts| {
                    let z = parts.z();
                    let (x, y) = (2.0 * z.re, 2.0 * z.im);
                    let [sx, sy] = parts.z.map(|part| 1_f64.copysign(part.mantissa));
                    real_step([x, -y, y.abs() * sx, x.abs() * sy], z.exponent)
                };
                let fold = |parts: &Parts| {
                    let size = |part: Extended| Extended::new(part.mantissa.abs(), part.exponent);
                    Some(least(size(parts.z[0]), size(parts.z[1])))
                };
                Approximation::Real(builder.table(|_| None, step, fold))
            }
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Approximation::Complex(table) => table.bytes(),
            Approximation::Real(table) => table.bytes(),
        }
    }
}

impl<C> Table<C> {
    pub(super) fn bytes(&self) -> usize {
        let nodes: usize = self.levels.iter().map(Vec::len).sum();
        nodes * size_of::<Node<C>>() + self.safe.len() * size_of::<Safe>()
    }
}

impl Safe {
    const NEVER: Safe = Safe {
        radius: -UNLIMITED_LOG,
        radius_c: -UNLIMITED_LOG,
    };
    /// Among the points are some that f64 may not hold, or 0.
    const TINY: Safe = Safe {
        radius: f64::NEG_INFINITY,
        radius_c: f64::NEG_INFINITY,
    };

    pub(crate) fn is_tiny(self) -> bool {
        self.radius == f64::NEG_INFINITY
    }

    /// For the steps from the first of `z` to the last.
    fn over(z: &[[f64; 2]], power: u32, extended: bool) -> Safe {
        let modulus = |z: [f64; 2]| libm::hypot(z[0], z[1]);
        // |z| is at most √2 times its larger part, and z and c have half of what is allowed each.
        let share = 1.0 / (2.0 * std::f64::consts::SQRT_2);
        let mut radius = SAFE_SHARE * modulus(z[0]) * share;
        let mut radius_c = f64::INFINITY;
        let (mut by_z, mut by_c) = (1.0, 0.0);
        for pair in z.windows(2) {
            let growth =
                f64::from(power) * (modulus(pair[0]) * (1.0 + SAFE_SHARE)).powi(power as i32 - 1);
            by_z *= growth;
            by_c = by_c * growth + 1.0;
            let next = modulus(pair[1]);
            let room = (SAFE_SHARE * next).min(2.0 - next) * share;
            radius = radius.min(room / by_z);
            radius_c = radius_c.min(room / by_c);
        }
        if radius <= 0.0 || radius_c <= 0.0 {
            return Safe::NEVER;
        }
        let number = |value: f64| {
            if extended {
                pseudo_log(Extended::from(value))
            } else {
                value
            }
        };
        Safe {
            radius: number(radius),
            radius_c: number(radius_c),
        }
    }
}

/// The pseudo-logarithm of zero; that of a difference that is zero is even less.
const ZERO_LOG: f64 = -((1_u64 << 49) as f64);
const UNLIMITED_LOG: f64 = (1_u64 << 50) as f64;

/// e + m - 1 for m · 2^e: grows with the number, and needs no logarithm.
pub(crate) fn pseudo_log(value: Extended) -> f64 {
    if value.mantissa == 0.0 {
        ZERO_LOG
    } else {
        value.exponent as f64 + (value.mantissa - 1.0)
    }
}

/// The number with this pseudo-logarithm, in units of 2^`unit`, as far as f64 reaches.
pub(crate) fn from_pseudo_log(log: f64, unit: f64) -> f64 {
    let log = log - unit;
    if log > 1023.0 {
        return f64::INFINITY;
    }
    if log < -1022.0 {
        return 0.0;
    }
    let exponent = log.floor();
    power_of_two(exponent as i64) * (1.0 + (log - exponent))
}
