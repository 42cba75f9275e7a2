//! How is the tree built? Section by section, each from its leaves up, two nodes to one, and then from sections to the root; in numbers whose
//! exponents have no end: what the kernel reads is rounded from those. A section's nodes depend on nothing outside of it, so that one that is
//! built again is what it was.

use std::sync::atomic::{AtomicBool, Ordering};

use super::motion::Motion;
use super::wide::{Wide, least, quotient};
use super::{
    Kind, LEAF, Node, SECTION, SECTION_LEVEL, STRETCH, Safe, Table, UNLIMITED_LOG, Upper, Whole,
    pseudo_log,
};
use crate::extended::Extended;
use crate::field::Cancelled;
use crate::orbit::jump::Jump;
use crate::orbit::points::{Parts, Points};

/// Differences that jump are always smaller.
const ROOM_ENOUGH: f64 = 1.0 / 1024.0;

/// How true a tree is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accuracy {
    /// What jumps leave out, beside what they keep.
    pub(crate) epsilon: f64,
    /// Whether exponents are extended.
    pub(crate) extended: bool,
}

/// Builds trees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Builder<M> {
    pub(crate) motion: M,
    /// The formula's degree.
    pub(crate) power: u32,
    pub(crate) accuracy: Accuracy,
}

/// What there is of a tree that grows by sections.
pub(crate) struct Tree<J> {
    /// At each level below sections the second node, with which the whole begins.
    seconds: Vec<Wide<J>>,
    /// The nodes of sections.
    sections: Vec<Wide<J>>,
    /// The section that came last.
    last: Option<Lower<J>>,
}

/// The nodes of a section and its parts.
struct Lower<J> {
    first_leaf: usize,
    levels: Vec<Vec<Wide<J>>>,
    /// All of it, if it is a whole one.
    section: Option<Wide<J>>,
    safe: Vec<Safe>,
}

impl<C: Motion, R: Motion> Kind<Builder<C>, Builder<R>> {
    /// The shorter nodes over some sections.
    pub(crate) fn table(
        &self,
        points: &Points,
    ) -> Kind<Table<Coefficients<C>>, Table<Coefficients<R>>> {
        match self {
            Kind::Complex(builder) => Kind::Complex(builder.table(points)),
            Kind::Real(builder) => Kind::Real(builder.table(points)),
        }
    }

    /// All nodes over an orbit that is there from its first point to its last.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub(crate) fn tree(
        &self,
        points: &Points,
        cancel: &AtomicBool,
    ) -> Result<Trees<C, R>, Cancelled> {
        Ok(match self {
            Kind::Complex(builder) => {
                let (table, upper) = builder.tree(points, cancel)?;
                (Kind::Complex(table), Kind::Complex(upper))
            }
            Kind::Real(builder) => {
                let (table, upper) = builder.tree(points, cancel)?;
                (Kind::Real(table), Kind::Real(upper))
            }
        })
    }

    /// The tree of an orbit whose sections come one after the other.
    pub(crate) fn seed(&self) -> Kind<Tree<C::Jump>, Tree<R::Jump>> {
        match self {
            Kind::Complex(_) => Kind::Complex(Tree::SEED),
            Kind::Real(_) => Kind::Real(Tree::SEED),
        }
    }

    /// Adds the next sections.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub(crate) fn grow(
        &self,
        tree: &mut Kind<Tree<C::Jump>, Tree<R::Jump>>,
        points: &Points,
        cancel: &AtomicBool,
    ) -> Result<(), Cancelled> {
        match (self, tree) {
            (Kind::Complex(builder), Kind::Complex(tree)) => builder.grow(tree, points, cancel),
            (Kind::Real(builder), Kind::Real(tree)) => builder.grow(tree, points, cancel),
            _ => unreachable!("a tree grows by its own builder"),
        }
    }

    /// The longer nodes, once all sections were added.
    pub(crate) fn upper(&self, tree: Kind<Tree<C::Jump>, Tree<R::Jump>>) -> Uppers<C, R> {
        match (self, tree) {
            (Kind::Complex(builder), Kind::Complex(tree)) => Kind::Complex(builder.upper(tree)),
            (Kind::Real(builder), Kind::Real(tree)) => Kind::Real(builder.upper(tree)),
            _ => unreachable!("a tree grows by its own builder"),
        }
    }
}

