//! How far do all samples of a view go together? For as many steps as one polynomial in their place in the view says where they are.
//!
//! Until a view's image is as large as what bends it, the whole view goes along with its centre, and zₙ is a power series in c whose terms
//! fall off fast (K. I. Martin, "Superfractalthing", 2013). Samples that begin there are far apart: what f64 rounds is a tiny part of what lies
//! between neighbours, however near their points are. So they need no reference until an orbit has spread that part, too. It ends at the latest
//! where the image comes upon 0, as it does around a minibrot.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::extended::power_of_two;
use crate::field::Cancelled;
use crate::perturbation::Samples;
use crate::simd::Vector;
use crate::step::Iteration;

/// Terms that are followed beside the constant one.
const DEGREE: usize = 12;

/// What the terms that are left out may come to: less than f64 rounds of a z near 1.
const TOLERANCE: f64 = power_of_two(-54);

/// From here on there is no way back to that.
const HOPELESS: f64 = power_of_two(-40);

/// Nobody is farther from 0, so that nobody has escaped.
const FARTHEST: f64 = 1.9;

/// Neighbouring samples are so far apart at least, where they begin: then f64 moves one by 2^-28 of that. Where the image
/// comes upon 0 before, jumps along a reference lead farther than steps without one.
const LEAST_DISTANCE: f64 = power_of_two(-25);

/// Pixels beyond the picture's edges that it holds for, too: pieces of a picture may reach as far.
const MARGIN: i64 = 16;

/// So many steps are followed until the first good place, and as many times those to the last one until the next.
const MOST_STEPS: u64 = 1 << 14;
const PATIENCE: u64 = 4;

/// zₙ of all samples of a view.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// n.
    age: u64,
    /// That of the view's centre.
    centre: [f64; 2],
    /// What is to be multiplied by t, t², and so on. |t| ≤ 1 is how far from the centre a sample is, beside the view's radius.
    terms: Vec<[f64; 2]>,
    /// Half the step from a sample to the next in its row, as a t.
    half_step: [f64; 2],
    /// By how many halves of a step no sample may be farther to the right or to the left of the centre, and above or below it.
    reach: [f64; 2],
}

impl Series {
    /// The farthest along the reference; nothing where there is no good place to begin.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub(crate) fn of(samples: &Samples, cancel: &AtomicBool) -> Result<Option<Series>, Cancelled> {
        let Samples { orbit, offsets, .. } = *samples;
        let iteration = orbit.iteration();
        if !iteration.is_holomorphic() || orbit.is_extended() || samples.walks_alone {
            return Ok(None);
        }
        let unit = power_of_two(offsets.exponent);
        let [centre, half_step] = [offsets.centre(), offsets.half_step()];
        let margin = 2 * MARGIN * i64::from(offsets.samples);
        let reach = [offsets.columns, offsets.rows].map(|halves| (halves + margin) as f64);
        let radius = norm(half_step) * libm::hypot(reach[0], reach[1]);
        let half_step = half_step.map(|part| part / radius);
        let nothing = [[0.0; 2]; DEGREE + 1];
        let mut offset = nothing;
        offset[0] = centre.map(|part| part * unit);
        offset[1][0] = radius * unit;
        let is_julia = matches!(iteration, Iteration::Julia { .. });
        let mut followed = Followed {
            power: iteration.degree() as usize,
            offset: if is_julia { nothing } else { offset },
            terms: if is_julia { offset } else { nothing },
            rest: 0.0,
        };
        let (mut best, mut best_distance) = (None, 2.0 * LEAST_DISTANCE);
        let mut section = orbit.first().section(0, cancel)?;
        for index in 0..orbit.first().last() {
            // A Julia set's first point is z₁.
            let age = index as u64 + 1 + u64::from(is_julia);
            let patience = best
                .as_ref()
                .map_or(MOST_STEPS, |best: &Series| PATIENCE * best.age);
            if age > samples.limit.min(patience) {
                break;
            }
            if cancel.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
            if !section.has_step(index) {
                section = orbit.first().section(index, cancel)?;
            }
            let &[z, next] = section.points.z(index, index + 1) else {
                unreachable!("a step has two ends");
            };
            followed.step(z);
            let slope = followed.least_slope();
            if !(followed.largest(next) <= FARTHEST && followed.rest <= HOPELESS && slope > 0.0) {
                break;
            }
            let distance = slope * 2.0 * norm(half_step);
            // The latest of about as good ones.
            if followed.rest <= TOLERANCE && distance >= 0.5 * best_distance {
                best_distance = best_distance.max(distance);
                best = Some(Series {
                    age,
                    centre: [
                        next[0] + followed.terms[0][0],
                        next[1] + followed.terms[0][1],
                    ],
                    terms: followed.terms[1..].to_vec(),
                    half_step,
                    reach,
                });
            }
        }
        Ok(best.map(Series::shortened))
    }

    /// Without the last terms that f64 does not see.
    fn shortened(mut self) -> Series {
        let mut left_out = 0.0;
        while let Some(&term) = self.terms.last() {
            left_out += size(term);
            if left_out > TOLERANCE {
                break;
            }
            self.terms.pop();
        }
        self
    }

    /// The index of z where samples begin.
    pub(crate) fn age(&self) -> u64 {
        self.age
    }

    /// Whether it holds for samples so many halves of a step to the right of the centre.
    pub(crate) fn reaches_along(&self, halves: f64) -> bool {
        halves.abs() <= self.reach[0]
    }

    /// The same of those above it.
    pub(crate) fn reaches_up(&self, halves: f64) -> bool {
        halves.abs() <= self.reach[1]
    }

    /// z of samples so many halves of a step to the right of the centre, and above it.
    #[inline(always)]
    pub(crate) fn at<V: Vector>(&self, along: V, up: V) -> [V; 2] {
        let t = self.place(along, up);
        let mut sum = [V::splat(0.0); 2];
        for &term in self.terms.iter().rev() {
            sum = V::product(sum, t, splat(term));
        }
        V::product(sum, t, splat(self.centre))
    }

    #[inline(always)]
    fn place<V: Vector>(&self, along: V, up: V) -> [V; 2] {
        V::product(splat(self.half_step), [along, up], splat([0.0; 2]))
    }
}

