//! How is the tree built? From leaf to root, two nodes to one, in numbers whose exponents have no end; what the kernel reads is rounded from those.

use super::{LEAF, Node, STRETCH, Safe, Table, UNLIMITED_LOG, Whole, pseudo_log};
use crate::extended::{Extended, ExtendedComplex};
use crate::orbit::jump::Jump;
use crate::orbit::walk::Points;

/// Differences that jump are always smaller.
const ROOM_ENOUGH: f64 = 1.0 / 1024.0;

/// A node while the tree is built.
#[derive(Clone, Copy)]
struct Wide<J> {
    jump: J,
    /// S and S_c; `None` is infinite.
    shares: [Option<Extended>; 2],
    /// Within which radii no difference crosses a fold; `None` is infinite.
    folds: [Option<Extended>; 2],
}

/// A point in all the digits that there are.
pub(crate) struct Parts {
    pub(crate) z: [Extended; 2],
    pub(crate) low: [Extended; 2],
}

impl Parts {
    pub(super) fn z(&self) -> ExtendedComplex {
        ExtendedComplex::from_parts(self.z[0], self.z[1])
    }
}

pub(crate) struct Builder<'a> {
    pub(crate) points: &'a Points,
    pub(crate) power: u32,
    pub(crate) epsilon: f64,
    pub(crate) extended: bool,
}

impl Builder<'_> {
    /// From what a leaf of ordinary points does, if there is a quick way to know; from what a step does; and from the
    /// radius of folds at a point.
    pub(crate) fn table<J: Jump>(
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
        self.tree(level, safe)
    }

    /// From the leaves up.
    fn tree<J: Jump>(&self, mut level: Vec<Wide<J>>, safe: Vec<Safe>) -> Table<J::Coefficients> {
        let mut levels = Vec::new();
        // Of the whole: what has been put together from its begin on and up to its end, and the nodes between, which halve with each level.
        let (mut before, mut after) = (Wide::NONE, Wide::NONE);
        let end = safe.len().saturating_sub(1) >> STRETCH << STRETCH;
        let mut between = 1..end;
        while !level.is_empty() {
            levels.push(level.iter().map(|wide| self.node(wide)).collect());
            if between.start < between.end && !between.start.is_multiple_of(2) {
                before = before.then(level[between.start]);
                between.start += 1;
            }
            if between.start < between.end && !between.end.is_multiple_of(2) {
                between.end -= 1;
                after = level[between.end].then(after);
            }
            between = between.start / 2..between.end / 2;
            level = level
                .chunks_exact(2)
                .map(|pair| pair[0].then(pair[1]))
                .collect();
        }
        Table {
            levels,
            whole: (end > 0).then(|| Whole {
                node: self.node(&before.then(after)),
                end,
            }),
            safe,
        }
    }

    /// The leaves alone.
    pub(crate) fn table_without_nodes<C>(&self) -> Table<C> {
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
            whole: None,
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

pub(super) fn least(one: Extended, other: Extended) -> Extended {
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
