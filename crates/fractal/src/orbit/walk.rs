//! Which points has an orbit, and where does it end?

use std::sync::atomic::{AtomicBool, Ordering};

use dashu_int::UBig;

use super::bilinear::SECTION;
use super::derivative::Derivative;
use super::excess::above_four;
use super::map::{Map, WHOLE_OF_POWERS, WHOLE_OF_SQUARES, whole_bits};
use super::points::{End, Points, TinyPoint};
#[cfg(target_arch = "x86_64")]
use super::real::Digits;
use super::real::{Big, Fixed, Layout, Long, Real};
use super::{FixedPoint, Fork, OrbitProgress, Sequential};
use crate::extended::{Extended, ExtendedComplex, power_of_two};
use crate::field::Cancelled;
use crate::step::Iteration;

/// Below this a point's size is kept with an exponent of its own.
pub(crate) const TINY_EXPONENT: i64 = -200;

/// |Z|² this near to 4, in f64, is held against it in all digits. Rounding moves it by less than 2^-49.
const EDGE: f64 = power_of_two(-30);

const TINY: f64 = f64::from_bits(((1023 + TINY_EXPONENT) as u64) << 52);

/// An orbit to be computed.
#[derive(Clone, Debug)]
pub(crate) struct Walk<'a> {
    /// The formula. A Julia set's seed is `c`.
    pub(crate) iteration: &'a Iteration,
    /// The point that it begins with; `None` is 0, the critical point.
    pub(crate) start: Option<&'a FixedPoint>,
    /// The index of that point: above 0 where an orbit goes on.
    pub(crate) first: usize,
    pub(crate) c: &'a FixedPoint,
    /// Binary places of `start`, of `c` and of the arithmetic.
    pub(crate) bits: usize,
    /// The most steps.
    pub(crate) limit: u64,
    /// The radius around `c` within which a nucleus ends the orbit; zero: none does.
    pub(crate) radius: Extended,
    /// Whether what rounding leaves over of the points is kept too.
    pub(crate) keeps_low: bool,
}

/// What becomes of an orbit's points as it goes on.
pub(crate) trait Keep {
    /// Up to how many points are kept together.
    fn most(&self) -> usize {
        usize::MAX
    }

    /// Every [`SECTION`] steps the point there, in all its digits, of which `places` are binary places.
    fn waypoint(&mut self, _point: &dyn Fn() -> FixedPoint, _places: usize) {}

    /// Takes some sections, in order, because there would be too many points.
    ///
    /// # Errors
    /// [`Cancelled`].
    fn pour(&mut self, _sections: &Points) -> Result<(), Cancelled> {
        Ok(())
    }
}

/// All of them are kept.
pub(crate) struct All;

impl Keep for All {}

/// A step of so many words takes about this part of what a look at `cancel` should wait for: 100 µs, where the product of two
/// words takes two nanoseconds.
const PRODUCTS_BETWEEN_LOOKS: usize = 40_000;

/// Words from which dashu's better algorithms outweigh that it cannot compute half a square: at 16 kbit it is 1.6 times slower,
/// at 75 kbit 1.1 times faster.
const LONGEST: usize = 1000;

impl Walk<'_> {
    /// Iterates to the end. Answers all points, or the last section's if the others were poured.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub(crate) fn run(
        &self,
        keep: &mut dyn Keep,
        fork: &dyn Fork,
        progress: &OrbitProgress,
        cancel: &AtomicBool,
    ) -> Result<Points, Cancelled> {
        let steps = Steps::new(self, fork, progress, cancel);
        if self.starts_outside() {
            return steps.follow_long::<Big>(keep); // one step, but of any size
        }
        in_suitable_numbers(self.iteration, self.bits, (&steps, keep))
    }

    /// Whether Z₀ or c is so far out that Z₁, or Z₀ itself, has no room in [`Layout::whole`] bits. Z₁ then ends the orbit.
    fn starts_outside(&self) -> bool {
        let outside = |point: &FixedPoint| {
            let square = point.re.sqr() + point.im.sqr();
            square > (UBig::ONE << (2 * self.bits + 2))
        };
        outside(self.c) || self.start.is_some_and(outside)
    }
}

