//! Which samples need no iteration, because the set closes around them?
//!
//! Every zₙ of zᵖ + c is a polynomial in the sample's point. So if |zₙ| ≤ 2 all along a closed curve, it is so within (the maximum principle): of a
//! square whose border does not escape nothing does (R. Mariani's and A. K. Silver's way to draw the set, as A. K. Dewdney told in 1989). Squares lie on
//! a lattice of the whole picture, so that it is the same however it is cut. But a border's samples are not all of the border: a channel that is
//! narrower than the distance of two of them is lost, with all that lies at its end. So this is not done unless somebody asks for it.

use std::ops::Range;

use crate::view::Rect;

/// The side of the largest squares, in samples: larger ones would reach far beyond the pieces that pictures are cut into.
const LARGEST: u64 = 16;

/// Squares of this side are not cut into four: most of their samples are on a border.
const SMALLEST: u64 = 4;

/// The samples of a rectangle, in an order in which some tell that others are not needed.
pub(crate) struct Subdivision {
    /// The pixels around all squares that the rectangle reaches into. A sample is an index into it, row by row.
    rect: Rect,
    /// Samples in its rows.
    width: u64,
    /// The columns and the rows of samples that are asked for.
    wanted: [Range<u64>; 2],
    /// Those of which nothing is known but that their borders have been iterated.
    squares: Vec<Square>,
    /// What is known of each sample.
    states: Vec<State>,
    has_begun: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Unknown,
    /// It is to be iterated next.
    Asked,
    /// It was iterated, or need not be.
    Done,
}

/// `side` + 1 samples across: neighbours have a border in common.
#[derive(Clone, Copy, Debug)]
struct Square {
    column: u64,
    row: u64,
    side: u64,
}

impl Square {
    fn border(self) -> impl Iterator<Item = [u64; 2]> {
        let Square { column, row, side } = self;
        let horizontal =
            [row, row + side].map(|row| (column..=column + side).map(move |c| [c, row]));
        let vertical =
            [column, column + side].map(|column| (row + 1..row + side).map(move |r| [column, r]));
        let [above, below] = horizontal;
        let [left, right] = vertical;
        above.chain(below).chain(left).chain(right)
    }

    fn inner(self) -> impl Iterator<Item = [u64; 2]> {
        let Square { column, row, side } = self;
        let columns = column + 1..column + side;
        (row + 1..row + side).flat_map(move |row| columns.clone().map(move |column| [column, row]))
    }

    fn quarters(self) -> [Square; 4] {
        let side = self.side / 2;
        [(0, 0), (side, 0), (0, side), (side, side)].map(|(right, down)| Square {
            column: self.column + right,
            row: self.row + down,
            side,
        })
    }

    /// Whether some samples within the border are wanted.
    fn is_wanted(self, [columns, rows]: &[Range<u64>; 2]) -> bool {
        let meets = |first: u64, range: &Range<u64>| {
            first + 1 < range.end && range.start < first + self.side
        };
        meets(self.column, columns) && meets(self.row, rows)
    }
}

impl Subdivision {
    /// Of a rectangle in pixels, each of `samples` × `samples` samples.
    pub(crate) fn new(rect: Rect, samples: u32) -> Subdivision {
        let (columns, across) = Axis::new(rect.x, rect.w, samples);
        let (rows, down) = Axis::new(rect.y, rect.h, samples);
        let wanted = [columns.wanted, rows.wanted];
        let squares = down.iter().flat_map(|&row| {
            let side = LARGEST;
            across
                .iter()
                .map(move |&column| Square { column, row, side })
        });
        let per_pixel = u64::from(samples);
        let (width, height) = (
            u64::from(columns.pixels) * per_pixel,
            u64::from(rows.pixels) * per_pixel,
        );
        Subdivision {
            rect: Rect {
                x: columns.first,
                y: rows.first,
                w: columns.pixels,
                h: rows.pixels,
            },
            width,
            squares: squares.filter(|square| square.is_wanted(&wanted)).collect(),
            wanted,
            states: vec![State::Unknown; (width * height) as usize],
            has_begun: false,
        }
    }

    /// Where the samples are.
    pub(crate) fn rect(&self) -> Rect {
        self.rect
    }

