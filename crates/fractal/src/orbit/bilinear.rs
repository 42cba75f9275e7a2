//! Over how many steps at once may a small difference be carried?
//!
//! A binary tree of [`Jump`]s over the orbit, each with the radii of z and of c within which it is true (bilinear approximation:
//! K. Heiland-Allen, "Deep zoom theory and practice (again)", 2022; radii kept apart for z and c, so that the table does not depend on
//! a view: Imagina by Zhuoran, 2024). A step's share of terms of higher degree is |z| / |Z| at that step. Over a jump those shares
//! add up to at most S|z| + S_c|c|, where x then y has S = S_x + S_y |A_x| and S_c = S_cx + S_cy + S_y |B_x|.

mod build;
mod motion;
#[cfg(test)]
mod tests;
mod wide;

use std::ops::Range;

use super::jump::{Quadratic, RealLinear};
use super::section::Section;
use super::track::Track;
use crate::extended::{Extended, power_of_two};
pub(super) use build::{Accuracy, Builder, Tree};
pub(super) use motion::{Folding, Holomorphic, Motion};

/// Steps of the shortest nodes.
pub(crate) const LEAF: usize = 8;

/// Leaves of a stretch, as a power of two: so many are walked, once begun, without a look at shorter nodes.
pub(crate) const STRETCH: usize = 3;

/// Leaves of a section, as a power of two: of an orbit that does not fit into memory so much is there at a time. 4,096 steps are walked
/// again in a tenth of a millisecond where 128 places are enough, and a point in all its digits is little beside so many.
pub(crate) const SECTION_LEVEL: usize = 9;

/// Steps of a section.
pub(crate) const SECTION: usize = LEAF << SECTION_LEVEL;

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

/// The nodes of at most half a section, over some sections in a row.
#[derive(Clone, Debug)]
pub(crate) struct Table<C> {
    /// Where they begin; the first leaf of a section.
    first_leaf: usize,
    /// levels[k][j] covers the steps from j · LEAF · 2^k to (j + 1) · LEAF · 2^k behind that. Only whole nodes are there.
    levels: Vec<Vec<Node<C>>>,
    /// For each leaf.
    safe: Vec<Safe>,
}

/// The nodes of one section and more, over a whole orbit.
#[derive(Clone, Debug)]
pub(crate) struct Upper<C> {
    /// levels[k][j] covers the sections from j · 2^k to (j + 1) · 2^k.
    levels: Vec<Vec<Node<C>>>,
    /// From leaf 1 almost to the end: near a minibrot most samples go that way, once in a period.
    pub(crate) whole: Option<Whole<C>>,
    /// How many there are, the last of them perhaps shorter.
    pub(crate) leaves: usize,
}

/// A binary tree over an orbit, as far as it is in memory.
#[derive(Debug)]
pub(crate) struct Nodes<'t, C> {
    pub(crate) upper: &'t Upper<C>,
    pub(crate) table: &'t Table<C>,
}

impl<C> Clone for Nodes<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Nodes<'_, C> {}

impl<'t, C> Nodes<'t, C> {
    /// Of which lengths there are nodes.
    pub(crate) fn levels(self) -> usize {
        SECTION_LEVEL + self.upper.levels.len()
    }

    /// The node of 2^`level` leaves that begins at a leaf, which is a multiple of that and in the table.
    #[inline(always)]
    pub(crate) fn node(self, level: usize, leaf: usize) -> Option<&'t Node<C>> {
        if level < SECTION_LEVEL {
            let nodes = self.table.levels.get(level)?;
            return nodes.get((leaf - self.table.first_leaf) >> level);
        }
        self.upper.node(level, leaf)
    }

    #[inline(always)]
    pub(crate) fn safe(self, leaf: usize) -> Safe {
        self.table.safe[leaf - self.table.first_leaf]
    }

    /// The largest radius of the nodes below a level that begin at some leaves.
    pub(crate) fn reach(self, leaves: Range<usize>, level: usize) -> f64 {
        let first = self.table.first_leaf;
        let (start, end) = (leaves.start - first, leaves.end - first);
        let levels = self.table.levels.iter().take(level).enumerate();
        let nodes = levels.flat_map(|(level, nodes)| {
            let begin = start.div_ceil(1 << level).min(nodes.len());
            let end = end.div_ceil(1 << level).min(nodes.len());
            &nodes[begin..end]
        });
        nodes.fold(f64::NEG_INFINITY, |reach, node| reach.max(node.radius))
    }
}

impl<C> Upper<C> {
    /// Lengths of nodes, from [`SECTION_LEVEL`] on.
    pub(crate) fn levels(&self) -> Range<usize> {
        SECTION_LEVEL..SECTION_LEVEL + self.levels.len()
    }

    /// The node of 2^`level` leaves that begins at a leaf, which is a multiple of that.
    #[inline(always)]
    pub(crate) fn node(&self, level: usize, leaf: usize) -> Option<&Node<C>> {
        self.levels[level - SECTION_LEVEL].get(leaf >> level)
    }

    pub(super) fn bytes(&self) -> usize {
        bytes_of(&self.levels)
    }
}

impl<C> Table<C> {
    pub(super) fn bytes(&self) -> usize {
        bytes_of(&self.levels) + size_of_val(&*self.safe)
    }
}

fn bytes_of<C>(levels: &[Vec<Node<C>>]) -> usize {
    levels.iter().map(|nodes| size_of_val(&**nodes)).sum()
}

/// One node where others would be a row of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<C> {
    pub(crate) node: Node<C>,
    /// The leaf where it ends: the begin of the last whole stretch, so that all nodes and stretches lie before or behind.
    pub(crate) end: usize,
}

/// What there is for complex jumps, or for real ones.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind<C, R> {
    Complex(C),
    Real(R),
}

/// Jumps of which orbits have nodes.
pub(crate) trait Tabled: Copy + Send + Sync {
    /// The longer nodes of an orbit whose formula has such jumps.
    fn upper(track: &Track) -> &Upper<Self>;

    /// The shorter nodes of one of its sections.
    fn table<'s>(track: &Track, section: &'s Section) -> &'s Table<Self>;
}

impl Tabled for Quadratic {
    fn upper(track: &Track) -> &Upper<Self> {
        track.upper().complex()
    }

    fn table<'s>(_track: &Track, section: &'s Section) -> &'s Table<Self> {
        section.table().complex()
    }
}

impl Tabled for RealLinear {
    fn upper(track: &Track) -> &Upper<Self> {
        track.upper().real()
    }

    fn table<'s>(_track: &Track, section: &'s Section) -> &'s Table<Self> {
        section.table().real()
    }
}

impl<C, R> Kind<C, R> {
    pub(super) fn complex(&self) -> &C {
        match self {
            Kind::Complex(it) => it,
            Kind::Real(_) => unreachable!("{DECIDED}"),
        }
    }

    pub(super) fn real(&self) -> &R {
        match self {
            Kind::Real(it) => it,
            Kind::Complex(_) => unreachable!("{DECIDED}"),
        }
    }
}

const DECIDED: &str = "an orbit's formula decides which kind of jumps it has";

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
