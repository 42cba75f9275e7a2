//! How urgent is a request? The `u` of its `Priority` field, 0 to 7, the smaller the sooner (RFC 9218 §4.1). What
//! is no urgency is none, and a request without one has that of everybody (§4.1 and §7).

use http::{HeaderMap, HeaderName};

const PRIORITY: HeaderName = HeaderName::from_static("priority");

/// How many there are.
pub(crate) const URGENCIES: usize = 8;

/// From 0, the most urgent, to 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Urgency(u8);

impl Default for Urgency {
    /// RFC 9218 §4.1.
    fn default() -> Urgency {
        Urgency(3)
    }
}

impl Urgency {
    /// Every urgency, the most urgent first.
    pub(crate) const ALL: [Urgency; URGENCIES] = [
        Urgency(0),
        Urgency(1),
        Urgency(2),
        Urgency(3),
        Urgency(4),
        Urgency(5),
        Urgency(6),
        Urgency(7),
    ];

    /// What `headers` say.
    pub(crate) fn of(headers: &HeaderMap) -> Urgency {
        let mut urgency = Urgency::default();
        if !headers.contains_key(PRIORITY) {
            return urgency;
        }
        // A dictionary (RFC 8941 §3.2): members after commas, over all lines; of a key said twice the last one holds.
        for line in headers.get_all(PRIORITY) {
            for member in line.as_bytes().split(|byte| *byte == b',') {
                if let Some(said) = urgency_of(member.trim_ascii()) {
                    urgency = said;
                }
            }
        }
        urgency
    }

    /// From 0 to 7.
    pub(crate) fn number(self) -> u8 {
        self.0
    }
}

/// The urgency in a member such as `u=1` or `u=1;parameter`.
fn urgency_of(member: &[u8]) -> Option<Urgency> {
    let value = member.strip_prefix(b"u=")?;
    let digit = match value {
        [digit] | [digit, b';', ..] => digit,
        _ => return None,
    };
    matches!(digit, b'0'..=b'7').then(|| Urgency(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&'static str]) -> u8 {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(PRIORITY, http::HeaderValue::from_static(line));
        }
        Urgency::of(&headers).number()
    }

    #[test]
    fn urgency_is_what_the_field_says() {
        assert_eq!(of(&["u=0"]), 0);
        assert_eq!(of(&["i, u=7"]), 7);
        assert_eq!(of(&["u=5;x=1 , i"]), 5);
        assert_eq!(of(&["u=5, u=1"]), 1, "the last one holds");
        assert_eq!(of(&["u=5", "u=2"]), 2, "over lines too");
    }

    #[test]
    fn what_is_no_urgency_is_the_default() {
        for line in [
            "", "i", "u", "u=8", "u=-1", "u=10", "u=\"1\"", "U=1", "u =1", "xu=1",
        ] {
            assert_eq!(of(&[line]), 3, "{line}");
        }
        assert_eq!(of(&[]), 3);
    }
}
