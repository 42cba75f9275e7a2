//! What becomes of samples that numbers of two f64 would lose too? Each is iterated alone, without a reference, in as many places as an error
//! bound asks for.
//!
//! An error e of z becomes at most (2|z| + e) e in the next z, and what that step rounds is added to it.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use dashu_int::IBig;

use super::{Exact, Offsets, Samples};
use crate::extended::{Extended, power_of_two};
use crate::field::{Cancelled, Field};
use crate::kernel::{Escaping, finish};
use crate::orbit::{FixedPoint, Point, Visit, Walk};
use crate::simd::Scalar;
use crate::step::{Iteration, Quadratic};
use crate::view::Rect;

/// Places beyond half a pitch, of which the first that are enough are taken. Beside a pitch of 2^-60 and a sign the first two fill 5 and 9 words.
const GUARDS: [usize; 3] = [252, 508, 1020];

/// What an error bound grows by beside (2|z| + e) e, in ulps: x² - y² of two numbers that are rounded down is off by up to 1, and
/// (x + y)² - x² - y² by up to 2, together less than 2.3; c is off by 1 in either part, less than 1.5.
const ROUNDED: f64 = 4.0;

/// Makes up for what f64 rounds of an error bound in a step.
const ROUNDED_BOUND: f64 = 1.0 + power_of_two(-48);

/// Nearer to 2 than this |z| is held against it in all places.
const EDGE: f64 = power_of_two(-40);

/// An escaping z that is no farther off is good for a smooth count.
const SMALL: f64 = power_of_two(-20);

/// Those samples of a rectangle of the Mandelbrot set that are iterated so.
pub(super) struct Alone<'a> {
    exact: &'a Exact,
    offsets: &'a Offsets,
    limit: u64,
    rect: Rect,
}

impl<'a> Alone<'a> {
    pub(super) fn new(samples: &Samples<'a>, rect: Rect) -> Self {
        let Samples {
            exact,
            offsets,
            limit,
            ..
        } = *samples;
        Alone {
            exact,
            offsets,
            limit,
            rect,
        }
    }

    /// Draws samples of a field again.
    pub(super) fn draw(
        &self,
        mut samples: Vec<u32>,
        field: &mut Field,
        cancel: &AtomicBool,
    ) -> Result<(), Cancelled> {
        samples.sort_unstable();
        samples.dedup();
        field.forget(&samples);
        let mut escaping = Escaping::new();
        for sample in samples {
            // A short walk does not look.
            if cancel.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
            let end = self.walk(sample, cancel)?;
            if !end.has_escaped {
                continue;
            }
            // An escape that f64 does not see is counted beforehand.
            field.counts[sample as usize] = end.n;
            let [re, im] = self.c(sample, end.bits).to_f64(end.bits);
            let [x, y] = end.z;
            let orbit = [x, y, re, im, f64::from(sample), end.n as f64, 0.0];
            escaping.push(1, orbit.map(Scalar));
            finish::<Scalar, Quadratic>(&mut escaping, self.limit, field);
        }
        Ok(())
    }

    fn c(&self, sample: u32, bits: usize) -> FixedPoint {
        self.exact.point(self.offsets, self.rect, sample, bits)
    }

    /// Where a sample's orbit ends.
    fn walk(&self, sample: u32, cancel: &AtomicBool) -> Result<Walked, Cancelled> {
        let pitch = (-self.offsets.exponent).max(0) as usize;
        let [tries @ .., last] = GUARDS.map(|guard| pitch + guard);
        for bits in tries {
            let walked = self.walk_in(bits, sample, Walked::while_sure(bits), cancel)?;
            if walked.is_proven() {
                return Ok(walked);
            }
        }
        // This answer stands, whatever it is worth.
        self.walk_in(last, sample, Walked::to_the_end(last), cancel)
    }

    fn walk_in(
        &self,
        bits: usize,
        sample: u32,
        mut walked: Walked,
        cancel: &AtomicBool,
    ) -> Result<Walked, Cancelled> {
        let walk = Walk {
            iteration: &Iteration::Mandelbrot,
            start: None,
            first: 0,
            c: &self.c(sample, bits),
            bits,
            limit: self.limit,
            radius: Extended::default(),
            keeps_low: false,
        };
        walk.show(&mut walked, cancel)?;
        Ok(walked)
    }
}

