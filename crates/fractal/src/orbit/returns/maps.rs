//! Which maps are true at z? Around 0 the longest of a ladder of discs, elsewhere that of a square of a grid.

use super::polynomial::Map;
use super::traveller::square;
use super::{ladder, survey};

/// All maps of an orbit's neighbourhood.
#[derive(Debug)]
pub(super) struct Maps {
    /// Around 0, by ascending steps and descending radii.
    rungs: Vec<Rung>,
    /// For each biased exponent of |z|² the longest rung whose disc holds z; `NONE` where none does.
    by_exponent: Vec<u8>,
    pub(super) cells: Cells,
}

const NONE: u8 = u8::MAX;

/// Biased exponents of numbers below 2.
const EXPONENTS: usize = 1024;

/// A map around 0, as a polynomial in z² / radius².
#[derive(Debug)]
pub(super) struct Rung {
    pub(super) index: usize,
    pub(super) map: Map,
    /// The radius is 2^(-`exponent` / 2).
    pub(super) exponent: i32,
    /// 2^`exponent`.
    scale: f64,
}

/// Squares that together are a larger one around 0.
#[derive(Debug)]
pub(super) struct Cells {
    /// Half the side of them all.
    pub(super) half_side: f64,
    /// The grid's lines a unit of length.
    scale: f64,
    /// Which cell each square of the grid is in.
    grid: Vec<u16>,
    pub(super) cells: Vec<Cell>,
}

/// Squares of the grid in a row.
const GRID: usize = 256;

/// Cells in a row at first.
const FIRST: usize = 8;

/// A cell's circle is a little larger than the one around its corners, which rounding may have placed elsewhere.
const CIRCLE: f64 = 1.001 * std::f64::consts::FRAC_1_SQRT_2;

/// A square, and the map in the disc around it.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Its lowest corner in the grid, and its side.
    corner: [usize; 2],
    side: usize,
    pub(super) centre: [f64; 2],
    pub(super) radius: f64,
    /// One divided by the radius.
    scale: f64,
    pub(super) map: Option<Map>,
}

impl Maps {
    /// The rungs with the exponents of their radii, and cells without maps in a square of this half side.
    pub(super) fn new(rungs: Vec<(Map, i32)>, half_side: f64) -> Maps {
        let mut by_exponent = vec![NONE; EXPONENTS];
        let rungs: Vec<Rung> = rungs
            .into_iter()
            .enumerate()
            .map(|(index, (map, exponent))| Rung {
                index,
                map,
                exponent,
                scale: f64::from_bits((1023 + exponent as u64) << 52),
            })
            .collect();
        for rung in &rungs {
            let end = (1023 - rung.exponent) as usize;
            by_exponent[..end].fill(rung.index as u8);
        }
        Maps {
            rungs,
            by_exponent,
            cells: Cells::new(half_side),
        }
    }

