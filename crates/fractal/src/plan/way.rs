//! How are the samples of a view iterated, and which reference do they go by?

use dashu_int::IBig;
use dashu_int::ops::Abs;

use super::PlanError;
use super::loss::epsilon;
use crate::Decimal;
use crate::double_double::DoubleDouble;
use crate::doubt::Look;
use crate::extended::{Extended, power_of_two};
use crate::grid::Grid;
use crate::orbit::{FixedPoint, OrbitKey};
use crate::perturbation::{Exact, Offsets};
use crate::step::Iteration;
use crate::view::{Formula, Quality, View};

/// Binary places below a pixel's size: what the reference's arithmetic rounds stays below what f64 does to a difference.
const GUARD_BITS: usize = 80;

/// Places are rounded up to whole limbs, so that neighbouring depths share an orbit.
const LIMB_BITS: usize = 64;

/// From this exponent of the distance of samples on, f64 holds differences and all that becomes of them.
const LEAST_F64_EXPONENT: i64 = -960;

/// How the samples are iterated.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Direct {
        grid: Grid,
        iteration: Iteration,
        /// Where f64 may lose samples.
        look: Option<Look>,
    },
    Perturbation {
        offsets: Offsets,
        key: OrbitKey,
        quality: Quality,
        exact: Box<Exact>,
        /// Where f64 has the samples, if it is looked at what it makes of them first.
        grid: Option<Grid>,
        /// Whether it tells them apart when they begin at their points.
        is_worth_a_look: bool,
    },
}

impl Way {
    pub(super) fn direct(
        view: &View,
        iteration: Iteration,
        size: (i64, i64),
        steepest: Option<f64>,
    ) -> Way {
        let grid = grid_of(view, size);
        Way::Direct {
            look: steepest.map(|steepest| Look::new(&grid, &iteration, steepest)),
            grid,
            iteration,
        }
    }

    pub(super) fn perturbation(
        view: &View,
        iteration: Iteration,
        (columns, rows): (i64, i64),
        is_worth_a_look: bool,
    ) -> Way {
        let (zoom, exponent_of_zoom) = view.zoom.to_double();
        let half_pitch = 2.0 / (zoom * rows as f64);
        // In a unit near its own size.
        let unit = Extended::from(half_pitch.high).exponent;
        let half_pitch = half_pitch * power_of_two(-unit);
        let exponent = unit - exponent_of_zoom;
        let (cos, sin) = cos_sin_degrees(view.rotation);
        let places = GUARD_BITS as i64 - exponent;
        let bits = (places.max(1) as usize).next_multiple_of(LIMB_BITS);
        let point = |re: &Decimal, im: &Decimal| FixedPoint {
            re: re.to_fixed_point(bits),
            im: im.to_fixed_point(bits),
        };
        let cell = Cell::of(view);
        let [re, im] = match &view.reference {
            Some(reference) => reference.each_ref(),
            None => [&view.re, &view.im],
        }
        .map(|part| cell.middle(part, bits));
        let offset = |part: &Decimal, middle: &IBig| {
            real_in_unit(&(part.to_fixed_point(bits) - middle), bits, exponent)
        };
        let offsets = Offsets::new(
            [offset(&view.re, &re), offset(&view.im, &im)],
            [half_pitch * cos, half_pitch * sin],
            exponent,
            (columns, rows),
            view.samples,
        );
        let seed = match &view.formula {
            Formula::Julia { seed_re, seed_im } => Some(point(seed_re, seed_im)),
            _ => None,
        };
        let key = OrbitKey {
            iteration,
            seed,
            point: FixedPoint { re, im },
            bits,
            limit: view.limit,
            radius: cell.radius(columns as f64 / rows as f64),
            epsilon: epsilon(view.quality),
            is_extended: exponent < LEAST_F64_EXPONENT,
            is_double: view.quality != Quality::Fast,
        };
        let looks = view.quality == Quality::Standard && !key.is_extended;
        Way::Perturbation {
            offsets,
            key,
            quality: view.quality,
            exact: Box::new(Exact::of(view)),
            grid: looks.then(|| grid_of(view, (columns, rows))),
            is_worth_a_look,
        }
    }

    pub(super) fn iteration(&self) -> &Iteration {
        match self {
            Way::Direct { iteration, .. } => iteration,
            Way::Perturbation { key, .. } => &key.iteration,
        }
    }
}

/// Whether a point is near enough to the view's centre for its samples to follow its orbit.
pub(super) fn check_reference(view: &View, [re, im]: &[Decimal; 2]) -> Result<(), PlanError> {
    let places = Cell::of(view).places();
    let height = view.zoom.reciprocal(places) * 4;
    let farthest = height * View::FARTHEST_REFERENCE + ROUNDED;
    let is_near = |centre: &Decimal, point: &Decimal| {
        let distance = centre.to_fixed_point(places) - point.to_fixed_point(places);
        distance.abs() <= farthest
    };
    if !is_near(&view.re, re) {
        Err(PlanError::ReferenceReTooFar)
    } else if !is_near(&view.im, im) {
        Err(PlanError::ReferenceImTooFar)
    } else {
        Ok(())
    }
}

