//! The order of a line, by small lines whose order can be told by hand, and by long ones that are served bare.

use std::net::{IpAddr, Ipv4Addr};

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
        line.serve(first).map(|waiter| waiter.reply)
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
fn a_client_that_comes_back_waits_for_its_turn() {
    let mut line = line(9, &[(3, 1), (3, 1), (3, 2), (3, 2)]);
    line.serve(rank(3, 1, 0));
    line.join(rank(3, 3, 9), waiter(9));
    assert_eq!(served(&mut line), [2, 1, 9, 3]);
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
    let first = line.serve(rank(3, 1, 0)).unwrap();
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
fn everybody_is_there_when_it_is_emptied() {
    let mut line = line(9, &[(3, 1), (0, 2), (3, 1)]);
    let mut all: Vec<u64> = line.drain().map(|waiter| waiter.reply).collect();
    all.sort_unstable();
    assert_eq!((all, line.len()), (vec![0, 1, 2], 0));
    line.join(rank(3, 1, 7), waiter(7));
    assert_eq!(served(&mut line), [7]);
}
