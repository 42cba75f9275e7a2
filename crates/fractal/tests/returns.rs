//! Are orbits right that return near 0 hundreds of thousands of times, and go by maps from return to return?
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use fractal::{
    Backend, Field, Formula, OrbitProgress, Plan, Quality, Rect, Renderer, Sequential, View,
};

/// Beside a minibrot of period 9, at a point whose cycle is almost neutral.
fn view(limit: u64) -> View {
    View {
        re: "-1.94151209635203446394399999999999999999995"
            .parse()
            .unwrap(),
        im: "0.00663498740113024706519999999999999999995"
            .parse()
            .unwrap(),
        zoom: "1.53916775627e16".parse().unwrap(),
        rotation: 0.0,
        width: 1920,
        height: 1080,
        samples: 1,
        formula: Formula::Mandelbrot,
        limit,
        reference: None,
        quality: Quality::Fast,
    }
}

const LIMIT: u64 = 10_000_000;

fn renderer(limit: u64) -> Renderer {
    let plan = Plan::new(&view(limit)).unwrap();
    plan.prepare(&Sequential, &AtomicBool::new(false)).unwrap()
}

fn field(renderer: &Renderer, backend: Backend, [x, y, w, h]: [u32; 4]) -> Field {
    let rect = Rect { x, y, w, h };
    let never = AtomicBool::new(false);
    renderer.field_with(backend, rect, &never).unwrap()
}

/// Whose orbits do not amplify what f64 rounds must be right; most amplify it beyond all that f64 holds, but come to like counts.
#[test]
fn counts_are_those_of_orbits_walked_in_all_digits() {
    let known: serde_json::Value =
        serde_json::from_str(include_str!("truth/counts/super-dense-e16.json")).unwrap();
    let renderer = renderer(LIMIT);
    let (mut right, mut found, mut expected) = (0, 0, 0);
    let pixels = known["pixels"].as_array().unwrap();
    for pixel in pixels {
        let [x, y, count] = [0, 1, 2].map(|at| pixel[at].as_u64().unwrap());
        let field = field(&renderer, Backend::detect(), [x as u32, y as u32, 1, 1]);
        let ours = field.counts[0];
        right += u32::from(ours == count);
        let steps = |count: u64| if count == 0 { LIMIT } else { count };
        (found, expected) = (found + steps(ours), expected + steps(count));
    }
    assert!(right >= 5, "{right} of {}", pixels.len());
    let ratio = found as f64 / expected as f64;
    assert!((0.7..1.4).contains(&ratio), "{ratio}");
}

#[test]
fn every_backend_and_any_split_give_the_same_bits() {
    let renderer = renderer(LIMIT);
    let whole = field(&renderer, Backend::detect(), [700, 500, 12, 6]);
    assert!(whole.counts.iter().any(|&count| count > 500_000));
    let bits = |field: &Field| -> Vec<u64> {
        let smooth = field.smooth.iter();
        smooth.map(|smooth| smooth.to_bits()).collect()
    };
    for backend in Backend::available() {
        let other = field(&renderer, backend, [700, 500, 12, 6]);
        assert_eq!(whole.counts, other.counts, "{backend:?}");
        assert_eq!(bits(&whole), bits(&other), "{backend:?}");
    }
    for row in 0..6 {
        let first = row as usize * 12;
        for (column, width) in [(0, 5), (5, 7)] {
            let part = [700 + column, 500 + row, width, 1];
            let part = field(&renderer, Backend::detect(), part);
            let from = first + column as usize;
            let of_whole = &whole.counts[from..from + width as usize];
            assert_eq!(part.counts, of_whole, "row {row} from {column}");
        }
    }
}

/// The maps follow from the reference's first returns alone.
#[test]
fn an_orbit_for_a_higher_limit_draws_the_same() {
    let low = LIMIT / 10;
    let own = renderer(low);
    let longer = Plan::new(&view(LIMIT)).unwrap();
    let longer = longer.orbit().unwrap().compute(
        u64::MAX,
        &Sequential,
        &OrbitProgress::default(),
        &AtomicBool::new(false),
    );
    let longer = Arc::new(longer.unwrap());
    let plan = Plan::new(&view(low)).unwrap();
    let shared = plan.with_orbit(|_| Ok::<_, Infallible>(longer)).unwrap();
    let rect = [200, 300, 16, 2];
    let of_own = field(&own, Backend::detect(), rect);
    let of_shared = field(&shared, Backend::detect(), rect);
    assert_eq!(of_own.counts, of_shared.counts);
    assert!(of_own.counts.iter().any(|&count| count > 0));
}
