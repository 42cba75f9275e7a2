//! How many iterations does a view need, when nobody says?

use crate::Decimal;

/// A limit from the depth alone: 1,000 at zoom 1, 11,000 at 10^10, and growing with the square of the depth.
///
/// Escape counts near the set grow about linearly with the number of decimal places, and their spread with
/// every bulb that a dive passes; the square leaves room for both.
pub fn auto_iterations(zoom: &Decimal) -> u64 {
    let depth = zoom.log10().clamp(0.0, 1e6);
    (1000.0 + depth * (250.0 + 75.0 * depth)) as u64
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
        assert_eq!(limit("1e10"), 11_000);
        assert!(limit("40") < limit("2000"));
        assert!(limit("1e999999999") > limit("1e1000"));
    }
}
