//! Do maps lead to where steps lead, and no farther than they may?

use std::sync::atomic::AtomicBool;

use super::ladder::Steps;
use super::*;
use crate::orbit::{OrbitProgress, Sequential};
use crate::simd::Backend;
use crate::view::{Quality, View};
use crate::{Decimal, Plan};

const RE: &str = "-1.941512096352034463944";
const IM: &str = "0.006634987401130247065";
const PERIOD: u64 = 9;
const RADIUS: f64 = 3e-15;
const HALF_SIDE: f64 = power_of_two(-10);

fn reference() -> [Wide; 2] {
    let bits = 192;
    let part = |text: &str| text.parse::<Decimal>().unwrap().to_fixed_point(bits);
    let point = FixedPoint {
        re: part(RE),
        im: part(IM),
    };
    wide(&point, bits)
}

fn maps() -> Maps {
    let never = AtomicBool::new(false);
    let rungs = Ladder::new(PERIOD, reference(), RADIUS, &never)
        .build()
        .unwrap();
    let maps = Maps::new(rungs, HALF_SIDE);
    Survey::new(maps, &never).build().unwrap()
}

fn returns() -> Returns {
    Returns {
        horizon: HORIZON * PERIOD,
        scale: 1.0 / RADIUS,
        maps: maps(),
    }
}

#[test]
fn a_map_comes_to_where_its_steps_come_to() {
    let maps = maps();
    let mut traveller = Traveller::new();
    let (mut jumps, mut steps) = (0_u64, 0_u64);
    for sample in 0..24 {
        let (sin, cos) = libm::sincos(f64::from(sample));
        let distance = 0.7 * f64::from(sample) / 24.0;
        let c = [distance * cos, distance * sin];
        traveller.become_sample(&maps, c);
        let reference = reference();
        let exact = [0, 1].map(|part| reference[part].add(Wide::splat(c[part] * RADIUS)));
        let mut z = [0.0; 2];
        for _ in 0..150 {
            let Some(landing) = traveller.advance(&maps, z, u64::MAX) else {
                break;
            };
            let (next, taken) = (landing.z, landing.steps);
            let walked = Backend::detect().run(Steps {
                z: z.map(Wide::splat),
                c: exact,
                steps: taken,
            });
            let walked = walked.expect("no map leads over an escape");
            let apart = [0, 1].map(|part| circle::high(walked[part]) - next[part]);
            let apart = libm::hypot(apart[0], apart[1]);
            let size = if landing.index < maps.rungs().len() {
                libm::hypot(next[0], next[1]).max(libm::hypot(z[0], z[1]))
            } else {
                HALF_SIDE
            };
            assert!(
                apart < 32.0 * TOLERANCE * size,
                "{taken} from {z:?}: {apart}"
            );
            (z, jumps, steps) = (next, jumps + 1, steps + taken);
        }
    }
    assert!(steps > 1000 * jumps, "{steps} steps in {jumps} jumps");
}

/// Against the difference of two orbits: derivatives by c are those of the way, not of any one map.
#[test]
fn derivatives_are_those_of_neighbours() {
    let returns = returns();
    let mut traveller = Traveller::new();
    for at in 0..8 {
        let (sin, cos) = libm::sincos(f64::from(at));
        let (c, step) = ([0.3 * RADIUS * cos, 0.3 * RADIUS * sin], 1e-8 * RADIUS);
        let mut follow = |c: [f64; 2]| returns.follow::<true>(&mut traveller, c, 20_000);
        let [here, right, left] = [0.0, step, -step].map(|by| follow([c[0] + by, c[1]]));
        assert_eq!(right.steps, left.steps);
        let found = here.derivative;
        let of_neighbours = [0, 1].map(|part| (right.z[part] - left.z[part]) / (2.0 * step));
        let apart = [0, 1].map(|part| found[part] - of_neighbours[part]);
        let relative = libm::hypot(apart[0], apart[1]) / libm::hypot(found[0], found[1]);
        assert!(relative < 1e-2, "{found:?} {of_neighbours:?}");
    }
}

