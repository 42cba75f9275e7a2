//! Who else computes a long reference orbit? The workers that are going to draw, at the same time as the one that surveys the view:
//! each needs the orbit anyway, and if they began with their first bands, those would wait as long again.
//!
//! A balancer sends requests that come together to servers that have few, so as many surveys as there are workers reach all of them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use protocol::{Colouring, Strips, View};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::progress::id::RenderId;
use crate::render::slots::Word;
use crate::render::tiles::Tiles;

/// An orbit that is there so soon is not worth the requests.
const WORTH_HELP: Duration = Duration::from_millis(500);
/// More workers than this begin with their first bands.
const MOST: u32 = 63;

/// Surveys beside the one that counts; they are given up with the picture.
#[derive(Debug)]
pub(crate) struct Helpers {
    begun: Instant,
    tasks: Mutex<Vec<AbortOnDropHandle<()>>>,
}

impl Helpers {
    /// None yet.
    pub(crate) fn new() -> Helpers {
        Helpers {
            begun: Instant::now(),
            tasks: Mutex::default(),
        }
    }

    /// The orbit of `view` is still being computed, by the worker that gave its `word`: calls helpers, once, if it takes long.
    pub(crate) fn consider(&self, tiles: &Tiles, view: &View, word: &Word) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if self.begun.elapsed() < WORTH_HELP || !tasks.is_empty() {
            return;
        }
        let mut view = view.clone();
        // A histogram's preview helps nobody.
        view.colours.colouring = Colouring::Smooth;
        for _ in 0..others(word).min(Strips::of(&view).count() - 1) {
            let (tiles, view) = (tiles.clone(), view.clone());
            tasks.push(AbortOnDropHandle::new(tokio::spawn(async move {
                // What goes wrong here goes wrong with a band too, where it counts.
                if let Ok(surveying) = tiles.survey(&view, RenderId::random().to_string()).await {
                    let _ = surveying.finish(|_, _| {}).await;
                }
            })));
        }
    }
}

/// How many workers there are beside the one that gave its word; none where nobody knows.
fn others(word: &Word) -> u32 {
    let (Some(pool), Some(own @ 1..)) = (word.pool, word.capacity) else {
        return 0;
    };
    (pool / own).saturating_sub(1).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_workers_are_counted_by_their_capacity() {
        let others = |pool, capacity| {
            others(&Word {
                pool,
                worker: "worker-1".into(),
                capacity,
            })
        };
        assert_eq!(others(Some(6), Some(2)), 2);
        assert_eq!(others(Some(2), Some(2)), 0);
        assert_eq!(others(Some(1000), Some(2)), MOST);
        assert_eq!(others(None, Some(2)), 0);
        assert_eq!(others(Some(6), None), 0);
        assert_eq!(others(Some(6), Some(0)), 0);
    }
}
