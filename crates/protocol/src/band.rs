//! How do rows drawn by many workers become one PNG without being unpacked? A PNG's image data is one
//! zlib stream; a worker deflates each strip of its rows up to a byte boundary (a sync flush, RFC 1951 §3.2.4)
//! and sends them as finished IDAT chunks, with the Adler-32 of all. Whoever gathers the bands writes
//! the chunks one after the other and combines the checksums.
//!
//! A band on the wire: `TBND`, then rows (u32), raw length (u64) and Adler-32 (u32) of the filtered rows,
//! all big-endian, then an IDAT chunk (length, type, data, CRC) for each strip ([`crate::Strips`]) to the end.

use std::fmt;

/// The modulus of Adler-32 (RFC 1950 §8.2): the largest prime below 2^16.
const BASE: u64 = 65_521;
const MAGIC: [u8; 4] = *b"TBND";
const CHUNK_TYPE: [u8; 4] = *b"IDAT";

/// An Adler-32 with the length of what it sums, so that it can be joined with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adler {
    /// The checksum (RFC 1950 §8).
    pub sum: u32,
    /// How many bytes it sums.
    pub length: u64,
}

impl Adler {
    /// The checksum of nothing.
    pub const EMPTY: Adler = Adler { sum: 1, length: 0 };

    /// The checksum of these bytes followed by those of `next`.
    ///
    /// With s1 = 1 + Σ bytes and s2 = Σ of every s1 on the way: behind n more bytes, each of them finds
    /// this part's s1 − 1 in its own sum.
    #[must_use]
    pub fn then(self, next: Adler) -> Adler {
        let split = |adler: Adler| (u64::from(adler.sum & 0xffff), u64::from(adler.sum >> 16));
        let ((a1, a2), (b1, b2)) = (split(self), split(next));
        let s1 = (a1 + b1 + BASE - 1) % BASE;
        let carried = (next.length % BASE) * ((a1 + BASE - 1) % BASE) % BASE;
        let s2 = (a2 + b2 + carried) % BASE;
        Adler {
            sum: (s2 << 16 | s1) as u32,
            length: self.length + next.length,
        }
    }
}

/// A strip that is ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strip {
    /// How many rows of the picture it holds.
    pub rows: u32,
    /// The checksum and length of its filtered rows, before deflate.
    pub adler: Adler,
    /// Its filtered rows, deflated on their own up to a byte boundary.
    pub deflated: Vec<u8>,
}

/// What a band says of itself before its chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BandHead {
    /// How many rows of the picture it holds.
    pub rows: u32,
    /// The checksum and length of its filtered rows, before deflate.
    pub adler: Adler,
}

impl BandHead {
    /// How many bytes it takes on the wire.
    pub const SIZE: usize = 20;

    /// The head's bytes.
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&self.rows.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.adler.length.to_be_bytes());
        bytes[16..].copy_from_slice(&self.adler.sum.to_be_bytes());
        bytes
    }

    fn decode(bytes: &[u8; Self::SIZE]) -> Option<BandHead> {
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        let (rows, rest) = rest.split_first_chunk()?;
        let (length, sum) = rest.split_first_chunk()?;
        (*magic == MAGIC).then_some(BandHead {
            rows: u32::from_be_bytes(*rows),
            adler: Adler {
                length: u64::from_be_bytes(*length),
                sum: u32::from_be_bytes(sum.try_into().ok()?),
            },
        })
    }
}

/// A band that arrived, whole and undamaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band<'a> {
    /// What it says of itself.
    pub head: BandHead,
    /// The IDAT chunks, as they go into the PNG.
    pub chunks: &'a [u8],
}