/// How far an orbit has come, and how sure that is.
struct Walked {
    /// Binary places.
    bits: usize,
    /// An ulp, as the product of two f64: it may be below the least of them.
    ulp: [f64; 2],
    /// Whether it goes on where it is not sure.
    goes_on: bool,
    /// No zₖ so far may have been on the other side of |z| = 2.
    is_sure: bool,
    /// How far off the next z is at most, in ulps.
    next_error: f64,
    /// How far off the last one is.
    error: f64,
    z: [f64; 2],
    n: u64,
    has_escaped: bool,
}

impl Walked {
    /// No steps yet.
    fn to_the_end(bits: usize) -> Walked {
        let half = (bits / 2) as i64;
        Walked {
            bits,
            ulp: [half, bits as i64 - half].map(|places| power_of_two(-places)),
            goes_on: true,
            is_sure: true,
            next_error: ROUNDED,
            error: 0.0,
            z: [0.0; 2],
            n: 0,
            has_escaped: false,
        }
    }

    /// No steps yet, and none that are worth nothing.
    fn while_sure(bits: usize) -> Walked {
        Walked {
            goes_on: false,
            ..Walked::to_the_end(bits)
        }
    }

    fn is_proven(&self) -> bool {
        self.is_sure && (!self.has_escaped || self.error < SMALL)
    }
}

