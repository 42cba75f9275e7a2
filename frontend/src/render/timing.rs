//! Where did the time of a piece go? The worker's own account of it, from the `Server-Timing` field
//! (W3C Server Timing §2): `queue;dur=1.5, field;dur=20.25, encode;dur=3`.

use std::time::Duration;

/// How long a worker took for a piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timing {
    /// Waiting for the reference orbit, and for a free slot.
    pub(crate) queued: Duration,
    /// All that it computed.
    pub(crate) worked: Duration,
}

impl Timing {
    /// Reads the field; what it does not say is taken as nothing.
    pub(crate) fn read(text: &str) -> Timing {
        let mut timing = Timing::default();
        for metric in text.split(',') {
            let mut parts = metric.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let milliseconds = parts
                .filter_map(|part| part.strip_prefix("dur="))
                .find_map(|number| number.parse::<f64>().ok())
                .unwrap_or(0.0);
            let taken = Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default();
            match name {
                "orbit" | "queue" => timing.queued = timing.queued.saturating_add(taken),
                "total" => {}
                _ => timing.worked = timing.worked.saturating_add(taken),
            }
        }
        timing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_and_working_are_told_apart() {
        let timing = Timing::read(
            "orbit;dur=1, queue;dur=0.5, field;dur=20;desc=\"x\", colour;dur=2, encode;dur=3",
        );
        assert_eq!(timing.queued, Duration::from_micros(1500));
        assert_eq!(timing.worked, Duration::from_millis(25));
    }

    #[test]
    fn nonsense_is_no_time() {
        for text in [
            "",
            ";;,,",
            "field",
            "field;dur=NaN",
            "field;dur=-1",
            "field;dur=1e300",
        ] {
            assert_eq!(Timing::read(text), Timing::default(), "{text}");
        }
    }
}
