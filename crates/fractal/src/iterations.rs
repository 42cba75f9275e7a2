//! How many iterations does a view need, when nobody says?

use crate::Decimal;

/// From this depth on the limit grows linearly: no published place is as dense all the way down.
const DENSE: f64 = 100.0;

/// A generous limit from the depth alone: 1,000 at zoom 1, 18,500 at 10^10, and growing with the square of the depth down to 10^100.
///
/// Escape counts near the set grow about linearly with the number of decimal places, and their spread with
/// every bulb that a dive passes; the square leaves room for both. Published places escape after 45 (10^31), 80 (10^50) and 23 (10^227)
/// times the square of their depth at most.
pub fn auto_iterations(zoom: &Decimal) -> u64 {
    let depth = zoom.log10().clamp(0.0, 1e6);
    (1000.0 + depth * (250.0 + 150.0 * depth.min(DENSE))) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_grows_with_the_depth() {
        let limit = |zoom: &str| auto_iterations(&zoom.parse().unwrap());
        assert_eq!(limit("1e-5"), 1000);
        assert_eq!(limit("0"), 1000);
        assert_eq!(limit("1"), 1000);
        assert_eq!(limit("1e10"), 18_500);
        assert!(limit("40") < limit("2000"));
        assert!(limit("1e999999999") > limit("1e1000"));
    }
}
