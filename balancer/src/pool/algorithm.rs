//! Which of the servers that have a free slot gets a request? Pure choices over what each has in flight.

use crate::settings::Algorithm;

/// The candidate to take, among `(position, in flight)` of servers with a free slot, in order of position.
///
/// `turn` is the position at which the search starts, so that ties rotate; it moves past the choice.
pub(super) fn choose(
    algorithm: Algorithm,
    candidates: impl Iterator<Item = (usize, u32)>,
    turn: &mut usize,
) -> Option<usize> {
    let from = *turn;
    let from_turn = |position: usize| (position < from, position);
    let (chosen, _) = match algorithm {
        Algorithm::LeastConnections => {
            candidates.min_by_key(|(position, in_flight)| (*in_flight, from_turn(*position)))
        }
        Algorithm::RoundRobin => candidates.min_by_key(|(position, _)| from_turn(*position)),
    }?;
    *turn = chosen + 1;
    Some(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(algorithm: Algorithm, in_flight: &[u32], times: usize) -> Vec<usize> {
        let mut turn = 0;
        let mut choose_one =
            || choose(algorithm, in_flight.iter().copied().enumerate(), &mut turn).unwrap();
        (0..times).map(|_| choose_one()).collect()
    }

    #[test]
    fn ties_take_turns() {
        assert_eq!(
            run(Algorithm::LeastConnections, &[0, 0, 0], 6),
            [0, 1, 2, 0, 1, 2]
        );
        assert_eq!(
            run(Algorithm::LeastConnections, &[1, 0, 2, 0], 4),
            [1, 3, 1, 3]
        );
    }

    #[test]
    fn the_fewest_in_flight_wins() {
        assert_eq!(run(Algorithm::LeastConnections, &[2, 1, 3], 2), [1, 1]);
    }

    #[test]
    fn round_robin_looks_at_no_load() {
        assert_eq!(run(Algorithm::RoundRobin, &[9, 0, 5], 4), [0, 1, 2, 0]);
    }

    #[test]
    fn nobody_is_chosen_from_nobody() {
        assert_eq!(
            choose(Algorithm::RoundRobin, std::iter::empty(), &mut 0),
            None
        );
    }
}