impl<'a> Band<'a> {
    /// Reads a band and checks that it is the one that was asked for: `rows` rows of `stride` filtered
    /// bytes, in `strips` chunks whose CRCs hold.
    ///
    /// # Errors
    /// What is wrong with it. Another try, or another worker, may do better.
    pub fn decode(
        body: &'a [u8],
        rows: u32,
        stride: u64,
        strips: u32,
    ) -> Result<Band<'a>, BandError> {
        let (head, chunks) = body.split_first_chunk().ok_or(BandError::Truncated)?;
        let head = BandHead::decode(head).ok_or(BandError::NoBand)?;
        if head.rows != rows || head.adler.length != u64::from(rows) * stride {
            return Err(BandError::OtherRows);
        }
        let mut rest = chunks;
        for _ in 0..strips {
            rest = after_chunk(rest)?;
        }
        if rest.is_empty() {
            Ok(Band { head, chunks })
        } else {
            Err(BandError::OtherRows)
        }
    }

    /// The bytes of a whole band of `strips`, from the top.
    pub fn encode(strips: &[Strip]) -> Vec<u8> {
        let head = BandHead {
            rows: strips.iter().map(|strip| strip.rows).sum(),
            adler: strips
                .iter()
                .fold(Adler::EMPTY, |sum, strip| sum.then(strip.adler)),
        };
        let chunks = strips.iter().map(|strip| 12 + strip.deflated.len());
        let mut bytes = Vec::with_capacity(BandHead::SIZE + chunks.sum::<usize>());
        bytes.extend_from_slice(&head.encode());
        for Strip { deflated, .. } in strips {
            let length = u32::try_from(deflated.len()).expect("a strip is far smaller than 4 GiB");
            bytes.extend_from_slice(&length.to_be_bytes());
            let content = bytes.len();
            bytes.extend_from_slice(&CHUNK_TYPE);
            bytes.extend_from_slice(deflated);
            let crc = crc32fast::hash(&bytes[content..]);
            bytes.extend_from_slice(&crc.to_be_bytes());
        }
        bytes
    }
}

/// What follows the IDAT chunk at the beginning of `bytes`, which is checked.
fn after_chunk(bytes: &[u8]) -> Result<&[u8], BandError> {
    let (length, rest) = bytes.split_first_chunk().ok_or(BandError::Truncated)?;
    let length = CHUNK_TYPE.len() as u64 + u64::from(u32::from_be_bytes(*length));
    let (content, rest) = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .ok_or(BandError::Truncated)?;
    let (crc, rest) = rest.split_first_chunk().ok_or(BandError::Truncated)?;
    if !content.starts_with(&CHUNK_TYPE) {
        return Err(BandError::NoBand);
    }
    if crc32fast::hash(content) != u32::from_be_bytes(*crc) {
        return Err(BandError::Damaged);
    }
    Ok(rest)
}

/// Why a body is not the band that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BandError {
    /// It does not begin as a band does.
    NoBand,
    /// It ends early, or its lengths disagree.
    Truncated,
    /// It holds other rows than those asked for.
    OtherRows,
    /// Its CRC does not hold.
    Damaged,
}

impl fmt::Display for BandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BandError::NoBand => "the answer is no band",
            BandError::Truncated => "the band is cut short",
            BandError::OtherRows => "the band holds other rows than those asked for",
            BandError::Damaged => "the band's checksum does not hold",
        })
    }
}

impl std::error::Error for BandError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn adler(bytes: &[u8]) -> Adler {
        let mut hasher = simd_adler32::Adler32::new();
        hasher.write(bytes);
        Adler {
            sum: hasher.finish(),
            length: bytes.len() as u64,
        }
    }

    proptest! {
        #[test]
        fn the_sum_of_parts_is_the_sum_of_the_whole(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 0..6)) {
            let joined = parts.iter().fold(Adler::EMPTY, |sum, part| sum.then(adler(part)));
            prop_assert_eq!(joined, adler(&parts.concat()));
        }

        #[test]
        fn a_cut_or_changed_band_is_never_taken(at in 0usize..96, bit in 0u8..8, cut in 0usize..96) {
            let strip = |rows: u32, byte: u8, length: usize| {
                let raw = vec![byte; 100 * rows as usize];
                Strip { rows, adler: adler(&raw), deflated: vec![byte; length] }
            };
            let strips = [strip(2, 7, 40), strip(1, 9, 12)];
            let whole = Band::encode(&strips);
            prop_assert_eq!(whole.len(), 96);
            let band = Band::decode(&whole, 3, 100, 2).unwrap();
            prop_assert_eq!(band.head.adler, strips[0].adler.then(strips[1].adler));
            prop_assert!(Band::decode(&whole, 3, 100, 1).is_err());
            prop_assert!(Band::decode(&whole, 3, 100, 3).is_err());
            prop_assert!(Band::decode(&whole[..cut], 3, 100, 2).is_err());
            let mut changed = whole.clone();
            changed[at] ^= 1 << bit;
            // The head's own checksum is checked by whoever inflates the picture; all else is caught here.
            prop_assert!(Band::decode(&changed, 3, 100, 2).is_err() || (16..20).contains(&at));
        }
    }

    #[test]
    fn long_parts_do_not_overflow() {
        let part = Adler {
            sum: 0xfff0_fff0,
            length: u64::MAX / 4,
        };
        assert_eq!(part.then(part).length, u64::MAX / 4 * 2);
    }
}
