//! Why is a picture the same file, whoever drew it? Deflate begins anew with each strip, and where strips begin
//! follows from the view alone. A band is a run of whole strips, so it may be cut as the cluster's size wants it.

use std::ops::Range;

use crate::View;

/// Rows of a strip of an ordinary picture. What a strip costs is its first row, which has no predecessor to be
/// foretold from: with 16 rows about a hundredth of the file (docs/encoding.md).
const ROWS: u64 = 16;
/// The fewest, where a row is much work: three hundredths of the file.
const FEWEST_ROWS: u64 = 8;
/// Samples past which a strip has fewer rows, since it is the least piece that one worker draws.
const SAMPLES: u64 = 131_072;
/// Bytes before deflate up to which a strip has more rows: deflate looks back as far.
const FEWEST_BYTES: u64 = 32 << 10;
/// Bytes before deflate past which a strip has yet fewer rows: whoever gathers holds many strips.
const MOST_BYTES: u64 = 1 << 20;

/// The strips of a picture: runs of whole rows, all of one height but the last, which has what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strips {
    rows: u32,
    height: u32,
}

impl Strips {
    /// The strips of `view`; its size and its samples decide.
    pub fn of(view: &View) -> Strips {
        let row_bytes = u64::from(view.width) * 3 + 1;
        let row_samples = u64::from(view.width) * u64::from(view.samples).pow(2);
        let most = ROWS.max(FEWEST_BYTES / row_bytes);
        let rows = (SAMPLES / row_samples).clamp(FEWEST_ROWS, most);
        let rows = rows.min(MOST_BYTES / row_bytes);
        Strips {
            rows: (rows as u32).clamp(1, view.height),
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
            prop_assert!(u64::from(strips.rows()) * row_bytes <= MOST_BYTES);
        }
    }

    #[test]
    fn a_strip_is_low_where_a_row_is_much_work_or_many_bytes() {
        let rows = |width, samples| {
            let (height, view) = (65_536, View::default());
            Strips::of(&View {
                width,
                height,
                samples,
                ..view
            })
            .rows()
        };
        assert_eq!([rows(64, 1), rows(1920, 1), rows(1920, 8)], [169, 16, 8]);
        assert_eq!([rows(16_384, 1), rows(65_536, 1)], [8, 5]);
    }

    #[test]
    fn a_row_inside_of_a_strip_is_no_edge() {
        let strips = Strips::of(&View::default());
        assert!(!strips.begin_at(1) && !strips.end_at(strips.rows() + 1));
    }
}