#[test]
fn a_limit_is_never_passed() {
    let returns = returns();
    let mut traveller = Traveller::new();
    for limit in [36_864, 40_000, 100_003] {
        let Followed { steps, .. } = returns.follow::<false>(&mut traveller, [0.0; 2], limit);
        assert!(
            steps <= limit && steps + PERIOD > limit,
            "{steps} of {limit}"
        );
    }
}

#[test]
fn who_is_beyond_the_radius_of_c_goes_by_no_map() {
    let returns = returns();
    let mut traveller = Traveller::new();
    let mut steps = |share: f64| {
        let c = [share * RADIUS, 0.0];
        returns.follow::<false>(&mut traveller, c, 1_000_000).steps
    };
    assert!(steps(0.99) > 0);
    assert_eq!(steps(1.01), 0);
}

/// Inside the minibrot beside which the others turn: soon an orbit is on its cycle, and all steps are done at once.
#[test]
fn an_orbit_that_meets_itself_is_followed_no_longer() {
    let never = AtomicBool::new(false);
    // The nucleus of period 9, by Newton's method from the reference.
    let mut c = reference().map(circle::high);
    for _ in 0..20 {
        let (mut z, mut by_c) = ([0.0; 2], [0.0; 2]);
        for _ in 0..PERIOD {
            let [re, im] = polynomial::product(z, by_c);
            by_c = [2.0 * re + 1.0, 2.0 * im];
            let [x, y] = polynomial::product(z, z);
            z = [x + c[0], y + c[1]];
        }
        let size = by_c[0] * by_c[0] + by_c[1] * by_c[1];
        let [re, im] = polynomial::product(z, [by_c[0], -by_c[1]]);
        c = [c[0] - re / size, c[1] - im / size];
    }
    let beside = [Wide::splat(c[0] + 1e-9), Wide::splat(c[1])];
    let rungs = Ladder::new(PERIOD, beside, RADIUS, &never).build().unwrap();
    assert!(!rungs.is_empty());
    let returns = Returns {
        horizon: HORIZON * PERIOD,
        scale: 1.0 / RADIUS,
        maps: Maps::new(rungs, HALF_SIDE),
    };
    let mut traveller = Traveller::new();
    let limit = 1 << 52; // walked in jumps it would take years
    let Followed { steps, .. } = returns.follow::<false>(&mut traveller, [0.1 * RADIUS; 2], limit);
    assert_eq!(steps, limit);
}

#[test]
fn building_can_be_cancelled() {
    let cancelled = AtomicBool::new(true);
    let ladder = Ladder::new(PERIOD, reference(), RADIUS, &cancelled);
    assert!(ladder.build().is_err());
}

#[test]
fn an_orbit_with_maps_takes_no_more_memory_than_was_said() {
    let never = AtomicBool::new(false);
    let view = View {
        quality: Quality::Fast,
        ..View::small(RE, IM, "5e16", 2 * HORIZON * PERIOD)
    };
    let plan = Plan::new(&view).unwrap();
    let key = plan.orbit().unwrap();
    let orbit = key
        .compute(u64::MAX, &Sequential, &OrbitProgress::default(), &never)
        .unwrap();
    let maps = orbit.returns(view.limit).unwrap().bytes();
    assert!((1..=Maps::MOST_BYTES).contains(&maps), "{maps} bytes");
    // Where there is no room for points, what is left is the maps'.
    assert_eq!(key.most_bytes(0), Maps::MOST_BYTES as u64);
    let most = key.most_bytes(u64::MAX);
    assert!(orbit.bytes() as u64 <= most, "{} bytes", orbit.bytes());
    let exact = View {
        quality: Quality::Exact,
        ..view
    };
    assert_eq!(
        Returns::most_bytes(Plan::new(&exact).unwrap().orbit().unwrap()),
        0
    );
}
