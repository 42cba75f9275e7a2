//! Over how many steps at once may a small difference be carried, because their square terms do not matter?
//!
//! Bilinear approximation: over a node's steps z ↦ Az + Bc, while |z| ≤ R and |c| ≤ R_c (K. Heiland-Allen, "Deep zoom theory and
//! practice (again)", 2022; radii kept apart for z and c, so that the table does not depend on a view: Imagina by Zhuoran, 2024).
//! One step has A = f'(Z), B = 1, R = ε|Z|; x then y has A = A_y A_x, B = A_y B_x + B_y, R = min(R_x, R_y / |A_x|) and
//! R_c = min(R_cx, R_cy, R_y / |B_x|).

use super::linear::{ExtendedMatrix, Linear};
use super::walk::Points;
use crate::extended::{Extended, ExtendedComplex, power_of_two};
use crate::step::Iteration;

/// Steps of the shortest nodes. A jump costs about as much as two steps.
pub(crate) const LEAF: usize = 8;

/// In a leaf whose differences stay below this share of |Z|, no orbit can come closer to 0 than to the reference.
const SAFE_SHARE: f64 = 0.125;

/// Steps that may be taken as one. In a table whose exponents are f64's own, exponents are 0 and radii plain numbers; in others
/// radii are [`pseudo_log`]s.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Node<M> {
    pub(crate) a: M,
    pub(crate) b: M,
    pub(crate) a_exponent: f64,
    pub(crate) b_exponent: f64,
    pub(crate) radius: f64,
    pub(crate) radius_c: f64,
}

/// What is true of every difference within these radii.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Safe {
    pub(crate) radius: f64,
    pub(crate) radius_c: f64,
}

/// A binary tree over an orbit.
#[derive(Clone, Debug)]
pub(crate) struct Table<M> {
    /// levels[k][j] covers the steps from j · LEAF · 2^k to (j + 1) · LEAF · 2^k. Only whole nodes are there.
    pub(crate) levels: Vec<Vec<Node<M>>>,
    /// For each leaf, within which radii its steps can be taken without a look at where they lead.
    pub(crate) safe: Vec<Safe>,
}

/// Tables for derivatives of either kind.
#[derive(Clone, Debug)]
pub(crate) enum Approximation {
    Complex(Table<[f64; 2]>),
    Real(Table<[f64; 4]>),
}

/// A node while the tree is built.
#[derive(Clone, Copy)]
struct Wide<L> {
    a: L,
    b: L,
    radius: Option<Extended>,
    radius_c: Option<Extended>,
}

