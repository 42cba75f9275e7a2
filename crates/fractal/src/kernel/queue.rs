//! Where do orbits wait until there are enough of them to fill a flight?

use crate::simd::Vector;

/// No flight of any backend has more lanes.
pub(super) const MOST_LANES: usize = 64;

/// Less than a flight waits, a flight's lanes may join it, and a store of a whole vector may reach past the last.
const CAPACITY: usize = 2 * MOST_LANES + 8;

/// Orbits, one column of numbers for each of their properties.
pub(crate) struct Queue<const COLUMNS: usize> {
    columns: [[f64; CAPACITY]; COLUMNS],
    len: usize,
}

impl<const COLUMNS: usize> Queue<COLUMNS> {
    pub(crate) fn new() -> Self {
        Queue {
            columns: [[0.0; CAPACITY]; COLUMNS],
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds the lanes whose bit is set.
    #[inline(always)]
    pub(crate) fn push<V: Vector>(&mut self, bits: u32, values: [V; COLUMNS]) {
        self.push_some(COLUMNS, bits, values);
    }

    /// The same, of which nobody reads but the first columns.
    #[inline(always)]
    pub(super) fn push_some<V: Vector>(&mut self, read: usize, bits: u32, values: [V; COLUMNS]) {
        for (column, value) in self.columns[..read].iter_mut().zip(&values) {
            value.compress(bits).store(&mut column[self.len..]);
        }
        self.len += bits.count_ones() as usize;
    }

    /// Takes up to `K` vectors from the end, and which lanes of them are taken; the others repeat what was there before.
    #[inline(always)]
    pub(crate) fn pop<V: Vector, const K: usize>(&mut self) -> ([[V; K]; COLUMNS], [u32; K]) {
        let taken = self.len.min(K * V::LANES);
        self.len -= taken;
        let mut values = [[V::splat(0.0); K]; COLUMNS];
        let mut bits = [0; K];
        for k in 0..K {
            for (value, column) in values.iter_mut().zip(&self.columns) {
                value[k] = V::load(&column[self.len + k * V::LANES..]);
            }
            let lanes = taken.saturating_sub(k * V::LANES).min(V::LANES);
            bits[k] = (1 << lanes) - 1;
        }
        (values, bits)
    }
}