    /// The next samples to iterate, by ascending index; none when all that are wanted are known. `is_inside` tells of those before whether they surely
    /// have not escaped.
    pub(crate) fn next(&mut self, is_inside: &dyn Fn(usize) -> bool) -> Option<Vec<u32>> {
        if self.has_begun {
            self.divide(is_inside);
        }
        self.has_begun = true;
        let first = self.squares.iter().map(|square| square.row).min();
        let end = self
            .squares
            .iter()
            .map(|square| square.row + square.side + 1)
            .max();
        let rows = match (first, end) {
            (Some(first), Some(end)) => {
                for square in &self.squares {
                    for place in square.border() {
                        ask(&mut self.states[index(self.width, place)]);
                    }
                }
                first..end
            }
            _ => {
                let [columns, rows] = self.wanted.clone();
                for row in rows.clone() {
                    let [first, end] =
                        [columns.start, columns.end].map(|column| index(self.width, [column, row]));
                    self.states[first..end].iter_mut().for_each(ask);
                }
                rows
            }
        };
        self.asked(rows)
    }

    /// Those that are asked for in some rows, if there are any.
    fn asked(&mut self, rows: Range<u64>) -> Option<Vec<u32>> {
        let [first, end] = [rows.start, rows.end].map(|row| index(self.width, [0, row]));
        let mut samples = Vec::new();
        for (sample, state) in (first..).zip(&mut self.states[first..end]) {
            if *state == State::Asked {
                *state = State::Done;
                samples.push(sample as u32);
            }
        }
        (!samples.is_empty()).then_some(samples)
    }

    /// Drops the squares within which all is known now, and those that the set seems not to reach into, and cuts the others into four.
    fn divide(&mut self, is_inside: &dyn Fn(usize) -> bool) {
        let width = self.width;
        let mut quarters = Vec::new();
        for square in std::mem::take(&mut self.squares) {
            let (mut inside, mut outside) = (false, false);
            for place in square.border() {
                let is_inside = is_inside(index(width, place));
                inside |= is_inside;
                outside |= !is_inside;
            }
            if !outside {
                for place in square.inner() {
                    self.states[index(width, place)] = State::Done;
                }
            } else if inside && square.side > SMALLEST {
                let wanted = |quarter: &Square| quarter.is_wanted(&self.wanted);
                quarters.extend(square.quarters().into_iter().filter(wanted));
            }
        }
        self.squares = quarters;
    }

    /// The columns and the rows of samples that are asked for, of all in [`Subdivision::rect`].
    pub(crate) fn wanted(&self) -> [Range<usize>; 2] {
        let [columns, rows] = &self.wanted;
        [columns, rows].map(|range| range.start as usize..range.end as usize)
    }
}

/// One axis of a rectangle, in pixels of the picture, and in samples from the first pixel on.
struct Axis {
    first: u32,
    pixels: u32,
    wanted: Range<u64>,
}

impl Axis {
    /// And where its squares begin.
    fn new(first: u32, pixels: u32, samples: u32) -> (Axis, Vec<u64>) {
        let samples = u64::from(samples);
        let begin = u64::from(first) * samples;
        let end = begin + u64::from(pixels) * samples;
        let first_pixel = begin / LARGEST * LARGEST / samples;
        // The line at or behind the last sample is in the last square. Beyond the last pixel of the largest picture there is none.
        let last_line = end.saturating_sub(1).next_multiple_of(LARGEST);
        let end_pixel =
            (last_line / samples + 1).clamp(u64::from(first) + u64::from(pixels), 1 << 32);
        let origin = first_pixel * samples;
        let lines = (begin / LARGEST * LARGEST..last_line).step_by(LARGEST as usize);
        let squares = lines.filter(|line| line + LARGEST < end_pixel * samples);
        let axis = Axis {
            first: first_pixel as u32,
            pixels: (end_pixel - first_pixel) as u32,
            wanted: begin - origin..end - origin,
        };
        (axis, squares.map(|line| line - origin).collect())
    }
}

fn index(width: u64, [column, row]: [u64; 2]) -> usize {
    (row * width + column) as usize
}

