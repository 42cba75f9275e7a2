//! Is what one f64 does not hold of a point kept beside it: what rounding leaves over, exponents, on which side of a circle it is?

use super::*;

#[test]
fn what_rounding_leaves_over_is_kept_where_a_walk_asks_for_it() {
    for bits in [150, 500, 2000] {
        for (iteration, start, c) in wanderers(bits) {
            let mut walk = Walk {
                start: start.as_ref(),
                ..walk(&iteration, &c, bits, 4)
            };
            let points = run(&walk);
            let expected = plain(&walk, points.z.len() - 1);
            for ((z, low), exact) in points.z.iter().zip(&points.low).zip(&expected) {
                for k in 0..2 {
                    let unit = IBig::ONE << (bits + 64);
                    let integer = |value: f64| -> IBig {
                        let (mantissa, exponent) = ((value * 2f64.powi(300)), 300);
                        (exact_integer(mantissa) * &unit) >> exponent
                    };
                    let left: IBig = &exact[k] - integer(z[k]) - integer(low[k]);
                    let size: IBig = exact[k].clone().abs();
                    assert!(
                        left.abs() <= (size >> 104) + (&unit >> 110),
                        "{iteration:?}"
                    );
                }
            }
            walk.keeps_low = false;
            let without = run(&walk);
            assert!(without.low.is_empty());
            assert_eq!(without.z, points.z);
        }
    }
}

#[test]
fn tiny_points_keep_what_rounding_leaves_over_of_them() {
    let bits = 2000;
    let c = nucleus_of_period_3(bits / 2);
    let c = FixedPoint {
        re: c.re << (bits / 2),
        im: IBig::ONE << (bits - 1200),
    };
    let mut walk = walk(&Iteration::Mandelbrot, &c, bits, 3);
    let exact = &plain(&walk, 3)[3];
    let kept = run(&walk).tiny[0];
    for (k, (high, low)) in [(kept.re, kept.re_low), (kept.im, kept.im_low)]
        .into_iter()
        .enumerate()
    {
        let exact = Big::extended(&exact[k], bits + 64);
        assert_eq!(high, exact);
        assert!(
            low.mantissa != 0.0
                && low.exponent < high.exponent - 52
                && low.exponent > high.exponent - 70
        );
    }
    walk.keeps_low = false;
    let TinyPoint { re_low, im_low, .. } = run(&walk).tiny[0];
    assert_eq!([re_low, im_low], [Extended::default(); 2]);
}

#[test]
fn the_circle_is_left_exactly_where_all_digits_say_so() {
    for bits in [2000, 40_000] {
        let shifted = |re: &IBig, im: &IBig| FixedPoint {
            re: (IBig::from(-2) << bits) + re,
            im: im.clone(),
        };
        let one = IBig::ONE << (bits - 1000);
        let two = Extended::new(1.0, 2 - 1000);

        let points = run(&walk(
            &Iteration::Mandelbrot,
            &shifted(&-&one, &IBig::ZERO),
            bits,
            9,
        ));
        assert_eq!((points.end, points.z.len()), (End::Escaped, 2));
        assert_eq!((points.z[1], &*points.edge), ([-2.0, 0.0], &[(1, two)][..]));

        // With c = d - 2 the next points are 2 - 3d and 2 - 11d, and d² besides is far below them.
        let walk_in = |c: &FixedPoint, steps| {
            let walk = walk(&Iteration::Mandelbrot, c, bits, steps);
            let mut all = in_all_long_numbers(&walk, &Sequential);
            all.push(run(&walk));
            assert!(all.iter().all(|points| *points == all[0]));
            all.swap_remove(0)
        };
        let points = walk_in(&shifted(&one, &IBig::ZERO), 3);
        let inside = |times: f64| Extended::new(-4.0 * times, -1000);
        assert_eq!(
            points.edge,
            [(1, inside(1.0)), (2, inside(3.0)), (3, inside(11.0))]
        );
        assert_eq!(points.end, End::Limit);
        // (d - 2)² + 4d is d² above 4.
        let side: IBig = IBig::ONE << (bits - 499);
        let points = walk_in(&shifted(&one, &side), 1);
        assert_eq!(
            (points.end, &*points.edge),
            (End::Escaped, &[(1, Extended::new(1.0, -2000))][..])
        );
    }
    // 6/5 and 8/5, which are 2 away from zero, rounded towards it.
    let c = point("1.2", "1.6", 300);
    let points = run(&walk(&Iteration::Mandelbrot, &c, 300, 1));
    assert_eq!((points.z[1], points.end), ([1.2, 1.6], End::Limit));
    assert!(points.edge[0].1.mantissa < 0.0 && points.edge[0].1.exponent < -290);
}

#[test]
fn points_below_f64_are_kept_with_their_exponents() {
    let bits = 2000;
    let c = nucleus_of_period_3(bits);
    for iteration in [Iteration::Mandelbrot, Iteration::BurningShip] {
        let points = run(&walk(&iteration, &c, bits, 6));
        assert_eq!(points.z[3], [0.0, 0.0]);
        let tiny: Vec<_> = points.tiny.iter().map(|it| it.index).collect();
        assert_eq!(tiny, [3, 6], "{iteration:?}");
        let TinyPoint { re, im, .. } = points.tiny[0];
        assert!(re.exponent < -1980 && re.exponent > -2010 && im.mantissa == 0.0);
        assert_eq!(points.low[3], [0.0, 0.0]);
    }
    let c = FixedPoint {
        re: c.re,
        im: IBig::ONE << (bits - 1200),
    };
    let tiny = |iteration| run(&walk(&iteration, &c, bits, 5)).tiny.len();
    assert_eq!(tiny(Iteration::Mandelbrot), 1);
    assert_eq!(
        tiny(Iteration::BurningShip),
        5,
        "every imaginary part is tiny"
    );
    const { assert!(TINY_EXPONENT > -1200) };
}

#[test]
fn the_derivative_does_not_end_where_f64_does() {
    // Near the nucleus every third step shrinks the derivative by Z₃ = 2^-900, far below what f64 holds after a second time.
    let bits = 3000;
    let mut c = nucleus_of_period_3(bits);
    c.re += IBig::ONE << (bits - 900);
    let mut near = walk(&Iteration::Mandelbrot, &c, bits, 3000);
    near.radius = Extended::new(1.0, -902);
    assert_eq!(run(&near).end, End::Limit);
    near.radius = Extended::new(1.0, -900);
    assert_eq!(run(&near).z.len(), 4);
    // Far from any nucleus it grows past every f64.
    let c = point("-2", "0", bits);
    let mut tip = walk(&Iteration::Mandelbrot, &c, bits, 1400);
    tip.radius = Extended::new(1.0, -2500);
    let points = run(&tip);
    // |dZ_N/dc| is 4^(N-1) · 2/3 and a little, and |Z_N| is 2: N = 1252 is the first with 2(N-1) > 2500 + log2(3/2).
    assert_eq!((points.end, points.z.len()), (End::Period, 1253));
}