/// What an orbit is followed for, whatever numbers it is walked in.
pub(super) trait Follow: Sized {
    type Answer;

    /// In numbers of a few words, whose squares are done before a thread wakes.
    fn short<R: Real>(self, layout: Layout) -> Self::Answer {
        self.long::<R>(layout)
    }

    fn long<R: Real>(self, layout: Layout) -> Self::Answer;
}

/// Follows an orbit whose Z₀ and c are not outside, in numbers of at least `bits` places.
pub(super) fn in_suitable_numbers<F: Follow>(
    iteration: &Iteration,
    bits: usize,
    follow: F,
) -> F::Answer {
    match whole_bits(iteration) {
        WHOLE_OF_SQUARES => choose::<F, WHOLE_OF_SQUARES>(bits, follow),
        _ => choose::<F, WHOLE_OF_POWERS>(bits, follow),
    }
}

/// No view that needs an orbit does with fewer.
const FEWEST_WORDS: usize = 3;

/// The one point at which an orbit meets its numbers.
fn choose<F: Follow, const WHOLE: u32>(bits: usize, follow: F) -> F::Answer {
    let words = (bits + WHOLE as usize).div_ceil(64).max(FEWEST_WORDS);
    let (short, long) = (
        Layout::of_words(words, WHOLE),
        Layout::of_digits(bits, WHOLE),
    );
    match words {
        FEWEST_WORDS => follow.short::<Fixed<3, WHOLE>>(short),
        4 => follow.short::<Fixed<4, WHOLE>>(short),
        5 => follow.short::<Fixed<5, WHOLE>>(short),
        6 => follow.short::<Fixed<6, WHOLE>>(short),
        7 => follow.short::<Fixed<7, WHOLE>>(short),
        8 => follow.short::<Fixed<8, WHOLE>>(short),
        9 => follow.short::<Fixed<9, WHOLE>>(short),
        #[cfg(target_arch = "x86_64")]
        ..=Digits::LONGEST_WORDS if Digits::is_available() => follow.long::<Digits>(long),
        ..LONGEST => follow.long::<Long>(long),
        _ => follow.long::<Big>(long),
    }
}

/// A walk under way.
pub(super) struct Steps<'a> {
    walk: &'a Walk<'a>,
    fork: &'a dyn Fork,
    progress: &'a OrbitProgress,
    cancel: &'a AtomicBool,
}

impl<'a> Steps<'a> {
    pub(super) fn new(
        walk: &'a Walk<'a>,
        fork: &'a dyn Fork,
        progress: &'a OrbitProgress,
        cancel: &'a AtomicBool,
    ) -> Self {
        Steps {
            walk,
            fork,
            progress,
            cancel,
        }
    }

    pub(super) fn follow_long<R: Real>(&self, keep: &mut dyn Keep) -> Result<Points, Cancelled> {
        let whole = whole_bits(self.walk.iteration);
        self.follow_in::<R>(keep, Layout::of_digits(self.walk.bits, whole))
    }

    fn follow_in<R: Real>(&self, keep: &mut dyn Keep, layout: Layout) -> Result<Points, Cancelled> {
        let Walk {
            iteration, radius, ..
        } = *self.walk;
        match iteration {
            _ if radius.mantissa == 0.0 => self.follow::<R, 1>(keep, layout, None),
            Iteration::Julia { .. } => self.follow::<R, 1>(keep, layout, None), // its points do not depend on where in the picture c is
            Iteration::BurningShip | Iteration::Tricorn => {
                self.follow::<R, 2>(keep, layout, Some(Derivative::new(iteration, radius)))
            }
            Iteration::Mandelbrot | Iteration::Multibrot(_) => {
                self.follow::<R, 1>(keep, layout, Some(Derivative::new(iteration, radius)))
            }
        }
    }

