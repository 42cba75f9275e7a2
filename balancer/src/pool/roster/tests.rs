//! Who gets a slot, told of servers that are numbers and waiters that are too.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::settings::{Idle, Pool};
use crate::upstream::Terms;
use crate::urgency::Urgency;

/// A roster whose servers have these terms and are up.
fn roster_of(terms: &[Terms]) -> Roster<u64> {
    let settings = Arc::new(Pool::new("a", Vec::new()));
    let mut roster = Roster::new(settings, fastrand::Rng::with_seed(1));
    for (i, terms) in terms.iter().enumerate() {
        let server = Server::new(i.to_string(), &[], *terms, &Idle::default());
        roster.join(server.clone());
        roster.note(server.id, Sight::Passed, Instant::now());
    }
    roster
}

fn terms(capacity: u32) -> Terms {
    Terms {
        capacity: Some(capacity),
        weight: 1,
        backup: false,
    }
}

fn backup(capacity: u32) -> Terms {
    Terms {
        backup: true,
        ..terms(capacity)
    }
}

/// A roster whose servers have these capacities and are up.
fn roster(capacities: &[u32]) -> Roster<u64> {
    roster_of(&capacities.iter().copied().map(terms).collect::<Vec<_>>())
}

fn id(roster: &Roster<u64>, position: usize) -> ServerId {
    roster.members[position].server.id
}

fn wish(arrival: u64, avoid: &[ServerId]) -> Wish<'_> {
    Wish {
        rank: Rank {
            urgency: Urgency::default(),
            client: IpAddr::from(Ipv4Addr::LOCALHOST).into(),
            arrival,
        },
        key: 0,
        avoid,
    }
}

fn take_avoiding(roster: &mut Roster<u64>, avoid: &[ServerId]) -> Option<ServerId> {
    match roster.take(wish(0, avoid)) {
        Choice::Server(server) => Some(server.id),
        Choice::Wait | Choice::NoneUp => None,
    }
}

fn take(roster: &mut Roster<u64>) -> Option<ServerId> {
    take_avoiding(roster, &[])
}

fn wait(roster: &mut Roster<u64>, arrival: u64, avoid: &[ServerId]) {
    assert!(
        roster
            .wait(wish(arrival, avoid), Instant::now(), arrival)
            .is_none()
    );
}

fn release(roster: &mut Roster<u64>, server: ServerId) {
    roster.release(server, Instant::now);
}

fn served(roster: &mut Roster<u64>) -> Vec<u64> {
    roster
        .settle()
        .into_iter()
        .map(|(waiter, _)| waiter)
        .collect()
}

#[test]
fn no_server_gets_more_than_its_capacity() {
    let mut roster = roster(&[1, 3]);
    assert_eq!((0..10).filter_map(|_| take(&mut roster)).count(), 4);
    assert_eq!(
        (roster.members[0].in_flight, roster.members[1].in_flight),
        (1, 3)
    );
    assert!(matches!(roster.take(wish(0, &[])), Choice::Wait));
}

#[test]
fn a_freed_slot_goes_to_the_first_rank() {
    let mut roster = roster(&[1]);
    let server = take(&mut roster).unwrap();
    for arrival in [2, 0, 1] {
        wait(&mut roster, arrival, &[]);
    }
    assert_eq!(served(&mut roster), [] as [u64; 0]);
    for arrival in 0..3 {
        release(&mut roster, server);
        assert_eq!(served(&mut roster), [arrival]);
        assert_eq!(roster.members[0].in_flight, 1);
    }
}

#[test]
fn a_waiter_lets_a_server_that_failed_it_pass_to_the_next() {
    let mut roster = roster(&[1, 1]);
    let (a, b) = (id(&roster, 0), id(&roster, 1));
    while take(&mut roster).is_some() {}
    wait(&mut roster, 0, &[a]);
    wait(&mut roster, 1, &[]);
    release(&mut roster, a);
    assert_eq!(served(&mut roster), [1]);
    release(&mut roster, b);
    assert_eq!(served(&mut roster), [0]);
}

#[test]
fn a_server_that_failed_is_taken_when_no_other_is_up() {
    let mut roster = roster(&[1, 1]);
    let (a, b) = (id(&roster, 0), id(&roster, 1));
    roster.note(b, Sight::Broken, Instant::now());
    assert_eq!(take_avoiding(&mut roster, &[a]), Some(a));
}

#[test]
fn a_backup_gets_nothing_while_another_server_is_up() {
    let mut roster = roster_of(&[terms(1), backup(9)]);
    let (first, second) = (id(&roster, 0), id(&roster, 1));
    assert_eq!(take(&mut roster), Some(first));
    assert_eq!(take(&mut roster), None, "it is full, but up");
    roster.note(first, Sight::Unwilling, Instant::now());
    assert_eq!(take(&mut roster), Some(second));
    roster.note(first, Sight::Passed, Instant::now());
    release(&mut roster, first);
    assert_eq!(take(&mut roster), Some(first));
}

#[test]
fn a_backup_does_not_stand_in_for_a_server_that_may_be_up() {
    let mut roster = roster_of(&[backup(9)]);
    let first = Server::new("first", &[], terms(1), &Idle::default());
    roster.join(first.clone());
    assert!(matches!(roster.take(wish(0, &[])), Choice::Wait));
    roster.note(first.id, Sight::Failed, Instant::now());
    assert_eq!(take(&mut roster), Some(id(&roster, 0)));
}

