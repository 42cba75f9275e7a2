//! How is a duration written? A number and a unit, `250ms`, `3s`, `2.5s`, `10m`, `1h`: a bare number
//! would leave the reader guessing.

use std::time::Duration;

/// What [`parse`] accepts, for messages.
pub const ACCEPTED: &str = "a duration such as \"250ms\", \"3s\", \"10m\" or \"1h\"";

/// A day: nothing here waits longer, and a bound keeps deadlines from overflowing.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads a duration of a day at most; `None` is to be answered with [`ACCEPTED`].
pub fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(number * seconds)
        .ok()
        .filter(|duration| *duration <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse("2.5s"), Some(Duration::from_millis(2500)));
        assert_eq!(parse("10m"), Some(Duration::from_secs(600)));
        assert_eq!(parse("0s"), Some(Duration::ZERO));
        for text in [
            "", "3", "s", "-1s", "1d", "1 s", "+1s", "1e99h", "NaNs", "25h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
