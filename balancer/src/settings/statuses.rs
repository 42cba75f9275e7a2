//! Which statuses are expected? Ranges such as `200-299`, or single ones, after commas.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use http::StatusCode;

/// A set of statuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses(Vec<RangeInclusive<u16>>);

/// What [`Statuses`] accepts, for messages.
pub(super) const ACCEPTED: &str = "statuses from 200 to 599, such as \"200-299\" or \"200, 204\"";

impl Statuses {
    /// Any 2xx.
    pub fn success() -> Statuses {
        Statuses(vec![200..=299])
    }

    /// Whether `status` is one of them.
    pub fn contain(&self, status: StatusCode) -> bool {
        self.0.iter().any(|range| range.contains(&status.as_u16()))
    }
}

impl FromStr for Statuses {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Statuses, &'static str> {
        let ranges = text.split(',').map(range).collect::<Option<_>>();
        ranges.map(Statuses).ok_or(ACCEPTED)
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let status = |text: &str| text.trim().parse().ok();
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (status(first)?, status(last)?);
    (200 <= first && first <= last && last <= 599).then_some(first..=last)
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, range) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{}-{}", range.start(), range.end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_ranges_and_single_ones() {
        let some: Statuses = "200, 204-206,301".parse().unwrap();
        for (status, expected) in [
            (200, true),
            (201, false),
            (205, true),
            (301, true),
            (500, false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(some.contain(status), expected, "{status}");
        }
        assert_eq!(some.to_string().parse(), Ok(some));
        for text in ["", "2xx", "299-200", "100", "200-600", "200,", "-200"] {
            assert_eq!(text.parse::<Statuses>(), Err(ACCEPTED), "{text}");
        }
    }
}
