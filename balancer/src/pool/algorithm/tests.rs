//! What the algorithms promise, and for those that hash, over keys and loads that chance has made.

use proptest::prelude::*;

use super::*;
use crate::pool::verdict::{Sight, Verdict};
use crate::settings::{Health, Idle};
use crate::upstream::{Server, Terms};

fn member(name: &str, weight: u32, in_flight: u32) -> Member {
    let terms = Terms {
        capacity: None,
        weight,
        backup: false,
    };
    let rules = Health::default();
    let mut verdict = Verdict::new(&rules);
    verdict.note(Sight::Passed, std::time::Instant::now(), &rules);
    let server = Server::new(name, &[], terms, &Idle::default());
    let mut member = Member::new(server, verdict, true);
    member.in_flight = in_flight;
    member
}

/// Members of `(weight, in flight)`.
fn members(of: &[(u32, u32)]) -> Vec<Member> {
    let numbered = of.iter().enumerate();
    let named =
        numbered.map(|(i, (weight, load))| member(&format!("10.0.0.{i}:80"), *weight, *load));
    named.collect()
}

fn pick(algorithm: Algorithm, members: &[Member], key: u64) -> Option<usize> {
    let mut random = fastrand::Rng::with_seed(key);
    choose(algorithm, members.iter().enumerate(), key, &mut random)
}

/// The choices of requests that each end at once.
fn picks(algorithm: Algorithm, members: &[Member], times: u64) -> Vec<usize> {
    (0..times)
        .map(|key| pick(algorithm, members, key).unwrap())
        .collect()
}

fn counts(picks: &[usize], members: usize) -> Vec<usize> {
    let count = |member| picks.iter().filter(|pick| **pick == member).count();
    (0..members).map(count).collect()
}

#[test]
fn ties_take_turns() {
    for algorithm in [
        Algorithm::LeastConnections,
        Algorithm::LeastTime,
        Algorithm::RoundRobin,
        Algorithm::WeightedRoundRobin,
    ] {
        let members = members(&[(1, 0); 3]);
        assert_eq!(
            picks(algorithm, &members, 6),
            [0, 1, 2, 0, 1, 2],
            "{algorithm}"
        );
    }
    let some = members(&[(1, 1), (1, 0), (1, 2), (1, 0)]);
    assert_eq!(picks(Algorithm::LeastConnections, &some, 4), [1, 3, 1, 3]);
}

#[test]
fn the_fewest_in_flight_for_its_weight_wins() {
    let equal = members(&[(1, 2), (1, 1), (1, 3)]);
    assert_eq!(picks(Algorithm::LeastConnections, &equal, 2), [1, 1]);
    let unequal = members(&[(1, 2), (4, 5), (1, 3)]);
    assert_eq!(picks(Algorithm::LeastConnections, &unequal, 2), [1, 1]);
}

#[test]
fn turns_are_in_proportion_to_weights_and_spread() {
    let members = members(&[(5, 9), (1, 0), (1, 0)]);
    let picks = picks(Algorithm::WeightedRoundRobin, &members, 7);
    assert_eq!(picks, [0, 0, 1, 0, 2, 0, 0], "as nginx has it");
}

#[test]
fn two_choices_prefer_the_less_loaded_and_honour_weights() {
    let unequal = members(&[(1, 100), (1, 0)]);
    assert_eq!(
        counts(&picks(Algorithm::TwoChoices, &unequal, 100), 2),
        [0, 100]
    );
    // Of three, the busiest one is never the less loaded of two.
    let three = members(&[(1, 9), (1, 1), (1, 1)]);
    assert_eq!(counts(&picks(Algorithm::TwoChoices, &three, 1000), 3)[0], 0);
    let weighted = counts(
        &picks(Algorithm::TwoChoices, &members(&[(1, 0), (3, 0)]), 4000),
        2,
    );
    assert!((900..1100).contains(&weighted[0]), "{weighted:?}");
}

