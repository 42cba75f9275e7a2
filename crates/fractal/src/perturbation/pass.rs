//! In which order do samples go along the reference?
//!
//! From leaf to leaf of the table. At each, every node that begins there is tried, the longest first: samples whose differences are small
//! enough jump to its end, and land there when the others have come as far.

use std::marker::PhantomData;
use std::sync::atomic::Ordering;

use super::Piece;
use super::carry::Carry;
use super::difference::Difference;
use super::growth::{Growth, Pixel};
use super::list::{BASE, CX, CY, EXPONENT, INDEX, LOSS, List, X, Y};
use super::scale::size;
use crate::field::{Cancelled, Field};
use crate::kernel::{Escaping, Leaving};
use crate::orbit::{LEAF, Node, Table, Track, from_pseudo_log};
use crate::simd::Vector;

/// Samples that go together: their lists, some 60 bytes a sample, stay in a second-level cache.
const BATCH: usize = 1 << 14;

/// Passes before the first look for orbits that meet themselves. Many samples have escaped by then, and it is not one for two.
const FIRST_SAVE: u64 = 16;

/// Escaping orbits are followed to the bailout so many vectors at a time.
const FINISHED_TOGETHER: usize = 4;

/// What comes of the samples of a piece.
pub(super) struct Drawn {
    pub(super) field: Field,
    pub(super) leaving: Leaving,
    /// Samples that f64 may have lost.
    pub(super) doubtful: Vec<u32>,
}

/// All samples of a piece.
pub(super) struct Passes<'a, V, F, J, const EXTENDED: bool, const DERIVATIVE: bool> {
    pub(super) piece: &'a Piece<'a>,
    tables: [&'a Table<J>; 2],
    /// Those that are at the present point of the reference.
    pub(super) active: List,
    /// Those that have jumped ahead, the next to land at the end.
    jumped: List,
    /// Where they land and how many of them, the next at the end.
    landings: Vec<(usize, usize)>,
    /// Those that wait for the next pass.
    pub(super) next: List,
    /// Those past the escape radius: z, c, the index of z, and which sample it is.
    pub(super) escaped: List,
    pub(super) field: Field,
    /// For each sample of the batch a z at which it rebased.
    saved: Vec<[f64; 5]>,
    /// Scratch: which lanes of each vector jump.
    jumping: Vec<u8>,
    /// No sample's c is larger, in its unit.
    pub(super) largest_c: f64,
    /// No active sample's base is larger.
    pub(super) largest_base: f64,
    pub(super) limit: f64,
    /// The formula's degree.
    pub(super) power: u32,
    pub(super) log2_of_power: f64,
    /// The c of the reference.
    pub(super) c: [f64; 2],
    /// The unit of c's differences, where exponents are extended.
    pub(super) unit: f64,
    pub(super) pixel: Pixel<V>,
    leaving: Leaving,
    /// Those that have lost more bits may be wrong.
    most_loss: f64,
    /// Which they are.
    doubtful: Vec<u32>,
    formula: PhantomData<F>,
}