impl Visit for Walked {
    #[inline(always)]
    fn visit(&mut self, n: u64, z: &impl Point) -> ControlFlow<()> {
        let [x, y] = z.to_f64();
        let size = (x * x + y * y).sqrt();
        // Once it is infinite it stays so.
        let error = self.next_error * self.ulp[0] * self.ulp[1];
        self.next_error = ((2.0 * size + error) * self.next_error + ROUNDED) * ROUNDED_BOUND;
        let mut beyond = size - 2.0;
        let mut is_outside = beyond > 0.0;
        if beyond.abs() < EDGE {
            (beyond, is_outside) = exactly_beyond(z);
        }
        // Twice, for what f64 rounds of both.
        self.is_sure &= beyond.abs() > 2.0 * error;
        if is_outside || !(self.is_sure || self.goes_on) {
            (self.z, self.n, self.error) = ([x, y], n, error);
            self.has_escaped = is_outside;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// |z| - 2 of a z near that circle, and whether it is outside.
#[cold]
fn exactly_beyond(z: &impl Point) -> (f64, bool) {
    let (FixedPoint { re, im }, places) = z.exact();
    let excess = IBig::from(re.sqr()) + IBig::from(im.sqr()) - (IBig::ONE << (2 * places + 2));
    let is_outside = excess > IBig::ZERO;
    let im = IBig::ZERO;
    // (|z| - 2) (|z| + 2)
    let [excess, _] = FixedPoint { re: excess, im }.to_f64(2 * places);
    (excess * 0.25, is_outside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Backend, Channels, Plan, Quality, Renderer, Sequential, View};

    fn view(re: &str, im: &str, zoom: &str, limit: u64) -> View {
        View {
            width: 9,
            height: 7,
            quality: Quality::Exact,
            ..View::small(re, im, zoom, limit)
        }
    }

    fn renderer(view: &View) -> Renderer {
        let plan = Plan::new(view).unwrap();
        plan.prepare(&Sequential, &AtomicBool::new(false)).unwrap()
    }

    /// So many columns to the right of -2.
    fn beside_the_tip(columns: i32, limit: u64) -> (Walked, i64) {
        let view = view("-2", "0", "1e18", limit);
        let middle = view.width * (view.height / 2) + view.width / 2;
        let sample = middle.wrapping_add_signed(columns);
        let renderer = renderer(&view);
        let samples = renderer.samples().unwrap();
        let alone = Alone::new(&samples, view.whole());
        let walked = alone.walk(sample, &AtomicBool::new(false)).unwrap();
        let guard = walked.bits as i64 + samples.offsets.exponent;
        (walked, guard)
    }

    /// Beside -2 an orbit stays on the needle for ever, and amplifies what it begins with by 4 in each of the first steps and by 2 later.
    #[test]
    fn as_many_places_are_taken_as_an_orbit_asks_for() {
        for (limit, expected, is_proven) in [
            (60, 252, true),
            (400, 508, true),
            (900, 1020, true),
            (6000, 1020, false),
        ] {
            let (walked, guard) = beside_the_tip(1, limit);
            assert_eq!(
                (guard, walked.is_proven()),
                (expected, is_proven),
                "{limit}"
            );
            assert!(!(is_proven && walked.has_escaped), "{limit}");
        }
    }

    /// f64 does not tell.
    #[test]
    fn a_point_is_outside_if_it_is_by_less_than_an_ulp_of_f64() {
        let [left, right] = [-1, 1].map(|columns| {
            let (walked, _) = beside_the_tip(columns, 9);
            (walked.has_escaped, walked.n, walked.is_proven())
        });
        assert_eq!(left, (true, 1, true));
        assert_eq!(right, (false, 0, true));
    }

    /// Among filaments, and with samples that do not escape.
    fn seahorse() -> View {
        let (re, im) = (
            "-0.743643887037158704752191506114774",
            "0.131825904205311970493132056385139",
        );
        View {
            rotation: 33.3,
            ..view(re, im, "1e18", 8058)
        }
    }

    #[test]
    fn alone_samples_count_as_they_do_along_a_reference() {
        let (view, never) = (seahorse(), AtomicBool::new(false));
        let renderer = renderer(&view);
        let expected = renderer.field(view.whole(), &never).unwrap();
        let escaped = expected.counts.iter().filter(|&&count| count > 0).count();
        assert!((10..60).contains(&escaped), "{escaped}");
        let mut found = Field::interior(9, 7, Channels::default());
        let all = (0..expected.counts.len() as u32).collect();
        let alone = Alone::new(&renderer.samples().unwrap(), view.whole());
        alone.draw(all, &mut found, &never).unwrap();
        assert_eq!(found.counts, expected.counts);
        for (found, expected) in found.smooth.iter().zip(&expected.smooth) {
            assert!(found == expected || (found - expected).abs() < 1e-4);
        }
    }

    /// As if all samples were lost.
    #[test]
    fn their_counts_are_the_same_however_they_are_asked_for() {
        let (view, never) = (seahorse(), AtomicBool::new(false));
        let renderer = renderer(&view);
        let field = |backend, rect, derivative| {
            let samples = Samples {
                most_loss: -1.0,
                walks_alone: true,
                channels: Channels {
                    derivative,
                    cycles: false,
                },
                ..renderer.samples().unwrap()
            };
            crate::perturbation::field(backend, samples, None, rect, &never).unwrap()
        };
        let all = field(Backend::Scalar, view.whole(), false);
        for backend in Backend::available() {
            assert_eq!(field(backend, view.whole(), false), all, "{backend:?}");
            let with = field(backend, view.whole(), true);
            assert_eq!((&with.counts, &with.smooth), (&all.counts, &all.smooth));
            for (count, distance) in with.counts.iter().zip(&with.distance) {
                assert!(*count > 0 || *distance == 0.0);
            }
        }
        for (row, counts) in all.counts.chunks(view.width as usize).enumerate() {
            let rect = Rect {
                y: row as u32,
                h: 1,
                ..view.whole()
            };
            assert_eq!(field(Backend::detect(), rect, false).counts, counts);
        }
    }

    #[test]
    fn they_end_when_they_are_cancelled() {
        let view = view("-2", "0", "1e18", 1 << 40);
        let renderer = renderer(&View {
            limit: 1000,
            ..view.clone()
        });
        let samples = Samples {
            limit: view.limit,
            ..renderer.samples().unwrap()
        };
        let middle = view.width * (view.height / 2) + view.width / 2;
        let alone = Alone::new(&samples, view.whole());
        let raised = AtomicBool::new(true);
        assert!(alone.walk(middle + 1, &raised).is_err());
        let mut field = Field::interior(9, 7, Channels::default());
        let cancelled = alone.draw(vec![middle + 1], &mut field, &raised);
        assert_eq!(cancelled, Err(Cancelled));
    }
}
