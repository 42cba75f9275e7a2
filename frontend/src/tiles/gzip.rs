//! How do counts travel? Packed by gzip, which every client unpacks; for those that do not say so they are unpacked here.

use std::io::Read;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};

/// Counts are noise in their lower digits, in which a longer search finds little.
const LEVEL: u32 = 1;

/// `raw`, packed: the same bytes each time.
pub(crate) fn packed(raw: &[u8]) -> Bytes {
    let mut packed = Vec::with_capacity(raw.len() / 2);
    // A slice can be read to its end.
    let _ = GzEncoder::new(raw, Compression::new(LEVEL)).read_to_end(&mut packed);
    packed.into()
}

/// What was packed, if it is whole and no longer than `most`.
pub(crate) fn unpacked(packed: &[u8], most: usize) -> Option<Bytes> {
    let mut raw = Vec::new();
    let mut decoder = GzDecoder::new(packed).take(most as u64 + 1);
    decoder.read_to_end(&mut raw).ok()?;
    (raw.len() <= most).then(|| raw.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        for length in [0, 1, 100_000] {
            let raw: Vec<u8> = (0..length).map(|i: u32| (i / 3 % 50) as u8).collect();
            let packed = packed(&raw);
            assert_eq!(unpacked(&packed, raw.len()).unwrap(), raw);
            assert!(length == 0 || unpacked(&packed, raw.len() - 1).is_none());
            assert!(unpacked(&packed[..packed.len() - 1], raw.len()).is_none());
        }
    }
}
