//! Whose turn is it? Visitors wait in the order in which they joined, and are let in when their place is within what
//! is free. Who does not come back to ask is dropped. All of it is bounded, and those who never come back (programs
//! without cookies) get no more than half of it. Time comes from outside, in milliseconds of Unix time.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::ticket::Visitor;

/// Between two rounds in which absent visitors are dropped and places counted, in milliseconds.
const ROUND: u64 = 200;
/// The measure of how fast visitors are let in forgets what is older than so many.
const REMEMBERED: usize = 32;
/// Fewer say nothing.
const LEAST: usize = 3;

/// The rules, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Visitors that wait at most.
    pub(super) length: usize,
    /// Whether those inside are counted, because their number is limited.
    pub(super) counted: bool,
    /// Who has not asked for so long is gone.
    pub(super) abandon: u64,
    /// Who has asked for nothing so long is no longer inside.
    pub(super) session: u64,
}

/// Everybody who waits, and everybody inside.
#[derive(Debug)]
pub(super) struct Line {
    rules: Rules,
    waiting: BTreeMap<Visitor, Waiter>,
    /// When each asked last.
    inside: HashMap<Visitor, u64>,
    /// When visitors were let in from the line.
    admissions: VecDeque<u64>,
    next_round: u64,
    /// How many have not come back yet.
    unproved: usize,
    serial: u64,
}

#[derive(Debug)]
struct Waiter {
    seen: u64,
    /// It has come back with its ticket.
    proved: bool,
    /// As counted in the last round.
    place: usize,
}

/// What a visitor is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is inside now.
    Enter(Visitor),
    /// So many are let in up to and including it, and the last of them in so many milliseconds, if that is known.
    Wait(Visitor, usize, Option<u64>),
    /// Not even waiting is possible.
    Full,
}

impl Line {
    /// Serial numbers begin at `serial`: those of another run should not be the same.
    pub(super) fn new(rules: Rules, serial: u64) -> Line {
        Line {
            rules,
            waiting: BTreeMap::new(),
            inside: HashMap::new(),
            admissions: VecDeque::new(),
            next_round: 0,
            unproved: 0,
            serial,
        }
    }

    /// How many wait, and how many are inside.
    pub(super) fn counts(&mut self, now: u64) -> (usize, usize) {
        self.round(now);
        (self.waiting.len(), self.inside.len())
    }

    /// Drops who is gone, and counts places anew.
    fn round(&mut self, now: u64) {
        if now < self.next_round {
            return;
        }
        self.next_round = now + ROUND;
        let Rules {
            abandon, session, ..
        } = self.rules;
        self.waiting
            .retain(|_, waiter| now.saturating_sub(waiter.seen) <= abandon);
        self.inside
            .retain(|_, seen| now.saturating_sub(*seen) <= session);
        self.unproved = 0;
        for (place, waiter) in self.waiting.values_mut().enumerate() {
            waiter.place = place + 1;
            self.unproved += usize::from(!waiter.proved);
        }
    }

    /// Somebody who is inside asks for something.
    pub(super) fn stay(&mut self, visitor: Visitor, now: u64) {
        if self.rules.counted {
            self.inside.insert(visitor, now);
        }
    }

    /// A visitor asks to be let in; `known` is from its ticket. `free` says how many may enter, given how many are
    /// inside.
    pub(super) fn ask(
        &mut self,
        known: Option<Visitor>,
        now: u64,
        free: impl FnOnce(usize) -> usize,
    ) -> Told {
        self.round(now);
        let free = free(self.inside.len());
        let visitor = known.unwrap_or_else(|| {
            self.serial = self.serial.wrapping_add(1);
            Visitor {
                joined: now,
                serial: self.serial,
            }
        });
        let is_new = !self.waiting.contains_key(&visitor);
        // Between rounds, those who left before it make its place too high, never too low.
        let place = match self.waiting.get(&visitor) {
            Some(waiter) => waiter.place,
            None if known.is_some() => self.waiting.range(..visitor).count() + 1,
            None => self.waiting.len() + 1,
        };
        if place <= free {
            if !is_new {
                self.waiting.remove(&visitor);
                self.admitted(now);
            }
            self.stay(visitor, now);
            return Told::Enter(visitor);
        }
        let proved = known.is_some();
        let most_unproved = self.rules.length.div_ceil(2);
        if is_new && self.waiting.len() >= self.rules.length {
            return Told::Full;
        }
        // One more that may never come back has its ticket, which is as good if it does.
        if proved || self.unproved < most_unproved {
            self.unproved += usize::from(!proved);
            let waiter = Waiter {
                seen: now,
                proved,
                place,
            };
            self.waiting.insert(visitor, waiter);
        }
        Told::Wait(visitor, place, self.wait(place, now))
    }

    fn admitted(&mut self, now: u64) {
        if self.admissions.len() == REMEMBERED {
            self.admissions.pop_front();
        }
        self.admissions.push_back(now);
    }

