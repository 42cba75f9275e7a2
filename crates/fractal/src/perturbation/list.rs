//! Where are the samples of a piece while they are on their way? In lists, one column of numbers for each of their properties.

use crate::kernel::Leaving;
use crate::simd::Vector;

/// Columns of a [`List`]. The difference is (x + iy) · 2^exponent.
pub(super) const X: usize = 0;
pub(super) const Y: usize = 1;
/// The sample's c, less the reference's.
pub(super) const CX: usize = 2;
pub(super) const CY: usize = 3;
/// The index that z had where the reference began: z is now the one of this index plus that of the reference.
pub(super) const BASE: usize = 4;
/// Which sample of the piece it is.
pub(super) const INDEX: usize = 5;
/// How many bits of its precision the difference has lost, about.
pub(super) const LOSS: usize = 6;
/// Only used where exponents are extended.
pub(super) const EXPONENT: usize = 7;
pub(super) const COLUMNS: usize = 8;
/// The parts of one or two tangents, only used where derivatives are asked for: they are in the list, but not in its rows.
pub(super) const TANGENTS: usize = COLUMNS;
/// Their exponent; only used where exponents are extended.
pub(super) const TANGENT_EXPONENT: usize = TANGENTS + 4;
const ALL_COLUMNS: usize = TANGENT_EXPONENT + 1;

/// No vector has more lanes, and a store of a whole vector may reach past the last sample.
const MOST_LANES: usize = 8;

/// Samples, of which the first `len` are there.
pub(super) struct List {
    columns: [Vec<f64>; ALL_COLUMNS],
    len: usize,
    /// How many f64 a lane is made of: a column has as many equal parts.
    parts: usize,
}

impl List {
    pub(super) fn new<V: Vector>(capacity: usize, is_extended: bool, tangents: usize) -> List {
        List {
            columns: std::array::from_fn(|column| {
                let is_used = match column {
                    ..EXPONENT => true,
                    EXPONENT => is_extended,
                    TANGENT_EXPONENT => is_extended && tangents > 0,
                    _ => column < TANGENTS + 2 * tangents,
                };
                vec![
                    0.0;
                    if is_used {
                        (capacity + 4 * MOST_LANES) * V::PARTS
                    } else {
                        0
                    }
                ]
            }),
            len: 0,
            parts: V::PARTS,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.len = len;
    }

    pub(super) fn column(&self, column: usize) -> &[f64] {
        &self.columns[column][..self.len]
    }

    /// What a sample's number holds beyond one f64.
    pub(super) fn low(&self, column: usize, at: usize) -> f64 {
        let column = &self.columns[column];
        match self.parts {
            1 => 0.0,
            _ => column[column.len() / 2 + at],
        }
    }

    #[inline(always)]
    pub(super) fn load<V: Vector>(&self, column: usize, at: usize) -> V {
        V::load_at(&self.columns[column], at)
    }

    /// Both parts of a complex number, which are in neighbouring columns.
    #[inline(always)]
    pub(super) fn pair<V: Vector>(&self, column: usize, at: usize) -> [V; 2] {
        [self.load(column, at), self.load(column + 1, at)]
    }

    #[inline(always)]
    pub(super) fn store<V: Vector>(&mut self, column: usize, at: usize, values: V) {
        values.store_at(&mut self.columns[column], at);
    }

    /// Adds the lanes whose bit is set.
    #[inline(always)]
    pub(super) fn push<V: Vector, const EXTENDED: bool>(
        &mut self,
        bits: u32,
        values: [V; COLUMNS],
    ) {
        self.compress::<V, EXTENDED>(self.len, bits, values);
        self.len += bits.count_ones() as usize;
    }

    /// Writes the lanes whose bit is set to where `at` is.
    #[inline(always)]
    pub(super) fn compress<V: Vector, const EXTENDED: bool>(
        &mut self,
        at: usize,
        bits: u32,
        values: [V; COLUMNS],
    ) {
        let used = if EXTENDED { COLUMNS } else { EXPONENT };
        for (column, value) in self.columns[..used].iter_mut().zip(&values) {
            value.compress(bits).store_at(column, at);
        }
    }

    #[inline(always)]
    pub(super) fn load_all<V: Vector, const EXTENDED: bool>(&self, at: usize) -> [V; COLUMNS] {
        let used = if EXTENDED { COLUMNS } else { EXPONENT };
        let mut values = [V::splat(0.0); COLUMNS];
        for (value, column) in values[..used].iter_mut().zip(&self.columns) {
            *value = V::load_at(column, at);
        }
        values
    }

    /// Moves the last `count` samples of `other` to the end of this one.
    pub(super) fn take_last(&mut self, other: &mut List, count: usize) {
        let (from, to) = (other.len - count, self.len);
        for (own, its) in self.columns.iter_mut().zip(&other.columns) {
            let (half, its_half) = (own.len() / self.parts, its.len() / other.parts);
            for part in (0..self.parts).filter(|_| !its.is_empty()) {
                let (from, to) = (part * its_half + from, part * half + to);
                own[to..to + count].copy_from_slice(&its[from..from + count]);
            }
        }
        other.len = from;
        self.len += count;
    }

    /// Copies all samples, which have passed the escape radius, with their tangents.
    pub(super) fn leave(&self, leaving: &mut Leaving) {
        let tangents = [TANGENTS, TANGENTS + 1, TANGENTS + 2, TANGENTS + 3];
        let of_leaving = [X, Y, CX, CY, INDEX].into_iter().chain(tangents);
        for (column, to) in of_leaving.zip(&mut leaving.columns) {
            let from = &self.columns[column];
            to.extend_from_slice(&from[..self.len.min(from.len())]);
        }
    }

    /// Lets the last sample take the place of one.
    pub(super) fn swap_remove(&mut self, at: usize) {
        self.len -= 1;
        for column in &mut self.columns {
            let half = column.len() / self.parts;
            for part in (0..self.parts).filter(|_| half > 0) {
                column[part * half + at] = column[part * half + self.len];
            }
        }
    }
}
