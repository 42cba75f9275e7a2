//! How is a number kept that may have thousands of digits, and is read, written and halved more often than anything else? In decimal
//! limbs: a tile's coordinates come as decimal text and leave as decimal text.

use std::cmp::Ordering;
use std::fmt;

/// The largest power of ten whose products fit into u64.
const BASE: u64 = 1_000_000_000;
const DIGITS: usize = 9;
/// The largest power of five below 2^32, and which one it is.
const FIVES: (u32, u32) = (1_220_703_125, 13);

/// A whole number, 0 or above, of any length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Natural {
    /// Base 10^9, the lowest first; the last is not 0.
    limbs: Vec<u32>,
}

impl Natural {
    /// Reads decimal digits without zeros before them, so that a number has one text.
    pub fn parse(text: &str) -> Option<Natural> {
        let digits = text.as_bytes();
        if !digits.iter().all(u8::is_ascii_digit) || digits.is_empty() {
            return None;
        }
        if text == "0" {
            return Some(Natural::default());
        }
        if digits[0] == b'0' {
            return None;
        }
        let limb = |digits: &[u8]| {
            let digits = digits.iter().map(|digit| u32::from(digit - b'0'));
            digits.fold(0, |limb, digit| 10 * limb + digit)
        };
        let limbs = digits.rchunks(DIGITS).map(limb).collect();
        Some(Natural { limbs })
    }

    /// 2^`exponent`.
    pub fn power_of_two(exponent: u32) -> Natural {
        let mut power = Natural::from(1);
        let mut left = exponent;
        while left > 0 {
            let step = left.min(31);
            power = power.times(1 << step);
            left -= step;
        }
        power
    }

    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        self.limbs.is_empty()
    }

    /// Whether it is odd.
    pub fn is_odd(&self) -> bool {
        self.limbs.first().is_some_and(|limb| limb % 2 == 1)
    }

    /// `factor` times as much.
    #[must_use]
    pub fn times(&self, factor: u32) -> Natural {
        self.times_plus(factor, 0)
    }

    /// `factor` times as much, and `more`.
    #[must_use]
    pub fn times_plus(&self, factor: u32, more: u32) -> Natural {
        let mut limbs = Vec::with_capacity(self.limbs.len() + 2);
        let mut carry = u64::from(more);
        for limb in &self.limbs {
            let value = u64::from(*limb) * u64::from(factor) + carry;
            limbs.push((value % BASE) as u32);
            carry = value / BASE;
        }
        while carry > 0 {
            limbs.push((carry % BASE) as u32);
            carry /= BASE;
        }
        Natural::trimmed(limbs)
    }

    /// How often `divisor`, which is not 0, goes into it, and what is left.
    pub fn divided(&self, divisor: u32) -> (Natural, u32) {
        let divisor = u64::from(divisor);
        let mut limbs = self.limbs.clone();
        let mut rest = 0;
        for limb in limbs.iter_mut().rev() {
            let value = rest * BASE + u64::from(*limb);
            // Below BASE, since `rest` is below the divisor.
            *limb = (value / divisor) as u32;
            rest = value % divisor;
        }
        (Natural::trimmed(limbs), rest as u32)
    }

    /// The distance to `other`.
    #[must_use]
    pub fn distance(&self, other: &Natural) -> Natural {
        let (large, small) = if self < other {
            (other, self)
        } else {
            (self, other)
        };
        let mut limbs = Vec::with_capacity(large.limbs.len());
        let mut borrowed = 0;
        for (i, limb) in large.limbs.iter().enumerate() {
            let taken = small.limbs.get(i).map_or(0, |limb| u64::from(*limb)) + borrowed;
            let value = u64::from(*limb) + BASE - taken;
            limbs.push((value % BASE) as u32);
            borrowed = 1 - value / BASE;
        }
        Natural::trimmed(limbs)
    }

    /// The exact decimal text of it over 2^`exponent`.
    pub fn over_power_of_two(&self, exponent: u32) -> String {
        let (mut numerator, mut places) = (self.clone(), exponent);
        while places > 0 && !numerator.is_odd() && !numerator.is_zero() {
            numerator = numerator.divided(2).0;
            places -= 1;
        }
        if numerator.is_zero() {
            return "0".to_owned();
        }
        // n / 2^k = n · 5^k / 10^k.
        let mut fives = places;
        while fives >= FIVES.1 {
            numerator = numerator.times(FIVES.0);
            fives -= FIVES.1;
        }
        let digits = numerator.times(5_u32.pow(fives)).to_string();
        let places = places as usize;
        if places == 0 {
            return digits;
        }
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        format!("{whole}.{fraction}")
    }

    fn trimmed(mut limbs: Vec<u32>) -> Natural {
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        Natural { limbs }
    }
}

