//! The truth: z by a plain loop in arbitrary precision, and its whole Jacobian matrix beside it, whatever the formula.

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;
use dashu_int::IBig;
use fractal::Formula;

type Real = FBig<HalfEven>;

/// Bits of the derivative, whose rounding nothing amplifies.
const PRECISION: usize = 100;

/// |z|² past which orbits are not followed.
const BAILOUT_BITS: usize = 32;

/// Turns after which an orbit whose multiplier is at most 0.7 has come to within 10^-12 of its cycle.
const TURNS: u32 = 80;

/// A picture of square pixels around a point, without rotation.
pub(crate) struct Picture<'a> {
    pub(crate) formula: &'a Formula,
    pub(crate) re: &'a str,
    pub(crate) im: &'a str,
    pub(crate) zoom: &'a str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) limit: u64,
    /// Binary places of the arithmetic.
    pub(crate) places: usize,
}

/// What is true of a pixel.
pub(crate) struct Truth {
    pub(crate) count: u64,
    pub(crate) distance: f64,
    pub(crate) normal: [f64; 2],
}

/// numerator / denominator of a decimal text.
fn rational(text: &str) -> (IBig, IBig) {
    let (significand, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = significand.split_once('.').unwrap_or((significand, ""));
    let numerator: IBig = format!("{whole}{fraction}").parse().unwrap();
    let power = exponent.parse::<i64>().unwrap() - fraction.len() as i64;
    let ten = IBig::from(10).pow(power.unsigned_abs() as usize);
    if power < 0 {
        (numerator, ten)
    } else {
        (numerator * ten, IBig::ONE)
    }
}

impl Picture<'_> {
    fn half_pixels(&self, halves: i64) -> IBig {
        // Half a pitch is 2 / (zoom · rows).
        let (numerator, denominator) = rational(self.zoom);
        let divisor = numerator * IBig::from(self.height);
        ((IBig::from(2 * halves) * denominator) << self.places) / divisor
    }

    fn fixed(&self, text: &str) -> IBig {
        let (numerator, denominator) = rational(text);
        (numerator << self.places) / denominator
    }

    fn point(&self, column: u32, row: u32) -> [IBig; 2] {
        let right = 2 * i64::from(column) + 1 - i64::from(self.width);
        let up = i64::from(self.height) - 2 * i64::from(row) - 1;
        [
            self.fixed(self.re) + self.half_pixels(right),
            self.fixed(self.im) + self.half_pixels(up),
        ]
    }

    fn real(&self, value: &IBig) -> Real {
        Real::from_parts(value.clone(), -(self.places as isize))
            .with_precision(PRECISION)
            .value()
    }

    /// The multiplier of the cycle of `period` points that attracts a pixel of a holomorphic formula, along the orbit of 0 itself, once
    /// that has come near the cycle.
    ///
    /// # Panics
    /// If it does not come to a cycle of that period, or to a shorter one.
    pub(crate) fn cycle(&self, column: u32, row: u32, period: u32) -> [f64; 2] {
        let c = self.point(column, row);
        let mut z = c.clone();
        // Among its points that one is nearest to 0, and farthest from the others for its size.
        for _ in 1..period * TURNS {
            z = self.step(&z, &c);
        }
        let modulus = |[x, y]: &[IBig; 2]| {
            let [x, y] = [self.real(x), self.real(y)];
            &x * &x + &y * &y
        };
        let apart = |one: &[IBig; 2], other: &[IBig; 2]| {
            modulus(&[&one[0] - &other[0], &one[1] - &other[1]]) / modulus(other)
        };
        let tiny = Real::from_parts(IBig::ONE, -40);
        let one = Real::from(1).with_precision(PRECISION).value();
        let (begin, mut product) = (z.clone(), [one, Real::from(0)]);
        for n in 1..=period {
            let [a, b] = product;
            let [re, _, im, _] = self.derivative([self.real(&z[0]), self.real(&z[1])]);
            product = [&re * &a - &im * &b, &re * &b + &im * &a];
            z = self.step(&z, &c);
            let has_returned = apart(&z, &begin) < tiny;
            let may = period.is_multiple_of(n);
            assert!(!may || has_returned == (n == period), "{n} of {period}");
        }
        product.map(|part| part.to_f64().value())
    }

    /// Of a pixel that escapes; `None` where it does not.
    pub(crate) fn truth(&self, column: u32, row: u32) -> Option<Truth> {
        let places = self.places;
        let fixed = |text: &str| self.fixed(text);
        let mut z = self.point(column, row);
        let real = |value: &IBig| self.real(value);
        let pixel = real(&self.half_pixels(2));
        let zero = Real::from(0);
        let identity = [pixel.clone(), zero.clone(), zero, pixel];
        let (c, added) = match self.formula {
            Formula::Julia { seed_re, seed_im } => {
                let c = [seed_re, seed_im].map(|part| fixed(&part.to_string()));
                (c, None)
            }
            _ => (z.clone(), Some(identity.clone())),
        };
        let mut jacobian = identity;
        let four = IBig::from(4) << (2 * places);
        let bailout = IBig::ONE << (BAILOUT_BITS + 2 * places);
        let mut count = 0;
        for n in 1..self.limit + 100 {
            let [x, y] = &z;
            let norm = x * x + y * y;
            if norm > four && count == 0 {
                count = n;
            }
            if count > self.limit {
                return None;
            }
            if norm > bailout {
                let [x, y] = [real(x), real(y)];
                let [a, b, c, d] = jacobian;
                let gradient = [a * &x + c * &y, b * &x + d * &y];
                // Both over |z|², so that they are numbers that f64 holds.
                let norm = &x * &x + &y * &y;
                let [right, up] = gradient.map(|part| (part / &norm).to_f64().value());
                let length = right.hypot(up);
                return Some(Truth {
                    count,
                    distance: norm.to_f64().value().ln() / length,
                    normal: [right / length, up / length],
                });
            }
            let derivative = self.derivative([real(x), real(y)]);
            jacobian = product(&derivative, &jacobian);
            if let Some(added) = &added {
                for (entry, more) in jacobian.iter_mut().zip(added) {
                    *entry += more;
                }
            }
            z = self.step(&z, &c);
        }
        None
    }

    fn power(&self) -> u32 {
        match self.formula {
            Formula::Multibrot { power } => *power,
            _ => 2,
        }
    }

    fn step(&self, [x, y]: &[IBig; 2], c: &[IBig; 2]) -> [IBig; 2] {
        let product = |a: &IBig, b: &IBig| (a * b) >> self.places;
        let (mut re, mut im) = (product(x, x) - product(y, y), product(x, y) << 1);
        for _ in 2..self.power() {
            (re, im) = (
                product(&re, x) - product(&im, y),
                product(&re, y) + product(&im, x),
            );
        }
        let folds = match self.formula {
            Formula::BurningShip => im < IBig::ZERO,
            Formula::Tricorn => true,
            _ => false,
        };
        if folds {
            im = -im;
        }
        [re + &c[0], im + &c[1]]
    }

    /// The matrix of a step, row by row.
    fn derivative(&self, [x, y]: [Real; 2]) -> [Real; 4] {
        let zero = Real::from(0);
        let one = Real::from(1).with_precision(PRECISION).value();
        let (mut re, mut im) = (one, zero.clone());
        for _ in 1..self.power() {
            (re, im) = (&re * &x - &im * &y, &re * &y + &im * &x);
        }
        let power = Real::from(self.power());
        let (re, im) = (re * &power, im * &power);
        let flips = match self.formula {
            Formula::BurningShip => &x * &y < zero,
            Formula::Tricorn => true,
            _ => false,
        };
        if flips {
            [re.clone(), -im.clone(), -im, -re]
        } else {
            [re.clone(), -im.clone(), im, re]
        }
    }
}

fn product([a, b, c, d]: &[Real; 4], [e, f, g, h]: &[Real; 4]) -> [Real; 4] {
    [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h]
}
