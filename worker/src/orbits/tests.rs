//! Is an orbit computed once for all, found again, and given up when nobody waits?

use std::sync::mpsc;

use fractal::{Decimal, Formula, Plan, Quality, Sequential, View};

use super::*;

const PLENTY: u64 = 1 << 40;

/// The key of a view inside of the set, where an orbit goes on to its limit.
fn key(place: u32, limit: u64) -> OrbitKey {
    let decimal = |text: &str| -> Decimal { text.parse().unwrap() };
    let view = View {
        re: decimal(&format!("-0.1{place}")),
        im: decimal("0.1"),
        zoom: decimal("1e30"),
        rotation: 0.0,
        width: 10,
        height: 10,
        samples: 1,
        formula: Formula::Mandelbrot,
        limit,
        reference: None,
        quality: Quality::Standard,
    };
    Plan::new(&view).unwrap().orbit().unwrap().clone()
}

fn real(key: &OrbitKey, progress: &OrbitProgress, cancel: &AtomicBool) -> Result<Orbit, Cancelled> {
    key.compute(PLENTY, &Sequential, progress, cancel)
}

fn orbits(
    memory: u64,
    compute: impl Fn(&OrbitKey, &OrbitProgress, &AtomicBool) -> Result<Orbit, Cancelled>
    + Send
    + Sync
    + 'static,
) -> Orbits {
    Orbits::computed_by(Box::new(compute), 1, memory, 8, OrbitMetrics::default()).unwrap()
}

/// Orbits that are not done before something has been sent for each.
fn held(memory: u64) -> (Orbits, mpsc::Sender<()>) {
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let orbits = orbits(memory, move |key, progress, cancel| {
        lock(&released).recv().unwrap();
        real(key, progress, cancel)
    });
    (orbits, release)
}

fn wait(orbits: &Orbits, key: &OrbitKey) -> Wait {
    match orbits.find(key) {
        Ok(Found::UnderWay(wait)) => wait,
        Ok(Found::Ready(_)) => panic!("nobody has computed it"),
        Err(cause) => panic!("{cause}"),
    }
}

async fn get(orbits: &Orbits, key: &OrbitKey) -> Result<Arc<Orbit>, NoOrbit> {
    match orbits.find(key)? {
        Found::Ready(orbit) => Ok(orbit),
        Found::UnderWay(wait) => wait.outcome().await,
    }
}

fn is_ready(orbits: &Orbits, key: &OrbitKey) -> bool {
    orbits.0.state().ready.take_up(key).is_some()
}