impl From<u32> for Natural {
    fn from(value: u32) -> Natural {
        Natural::default().times_plus(1, value)
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Natural) -> Ordering {
        let by_length = self.limbs.len().cmp(&other.limbs.len());
        by_length.then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()))
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Natural) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Natural {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut limbs = self.limbs.iter().rev();
        write!(f, "{}", limbs.next().unwrap_or(&0))?;
        limbs.try_for_each(|limb| write!(f, "{limb:09}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn natural(value: u128) -> Natural {
        Natural::parse(&value.to_string()).unwrap()
    }

    #[test]
    fn only_the_one_text_of_a_number_is_read() {
        for text in ["", "00", "01", "+1", "-1", "1.0", "1e3", " 1", "٣", "x"] {
            assert_eq!(Natural::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn dyadic_numbers_have_exact_decimals() {
        let text = |numerator: u32, exponent| Natural::from(numerator).over_power_of_two(exponent);
        assert_eq!(text(0, 9), "0");
        assert_eq!(text(8, 2), "2");
        assert_eq!(text(5, 1), "2.5");
        assert_eq!(text(1, 10), "0.0009765625");
        assert_eq!(text(1027, 10), "1.0029296875");
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_machine(
            a in any::<u64>(),
            b in any::<u64>(),
            factor in any::<u32>(),
            more in any::<u32>(),
            divisor in 1..=u32::MAX,
        ) {
            let (wide, other) = (u128::from(a), u128::from(b));
            let own = natural(wide);
            prop_assert_eq!(own.to_string(), a.to_string());
            prop_assert_eq!(
                own.times_plus(factor, more),
                natural(wide * u128::from(factor) + u128::from(more))
            );
            let (quotient, rest) = own.divided(divisor);
            prop_assert_eq!(quotient, natural(wide / u128::from(divisor)));
            prop_assert_eq!(u128::from(rest), wide % u128::from(divisor));
            prop_assert_eq!(own.distance(&natural(other)), natural(wide.abs_diff(other)));
            prop_assert_eq!(own.cmp(&natural(other)), a.cmp(&b));
            prop_assert_eq!(own.is_odd(), a % 2 == 1);
        }

        #[test]
        fn an_exact_decimal_is_the_f64(numerator in 0..=u32::MAX, exponent in 0..40_u32) {
            // Both are exact, so the text reads back as the very same number.
            let text = Natural::from(numerator).over_power_of_two(exponent);
            let value = f64::from(numerator) / (1_u64 << exponent) as f64;
            prop_assert_eq!(text.parse::<f64>().unwrap(), value);
            prop_assert!(!text.contains('.') || !text.ends_with('0'));
        }

        #[test]
        fn long_numbers_come_back_from_their_text(text in "[1-9][0-9]{0,2000}", bit in 0..2_u32) {
            let own = Natural::parse(&text).unwrap();
            prop_assert_eq!(own.to_string(), text);
            prop_assert_eq!(own.times_plus(2, bit).divided(2), (own, bit));
        }
    }

    #[test]
    fn powers_of_two_double() {
        let mut power = Natural::from(1);
        for exponent in 0..300 {
            assert_eq!(Natural::power_of_two(exponent), power, "{exponent}");
            power = power.times(2);
        }
    }
}
