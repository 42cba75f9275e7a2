//! How is one orbit kept, and its table? Whole as long as memory suffices, else as waypoints.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use super::bilinear::{
    Accuracy, Builder, Folding, Holomorphic, Kind, LEAF, Node, SECTION, Safe, Tree, Upper,
};
use super::double::{self, DoubleComplex, DoubleHolomorphic, NoJump, NoTerms, Pair, StepByStep};
use super::jump::{Quadratic, RealLinear, RealTerms, Terms};
use super::points::Points;
use super::section::{DoubleTable, Section};
use super::walk::{Keep, Walk};
use super::waypoints::{Waypoints, bytes_of_waypoint};
use super::{FixedPoint, Fork, OrbitProgress};
use crate::extended::{Extended, ExtendedComplex};
use crate::field::Cancelled;
use crate::step::Iteration;

/// One orbit with its table.
#[derive(Debug)]
pub(crate) struct Track {
    /// Its first point.
    start: [f64; 2],
    /// The index of its last point.
    last: usize,
    kept: Kept,
    upper: Kind<Upper<Quadratic>, Upper<RealLinear>>,
    /// For differences of twice as many digits; of a whole track made when the first are followed.
    double: OnceLock<DoubleUpper>,
    /// Made when a cycle is first looked for, if not before.
    nearest: OnceLock<Box<[usize]>>,
    builders: Builders,
    is_double: bool,
}

type DoubleUpper = Kind<Upper<Pair<Quadratic>>, Upper<NoJump>>;

#[derive(Debug)]
enum Kept {
    Whole(Arc<Section>),
    Waypoints(Box<Waypoints>),
}

/// Who builds an orbit's trees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Builders {
    single: Kind<Builder<Holomorphic>, Builder<Folding>>,
    double: Kind<Builder<DoubleHolomorphic>, Builder<StepByStep>>,
}

/// What memory there is for a track.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Points that are kept together, with their table.
    pub(super) most_points: usize,
    /// Sections that are kept beside waypoints.
    pub(super) most_sections: usize,
}

/// Of an orbit that is kept as waypoints so many sections are there at least; there are as many tiles at a time, or not many more.
const FEWEST_SECTIONS: u64 = 16;

/// So many of a track's nearest points are looked for: more are those of an orbit that creeps towards its cycle, which had its chance before.
const MOST_NEAREST: usize = 1024;

impl Track {
    /// Walks the orbit and builds its tree.
    pub(super) fn compute(
        walk: &Walk,
        builders: Builders,
        budget: Budget,
        fork: &dyn Fork,
        progress: &OrbitProgress,
        cancel: &AtomicBool,
    ) -> Result<Track, Cancelled> {
        let mut keeper = Keeper {
            builders,
            is_double: walk.keeps_low,
            most_points: budget.most_points,
            waypoints: Vec::new(),
            places: 0,
            poured: None,
            cancel,
        };
        let points = walk.run(&mut keeper, fork, progress, cancel)?;
        let last = points.last();
        let (mut double, mut nearest) = (OnceLock::new(), OnceLock::new());
        let (kept, upper) = if keeper.poured.is_none() {
            let (table, upper) = builders.single.tree(&points, cancel)?;
            let section = Section::new(points, table);
            (Kept::Whole(Arc::new(section)), upper)
        } else {
            keeper.pour(&points)?;
            let (waypoints, places) = (keeper.waypoints, keeper.places);
            let waypoints = Waypoints::new(walk, waypoints, places, last, budget.most_sections);
            let Some(poured) = keeper.poured else {
                unreachable!("what was poured stays so");
            };
            nearest = poured.nearest.indices.into_boxed_slice().into();
            if let Some(tree) = poured.double {
                double = builders.double.upper(tree).into();
            }
            (
                Kept::Waypoints(Box::new(waypoints)),
                builders.single.upper(poured.single),
            )
        };
        Ok(Track {
            start: match walk.start {
                Some(start) => start.to_f64(walk.bits),
                None => [0.0; 2],
            },
            last,
            kept,
            upper,
            double,
            nearest,
            builders,
            is_double: walk.keeps_low,
        })
    }

    pub(crate) fn start(&self) -> [f64; 2] {
        self.start
    }

    /// The index of the last point.
    pub(crate) fn last(&self) -> usize {
        self.last
    }

