//! Is what is walked again what it was?

use super::super::tests::{point, walk};
use super::super::track::{Budget, Track};
use super::*;
use crate::orbit::bilinear::{Accuracy, LEAF, Nodes, SECTION_LEVEL, Tabled};
use crate::orbit::jump::{Quadratic, RealLinear};
use crate::{Channels, Decimal, Field, Formula, Plan, Quality, Rect, View};

static NEVER: AtomicBool = AtomicBool::new(false);

/// Not a multiple of anything.
const STEPS: u64 = 30_011;

const SCARCE: Budget = Budget {
    most_points: 4000,
    most_sections: 3,
};

const PLENTY: Budget = Budget {
    most_points: usize::MAX,
    ..SCARCE
};

fn track(walk: &Walk, budget: Budget) -> Track {
    let accuracy = Accuracy {
        epsilon: f64::EPSILON,
        extended: true,
    };
    let builders = Builders::new(walk.iteration, accuracy);
    let progress = OrbitProgress::default();
    Track::compute(walk, builders, budget, &Sequential, &progress, &NEVER).unwrap()
}

/// Orbits of every formula that stay: near cycles and elsewhere, along points that f64 does not hold, and along the escape radius.
fn staying(bits: usize) -> Vec<(Iteration, Option<FixedPoint>, FixedPoint)> {
    let point = |re: &str, im: &str| point(re, im, bits);
    let siegel = point(
        "-0.390540870218400050669762600713798",
        "-0.586787907346968854163",
    );
    let nearly = FixedPoint {
        re: point("-1", "0").re + dashu_int::IBig::ONE,
        ..point("0", "0")
    };
    let julia = Iteration::Julia {
        re: -0.39,
        im: -0.587,
    };
    vec![
        (Iteration::Mandelbrot, None, siegel.clone()),
        (Iteration::Mandelbrot, None, nearly),
        (Iteration::Mandelbrot, None, point("-2", "0")),
        (julia, Some(point("0.1", "0.05")), siegel),
        (Iteration::Multibrot(3), None, point("-0.2", "0.1")),
        (Iteration::BurningShip, None, point("-0.2", "-0.1")),
        (Iteration::Tricorn, None, point("-0.2", "0.1")),
    ]
}

/// Some bits of every kind of numbers, and orbits of every formula.
fn for_all(check: impl Fn(&Walk)) {
    for bits in [128, 500, 900] {
        for (iteration, start, c) in staying(bits) {
            check(&Walk {
                start: start.as_ref(),
                ..walk(&iteration, &c, bits, STEPS)
            });
        }
    }
}

/// The sections of a track, last first.
fn sections(track: &Track) -> impl Iterator<Item = Arc<Section>> {
    let first = (0..track.last()).step_by(SECTION);
    first
        .rev()
        .map(|first| track.section(first, &NEVER).unwrap())
}

#[test]
fn a_section_that_is_walked_again_has_the_points_that_it_had() {
    for_all(|walk| {
        let whole = track(walk, PLENTY).section(0, &NEVER).unwrap();
        let scarce = track(walk, SCARCE);
        assert_eq!(
            (whole.points.last(), scarce.last()),
            (30_011, 30_011),
            "{:?}",
            walk.iteration
        );
        for section in sections(&scarce) {
            let points = &section.points;
            let (first, last) = (points.first, points.last());
            assert!(last - first <= SECTION && first.is_multiple_of(SECTION));
            assert_eq!(points.z, whole.points.z(first, last));
            assert_eq!(points.low, whole.points.low(first, last));
            assert_eq!(points.edge, whole.points.edges_in(first + 1, last));
            let tiny = whole.points.tiny.iter();
            let tiny = tiny.filter(|point| (first..=last).contains(&point.index));
            assert!(points.tiny.iter().eq(tiny));
        }
    });
}

fn assert_same_nodes<C: Tabled + std::fmt::Debug>(whole: &Track, scarce: &Track) {
    let all = whole.section(0, &NEVER).unwrap();
    let all = Nodes {
        upper: C::upper(whole),
        table: C::table(whole, &all),
    };
    let upper = C::upper(scarce);
    assert_eq!(format!("{upper:?}"), format!("{:?}", all.upper));
    for section in sections(scarce) {
        let table = C::table(scarce, &section);
        let nodes = Nodes { upper, table };
        for leaf in section.points.first / LEAF..section.points.last() / LEAF {
            let safe = (nodes.safe(leaf), all.safe(leaf));
            assert_eq!(format!("{:?}", safe.0), format!("{:?}", safe.1));
            for level in 0..SECTION_LEVEL.min(leaf.trailing_zeros() as usize + 1) {
                let (node, expected) = (nodes.node(level, leaf), all.node(level, leaf));
                assert_eq!(format!("{node:?}"), format!("{expected:?}"));
            }
        }
    }
}

/// Those that are nearer to 0 than all before them.
fn nearest_points(whole: &Track) -> Vec<usize> {
    let section = whole.section(0, &NEVER).unwrap();
    let modulus = |index| section.points.parts(index).z().modulus();
    let mut nearest: Vec<usize> = Vec::new();
    for index in 1..=section.points.last() {
        let is_nearer = |&least: &usize| modulus(index) < modulus(least);
        if nearest.last().is_none_or(is_nearer) {
            nearest.push(index);
        }
    }
    nearest.truncate(1024);
    nearest
}

