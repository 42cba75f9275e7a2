//! Does an orbit follow its formula? Held against a plain loop over integers of any length.

mod beyond_f64;

use std::sync::atomic::{AtomicBool, Ordering};

use dashu_int::IBig;
use dashu_int::ops::Abs;

use super::points::{End, Points, TinyPoint};
#[cfg(target_arch = "x86_64")]
use super::real::Digits;
use super::real::tests::Threads;
use super::real::{Big, Long};
use super::walk::{All, Steps, TINY_EXPONENT};
use super::*;
use crate::step::Iteration;

/// A decimal text times 2^bits, rounded down.
fn fixed(text: &str, bits: usize) -> IBig {
    let (negative, digits) = text
        .strip_prefix('-')
        .map_or((false, text), |it| (true, it));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scaled: IBig = format!("{whole}{fraction}").parse().unwrap();
    let value = (scaled << bits) / IBig::from(10).pow(fraction.len());
    if negative { -value } else { value }
}

pub(super) fn point(re: &str, im: &str, bits: usize) -> FixedPoint {
    FixedPoint {
        re: fixed(re, bits),
        im: fixed(im, bits),
    }
}

pub(super) fn walk<'a>(
    iteration: &'a Iteration,
    c: &'a FixedPoint,
    bits: usize,
    limit: u64,
) -> Walk<'a> {
    Walk {
        iteration,
        start: None,
        first: 0,
        c,
        bits,
        limit,
        radius: Extended::default(),
        keeps_low: true,
    }
}

fn run(walk: &Walk) -> Points {
    walk.run(
        &mut All,
        &Sequential,
        &OrbitProgress::default(),
        &AtomicBool::new(false),
    )
    .unwrap()
}

/// An f64 without a fraction.
fn exact_integer(value: f64) -> IBig {
    IBig::try_from(value).unwrap()
}

/// All of a walk's points, in 64 more bits: times 2^those.
fn plain(walk: &Walk, steps: usize) -> Vec<[IBig; 2]> {
    let bits = walk.bits + 64;
    let wider = |value: &IBig| value << 64;
    let c = [wider(&walk.c.re), wider(&walk.c.im)];
    let mut z = walk.start.map_or([IBig::ZERO, IBig::ZERO], |start| {
        [wider(&start.re), wider(&start.im)]
    });
    let mut points = Vec::new();
    for _ in 0..=steps {
        points.push(z.clone());
        if *walk.iteration == Iteration::BurningShip {
            z = z.map(Abs::abs);
        }
        let mut power = z.clone();
        let degree = match *walk.iteration {
            Iteration::Multibrot(power) => power,
            _ => 2,
        };
        for _ in 1..degree {
            let [a, b] = &power;
            let [x, y] = &z;
            power = [(a * x - b * y) >> bits, (a * y + b * x) >> bits];
        }
        let [re, im] = power;
        let im = match *walk.iteration {
            Iteration::Tricorn => -im,
            _ => im,
        };
        z = [re + &c[0], im + &c[1]];
    }
    points
}

/// Of every formula a point whose orbit stays for long and neither settles nor repeats.
fn wanderers(bits: usize) -> Vec<(Iteration, Option<FixedPoint>, FixedPoint)> {
    let mut all = vec![
        (
            Iteration::Mandelbrot,
            None,
            point(
                "-1.543689012692076361570855971801747986525203297",
                "0.0000001",
                bits,
            ),
        ),
        (
            Iteration::Mandelbrot,
            None,
            point(
                "-0.1010963638456221610257854457386225",
                "0.9562865108091415007800735",
                bits,
            ),
        ),
        (
            Iteration::BurningShip,
            None,
            point("-1.7548776662466927", "-0.0301234567890123456789", bits),
        ),
        (
            Iteration::Tricorn,
            None,
            point(
                "-1.24345678901234567890123456789",
                "0.02098765432109876543210",
                bits,
            ),
        ),
        (
            Iteration::Julia {
                re: -0.8,
                im: 0.156,
            },
            Some(point("0.123456789012345678901234567890", "-0.4567", bits)),
            point("-0.8", "0.156", bits),
        ),
    ];
    for power in 3..=8 {
        all.push((
            Iteration::Multibrot(power),
            None,
            point("0.61234567890123456789", "0.5567890123456789", bits),
        ));
    }
    all
}