#[test]
fn a_request_that_every_server_failed_goes_to_a_backup() {
    let mut roster = roster_of(&[terms(9), backup(9)]);
    let (first, second) = (id(&roster, 0), id(&roster, 1));
    assert_eq!(take_avoiding(&mut roster, &[first]), Some(second));
    assert_eq!(take_avoiding(&mut roster, &[first, second]), Some(first));
}

#[test]
fn a_capacity_that_grows_serves_those_who_wait() {
    let mut roster = roster(&[]);
    let unknown = Terms {
        capacity: None,
        ..terms(1)
    };
    let server = Server::new("a", &[], unknown, &Idle::default());
    roster.join(server.clone());
    roster.learn(server.id, 1);
    roster.note(server.id, Sight::Passed, Instant::now());
    take(&mut roster).unwrap();
    for arrival in 0..3 {
        wait(&mut roster, arrival, &[]);
    }
    roster.learn(server.id, 3);
    assert_eq!(served(&mut roster), [0, 1]);
    assert_eq!(roster.capacity(), Some(3));
}

#[test]
fn those_who_wait_are_let_go_when_nobody_is_left() {
    let mut roster = roster(&[1]);
    let server = take(&mut roster).unwrap();
    wait(&mut roster, 0, &[]);
    roster.leave(server);
    assert!(matches!(roster.settle()[..], [(0, None)]));
    assert_eq!(roster.members.len(), 1, "it has a request in flight");
    release(&mut roster, server);
    assert_eq!(roster.members.len(), 0);
}

#[test]
fn the_expected_wait_is_measured_while_requests_wait() {
    let mut roster = roster(&[1]);
    let start = Instant::now();
    let server = take(&mut roster).unwrap();
    for arrival in 0..9 {
        roster.wait(wish(arrival, &[]), start, arrival);
    }
    assert_eq!(roster.expected_wait(1, start), None);
    let second = Duration::from_secs(1);
    for completions in 1..=4 {
        roster.release(server, || start + completions * second);
        roster.settle();
    }
    let now = start + 4 * second;
    assert_eq!(roster.expected_wait(5, now), Some(5 * second));
}

#[test]
fn answers_keep_out_at_most_half_and_what_is_dead_goes_in_any_case() {
    let mut roster = roster(&[1; 5]);
    let ids: Vec<ServerId> = (0..5).map(|position| id(&roster, position)).collect();
    let now = Instant::now();
    let mut note = |server: usize, sight| roster.note(ids[server], sight, now);
    assert_eq!(note(0, Sight::Erred), Some(State::Ejected));
    assert_eq!(note(1, Sight::Broken), Some(State::Ejected));
    assert_eq!(
        note(2, Sight::Erred),
        None,
        "three of five are more than half"
    );
    assert_eq!(note(2, Sight::Broken), None);
    for server in 2..5 {
        assert_eq!(note(server, Sight::Refused), Some(State::Ejected));
    }
    assert_eq!(
        note(0, Sight::Passed),
        Some(State::Up),
        "a passing probe reinstates"
    );
}

#[test]
fn a_spare_server_is_free_unasked_and_no_backup() {
    let mut roster = roster_of(&[terms(2), terms(1), backup(9)]);
    let (first, second) = (id(&roster, 0), id(&roster, 1));
    let spare = |roster: &mut Roster<u64>, avoid: &[ServerId]| {
        let server = roster.spare(wish(0, avoid), || true);
        server.map(|server| server.id)
    };
    assert!(
        roster.spare(wish(0, &[first]), || false).is_none(),
        "no budget"
    );
    assert_eq!(spare(&mut roster, &[first]), Some(second));
    assert_eq!(spare(&mut roster, &[first]), None, "it is full");
    assert_eq!(spare(&mut roster, &[second]), Some(first));
    release(&mut roster, second);
    wait(&mut roster, 1, &[second]);
    assert_eq!(spare(&mut roster, &[first]), None, "somebody waits");
}

#[test]
fn a_server_that_comes_later_starts_slowly_in_capacity_and_weight() {
    let mut roster = roster(&[10, 10]);
    let (a, b) = (id(&roster, 0), id(&roster, 1));
    let time = Duration::from_secs(10);
    assert_eq!(roster.rise(a, time), None, "it was there from the start");
    assert_eq!(roster.rise(b, time), None);
    let late = Server::new("late", &[], terms(10), &Idle::default());
    roster.join(late.clone());
    roster.note(late.id, Sight::Passed, Instant::now());
    let rise = roster.rise(late.id, time).unwrap();
    let room = |roster: &mut Roster<u64>| {
        let member = roster.member(late.id).unwrap();
        let free = (0..99).find(|in_flight| {
            member.in_flight = *in_flight;
            !member.has_room()
        });
        member.in_flight = 0;
        (free.unwrap(), member.share())
    };
    assert_eq!(room(&mut roster), (1, 0.02), "never nothing");
    assert!(roster.warm(late.id, rise, 0.5));
    assert_eq!(room(&mut roster), (5, 0.5));
    assert!(!roster.warm(late.id, rise, 1.0), "no more to come");
    assert_eq!(room(&mut roster), (10, 1.0));
    let again = roster.rise(late.id, time).unwrap();
    assert!(!roster.warm(late.id, rise, 1.0), "of a rise that is over");
    assert!(roster.warm(late.id, again, 0.1));
    assert_eq!(room(&mut roster).0, 1);
}

#[test]
fn a_server_that_is_alone_starts_whole() {
    let mut roster = roster(&[10]);
    let only = id(&roster, 0);
    let time = Duration::from_secs(10);
    assert_eq!(
        (roster.rise(only, time), roster.rise(only, time)),
        (None, None)
    );
}
