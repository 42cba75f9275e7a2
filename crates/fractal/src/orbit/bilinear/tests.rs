//! Are the nodes what their steps are together?

use std::sync::atomic::AtomicBool;

use super::*;
use crate::extended::ExtendedComplex;
use crate::orbit::jump::{Jump, Terms};
use crate::orbit::points::Points;
use crate::orbit::walk::All;
use crate::orbit::{FixedPoint, OrbitProgress, Sequential, Walk};
use crate::step::Iteration;

/// An orbit that stays, of so many steps.
fn points(steps: u64) -> Points {
    let bits = 128;
    let c = FixedPoint::near([-0.12, 0.74].into(), bits);
    let walk = Walk {
        iteration: &Iteration::Mandelbrot,
        start: None,
        first: 0,
        c: &c,
        bits,
        limit: steps,
        radius: Extended::default(),
        keeps_low: false,
    };
    let never = AtomicBool::new(false);
    walk.run(&mut All, &Sequential, &OrbitProgress::default(), &never)
        .unwrap()
}

fn tree(steps: u64) -> (Table<Quadratic>, Upper<Quadratic>) {
    let builder = Builder {
        motion: Holomorphic { power: 2 },
        power: 2,
        accuracy: Accuracy {
            epsilon: f64::EPSILON,
            extended: false,
        },
    };
    let builder: Kind<_, Builder<Folding>> = Kind::Complex(builder);
    match builder
        .tree(&points(steps), &AtomicBool::new(false))
        .unwrap()
    {
        (Kind::Complex(table), Kind::Complex(upper)) => (table, upper),
        _ => unreachable!("z² + c has complex terms"),
    }
}

#[test]
fn the_whole_goes_from_the_second_leaf_to_the_last_whole_stretch() {
    for (steps, end) in [
        (1, None),
        (64, None),
        (65, Some(8)),
        (72, Some(8)),
        (128, Some(8)),
    ] {
        let whole = tree(steps).1.whole.map(|whole| whole.end);
        assert_eq!(whole, end, "{steps}");
    }
    for steps in [
        129, 500, 1000, 1023, 1024, 1025, 4095, 4096, 4097, 4099, 20_000,
    ] {
        let leaves = (steps as usize).div_ceil(LEAF);
        let whole = tree(steps).1.whole.unwrap();
        assert_eq!(whole.end, (leaves - 1) / 8 * 8, "{steps}");
    }
}

#[test]
fn the_whole_is_what_its_leaves_are_together() {
    for steps in [65, 129, 500, 1000, 1024, 2000, 4096, 5000, 10_000] {
        let (table, upper) = tree(steps);
        let whole = upper.whole.unwrap();
        let leaves = &table.levels[0][1..whole.end];
        let number = |[re, im]: [f64; 2]| ExtendedComplex::new(re, im, 0);
        let mut together = Terms::NONE;
        for leaf in leaves {
            together = together.then(Terms {
                a: number(leaf.jump.a),
                b: number(leaf.jump.b),
                a2: number(leaf.jump.a2),
                m: number(leaf.jump.m),
                b2: number(leaf.jump.b2),
            });
        }
        let jump = whole.node.jump;
        for (seen, expected) in [
            (jump.a, together.a),
            (jump.b, together.b),
            (jump.a2, together.a2),
            (jump.m, together.m),
            (jump.b2, together.b2),
        ] {
            let [re, im] = expected.to_f64();
            let apart = libm::hypot(seen[0] - re, seen[1] - im);
            assert!(
                apart <= 1e-9 * libm::hypot(re, im),
                "{steps}: {seen:?} {re} {im}"
            );
        }
        assert!(whole.node.radius > 0.0 && whole.node.radius <= leaves[0].radius);
    }
}
