//! How do counts travel? Packed by what the client likes best: zstd, in which they are kept, or gzip, which every client unpacks; for
//! those that say neither they are unpacked here.

use std::io::Read;

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzEncoder;

/// Counts are noise in their lower digits, in which a longer search of zstd's finds nothing; gzip is packed for each who asks, so it must be
/// quick (docs/tiles.md has the figures).
const LEVEL: u8 = 1;
/// An npy file of 256 × 256 complex numbers, the widest that there are, and its head.
const MOST_NPY: usize = 256 * 256 * 8 + 1024;

/// A content coding (RFC 9110 §8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Zstd,
    Gzip,
    Identity,
}

impl Coding {
    /// The one that the client gives the most weight (RFC 9110 §12.5.3), of several the shortest. Who takes anything is given what
    /// everybody unpacks, and plain counts are for who asks for nothing else, or for them first.
    pub(crate) fn accepted(headers: &HeaderMap) -> Coding {
        let lists = headers.get_all(header::ACCEPT_ENCODING).iter();
        let lists = lists.filter_map(|list| list.to_str().ok());
        let said: Vec<_> = lists
            .flat_map(|list| list.split(','))
            .map(weighted)
            .collect();
        let weight = |names: &[&str]| {
            let mut own = said.iter().filter(|(name, _)| names.contains(&&**name));
            own.next().map(|(_, weight)| *weight)
        };
        let gzip = weight(&["gzip", "x-gzip"]).or(weight(&["*"]));
        let weights = [
            (Coding::Zstd, weight(&["zstd"])),
            (Coding::Gzip, gzip),
            (Coding::Identity, weight(&["identity"])),
        ];
        let mut best = (Coding::Identity, 0.0);
        for (coding, weight) in weights {
            let weight = weight.unwrap_or(0.0);
            if weight > best.1 {
                best = (coding, weight);
            }
        }
        best.0
    }

    /// Its name in `Content-Encoding`, where that is said.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Coding::Zstd => Some("zstd"),
            Coding::Gzip => Some("gzip"),
            Coding::Identity => None,
        }
    }

    /// What was kept, in this coding, if it is whole. Blocks for a millisecond or two.
    pub(crate) fn of(self, kept: &Bytes) -> Option<Bytes> {
        let raw = || zstd::bulk::decompress(kept, MOST_NPY).ok();
        match self {
            Coding::Zstd => Some(kept.clone()),
            Coding::Identity => Some(raw()?.into()),
            Coding::Gzip => {
                let mut packed = Vec::with_capacity(2 * kept.len());
                let (raw, compression) = (raw()?, Compression::new(LEVEL.into()));
                let mut encoder = GzEncoder::new(&raw[..], compression);
                encoder.read_to_end(&mut packed).ok()?;
                Some(packed.into())
            }
        }
    }
}

/// A coding's name in lower case, and its weight: nought if that is no number from 0 to 1.
fn weighted(said: &str) -> (String, f32) {
    let mut parts = said.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let own = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    let own = own.map(|weight| weight.parse().unwrap_or(0.0));
    let is_weight = |weight: &f32| (0.0..=1.0).contains(weight);
    (
        name,
        own.map_or(1.0, |w| if is_weight(&w) { w } else { 0.0 }),
    )
}

/// `raw` as it is kept.
///
/// # Errors
/// When there is no memory for it.
pub(crate) fn packed(raw: &[u8]) -> std::io::Result<Bytes> {
    zstd::bulk::compress(raw, LEVEL.into()).map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn the_coding_is_the_one_that_the_client_gives_the_most_weight() {
        let cases = [
            (
                Coding::Zstd,
                &[
                    "zstd",
                    "gzip, deflate, br, zstd",
                    "gzip;q=0.5, ZSTD;Q=0.5",
                    "zstd, *",
                ][..],
            ),
            (
                Coding::Gzip,
                &[
                    "gzip",
                    "GZIP",
                    "x-gzip",
                    "br, gzip;q=0.5",
                    "*",
                    "zstd;q=0.4, gzip;q=0.5",
                    "zstd;q=0, *;q=0.1",
                    "zstd;q=x, gzip;q=0.001",
                    "zstd;q=inf, gzip",
                ],
            ),
            (
                Coding::Identity,
                &[
                    "",
                    "br",
                    "identity",
                    "gzip;q=0, *",
                    "*;q=0",
                    "gzip;q=x",
                    "zstd;q=nan",
                    "zstd;q=0.5, gzip;q=0.5, identity",
                ],
            ),
        ];
        for (coding, values) in cases {
            for said in values {
                let mut headers = HeaderMap::new();
                headers.insert(header::ACCEPT_ENCODING, said.parse().unwrap());
                assert_eq!(Coding::accepted(&headers), coding, "{said:?}");
            }
        }
        assert_eq!(Coding::accepted(&HeaderMap::new()), Coding::Identity);
    }

    #[test]
    fn what_is_packed_comes_back_in_every_coding() {
        for length in [0, 1, 100_000, MOST_NPY] {
            let raw: Vec<u8> = (0..length).map(|i| (i / 3 % 50) as u8).collect();
            let kept = packed(&raw).unwrap();
            assert_eq!(Coding::Zstd.of(&kept), Some(kept.clone()));
            assert_eq!(Coding::Identity.of(&kept).unwrap(), raw);
            let gzip = Coding::Gzip.of(&kept).unwrap();
            let mut unpacked = Vec::new();
            GzDecoder::new(&gzip[..])
                .read_to_end(&mut unpacked)
                .unwrap();
            assert_eq!(unpacked, raw);
            let damaged = kept.slice(..kept.len() - 1);
            assert_eq!(Coding::Identity.of(&damaged), None);
            assert_eq!(Coding::Gzip.of(&damaged), None);
        }
        let long = packed(&vec![0; MOST_NPY + 1]).unwrap();
        assert_eq!(Coding::Identity.of(&long), None);
    }
}
