//! Over how many steps at once may a small difference be carried?
//!
//! A binary tree of [`Jump`]s over the orbit, each with the radii of z and of c within which it is true (bilinear approximation:
//! K. Heiland-Allen, "Deep zoom theory and practice (again)", 2022; radii kept apart for z and c, so that the table does not depend on
//! a view: Imagina by Zhuoran, 2024). A step's share of terms of higher degree is |z| / |Z| at that step. Over a jump those shares
//! add up to at most S|z| + S_c|c|, where x then y has S = S_x + S_y |A_x| and S_c = S_cx + S_cy + S_y |B_x|.

use std::ops::Range;

use super::jump::{Complex, Jump, RealTerms, Terms};
use super::matrix::ExtendedMatrix;
use super::walk::Points;
use crate::extended::{Extended, ExtendedComplex, power_of_two};
use crate::step::Iteration;

/// Steps of the shortest nodes.
pub(crate) const LEAF: usize = 8;

/// In a leaf whose differences stay below this share of |Z|, no orbit can come closer to 0 than to the reference.
const SAFE_SHARE: f64 = 0.125;

/// Differences that jump are always smaller.
const ROOM_ENOUGH: f64 = 1.0 / 1024.0;

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

/// Tables for jumps of either kind.
#[derive(Clone, Debug)]
pub(crate) enum Approximation {
    Complex(Table<<Terms<ExtendedComplex> as Jump>::Coefficients>),
    Real(Table<<RealTerms as Jump>::Coefficients>),
}

/// A node while the tree is built.
#[derive(Clone, Copy)]
struct Wide<J> {
    jump: J,
    /// S and S_c; `None` is infinite.
    shares: [Option<Extended>; 2],
    /// Within which radii no difference crosses a fold; `None` is infinite.
    folds: [Option<Extended>; 2],
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

/// z ↦ p Z^(p-1) z + p (p-1) / 2 Z^(p-2) z² + c.
fn complex_step(z: ExtendedComplex, power: u32) -> Terms<ExtendedComplex> {
    let p = f64::from(power);
    let mut a2 = ExtendedComplex::new(p, 0.0, 0);
    for _ in 2..power {
        a2 = a2 * z;
    }
    let half = ExtendedComplex::new((p - 1.0) / 2.0, 0.0, 0);
    Terms {
        a: a2 * z,
        b: ExtendedComplex::new(1.0, 0.0, 0),
        a2: a2 * half,
        ..Terms::NONE
    }
}

/// The same over a whole leaf in f64, which holds all that comes of eight steps from points that are not tiny.
fn complex_leaf(z: &[[f64; 2]], power: u32) -> Option<Terms<ExtendedComplex>> {
    let p = f64::from(power);
    let (zero, one) = (Complex(0.0, 0.0), Complex(1.0, 0.0));
    let mut terms = Terms {
        a: one,
        b: zero,
        a2: zero,
        m: zero,
        b2: zero,
    };
    for &[re, im] in z {
        let z = Complex(re, im);
        let mut a2 = Complex(p, 0.0);
        for _ in 2..power {
            a2 = a2 * z;
        }
        terms = terms.then(Terms {
            a: a2 * z,
            b: one,
            a2: a2 * Complex((p - 1.0) / 2.0, 0.0),
            m: zero,
            b2: zero,
        });
    }
    Some(terms.into())
}

fn real_step(entries: [f64; 4], exponent: i64) -> RealTerms {
    RealTerms {
        a: ExtendedMatrix::new(entries, exponent),
        b: ExtendedMatrix::IDENTITY,
    }
}

/// A point in all the digits that there are.
pub(super) struct Parts {
    pub(super) z: [Extended; 2],
    pub(super) low: [Extended; 2],
}

impl Parts {
    fn z(&self) -> ExtendedComplex {
        ExtendedComplex::from_parts(self.z[0], self.z[1])
    }
}

pub(super) struct Builder<'a> {
    pub(super) points: &'a Points,
    pub(super) power: u32,
    pub(super) epsilon: f64,
    pub(super) extended: bool,
}