    /// Whether there are tables for differences of twice as many digits.
    pub(crate) fn is_double(&self) -> bool {
        self.is_double
    }

    /// What is in memory around the step from a point, which is not the last.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub(crate) fn section(
        &self,
        index: usize,
        cancel: &AtomicBool,
    ) -> Result<Arc<Section>, Cancelled> {
        match &self.kept {
            Kept::Whole(section) => Ok(Arc::clone(section)),
            Kept::Waypoints(waypoints) => waypoints.section(index, &self.builders, cancel),
        }
    }

    #[cfg(test)]
    pub(super) fn waypoints(&self) -> Option<&Waypoints> {
        match &self.kept {
            Kept::Whole(_) => None,
            Kept::Waypoints(waypoints) => Some(waypoints),
        }
    }

    pub(super) fn upper(&self) -> &Kind<Upper<Quadratic>, Upper<RealLinear>> {
        &self.upper
    }

    /// As [`Track::upper`], for differences of twice as many digits.
    pub(super) fn double_upper(&self) -> &DoubleUpper {
        self.double.get_or_init(|| match &self.kept {
            Kept::Whole(section) => {
                let never = AtomicBool::new(false);
                let Ok((table, upper)) = self.builders.double.tree(&section.points, &never) else {
                    unreachable!("nobody cancels");
                };
                // Nobody has asked for the one without the other.
                section.double.get_or_init(|| table);
                upper
            }
            Kept::Waypoints(_) => unreachable!("what is poured has both trees"),
        })
    }

    pub(super) fn double_table<'s>(&self, section: &'s Section) -> &'s DoubleTable {
        let make = || self.builders.double.table(&section.points);
        section.double.get_or_init(make)
    }

    /// The indices, but for 0, at which points are nearer to 0 than all before them.
    pub(crate) fn nearest(&self) -> &[usize] {
        self.nearest.get_or_init(|| {
            let mut nearest = Nearest::new();
            if let Kept::Whole(section) = &self.kept {
                nearest.look_at(&section.points);
            }
            nearest.indices.into_boxed_slice()
        })
    }

    /// With what [`Track::double_upper`] and [`Track::double_table`] may come to.
    pub(super) fn bytes(&self) -> usize {
        let upper = match &self.upper {
            Kind::Complex(upper) => upper.bytes(),
            Kind::Real(upper) => upper.bytes(),
        };
        let double = match (self.is_double, &self.upper) {
            (true, Kind::Complex(_)) => DOUBLE_NODE_BYTES,
            (true, Kind::Real(_)) => DOUBLE_LEAF_BYTES,
            (false, _) => 0,
        };
        match &self.kept {
            Kept::Whole(section) => upper + section.bytes() + self.last * double as usize,
            Kept::Waypoints(waypoints) => {
                let step = Budget::step_bytes(self.is_double) as usize;
                // The longer nodes for twice as many digits are twice as large.
                let uppers = if self.is_double { 3 * upper } else { upper };
                uppers + waypoints.bytes(SECTION * step)
            }
        }
    }
}

impl Builders {
    pub(super) fn new(iteration: &Iteration, accuracy: Accuracy) -> Builders {
        let power = iteration.degree();
        match iteration {
            Iteration::Mandelbrot | Iteration::Multibrot(_) | Iteration::Julia { .. } => Builders {
                single: Kind::Complex(Builder {
                    motion: Holomorphic { power },
                    power,
                    accuracy,
                }),
                double: Kind::Complex(Builder {
                    motion: DoubleHolomorphic { power },
                    power,
                    accuracy: double::ACCURACY,
                }),
            },
            Iteration::Tricorn | Iteration::BurningShip => Builders {
                single: Kind::Real(Builder {
                    motion: Folding {
                        iteration: *iteration,
                    },
                    power,
                    accuracy,
                }),
                double: Kind::Real(Builder {
                    motion: StepByStep,
                    power,
                    accuracy: double::ACCURACY,
                }),
            },
        }
    }

    pub(super) fn section(&self, points: Points) -> Section {
        let table = self.single.table(&points);
        Section::new(points, table)
    }
}

/// What a step takes where its point and its nodes are in memory: a tree has twice as many nodes as leaves.
const STEP_BYTES: u64 =
    (size_of::<[f64; 2]>() + (2 * size_of::<Node<Quadratic>>() + size_of::<Safe>()) / LEAF) as u64;