type Coefficients<M> = <<M as Motion>::Jump as Jump>::Coefficients;
/// Shorter nodes and longer ones.
type Trees<C, R> = (Tables<C, R>, Uppers<C, R>);
type Built<M> = (Table<Coefficients<M>>, Upper<Coefficients<M>>);
type Tables<C, R> = Kind<Table<Coefficients<C>>, Table<Coefficients<R>>>;
type Uppers<C, R> = Kind<Upper<Coefficients<C>>, Upper<Coefficients<R>>>;

impl<M: Motion> Builder<M> {
    fn tree(&self, points: &Points, cancel: &AtomicBool) -> Result<Built<M>, Cancelled> {
        let (mut table, mut tree) = (Table::at(points), Tree::SEED);
        for first in sections(points) {
            look_at(cancel)?;
            let lower = self.lower(points, first);
            self.add(&mut table, &lower);
            tree.add(lower);
        }
        table.levels.iter_mut().for_each(Vec::shrink_to_fit);
        Ok((table, self.upper(tree)))
    }

    fn grow(
        &self,
        tree: &mut Tree<M::Jump>,
        points: &Points,
        cancel: &AtomicBool,
    ) -> Result<(), Cancelled> {
        for first in sections(points) {
            look_at(cancel)?;
            tree.add(self.lower(points, first));
        }
        Ok(())
    }

    fn table(&self, points: &Points) -> Table<Coefficients<M>> {
        let mut table = Table::at(points);
        for first in sections(points) {
            self.add(&mut table, &self.lower(points, first));
        }
        table
    }

    fn add(&self, table: &mut Table<Coefficients<M>>, lower: &Lower<M::Jump>) {
        for (nodes, level) in table.levels.iter_mut().zip(&lower.levels) {
            nodes.extend(level.iter().map(|wide| self.node(wide)));
        }
        table.safe.extend(&lower.safe);
    }

    /// From the leaves of the section that begins with a point up.
    fn lower(&self, points: &Points, begin: usize) -> Lower<M::Jump> {
        let end = (begin + SECTION).min(points.last());
        let tiny = points.tiny.partition_point(|point| point.index < begin);
        let mut tiny = points.tiny[tiny..].iter().peekable();
        let mut safe = Vec::with_capacity((end - begin).div_ceil(LEAF));
        let quick = self.motion.leaves(points, begin, (end - begin) / LEAF);
        let mut level = Vec::with_capacity(quick.len());
        for first in (begin..end).step_by(LEAF) {
            let last = (first + LEAF).min(end);
            let has_tiny = first == 0 || tiny.peek().is_some_and(|point| point.index <= last);
            let z = points.z(first, last);
            safe.push(if has_tiny {
                Safe::TINY
            } else {
                Safe::over(z, self.power, self.accuracy.extended)
            });
            if !M::HAS_NODES {
                while tiny.next_if(|point| point.index < last).is_some() {}
                continue;
            }
            let steps = &z[..z.len() - 1];
            let quick = quick.get((first - begin) / LEAF).filter(|_| !has_tiny);
            let wide = if let Some(jump) = quick {
                Wide {
                    jump: *jump,
                    shares: self.shares_over(steps).map(|s| Some(s.into())),
                    folds: [None; 2],
                }
            } else {
                let mut wide = Wide::NONE;
                for index in first..last {
                    let parts = match tiny.next_if(|point| point.index == index) {
                        Some(point) => Parts::from(point),
                        None => points.rounded(index),
                    };
                    let share = quotient(Extended::from(self.share(1.0)), parts.z().modulus());
                    wide = wide.then(Wide {
                        jump: self.motion.step(&parts),
                        shares: [share, Some(Extended::default())],
                        folds: [self.motion.fold(&parts), None],
                    });
                }
                wide
            };
            if last - first == LEAF {
                level.push(wide.within(self.room_to_escape(points, first + 1, last)));
            }
        }
        let mut levels = Vec::with_capacity(SECTION_LEVEL);
        for _ in 0..SECTION_LEVEL {
            let longer = pairs(&level);
            levels.push(std::mem::replace(&mut level, longer));
        }
        Lower {
            first_leaf: begin / LEAF,
            levels,
            section: level.pop(),
            safe,
        }
    }