async fn until_nothing_is_computed(orbits: &Orbits) {
    while orbits.0.turns.available_permits() < AT_ONCE {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_orbit_that_many_ask_for_at_once_is_computed_once() {
    let (orbits, release) = held(PLENTY);
    let key = key(1, 100);
    let waits: Vec<Wait> = (0..8).map(|_| wait(&orbits, &key)).collect();
    assert_eq!((orbits.under_way().len(), orbits.waiting()), (1, 8));
    release.send(()).unwrap();
    let first = waits[0].outcome().await.unwrap();
    for wait in &waits {
        assert!(Arc::ptr_eq(&first, &wait.outcome().await.unwrap()));
        assert!((wait.meter().now().progress - 1.0).abs() < f64::EPSILON);
    }
    drop(waits);
    assert!(Arc::ptr_eq(&first, &get(&orbits, &key).await.unwrap()));
    let metrics = &orbits.0.metrics;
    assert_eq!((metrics.computed.get(), metrics.reused.get()), (1, 8));
    assert_eq!(metrics.bytes.get() as usize, first.bytes());
    assert_eq!((orbits.under_way().len(), orbits.waiting()), (0, 0));
}

#[tokio::test]
async fn a_longer_orbit_does_for_a_smaller_limit_ready_or_under_way() {
    let (orbits, release) = held(PLENTY);
    let (long, short) = (key(1, 200), key(1, 100));
    let (first, second) = (wait(&orbits, &long), wait(&orbits, &short));
    release.send(()).unwrap();
    let orbit = first.outcome().await.unwrap();
    assert!(Arc::ptr_eq(&orbit, &second.outcome().await.unwrap()));
    assert!(Arc::ptr_eq(&orbit, &get(&orbits, &short).await.unwrap()));
    release.send(()).unwrap();
    let longer = get(&orbits, &key(1, 300)).await.unwrap();
    assert!(longer.points() > orbit.points());
    assert!(Arc::ptr_eq(&longer, &get(&orbits, &long).await.unwrap()));
    assert_eq!(orbits.0.metrics.bytes.get() as usize, longer.bytes());
}

#[tokio::test]
async fn an_orbit_stops_when_the_last_of_those_who_wait_has_gone() {
    let orbits = orbits(PLENTY, real);
    let endless = key(1, 1 << 40);
    let (one, other) = (wait(&orbits, &endless), wait(&orbits, &endless));
    drop(one);
    assert_eq!(orbits.under_way()[0].waiting, 1);
    while orbits.under_way()[0].steps == 0 {
        tokio::task::yield_now().await;
    }
    drop(other);
    assert!(orbits.under_way().is_empty());
    until_nothing_is_computed(&orbits).await;
    assert_eq!(orbits.0.metrics.computed.get(), 0);
    assert_eq!(orbits.waiting(), 0);
}

#[tokio::test]
async fn who_comes_after_an_orbit_was_given_up_does_not_get_the_stopped_one() {
    let (orbits, release) = held(PLENTY);
    let key = key(1, 100);
    drop(wait(&orbits, &key));
    let again = wait(&orbits, &key);
    assert!(!again.flight.cancel.load(Ordering::Relaxed));
    release.send(()).unwrap();
    release.send(()).unwrap();
    again.outcome().await.unwrap();
}

#[tokio::test]
async fn an_orbit_whose_turn_has_not_come_is_given_up_too() {
    let (orbits, release) = held(PLENTY);
    let computed: Vec<Wait> = (0..AT_ONCE as u32)
        .map(|place| wait(&orbits, &key(place, 100)))
        .collect();
    while orbits.0.turns.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let third = wait(&orbits, &key(9, 100));
    assert_eq!(orbits.under_way().len(), 3);
    drop(third);
    assert_eq!(orbits.under_way().len(), 2);
    // Which of them is released first is up to the threads.
    for _ in &computed {
        release.send(()).unwrap();
    }
    for wait in &computed {
        wait.outcome().await.unwrap();
    }
    until_nothing_is_computed(&orbits).await;
    assert_eq!(orbits.0.metrics.computed.get(), 2);
}

#[tokio::test]
async fn the_orbit_that_was_not_used_for_longest_makes_place() {
    let size = real(
        &key(1, 1000),
        &OrbitProgress::default(),
        &AtomicBool::new(false),
    );
    let size = size.unwrap().bytes() as u64;
    let orbits = orbits(2 * size + size / 2, real);
    let keys = [1, 2, 3].map(|place| key(place, 1000));
    get(&orbits, &keys[0]).await.unwrap();
    get(&orbits, &keys[1]).await.unwrap();
    get(&orbits, &keys[0]).await.unwrap();
    get(&orbits, &keys[2]).await.unwrap();
    assert_eq!(
        keys.each_ref().map(|key| is_ready(&orbits, key)),
        [true, false, true]
    );
    assert!(orbits.0.metrics.bytes.get() as u64 <= 2 * size + size / 2);
}

#[tokio::test]
async fn an_orbit_larger_than_all_memory_is_given_out_and_not_kept() {
    let orbits = orbits(1000, real);
    let key = key(1, 1000);
    assert!(get(&orbits, &key).await.is_ok());
    assert!(!is_ready(&orbits, &key));
    assert_eq!(orbits.0.metrics.bytes.get(), 0);
}

#[tokio::test]
async fn a_panic_is_told_to_all_who_wait_and_the_next_tries_anew() {
    let failed = AtomicBool::new(false);
    let orbits = orbits(PLENTY, move |key, progress, cancel| {
        assert!(failed.swap(true, Ordering::Relaxed), "on purpose");
        real(key, progress, cancel)
    });
    let key = key(1, 100);
    let waits = [wait(&orbits, &key), wait(&orbits, &key)];
    for wait in &waits {
        assert_eq!(wait.outcome().await.unwrap_err(), NoOrbit::Panicked);
    }
    assert!(get(&orbits, &key).await.is_ok());
}

#[tokio::test]
async fn no_more_wait_than_may() {
    let (orbits, release) = held(PLENTY);
    let key = key(1, 100);
    let waits: Vec<Wait> = (0..8).map(|_| wait(&orbits, &key)).collect();
    assert!(matches!(orbits.find(&key), Err(NoOrbit::Full)));
    release.send(()).unwrap();
    waits[0].outcome().await.unwrap();
    assert!(
        matches!(orbits.find(&key), Ok(Found::Ready(_))),
        "what is ready needs no waiting"
    );
}

#[tokio::test]
async fn orbits_that_need_all_memory_take_turns() {
    let orbits = orbits(SHARE, real);
    let keys: Vec<OrbitKey> = (0..5).map(|place| key(place, 100)).collect();
    let waits: Vec<Wait> = keys.iter().map(|key| wait(&orbits, key)).collect();
    for wait in &waits {
        wait.outcome().await.unwrap();
    }
    until_nothing_is_computed(&orbits).await;
    assert_eq!(orbits.0.metrics.computed.get(), 5);
    assert_eq!(lock(&orbits.0.free).len(), AT_ONCE);
}

#[tokio::test]
async fn the_longest_orbits_are_computed_beside_each_other() {
    let (orbits, release) = held(1 << 26);
    let limit = 10_000_000;
    assert!(key(0, limit).most_steps(memory_of_one(1 << 26)) > limit);
    let waits: Vec<Wait> = (0..AT_ONCE)
        .map(|place| wait(&orbits, &key(place as u32, limit)))
        .collect();
    while !lock(&orbits.0.free).is_empty() {
        tokio::task::yield_now().await;
    }
    drop(waits);
    for _ in 0..AT_ONCE {
        release.send(()).unwrap();
    }
    until_nothing_is_computed(&orbits).await;
}