#[test]
fn an_orbit_follows_its_formula() {
    for bits in [100, 128, 300, 512, 700, 2000, 12_000] {
        for (iteration, start, c) in wanderers(bits) {
            let walk = Walk {
                start: start.as_ref(),
                ..walk(&iteration, &c, bits, 40)
            };
            let points = run(&walk);
            let expected = plain(&walk, points.z.len() - 1);
            for (n, (z, exact)) in points.z.iter().zip(&expected).enumerate() {
                let exact = exact
                    .each_ref()
                    .map(|part| Big::extended(part, bits + 64).to_f64());
                let error = (z[0] - exact[0]).abs().max((z[1] - exact[1]).abs());
                // A step multiplies errors by at most p·2^(p - 1).
                let growth = match iteration {
                    Iteration::Multibrot(power) => f64::from(power).log2() + f64::from(power) - 1.0,
                    _ => 2.0,
                };
                let grown = 2f64.powf(growth * n as f64 + 4.0 - bits as f64);
                let size = exact[0].abs().max(exact[1].abs());
                assert!(
                    error <= size * 2f64.powi(-52) + grown,
                    "{iteration:?}, {bits} bits, step {n}: {z:?}, not {exact:?}"
                );
            }
        }
    }
}

#[test]
fn an_orbit_ends_with_the_first_point_outside() {
    let c = point("0.26", "0", 128);
    let points = run(&walk(&Iteration::Mandelbrot, &c, 128, 1000));
    let (last, others) = points.z.split_last().unwrap();
    assert_eq!(points.end, End::Escaped);
    assert!(last[0] > 2.0 && others.iter().all(|z| z[0] <= 2.0));
    for c in [point("3", "-100000", 128), point("-2.5", "0", 2000)] {
        let bits = if c.im == IBig::ZERO { 2000 } else { 128 };
        let points = run(&walk(&Iteration::Mandelbrot, &c, bits, 1000));
        assert_eq!((points.end, points.z.len()), (End::Escaped, 2));
    }
    let start = point("7", "7", 128);
    let seed = point("0.3", "0.1", 128);
    let points = run(&Walk {
        start: Some(&start),
        ..walk(&Iteration::Julia { re: 0.3, im: 0.1 }, &seed, 128, 1000)
    });
    assert_eq!(points.z[1], [0.3, 98.1]);
}

#[test]
fn an_orbit_of_the_set_goes_on_to_the_limit() {
    let c = point("-2", "0", 128);
    let points = run(&walk(&Iteration::Mandelbrot, &c, 128, 5000));
    assert!(
        (1..)
            .zip(&points.edge)
            .all(|(n, edge)| *edge == (n, Extended::default()))
    );
    assert_eq!(points.edge.len(), 5000);
    assert_eq!((points.end, points.z.len()), (End::Limit, 5001));
    assert_eq!(points.z[5000], [2.0, 0.0]);
}

#[test]
fn a_nucleus_in_reach_ends_the_orbit_with_its_period() {
    let c = point("-1.7548776662466927", "0.00000000001", 200);
    let mut near = walk(&Iteration::Mandelbrot, &c, 200, 1000);
    near.radius = Extended::from(1e-11);
    let points = run(&near);
    assert_eq!((points.end, points.z.len()), (End::Period, 4));
    near.radius = Extended::from(1e-13);
    assert_ne!(run(&near).end, End::Period);
    near.radius = Extended::default();
    assert_ne!(run(&near).end, End::Period);
}

