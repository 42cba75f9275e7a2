//! How does Z become the next Z, in as many digits as it takes? By squares alone, since a square costs half a product.

use dashu_int::IBig;

use super::real::{Layout, Real};
use super::walk::Walk;
use super::{Fork, join};
use crate::step::Iteration;

/// Whole bits for |Z| ≤ 2: the next |Z| is at most 2² + 2, and one bit is the sign.
pub(super) const WHOLE_OF_SQUARES: u32 = 4;

/// Whole bits for powers up to 8. The largest number on the way is in z⁷ = z⁶ · z: |z| ≤ 2, so that (a + b + c + d)² is below
/// (2^6.5 + 2^1.5)² < 2^14, and one bit is the sign.
pub(super) const WHOLE_OF_POWERS: u32 = 16;

/// Z and what it takes to compute the next one.
pub(super) struct Map<R> {
    pub(super) z: [R; 2],
    c: [R; 2],
    kind: Kind,
    /// x + y, and afterwards free.
    sum: R,
    squares: [R; 3],
    power: Option<Box<Power<R>>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Square,
    BurningShip,
    Tricorn,
    Power(u32),
}

/// What a power from 3 to 8 takes besides.
struct Power<R> {
    /// z^k, where k's binary digits are the first of the power's.
    w: [R; 2],
    products: [R; 3],
    /// a + b and c + d of a product (a + bi)(c + di).
    factors: [R; 2],
    spare: R,
}

/// The whole bits that Z, c and all that is between need while neither |Z| nor |c| is above 2.
pub(super) fn whole_bits(iteration: &Iteration) -> u32 {
    match kind(iteration) {
        Kind::Power(_) => WHOLE_OF_POWERS,
        _ => WHOLE_OF_SQUARES,
    }
}

fn kind(iteration: &Iteration) -> Kind {
    match *iteration {
        Iteration::Mandelbrot | Iteration::Julia { .. } | Iteration::Multibrot(2) => Kind::Square,
        Iteration::Multibrot(power) => Kind::Power(power),
        Iteration::BurningShip => Kind::BurningShip,
        Iteration::Tricorn => Kind::Tricorn,
    }
}

impl<R: Real> Map<R> {
    pub(super) fn new(walk: &Walk, layout: Layout) -> Self {
        let number = |value: &IBig| R::new(value, walk.bits, layout);
        let zero = number(&IBig::ZERO);
        let kind = kind(walk.iteration);
        let power = Power {
            w: [zero.clone(), zero.clone()],
            products: [zero.clone(), zero.clone(), zero.clone()],
            factors: [zero.clone(), zero.clone()],
            spare: zero.clone(),
        };
        Map {
            z: match walk.start {
                Some(start) => [number(&start.re), number(&start.im)],
                None => [zero.clone(), zero.clone()],
            },
            c: [number(&walk.c.re), number(&walk.c.im)],
            kind,
            sum: zero.clone(),
            squares: [zero.clone(), zero.clone(), zero],
            power: matches!(kind, Kind::Power(_)).then(|| Box::new(power)),
        }
    }

    #[inline(always)]
    pub(super) fn step(&mut self, fork: &dyn Fork) {
        if let (Kind::Power(power), Some(buffers)) = (self.kind, &mut self.power) {
            raise(
                &self.z,
                power,
                &mut self.squares,
                &mut self.sum,
                buffers,
                fork,
            );
            self.z.swap_with_slice(&mut buffers.w);
        } else {
            let [x, y] = &mut self.z;
            if self.kind == Kind::BurningShip {
                x.make_absolute();
                y.make_absolute();
            }
            squares(x, y, &mut self.sum, &mut self.squares, fork);
            let [xx, yy, ss] = &self.squares;
            x.set_difference(xx, yy);
            if self.kind == Kind::Tricorn {
                y.set_sum(xx, yy);
                y.subtract(ss);
            } else {
                y.set_difference(ss, xx);
                y.subtract(yy);
            }
        }
        for (z, c) in self.z.iter_mut().zip(&self.c) {
            z.add(c);
            z.settle();
        }
    }
}

/// x², y² and (x + y)².
#[inline(always)]
fn squares<R: Real>(x: &R, y: &R, sum: &mut R, into: &mut [R; 3], fork: &dyn Fork) {
    sum.set_sum(x, y);
    let sum = &*sum;
    let [xx, yy, ss] = into;
    if x.is_worth_forking() {
        join(
            fork,
            || join(fork, || xx.set_square(x, fork), || yy.set_square(y, fork)),
            || ss.set_square(sum, fork),
        );
    } else {
        xx.set_square(x, fork);
        yy.set_square(y, fork);
        ss.set_square(sum, fork);
    }
}

/// w = z^power by left-to-right binary powering.
fn raise<R: Real>(
    z: &[R; 2],
    power: u32,
    three: &mut [R; 3],
    sum: &mut R,
    buffers: &mut Power<R>,
    fork: &dyn Fork,
) {
    let Power {
        w,
        products,
        factors,
        spare,
    } = buffers;
    w[0].assign(&z[0]);
    w[1].assign(&z[1]);
    for bit in (0..power.ilog2()).rev() {
        let [x, y] = w;
        squares(x, y, sum, three, fork);
        set_parts(w, three);
        if power >> bit & 1 == 1 {
            let ([a, b], [c, d]) = (&*w, z);
            let [ac, bd, whole] = products;
            set_product(ac, [a, c], spare, three, fork);
            set_product(bd, [b, d], spare, three, fork);
            let [left, right] = factors;
            left.set_sum(a, b);
            right.set_sum(c, d);
            set_product(whole, [left, right], spare, three, fork);
            set_parts(w, products);
        }
    }
}

/// From ac, bd and (a + b)(c + d) the product (a + bi)(c + di).
fn set_parts<R: Real>(w: &mut [R; 2], [ac, bd, whole]: &[R; 3]) {
    let [re, im] = w;
    re.set_difference(ac, bd);
    im.set_difference(whole, ac);
    im.subtract(bd);
}

/// uv = ((u + v)² - (u - v)²) / 4.
fn set_product<R: Real>(
    product: &mut R,
    [u, v]: [&R; 2],
    spare: &mut R,
    [plus, minus, difference]: &mut [R; 3],
    fork: &dyn Fork,
) {
    spare.set_sum(u, v);
    difference.set_difference(u, v);
    let (spare, difference) = (&*spare, &*difference);
    if u.is_worth_forking() {
        join(
            fork,
            || plus.set_square(spare, fork),
            || minus.set_square(difference, fork),
        );
    } else {
        plus.set_square(spare, fork);
        minus.set_square(difference, fork);
    }
    product.set_difference(plus, minus);
    product.quarter();
}
