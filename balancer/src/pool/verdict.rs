//! May this server have requests? Probes and connection failures move it between the states; everything
//! is decided here, and the time comes from the caller.

use std::time::Instant;

use serde::{Serialize, Serializer};

use crate::settings::Health;

/// What the balancer thinks of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Never seen up; one passing probe is enough.
    New,
    /// Takes requests.
    Up,
    /// A connection failed; one passing probe is enough.
    Ejected,
    /// Answered a probe with 503: finishes what it has.
    Draining,
    /// Failed its probes.
    Down,
}

impl State {
    /// Every state.
    pub(crate) const ALL: [State; 5] = [
        State::New,
        State::Up,
        State::Ejected,
        State::Draining,
        State::Down,
    ];

    /// What statistics call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::New => "new",
            State::Up => "up",
            State::Ejected => "ejected",
            State::Draining => "draining",
            State::Down => "down",
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What was seen of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// A probe passed.
    Passed,
    /// A probe was answered with 503.
    Unwilling,
    /// A probe failed: the server is there, or its machine said that it is not.
    Failed,
    /// A probe was not answered in time: whatever the server still has, no answer may ever come.
    Silent,
    /// A request's connection could not be made, or broke before the answer.
    Broken,
}

/// The state of one server and how it came about.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    state: State,
    probed: bool,
    passes: u32,
    failures: u32,
    ejections: u32,
    ejected_until: Option<Instant>,
}

impl Verdict {
    /// A server that was just added; without probes it is taken to be up.
    pub(crate) fn new(rules: &Health) -> Verdict {
        Verdict {
            state: if rules.probes { State::New } else { State::Up },
            probed: false,
            passes: 0,
            failures: 0,
            ejections: 0,
            ejected_until: None,
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Whether it takes requests.
    pub(crate) fn is_up(&self) -> bool {
        self.state == State::Up
    }

    /// Whether its first probe is still out: nobody knows yet, so a request may wait for the outcome.
    pub(crate) fn is_undecided(&self) -> bool {
        self.state == State::New && !self.probed
    }

    /// Whether the next probe may change the state, and so should come soon.
    pub(crate) fn is_changing(&self) -> bool {
        match self.state {
            State::New | State::Ejected | State::Draining => true,
            State::Up => self.failures > 0,
            State::Down => self.passes > 0,
        }
    }

    /// Takes note of `sight`; the new state is returned when it is another one.
    pub(crate) fn note(&mut self, sight: Sight, now: Instant, rules: &Health) -> Option<State> {
        let before = self.state;
        match sight {
            Sight::Passed => self.passed(rules),
            Sight::Unwilling => {
                self.reset_streaks();
                self.state = State::Draining;
            }
            Sight::Failed | Sight::Silent => {
                self.passes = 0;
                self.failures = self.failures.saturating_add(1);
                if self.failures >= rules.fall && before != State::New {
                    self.state = State::Down;
                }
            }
            Sight::Broken if before == State::Up => {
                self.reset_streaks();
                self.ejections = self.ejections.saturating_add(1);
                self.ejected_until = now.checked_add(rules.ejection * self.ejections.min(10));
                self.state = State::Ejected;
            }
            Sight::Broken => {}
        }
        self.probed |= sight != Sight::Broken;
        (self.state != before).then_some(self.state)
    }

    fn passed(&mut self, rules: &Health) {
        self.failures = 0;
        self.passes = self.passes.saturating_add(1);
        if self.state == State::Up && self.passes >= rules.rise {
            self.ejections = 0;
        }
        if self.state != State::Down || self.passes >= rules.rise {
            if self.state != State::Up {
                self.passes = 0;
            }
            self.state = State::Up;
        }
    }

    /// Ends an ejection whose time is over, for pools that do not probe.
    pub(crate) fn pardon(&mut self, now: Instant) -> Option<State> {
        let over = self.ejected_until.is_some_and(|until| until <= now);
        (self.state == State::Ejected && over).then(|| {
            self.state = State::Up;
            self.state
        })
    }

    /// When the current ejection ends by itself.
    pub(crate) fn ejected_until(&self) -> Option<Instant> {
        self.ejected_until.filter(|_| self.state == State::Ejected)
    }

    fn reset_streaks(&mut self) {
        self.passes = 0;
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(sights: &[Sight]) -> Verdict {
        let rules = Health::default();
        let mut verdict = Verdict::new(&rules);
        for sight in sights {
            verdict.note(*sight, Instant::now(), &rules);
        }
        verdict
    }

    use Sight::{Broken, Failed, Passed, Unwilling};

    #[test]
    fn a_new_server_is_up_after_one_pass() {
        assert_eq!(after(&[]).state(), State::New);
        assert_eq!(after(&[Failed, Failed, Failed, Failed]).state(), State::New);
        assert_eq!(after(&[Failed, Passed]).state(), State::Up);
    }

    #[test]
    fn only_failures_in_a_row_take_a_server_down() {
        assert_eq!(after(&[Passed, Failed, Failed]).state(), State::Up);
        assert_eq!(
            after(&[Passed, Failed, Failed, Passed, Failed]).state(),
            State::Up
        );
        assert_eq!(
            after(&[Passed, Failed, Failed, Failed]).state(),
            State::Down
        );
    }

    #[test]
    fn a_server_that_was_down_needs_passes_in_a_row() {
        let down = [Passed, Failed, Failed, Failed];
        assert_eq!(after(&[&down[..], &[Passed]].concat()).state(), State::Down);
        assert_eq!(
            after(&[&down[..], &[Passed, Failed, Passed]].concat()).state(),
            State::Down
        );
        assert_eq!(
            after(&[&down[..], &[Passed, Passed]].concat()).state(),
            State::Up
        );
    }

    #[test]
    fn a_connection_failure_ejects_until_a_probe_passes() {
        assert_eq!(after(&[Passed, Broken]).state(), State::Ejected);
        assert_eq!(after(&[Passed, Broken, Passed]).state(), State::Up);
        assert_eq!(
            after(&[Passed, Broken, Failed, Failed, Failed]).state(),
            State::Down
        );
    }

    #[test]
    fn a_server_that_answers_503_drains_and_comes_back_at_its_word() {
        assert_eq!(after(&[Passed, Unwilling]).state(), State::Draining);
        assert_eq!(after(&[Passed, Unwilling, Broken]).state(), State::Draining);
        assert_eq!(after(&[Passed, Unwilling, Passed]).state(), State::Up);
    }

    #[test]
    fn ejections_in_a_row_last_longer() {
        let rules = Health {
            probes: false,
            ..Health::default()
        };
        let start = Instant::now();
        let mut verdict = Verdict::new(&rules);
        assert!(verdict.is_up());
        verdict.note(Broken, start, &rules);
        assert_eq!(verdict.pardon(start + rules.ejection / 2), None);
        assert_eq!(verdict.pardon(start + rules.ejection), Some(State::Up));
        verdict.note(Broken, start, &rules);
        assert_eq!(verdict.ejected_until(), Some(start + 2 * rules.ejection));
    }
}
