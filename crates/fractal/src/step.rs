//! How does z become the next z? One step of each formula, over any vector.

use crate::simd::Vector;

/// What a plan iterates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Iteration {
    Mandelbrot,
    /// The power, from 3 to 8.
    Multibrot(u32),
    Julia {
        re: f64,
        im: f64,
    },
    BurningShip,
    Tricorn,
}

impl Iteration {
    /// p, where |f(z)| = |z|^p.
    pub(crate) fn degree(&self) -> u32 {
        match self {
            Iteration::Multibrot(power) => *power,
            _ => 2,
        }
    }

    /// Whether every z is a polynomial in the sample's point.
    pub(crate) fn is_holomorphic(&self) -> bool {
        !matches!(self, Iteration::BurningShip | Iteration::Tricorn)
    }

    /// One for each formula.
    pub(crate) fn number(&self) -> u32 {
        match self {
            Iteration::Mandelbrot => 2,
            Iteration::Multibrot(power) => *power,
            Iteration::Julia { .. } => 10,
            Iteration::BurningShip => 11,
            Iteration::Tricorn => 12,
        }
    }

    pub(crate) fn largest_seed_coordinate(&self) -> Option<f64> {
        match self {
            Iteration::Julia { re, im } => Some(re.abs().max(im.abs())),
            _ => None,
        }
    }
}

/// One step: z ↦ f(z) + c, where |f(z)| = |z|^[`Step::DEGREE`].
pub(crate) trait Step {
    const DEGREE: u32;
    /// How many tangents say what becomes of every small difference: one where f is holomorphic, else two.
    const TANGENTS: usize = 1;

    fn step<V: Vector>(x: V, y: V, cx: V, cy: V) -> (V, V);

    /// f'(z) t + d: what a step makes of a small difference t of z, beside one of c.
    fn tangent<V: Vector>(z: [V; 2], t: [V; 2], d: [V; 2]) -> [V; 2];
}

/// What `$what` is, where `$step` is the [`Step`] of an [`Iteration`]'s formula. A macro, because only the caller knows which types
/// beside the step its loop is compiled for.
macro_rules! with_step {
    ($iteration:expr, $step:ident => $what:expr) => {
        with_step!($iteration, $step => $what,
            $crate::step::Iteration::Mandelbrot | $crate::step::Iteration::Julia { .. } => $crate::step::Quadratic,
            $crate::step::Iteration::BurningShip => $crate::step::BurningShip,
            $crate::step::Iteration::Tricorn => $crate::step::Tricorn,
            $crate::step::Iteration::Multibrot(3) => $crate::step::Power<3>,
            $crate::step::Iteration::Multibrot(4) => $crate::step::Power<4>,
            $crate::step::Iteration::Multibrot(5) => $crate::step::Power<5>,
            $crate::step::Iteration::Multibrot(6) => $crate::step::Power<6>,
            $crate::step::Iteration::Multibrot(7) => $crate::step::Power<7>,
            $crate::step::Iteration::Multibrot(_) => $crate::step::Power<8>,
        )
    };
    ($iteration:expr, $step:ident => $what:expr, $($formula:pat => $its:ty,)+) => {
        match $iteration {
            $($formula => {
                type $step = $its;
                $what
            })+
        }
    };
}
pub(crate) use with_step;

/// z² + c.
pub(crate) struct Quadratic;

/// z^P + c.
pub(crate) struct Power<const P: u32>;

/// (|x| + i|y|)² + c.
pub(crate) struct BurningShip;

/// z̄² + c.
pub(crate) struct Tricorn;

impl Step for Quadratic {
    const DEGREE: u32 = 2;

    #[inline(always)]
    fn step<V: Vector>(x: V, y: V, cx: V, cy: V) -> (V, V) {
        let [re, im] = V::square([x, y], [cx, cy]);
        (re, im)
    }

    #[inline(always)]
    fn tangent<V: Vector>([x, y]: [V; 2], t: [V; 2], d: [V; 2]) -> [V; 2] {
        product([x.add(x), y.add(y)], t, d)
    }
}

impl Step for BurningShip {
    const DEGREE: u32 = 2;
    const TANGENTS: usize = 2;

    #[inline(always)]
    fn step<V: Vector>(x: V, y: V, cx: V, cy: V) -> (V, V) {
        let [re, im] = V::square([x.abs(), y.abs()], [cx, cy]);
        (re, im)
    }

    /// The imaginary part is 2|xy|: that of z², but for its sign.
    #[inline(always)]
    fn tangent<V: Vector>([x, y]: [V; 2], t: [V; 2], d: [V; 2]) -> [V; 2] {
        let zero = V::splat(0.0);
        let [re, im] = product([x.add(x), y.add(y)], t, [zero; 2]);
        let im = V::select(zero.le(x.mul(y)), im, zero.sub(im));
        [re.add(d[0]), im.add(d[1])]
    }
}

impl Step for Tricorn {
    const DEGREE: u32 = 2;
    const TANGENTS: usize = 2;

    #[inline(always)]
    fn step<V: Vector>(x: V, y: V, cx: V, cy: V) -> (V, V) {
        (square_re(x, y, cx), x.add(x).neg_mul_add(y, cy))
    }

    #[inline(always)]
    fn tangent<V: Vector>([x, y]: [V; 2], t: [V; 2], d: [V; 2]) -> [V; 2] {
        let zero = V::splat(0.0);
        let [re, im] = product([x.add(x), y.add(y)], t, [d[0], zero.sub(d[1])]);
        [re, zero.sub(im)]
    }
}

impl<const P: u32> Step for Power<P> {
    const DEGREE: u32 = P;

    /// Left-to-right binary powering; `P` is constant, so that the loop unrolls. Only the last product adds c.
    #[inline(always)]
    fn step<V: Vector>(x: V, y: V, cx: V, cy: V) -> (V, V) {
        let zero = V::splat(0.0);
        let (mut re, mut im) = (x, y);
        for bit in (0..P.ilog2()).rev() {
            let is_set = P >> bit & 1 == 1;
            let (ax, ay) = if bit == 0 && !is_set {
                (cx, cy)
            } else {
                (zero, zero)
            };
            (re, im) = (square_re(re, im, ax), re.add(re).mul_add(im, ay));
            if is_set {
                let (ax, ay) = if bit == 0 { (cx, cy) } else { (zero, zero) };
                (re, im) = (
                    re.mul_add(x, im.neg_mul_add(y, ax)),
                    re.mul_add(y, im.mul_add(x, ay)),
                );
            }
        }
        (re, im)
    }

    #[inline(always)]
    fn tangent<V: Vector>(z: [V; 2], t: [V; 2], d: [V; 2]) -> [V; 2] {
        product(power_derivative(P, z), t, d)
    }
}

/// p z^(p-1).
#[inline(always)]
pub(crate) fn power_derivative<V: Vector>(p: u32, z: [V; 2]) -> [V; 2] {
    let zero = [V::splat(0.0); 2];
    let factor = V::splat(f64::from(p));
    let mut derivative = [z[0].mul(factor), z[1].mul(factor)];
    for _ in 2..p {
        derivative = product(derivative, z, zero);
    }
    derivative
}

/// a b + d.
#[inline(always)]
pub(crate) fn product<V: Vector>(a: [V; 2], b: [V; 2], d: [V; 2]) -> [V; 2] {
    V::product(a, b, d)
}

/// x² - y² + c in two fused operations.
#[inline(always)]
fn square_re<V: Vector>(x: V, y: V, c: V) -> V {
    x.mul_add(x, y.neg_mul_add(y, c))
}
