//! Is a picture the same, bit for bit, whether its reference orbit is in memory or most of it is computed again from waypoints?
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use fractal::{Field, Formula, OrbitProgress, Plan, Quality, Sequential, View};

/// Enough for the fewest sections beside waypoints, some 130,000 steps.
const SCARCE: u64 = 18_000_000;

/// A place among filaments, whose reference orbit has 567,136 points.
const RE: &str = "-0.74962449737876168207862620426836138684529527812364025754481571424558286479672801698750203976779135608148687747196595174858125388297577788573082753210469806739721377901297451172624762450940529814713048377873612297220313016947039287469999999999";
const IM: &str = "0.034270108740460169451729515457494748680515346724391118531748547383705957729359301718429997787132227942154534366289982005919142082076326747807809784967848438076905104018293013090695421984135743924258851663672311920874163384970654955099999999999";

fn view() -> View {
    View {
        re: RE.parse().unwrap(),
        im: IM.parse().unwrap(),
        zoom: "5e227".parse().unwrap(),
        rotation: 0.0,
        width: 16,
        height: 9,
        samples: 1,
        formula: Formula::Mandelbrot,
        limit: 1_200_000,
        reference: None,
        quality: Quality::Standard,
    }
}

#[test]
fn an_orbit_that_does_not_fit_draws_the_same_picture_in_the_memory_that_it_is_given() {
    let never = AtomicBool::new(false);
    let plan = Plan::new(&view()).unwrap();
    let key = plan.orbit().unwrap();
    assert!(key.most_steps(SCARCE) > key.limit());
    assert_eq!(key.most_bytes(SCARCE), SCARCE);
    let [whole, scarce] = [u64::MAX, SCARCE].map(|memory| {
        let progress = OrbitProgress::default();
        let orbit = key.compute(memory, &Sequential, &progress, &never);
        Arc::new(orbit.unwrap())
    });
    assert!(whole.points() > 500_000);
    assert_eq!(whole.points(), scarce.points());
    assert!(whole.bytes() as u64 > SCARCE, "{} bytes", whole.bytes());
    assert!(scarce.bytes() as u64 <= SCARCE, "{} bytes", scarce.bytes());
    let field = |orbit| -> Field {
        let renderer = plan.clone().with_orbit(|_| Ok::<_, ()>(orbit)).unwrap();
        renderer.field(view().whole(), &never).unwrap()
    };
    assert_eq!(field(whole), field(scarce));
}

#[test]
fn what_no_memory_is_enough_for_is_known_beforehand() {
    let plan = Plan::new(&view()).unwrap();
    let key = plan.orbit().unwrap();
    // Too little for sections: as long as all of it fits.
    assert_eq!(key.most_steps(132_000), 1000);
    // A thousand times as many steps as would fit.
    let enough = key.most_steps(1 << 30);
    assert!(enough > (1 << 30) / 132 * 30, "{enough}");
    assert!(key.most_steps(1 << 31) > 2 * (enough - 4096));
}
