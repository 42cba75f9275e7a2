//! The order of a line, by small lines whose order can be told by hand, and by long ones that are served bare.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;

fn client(number: u32) -> ClientKey {
    ClientKey::from(IpAddr::from(Ipv4Addr::from_bits(number)))
}

fn rank(urgency: u8, from: u32, arrival: u64) -> Rank {
    Rank {
        urgency: Urgency::ALL[usize::from(urgency)],
        client: client(from),
        arrival,
    }
}

fn waiter(reply: u64) -> Waiter<u64> {
    Waiter {
        key: 0,
        avoid: Vec::new(),
        since: Instant::now(),
        reply,
    }
}

/// A line of `(urgency, client)`, in the order in which they came.
fn line(limit: usize, waiters: &[(u8, u32)]) -> Line<u64> {
    let mut line = Line::new(limit);
    for (arrival, (urgency, from)) in (0..).zip(waiters) {
        line.join(rank(*urgency, *from, arrival), waiter(arrival));
    }
    line
}

/// Arrivals in the order in which they are served.
fn served(line: &mut Line<u64>) -> Vec<u64> {
    let length = line.len();
    let one = |_| {
        let (first, _) = line.iter().next()?;
        line.serve(first).map(|(waiter, _)| waiter.reply)
    };
    (0..length).map_while(one).collect()
}

#[test]
fn the_most_urgent_goes_first_and_then_the_oldest() {
    let mut line = line(9, &[(3, 1), (7, 1), (0, 1), (3, 1)]);
    assert_eq!(served(&mut line), [2, 0, 3, 1]);
    assert!(line.is_empty());
}

#[test]
fn clients_take_turns() {
    let mut line = line(9, &[(3, 1), (3, 1), (3, 1), (3, 2), (3, 3), (3, 2)]);
    assert_eq!(served(&mut line), [0, 3, 4, 1, 5, 2]);
}

#[test]
fn a_client_that_comes_anew_goes_before_those_that_had_their_turn_and_behind_the_others() {
    let mut line = line(9, &[(3, 1), (3, 1), (3, 2), (3, 2)]);
    line.serve(rank(3, 1, 0));
    line.join(rank(3, 3, 9), waiter(9));
    assert_eq!(served(&mut line), [2, 9, 1, 3]);
}

#[test]
fn who_is_passed_over_keeps_its_turn() {
    let mut line = line(9, &[(3, 1), (3, 1), (3, 2), (3, 2)]);
    line.serve(rank(3, 2, 2));
    assert_eq!(served(&mut line), [0, 3, 1]);
}

#[test]
fn a_retry_goes_before_its_clients_later_requests() {
    let mut line = line(9, &[(3, 1), (3, 1)]);
    let (first, _) = line.serve(rank(3, 1, 0)).unwrap();
    line.join(rank(3, 1, 0), first);
    assert_eq!(served(&mut line), [0, 1]);
}

#[test]
fn a_place_is_how_many_are_served_until_then() {
    let line = line(
        99,
        &[
            (3, 1),
            (3, 1),
            (3, 2),
            (1, 3),
            (3, 1),
            (3, 2),
            (7, 1),
            (3, 3),
        ],
    );
    for (place, (rank, _)) in (1..).zip(line.iter()) {
        assert_eq!(line.place(rank), place, "{rank:?}");
    }
    assert_eq!(line.iter().count(), line.len());
}

#[test]
fn a_full_line_lets_the_last_one_go_whoever_came() {
    let mut line = line(3, &[(3, 1), (3, 1), (3, 2)]);
    let gone = |last: Option<(Rank, Waiter<u64>)>| last.map(|(_, waiter)| waiter.reply);
    assert_eq!(gone(line.join(rank(7, 4, 3), waiter(3))), Some(3));
    assert_eq!(gone(line.join(rank(3, 1, 4), waiter(4))), Some(4));
    assert_eq!(
        gone(line.join(rank(3, 3, 5), waiter(5))),
        Some(1),
        "of who has two"
    );
    assert_eq!(gone(line.join(rank(0, 1, 6), waiter(6))), Some(5));
    assert_eq!(line.len(), 3);
    assert_eq!(gone(Line::new(0).join(rank(0, 1, 0), waiter(0))), Some(0));
}

#[test]
fn who_gives_up_is_not_served() {
    let mut line = line(9, &[(3, 1), (3, 2), (3, 1)]);
    assert_eq!(
        line.leave(rank(3, 2, 1)).map(|waiter| waiter.reply),
        Some(1)
    );
    assert!(line.leave(rank(3, 2, 1)).is_none());
    assert_eq!(served(&mut line), [0, 2]);
}

#[test]
fn ten_clients_get_equal_shares_whatever_they_ask_for() {
    // Client n asks for n times as much as the first one.
    let wishes = (1..=10).flat_map(|from| std::iter::repeat_n((3, from), 100 * from as usize));
    let mut line = line(10_000, &wishes.collect::<Vec<_>>());
    let mut shares = HashMap::new();
    for _ in 0..1000 {
        let (rank, _) = line.iter().next().unwrap();
        line.serve(rank);
        *shares.entry(rank.client).or_insert(0) += 1;
    }
    assert!(
        shares.len() == 10 && shares.values().all(|share| *share == 100),
        "{shares:?}"
    );
}

