//! What happened to servers? The log is told at once, and the last events are kept for whoever looks later.

use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::json;

use crate::log::Log;

/// So many are kept of each pool: as many as a page can show.
const KEPT: usize = 50;

/// What can happen to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    /// It was added.
    Joined,
    /// It is no longer listed.
    Left,
    Up,
    /// A connection failed, or answers did.
    Ejected,
    /// It asked for nothing new.
    Draining,
    /// An operator wants it to get nothing new.
    Drained,
    /// An operator wants it to get requests again.
    Undrained,
    Down,
}

impl What {
    fn words(self) -> &'static str {
        match self {
            What::Joined => "server joined",
            What::Left => "server left",
            What::Up => "server up",
            What::Ejected => "server ejected",
            What::Draining => "server drains",
            What::Drained => "server drained by the operator",
            What::Undrained => "server no longer drained by the operator",
            What::Down => "server down",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    /// Since 1970.
    pub(crate) unix_seconds: f64,
    pub(crate) server: String,
    pub(crate) what: What,
}

/// The last events of a pool, the latest last.
#[derive(Debug, Default)]
pub(crate) struct Events {
    last: Mutex<VecDeque<Event>>,
    /// Told too, once it is known.
    log: OnceLock<Log>,
}

impl Events {
    /// From now on `log` has a line for each.
    pub(crate) fn tell(&self, log: &Log) {
        // The first one stays: there is but one log.
        drop(self.log.set(log.clone()));
    }

    pub(crate) fn note(&self, pool: &str, server: &str, what: What) {
        match what {
            What::Ejected | What::Down => tracing::warn!(pool, server, "{}", what.words()),
            _ => tracing::info!(pool, server, "{}", what.words()),
        }
        let now = SystemTime::now();
        if let Some(log) = self.log.get() {
            let fields = json!({ "pool": pool, "server": server, "event": what.words() });
            log.event(now, fields);
        }
        let since = now.duration_since(UNIX_EPOCH);
        let event = Event {
            unix_seconds: since.map_or(0.0, |since| since.as_secs_f64()),
            server: server.to_owned(),
            what,
        };
        let mut events = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() == KEPT {
            events.pop_front();
        }
        events.push_back(event);
    }

    pub(crate) fn last(&self) -> Vec<Event> {
        let events = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_events_are_kept() {
        let events = Events::default();
        for i in 0..KEPT + 3 {
            events.note("a", &i.to_string(), What::Up);
        }
        let last = events.last();
        assert_eq!(last.len(), KEPT);
        assert_eq!((&*last[0].server, last[0].what), ("3", What::Up));
    }
}
