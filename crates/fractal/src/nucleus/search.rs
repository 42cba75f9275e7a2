//! Which nucleus of a view has the lowest period? The first that Newton's method finds in the part of the view that may have the
//! lowest, where no other part can have a lower one.
//!
//! Parts are quarters of quarters of the view, and the ball method says of each which periods it cannot have (branch and bound).
//! Mostly the view is so small beside the distances of nuclei that the first look at all of it says the period.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::ball::{Ball, ESCAPE_RADIUS};
use super::newton::{Found, Start, newton, with_places};
use super::{Budget, NucleusError};
use crate::extended::{Extended, ExtendedComplex};
use crate::orbit::FixedPoint;
use crate::plan::cos_sin_degrees;
use crate::step::Iteration;
use crate::view::View;

/// Binary places below the radius of a part.
const GUARD: i64 = 80;

/// Parts that are looked at. Most views need one, those whose lowest nucleus is at their edge some dozens. Of those around
/// random points of the boundary one in a hundred needs more than anybody would wait for: it lies at the smooth edge of a component,
/// where orbits hardly spread and periods are high.
const MOST_PARTS: usize = 4096;

/// No part is smaller than the view divided by 2^this.
const DEEPEST_LEVEL: u32 = 40;

/// Newton's method may stray so many times the view's radius from its centre.
const STRAY: f64 = 4.0;

/// The nucleus of the lowest period in `view`.
pub(super) fn search(
    view: &View,
    iteration: &Iteration,
    budget: &mut Budget,
) -> Result<Option<Found>, NucleusError> {
    let frame = Frame::new(view);
    let mut parts = BinaryHeap::new();
    parts.extend(frame.look(Place::WHOLE, 1, iteration, view.limit, budget)?);
    let mut looked_at = 1;
    while let Some(Reverse(part)) = parts.pop() {
        let start = frame.start(part.place);
        let is_far = |c: &FixedPoint, bits| frame.is_far(c, bits);
        let found = newton(iteration, part.least_period, start, budget, is_far)?;
        if let Some(found) = found.filter(|found| frame.contains(&found.c, found.bits)) {
            return Ok(Some(found));
        }
        looked_at += 4;
        if looked_at > MOST_PARTS || part.place.level == DEEPEST_LEVEL {
            return Err(NucleusError::TooLong);
        }
        for quarter in part.place.quarters() {
            let least = part.least_period;
            parts.extend(frame.look(quarter, least, iteration, view.limit, budget)?);
        }
    }
    Ok(None)
}

/// A part of a view that may contain nuclei. Those that may have the lowest period are the least, and of them the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    /// It contains no nucleus of a lower period.
    least_period: u64,
    place: Place,
}

/// A part of a view that is cut into 2^level × 2^level parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    level: u32,
    column: i64,
    row: i64,
}

impl Place {
    const WHOLE: Self = Place {
        level: 0,
        column: 0,
        row: 0,
    };

    fn quarters(self) -> [Place; 4] {
        [[0, 0], [0, 1], [1, 0], [1, 1]].map(|[column, row]| Place {
            level: self.level + 1,
            column: 2 * self.column + column,
            row: 2 * self.row + row,
        })
    }
}

/// A view's rectangle.
struct Frame<'a> {
    view: &'a View,
    /// From the centre to the middle of an edge.
    half_width: Extended,
    half_height: Extended,
    /// The direction of the width.
    direction: [f64; 2],
    /// From the centre to a corner.
    radius: Extended,
}

impl<'a> Frame<'a> {
    fn new(view: &'a View) -> Self {
        let zoom = view.zoom.to_extended();
        let half_height = Extended::new(2.0 / zoom.mantissa, -zoom.exponent);
        let aspect = f64::from(view.width) / f64::from(view.height);
        let (cos, sin) = cos_sin_degrees(view.rotation);
        Frame {
            view,
            half_width: half_height * aspect.into(),
            half_height,
            direction: [cos, sin],
            radius: half_height * libm::hypot(1.0, aspect).into(),
        }
    }

    /// What may be in a part that contains no nucleus of a period below `least`.
    fn look(
        &self,
        place: Place,
        least: u64,
        iteration: &Iteration,
        limit: u64,
        budget: &mut Budget,
    ) -> Result<Option<Reverse<Part>>, NucleusError> {
        let (c, bits) = self.centre(place);
        let radius = self.radius(place);
        let centre = c.to_f64(bits);
        let mut ball = Ball::new(iteration.degree(), centre, radius);
        if libm::hypot(centre[0], centre[1]) > ESCAPE_RADIUS {
            ball.escape(1, ExtendedComplex::default());
        } else {
            budget.show(iteration, (&c, bits), limit, &mut ball)?;
        }
        // What was found of all of the view holds for its parts.
        let period = ball.least_period.map(|period| period.max(least));
        let part = |least_period| {
            Reverse(Part {
                least_period,
                place,
            })
        };
        Ok(period.filter(|&period| period <= limit).map(part))
    }

    fn radius(&self, place: Place) -> Extended {
        Extended {
            exponent: self.radius.exponent - i64::from(place.level),
            ..self.radius
        }
    }

    /// A part's centre, and its binary places.
    fn centre(&self, place: Place) -> (FixedPoint, usize) {
        let bits = (GUARD - self.radius(place).exponent).max(GUARD) as usize;
        let (re, im) = (
            self.view.re.to_fixed_point(bits),
            self.view.im.to_fixed_point(bits),
        );
        // In halves of the view, from its centre.
        let from_centre = |index: i64| {
            let whole = 1_i64 << place.level;
            (2 * index + 1 - whole) as f64 / whole as f64
        };
        let [cos, sin] = self.direction;
        let across = from_centre(place.column) * self.half_width.mantissa;
        let across = ExtendedComplex::new(across * cos, across * sin, self.half_width.exponent);
        let up = from_centre(place.row) * self.half_height.mantissa;
        let up = ExtendedComplex::new(-up * sin, up * cos, self.half_height.exponent);
        let offset = FixedPoint::near(across + up, bits);
        let centre = FixedPoint {
            re: re + offset.re,
            im: im + offset.im,
        };
        (centre, bits)
    }

    fn start(&self, place: Place) -> Start {
        let (c, bits) = self.centre(place);
        Start {
            c,
            bits,
            places: -self.radius(place).exponent,
            view_places: -self.radius.exponent,
        }
    }

    /// From the view's centre to `c`.
    fn offset(&self, c: &FixedPoint, bits: usize) -> ExtendedComplex {
        // Farther places say nothing at the scale of the view.
        let few = bits.min((GUARD - self.radius.exponent).max(GUARD) as usize);
        let c = with_places(c.clone(), bits, few);
        let offset = FixedPoint {
            re: c.re - self.view.re.to_fixed_point(few),
            im: c.im - self.view.im.to_fixed_point(few),
        };
        offset.to_extended(few)
    }

    fn is_far(&self, c: &FixedPoint, bits: usize) -> bool {
        let [re, im] = c.to_f64(bits);
        libm::hypot(re, im) > ESCAPE_RADIUS
            || self.offset(c, bits).modulus() > self.radius * Extended::from(STRAY)
    }

    fn contains(&self, c: &FixedPoint, bits: usize) -> bool {
        let [cos, sin] = self.direction;
        let turned = self.offset(c, bits) * [cos, -sin].into();
        let part = |part: f64| Extended::new(part.abs(), turned.exponent);
        part(turned.re) <= self.half_width && part(turned.im) <= self.half_height
    }
}