impl<'a, V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Passes<'a, V, F, J, EXTENDED, DERIVATIVE>
{
    #[inline(always)]
    pub(super) fn new(piece: &'a Piece<'a>, tables: [&'a Table<J>; 2]) -> Self {
        let (width, height) = (
            piece.samples.offsets.width(piece.rect),
            piece.samples.offsets.height(piece.rect),
        );
        let batch = BATCH.min(width * height);
        let tangents = if DERIVATIVE { F::TANGENTS } else { 0 };
        let power = piece.samples.orbit.iteration().degree();
        let list = || List::new::<V>(batch, EXTENDED, tangents);
        Passes {
            piece,
            tables,
            active: list(),
            jumped: list(),
            landings: Vec::new(),
            next: list(),
            escaped: list(),
            field: Field::interior(width, height, piece.samples.channels),
            saved: vec![[f64::NAN; 5]; batch],
            jumping: vec![0; batch.div_ceil(V::LANES)],
            largest_c: 0.0,
            largest_base: 0.0,
            limit: piece.samples.limit as f64,
            power,
            log2_of_power: libm::log2(f64::from(power)),
            c: piece.samples.orbit.c(),
            unit: piece.samples.offsets.exponent as f64,
            leaving: Leaving::default(),
            most_loss: if V::PARTS == 1 {
                piece.samples.most_loss
            } else {
                f64::INFINITY
            },
            doubtful: Vec::new(),
            formula: PhantomData,
            pixel: Pixel::new(&piece.tangents, piece.samples.offsets.exponent as f64),
        }
    }

    #[inline(always)]
    pub(super) fn run(mut self) -> Result<Drawn, Cancelled> {
        let samples = self.field.counts.len() as u32;
        let mut batch = Vec::with_capacity(BATCH);
        for first in (0..samples).step_by(BATCH) {
            batch.clear();
            batch.extend(first..samples.min(first + BATCH as u32));
            self.draw(&batch)?;
        }
        Ok(Drawn {
            field: self.field,
            leaving: self.leaving,
            doubtful: self.doubtful,
        })
    }

    /// Draws the doubtful samples of a field again.
    #[inline(always)]
    pub(super) fn mend(mut self, mut drawn: Drawn) -> Result<Drawn, Cancelled> {
        std::mem::swap(&mut self.field, &mut drawn.field);
        let mut doubtful = std::mem::take(&mut drawn.doubtful);
        doubtful.sort_unstable();
        doubtful.dedup();
        for &sample in &doubtful {
            self.field.counts[sample as usize] = 0;
            self.field.smooth[sample as usize] = f64::INFINITY;
        }
        for batch in doubtful.chunks(BATCH) {
            self.draw(batch)?;
        }
        std::mem::swap(&mut self.field, &mut drawn.field);
        Ok(drawn)
    }

    /// Iterates some samples, by ascending index, to their end.
    #[inline(always)]
    fn draw(&mut self, batch: &[u32]) -> Result<(), Cancelled> {
        self.launch(batch);
        let mut passes = 0_u64;
        while self.next.len() > 0 {
            std::mem::swap(&mut self.active, &mut self.next);
            self.next.truncate(0);
            self.drop_finished(batch, passes);
            let which = usize::from(passes > 0);
            let track = [
                self.piece.samples.orbit.first(),
                self.piece.samples.orbit.again(),
            ][which];
            self.pass(track, self.tables[which])?;
            passes += 1;
        }
        self.finish();
        Ok(())
    }

    /// Notes which of some lanes may be wrong by what they have lost.
    #[inline(always)]
    pub(super) fn doubt(&mut self, lanes: u32, loss: V, sample: V) {
        if V::PARTS > 1 || lanes == 0 {
            return;
        }
        let doubtful = lanes & V::bits(V::splat(self.most_loss).lt(loss));
        if doubtful != 0 {
            let mut samples = [0.0; 8];
            sample.store(&mut samples);
            for lane in 0..V::LANES {
                if doubtful >> lane & 1 == 1 {
                    self.doubtful.push(samples[lane] as u32);
                }
            }
        }
    }

    /// Drops samples that have reached the limit, and those that rebase where they have rebased before: an orbit that meets itself
    /// exactly, in the arithmetic that it is computed in, never escapes. Passes double between saves (R. P. Brent, 1980).
    fn drop_finished(&mut self, batch: &[u32], passes: u64) {
        let bases = self.active.column(BASE).iter();
        self.largest_base = bases.fold(
            0.0,
            |largest, &base| if base > largest { base } else { largest },
        );
        if passes < FIRST_SAVE && self.largest_base < self.limit {
            return;
        }
        let saves = passes.is_power_of_two();
        let mut at = 0;
        self.largest_base = 0.0;
        while at < self.active.len() {
            let number = |column: usize| self.active.column(column)[at];
            let base = number(BASE);
            let exponent = if EXTENDED { number(EXPONENT) } else { 0.0 };
            let low = |column| self.active.low(column, at);
            let z = [number(X), number(Y), exponent, low(X), low(Y)];
            let sample = number(INDEX) as u32;
            // Batches without gaps are the common case.
            let slot = if batch.len() as u32 == batch[batch.len() - 1] - batch[0] + 1 {
                (sample - batch[0]) as usize
            } else {
                batch.partition_point(|&other| other < sample)
            };
            let saved = &mut self.saved[slot];
            if base >= self.limit || (passes > FIRST_SAVE && *saved == z) {
                if number(LOSS) > self.most_loss {
                    self.doubtful.push(sample);
                }
                self.active.swap_remove(at);
                continue;
            }
            if saves {
                *saved = z;
            }
            self.largest_base = self.largest_base.max(base);
            at += 1;
        }
    }

    /// Along the reference, once.
    #[inline(always)]
    fn pass(&mut self, track: &'a Track, table: &'a Table<J>) -> Result<(), Cancelled> {
        let leaves = table.safe.len();
        let mut leaf = 0;
        loop {
            while let Some(&(at, count)) = self.landings.last()
                && at == leaf
            {
                self.landings.pop();
                self.active.take_last(&mut self.jumped, count);
            }
            if leaf == leaves || (self.active.len() == 0 && self.landings.is_empty()) {
                break;
            }
            if self.piece.cancel.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
            if self.active.len() == 0
                && let Some(&(at, _)) = self.landings.last()
            {
                leaf = at;
                continue;
            }
            if let Some(end) = self.jump(table, leaf) {
                leaf = end;
                continue;
            }
            self.leaf(track, table, leaf);
            leaf += 1;
        }
        debug_assert!(self.active.len() == 0);
        Ok(())
    }

    /// Tries the nodes that begin at a leaf. Where all active samples jump, answers to which leaf.
    #[inline(always)]
    fn jump(&mut self, table: &Table<J>, leaf: usize) -> Option<usize> {
        let longest = table.levels.len().checked_sub(1)?;
        let highest = (leaf.trailing_zeros() as usize).min(longest);
        let (nearest, farthest) = self.distances();
        for level in (0..=highest).rev() {
            let nodes = &table.levels[level];
            let Some(node) = nodes.get(leaf >> level) else {
                continue;
            };
            let end = leaf + (1 << level);
            // Where the reference ends every sample rebases, which only steps do.
            if node.radius < nearest || end == table.safe.len() {
                continue;
            }
            let steps = (end * LEAF) as f64;
            let radius_c = self.in_units_of_c(node.radius_c);
            let all_jump = farthest <= node.radius
                && self.largest_c <= radius_c
                && self.largest_base + steps <= self.limit;
            let count = if all_jump {
                self.active.len()
            } else {
                self.choose(node.radius, radius_c, steps)
            };
            if count == self.active.len() {
                self.carry(node);
                return Some(end);
            }
            if count > 0 {
                self.part(node, end, count);
            }
        }
        None
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
    fn distance(&self, at: usize) -> V {
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

    /// Those that were chosen jump, the others stay.
    #[inline(always)]
    fn part(&mut self, node: &Node<J>, end: usize, count: usize) {
        let len = self.active.len();
        let mut kept = 0;
        for (i, at) in (0..len).step_by(V::LANES).enumerate() {
            let sample = self.active.load_all::<V, EXTENDED>(at);
            let jumping = u32::from(self.jumping[i]);
            if DERIVATIVE {
                let growth = Growth::load::<F, EXTENDED>(&self.active, at);
                let mut carried = growth;
                self.grow(node, at, &mut carried);
                let end = self.jumped.len();
                carried.compress::<F, EXTENDED>(&mut self.jumped, end, jumping);
                let staying = present::<V>(len - at) & !jumping;
                growth.compress::<F, EXTENDED>(&mut self.active, kept, staying);
            }
            if jumping != 0 {
                let mut carried = sample;
                let w = ([sample[X], sample[Y]], sample[EXPONENT]);
                ([carried[X], carried[Y]], carried[EXPONENT]) =
                    self.carried(node, w, [sample[CX], sample[CY]]);
                self.jumped.push::<V, EXTENDED>(jumping, carried);
            }
            let staying = present::<V>(len - at) & !jumping;
            self.active.compress::<V, EXTENDED>(kept, staying, sample);
            kept += staying.count_ones() as usize;
        }
        self.active.truncate(kept);
        self.landings.push((end, count));
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

    /// Follows the orbits that have escaped to the bailout.
    #[inline(always)]
    fn finish(&mut self) {
        if DERIVATIVE {
            self.escaped.leave(&mut self.leaving);
        }
        let mut escaping = Escaping::new();
        while self.escaped.len() > 0 {
            let count = self.escaped.len().min(FINISHED_TOGETHER * V::LANES);
            let first = self.escaped.len() - count;
            for at in (first..first + count).step_by(V::LANES) {
                let [x, y, cx, cy, age, index, ..] = self.escaped.load_all::<V::High, false>(at);
                let bits = present::<V>(first + count - at);
                escaping.push(bits, [x, y, cx, cy, index, age]);
            }
            self.escaped.truncate(first);
            F::finish::<V::High, FINISHED_TOGETHER>(
                self.power,
                &mut escaping,
                self.piece.samples.limit,
                &mut self.field,
            );
        }
    }
}

/// A bit for each of the first lanes.
#[inline(always)]
pub(super) fn present<V: Vector>(samples: usize) -> u32 {
    (1_u32 << samples.min(V::LANES)) - 1
}
