//! Why is a picture the same file, whoever drew it? Deflate begins anew with each strip, and where strips begin
//! follows from the view alone. A band is a run of whole strips, so it may be cut as the cluster's size wants it.

use std::ops::Range;

use crate::View;

/// Bytes of a strip before deflate, about: twice deflate's window, so that little is lost by beginning anew.
const BYTES: u64 = 64 << 10;

/// The strips of a picture: runs of whole rows, all of one height but the last, which has what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strips {
    rows: u32,
    height: u32,
}

impl Strips {
    /// The strips of `view`; nothing but its size decides.
    pub fn of(view: &View) -> Strips {
        let row_bytes = u64::from(view.width) * 3 + 1;
        let rows = (BYTES / row_bytes).clamp(1, u64::from(view.height));
        Strips {
            rows: rows as u32,
            height: view.height,
        }
    }

    /// Rows of every strip but the last.
    pub fn rows(self) -> u32 {
        self.rows
    }

    /// How many strips there are.
    pub fn count(self) -> u32 {
        self.count_in(self.height)
    }

    /// How many strips a band of `rows` has.
    pub fn count_in(self, rows: u32) -> u32 {
        rows.div_ceil(self.rows)
    }

    /// The rows of a run of strips.
    pub fn rows_of(self, strips: Range<u32>) -> Range<u32> {
        let edge = |strip: u32| strip.saturating_mul(self.rows).min(self.height);
        edge(strips.start)..edge(strips.end)
    }

    /// Whether strips begin at row `y`.
    pub fn begin_at(self, y: u32) -> bool {
        y.is_multiple_of(self.rows)
    }

    /// Whether strips end above row `y`, as they all do at the picture's bottom.
    pub fn end_at(self, y: u32) -> bool {
        y == self.height || self.begin_at(y)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn strips_tile_the_rows_exactly(width in 1u32..=65_536, height in 1u32..=65_536, samples in 1u32..=8) {
            let strips = Strips::of(&View { width, height, samples, ..View::default() });
            let mut next = 0;
            for strip in 0..strips.count() {
                let rows = strips.rows_of(strip..strip + 1);
                prop_assert_eq!(rows.start, next);
                prop_assert!(rows.end > rows.start);
                prop_assert!(strips.begin_at(rows.start) && strips.end_at(rows.end));
                next = rows.end;
            }
            prop_assert_eq!(next, height);
            let row_bytes = u64::from(width) * 3 + 1;
            prop_assert!(u64::from(strips.rows()) * row_bytes <= BYTES.max(row_bytes));
        }
    }

    #[test]
    fn a_row_inside_of_a_strip_is_no_edge() {
        let strips = Strips::of(&View::default());
        assert!(!strips.begin_at(1) && !strips.end_at(strips.rows() + 1));
    }
}
