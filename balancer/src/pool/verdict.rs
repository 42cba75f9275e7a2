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
    /// A connection or answers failed; one passing probe is enough.
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
    /// A request's connection could not be made.
    Refused,
    /// A request's connection broke before the answer.
    Broken,
    /// Answers failed in a row.
    Erred,
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

    /// Whether the next probe should come soon: it may change the state, or begin to. A server that is down is missed, and
    /// a probe costs it nothing.
    pub(crate) fn is_changing(&self) -> bool {
        match self.state {
            State::New | State::Ejected | State::Draining | State::Down => true,
            State::Up => self.failures > 0,
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
            Sight::Refused | Sight::Broken | Sight::Erred => {
                if before == State::Up {
                    self.eject(now, rules);
                }
                return (self.state != before).then_some(self.state);
            }
        }
        self.probed = true;
        (self.state != before).then_some(self.state)
    }

    /// For longer each time, unless the last one is long ago.
    fn eject(&mut self, now: Instant, rules: &Health) {
        self.reset_streaks();
        let quiet = |until: Instant| now.saturating_duration_since(until) > rules.longest_ejection;
        if self.ejected_until.is_some_and(quiet) {
            self.ejections = 0;
        }
        self.ejections = self.ejections.saturating_add(1);
        let time = rules.ejection.saturating_mul(self.ejections);
        self.ejected_until = now.checked_add(time.min(rules.longest_ejection));
        self.state = State::Ejected;
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
    use std::time::Duration;

    use super::*;

    fn after(sights: &[Sight]) -> Verdict {
        let rules = Health::default();
        let mut verdict = Verdict::new(&rules);
        for sight in sights {
            verdict.note(*sight, Instant::now(), &rules);
        }
        verdict
    }

    use Sight::{Broken, Erred, Failed, Passed, Refused, Unwilling};

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
        for sight in [Refused, Broken, Erred] {
            assert_eq!(after(&[Passed, sight]).state(), State::Ejected);
        }
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

    #[test]
    fn no_ejection_is_longer_than_the_longest_and_old_ones_are_forgotten() {
        let rules = Health {
            probes: false,
            ..Health::default()
        };
        let mut now = Instant::now();
        let mut verdict = Verdict::new(&rules);
        let mut eject = |now: Instant| {
            verdict.note(Erred, now, &rules);
            let until = verdict.ejected_until().unwrap();
            assert_eq!(verdict.pardon(until), Some(State::Up));
            until - now
        };
        for times in 1..20_u32 {
            let time = eject(now);
            assert_eq!(time.as_secs(), u64::from(30 * times).min(300));
            now += time;
        }
        now += rules.longest_ejection + Duration::from_secs(1);
        assert_eq!(eject(now), rules.ejection);
    }
}
