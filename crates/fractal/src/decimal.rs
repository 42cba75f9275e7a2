//! How are coordinates kept exact, from the text that a user typed to the last bit that a deep zoom needs?
//!
//! As the decimal that was written. Nothing here takes time or memory in proportion to an exponent: `1e999999999` is
//! one digit and a number, and only values within f64's range are ever expanded.

use std::fmt;
use std::str::FromStr;

use dashu_float::DBig;
use dashu_int::IBig;
use dashu_int::ops::{BitTest, DivEuclid};

use crate::double_double::DoubleDouble;
use crate::extended::{Extended, power_of_two};

/// An exact decimal number of any length.
///
/// Its text is an optional sign, digits with an optional fraction, and an optional exponent: `-0.75`, `+1.`, `.5`, `1.5e-3`, `4E10`.
#[derive(Clone, Debug)]
pub struct Decimal(DBig);

/// Why a text is not a [`Decimal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseDecimalError {
    /// Not of the form sign, digits, fraction, exponent (so also `nan`, `inf` and the empty text).
    #[error("not a decimal number such as -0.75, 1.5e-3 or 4E10")]
    Malformed,
    /// The exponent is past ±10^15, where sums of exponents and lengths could overflow.
    #[error("the exponent is past ±10^15")]
    ExponentOutOfRange,
}

/// Far above any exponent that a picture can use, far below where adding a length to it overflows.
const EXPONENT_CAP: i64 = 1_000_000_000_000_000;

/// Past this power of ten every value is infinite as an f64, and below its inverse zero (the range is 10^-324 to 10^308).
const F64_MAGNITUDE: isize = 400;

impl Decimal {
    /// The nearest f64 (ties to even): infinite past f64's range, zero below it.
    pub fn to_f64(&self) -> f64 {
        match self.magnitude() {
            Some(power) if power > F64_MAGNITUDE => f64::INFINITY.copysign(self.sign()),
            // The standard library rounds text of any length correctly; converting by arithmetic would round twice.
            Some(power) if power >= -F64_MAGNITUDE => {
                let repr = self.0.repr();
                let text = format!("{}e{}", repr.significand(), repr.exponent());
                text.parse().unwrap_or(f64::NAN)
            }
            _ => 0.0,
        }
    }

    /// The nearest f64, and the nearest f64 to what that leaves: together about 106 bits of the value.
    pub(crate) fn split(&self) -> (f64, f64) {
        let high = self.to_f64();
        if high == 0.0 || !high.is_finite() {
            return (high, 0.0);
        }
        // Every f64 is a whole multiple of 2^-1074, so that 1074 places write it exactly.
        let written = format!("{high:.1074}").parse::<Decimal>();
        let low = written.map_or(0.0, |exact| Decimal(&self.0 - exact.0).to_f64());
        (high, low)
    }

    /// The nearest whole number to the value times 2^`bits`. Takes memory in proportion to the value's exponent.
    pub(crate) fn to_fixed_point(&self, bits: usize) -> IBig {
        let repr = self.0.repr();
        let scaled = repr.significand() << (bits + 1);
        let power = IBig::from(10).pow(repr.exponent().unsigned_abs());
        let doubled: IBig = if repr.exponent() < 0 {
            scaled.div_euclid(power)
        } else {
            scaled * power
        };
        (doubled + IBig::ONE) >> 1
    }

    /// The whole part of 2^`bits` divided by the value, which is above zero. Takes memory in proportion to the value's exponent.
    pub(crate) fn reciprocal(&self, bits: usize) -> IBig {
        let repr = self.0.repr();
        let power = IBig::from(10).pow(repr.exponent().unsigned_abs());
        let one = IBig::ONE << bits;
        if repr.exponent() < 0 {
            one * power / repr.significand()
        } else {
            one / (repr.significand() * power)
        }
    }

    /// `value` · 2^-`bits`, rounded to so many decimal places.
    pub(crate) fn from_fixed_point(value: &IBig, bits: usize, places: usize) -> Decimal {
        let scaled = (value * IBig::from(10).pow(places)) << 1;
        let significand = ((scaled >> bits) + IBig::ONE) >> 1;
        Decimal(
            DBig::from_parts(significand, -(places as isize))
                .with_precision(0)
                .value(),
        )
    }

    /// 10^`power` in six significant digits.
    pub(crate) fn from_log10(power: f64) -> Decimal {
        let fraction = libm::pow(10.0, power - power.floor());
        let significand = (fraction * 1e5).round() as i64;
        let exponent = power.floor() as isize - 5;
        Decimal(
            DBig::from_parts(significand.into(), exponent)
                .with_precision(0)
                .value(),
        )
    }

    /// The value to 106 bits, whatever its exponent: (mantissa, exponent). Takes memory in proportion to that.
    pub(crate) fn to_double(&self) -> (DoubleDouble, i64) {
        let Some(magnitude) = self.magnitude() else {
            return (DoubleDouble::default(), 0);
        };
        const SIGNIFICANT: usize = 120;
        // log₂ 10 is less than 4.
        let places = (SIGNIFICANT as isize - 4 * magnitude + 4).max(0) as usize;
        let fixed = self.to_fixed_point(places);
        let dropped = fixed.bit_len().saturating_sub(SIGNIFICANT);
        let top = fixed >> dropped;
        let high = top.to_f64().value();
        // A whole number, below 2^121.
        let low = (top - IBig::from(high as i128)).to_f64().value();
        let (high, exponent) = (Extended::from(high), dropped as i64 - places as i64);
        let low = low * power_of_two(-high.exponent);
        (
            DoubleDouble::from((high.mantissa, low)),
            high.exponent + exponent,
        )
    }

