//! Who gets the next request, and who gets the next free slot? The whole state of a pool's dispatch in one
//! plain structure: no locks, no tasks; time and chance come from the caller. `R` is how a waiter is told; here it is
//! only handed on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::algorithm::pick;
use super::line::{Charge, Line, Rank, Waiter};
use super::member::Member;
use super::pace::Pace;
use super::verdict::{Sight, State, Verdict};
use crate::settings;
use crate::upstream::{Server, ServerId, Terms};

/// A request's wish for a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) rank: Rank,
    /// What algorithms that hash go by.
    pub(crate) key: u64,
    /// Servers that failed it: others are preferred, and waited for.
    pub(crate) avoid: &'a [ServerId],
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

/// A waiter, the server that it gets and what its client is charged for that; `None` when no server is left.
pub(crate) type Handover<R> = (R, Option<(Arc<Server>, Charge)>);

/// The servers of a pool and the line before them.
#[derive(Debug)]
pub(crate) struct Roster<R> {
    pub(crate) members: Vec<Member>,
    pub(crate) line: Line<R>,
    /// Names that have not been resolved once: their servers may yet come.
    pub(crate) unresolved: usize,
    settings: Arc<settings::Pool>,
    pace: Pace,
    random: fastrand::Rng,
}

impl<R> Roster<R> {
    pub(crate) fn new(settings: Arc<settings::Pool>, random: fastrand::Rng) -> Roster<R> {
        Roster {
            members: Vec::new(),
            line: Line::new(settings.queue.length),
            unresolved: 0,
            settings,
            pace: Pace::default(),
            random,
        }
    }

    /// Goes on by other settings. Where probes begin or end, what was thought of the servers is void.
    pub(crate) fn renew(&mut self, settings: Arc<settings::Pool>) {
        if settings.health.probes != self.settings.health.probes {
            for member in &mut self.members {
                member.verdict = Verdict::new(&settings.health);
            }
        }
        for member in &mut self.members {
            let learnt = member.capacity.filter(|_| self.settings.capacity.is_none());
            let told = member.terms.capacity.or(settings.capacity);
            member.capacity = told.or(learnt);
        }
        self.line.set_limit(settings.queue.length);
        self.settings = settings;
    }

    /// Adds a server, or takes back one that was leaving.
    pub(crate) fn join(&mut self, server: Arc<Server>) {
        let verdict = Verdict::new(&self.settings.health);
        let from_start = self.unresolved > 0 || self.members.iter().all(|m| m.rises == 0);
        let mut member = Member::new(server, verdict, from_start);
        member.capacity = member.terms.capacity.or(self.settings.capacity);
        self.members.push(member);
    }

    /// The server is no longer listed; it goes when its last request is done.
    pub(crate) fn leave(&mut self, id: ServerId) {
        if let Some(member) = self.member(id) {
            member.leaving = true;
        }
        self.members
            .retain(|member| !member.leaving || member.in_flight > 0);
    }

    pub(super) fn member(&mut self, id: ServerId) -> Option<&mut Member> {
        self.members
            .iter_mut()
            .find(|member| member.server.id == id)
    }

    /// A server for a request, now.
    pub(crate) fn take(&mut self, wish: Wish<'_>) -> Choice {
        let (members, random) = (&self.members, &mut self.random);
        match pick(
            self.settings.algorithm,
            members,
            wish.key,
            wish.avoid,
            random,
        ) {
            Some(position) => Choice::Server(self.occupy(position)),
            None if self.has_hope() => Choice::Wait,
            None => Choice::NoneUp,
        }
    }

    /// A free server for somebody who could do without, as long as nobody waits: no backup, and none to be avoided.
    pub(crate) fn spare(
        &mut self,
        wish: Wish<'_>,
        may: impl FnOnce() -> bool,
    ) -> Option<Arc<Server>> {
        if !self.line.is_empty() {
            return None;
        }
        let (members, random) = (&self.members, &mut self.random);
        let position = pick(
            self.settings.algorithm,
            members,
            wish.key,
            wish.avoid,
            random,
        )?;
        let welcome = members[position].reluctance(wish.avoid) == 0;
        (welcome && may()).then(|| self.occupy(position))
    }

    fn occupy(&mut self, position: usize) -> Arc<Server> {
        let member = &mut self.members[position];
        member.in_flight += 1;
        member.server.clone()
    }