#[inline(always)]
fn splat<V: Vector>([re, im]: [f64; 2]) -> [V; 2] {
    [V::splat(re), V::splat(im)]
}

/// A polynomial in t, the constant term first.
type Polynomial = [[f64; 2]; DEGREE + 1];

/// The difference of all samples from the reference.
struct Followed {
    /// The formula's.
    power: usize,
    /// What every step adds: c's difference.
    offset: Polynomial,
    terms: Polynomial,
    /// No sample is farther from where its terms have it.
    rest: f64,
}

impl Followed {
    /// From Z to the next: (Z + Δ)ᵖ - Zᵖ + the difference of c, by Horner's scheme in Δ.
    fn step(&mut self, z: [f64; 2]) {
        let all: f64 = self.terms.iter().map(|&term| norm(term)).sum();
        let farthest = norm(z) + all + self.rest;
        let slope = self.power as f64 * farthest.powi(self.power as i32 - 1);
        let (mut factor, mut left_out) = (self.terms, 0.0);
        // The binomial coefficients, times powers of Z.
        let (mut coefficient, mut of_z) = (1.0, [1.0, 0.0]);
        for taken in 1..self.power {
            coefficient *= (self.power + 1 - taken) as f64 / taken as f64;
            of_z = times(of_z, z);
            factor[0][0] += coefficient * of_z[0];
            factor[0][1] += coefficient * of_z[1];
            let beyond;
            (factor, beyond) = product(&factor, &self.terms);
            left_out = left_out * all + beyond;
        }
        for (term, offset) in factor.iter_mut().zip(&self.offset) {
            *term = [term[0] + offset[0], term[1] + offset[1]];
        }
        self.terms = factor;
        self.rest = slope * self.rest + left_out;
    }

    /// Nobody is farther from 0, where this is the reference.
    fn largest(&self, z: [f64; 2]) -> f64 {
        norm(z) + self.terms.iter().map(|&term| norm(term)).sum::<f64>() + self.rest
    }

    /// No sample's derivative by t is smaller; 0 where it may vanish, or vary by more than half.
    fn least_slope(&self) -> f64 {
        let slope = norm(self.terms[1]);
        let numbered = self.terms.iter().enumerate().skip(2);
        let varies: f64 = numbered.map(|(k, &term)| k as f64 * norm(term)).sum();
        if varies <= 0.5 * slope {
            slope - varies
        } else {
            0.0
        }
    }
}

/// The product as far as its terms are kept, and no less than the sizes of the others are together.
fn product(one: &Polynomial, other: &Polynomial) -> (Polynomial, f64) {
    let (mut product, mut beyond) = ([[0.0; 2]; DEGREE + 1], 0.0);
    let mut last = 0.0;
    for (i, &a) in one.iter().enumerate() {
        for (j, &b) in other[..=DEGREE - i].iter().enumerate() {
            let [x, y] = times(a, b);
            product[i + j] = [product[i + j][0] + x, product[i + j][1] + y];
        }
        beyond += size(a) * last;
        last += size(other[DEGREE - i]);
    }
    (product, beyond)
}

fn times([a, b]: [f64; 2], [c, d]: [f64; 2]) -> [f64; 2] {
    [a * c - b * d, a * d + b * c]
}

/// No less than the modulus.
fn size([x, y]: [f64; 2]) -> f64 {
    x.abs() + y.abs()
}

fn norm([x, y]: [f64; 2]) -> f64 {
    (x * x + y * y).sqrt()
}

#[cfg(test)]
mod tests {
    use dashu_int::IBig;

    use super::*;
    use crate::orbit::{FixedPoint, Sequential};
    use crate::perturbation::Samples;
    use crate::simd::Scalar;
    use crate::view::{Formula, Quality, Rect, View};
    use crate::{Plan, Renderer};

    const BITS: usize = 256;

    fn renderer(view: &View) -> Renderer {
        let plan = Plan::new(view).unwrap();
        plan.prepare(&Sequential, &AtomicBool::new(false)).unwrap()
    }

