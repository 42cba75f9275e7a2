//! Which day is it? UTC, by Howard Hinnant's `civil_from_days`
//! (<https://howardhinnant.github.io/date_algorithms.html>).

use std::time::{SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A moment in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Civil {
    year: u64,
    month: u64,
    day: u64,
    second_of_day: u64,
    millisecond: u32,
}

/// Days since 1970; what is before is that day.
pub(super) fn day(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() / 86_400)
}

fn civil(at: SystemTime) -> Civil {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let days = day(at) + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    Civil {
        year: era * 400 + year_of_era + u64::from(month <= 2),
        month,
        day: day_of_year - (153 * shifted + 2) / 5 + 1,
        second_of_day: since.as_secs() % 86_400,
        millisecond: since.subsec_millis(),
    }
}

impl Civil {
    fn clock(&self) -> (u64, u64, u64) {
        let seconds = self.second_of_day;
        (seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// `2026-11-21T22:58:03.120Z`.
pub(super) fn rfc3339(at: SystemTime) -> String {
    let civil = civil(at);
    let (hour, minute, second) = civil.clock();
    format!(
        "{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        civil.year, civil.month, civil.day, civil.millisecond
    )
}

/// `2026-11-21T22-58-03`, for names of files: in the order of time, and without colons.
pub(super) fn for_a_name(at: SystemTime) -> String {
    let text = rfc3339(at).replace(':', "-");
    text.split('.').next().unwrap_or_default().to_owned()
}

/// `21/Nov/2026:22:58:03 +0000`, as in the combined format.
pub(super) fn common(at: SystemTime) -> String {
    let civil = civil(at);
    let (hour, minute, second) = civil.clock();
    let month = usize::try_from(civil.month - 1).unwrap_or_default();
    let month = MONTHS.get(month).unwrap_or(&"Jan");
    format!(
        "{:02}/{month}/{:04}:{hour:02}:{minute:02}:{second:02} +0000",
        civil.day, civil.year
    )
}

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// `Sat, 21 Nov 2026 22:58:03 GMT`, as in fields (RFC 9110 §5.6.7). 1970 began on a Thursday.
pub(crate) fn imf_fixdate(at: SystemTime) -> String {
    let civil = civil(at);
    let (hour, minute, second) = civil.clock();
    let name = |names: &[&'static str], number| {
        let number = usize::try_from(number).unwrap_or_default();
        names.get(number).copied().unwrap_or_default()
    };
    format!(
        "{}, {:02} {} {:04} {hour:02}:{minute:02}:{second:02} GMT",
        name(&DAYS, day(at) % 7),
        civil.day,
        name(&MONTHS, civil.month - 1),
        civil.year
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn moments_read_as_people_write_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_799, "2000-02-29T23:59:59.000Z"),
            (1_709_164_800, "2024-02-29T00:00:00.000Z"),
            (1_798_761_599, "2026-12-31T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
        let moment = UNIX_EPOCH + Duration::from_millis(1_795_301_883_120);
        assert_eq!(rfc3339(moment), "2026-11-21T22:58:03.120Z");
        assert_eq!(for_a_name(moment), "2026-11-21T22-58-03");
        assert_eq!(common(moment), "21/Nov/2026:22:58:03 +0000");
        assert_eq!(imf_fixdate(moment), "Sat, 21 Nov 2026 22:58:03 GMT");
        assert_eq!(imf_fixdate(UNIX_EPOCH), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
