//! How does light become a byte? IEC 61966-2-1 (sRGB), both ways, by table where it is done for every pixel.

use std::sync::LazyLock;

/// Linear light as a whole number: 16 bits tell even the darkest sRGB steps apart, which are 20 units wide.
pub(crate) const FULL: u16 = u16::MAX;

/// Linear light of an sRGB byte, from 0 to 1.
pub(crate) fn decode(byte: u8) -> f64 {
    static TABLE: LazyLock<[f64; 256]> = LazyLock::new(|| {
        std::array::from_fn(|byte| {
            let encoded = byte as f64 / 255.0;
            if encoded <= 0.04045 {
                encoded / 12.92
            } else {
                libm::pow((encoded + 0.055) / 1.055, 2.4)
            }
        })
    });
    TABLE[usize::from(byte)]
}

/// [`decode`], as a whole number.
pub(crate) fn linear(byte: u8) -> u16 {
    (decode(byte) * f64::from(FULL) + 0.5) as u16
}

/// The nearest sRGB byte of linear light from 0 to 1.
fn encode(linear: f64) -> u8 {
    let encoded = if linear <= 0.003_130_8 {
        linear * 12.92
    } else {
        1.055 * libm::pow(linear, 1.0 / 2.4) - 0.055
    };
    (encoded * 255.0 + 0.5) as u8
}

/// The sRGB byte of each linear value from 0 to [`FULL`].
pub(crate) fn encode_table() -> &'static [u8] {
    static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        (0..=FULL)
            .map(|linear| encode(f64::from(linear) / f64::from(FULL)))
            .collect()
    });
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_the_way_to_light_and_back() {
        for byte in 0..=255 {
            assert_eq!(encode_table()[usize::from(linear(byte))], byte);
        }
    }
}