    fn series(samples: &Samples) -> Option<Series> {
        Series::of(samples, &AtomicBool::new(false)).unwrap()
    }

    fn seahorse(zoom: &str) -> View {
        let (re, im) = (
            "-0.743643887037158704752191506114774",
            "0.131825904205311970493132056385139",
        );
        View::small(re, im, zoom, 8058)
    }

    fn of(formula: Formula, re: &str, im: &str, zoom: &str) -> View {
        View {
            formula,
            rotation: 33.3,
            samples: 2,
            ..View::small(re, im, zoom, 2000)
        }
    }

    /// z^power + c in fixed point.
    fn step(z: &FixedPoint, c: &FixedPoint, power: u32) -> FixedPoint {
        let (mut re, mut im) = (z.re.clone(), z.im.clone());
        for _ in 1..power {
            let product: IBig = (&re * &z.re - &im * &z.im) >> BITS;
            im = (&re * &z.im + &im * &z.re) >> BITS;
            re = product;
        }
        FixedPoint {
            re: re + &c.re,
            im: im + &c.im,
        }
    }

    #[test]
    fn samples_are_where_their_orbits_come_to() {
        let digits = |text: &str| text.parse().unwrap();
        let (re, im) = ("-0.7436438870371587", "0.1318259042053119");
        let julia = Formula::Julia {
            seed_re: digits(re),
            seed_im: digits(im),
        };
        let cubic = Formula::Multibrot { power: 3 };
        for (view, power) in [
            (seahorse("4e10"), 2),
            (of(Formula::Mandelbrot, re, im, "1e12"), 2),
            (
                of(
                    julia,
                    "-1.484252351896960257",
                    "0.069002953941427235",
                    "1e12",
                ),
                2,
            ),
            (
                of(
                    cubic,
                    "0.282717542347684711",
                    "1.094845646709142335",
                    "1e11",
                ),
                3,
            ),
        ] {
            let renderer = renderer(&view);
            let samples = renderer.samples().unwrap();
            let series = series(&samples).unwrap();
            assert!(series.age() > 20, "{} of {view:?}", series.age());
            // With all of the margin.
            let whole = Rect {
                x: 0,
                y: 0,
                w: view.width + MARGIN as u32,
                h: view.height + MARGIN as u32,
            };
            let last = whole.w * whole.h * view.samples * view.samples - 1;
            for sample in [0, last / 3, last / 2, last] {
                let halves = samples.offsets.halves(whole, sample);
                let [along, up] = halves.map(|halves| halves as f64);
                assert!(series.reaches_along(along) && series.reaches_up(up));
                let [x, y] = series.at(Scalar(along), Scalar(up)).map(|part| part.0);
                let point = samples.exact.point(samples.offsets, whole, sample, BITS);
                let c = match &view.formula {
                    Formula::Julia { seed_re, seed_im } => FixedPoint {
                        re: seed_re.to_fixed_point(BITS),
                        im: seed_im.to_fixed_point(BITS),
                    },
                    _ => point.clone(),
                };
                let mut z = point;
                for _ in 1..series.age() {
                    z = step(&z, &c, power);
                }
                let [re, im] = z.to_f64(BITS);
                let off = libm::hypot(x - re, y - im);
                assert!(off < power_of_two(-50), "{sample}: {off:e} of {view:?}");
            }
        }
    }

    #[test]
    fn there_is_none_where_nothing_is_a_power_series_and_where_f64_would_not_tell_samples_apart() {
        let (re, im) = ("-1.7433380976879299804", "-0.0000165183875107727");
        let ship = of(Formula::BurningShip, re, im, "1e12");
        // It comes upon 0 when it is still tiny.
        let minibrot = View::small(
            "-1.75981713080484791658287605332552723242",
            "-0.01259331079974965731938866685431430276",
            "2.4e26",
            2520,
        );
        for view in [ship, minibrot] {
            let renderer = renderer(&view);
            assert!(series(&renderer.samples().unwrap()).is_none(), "{view:?}");
        }
    }

    /// Views are drawn the same whether their orbit is their own or that of a higher limit.
    #[test]
    fn it_goes_no_farther_than_the_limit() {
        let view = View {
            limit: 700,
            ..seahorse("4e10")
        };
        let longer = renderer(&seahorse("4e10"));
        let samples = Samples {
            limit: view.limit,
            ..longer.samples().unwrap()
        };
        let (of_longer, own) = (series(&samples), renderer(&view));
        let own = series(&own.samples().unwrap());
        assert!(own.as_ref().is_none_or(|series| series.age() <= 700));
        assert_eq!(format!("{own:?}"), format!("{of_longer:?}"));
    }

    /// Most of the way, so that a look costs little.
    #[test]
    fn it_leads_to_where_the_view_bends() {
        let view = View {
            width: 1920,
            height: 1080,
            quality: Quality::Standard,
            ..seahorse("4e10")
        };
        let renderer = renderer(&view);
        let series = series(&renderer.samples().unwrap()).unwrap();
        assert!((960..1068).contains(&series.age()), "{}", series.age());
    }
}