#[test]
fn real_and_holomorphic_derivatives_agree_where_both_apply() {
    // On the real axis the tricorn is the Mandelbrot set, and the burning ship of c is that of c ≤ 0.
    let c = point("-1.7548776662466927466", "0", 300);
    for iteration in [
        Iteration::Mandelbrot,
        Iteration::Tricorn,
        Iteration::BurningShip,
    ] {
        let mut near = walk(&iteration, &c, 300, 1000);
        near.radius = Extended::from(1e-16);
        let points = run(&near);
        assert_eq!(
            (points.end, points.z.len()),
            (End::Period, 4),
            "{iteration:?}"
        );
    }
}

/// The nucleus of period 3, to 1200 bits: its Z₃ is tiny, and with it all that f64 cannot hold.
fn nucleus_of_period_3(bits: usize) -> FixedPoint {
    // Newton's method for (c² + c)² + c = 0, divided by c: c³ + 2c² + c + 1 = 0.
    let one = IBig::ONE << bits;
    let times = |a: &IBig, b: &IBig| -> IBig { (a * b) >> bits };
    let mut c = fixed("-1.7548776662466927", bits);
    for _ in 0..10 {
        let square = times(&c, &c);
        let value = times(&square, &c) + &square * 2 + &c + &one;
        let slope: IBig = &square * 3 + &c * 4 + &one;
        c -= (value << bits) / slope;
    }
    FixedPoint {
        re: c,
        im: IBig::ZERO,
    }
}

#[test]
fn a_walk_can_be_cancelled_and_says_how_far_it_is() {
    let c = point("-1.9", "0", 128);
    let long = walk(&Iteration::Mandelbrot, &c, 128, u64::MAX);
    let progress = OrbitProgress::default();
    let cancel = AtomicBool::new(false);
    let result = std::thread::scope(|scope| {
        let run = scope.spawn(|| long.run(&mut All, &Sequential, &progress, &cancel));
        while progress.steps() < 10_000 {
            std::thread::yield_now();
        }
        cancel.store(true, Ordering::Relaxed);
        run.join().unwrap()
    });
    assert!(matches!(result, Err(Cancelled)));
    let short = walk(&Iteration::Mandelbrot, &c, 128, 777);
    short
        .run(&mut All, &Sequential, &progress, &AtomicBool::new(false))
        .unwrap();
    assert_eq!(progress.steps(), 777);
}

/// The walk in every kind of long number that this processor has.
fn in_all_long_numbers(walk: &Walk, fork: &dyn Fork) -> Vec<Points> {
    let (progress, cancel) = (OrbitProgress::default(), AtomicBool::new(false));
    let steps = Steps::new(walk, fork, &progress, &cancel);
    let mut all = vec![
        steps.follow_long::<Long>(&mut All),
        steps.follow_long::<Big>(&mut All),
    ];
    #[cfg(target_arch = "x86_64")]
    if Digits::is_available() {
        all.push(steps.follow_long::<Digits>(&mut All));
    }
    all.into_iter().map(Result::unwrap).collect()
}

#[test]
fn all_kinds_of_numbers_walk_the_same_orbit() {
    // 572 places fill nine words, and eleven digits, exactly.
    for (bits, steps) in [(572, 2000), (1500, 1000), (30_000, 20)] {
        for (iteration, start, c) in wanderers(bits) {
            let walk = Walk {
                start: start.as_ref(),
                ..walk(&iteration, &c, bits, steps)
            };
            let points = run(&walk);
            for others in in_all_long_numbers(&walk, &Sequential) {
                assert_eq!(points, others, "{iteration:?}, {bits} bits");
            }
        }
    }
}

#[test]
fn threads_do_not_change_an_orbit() {
    for bits in [40_000, 60_000] {
        for (iteration, start, c) in wanderers(bits).into_iter().take(6) {
            let walk = Walk {
                start: start.as_ref(),
                ..walk(&iteration, &c, bits, 5)
            };
            let one = in_all_long_numbers(&walk, &Sequential);
            assert_eq!(one, in_all_long_numbers(&walk, &Threads));
        }
    }
}