impl Builder<'_> {
    /// From what a leaf of ordinary points does, if there is a quick way to know; from what a step does; and from the
    /// radius of folds at a point.
    pub(super) fn table<J: Jump>(
        &self,
        leaf: impl Fn(&[[f64; 2]]) -> Option<J>,
        step: impl Fn(&Parts) -> J,
        fold: impl Fn(&Parts) -> Option<Extended>,
    ) -> Table<J::Coefficients> {
        let z = &self.points.z;
        let steps = z.len() - 1;
        let mut tiny = self.points.tiny.iter().peekable();
        let mut safe = Vec::with_capacity(steps.div_ceil(LEAF));
        let mut level = Vec::with_capacity(steps / LEAF);
        for first in (0..steps).step_by(LEAF) {
            let last = (first + LEAF).min(steps);
            let has_tiny = first == 0 || tiny.peek().is_some_and(|point| point.index <= last);
            safe.push(if has_tiny {
                Safe::TINY
            } else {
                Safe::over(&z[first..=last], self.power, self.extended)
            });
            let quick = if has_tiny {
                None
            } else {
                leaf(&z[first..last])
            };
            let wide = if let Some(jump) = quick {
                Wide {
                    jump,
                    shares: self.shares_over(&z[first..last]).map(|s| Some(s.into())),
                    folds: [None; 2],
                }
            } else {
                let mut wide = Wide::NONE;
                for (m, point) in z.iter().enumerate().take(last).skip(first) {
                    let low = self.points.low.get(m).copied().unwrap_or_default();
                    let mut parts = Parts {
                        z: point.map(Extended::from),
                        low: low.map(Extended::from),
                    };
                    if let Some(point) = tiny.next_if(|point| point.index == m) {
                        parts.z = [point.re, point.im];
                        parts.low = [point.re_low, point.im_low];
                    }
                    let share = quotient(Extended::from(self.share(1.0)), parts.z().modulus());
                    wide = wide.then(Wide {
                        jump: step(&parts),
                        shares: [share, Some(Extended::default())],
                        folds: [fold(&parts), None],
                    });
                }
                wide
            };
            if last - first == LEAF {
                level.push(wide.within(self.room_to_escape(first + 1, last)));
            }
        }
        let mut levels = Vec::new();
        while !level.is_empty() {
            levels.push(level.iter().map(|wide| self.node(wide)).collect());
            level = level
                .chunks_exact(2)
                .map(|pair| pair[0].then(pair[1]))
                .collect();
        }
        Table { levels, safe }
    }

    /// The leaves alone.
    pub(super) fn table_without_nodes<C>(&self) -> Table<C> {
        let steps = self.points.z.len() - 1;
        let mut tiny = self.points.tiny.iter().peekable();
        let safe = (0..steps).step_by(LEAF).map(|first| {
            let last = (first + LEAF).min(steps);
            let has_tiny = first == 0 || tiny.peek().is_some_and(|point| point.index <= last);
            while tiny.next_if(|point| point.index < last).is_some() {}
            if has_tiny {
                Safe::TINY
            } else {
                Safe::over(&self.points.z[first..=last], self.power, self.extended)
            }
        });
        Table {
            safe: safe.collect(),
            levels: Vec::new(),
        }
    }

    /// What a step at |Z| = `modulus` adds to S: terms of higher degree are (p - 1) / 2 · z / Z of the linear one.
    fn share(&self, modulus: f64) -> f64 {
        f64::from(self.power - 1) / (2.0 * modulus)
    }

    /// S and S_c of ordinary points.
    fn shares_over(&self, z: &[[f64; 2]]) -> [f64; 2] {
        let (mut by_z, mut by_c) = (1.0, 0.0);
        let mut shares = [0.0; 2];
        for &[re, im] in z {
            let modulus = libm::hypot(re, im);
            let share = self.share(modulus);
            shares[0] += share * by_z;
            shares[1] += share * by_c;
            let growth = f64::from(self.power) * modulus.powi(self.power as i32 - 1);
            by_z *= growth;
            by_c = by_c * growth + 1.0;
        }
        shares
    }

    /// How large a difference at a leaf's begin may be so that it escapes at none of the points from `first` to `last`; `None`
    /// where all of them are well inside.
    fn room_to_escape(&self, first: usize, last: usize) -> Option<Extended> {
        let edges = self.points.edges_in(first, last);
        let room_at = |m: usize| {
            let [re, im] = self.points.z[m];
            match edges.iter().find(|(index, _)| *index == m) {
                // |Z|² - 4 is 4 (|Z| - 2), as near as matters.
                Some((_, excess)) if excess.mantissa < 0.0 => {
                    Extended::new(-excess.mantissa, excess.exponent - 2)
                }
                Some(_) => Extended::default(),
                None => Extended::from((2.0 - libm::hypot(re, im)).max(0.0)),
            }
        };
        let room = (first..=last).map(room_at).reduce(least)?;
        // As if every step were the steepest that there is, where |Z| is 2.
        let steepest = f64::from(self.power) * 2_f64.powi(self.power as i32 - 1);
        let growth = Extended::from(2.0 * steepest.powi(LEAF as i32));
        if room < Extended::from(ROOM_ENOUGH) {
            quotient(room, growth)
        } else {
            None
        }
    }

    fn node<J: Jump>(&self, wide: &Wide<J>) -> Node<J::Coefficients> {
        let (jump, fits) = match wide.jump.coefficients(self.extended) {
            Some(jump) => (jump, true),
            // Where f64 overflows, no difference that it can hold is small enough.
            None => (
                J::NONE
                    .coefficients(self.extended)
                    .expect("one and zero fit"),
                false,
            ),
        };
        // All shares together leave out their ORDER-th power.
        let share = Extended::from(self.epsilon.powf(1.0 / f64::from(J::ORDER)));
        let radius = |i: usize| {
            let by_share = match wide.shares[i] {
                Some(sum) => quotient(share, sum),
                None => Some(Extended::default()),
            };
            let radius = match (by_share, wide.folds[i]) {
                (Some(one), Some(other)) => Some(least(one, other)),
                (one, other) => one.or(other),
            };
            match radius {
                None if self.extended => UNLIMITED_LOG,
                None => f64::INFINITY,
                Some(value) if self.extended => pseudo_log(value),
                Some(value) => value.to_f64(),
            }
        };
        Node {
            jump,
            radius: if fits { radius(0) } else { -1.0 },
            radius_c: radius(1),
        }
    }
}

