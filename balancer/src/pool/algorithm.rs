//! Which of the servers that have a free slot gets a request? Choices over what each has in flight, its weight and
//! its latency. Equals take turns.

use super::member::Member;
use crate::settings::Algorithm;
use crate::upstream::{ServerId, hash};

/// A server may have so many times its share of what is in flight, before keys that hash to it go to another one:
/// as in "Consistent Hashing with Bounded Loads" (Mirrokni, Thorup and Zadimoghaddam, 2016).
const BOUND: f64 = 1.25;

/// The position of a free server, among those that are wanted most of all that are up.
pub(super) fn pick(
    algorithm: Algorithm,
    members: &[Member],
    key: u64,
    avoid: &[ServerId],
    random: &mut fastrand::Rng,
) -> Option<usize> {
    let up = members.iter().enumerate().filter(|(_, m)| m.is_up());
    let wanted = up.clone().map(|(_, m)| m.reluctance(avoid)).min()?;
    // A backup does not stand in for those of whom nobody knows yet.
    let unknown = |m: &Member| m.is_undecided() && !m.terms.backup;
    if wanted > 0 && members.iter().any(unknown) {
        return None;
    }
    let up = up.filter(|(_, member)| member.reluctance(avoid) == wanted);
    choose(algorithm, up, key, random)
}

/// The position of the member to take, among those that are up and may be had. Only one with room is taken.
///
/// `key` is what hashes are made of.
fn choose<'a>(
    algorithm: Algorithm,
    up: impl Iterator<Item = (usize, &'a Member)> + Clone,
    key: u64,
    random: &mut fastrand::Rng,
) -> Option<usize> {
    let free = up.clone().filter(|(_, member)| member.has_room());
    match algorithm {
        Algorithm::LeastConnections => least(free, |m| f64::from(m.in_flight) / m.share()),
        Algorithm::LeastTime => least_time(free),
        Algorithm::RoundRobin | Algorithm::WeightedRoundRobin => in_turn(free),
        Algorithm::TwoChoices => two_choices(free, random),
        Algorithm::IpHash => highest(free, key),
        Algorithm::ConsistentHash => bounded(up, key).or_else(|| highest(free, key)),
    }
}

/// The one with the smallest load, or one of them in turn.
fn least<'a>(
    free: impl Iterator<Item = (usize, &'a Member)> + Clone,
    load: impl Fn(&Member) -> f64,
) -> Option<usize> {
    let least = free.clone().map(|(_, member)| load(member));
    let least = least.min_by(f64::total_cmp)?;
    in_turn(free.filter(|(_, member)| load(member) == least))
}

/// By the time that a request would take there. A server that nobody has timed is taken to be as fast as the fastest.
fn least_time<'a>(free: impl Iterator<Item = (usize, &'a Member)> + Clone) -> Option<usize> {
    let latency = |member: &Member| member.server.counts.latency().as_secs_f64();
    let known = free.clone().map(|(_, member)| latency(member));
    let fastest = known
        .filter(|seconds| *seconds > 0.0)
        .min_by(f64::total_cmp);
    least(free, |member| {
        let seconds = match latency(member) {
            0.0 => fastest.unwrap_or(1.0),
            seconds => seconds,
        };
        f64::from(member.in_flight + 1) * seconds / member.share()
    })
}

/// Smooth weighted round robin: each gains its weight, who has most is taken and pays what all have gained, so that
/// turns of the heavy are spread among those of the light. Equal weights give plain turns.
fn in_turn<'a>(free: impl Iterator<Item = (usize, &'a Member)>) -> Option<usize> {
    let mut gained = 0.0;
    let mut richest: Option<(usize, &Member)> = None;
    for (position, member) in free {
        gained += member.share();
        let credit = member.credit.get() + member.share();
        member.credit.set(credit);
        if richest.is_none_or(|(_, other)| credit > other.credit.get()) {
            richest = Some((position, member));
        }
    }
    let (position, member) = richest?;
    member.credit.set(member.credit.get() - gained);
    Some(position)
}

/// The less loaded of two that are drawn by their weights.
fn two_choices<'a>(
    free: impl Iterator<Item = (usize, &'a Member)> + Clone,
    random: &mut fastrand::Rng,
) -> Option<usize> {
    let (first, one) = drawn(free.clone(), random)?;
    let others = free.filter(|(position, _)| *position != first);
    let load = |member: &Member| f64::from(member.in_flight) / member.share();
    match drawn(others, random) {
        Some((second, other)) if load(other) < load(one) => Some(second),
        _ => Some(first),
    }
}

fn drawn<'a>(
    free: impl Iterator<Item = (usize, &'a Member)> + Clone,
    random: &mut fastrand::Rng,
) -> Option<(usize, &'a Member)> {
    let all: f64 = free.clone().map(|(_, member)| member.share()).sum();
    let mut rest = random.f64() * all;
    let mut last = None;
    for (position, member) in free {
        last = Some((position, member));
        rest -= member.share();
        if rest < 0.0 {
            break;
        }
    }
    last
}

/// The highest of the servers' scores for `key`: rendezvous hashing (Thaler and Ravishankar, 1998). A server that
/// comes takes its share of keys from all others, and one that goes leaves its own to all others; no other key moves.
fn highest<'a>(free: impl Iterator<Item = (usize, &'a Member)>, key: u64) -> Option<usize> {
    let scored = free.map(|(position, member)| (position, score(member, key)));
    let highest = scored.max_by(|(_, one), (_, other)| one.total_cmp(other));
    highest.map(|(position, _)| position)
}

/// With weights (Schindelhauer and Schomaker, "Weighted Distributed Hash Tables", 2005): -w / ln u is the
/// largest with a probability in proportion to w, for u uniform over 0 to 1.
fn score(member: &Member, key: u64) -> f64 {
    let mixed = hash::mixed(key ^ member.server.hash);
    let uniform = ((mixed >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    -member.share() / uniform.ln()
}

/// The highest of those that have less than the bound of what is in flight, this request included.
fn bounded<'a>(up: impl Iterator<Item = (usize, &'a Member)> + Clone, key: u64) -> Option<usize> {
    let sums = up.clone().fold((1.0, 0.0), |(load, share), (_, member)| {
        (load + f64::from(member.in_flight), share + member.share())
    });
    let (load, share) = sums;
    let most = |member: &Member| (BOUND * load * member.share() / share).ceil();
    let below = |member: &Member| f64::from(member.in_flight) < most(member);
    highest(up.filter(|(_, m)| m.has_room() && below(m)), key)
}

#[cfg(test)]
#[path = "algorithm/tests.rs"]
mod tests;