    /// The place over the rate at which visitors were let in. As long as nobody is, the rate falls.
    fn wait(&self, place: usize, now: u64) -> Option<u64> {
        let first = self
            .admissions
            .front()
            .filter(|_| self.admissions.len() >= LEAST)?;
        let time = now.saturating_sub(*first);
        Some(time.saturating_mul(place as u64) / self.admissions.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        length: 5,
        counted: true,
        abandon: 30_000,
        session: 60_000,
    };

    /// A line before a place for `most` visitors.
    struct Door(Line, usize);

    impl Door {
        fn ask(&mut self, known: Option<Visitor>, now: u64) -> Told {
            let most = self.1;
            self.0.ask(known, now, |inside| most.saturating_sub(inside))
        }
    }

    fn waits(told: Told) -> (Visitor, usize) {
        match told {
            Told::Wait(visitor, place, _) => (visitor, place),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn visitors_are_let_in_in_the_order_in_which_they_came() {
        let mut door = Door(Line::new(RULES, 0), 1);
        let Told::Enter(first) = door.ask(None, 0) else {
            panic!("there is room");
        };
        let (second, place) = waits(door.ask(None, 1000));
        assert_eq!(place, 1);
        let (third, place) = waits(door.ask(None, 1000));
        assert_eq!(place, 2);
        // The first is inside as long as it asks for something.
        door.0.stay(first, 50_000);
        for now in [20_000, 40_000, 60_000, 80_000, 100_000] {
            assert_eq!(waits(door.ask(Some(third), now)).1, 2, "{now}");
            assert_eq!(waits(door.ask(Some(second), now)).1, 1, "{now}");
        }
        assert_eq!(
            waits(door.ask(Some(third), 111_000)).1,
            2,
            "it is not its turn"
        );
        assert_eq!(door.ask(Some(second), 111_000), Told::Enter(second));
        assert_eq!(waits(door.ask(Some(third), 112_000)).1, 1);
        assert_eq!(waits(door.ask(None, 112_000)).1, 2, "a newcomer is behind");
    }

    #[test]
    fn who_does_not_come_back_loses_the_place() {
        let mut door = Door(Line::new(RULES, 0), 0);
        let (gone, _) = waits(door.ask(None, 0));
        let (stays, _) = waits(door.ask(None, 1));
        assert_eq!(waits(door.ask(Some(stays), 20_000)).1, 2);
        assert_eq!(waits(door.ask(Some(stays), 40_000)).1, 1);
        assert_eq!(door.0.counts(40_000), (1, 0));
        // With a ticket that still holds, the time at which it joined counts.
        assert_eq!(waits(door.ask(Some(gone), 40_000)).1, 1);
    }

    #[test]
    fn tickets_of_a_former_run_keep_their_order() {
        let mut door = Door(Line::new(RULES, 100), 0);
        let before = |joined| Visitor { joined, serial: 7 };
        waits(door.ask(None, 1000));
        waits(door.ask(Some(before(20)), 1001));
        waits(door.ask(Some(before(10)), 1002));
        assert_eq!(waits(door.ask(Some(before(10)), 2000)).1, 1);
        assert_eq!(waits(door.ask(Some(before(20)), 2000)).1, 2);
    }

    #[test]
    fn the_line_is_bounded_and_who_never_comes_back_gets_half_of_it() {
        let mut door = Door(Line::new(RULES, 0), 0);
        let tickets: Vec<Visitor> = (0..20).map(|_| waits(door.ask(None, 0)).0).collect();
        assert_eq!(door.0.counts(ROUND), (RULES.length.div_ceil(2), 0));
        for visitor in &tickets[..RULES.length] {
            waits(door.ask(Some(*visitor), ROUND));
        }
        assert_eq!(door.0.counts(2 * ROUND), (RULES.length, 0));
        assert_eq!(door.ask(None, 2 * ROUND), Told::Full);
        assert_eq!(door.ask(Some(tickets[9]), 2 * ROUND), Told::Full);
        assert_eq!(waits(door.ask(Some(tickets[0]), 2 * ROUND)).1, 1);
    }

    #[test]
    fn the_wait_is_the_place_over_the_rate_at_which_others_were_let_in() {
        let mut door = Door(Line::new(RULES, 0), 0);
        let all: Vec<Visitor> = (0..5)
            .map(|_| {
                let (visitor, _) = waits(door.ask(None, 0));
                waits(door.ask(Some(visitor), 0)).0
            })
            .collect();
        for (i, visitor) in all[..3].iter().enumerate() {
            let now = 1000 * (i as u64 + 1);
            assert!(matches!(
                door.ask(Some(all[4]), now),
                Told::Wait(_, _, None)
            ));
            door.1 += 1;
            assert_eq!(door.ask(Some(*visitor), now), Told::Enter(*visitor));
        }
        // Three in the two seconds since the first, and one second of silence.
        let told = door.ask(Some(all[4]), 4000);
        assert_eq!(told, Told::Wait(all[4], 2, Some(2000)));
    }
}
