//! How often did it end how? A counter for each value of the label `outcome`, all of them there from the start:
//! a counter that appears with the first failure shows Prometheus no increase, and the first failure is missed.

use std::marker::PhantomData;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// A way in which something ends.
pub trait Outcome: Copy + 'static {
    /// Every way there is.
    const ALL: &'static [Self];

    /// The label's value, in lower snake case.
    fn name(self) -> &'static str;
}

type Labels = [(&'static str, &'static str); 1];

/// Counters by outcome; clones count together.
#[derive(Clone, Debug)]
pub struct Outcomes<O> {
    counters: Family<Labels, Counter>,
    of: PhantomData<O>,
}

impl<O: Outcome> Outcomes<O> {
    /// Counters that `registry` shows, all at 0.
    pub fn new(registry: &mut Registry, name: &str, help: &str) -> Outcomes<O> {
        let counters = Family::<Labels, Counter>::default();
        for outcome in O::ALL {
            drop(counters.get_or_create(&labels(*outcome)));
        }
        registry.register(name, help, counters.clone());
        Outcomes {
            counters,
            of: PhantomData,
        }
    }

    /// It ended so.
    pub fn count(&self, outcome: O) {
        self.counters.get_or_create(&labels(outcome)).inc();
    }
}

fn labels(outcome: impl Outcome) -> Labels {
    [("outcome", outcome.name())]
}
