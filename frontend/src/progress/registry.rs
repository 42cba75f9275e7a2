//! Where is a render's report while the picture travels on another connection? In a table with room for
//! so many renders; the oldest make place for the newest, and an hour is the longest stay.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::progress::id::RenderId;
use crate::progress::report::{Report, State};

/// Reports kept: some kilobytes each.
const MOST_REPORTS: usize = 1024;
/// Long enough to come back to a page after lunch.
const LONGEST_STAY: Duration = Duration::from_secs(3600);
/// Watchers of one render, each of which is an open connection.
const MOST_WATCHERS: usize = 16;

/// A report that goes on changing; its watchers are told.
pub(crate) type Account = Arc<watch::Sender<Report>>;

/// The reports of recent renders.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    entries: Mutex<VecDeque<Entry>>,
}

#[derive(Debug)]
struct Entry {
    id: RenderId,
    since: Instant,
    account: Account,
}

impl Registry {
    /// The account that a render called `id` is to fill: the one that is waiting for it, else a new one.
    /// A render that was asked for again is told anew.
    pub(crate) fn begin(&self, id: RenderId) -> Account {
        let mut entries = self.fresh();
        let at = entries.iter().position(|entry| entry.id == id);
        if let Some(entry) = at.and_then(|at| entries.remove(at))
            && entry.account.borrow().state == State::Waiting
        {
            let account = entry.account.clone();
            entries.push_back(entry);
            return account;
        }
        let account = Account::new(watch::Sender::new(Report::default()));
        entries.push_back(Entry {
            id,
            since: Instant::now(),
            account: account.clone(),
        });
        if entries.len() > MOST_REPORTS {
            entries.pop_front();
        }
        account
    }

    /// The report of the render called `id`, as of now.
    pub(crate) fn report(&self, id: RenderId) -> Option<Report> {
        let entries = self.fresh();
        let entry = entries.iter().find(|entry| entry.id == id)?;
        Some(entry.account.borrow().now())
    }

    /// What is told of the render called `id` from now on; `None` also when too many listen already.
    pub(crate) fn watch(&self, id: RenderId) -> Option<watch::Receiver<Report>> {
        let entries = self.fresh();
        let entry = entries.iter().find(|entry| entry.id == id)?;
        (entry.account.receiver_count() < MOST_WATCHERS).then(|| entry.account.subscribe())
    }

    fn fresh(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        let mut entries = self
            .entries
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        entries.retain(|entry| entry.since.elapsed() < LONGEST_STAY);
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_render_fills_the_account_that_waits_for_it() {
        let registry = Registry::default();
        let id = RenderId::random();
        let waiting = registry.begin(id);
        assert!(Arc::ptr_eq(&waiting, &registry.begin(id)));
        waiting.send_modify(Report::started);
        assert!(
            !Arc::ptr_eq(&waiting, &registry.begin(id)),
            "a second render is told anew"
        );
    }

    #[test]
    fn the_oldest_report_makes_place() {
        let registry = Registry::default();
        let ids: Vec<RenderId> = (0..=MOST_REPORTS).map(|_| RenderId::random()).collect();
        for &id in &ids {
            registry.begin(id);
        }
        assert!(registry.report(ids[0]).is_none());
        assert!(registry.report(ids[1]).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn reports_do_not_stay_for_ever() {
        let registry = Registry::default();
        let id = RenderId::random();
        registry.begin(id);
        tokio::time::advance(LONGEST_STAY).await;
        assert!(registry.report(id).is_none());
    }

    #[test]
    fn watchers_are_bounded() {
        let registry = Registry::default();
        let id = RenderId::random();
        registry.begin(id);
        let watchers: Vec<_> = (0..MOST_WATCHERS)
            .map(|_| registry.watch(id).unwrap())
            .collect();
        assert!(registry.watch(id).is_none());
        drop(watchers);
        assert!(registry.watch(id).is_some());
    }
}
