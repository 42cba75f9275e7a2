//! Who gets the next request, and who gets the next free slot? The whole state of a pool's dispatch in one
//! plain structure: no locks, no clocks, no tasks. `R` is how a waiter is told; here it is only handed on.

use std::sync::Arc;
use std::time::Instant;

use super::algorithm::choose;
use super::line::{Line, Rank, Waiter};
use super::verdict::{Sight, State, Verdict};
use crate::settings::{self, UNKNOWN_CAPACITY};
use crate::upstream::{Server, ServerId};

/// A server and what it is doing.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) server: Arc<Server>,
    pub(crate) verdict: Verdict,
    /// As configured or learnt.
    pub(crate) capacity: Option<u32>,
    pub(crate) in_flight: u32,
    /// It is no longer in the list: it keeps what it has and gets nothing new.
    pub(crate) leaving: bool,
}

impl Member {
    fn is_up(&self) -> bool {
        self.verdict.is_up() && !self.leaving
    }

    fn is_free(&self) -> bool {
        self.is_up() && self.in_flight < self.capacity.unwrap_or(UNKNOWN_CAPACITY)
    }
}

/// What a request is told at once.
#[derive(Debug)]
pub(crate) enum Choice {
    /// This server has a slot for it, which is counted from now on.
    Server(Arc<Server>),
    /// All are full: wait.
    Wait,
    /// There is nobody to wait for.
    NoneUp,
}

/// A waiter and the server that it gets; `None` when no server is left.
pub(crate) type Handover<R> = (R, Option<Arc<Server>>);

/// The servers of a pool and the line before them.
#[derive(Debug)]
pub(crate) struct Roster<R> {
    pub(crate) members: Vec<Member>,
    pub(crate) line: Line<R>,
    /// Names that have not been resolved once: their servers may yet come.
    pub(crate) unresolved: usize,
    settings: Arc<settings::Pool>,
    turn: usize,
}

impl<R> Roster<R> {
    pub(crate) fn new(settings: Arc<settings::Pool>) -> Roster<R> {
        Roster {
            members: Vec::new(),
            line: Line::new(settings.queue.length),
            unresolved: 0,
            settings,
            turn: 0,
        }
    }

    /// Adds a server, or takes back one that was leaving.
    pub(crate) fn join(&mut self, server: Arc<Server>) {
        let capacity = server.capacity;
        self.members.push(Member {
            server,
            verdict: Verdict::new(&self.settings.health),
            capacity,
            in_flight: 0,
            leaving: false,
        });
    }

    /// The server is no longer listed; it goes when its last request is done.
    pub(crate) fn leave(&mut self, id: ServerId) {
        if let Some(member) = self.member(id) {
            member.leaving = true;
        }
        self.members
            .retain(|member| !member.leaving || member.in_flight > 0);
    }

    fn member(&mut self, id: ServerId) -> Option<&mut Member> {
        self.members
            .iter_mut()
            .find(|member| member.server.id == id)
    }

    /// A server for a request that `avoid`s those which failed it, as long as others are up.
    pub(crate) fn take(&mut self, avoid: &[ServerId]) -> Choice {
        match pick(
            &self.members,
            avoid,
            self.settings.algorithm,
            &mut self.turn,
        ) {
            Some(position) => Choice::Server(self.occupy(position)),
            None if self.has_hope() => Choice::Wait,
            None => Choice::NoneUp,
        }
    }

    fn occupy(&mut self, position: usize) -> Arc<Server> {
        let member = &mut self.members[position];
        member.in_flight += 1;
        member.server.clone()
    }

    /// Whether a server is up, or one may turn out to be with its first probe.
    fn has_hope(&self) -> bool {
        let hopeful = |m: &Member| m.is_up() || (m.verdict.is_undecided() && !m.leaving);
        self.unresolved > 0 || self.members.iter().any(hopeful)
    }

    /// Whether a server outside `avoid` is up.
    pub(crate) fn has_other(&self, avoid: &[ServerId]) -> bool {
        self.members
            .iter()
            .any(|m| m.is_up() && !avoid.contains(&m.server.id))
    }

    /// Puts a request in the line, unless that is full.
    pub(crate) fn wait(&mut self, rank: Rank, avoid: &[ServerId], reply: R) -> bool {
        let avoid = avoid.to_vec();
        self.line.join(rank, Waiter { avoid, reply })
    }

    /// A request on the server is done.
    pub(crate) fn release(&mut self, id: ServerId) {
        if let Some(member) = self.member(id) {
            member.in_flight -= 1;
            if member.leaving && member.in_flight == 0 {
                self.leave(id);
            }
        }
    }

    /// Takes note of what was seen of a server; the new state is returned when it is another one.
    ///
    /// Without probes the last server up is not ejected: nothing would bring it back soon.
    pub(crate) fn note(&mut self, id: ServerId, sight: Sight, now: Instant) -> Option<State> {
        let settings = self.settings.clone();
        if sight == Sight::Broken && !settings.health.probes && !self.has_other(&[id]) {
            return None;
        }
        self.member(id)?.verdict.note(sight, now, &settings.health)
    }

    pub(crate) fn is_down(&mut self, id: ServerId) -> bool {
        let member = self.member(id);
        member.is_some_and(|member| member.verdict.state() == State::Down)
    }

    /// Ends an ejection whose time is over.
    pub(crate) fn pardon(&mut self, id: ServerId, now: Instant) -> Option<State> {
        self.member(id)?.verdict.pardon(now)
    }