fn ask(state: &mut State) {
    if *state == State::Unknown {
        *state = State::Asked;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECT: Rect = Rect {
        x: 40,
        y: 5,
        w: 50,
        h: 30,
    };

    /// How often each sample was iterated, where those of the whole picture that `is_inside` are.
    fn drawn(
        rect: Rect,
        samples: u32,
        is_inside: impl Fn([u64; 2]) -> bool,
    ) -> (Subdivision, Vec<u32>) {
        let mut subdivision = Subdivision::new(rect, samples);
        let drawn_in = subdivision.rect();
        let width = u64::from(drawn_in.w * samples);
        let first = [drawn_in.x, drawn_in.y].map(|first| u64::from(first * samples));
        let mut times = vec![0; subdivision.states.len()];
        while let Some(list) = subdivision.next(&|sample| {
            let place = [sample as u64 % width, sample as u64 / width];
            assert_eq!(times[sample], 1, "only what was iterated is known");
            is_inside([first[0] + place[0], first[1] + place[1]])
        }) {
            assert!(list.is_sorted());
            for sample in list {
                times[sample as usize] += 1;
            }
        }
        (subdivision, times)
    }

    fn of_wanted(subdivision: &Subdivision, times: &[u32]) -> Vec<u32> {
        let [columns, rows] = subdivision.wanted.clone();
        let rows = rows.flat_map(|row| columns.clone().map(move |column| [column, row]));
        rows.map(|place| times[index(subdivision.width, place)])
            .collect()
    }

    #[test]
    fn where_all_escapes_all_that_is_wanted_is_iterated_once() {
        for samples in 1..=3 {
            let (subdivision, times) = drawn(RECT, samples, |_| false);
            let wanted = of_wanted(&subdivision, &times);
            assert_eq!(wanted.len(), (50 * 30 * samples * samples) as usize);
            assert!(wanted.iter().all(|&times| times == 1));
            assert!(times.iter().all(|&times| times <= 1));
        }
    }

    #[test]
    fn where_nothing_escapes_the_largest_squares_borders_are_all() {
        let (_, times) = drawn(RECT, 1, |_| true);
        // Columns 32, 48, 64, 80 and 96, rows 0, 16, 32 and 48.
        let lines = 5 * 49 + 4 * (65 - 5);
        assert_eq!(times.iter().sum::<u32>(), lines);
    }

    #[test]
    fn what_is_within_a_border_that_escapes_somewhere_is_asked_for_in_smaller_squares() {
        let rect = Rect {
            x: 0,
            y: 0,
            w: 33,
            h: 33,
        };
        let (_, times) = drawn(rect, 1, |place| place != [0, 7]);
        let iterated = |x: usize, y: usize| times[y * 33 + x] == 1;
        assert!(iterated(16, 20) && iterated(8, 5) && iterated(4, 6));
        // A square of 4 has the sample on its border, and is not cut again.
        assert!(iterated(1, 5) && iterated(3, 7));
        assert!(!iterated(20, 20) && !iterated(12, 4) && !iterated(1, 1));
    }

    #[test]
    fn who_is_iterated_does_not_depend_on_the_cut() {
        let disc = |[x, y]: [u64; 2]| (x as i64 - 70).pow(2) + (y as i64 - 20).pow(2) < 30 * 30;
        for samples in [1, 3] {
            let (whole, times) = drawn(RECT, samples, disc);
            let whole = of_wanted(&whole, &times);
            let width = (RECT.w * samples) as usize;
            for piece in [
                Rect {
                    x: 47,
                    w: 9,
                    ..RECT
                },
                Rect {
                    y: 30,
                    h: 1,
                    ..RECT
                },
                Rect {
                    x: 89,
                    w: 1,
                    y: 34,
                    h: 1,
                },
            ] {
                let (cut, times) = drawn(piece, samples, disc);
                let cut = of_wanted(&cut, &times);
                let rows = whole
                    .chunks(width)
                    .skip(((piece.y - RECT.y) * samples) as usize);
                let from = ((piece.x - RECT.x) * samples) as usize;
                let columns = from..from + (piece.w * samples) as usize;
                let rows = rows.take((piece.h * samples) as usize);
                let expected: Vec<u32> =
                    rows.flat_map(|row| row[columns.clone()].to_vec()).collect();
                assert_eq!(cut, expected, "{piece:?}");
            }
        }
    }

    #[test]
    fn at_the_end_of_the_largest_picture_squares_that_do_not_fit_are_iterated() {
        let rect = Rect {
            x: u32::MAX - 40,
            y: 0,
            w: 41,
            h: 2,
        };
        let (subdivision, times) = drawn(rect, 1, |_| true);
        let wanted = of_wanted(&subdivision, &times);
        assert_eq!(wanted.len(), 82);
        assert!(wanted[40 + 41] == 1);
    }

    #[test]
    fn an_empty_rectangle_asks_for_nothing() {
        let rect = Rect { w: 0, ..RECT };
        let (subdivision, times) = drawn(rect, 2, |_| true);
        assert!(of_wanted(&subdivision, &times).is_empty());
    }
}