impl Approximation {
    /// The tree over `points`, true to about `epsilon`; with `extended` exponents or with f64's.
    pub(crate) fn new(
        iteration: &Iteration,
        points: &Points,
        epsilon: f64,
        extended: bool,
    ) -> Approximation {
        let power = iteration.degree();
        match iteration {
            Iteration::Mandelbrot | Iteration::Multibrot(_) | Iteration::Julia { .. } => {
                let derivative = |re: Extended, im: Extended| {
                    let z = ExtendedComplex::from_parts(re, im);
                    let mut product = ExtendedComplex::new(f64::from(power), 0.0, 0);
                    for _ in 1..power {
                        product = product * z;
                    }
                    product
                };
                // The square term is (p - 1) / 2 · z / Z of the linear one.
                let share = Extended::from(2.0 * epsilon / f64::from(power - 1));
                let radius = |re, im| share * ExtendedComplex::from_parts(re, im).modulus();
                Approximation::Complex(Table::new(points, derivative, radius, power, extended))
            }
            Iteration::Tricorn => {
                let derivative = |re: Extended, im: Extended| {
                    let z = ExtendedComplex::from_parts(re, im);
                    let (x, y) = (2.0 * z.re, 2.0 * z.im);
                    ExtendedMatrix::new([x, -y, -y, -x], z.exponent)
                };
                let radius = |re, im| {
                    Extended::from(epsilon) * ExtendedComplex::from_parts(re, im).modulus()
                };
                Approximation::Real(Table::new(points, derivative, radius, 2, extended))
            }
            Iteration::BurningShip => {
                let derivative = |re: Extended, im: Extended| {
                    let z = ExtendedComplex::from_parts(re, im);
                    let (x, y) = (2.0 * z.re, 2.0 * z.im);
                    let (sx, sy) = (1_f64.copysign(re.mantissa), 1_f64.copysign(im.mantissa));
                    ExtendedMatrix::new([x, -y, y.abs() * sx, x.abs() * sy], z.exponent)
                };
                // Nothing may cross a fold.
                let radius = |re: Extended, im: Extended| {
                    let modulus = ExtendedComplex::from_parts(re, im).modulus();
                    let parts =
                        [re, im].map(|part| Extended::new(part.mantissa.abs(), part.exponent));
                    least(Extended::from(epsilon) * modulus, least(parts[0], parts[1]))
                };
                Approximation::Real(Table::new(points, derivative, radius, 2, extended))
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

impl<M: Copy> Table<M> {
    fn new<L: Linear<Mantissas = M>>(
        points: &Points,
        derivative: impl Fn(Extended, Extended) -> L,
        radius: impl Fn(Extended, Extended) -> Extended,
        power: u32,
        extended: bool,
    ) -> Table<M> {
        let steps = points.z.len() - 1;
        let mut tiny = points.tiny.iter().peekable();
        let mut safe = Vec::with_capacity(steps.div_ceil(LEAF));
        let mut level = Vec::with_capacity(steps / LEAF);
        for first in (0..steps).step_by(LEAF) {
            let last = (first + LEAF).min(steps);
            let mut leaf = Wide {
                a: L::IDENTITY,
                b: L::ZERO,
                radius: None,
                radius_c: None,
            };
            let mut has_tiny = first == 0;
            for m in first..last {
                let [re, im] = points.z[m].map(Extended::from);
                let mut parts = (re, im);
                if let Some(point) = tiny.next_if(|point| point.index == m) {
                    parts = (point.re, point.im);
                    has_tiny = true;
                }
                leaf = leaf.then(Wide {
                    a: derivative(parts.0, parts.1),
                    b: L::IDENTITY,
                    radius: Some(radius(parts.0, parts.1)),
                    radius_c: None,
                });
            }
            let ends_tiny = tiny.peek().is_some_and(|point| point.index == last);
            safe.push(if has_tiny || ends_tiny {
                Safe::TINY
            } else {
                Safe::over(&points.z[first..=last], power, extended)
            });
            if last - first == LEAF {
                level.push(leaf);
            }
        }
        let mut levels = Vec::new();
        while !level.is_empty() {
            levels.push(level.iter().map(|wide| wide.node(extended)).collect());
            level = level
                .chunks_exact(2)
                .map(|pair| pair[0].then(pair[1]))
                .collect();
        }
        Table { levels, safe }
    }

    fn bytes(&self) -> usize {
        let nodes: usize = self.levels.iter().map(Vec::len).sum();
        nodes * size_of::<Node<M>>() + self.safe.len() * size_of::<Safe>()
    }
}

impl<L: Linear> Wide<L> {
    fn then(self, next: Self) -> Self {
        let mut joint = Wide {
            a: self.a.then(next.a),
            b: self.b.then(next.a).plus(next.b),
            ..self
        };
        if let Some(radius) = next.radius {
            joint.narrow(
                quotient(radius, self.a.norm()),
                quotient(radius, self.b.norm()),
            );
        }
        if next.radius_c.is_some() {
            joint.narrow(None, next.radius_c);
        }
        joint
    }

    fn narrow(&mut self, radius: Option<Extended>, radius_c: Option<Extended>) {
        let narrower = |one: Option<Extended>, other: Option<Extended>| match (one, other) {
            (Some(one), Some(other)) => Some(least(one, other)),
            (one, other) => one.or(other),
        };
        self.radius = narrower(self.radius, radius);
        self.radius_c = narrower(self.radius_c, radius_c);
    }

    fn node(&self, extended: bool) -> Node<L::Mantissas> {
        let number = |value: Option<Extended>| match value {
            None if extended => UNLIMITED_LOG,
            None => f64::INFINITY,
            Some(value) if extended => pseudo_log(value),
            Some(value) => value.to_f64(),
        };
        let (a, b) = (self.a.exponent(), self.b.exponent());
        if extended {
            Node {
                a: self.a.mantissas(a),
                b: self.b.mantissas(b),
                a_exponent: a as f64,
                b_exponent: b as f64,
                radius: number(self.radius),
                radius_c: number(self.radius_c),
            }
        } else {
            // Where f64 overflows, no difference that it can hold is small enough.
            let fits = a.abs() < 1000 && b.abs() < 1000;
            Node {
                a: self.a.mantissas(0),
                b: self.b.mantissas(0),
                a_exponent: 0.0,
                b_exponent: 0.0,
                radius: if fits { number(self.radius) } else { -1.0 },
                radius_c: number(self.radius_c),
            }
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
        // |z₂| of a difference is at most √2 times its larger part, and z and c have half of what is allowed each.
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

/// No limit where nothing is divided by.
fn quotient(value: Extended, divisor: Extended) -> Option<Extended> {
    (divisor.mantissa != 0.0).then(|| {
        Extended::new(
            value.mantissa / divisor.mantissa,
            value.exponent - divisor.exponent,
        )
    })
}