    /// The value to f64's precision, whatever its exponent. Takes memory in proportion to that.
    pub(crate) fn to_extended(&self) -> Extended {
        let (mantissa, exponent) = self.to_double();
        Extended::new(mantissa.high, exponent)
    }

    /// The decimal logarithm of the absolute value, at any exponent; -∞ for zero.
    pub(crate) fn log10(&self) -> f64 {
        let Some(power) = self.magnitude() else {
            return f64::NEG_INFINITY;
        };
        let digits = self.digits();
        let leading = &digits[..digits.len().min(17)];
        let fraction: f64 = format!("0.{leading}").parse().unwrap_or(f64::NAN);
        libm::log10(fraction) + power as f64
    }

    /// Whether the value is above zero.
    pub(crate) fn is_positive(&self) -> bool {
        self.magnitude().is_some() && self.sign() > 0.0
    }

    /// The k with 10^(k-1) ≤ |value| < 10^k; `None` for zero.
    fn magnitude(&self) -> Option<isize> {
        let repr = self.0.repr();
        (!repr.significand().is_zero()).then(|| repr.digits() as isize + repr.exponent())
    }

    fn sign(&self) -> f64 {
        if self.0.signum() == DBig::NEG_ONE {
            -1.0
        } else {
            1.0
        }
    }

    /// The significand without sign and without zeros at its end.
    fn digits(&self) -> String {
        let signed = self.0.repr().significand().to_string();
        signed.trim_start_matches('-').to_owned()
    }
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    fn from_str(text: &str) -> Result<Self, ParseDecimalError> {
        let (significand, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent = parse_exponent(exponent)?;
        let unsigned = significand.strip_prefix(['+', '-']).unwrap_or(significand);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
            return Err(ParseDecimalError::Malformed);
        }
        let value = DBig::from_str(&format!("{significand}e{exponent}"));
        let value = value.map_err(|_| ParseDecimalError::Malformed)?;
        // Precision 0 is dashu's "unlimited": differences are then exact.
        Ok(Decimal(value.with_precision(0).value()))
    }
}

fn parse_exponent(text: &str) -> Result<i64, ParseDecimalError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseDecimalError::Malformed);
    }
    match text.parse::<i64>() {
        Ok(exponent) if exponent.abs() <= EXPONENT_CAP => Ok(exponent),
        _ => Err(ParseDecimalError::ExponentOutOfRange),
    }
}

/// Plain notation where that adds few zeros, scientific otherwise; every digit that is not a zero at an end.
impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(point) = self.magnitude() else {
            return out.write_str("0");
        };
        let digits = self.digits();
        let sign = if self.sign() < 0.0 { "-" } else { "" };
        let zeros = |count: isize| "0".repeat(count as usize);
        let length = digits.len() as isize;
        if (-5..=0).contains(&point) {
            write!(out, "{sign}0.{}{digits}", zeros(-point))
        } else if point > 0 && point < length {
            let (whole, fraction) = digits.split_at(point as usize);
            write!(out, "{sign}{whole}.{fraction}")
        } else if point >= length && point <= 20 {
            write!(out, "{sign}{digits}{}", zeros(point - length))
        } else {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            write!(out, "{sign}{first}{dot}{rest}e{}", point - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn every_digit_comes_back() {
        for (text, canonical) in [
            (
                "-0.743643887037158704752191506114774",
                "-0.743643887037158704752191506114774",
            ),
            ("1.5e-3", "0.0015"),
            ("4E10", "40000000000"),
            ("+1.", "1"),
            (".5", "0.5"),
            ("-00012.500", "-12.5"),
            ("-0", "0"),
            ("0e99", "0"),
            ("1e999999999", "1e999999999"),
            ("-123e-999", "-1.23e-997"),
            ("100", "100"),
        ] {
            assert_eq!(decimal(text).to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_decimal_is_refused() {
        for text in [
            "", " 1", "1 ", "nan", "inf", "1_0", "1e", "e5", ".", "+", "1.2.3", "0x10", "--1",
            "1e+-1", "١",
        ] {
            assert_eq!(
                text.parse::<Decimal>().unwrap_err(),
                ParseDecimalError::Malformed,
                "{text}"
            );
        }
        for text in ["1e99999999999999999999", "1e-1000000000000001"] {
            let error = text.parse::<Decimal>().unwrap_err();
            assert_eq!(error, ParseDecimalError::ExponentOutOfRange, "{text}");
        }
    }

    #[test]
    fn huge_exponents_cost_nothing() {
        for (text, value) in [
            ("1e999999999999999", f64::INFINITY),
            ("-1e400", f64::NEG_INFINITY),
            ("-1e-999999999999999", 0.0),
        ] {
            assert_eq!(decimal(text).to_f64(), value, "{text}");
            assert_eq!(decimal(text).split(), (value, 0.0), "{text}");
        }
        assert_eq!(decimal("1e999999999").log10(), 999_999_999.0);
    }

    #[test]
    fn a_split_keeps_106_bits() {
        let (high, low) = decimal("-0.743643887037158704752191506114774").split();
        assert_eq!(
            (high, low),
            (-0.743_643_887_037_158_7, -3.628_952_515_063_387e-17)
        );
        assert_eq!(decimal("0.5").split(), (0.5, 0.0));
        assert_eq!(decimal("5e-324").split().0, 5e-324);
    }
}
