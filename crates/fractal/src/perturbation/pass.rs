//! In which order do samples go along the reference? From leaf to leaf of the table, all that are at one together.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::carry::Carry;
use super::difference::Difference;
use super::direct::GoDirect;
use super::growth::Pixel;
use super::jump::Next;
use super::launch::Launch;
use super::leaf::Walk;
use super::list::{BASE, CX, CY, EXPONENT, INDEX, LOSS, List, X, Y};
use super::{Piece, cycles};
use crate::extended::ExtendedComplex;
use crate::field::{Cancelled, Field};
use crate::kernel::{Escaping, FINISHED_TOGETHER, Leaving};
use crate::orbit::{LEAF, Nodes, SECTION_LEVEL, STRETCH, Section, Track};
use crate::simd::{Part, Vector, push_lanes};
use crate::subdivision::Subdivision;

/// Samples that go together: their lists, some 60 bytes a sample, stay in a second-level cache.
const BATCH: usize = 1 << 13;

/// Passes before the first look for orbits that meet themselves. Many samples have escaped by then, and it is not one for two.
const FIRST_SAVE: u64 = 16;

/// What is done with samples by a function of its own ([`Vector::call`]).
pub(super) trait Act<P> {
    type Output;

    /// Must be `#[inline(always)]`, with all that it calls.
    fn act(self, passes: &mut P) -> Self::Output;
}

struct Acting<'p, P, A> {
    passes: &'p mut P,
    act: A,
}

impl<P, A: Act<P>> Part for Acting<'_, P, A> {
    type Output = A::Output;

    #[inline(always)]
    fn run(self) -> A::Output {
        self.act.act(self.passes)
    }
}

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
    /// Those that are at the present point of the reference.
    pub(super) active: List,
    /// Those that have jumped ahead, the next to land at the end.
    pub(super) jumped: List,
    /// Whether this is the samples' first pass.
    pub(super) is_first: bool,
    /// Where they land and how many of them, the next at the end.
    pub(super) landings: Vec<(usize, usize)>,
    /// Those that take a stretch of steps while others stay.
    pub(super) walking: List,
    /// Those that wait for the next pass.
    pub(super) next: List,
    /// Those that go on without the reference: z, c's difference, the index of z, which sample it is, and the logarithm of what f64 may
    /// have made of z, in units of 2^-53.
    pub(super) direct: List,
    /// Those past the escape radius: z, c, the index of z, and which sample it is.
    pub(super) escaped: List,
    pub(super) field: Field,
    /// For each sample of the batch a z at which it rebased.
    saved: Vec<[f64; 5]>,
    /// Scratch: which lanes of each vector jump.
    pub(super) jumping: Vec<u8>,
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
    kind: PhantomData<(F, J)>,
}

impl<'a, V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Passes<'a, V, F, J, EXTENDED, DERIVATIVE>
{
    #[inline(always)]
    pub(super) fn new(piece: &'a Piece<'a>) -> Self {
        let (width, height) = (
            piece.samples.offsets.width(piece.rect),
            piece.samples.offsets.height(piece.rect),
        );
        let field = match piece.seen {
            Some(seen) if !DERIVATIVE => {
                let mut field = seen.field.clone();
                field.forget(&seen.doubtful);
                field
            }
            _ => Field::interior(width, height, piece.samples.channels),
        };
        Self::of(piece, width * height, field)
    }

    /// For `samples` of a field.
    #[inline(always)]
    fn of(piece: &'a Piece<'a>, samples: usize, field: Field) -> Self {
        let batch = BATCH.min(samples);
        let tangents = if DERIVATIVE { F::TANGENTS } else { 0 };
        let power = piece.samples.orbit.iteration().degree();
        let list = || List::new::<V>(batch, EXTENDED, tangents);
        Passes {
            piece,
            active: list(),
            jumped: list(),
            is_first: true,
            landings: Vec::new(),
            walking: list(),
            next: list(),
            direct: list(),
            escaped: list(),
            field,
            saved: Vec::new(),
            jumping: vec![0; batch.div_ceil(V::LANES)],
            largest_c: 0.0,
            largest_base: 0.0,
            limit: piece.samples.limit as f64,
            power,
            log2_of_power: libm::log2(f64::from(power)),
            c: piece.samples.orbit.c(),
            unit: piece.samples.offsets.exponent as f64,
            leaving: Leaving::default(),
            most_loss: if !V::IS_DOUBLE {
                piece.samples.most_loss
            } else {
                f64::INFINITY
            },
            doubtful: Vec::new(),
            kind: PhantomData,
            pixel: Pixel::new(&piece.tangents, piece.samples.offsets.exponent as f64),
        }
    }

    #[inline(always)]
    pub(super) fn run(mut self, mut subdivision: Option<Subdivision>) -> Result<Drawn, Cancelled> {
        let mut samples = match (self.piece.seen, &mut subdivision) {
            (Some(seen), _) if !DERIVATIVE => seen.doubtful.clone(),
            (_, Some(subdivision)) => subdivision.next(&|_| false).unwrap_or_default(),
            (_, None) => (0..self.field.counts.len() as u32).collect(),
        };
        loop {
            self.draw_all(&samples)?;
            let Some(subdivision) = &mut subdivision else {
                break;
            };
            self.doubtful.sort_unstable();
            let is_inside = |sample: usize| {
                self.field.counts[sample] == 0
                    && self.doubtful.binary_search(&(sample as u32)).is_err()
            };
            let Some(next) = subdivision.next(&is_inside) else {
                break;
            };
            samples = next;
        }
        Ok(Drawn {
            field: self.field,
            leaving: self.leaving,
            doubtful: self.doubtful,
        })
    }

