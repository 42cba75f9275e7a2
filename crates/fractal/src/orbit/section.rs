//! What of an orbit is in memory at a time? Some sections in a row, which may be all of them.

use std::sync::OnceLock;

use super::bilinear::{Kind, LEAF, Table};
use super::double::{NoJump, Pair};
use super::jump::{Quadratic, RealLinear};
use super::points::Points;

/// Points, and the shorter nodes between them.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) points: Points,
    table: SingleTable,
    /// For differences of twice as many digits; made when the first are followed.
    pub(super) double: OnceLock<DoubleTable>,
}

type SingleTable = Kind<Table<Quadratic>, Table<RealLinear>>;
pub(super) type DoubleTable = Kind<Table<Pair<Quadratic>>, Table<NoJump>>;

impl Section {
    pub(super) fn new(points: Points, table: SingleTable) -> Section {
        Section {
            points,
            table,
            double: OnceLock::new(),
        }
    }

    /// Whether the steps of a leaf are in it.
    #[inline(always)]
    pub(crate) fn has(&self, leaf: usize) -> bool {
        self.has_step(leaf * LEAF)
    }

    /// Whether the step from a point is in it.
    #[inline(always)]
    pub(crate) fn has_step(&self, index: usize) -> bool {
        (self.points.first..self.points.last()).contains(&index)
    }

    pub(super) fn table(&self) -> &SingleTable {
        &self.table
    }

    /// Without the table for differences of twice as many digits.
    pub(super) fn bytes(&self) -> usize {
        let table = match &self.table {
            Kind::Complex(table) => table.bytes(),
            Kind::Real(table) => table.bytes(),
        };
        self.points.bytes() + table
    }
}