#[test]
fn least_time_weighs_latency_and_load() {
    let members = members(&[(1, 0), (1, 1), (1, 0)]);
    let latency = |position: usize, millis| {
        let counts = &members[position].server.counts;
        counts.head_after(std::time::Duration::from_millis(millis));
    };
    latency(0, 50);
    latency(1, 10);
    assert_eq!(
        pick(Algorithm::LeastTime, &members, 0),
        Some(2),
        "as fast as the fastest"
    );
    latency(2, 30);
    assert_eq!(
        pick(Algorithm::LeastTime, &members, 0),
        Some(1),
        "2 × 10 ms"
    );
}

#[test]
fn a_client_keeps_its_server_until_that_is_full() {
    let mut members = members(&[(1, 0); 5]);
    let home = pick(Algorithm::IpHash, &members, 7).unwrap();
    members[home].in_flight = 1000;
    assert_eq!(
        pick(Algorithm::IpHash, &members, 7),
        Some(home),
        "however much it has"
    );
    members[home].in_flight = u32::MAX;
    assert_ne!(pick(Algorithm::IpHash, &members, 7), Some(home));
}

#[test]
fn hashed_keys_are_spread_by_weights() {
    for algorithm in [Algorithm::IpHash, Algorithm::ConsistentHash] {
        let members = members(&[(1, 0), (2, 0), (1, 0)]);
        let shares = counts(&picks(algorithm, &members, 40_000), 3);
        let near = |share: usize, expected: usize| share.abs_diff(expected) < expected / 20;
        assert!(
            near(shares[0], 10_000) && near(shares[1], 20_000),
            "{algorithm}: {shares:?}"
        );
    }
}

#[test]
fn a_full_server_is_never_chosen() {
    for algorithm in Algorithm::ALL {
        let full = members(&[(1, u32::MAX), (9, u32::MAX)]);
        assert_eq!(pick(algorithm, &full, 3), None, "{algorithm}");
        let one = members(&[(1, u32::MAX), (1, 5), (1, u32::MAX)]);
        assert_eq!(pick(algorithm, &one, 3), Some(1), "{algorithm}");
    }
}

/// How many of `keys` go elsewhere once `after` is there instead of `before`.
fn moved(algorithm: Algorithm, before: &[Member], after: &[Member], keys: u64) -> usize {
    let name = |members: &[Member], key| {
        let position = pick(algorithm, members, crate::upstream::hash::mixed(key)).unwrap();
        members[position].server.label.clone()
    };
    (0..keys)
        .filter(|key| name(before, *key) != name(after, *key))
        .count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_server_added_to_ten_moves_at_most_12_percent_of_keys(
        names in proptest::collection::btree_set("[a-z]{3,12}:[1-9][0-9]{1,3}", 11),
        new in 0_usize..11,
    ) {
        let all: Vec<Member> = names.iter().map(|name| member(name, 1, 0)).collect();
        let mut ten: Vec<Member> = names.iter().map(|name| member(name, 1, 0)).collect();
        ten.remove(new);
        for algorithm in [Algorithm::IpHash, Algorithm::ConsistentHash] {
            let moved = moved(algorithm, &ten, &all, 5000);
            // A share of 1/11 is 455 of them; 12 % are 600.
            prop_assert!((300..=600).contains(&moved), "{algorithm}: {moved}");
        }
    }

    #[test]
    fn no_server_has_more_than_its_bound_whatever_the_keys_and_weights(
        weights in proptest::collection::vec(1_u32..5, 1..12),
        keys in proptest::collection::vec(0_u64..4, 1..400),
        ends in proptest::collection::vec(any::<prop::sample::Index>(), 400),
    ) {
        let mut members = members(&weights.iter().map(|weight| (*weight, 0)).collect::<Vec<_>>());
        let mut running = Vec::new();
        for (key, end) in keys.into_iter().zip(ends) {
            let chosen = pick(Algorithm::ConsistentHash, &members, key).unwrap();
            members[chosen].in_flight += 1;
            running.push(chosen);
            let all: u32 = weights.iter().sum();
            let share = f64::from(weights[chosen]) / f64::from(all);
            let most = (1.25 * running.len() as f64 * share).ceil();
            prop_assert!(f64::from(members[chosen].in_flight) <= most);
            // Every second one ends, whichever.
            if running.len() % 2 == 0 {
                let ended = running.swap_remove(end.index(running.len()));
                members[ended].in_flight -= 1;
            }
        }
    }
}
