//! What is in a PNG besides the bands? Everything that can be written before the first and after the
//! last of them (W3C PNG, third edition). Row filters and deflate are the workers' work.

use bytes::{BufMut, Bytes, BytesMut};
use protocol::{Adler, View};

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Eight bits a channel, red-green-blue, deflate, adaptive filters, not interlaced (§11.2.1).
const RGB_8: [u8; 5] = [8, 2, 0, 0, 0];
/// A zlib header (RFC 1950 §2.2): deflate with a window of 32 KiB, no dictionary, fastest.
const ZLIB_HEAD: [u8; 2] = [0x78, 0x01];
/// A last block of deflate with fixed codes and nothing in it (RFC 1951 §3.2.6).
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];
/// What made the picture, in its `Software` text.
const SOFTWARE: &str = concat!("Tilebrot ", env!("CARGO_PKG_VERSION"));

/// Bytes of a row before deflate: its filter's number and three bytes a pixel.
pub(crate) fn stride(width: u32) -> u64 {
    1 + 3 * u64::from(width)
}

/// All that comes before the first band. `view` goes into the picture's text as it is given, so its
/// iteration limit should be the one that was used.
pub(crate) fn head(view: &View) -> Bytes {
    let mut png = BytesMut::from(&SIGNATURE[..]);
    let size = [view.width.to_be_bytes(), view.height.to_be_bytes()].concat();
    chunk(&mut png, b"IHDR", &[&size, &RGB_8]);
    // Perceptual intent: the worker's colours are sRGB.
    chunk(&mut png, b"sRGB", &[&[0]]);
    // A view is plain ASCII, and so it is the Latin-1 that a tEXt chunk wants.
    let json = serde_json::to_vec(view).expect("a view is plain data");
    chunk(&mut png, b"tEXt", &[b"Software\0", SOFTWARE.as_bytes()]);
    chunk(&mut png, b"tEXt", &[b"Tilebrot\0", &json]);
    chunk(&mut png, b"IDAT", &[&ZLIB_HEAD]);
    png.freeze()
}

/// All that comes after the last band; `sum` is the checksum of all rows.
pub(crate) fn tail(sum: Adler) -> Bytes {
    let mut png = BytesMut::new();
    chunk(&mut png, b"IDAT", &[&LAST_BLOCK, &sum.sum.to_be_bytes()]);
    chunk(&mut png, b"IEND", &[]);
    png.freeze()
}

fn chunk(png: &mut BytesMut, kind: &[u8; 4], parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    png.put_u32(u32::try_from(length).expect("a chunk of text is far smaller than 4 GiB"));
    let mut crc = crc32fast::Hasher::new();
    for part in [&kind[..]].iter().chain(parts) {
        crc.update(part);
        png.put_slice(part);
    }
    png.put_u32(crc.finalize());
}