    /// Draws the doubtful samples of a field again.
    #[inline(always)]
    pub(super) fn mend(piece: &'a Piece<'a>, drawn: Drawn) -> Result<Drawn, Cancelled> {
        let Drawn {
            mut field,
            leaving,
            mut doubtful,
        } = drawn;
        doubtful.sort_unstable();
        doubtful.dedup();
        field.forget(&doubtful);
        let mut passes = Self::of(piece, doubtful.len(), field);
        passes.draw_all(&doubtful)?;
        Ok(Drawn {
            field: passes.field,
            leaving,
            doubtful: Vec::new(),
        })
    }

    /// Has something done by a function of its own.
    #[inline(always)]
    pub(super) fn apart<A: Act<Self>>(&mut self, act: A) -> A::Output {
        V::call(Acting { passes: self, act })
    }

    #[inline(always)]
    fn draw_all(&mut self, samples: &[u32]) -> Result<(), Cancelled> {
        for batch in samples.chunks(BATCH) {
            self.draw(batch)?;
        }
        Ok(())
    }

    /// Iterates some samples, by ascending index, to their end.
    #[inline(always)]
    fn draw(&mut self, batch: &[u32]) -> Result<(), Cancelled> {
        self.apart(Launch(batch));
        let starts = self.piece.starts.as_ref().filter(|_| !V::IS_DOUBLE);
        if let Some(starts) = starts {
            self.begin_at(starts);
        }
        let mut passes = 0_u64;
        while self.next.len() > 0 {
            std::mem::swap(&mut self.active, &mut self.next);
            self.next.truncate(0);
            self.drop_finished(batch, passes);
            self.is_first = passes == 0 && starts.is_none();
            let orbit = self.piece.samples.orbit;
            self.pass(if self.is_first {
                orbit.first()
            } else {
                orbit.again()
            })?;
            if !V::IS_DOUBLE {
                self.apart(GoDirect)?;
            }
            passes += 1;
        }
        self.finish();
        Ok(())
    }

    /// Notes which of some lanes may be wrong by what they have lost.
    #[inline(always)]
    pub(super) fn doubt(&mut self, lanes: u32, loss: V, sample: V) {
        if V::IS_DOUBLE || lanes == 0 {
            return;
        }
        let doubtful = lanes & V::bits(V::splat(self.most_loss).lt(loss));
        if doubtful != 0 {
            let mut samples = [0.0; 8];
            sample.store(&mut samples);
            push_lanes(&mut self.doubtful, doubtful, &samples);
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
        if self.saved.len() < batch.len() {
            self.saved.resize(batch.len(), [f64::NAN; 5]);
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
                // To go a short way again costs less than the question.
                let is_long = passes > FIRST_SAVE;
                if number(LOSS) > self.most_loss && !(is_long && self.is_attracted(at)) {
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

    /// Whether an active sample is surely attracted by a cycle, whatever it has lost.
    fn is_attracted(&self, at: usize) -> bool {
        let number = |column: usize| self.active.column(column)[at];
        let (unit, exponent) = match EXTENDED {
            true => (self.unit as i64, number(EXPONENT) as i64),
            false => (0, 0),
        };
        let c = ExtendedComplex::new(number(CX), number(CY), unit);
        let z = ExtendedComplex::new(number(X), number(Y), exponent);
        let Piece {
            samples, cancel, ..
        } = self.piece;
        cycles::attracts(samples.orbit, c, z, cancel)
    }

    /// Along the reference, once.
    #[inline(always)]
    fn pass(&mut self, track: &Track) -> Result<(), Cancelled> {
        let upper = J::upper(track);
        let leaves = upper.leaves;
        let mut section: Option<Arc<Section>> = None;
        // Where on the way, and below which level nodes are still to be tried there.
        let (mut leaf, mut below) = (0, usize::MAX);
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
            self.look_at_cancel()?;
            if self.active.len() == 0
                && let Some(&(at, _)) = self.landings.last()
            {
                (leaf, below) = (at, usize::MAX);
                continue;
            }
            if below > SECTION_LEVEL && leaf.is_multiple_of(1 << SECTION_LEVEL) {
                // Nobody needs to know what lies between.
                if let Some(end) = self.jump_sections(upper, leaf) {
                    (leaf, below) = (end, usize::MAX);
                    continue;
                }
                below = SECTION_LEVEL;
            }
            let here = match section.take() {
                Some(section) if section.has(leaf) => section,
                _ => track.section(leaf * LEAF, self.piece.cancel)?,
            };
            let here = &*section.insert(here);
            let table = J::table(track, here);
            let nodes = Nodes { upper, table };
            let (walk, part) = match self.jump(nodes, leaf, below) {
                Next::Landing(end) => {
                    (leaf, below) = (end, usize::MAX);
                    continue;
                }
                Next::Walk(leaves) => (leaves, false),
                Next::Part(leaves) => (leaves, true),
            };
            let end = walk.end;
            if part {
                std::mem::swap(&mut self.active, &mut self.walking);
            }
            self.apart(Walk {
                section: here,
                nodes,
                leaves: walk,
            });
            if part {
                std::mem::swap(&mut self.active, &mut self.walking);
                self.let_land(end);
                below = STRETCH;
            } else {
                (leaf, below) = (end, usize::MAX);
            }
        }
        debug_assert!(self.active.len() == 0);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn look_at_cancel(&self) -> Result<(), Cancelled> {
        if self.piece.cancel.load(Ordering::Relaxed) {
            return Err(Cancelled);
        }
        Ok(())
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
                let zero = V::High::splat(0.0);
                escaping.push(bits, [x, y, cx, cy, index, age, zero]);
            }
            self.escaped.truncate(first);
            F::finish::<V::High>(
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
