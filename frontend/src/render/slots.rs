//! How many bands does the cluster draw at once, now? What the settings say; else what the balancer said last; else
//! the sum over the workers that answered lately. Workers join and leave while a picture is drawn.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most that is believed; past it, a window of requests would be absurd.
const MOST_SLOTS: u32 = 1024;
/// So many answers a slot are lately: of evenly loaded workers, each gave four for each of its slots.
const ANSWERS_PER_SLOT: usize = 4;

/// What an answer says of who gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word {
    /// What all servers of the balancer run at once.
    pub(crate) pool: Option<u32>,
    /// The worker's name.
    pub(crate) worker: String,
    /// What that worker runs at once.
    pub(crate) capacity: Option<u32>,
}

/// The live estimate.
#[derive(Debug)]
pub(crate) struct Slots {
    said: Option<u32>,
    heard: Mutex<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    pool: Option<u32>,
    /// Workers by their answers, the latest last.
    lately: VecDeque<(String, u32)>,
}

impl Slots {
    /// The estimate after a `first` word, with what the settings `said`.
    pub(crate) fn new(said: Option<u32>, first: Word) -> Slots {
        let slots = Slots {
            said,
            heard: Mutex::default(),
        };
        slots.hear(first);
        slots
    }

    /// The estimate as of now, at least 1.
    pub(crate) fn now(&self) -> u32 {
        let heard = self.heard();
        let slots = self.said.or(heard.pool).unwrap_or_else(|| heard.sum());
        slots.clamp(1, MOST_SLOTS)
    }

    /// Takes the word of one more answer.
    pub(crate) fn hear(&self, word: Word) {
        let mut heard = self.heard();
        // Every answer that passes a balancer of ours says it; one that does not came another way.
        heard.pool = word.pool;
        if let Some(capacity) = word.capacity {
            heard.lately.push_back((word.worker, capacity));
        }
        let kept = ANSWERS_PER_SLOT * heard.sum().clamp(1, MOST_SLOTS) as usize;
        while heard.lately.len() > kept {
            heard.lately.pop_front();
        }
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    /// The capacities of distinct workers, each by its latest answer.
    fn sum(&self) -> u32 {
        let mut seen = std::collections::HashSet::new();
        let latest = self.lately.iter().rev();
        latest
            .filter(|(worker, _)| seen.insert(worker))
            .fold(0, |sum, (_, capacity)| sum.saturating_add(*capacity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(worker: &str, capacity: u32) -> Word {
        Word {
            pool: None,
            worker: worker.to_owned(),
            capacity: Some(capacity),
        }
    }

    fn pool(capacity: u32) -> Word {
        Word {
            pool: Some(capacity),
            ..from("a", 2)
        }
    }

    #[test]
    fn settings_go_before_the_balancer_and_the_balancer_before_the_workers() {
        assert_eq!(Slots::new(Some(5), pool(8)).now(), 5);
        assert_eq!(Slots::new(None, pool(8)).now(), 8);
        assert_eq!(Slots::new(None, from("a", 2)).now(), 2);
    }

    #[test]
    fn the_latest_word_of_the_balancer_counts() {
        let slots = Slots::new(None, pool(8));
        slots.hear(pool(16));
        assert_eq!(slots.now(), 16);
        slots.hear(pool(4));
        assert_eq!(slots.now(), 4);
    }

    #[test]
    fn workers_that_join_count_and_those_that_are_heard_no_more_do_not() {
        let slots = Slots::new(None, from("a", 2));
        slots.hear(from("b", 3));
        assert_eq!(slots.now(), 5);
        slots.hear(from("a", 4));
        assert_eq!(slots.now(), 7, "a worker's latest word counts");
        for _ in 0..ANSWERS_PER_SLOT * 7 {
            slots.hear(from("b", 3));
        }
        assert_eq!(slots.now(), 3);
    }

    #[test]
    fn absurd_words_are_bounded() {
        assert_eq!(Slots::new(None, pool(u32::MAX)).now(), MOST_SLOTS);
        assert_eq!(Slots::new(None, pool(0)).now(), 1);
        assert_eq!(Slots::new(None, Word::default()).now(), 1);
        let slots = Slots::new(None, from("a", u32::MAX));
        slots.hear(from("b", u32::MAX));
        assert_eq!(slots.now(), MOST_SLOTS);
    }
}