/// Where f64 has the samples of a view.
fn grid_of(view: &View, (columns, rows): (i64, i64)) -> Grid {
    // Half a pitch is (4 / zoom / rows) / 2.
    let zoom = DoubleDouble::from(view.zoom.split());
    let half_pitch = 2.0 / (zoom * rows as f64);
    let (cos, sin) = cos_sin_degrees(view.rotation);
    Grid {
        re: view.re.split().into(),
        im: view.im.split().into(),
        half_step: (half_pitch * cos, half_pitch * sin),
        columns,
        rows,
        samples: view.samples,
    }
}

/// A square of the plane. Views of about the same zoom whose centres are in it have the same reference, its middle.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// Its side is a power of two.
    exponent: i64,
}

/// A cell's side is from 2^(this - 1) to 2^this heights of the view.
const CELL: i64 = 4;

/// Places below the side of a cell.
const PLACES: i64 = 64;

/// What 32 / zoom and two coordinates are rounded by at most, in units of the last place.
const ROUNDED: u32 = 64;

impl Cell {
    fn of(view: &View) -> Cell {
        Cell {
            exponent: 2 - view.zoom.to_extended().exponent + CELL - 1,
        }
    }

    /// The middle of the cell with this coordinate, times 2^bits. It depends on nothing but the coordinate and the cell's size, not even on
    /// `bits`.
    fn middle(self, coordinate: &Decimal, bits: usize) -> IBig {
        let places = self.places();
        let dropped = places as i64 + self.exponent;
        let fixed = coordinate.to_fixed_point(places);
        let half = IBig::ONE << (dropped - 1) as usize;
        let cells = (fixed + half) >> dropped as usize;
        cells << (bits as i64 + self.exponent) as usize
    }

    /// Places that tell where in a cell a coordinate is.
    fn places(self) -> usize {
        (PLACES - self.exponent).max(0) as usize
    }

    /// No sample of a view of such an aspect is farther from the middle of the cell that its centre is in: half the cell's diagonal and half that of the view, which is
    /// at most as many cells high as makes 2^(1 - [`CELL`]).
    fn radius(self, aspect: f64) -> Extended {
        let view = libm::hypot(1.0, aspect) * power_of_two(1 - CELL);
        Extended::new(0.5 * (std::f64::consts::SQRT_2 + view), self.exponent)
    }
}

/// `value` · 2^-`bits` in units of 2^`exponent`.
fn real_in_unit(value: &IBig, bits: usize, exponent: i64) -> DoubleDouble {
    let unit = -(bits as i64) - exponent;
    let high = value.to_f64().value();
    let low = (value - IBig::try_from(high).unwrap_or_default())
        .to_f64()
        .value();
    let scale = power_of_two(unit);
    DoubleDouble::from((high * scale, low * scale))
}

/// Exact at whole quarter turns, where rounded radians would tilt a picture by an ulp.
pub(crate) fn cos_sin_degrees(degrees: f64) -> (f64, f64) {
    let turn = degrees.rem_euclid(360.0);
    let quarter = (turn / 90.0) as u32;
    let (cos, sin) = match turn % 90.0 {
        0.0 => (1.0, 0.0),
        rest => (libm::cos(rest.to_radians()), libm::sin(rest.to_radians())),
    };
    match quarter {
        0 | 4 => (cos, sin),
        1 => (-sin, cos),
        2 => (-cos, -sin),
        _ => (sin, -cos),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rect;
    use crate::kernel::Launcher;
    use crate::simd::{Scalar, Vector};

    /// To 100 places, as two f64 hold them.
    #[test]
    fn samples_are_where_the_grid_has_them() {
        for (rotation, zoom) in [
            (0.0, "4e10"),
            (33.3, "4e10"),
            (-90.0, "1.5"),
            (200.0, "3e14"),
        ] {
            let view = View {
                re: "-0.743643887037158704752191506114774".parse().unwrap(),
                im: "0.131825904205311970493132056385139".parse().unwrap(),
                zoom: zoom.parse().unwrap(),
                rotation,
                width: 30,
                height: 20,
                samples: 3,
                formula: Formula::Mandelbrot,
                limit: 1000,
                reference: None,
                quality: Quality::Standard,
            };
            let (size, iteration) = ((90, 60), Iteration::Mandelbrot);
            let way = Way::perturbation(&view, iteration, size, false);
            let Way::Perturbation { offsets, exact, .. } = way else {
                panic!("it was asked for");
            };
            let rect = Rect {
                x: 5,
                y: 7,
                w: 9,
                h: 8,
            };
            let launcher = Launcher::new(&grid_of(&view, size), rect, &iteration);
            for sample in 0..27 * 24 {
                let of_grid = launcher.exact_points::<Scalar>(&[sample]);
                let FixedPoint { re, im } = exact.point(&offsets, rect, sample, 300);
                for (of_grid, exact) in of_grid.into_iter().zip([re, im]) {
                    let mut parts = [0.0; 2];
                    of_grid.store_at(&mut parts, 0);
                    let [high, low] =
                        parts.map(|part| FixedPoint::near([part, 0.0].into(), 300).re);
                    let off = (exact - high - low).abs();
                    assert!(off < (IBig::ONE << 200), "sample {sample} of {view:?}");
                }
            }
        }
    }
}