#[test]
fn a_client_of_long_requests_waits_until_the_others_had_as_much_time() {
    let mut line = line(
        99,
        &[(3, 1), (3, 2), (3, 1), (3, 2), (3, 2), (3, 2), (3, 2)],
    );
    let (_, long) = line.serve(rank(3, 1, 0)).unwrap();
    line.ended(long, 3 * class::LEAST_COST);
    let mut order = Vec::new();
    for _ in 0..4 {
        let (next, _) = line.iter().next().unwrap();
        let (waiter, short) = line.serve(next).unwrap();
        line.ended(short, Duration::from_millis(1));
        order.push(waiter.reply);
    }
    assert_eq!(order, [1, 3, 4, 2], "three of the second, then the first");
}

#[test]
fn nobody_owes_anything_when_all_is_done() {
    let mut line = line(9, &[(3, 1)]);
    let (_, charge) = line.serve(rank(3, 1, 0)).unwrap();
    line.ended(charge, Duration::from_secs(3600));
    line.join(rank(3, 1, 1), waiter(1));
    line.join(rank(3, 2, 2), waiter(2));
    assert_eq!(served(&mut line), [1, 2]);
}

#[test]
fn who_pauses_saves_nothing_up() {
    let mut line = line(999, &vec![(3, 1); 100]);
    for arrival in 0..50 {
        line.serve(rank(3, 1, arrival));
    }
    for arrival in 100..110 {
        line.join(rank(3, 2, arrival), waiter(arrival));
    }
    let order = served(&mut line);
    let second = order.iter().take(20).filter(|reply| **reply >= 100);
    assert_eq!(second.count(), 10, "{order:?}");
}

/// How long each client had servers to itself, when all of them always have requests that take as long as `times` say, and
/// `servers` run one each until there is no request that begins before `end`.
fn shares(times: &[Vec<u64>], servers: usize, end: Duration) -> Vec<Duration> {
    let mut line = Line::new(usize::MAX);
    let mut arrivals = 0;
    let mut ask = |line: &mut Line<u64>, from: usize| {
        line.join(rank(3, from as u32, arrivals), waiter(0));
        arrivals += 1;
    };
    for from in 0..times.len() {
        for _ in 0..=servers {
            ask(&mut line, from);
        }
    }
    let mut had = vec![Duration::ZERO; times.len()];
    let mut begun = vec![0; times.len()];
    let mut running = BTreeMap::new();
    let (mut now, mut serial) = (Duration::ZERO, 0);
    while now < end {
        while running.len() < servers {
            let (next, _) = line.iter().next().unwrap();
            let (_, charge) = line.serve(next).unwrap();
            let from = (0..times.len()).find(|i| client(*i as u32) == next.client);
            let from = from.unwrap();
            let time = Duration::from_millis(times[from][begun[from] % times[from].len()]);
            begun[from] += 1;
            had[from] += time.max(class::LEAST_COST);
            running.insert((now + time, serial), (charge, time));
            serial += 1;
            ask(&mut line, from);
        }
        let ((then, _), (charge, time)) = running.pop_first().unwrap();
        now = then;
        line.ended(charge, time);
    }
    had
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Goyal, Vin and Cheng, theorem 1, with as many requests under way as there are servers.
    #[test]
    fn clients_that_always_ask_get_equal_time_whatever_their_requests_take(
        times in prop::collection::vec(prop::collection::vec(1_u64..2000, 1..8), 2..6),
        servers in 1_usize..5,
    ) {
        let longest = times.iter().flatten().max().copied().unwrap_or_default();
        let longest = Duration::from_millis(longest).max(class::LEAST_COST);
        let end = 200 * longest;
        let had = shares(&times, servers, end);
        let apart = *had.iter().max().unwrap() - *had.iter().min().unwrap();
        let bound = longest * 2 * (servers as u32 + 1);
        prop_assert!(apart <= bound, "{apart:?} of {had:?}, at most {bound:?}");
    }

    /// Places are those of the order, whatever is owed.
    #[test]
    fn a_place_is_that_in_the_order(
        steps in prop::collection::vec((0_u32..6, 0_u64..400, any::<bool>()), 1..80),
    ) {
        let mut line = Line::new(usize::MAX);
        for (arrival, (from, time, serves)) in (0..).zip(steps) {
            line.join(rank(3, from, arrival), waiter(arrival));
            if serves {
                let (next, _) = line.iter().next().unwrap();
                let (_, charge) = line.serve(next).unwrap();
                line.ended(charge, Duration::from_millis(time));
            }
        }
        let order: Vec<Rank> = line.iter().map(|(rank, _)| rank).collect();
        prop_assert_eq!(order.len(), line.len());
        for (place, rank) in (1..).zip(&order) {
            prop_assert_eq!(line.place(*rank), place);
        }
        prop_assert_eq!(line.last(), order.last().copied());
    }
}

#[test]
fn everybody_is_there_when_it_is_emptied() {
    let mut line = line(9, &[(3, 1), (0, 2), (3, 1)]);
    let mut all: Vec<u64> = line.drain().map(|waiter| waiter.reply).collect();
    all.sort_unstable();
    assert_eq!((all, line.len()), (vec![0, 1, 2], 0));
    line.join(rank(3, 1, 7), waiter(7));
    assert_eq!(served(&mut line), [7]);
}