    /// From sections up.
    fn upper(&self, tree: Tree<M::Jump>) -> Upper<Coefficients<M>> {
        let Some(last) = tree.last else {
            unreachable!("every orbit has a step");
        };
        let leaves = last.first_leaf + last.safe.len();
        // Of the whole: what has been put together from its begin on and up to its end, and the nodes between, which halve with each level.
        let (mut before, mut after) = (Wide::NONE, Wide::NONE);
        let end = (leaves - 1) >> STRETCH << STRETCH;
        let mut between = 1..end;
        let mut add_odd = |between: &mut std::ops::Range<usize>,
                           node: &dyn Fn(usize) -> Wide<_>| {
            if between.start < between.end && !between.start.is_multiple_of(2) {
                before = before.then(node(between.start));
                between.start += 1;
            }
            if between.start < between.end && !between.end.is_multiple_of(2) {
                between.end -= 1;
                after = node(between.end).then(after);
            }
            *between = between.start / 2..between.end / 2;
        };
        let has_whole = M::HAS_NODES && end > 0;
        if has_whole {
            for (level, nodes) in last.levels.iter().enumerate() {
                // Those that are asked for are the second of all, and in the last section.
                let first = last.first_leaf >> level;
                add_odd(&mut between, &|node| match node.checked_sub(first) {
                    Some(node) => nodes[node],
                    None => tree.seconds[level],
                });
            }
        }
        let mut levels = Vec::new();
        let mut level = tree.sections;
        while !level.is_empty() {
            levels.push(level.iter().map(|wide| self.node(wide)).collect());
            if has_whole {
                add_odd(&mut between, &|node| level[node]);
            }
            level = pairs(&level);
        }
        Upper {
            levels,
            whole: has_whole.then(|| Whole {
                node: self.node(&before.then(after)),
                end,
            }),
            leaves,
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
    fn room_to_escape(&self, points: &Points, first: usize, last: usize) -> Option<Extended> {
        let edges = points.edges_in(first, last);
        let room_at = |(index, &[re, im]): (usize, &[f64; 2])| {
            match edges.iter().find(|edge| edge.0 == index) {
                // |Z|² - 4 is 4 (|Z| - 2), as near as matters.
                Some((_, excess)) if excess.mantissa < 0.0 => {
                    Extended::new(-excess.mantissa, excess.exponent - 2)
                }
                Some(_) => Extended::default(),
                None => Extended::from((2.0 - libm::hypot(re, im)).max(0.0)),
            }
        };
        let room = (first..)
            .zip(points.z(first, last))
            .map(room_at)
            .reduce(least)?;
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
        let (jump, fits) = match wide.jump.coefficients(self.accuracy.extended) {
            Some(jump) => (jump, true),
            // Where f64 overflows, no difference that it can hold is small enough.
            None => (
                J::NONE
                    .coefficients(self.accuracy.extended)
                    .expect("one and zero fit"),
                false,
            ),
        };
        // All shares together leave out their ORDER-th power.
        let share = Extended::from(self.accuracy.epsilon.powf(1.0 / f64::from(J::ORDER)));
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
                None if self.accuracy.extended => UNLIMITED_LOG,
                None => f64::INFINITY,
                Some(value) if self.accuracy.extended => pseudo_log(value),
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

impl<J: Jump> Tree<J> {
    const SEED: Self = Tree {
        seconds: Vec::new(),
        sections: Vec::new(),
        last: None,
    };

    fn add(&mut self, lower: Lower<J>) {
        if self.last.is_none() {
            let seconds = lower.levels.iter().filter_map(|level| level.get(1));
            self.seconds = seconds.copied().collect();
        }
        self.sections.extend(lower.section);
        self.last = Some(lower);
    }
}

impl<C> Table<C> {
    /// Without nodes, where some points begin.
    fn at(points: &Points) -> Self {
        Table {
            first_leaf: points.first / LEAF,
            levels: (0..SECTION_LEVEL).map(|_| Vec::new()).collect(),
            safe: Vec::new(),
        }
    }
}

fn look_at(cancel: &AtomicBool) -> Result<(), Cancelled> {
    if cancel.load(Ordering::Relaxed) {
        return Err(Cancelled);
    }
    Ok(())
}

/// The first points of the sections that there are.
fn sections(points: &Points) -> impl Iterator<Item = usize> {
    (points.first..points.last()).step_by(SECTION)
}

fn pairs<J: Jump>(level: &[Wide<J>]) -> Vec<Wide<J>> {
    let pairs = level.chunks_exact(2);
    pairs.map(|pair| pair[0].then(pair[1])).collect()
}
