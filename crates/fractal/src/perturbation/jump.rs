//! Who jumps? At each leaf every node that begins there is tried, the longest first: samples whose differences are small enough go to its
//! end, and land there when the others have come as far.

use std::ops::Range;

use super::carry::Carry;
use super::difference::Difference;
use super::growth::Growth;
use super::list::{BASE, CX, CY, EXPONENT, X, Y};
use super::pass::{Act, Passes, present};
use super::scale::size;
use crate::orbit::{LEAF, Node, Nodes, SECTION_LEVEL, STRETCH, Upper, Whole, from_pseudo_log};
use crate::simd::Vector;

/// What comes after the jumps at a leaf.
pub(super) enum Next {
    /// All active samples have jumped to this leaf.
    Landing(usize),
    /// They walk over these leaves.
    Walk(Range<usize>),
    /// Those in the list of the walking do, and then the others go on where they are.
    Part(Range<usize>),
}

/// Lets those jump that are near enough to the reference for a node; whether all are.
struct JumpOver<'a, J> {
    node: &'a Node<J>,
    end: usize,
    farthest: f64,
}

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Act<Passes<'_, V, F, J, EXTENDED, DERIVATIVE>> for JumpOver<'_, J>
{
    type Output = bool;

    #[inline(always)]
    fn act(self, passes: &mut Passes<'_, V, F, J, EXTENDED, DERIVATIVE>) -> bool {
        let JumpOver {
            node,
            end,
            farthest,
        } = self;
        let steps = (end * LEAF) as f64;
        let radius_c = passes.in_units_of_c(node.radius_c);
        let all_jump = farthest <= node.radius
            && passes.largest_c <= radius_c
            && passes.largest_base + steps <= passes.limit;
        let count = if all_jump {
            passes.active.len()
        } else {
            passes.choose(node.radius, radius_c, steps)
        };
        if count == passes.active.len() {
            passes.carry(node);
            return true;
        }
        if count > 0 {
            passes.part(Some(node));
            passes.landings.push((end, count));
        }
        false
    }
}

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Passes<'_, V, F, J, EXTENDED, DERIVATIVE>
{
    /// Tries the nodes of whole sections that begin at a leaf; where all have landed that jumped at once.
    #[inline(always)]
    pub(super) fn jump_sections(&mut self, upper: &Upper<J>, leaf: usize) -> Option<usize> {
        if leaf == 0 && !self.is_first {
            return None; // as below
        }
        let distances = self.distances();
        let begin_here = leaf.trailing_zeros() as usize + 1;
        for level in upper
            .levels()
            .rev()
            .skip_while(|&level| level >= begin_here)
        {
            let end = leaf + (1 << level);
            if let Some(node) = upper.node(level, leaf)
                && end < upper.leaves
                && self.jump_over(node, end, distances)
            {
                return Some(end);
            }
        }
        None
    }

    /// Tries the shorter nodes, below a level, that begin at a leaf, and between the longer and the shorter of them a stretch of steps.
    #[inline(always)]
    pub(super) fn jump(&mut self, nodes: Nodes<J>, leaf: usize, below: usize) -> Next {
        let levels = SECTION_LEVEL.min(leaf.trailing_zeros() as usize + 1);
        let (nearest, farthest) = self.distances();
        // Who jumps at leaf 0, as all do whose differences are 0, would land before those that go the whole way; so either kind has its passes.
        if leaf == 0 && !self.is_first {
            return Next::Walk(0..1);
        }
        if leaf == 1
            && !self.is_first
            && let Some(Whole { node, end }) = &nodes.upper.whole
            && self.jump_over(node, *end, (nearest, farthest))
        {
            return Next::Landing(*end);
        }
        for level in (0..levels.min(below)).rev() {
            if level + 1 == STRETCH
                && below > STRETCH
                && leaf.is_multiple_of(1 << STRETCH)
                && let Some(next) = self.stretch(nodes, leaf, (nearest, farthest))
            {
                return next;
            }
            let end = leaf + (1 << level);
            // Where the reference ends every sample rebases, which only steps do.
            if let Some(node) = nodes.node(level, leaf)
                && end < nodes.upper.leaves
                && self.jump_over(node, end, (nearest, farthest))
            {
                return Next::Landing(end);
            }
        }
        Next::Walk(leaf..leaf + 1)
    }

    /// Lets those jump that are near enough to the reference for a node; whether all are.
    #[inline(always)]
    fn jump_over(&mut self, node: &Node<J>, end: usize, (nearest, farthest): (f64, f64)) -> bool {
        node.radius >= nearest
            && self.apart(JumpOver {
                node,
                end,
                farthest,
            })
    }

    /// The least and the largest distance of active samples from the reference, as radii are written.
    #[inline(always)]
    fn distances(&self) -> (f64, f64) {
        let len = self.active.len();
        let (mut nearest, mut farthest) = (V::splat(f64::INFINITY), V::splat(f64::NEG_INFINITY));
        if len < V::LANES {
            // What follows the last sample in its vector is another's number: nothing is known.
            return (f64::NEG_INFINITY, f64::INFINITY);
        }
        for at in (0..len).step_by(V::LANES) {
            // The last vector is full too, if it begins among the samples of the one before.
            let distance = self.distance(at.min(len - V::LANES));
            nearest = nearest.min(distance);
            farthest = farthest.max(distance);
        }
        (nearest.smallest(), farthest.largest())
    }

    /// How far active samples are from the reference, as radii are written.
    #[inline(always)]
    pub(super) fn distance(&self, at: usize) -> V {
        let size = size::<V>(self.active.pair(X, at));
        if EXTENDED {
            let exponent: V = self.active.load(EXPONENT, at);
            exponent.add(size.sub(V::splat(1.0)))
        } else {
            size
        }
    }

    /// A radius for c, in the unit of the samples' c.
    #[inline(always)]
    pub(super) fn in_units_of_c(&self, radius_c: f64) -> f64 {
        if EXTENDED {
            from_pseudo_log(radius_c, self.unit)
        } else {
            radius_c
        }
    }

    /// Notes which active samples can jump over nodes that end after so many steps, and answers how many they are.
    #[inline(always)]
    fn choose(&mut self, radius: f64, radius_c: f64, steps: f64) -> usize {
        let len = self.active.len();
        let may_pass_limit = self.largest_base + steps > self.limit;
        let latest = V::splat(self.limit - steps);
        let (radius, radius_c) = (V::splat(radius), V::splat(radius_c));
        let mut count = 0;
        for (i, at) in (0..len).step_by(V::LANES).enumerate() {
            let c: [V; 2] = self.active.pair(CX, at);
            let mut jump = V::and(self.distance(at).le(radius), size(c).le(radius_c));
            if may_pass_limit {
                jump = V::and(jump, self.active.load::<V>(BASE, at).le(latest));
            }
            let bits = V::bits(jump) & present::<V>(len - at);
            self.jumping[i] = bits as u8;
            count += bits.count_ones() as usize;
        }
        count
    }

    /// All active samples jump.
    #[inline(always)]
    fn carry(&mut self, node: &Node<J>) {
        for at in (0..self.active.len()).step_by(V::LANES) {
            if DERIVATIVE {
                let mut growth = Growth::load::<F, EXTENDED>(&self.active, at);
                self.grow(node, at, &mut growth);
                growth.compress::<F, EXTENDED>(&mut self.active, at, present::<V>(V::LANES));
            }
            let (w, c) = (self.active.pair(X, at), self.active.pair(CX, at));
            let exponent = if EXTENDED {
                self.active.load(EXPONENT, at)
            } else {
                V::splat(0.0)
            };
            let ([x, y], exponent) = self.carried(node, (w, exponent), c);
            self.active.store(X, at, x);
            self.active.store(Y, at, y);
            if EXTENDED {
                self.active.store(EXPONENT, at, exponent);
            }
        }
    }

    /// Those that were chosen join the list of those that have jumped, at a node's end or as they are; the others stay.
    #[inline(always)]
    pub(super) fn part(&mut self, node: Option<&Node<J>>) {
        let len = self.active.len();
        let mut kept = 0;
        for (i, at) in (0..len).step_by(V::LANES).enumerate() {
            let sample = self.active.load_all::<V, EXTENDED>(at);
            let jumping = u32::from(self.jumping[i]);
            if DERIVATIVE {
                let growth = Growth::load::<F, EXTENDED>(&self.active, at);
                let mut carried = growth;
                if let Some(node) = node {
                    self.grow(node, at, &mut carried);
                }
                let end = self.jumped.len();
                carried.compress::<F, EXTENDED>(&mut self.jumped, end, jumping);
                let staying = present::<V>(len - at) & !jumping;
                growth.compress::<F, EXTENDED>(&mut self.active, kept, staying);
            }
            if jumping != 0 {
                let mut carried = sample;
                if let Some(node) = node {
                    let w = ([sample[X], sample[Y]], sample[EXPONENT]);
                    ([carried[X], carried[Y]], carried[EXPONENT]) =
                        self.carried(node, w, [sample[CX], sample[CY]]);
                }
                self.jumped.push::<V, EXTENDED>(jumping, carried);
            }
            let staying = present::<V>(len - at) & !jumping;
            self.active.compress::<V, EXTENDED>(kept, staying, sample);
            kept += staying.count_ones() as usize;
        }
        self.active.truncate(kept);
    }

    #[inline(always)]
    fn carried(&self, node: &Node<J>, w: ([V; 2], V), c: [V; 2]) -> ([V; 2], V) {
        if EXTENDED {
            node.jump.carry_extended(w, (c, self.unit))
        } else {
            (node.jump.carry(w.0, c), w.1)
        }
    }

    /// What a jump makes of the tangents of the active samples from `at` on.
    #[inline(always)]
    fn grow(&self, node: &Node<J>, at: usize, growth: &mut Growth<V>) {
        let w = self.active.pair(X, at);
        let c = self.active.pair(CX, at);
        let mut exponent = V::splat(0.0);
        if EXTENDED {
            exponent = self.active.load(EXPONENT, at);
        }
        growth.jump::<F, EXTENDED>(&node.jump, [w, c], (exponent, self.unit), &self.pixel);
    }
}
