//! Where exactly is a sample? As many places are computed as somebody asks for.

use dashu_int::IBig;

use super::Offsets;
use crate::Decimal;
use crate::orbit::FixedPoint;
use crate::plan::cos_sin_degrees;
use crate::view::{Rect, View};

/// Places beyond those that are asked for: a sample is less than 2^33 halves of a pitch from the centre, and no half is off by an ulp of these.
const GUARD: usize = 64;

/// What of a view says where its samples are, as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Exact {
    re: Decimal,
    im: Decimal,
    zoom: Decimal,
    /// Of a row: its cosine and its sine, which are taken as they are.
    direction: [f64; 2],
}

impl Exact {
    pub(crate) fn of(view: &View) -> Exact {
        Exact {
            re: view.re.clone(),
            im: view.im.clone(),
            zoom: view.zoom.clone(),
            direction: cos_sin_degrees(view.rotation).into(),
        }
    }

    /// A sample, as an index into a rectangle. Neither part is off by more than 2^-`bits` and a tiny part of that.
    pub(crate) fn point(
        &self,
        offsets: &Offsets,
        rect: Rect,
        sample: u32,
        bits: usize,
    ) -> FixedPoint {
        let places = bits + GUARD;
        // 2 / (zoom · rows)
        let half_pitch = self.zoom.reciprocal(places + 1) / IBig::from(offsets.rows);
        let [cos, sin] = self
            .direction
            .map(|part| FixedPoint::near([part, 0.0].into(), places).re);
        let [along, up] = offsets.halves(rect, sample).map(IBig::from);
        let part = |centre: &Decimal, halves: IBig| -> IBig {
            let offset: IBig = (halves * &half_pitch) >> places;
            (centre.to_fixed_point(places) + offset) >> GUARD
        };
        FixedPoint {
            re: part(&self.re, &along * &cos - &up * &sin),
            im: part(&self.im, along * sin + up * cos),
        }
    }
}
