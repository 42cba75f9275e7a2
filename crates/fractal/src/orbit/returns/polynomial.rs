//! How is a polynomial with complex coefficients evaluated fastest, one argument at a time? Eight terms side by side.

/// Terms of a polynomial. Radii are chosen so that those left out do not count.
pub(super) const TERMS: usize = 32;

/// Terms side by side: whatever the backend's vectors hold, so that all sum up in the same order.
const ABREAST: usize = 8;

/// Coefficients, by ascending powers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) re: [f64; TERMS],
    pub(super) im: [f64; TERMS],
}

/// f^`steps` on a disc.
#[derive(Clone, Debug)]
pub(super) struct Map {
    pub(super) steps: u64,
    /// Coefficients of z's powers, each of them a polynomial in c: these are by ascending powers of c.
    by_c: Box<[Terms]>,
}

/// The product of two complex numbers.
#[inline(always)]
pub(super) fn product(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [
        a[0].mul_add(b[0], -(a[1] * b[1])),
        a[0].mul_add(b[1], a[1] * b[0]),
    ]
}

impl Terms {
    pub(super) const ZERO: Terms = Terms {
        re: [0.0; TERMS],
        im: [0.0; TERMS],
    };

    /// The value at x, of which no more than |x| = 1 is asked.
    #[inline(always)]
    pub(super) fn at(&self, x: [f64; 2]) -> [f64; 2] {
        let mut powers = [[1.0, 0.0]; ABREAST];
        powers[1] = x;
        powers[2] = product(x, x);
        powers[3] = product(powers[2], x);
        powers[4] = product(powers[2], powers[2]);
        for k in 1..ABREAST / 2 {
            powers[ABREAST / 2 + k] = product(powers[ABREAST / 2], powers[k]);
        }
        let step = product(powers[ABREAST / 2], powers[ABREAST / 2]);
        let (mut re, mut im) = ([0.0; ABREAST], [0.0; ABREAST]);
        let last = TERMS - ABREAST;
        re.copy_from_slice(&self.re[last..]);
        im.copy_from_slice(&self.im[last..]);
        for first in (0..last).step_by(ABREAST).rev() {
            for k in 0..ABREAST {
                let (x, y) = (re[k], im[k]);
                re[k] = x.mul_add(step[0], (-y).mul_add(step[1], self.re[first + k]));
                im[k] = x.mul_add(step[1], y.mul_add(step[0], self.im[first + k]));
            }
        }
        for k in 0..ABREAST {
            let (x, y) = (re[k], im[k]);
            re[k] = x.mul_add(powers[k][0], -(y * powers[k][1]));
            im[k] = x.mul_add(powers[k][1], y * powers[k][0]);
        }
        [sum(&re), sum(&im)]
    }

    /// The polynomial's derivative.
    #[inline(always)]
    pub(super) fn derivative(&self) -> Terms {
        let mut terms = Terms::ZERO;
        for k in 1..TERMS {
            terms.re[k - 1] = self.re[k] * k as f64;
            terms.im[k - 1] = self.im[k] * k as f64;
        }
        terms
    }

    /// The product with c, and `factor` times `more`.
    #[inline(always)]
    fn times_and(&mut self, c: [f64; 2], factor: f64, more: &Terms) {
        for k in 0..TERMS {
            let (x, y) = (self.re[k], self.im[k]);
            let (re, im) = (factor * more.re[k], factor * more.im[k]);
            self.re[k] = x.mul_add(c[0], (-y).mul_add(c[1], re));
            self.im[k] = x.mul_add(c[1], y.mul_add(c[0], im));
        }
    }
}

#[inline(always)]
fn sum(of: &[f64; ABREAST]) -> f64 {
    ((of[0] + of[4]) + (of[2] + of[6])) + ((of[1] + of[5]) + (of[3] + of[7]))
}

impl Map {
    /// `by_c` without its last powers of c, as far as no coefficient there is above `least`.
    pub(super) fn new(steps: u64, mut by_c: Vec<Terms>, least: f64) -> Map {
        let counts = |terms: &Terms| {
            let parts = terms.re.iter().chain(&terms.im);
            parts.into_iter().any(|part| part.abs() > least)
        };
        while by_c.len() > 1 && by_c.last().is_some_and(|terms| !counts(terms)) {
            by_c.pop();
        }
        Map {
            steps,
            by_c: by_c.into_boxed_slice(),
        }
    }

    /// The polynomial in z that it is for one c.
    #[inline(always)]
    pub(super) fn of(&self, c: [f64; 2]) -> Terms {
        let mut terms = Terms::ZERO;
        for power in (0..self.by_c.len()).rev() {
            terms.times_and(c, 1.0, &self.by_c[power]);
        }
        terms
    }

    /// Its derivative by c, at one c.
    #[inline(always)]
    pub(super) fn by_c(&self, c: [f64; 2]) -> Terms {
        let mut terms = Terms::ZERO;
        for power in (1..self.by_c.len()).rev() {
            terms.times_and(c, power as f64, &self.by_c[power]);
        }
        terms
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.by_c)
    }

    /// As [`Map::bytes`], with so many powers of c.
    pub(super) const fn bytes_of(powers_of_c: usize) -> usize {
        powers_of_c * size_of::<Terms>()
    }
}