#[test]
fn a_tree_that_grows_by_sections_is_the_one_over_all_points() {
    for_all(|walk| {
        let [whole, scarce] = [PLENTY, SCARCE].map(|budget| track(walk, budget));
        assert_eq!(whole.nearest(), nearest_points(&whole));
        assert_eq!(scarce.nearest(), whole.nearest());
        assert!(scarce.bytes() < whole.bytes());
        if matches!(walk.iteration, Iteration::BurningShip | Iteration::Tricorn) {
            assert_same_nodes::<RealLinear>(&whole, &scarce);
            assert_same_nodes::<crate::orbit::NoJump>(&whole, &scarce);
        } else {
            assert_same_nodes::<Quadratic>(&whole, &scarce);
            assert_same_nodes::<crate::orbit::Pair<Quadratic>>(&whole, &scarce);
        }
    });
}

#[test]
fn no_more_sections_are_kept_than_there_may_be() {
    let bits = 128;
    let (iteration, _, c) = staying(bits).swap_remove(0);
    let walk = walk(&iteration, &c, bits, STEPS);
    let track = track(&walk, SCARCE);
    let waypoints = track.waypoints().unwrap();
    for round in 0..20 {
        for number in [0, round % 7, 3, 6 - round % 7] {
            let section = track.section(number * SECTION + round, &NEVER).unwrap();
            assert_eq!(section.points.first, number * SECTION);
            let recent = lock(&waypoints.recent);
            assert!(recent.slots.len() <= SCARCE.most_sections);
            assert_eq!(recent.at.len(), recent.slots.len());
            for (at, (number, _)) in recent.slots.iter().enumerate() {
                assert_eq!(recent.at[number], at);
            }
        }
    }
    assert!(lock(&waypoints.recent).evicted > 0);
}

#[test]
fn a_section_whose_walk_was_cancelled_is_walked_by_who_comes_next() {
    let bits = 900;
    let (iteration, _, c) = staying(bits).swap_remove(0);
    let walk = walk(&iteration, &c, bits, STEPS);
    let track = track(&walk, SCARCE);
    assert!(track.section(SECTION, &AtomicBool::new(true)).is_err());
    assert!(track.section(SECTION, &NEVER).unwrap().has_step(SECTION));
}

fn view(formula: Formula, re: &str, im: &str, zoom: &str) -> View {
    let decimal = |text: &str| -> Decimal { text.parse().unwrap() };
    View {
        re: decimal(re),
        im: decimal(im),
        zoom: decimal(zoom),
        rotation: 20.0,
        width: 40,
        height: 24,
        samples: 1,
        formula,
        limit: 100_000,
        reference: None,
        quality: Quality::Standard,
    }
}

/// The field of a view, which must be the same with an orbit that is kept whole and with one that is not.
fn the_field(view: &View, channels: Channels) -> Field {
    let plan = Plan::new(view).unwrap();
    let key = plan.orbit().unwrap();
    let progress = OrbitProgress::default();
    let [whole, scarce] = [PLENTY, SCARCE].map(|budget| {
        let orbit = key.compute_in(budget, &Sequential, &progress, &NEVER);
        let orbit = Arc::new(orbit.unwrap());
        assert!(orbit.points() > SCARCE.most_points, "{view:?}");
        let is_whole = budget.most_points == PLENTY.most_points;
        assert_eq!(orbit.first().waypoints().is_none(), is_whole);
        let found = plan.clone().with_orbit(|_| Ok::<_, ()>(orbit));
        let renderer = found.unwrap().with_channels(channels);
        let (w, h) = (view.width, view.height);
        let rect = Rect { x: 0, y: 0, w, h };
        renderer.field(rect, &NEVER).unwrap()
    });
    assert_eq!(whole, scarce, "{view:?}");
    whole
}

/// At cusps orbits squeeze through between two almost touching fixed points, which takes some π / √distance steps.
#[test]
fn every_formula_is_drawn_from_waypoints_as_from_all_points() {
    use Formula::*;
    let seed = |re: &str, im: &str| Julia {
        seed_re: re.parse().unwrap(),
        seed_im: im.parse().unwrap(),
    };
    for (formula, re, im) in [
        (Mandelbrot, "0.25000003", "1e-12"),
        (Multibrot { power: 3 }, "0.384900209", "1e-12"),
        (BurningShip, "0.25000003", "1e-12"),
        (Tricorn, "0.25000003", "1e-12"),
        (seed("0.25000003", "0"), "0.01", "1e-12"),
    ] {
        let view = view(formula, re, im, "1e16");
        let field = the_field(&view, Channels::default());
        let least = field.counts.iter().filter(|count| **count > 0).min();
        assert!(least > Some(&4096), "{view:?}: {least:?}");
    }
}

#[test]
fn where_exponents_are_extended_it_is_the_same_too() {
    let view = view(Formula::Mandelbrot, "0.25000003", "1e-12", "1e310");
    the_field(&view, Channels::default());
}

#[test]
fn a_minibrot_of_a_long_period_has_the_same_slopes_periods_and_multipliers() {
    let view = view(
        Formula::Mandelbrot,
        "-0.743643887037158704752191506114779778215256207948181",
        "0.131825904205311970493132056385140678972952279328919",
        "1.11781e32",
    );
    let all = Channels {
        derivative: true,
        cycles: true,
    };
    let field = the_field(&view, all);
    assert!(field.period.contains(&8007) && field.period.contains(&16_014));
    assert!(field.distance.iter().any(|distance| *distance > 0.0));
}