impl<C> Table<C> {
    pub(super) fn bytes(&self) -> usize {
        let nodes: usize = self.levels.iter().map(Vec::len).sum();
        nodes * size_of::<Node<C>>() + self.safe.len() * size_of::<Safe>()
    }
}

impl<J: Jump> Wide<J> {
    /// The same, for differences of at most `room`.
    fn within(mut self, room: Option<Extended>) -> Self {
        for fold in &mut self.folds {
            *fold = match (*fold, room) {
                (Some(one), Some(other)) => Some(least(one, other)),
                (one, other) => one.or(other),
            };
        }
        self
    }

    const NONE: Self = Wide {
        jump: J::NONE,
        shares: [Some(Extended {
            mantissa: 0.0,
            exponent: 0,
        }); 2],
        folds: [None; 2],
    };

    fn then(self, next: Self) -> Self {
        let [by_z, by_c] = self.jump.norms();
        let [share, share_c] = next.shares;
        let [fold, fold_c] = next.folds;
        let narrower = |one: Option<Extended>, other: Option<Extended>| match (one, other) {
            (Some(one), Some(other)) => Some(least(one, other)),
            (one, other) => one.or(other),
        };
        let [own_fold, own_fold_c] = self.folds;
        let via_c = fold.and_then(|fold| quotient(fold, by_c));
        Wide {
            jump: self.jump.then(next.jump),
            shares: [
                total(self.shares[0], product(share, by_z)),
                total(total(self.shares[1], share_c), product(share, by_c)),
            ],
            folds: [
                narrower(own_fold, fold.and_then(|fold| quotient(fold, by_z))),
                narrower(narrower(own_fold_c, fold_c), via_c),
            ],
        }
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

fn least(one: Extended, other: Extended) -> Extended {
    if one < other { one } else { other }
}

/// Infinite where something is divided by zero.
fn quotient(value: Extended, divisor: Extended) -> Option<Extended> {
    (divisor.mantissa != 0.0).then(|| {
        Extended::new(
            value.mantissa / divisor.mantissa,
            value.exponent - divisor.exponent,
        )
    })
}

/// A share of nothing is nothing, though the share be infinite.
fn product(share: Option<Extended>, factor: Extended) -> Option<Extended> {
    if factor.mantissa == 0.0 {
        return Some(factor);
    }
    share.map(|share| share * factor)
}

fn total(one: Option<Extended>, other: Option<Extended>) -> Option<Extended> {
    let (one, other) = (one?, other?);
    let sum = ExtendedComplex::new(one.mantissa, 0.0, one.exponent)
        + ExtendedComplex::new(other.mantissa, 0.0, other.exponent);
    Some(Extended::new(sum.re, sum.exponent))
}