    fn follow<R: Real, const COLUMNS: usize>(
        &self,
        keep: &mut dyn Keep,
        layout: Layout,
        mut derivative: Option<Derivative<COLUMNS>>,
    ) -> Result<Points, Cancelled> {
        let mut map = Map::<R>::new(self.walk, layout);
        let between_looks = steps_between_looks(layout);
        let signs_matter = *self.walk.iteration == Iteration::BurningShip;
        let mut points = Points::from(self.walk.first);
        for n in 0..=self.walk.limit {
            let z = [map.z[0].to_f64(), map.z[1].to_f64()];
            points.z.push(z);
            if self.walk.keeps_low {
                points.low.push([map.z[0].low_f64(), map.z[1].low_f64()]);
            }
            let [x, y] = z.map(f64::abs);
            let size = if signs_matter { x.min(y) } else { x.max(y) };
            if size < TINY {
                points.tiny.extend(self.tiny_point(points.last(), &map.z));
            }
            let exact =
                || ExtendedComplex::from_parts(map.z[0].to_extended(), map.z[1].to_extended());
            let square = z[0] * z[0] + z[1] * z[1];
            if n > 0 && square >= 4.0 - EDGE && points.is_outside(square, &map.z, layout) {
                points.end = End::Escaped;
                break;
            }
            if let Some(derivative) = &mut derivative {
                if n > 0 && derivative.is_near(z, exact) {
                    points.end = End::Period;
                    break;
                }
                derivative.step(z, exact);
            }
            if n % SECTION as u64 == 0 {
                let point = || FixedPoint {
                    re: map.z[0].value(),
                    im: map.z[1].value(),
                };
                keep.waypoint(&point, layout.places);
                if n > 0 && n < self.walk.limit && points.z.len() > keep.most() {
                    keep.pour(&points.take())?;
                }
            }
            if n % between_looks == 0 {
                self.progress.set(n);
                if self.cancel.load(Ordering::Relaxed) {
                    return Err(Cancelled);
                }
            }
            if n < self.walk.limit {
                map.step(self.fork);
            }
        }
        self.progress.set((points.last() - self.walk.first) as u64);
        points.z.shrink_to_fit();
        points.low.shrink_to_fit();
        Ok(points)
    }

    #[cold]
    fn tiny_point<R: Real>(&self, index: usize, z: &[R; 2]) -> Option<TinyPoint> {
        let [re, im] = [z[0].to_extended(), z[1].to_extended()];
        let parts = [re, im].into_iter().filter(|part| part.mantissa != 0.0);
        let exponents = parts.map(|part| part.exponent);
        let size = match self.walk.iteration {
            Iteration::BurningShip => exponents.min()?,
            _ => exponents.max()?,
        };
        let [re_low, im_low] = match self.walk.keeps_low {
            true => [z[0].low_extended(), z[1].low_extended()],
            false => [Extended::default(); 2],
        };
        (size < TINY_EXPONENT).then_some(TinyPoint {
            index,
            re,
            im,
            re_low,
            im_low,
        })
    }
}

impl Points {
    /// Whether the last point, whose |Z|² is about `square`, is outside. Keeps by how much where that is little.
    #[cold]
    fn is_outside<R: Real>(&mut self, square: f64, z: &[R; 2], layout: Layout) -> bool {
        if square > 4.0 + EDGE {
            return true;
        }
        let excess = above_four(z.each_ref().map(Real::value), layout.places);
        self.edge.push((self.last(), excess));
        excess.mantissa > 0.0
    }
}

impl Follow for (&Steps<'_>, &mut dyn Keep) {
    type Answer = Result<Points, Cancelled>;

    fn short<R: Real>(self, layout: Layout) -> Self::Answer {
        let (steps, keep) = self;
        let here = Steps {
            fork: &Sequential,
            ..*steps
        };
        here.follow_in::<R>(keep, layout)
    }

    fn long<R: Real>(self, layout: Layout) -> Self::Answer {
        let (steps, keep) = self;
        steps.follow_in::<R>(keep, layout)
    }
}

/// A power of two, so that n % it is cheap.
pub(super) fn steps_between_looks(layout: Layout) -> u64 {
    let steps = PRODUCTS_BETWEEN_LOOKS / layout.words().pow(2);
    steps.clamp(1, 4096).next_power_of_two() as u64
}
