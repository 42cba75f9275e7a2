//! How is a coordinate kept? As the decimal text that was sent, every digit of it: a view at 1e1000 has
//! a thousand digits, and none may be lost between the browser and the arithmetic.

use std::fmt;

use serde::Serialize;

use crate::Fault;

/// The largest power of ten that a decimal may be written with, either way.
const LARGEST_EXPONENT: u32 = 1_000_000;

/// A decimal number as text: an optional sign, digits with an optional point, an optional exponent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Decimal(String);

impl Decimal {
    /// Checks `text` (at most `digits` characters) and keeps it as it is.
    ///
    /// # Errors
    /// Why not, and what is accepted.
    pub fn parse(text: &str, digits: usize) -> Result<Decimal, (Fault, String)> {
        if text.len() > digits {
            return Err((
                Fault::Unacceptable,
                format!("decimal text of at most {digits} characters"),
            ));
        }
        let accepted = || "a decimal number such as -0.75 or 1.5e-3".to_owned();
        let exponent = exponent_of(text).ok_or_else(|| (Fault::Malformed, accepted()))?;
        let small = exponent
            .trim_start_matches(['+', '-'])
            .trim_start_matches('0');
        match small.parse::<u32>() {
            Ok(power) if power <= LARGEST_EXPONENT => Ok(Decimal(text.to_owned())),
            Err(_) if small.is_empty() => Ok(Decimal(text.to_owned())),
            _ => Err((
                Fault::Unacceptable,
                format!("an exponent from -{LARGEST_EXPONENT} to {LARGEST_EXPONENT}"),
            )),
        }
    }

    /// The text as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the number is at most 10^`power`: by its digits' places, without computing it.
    pub fn is_at_most_power_of_ten(&self, power: u32) -> bool {
        let (mantissa, exponent) = self.0.split_once(['e', 'E']).unwrap_or((&self.0, "0"));
        if mantissa.starts_with('-') {
            return true;
        }
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = whole
            .bytes()
            .chain(fraction.bytes())
            .filter(u8::is_ascii_digit);
        let places = whole.bytes().filter(u8::is_ascii_digit).count();
        let Some(zeros) = digits.clone().position(|digit| digit != b'0') else {
            return true;
        };
        let first = digits.nth(zeros);
        // `parse` has checked that it is small.
        let exponent: i64 = exponent.parse().unwrap_or(0);
        // The number is d.ddd · 10^magnitude.
        let magnitude = places as i64 - 1 - zeros as i64 + exponent;
        let is_power_of_ten = first == Some(b'1') && digits.all(|digit| digit == b'0');
        magnitude < i64::from(power) || (magnitude == i64::from(power) && is_power_of_ten)
    }

    /// The nearest `f64`; infinite when the number is past its range, 0 when it is below.
    pub fn to_f64(&self) -> f64 {
        // The grammar checked in `parse` is a part of the one that `f64` reads.
        self.0.parse().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The exponent's text (empty when there is none) of a well-formed decimal.
fn exponent_of(text: &str) -> Option<&str> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let Some(exponent) = exponent else {
        return Some("");
    };
    let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    (!power.is_empty() && digits(power)).then_some(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_is_kept() {
        let text = "-0.74364388703715870475219150611477400000";
        assert_eq!(Decimal::parse(text, 100).unwrap().as_str(), text);
    }

    #[test]
    fn well_formed_decimals_are_taken() {
        for text in [
            "0",
            "-1",
            "+.5",
            "1.",
            "4E10",
            "1.5e-3",
            "2.5e1000",
            "1e+000000001",
            "1e0",
        ] {
            assert!(Decimal::parse(text, 100).is_ok(), "{text}");
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        for text in [
            "", ".", "e5", "1e", "1e+", "--1", "0x10", "1,5", "inf", "NaN", "1 2", "１",
        ] {
            assert_eq!(
                Decimal::parse(text, 100).unwrap_err().0,
                Fault::Malformed,
                "{text}"
            );
        }
    }

    #[test]
    fn powers_of_ten_are_compared_by_places() {
        let at_most = |text: &str, power| {
            let number = Decimal::parse(text, 100).unwrap();
            number.is_at_most_power_of_ten(power)
        };
        for text in [
            "1e10",
            "10000000000",
            "0.01e12",
            "+9999999999.9",
            "0",
            "-1e99",
            "1000e+7",
            "001e010",
        ] {
            assert!(at_most(text, 10), "{text}");
        }
        for text in [
            "1.01e10",
            "2e10",
            "10000000000.000001",
            "0.1e12",
            "1e11",
            "00099e9",
        ] {
            assert!(!at_most(text, 10), "{text}");
        }
    }

    #[test]
    fn huge_exponents_and_texts_are_refused_without_being_computed() {
        for text in ["1e1000001", "1e-99999999999999999999", &"1".repeat(101)] {
            assert_eq!(
                Decimal::parse(text, 100).unwrap_err().0,
                Fault::Unacceptable,
                "{text}"
            );
        }
    }
}