    /// Rungs and cells.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.rungs.len() + self.cells.cells.len()
    }

    pub(super) fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// The index of a cell's map among all maps.
    #[inline(always)]
    pub(super) fn index_of(&self, cell: usize) -> usize {
        self.rungs.len() + cell
    }

    /// The longest around 0 that z is in, of at most so many steps.
    #[inline(always)]
    pub(super) fn rung(&self, [x, y]: [f64; 2], most: u64) -> Option<&Rung> {
        let norm = x.mul_add(x, y * y);
        let exponent = (norm.to_bits() >> 52) as usize;
        let longest = *self.by_exponent.get(exponent)?;
        if longest == NONE {
            return None;
        }
        // One that is longer is true in less.
        let up_to = &self.rungs[..=usize::from(longest)];
        up_to.iter().rev().find(|rung| rung.map.steps <= most)
    }

    /// The cell that z is in, if it has a map.
    #[inline(always)]
    pub(super) fn cell(&self, z: [f64; 2]) -> Option<(usize, &Cell, &Map)> {
        let at = self.cells.at(z)?;
        let cell = &self.cells.cells[at];
        let map = cell.map.as_ref()?;
        Some((self.index_of(at), cell, map))
    }

    /// One that somebody has jumped by.
    #[inline(always)]
    pub(super) fn map(&self, index: usize) -> &Map {
        match self.rungs.get(index) {
            Some(rung) => &rung.map,
            None => {
                let cell = &self.cells.cells[index - self.rungs.len()];
                let Some(map) = &cell.map else {
                    unreachable!("nobody jumps without a map");
                };
                map
            }
        }
    }

    /// No maps take more.
    pub(super) const MOST_BYTES: usize = ladder::MOST_RUNGS * Map::bytes_of(ladder::POWERS_OF_C)
        + survey::MOST_CELLS * (size_of::<Cell>() + Map::bytes_of(survey::POWERS_OF_C))
        + GRID * GRID * size_of::<u16>();

    pub(super) fn bytes(&self) -> usize {
        let rungs = self.rungs.iter().map(|rung| rung.map.bytes());
        let cells = self.cells.cells.iter();
        let of_cells = cells.filter_map(|cell| Some(cell.map.as_ref()?.bytes()));
        let sum: usize = rungs.chain(of_cells).sum();
        sum + self.cells.cells.len() * size_of::<Cell>() + GRID * GRID * size_of::<u16>()
    }
}

impl Rung {
    /// The map's argument, and its derivative by z.
    #[inline(always)]
    pub(super) fn argument(&self, z: [f64; 2]) -> ([f64; 2], [f64; 2]) {
        let ([x, y], twice) = (square(z), 2.0 * self.scale);
        (
            [x * self.scale, y * self.scale],
            [z[0] * twice, z[1] * twice],
        )
    }
}

impl Cell {
    /// The map's argument, and its derivative by z.
    #[inline(always)]
    pub(super) fn argument(&self, [x, y]: [f64; 2]) -> ([f64; 2], [f64; 2]) {
        let argument = [
            (x - self.centre[0]) * self.scale,
            (y - self.centre[1]) * self.scale,
        ];
        (argument, [self.scale, 0.0])
    }
}

impl Cells {
    fn new(half_side: f64) -> Cells {
        let mut cells = Cells {
            half_side,
            scale: GRID as f64 / (2.0 * half_side),
            grid: vec![0; GRID * GRID],
            cells: Vec::new(),
        };
        let side = GRID / FIRST;
        for row in 0..FIRST {
            for column in 0..FIRST {
                cells.add([column * side, row * side], side);
            }
        }
        cells
    }

    fn add(&mut self, corner: [usize; 2], side: usize) {
        let unit = 1.0 / self.scale;
        let half = 0.5 * side as f64;
        let radius = CIRCLE * side as f64 * unit;
        for row in corner[1]..corner[1] + side {
            let first = row * GRID + corner[0];
            self.grid[first..first + side].fill(self.cells.len() as u16);
        }
        self.cells.push(Cell {
            corner,
            side,
            centre: corner.map(|at| (at as f64 + half) * unit - self.half_side),
            radius,
            scale: 1.0 / radius,
            map: None,
        });
    }

    /// Which cell z is in.
    #[inline(always)]
    pub(super) fn at(&self, [x, y]: [f64; 2]) -> Option<usize> {
        let column = (x + self.half_side) * self.scale;
        let row = (y + self.half_side) * self.scale;
        let end = GRID as f64;
        // Written so that what is not a number is nowhere.
        let is_inside = column >= 0.0 && column < end && row >= 0.0 && row < end;
        is_inside.then(|| usize::from(self.grid[row as usize * GRID + column as usize]))
    }

    /// Cuts a cell into four, unless it is as small as the grid, and answers whether it was: they come last. The old one is nowhere any more.
    pub(super) fn split(&mut self, cell: usize) -> bool {
        let Cell {
            corner: [column, row],
            side,
            ..
        } = self.cells[cell];
        if side == 1 {
            return false;
        }
        self.cells[cell].map = None;
        let half = side / 2;
        for (right, up) in [(0, 0), (half, 0), (0, half), (half, half)] {
            self.add([column + right, row + up], half);
        }
        true
    }
}