/// What twice as many digits of its point take.
const LOW_BYTES: u64 = size_of::<[f64; 2]>() as u64;

/// What a table without nodes takes of a step, and one with those for differences of twice as many digits.
const DOUBLE_LEAF_BYTES: u64 = (size_of::<Safe>() / LEAF) as u64;
const DOUBLE_NODE_BYTES: u64 =
    DOUBLE_LEAF_BYTES + (2 * size_of::<Node<Pair<Quadratic>>>() / LEAF) as u64;

/// What a section takes of the longer nodes beside its waypoint, while they are built: its own in both kinds of numbers, as it is kept
/// and as exact as the tree is built of, and as many again for all the longer ones.
const SECTION_BYTES: u64 = 2048;

impl Budget {
    /// What a step takes that is kept.
    pub(super) fn step_bytes(is_double: bool) -> u64 {
        if is_double {
            STEP_BYTES + LOW_BYTES + DOUBLE_NODE_BYTES
        } else {
            STEP_BYTES
        }
    }

    /// Of so many bytes.
    pub(super) fn new(memory: u64, is_double: bool) -> Budget {
        let step = Self::step_bytes(is_double);
        let points = memory / step;
        let sections = memory / 2 / (step * SECTION as u64);
        // An orbit of more points than this would be none that ends.
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Budget {
            most_points: if sections < FEWEST_SECTIONS {
                usize::MAX
            } else {
                count(points)
            },
            most_sections: count(sections),
        }
    }

    /// The most steps of an orbit in so many bytes: as waypoints, if there is enough for some sections beside them.
    pub(super) fn most_steps(memory: u64, is_double: bool, bits: usize) -> u64 {
        let step = Self::step_bytes(is_double);
        let whole = memory / step;
        if memory / 2 / (step * SECTION as u64) < FEWEST_SECTIONS {
            return whole;
        }
        let waypoint = bytes_of_waypoint(bits + WHOLE_WORD) as u64 + SECTION_BYTES;
        whole.max(memory / 2 / waypoint * SECTION as u64)
    }
}

/// Numbers have at most so many binary places more than they are asked for.
const WHOLE_WORD: usize = 64;

/// Keeps points while there is room, and then waypoints alone.
struct Keeper<'a> {
    builders: Builders,
    is_double: bool,
    most_points: usize,
    waypoints: Vec<FixedPoint>,
    /// Binary places of those.
    places: usize,
    poured: Option<Poured>,
    cancel: &'a AtomicBool,
}

/// What is kept of points that were poured.
struct Poured {
    single: Kind<Tree<Terms<ExtendedComplex>>, Tree<RealTerms>>,
    double: Option<Kind<Tree<Terms<DoubleComplex>>, Tree<NoTerms>>>,
    nearest: Nearest,
}

impl Keep for Keeper<'_> {
    fn most(&self) -> usize {
        match self.poured {
            Some(_) => 0,
            None => self.most_points,
        }
    }

    fn waypoint(&mut self, point: &dyn Fn() -> FixedPoint, places: usize) {
        if self.most_points < usize::MAX {
            self.places = places;
            self.waypoints.push(point());
        }
    }

    fn pour(&mut self, sections: &Points) -> Result<(), Cancelled> {
        let Builders { single, double } = &self.builders;
        let poured = self.poured.get_or_insert_with(|| Poured {
            single: single.seed(),
            double: self.is_double.then(|| double.seed()),
            nearest: Nearest::new(),
        });
        single.grow(&mut poured.single, sections, self.cancel)?;
        if let Some(tree) = &mut poured.double {
            double.grow(tree, sections, self.cancel)?;
        }
        poured.nearest.look_at(sections);
        Ok(())
    }
}

/// The points that are nearer to 0 than all before them.
struct Nearest {
    indices: Vec<usize>,
    least: Extended,
}

impl Nearest {
    fn new() -> Nearest {
        Nearest {
            indices: Vec::new(),
            least: Extended::from(f64::MAX),
        }
    }

    /// Looks at the points that come next.
    fn look_at(&mut self, points: &Points) {
        for index in points.first.max(1)..=points.last() {
            if self.indices.len() == MOST_NEAREST {
                return;
            }
            let modulus = points.parts(index).z().modulus();
            if modulus < self.least {
                self.least = modulus;
                self.indices.push(index);
            }
        }
    }
}