    /// Whether a server is up, or one may turn out to be with its first probe.
    pub(super) fn has_hope(&self) -> bool {
        let hopeful = |m: &Member| m.is_up() || m.is_undecided();
        self.unresolved > 0 || self.members.iter().any(hopeful)
    }

    /// Whether a server outside `avoid` is up.
    pub(crate) fn has_other(&self, avoid: &[ServerId]) -> bool {
        self.members
            .iter()
            .any(|m| m.is_up() && !avoid.contains(&m.server.id))
    }

    /// Puts a request in the line. If that has no room for so many, whoever is last has to go, and is returned.
    pub(crate) fn wait(&mut self, wish: Wish<'_>, since: Instant, reply: R) -> Option<(Rank, R)> {
        self.pace.begin(since);
        let waiter = Waiter {
            key: wish.key,
            avoid: wish.avoid.to_vec(),
            since,
            reply,
        };
        let last = self.line.join(wish.rank, waiter);
        last.map(|(rank, waiter)| (rank, waiter.reply))
    }

    /// Takes a request out of the line.
    pub(crate) fn give_up(&mut self, rank: Rank) {
        self.line.leave(rank);
        if self.line.is_empty() {
            self.pace.end();
        }
    }

    /// How long the one at `place` waits from now on, when that is known.
    pub(crate) fn expected_wait(&self, place: usize, now: Instant) -> Option<Duration> {
        self.pace.wait(place, now)
    }

    /// A request on the server is done.
    pub(crate) fn release(&mut self, id: ServerId, now: impl FnOnce() -> Instant) {
        if !self.line.is_empty() {
            self.pace.completed(now());
        }
        if let Some(member) = self.member(id) {
            member.in_flight -= 1;
            if member.leaving && member.in_flight == 0 {
                self.leave(id);
            }
        }
    }

    /// Takes note of what was seen of a server; the new state is returned when it is another one.
    ///
    /// At most half of the servers are kept out by the answers of requests: more would rather be a fault of the requests.
    /// What takes no connections is dead and goes in any case, but without probes the last server up does not: nothing
    /// would bring it back soon.
    pub(crate) fn note(&mut self, id: ServerId, sight: Sight, now: Instant) -> Option<State> {
        let settings = self.settings.clone();
        let stays = match sight {
            Sight::Refused => !settings.health.probes && !self.has_other(&[id]),
            Sight::Broken | Sight::Erred => !self.may_lose_one(),
            _ => false,
        };
        if stays {
            return None;
        }
        self.member(id)?.verdict.note(sight, now, &settings.health)
    }

    fn may_lose_one(&self) -> bool {
        let listed = self.members.iter().filter(|member| !member.leaving);
        let out = listed.clone().filter(|member| !member.is_up()).count();
        2 * (out + 1) <= listed.count()
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
        let of_all = self.settings.capacity;
        if let Some(member) = self.member(id)
            && member.terms.capacity.or(of_all).is_none()
        {
            member.capacity = Some(capacity);
        }
    }

    /// Other terms for a server.
    pub(crate) fn set_terms(&mut self, id: ServerId, change: impl FnOnce(&mut Terms)) {
        let of_all = self.settings.capacity;
        if let Some(member) = self.member(id) {
            change(&mut member.terms);
            let told = member.terms.capacity.or(of_all);
            member.capacity = told.or(member.capacity);
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
        if self.line.is_empty() {
            return handovers;
        }
        if !self.has_hope() {
            handovers.extend(self.line.drain().map(|waiter| (waiter.reply, None)));
        }
        while self.members.iter().any(Member::is_free) {
            let Some((rank, position)) = self.next() else {
                break;
            };
            if let Some((waiter, charge)) = self.line.serve(rank) {
                let server = self.occupy(position);
                handovers.push((waiter.reply, Some((server, charge))));
            }
        }
        if self.line.is_empty() {
            self.pace.end();
        }
        handovers
    }

    /// The first in the line for whom there is a free server, and its position.
    fn next(&mut self) -> Option<(Rank, usize)> {
        let (algorithm, members) = (self.settings.algorithm, &self.members);
        let random = &mut self.random;
        self.line.iter().find_map(|(rank, waiter)| {
            let position = pick(algorithm, members, waiter.key, &waiter.avoid, random)?;
            Some((rank, position))
        })
    }
}

#[cfg(test)]
#[path = "roster/tests.rs"]
mod tests;
