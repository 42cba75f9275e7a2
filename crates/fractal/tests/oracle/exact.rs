//! The truth: a plain loop in arbitrary precision, from the decimal text to the count.
//!
//! Fixed point. It shares no code with the crate, takes no shortcut, and knows no tiers.

use dashu_int::IBig;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Map {
    Power(u32),
    BurningShip,
    Tricorn,
}

/// A sequence z → f(z) + c in numbers of so many binary places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exact {
    pub(crate) map: Map,
    pub(crate) places: usize,
}

/// A complex number, both parts times 2^places.
#[derive(Clone, Debug)]
pub(crate) struct Complex {
    pub(crate) re: IBig,
    pub(crate) im: IBig,
}

impl Exact {
    /// The escape count.
    pub(crate) fn count(&self, start: &Complex, c: &Complex, limit: u64) -> u64 {
        let four = self.norm_of_2();
        let mut z = start.clone();
        for n in 1..=limit {
            let (norm, next) = self.norm_and_step(&z, c);
            if norm > four {
                return n;
            }
            z = next;
        }
        0
    }

    /// |z|² times 4^places, and the next z, each part of which is rounded once for every multiplication of the map.
    pub(crate) fn norm_and_step(&self, z: &Complex, c: &Complex) -> (IBig, Complex) {
        let (x, y) = (&z.re, &z.im);
        let (xx, yy) = (square(x), square(y));
        let norm = &xx + &yy;
        let mut re = (xx - yy) >> self.places;
        let mut im = (square(&(x + y)) - &norm) >> self.places;
        match self.map {
            Map::Power(power) => {
                for _ in 2..power {
                    (re, im) = (
                        (&re * x - &im * y) >> self.places,
                        (&re * y + &im * x) >> self.places,
                    );
                }
            }
            Map::BurningShip if im < IBig::ZERO => im = -im,
            Map::BurningShip => {}
            Map::Tricorn => im = -im,
        }
        let next = Complex {
            re: re + &c.re,
            im: im + &c.im,
        };
        (norm, next)
    }

    /// |2|² in the scale of [`Exact::norm_and_step`].
    pub(crate) fn norm_of_2(&self) -> IBig {
        IBig::from(4) << (2 * self.places)
    }

    /// A decimal text.
    pub(crate) fn number(&self, text: &str) -> IBig {
        let (numerator, denominator) = rational(text);
        (numerator << self.places) / denominator
    }

    /// A coordinate of a pixel's centre: the view's centre plus whole half-pixels of 2 / (zoom · height).
    pub(crate) fn coordinate(
        &self,
        centre: &str,
        zoom: &str,
        height: u32,
        half_pixels: i64,
    ) -> IBig {
        let (zoom, zoom_denominator) = rational(zoom);
        let offset = IBig::from(2 * half_pixels) * zoom_denominator;
        self.number(centre) + (offset << self.places) / (zoom * height)
    }
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

fn square(a: &IBig) -> IBig {
    a.sqr().into()
}