    /// A server told its capacity; what is configured stands.
    pub(crate) fn learn(&mut self, id: ServerId, capacity: u32) {
        if let Some(member) = self.member(id)
            && member.server.capacity.is_none()
        {
            member.capacity = Some(capacity);
        }
    }

    /// The sum of the known capacities of servers that are up; `None` when none is known.
    pub(crate) fn capacity(&self) -> Option<u32> {
        let known = self.members.iter().filter(|member| member.is_up());
        known
            .filter_map(|member| member.capacity)
            .reduce(u32::saturating_add)
    }

    /// Gives free slots to those who wait, in their order; call it after every change.
    pub(crate) fn settle(&mut self) -> Vec<Handover<R>> {
        let mut handovers = Vec::new();
        if self.line.len() == 0 {
            return handovers;
        }
        if !self.has_hope() {
            handovers.extend(self.line.drain().map(|waiter| (waiter.reply, None)));
        }
        while self.members.iter().any(Member::is_free) {
            let (members, turn) = (&self.members, &mut self.turn);
            let served = self.line.iter().find_map(|(rank, waiter)| {
                let position = pick(members, &waiter.avoid, self.settings.algorithm, turn)?;
                Some((rank, position))
            });
            let Some((rank, position)) = served else {
                break;
            };
            if let Some(waiter) = self.line.leave(rank) {
                let server = self.occupy(position);
                handovers.push((waiter.reply, Some(server)));
            }
        }
        handovers
    }
}

/// The position of a free server, outside `avoid` as long as one outside is up.
fn pick(
    members: &[Member],
    avoid: &[ServerId],
    algorithm: settings::Algorithm,
    turn: &mut usize,
) -> Option<usize> {
    let fresh = |member: &Member| !avoid.contains(&member.server.id);
    let shun = !avoid.is_empty() && members.iter().any(|m| m.is_up() && fresh(m));
    let candidates = members.iter().enumerate();
    let free = candidates.filter(|(_, m)| m.is_free() && (!shun || fresh(m)));
    choose(
        algorithm,
        free.map(|(position, m)| (position, m.in_flight)),
        turn,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Idle, Pool};

    /// A roster whose servers have these capacities and are up; waiters are numbers.
    fn roster(capacities: &[u32]) -> Roster<u64> {
        let mut roster = Roster::new(Arc::new(Pool::new("a", Vec::new())));
        for (i, capacity) in capacities.iter().enumerate() {
            let server = Server::new(i.to_string(), &[], Some(*capacity), &Idle::default());
            roster.join(server.clone());
            roster.note(server.id, Sight::Passed, Instant::now());
        }
        roster
    }

    fn id(roster: &Roster<u64>, position: usize) -> ServerId {
        roster.members[position].server.id
    }

    fn take(roster: &mut Roster<u64>) -> Option<ServerId> {
        match roster.take(&[]) {
            Choice::Server(server) => Some(server.id),
            Choice::Wait | Choice::NoneUp => None,
        }
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
        assert!(matches!(roster.take(&[]), Choice::Wait));
    }

    #[test]
    fn a_freed_slot_goes_to_the_first_rank() {
        let mut roster = roster(&[1]);
        let server = take(&mut roster).unwrap();
        for rank in [2, 0, 1] {
            assert!(roster.wait(Rank(rank), &[], rank));
        }
        assert_eq!(served(&mut roster), [] as [u64; 0]);
        for rank in 0..3 {
            roster.release(server);
            assert_eq!(served(&mut roster), [rank]);
            assert_eq!(roster.members[0].in_flight, 1);
        }
    }

    #[test]
    fn a_waiter_lets_a_server_that_failed_it_pass_to_the_next() {
        let mut roster = roster(&[1, 1]);
        let (a, b) = (id(&roster, 0), id(&roster, 1));
        while take(&mut roster).is_some() {}
        roster.wait(Rank(0), &[a], 0);
        roster.wait(Rank(1), &[], 1);
        roster.release(a);
        assert_eq!(served(&mut roster), [1]);
        roster.release(b);
        assert_eq!(served(&mut roster), [0]);
    }

    #[test]
    fn a_server_that_failed_is_taken_when_no_other_is_up() {
        let mut roster = roster(&[1, 1]);
        let (a, b) = (id(&roster, 0), id(&roster, 1));
        roster.note(b, Sight::Broken, Instant::now());
        assert!(matches!(roster.take(&[a]), Choice::Server(server) if server.id == a));
    }

    #[test]
    fn a_capacity_that_grows_serves_those_who_wait() {
        let mut roster = roster(&[]);
        let server = Server::new("a", &[], None, &Idle::default());
        roster.join(server.clone());
        roster.learn(server.id, 1);
        roster.note(server.id, Sight::Passed, Instant::now());
        take(&mut roster).unwrap();
        roster.wait(Rank(0), &[], 0);
        roster.wait(Rank(1), &[], 1);
        roster.wait(Rank(2), &[], 2);
        roster.learn(server.id, 3);
        assert_eq!(served(&mut roster), [0, 1]);
        assert_eq!(roster.capacity(), Some(3));
    }

    #[test]
    fn those_who_wait_are_let_go_when_nobody_is_left() {
        let mut roster = roster(&[1]);
        let server = take(&mut roster).unwrap();
        roster.wait(Rank(0), &[], 0);
        roster.leave(server);
        assert!(matches!(roster.settle()[..], [(0, None)]));
        assert_eq!(roster.members.len(), 1, "it has a request in flight");
        roster.release(server);
        assert_eq!(roster.members.len(), 0);
    }
}
