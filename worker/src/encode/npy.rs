//! The escape field as a NumPy file (format version 1.0): a magic, a header that is a Python dictionary,
//! and the numbers in C order, little-endian.

use fractal::{Channels, Field};
use protocol::{Channel, Rect};

/// Past this limit an f32 no longer tells neighbouring smooth counts apart by hundredths.
const F32_LIMIT: u64 = 65_536;

/// How one number of the field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    SmoothF32,
    SmoothF64,
    CountU32,
    CountU64,
    DistanceF32,
    DirectionF32,
    PeriodU32,
    /// Real and imaginary part, an f32 each.
    MultiplierC64,
}

impl Numbers {
    /// The narrowest numbers that hold the counts of a view with this limit.
    pub(crate) fn of(channel: Channel, limit: u64) -> Numbers {
        match channel {
            Channel::Smooth if limit <= F32_LIMIT => Numbers::SmoothF32,
            Channel::Smooth => Numbers::SmoothF64,
            Channel::Iterations if u32::try_from(limit).is_ok() => Numbers::CountU32,
            Channel::Iterations => Numbers::CountU64,
            Channel::Distance => Numbers::DistanceF32,
            Channel::Direction => Numbers::DirectionF32,
            Channel::Period => Numbers::PeriodU32,
            Channel::Multiplier => Numbers::MultiplierC64,
        }
    }

    /// What a field must hold for them.
    pub(crate) fn channels(self) -> Channels {
        Channels {
            derivative: matches!(self, Numbers::DistanceF32 | Numbers::DirectionF32),
            cycles: matches!(self, Numbers::PeriodU32 | Numbers::MultiplierC64),
        }
    }

    /// Bytes a number.
    pub(crate) fn size(self) -> usize {
        match self {
            Numbers::SmoothF32
            | Numbers::CountU32
            | Numbers::DistanceF32
            | Numbers::DirectionF32
            | Numbers::PeriodU32 => 4,
            Numbers::SmoothF64 | Numbers::CountU64 | Numbers::MultiplierC64 => 8,
        }
    }

    /// The file's beginning for a field of this shape, padded to 64 bytes as the format asks.
    pub(crate) fn header(self, rect: Rect) -> Vec<u8> {
        let kind = match self {
            Numbers::SmoothF32 | Numbers::DistanceF32 | Numbers::DirectionF32 => "<f4",
            Numbers::SmoothF64 => "<f8",
            Numbers::CountU32 | Numbers::PeriodU32 => "<u4",
            Numbers::CountU64 => "<u8",
            Numbers::MultiplierC64 => "<c8",
        };
        let (h, w) = (rect.h, rect.w);
        let mut dictionary =
            format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({h}, {w}), }}");
        let unpadded = 10 + dictionary.len() + 1;
        dictionary.push_str(&" ".repeat(unpadded.next_multiple_of(64) - unpadded));
        dictionary.push('\n');
        let mut header = b"\x93NUMPY\x01\x00".to_vec();
        header.extend_from_slice(&(dictionary.len() as u16).to_le_bytes());
        header.extend_from_slice(dictionary.as_bytes());
        header
    }

    /// Writes the numbers of `field` to `out`, which has room for just them.
    pub(crate) fn write(self, field: &Field, out: &mut [u8]) {
        let smooth = field.smooth.iter().copied();
        let counts = field.counts.iter().copied();
        match self {
            Numbers::SmoothF32 => fill(out, smooth.map(|count| (count as f32).to_le_bytes())),
            Numbers::SmoothF64 => fill(out, smooth.map(f64::to_le_bytes)),
            Numbers::CountU32 => fill(out, counts.map(|count| (count as u32).to_le_bytes())),
            Numbers::CountU64 => fill(out, counts.map(u64::to_le_bytes)),
            Numbers::DistanceF32 => {
                fill(out, field.distance.iter().copied().map(f32::to_le_bytes));
            }
            Numbers::DirectionF32 => fill(out, field.directions().map(f32::to_le_bytes)),
            Numbers::PeriodU32 => fill(out, field.period.iter().copied().map(u32::to_le_bytes)),
            Numbers::MultiplierC64 => {
                let parts = field.multiplier.as_flattened().iter().copied();
                fill(out, parts.map(f32::to_le_bytes));
            }
        }
    }
}

fn fill<const SIZE: usize>(out: &mut [u8], numbers: impl Iterator<Item = [u8; SIZE]>) {
    let (places, _) = out.as_chunks_mut::<SIZE>();
    for (place, number) in places.iter_mut().zip(numbers) {
        *place = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_padded_and_says_the_shape() {
        for (w, h) in [(1, 1), (256, 256), (65_536, 1), (12_345, 678)] {
            let header = Numbers::SmoothF32.header(Rect { x: 0, y: 0, w, h });
            assert_eq!(header.len() % 64, 0);
            let length = usize::from(u16::from_le_bytes([header[8], header[9]]));
            assert_eq!(10 + length, header.len());
            assert!(String::from_utf8_lossy(&header).contains(&format!("'shape': ({h}, {w})")));
            assert_eq!(header.last(), Some(&b'\n'));
        }
    }

    #[test]
    fn the_limit_decides_the_width() {
        assert_eq!(Numbers::of(Channel::Smooth, 65_536), Numbers::SmoothF32);
        assert_eq!(Numbers::of(Channel::Smooth, 65_537), Numbers::SmoothF64);
        assert_eq!(
            Numbers::of(Channel::Iterations, u64::from(u32::MAX)),
            Numbers::CountU32
        );
        assert_eq!(Numbers::of(Channel::Iterations, 1 << 32), Numbers::CountU64);
    }
}
