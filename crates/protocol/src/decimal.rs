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
