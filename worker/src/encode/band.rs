//! How are rows deflated so that they can be joined with rows from elsewhere? Strip by strip: filtered (PNG §9),
//! deflated without a header, and flushed to a byte boundary. A strip's first row is filtered without its
//! predecessor, which another worker may be drawing at this moment.

use flate2::{Compress, Compression, FlushCompress};
use protocol::{Adler, Strip};

/// Bytes a pixel, which is how far back the Sub and Paeth filters look.
const PIXEL: usize = 3;

/// The deflate level: a fifth smaller than level 1 for a third more time; higher ones gain a few percent
/// each for as much again (docs/encoding.md).
const LEVEL: u32 = 2;

/// The strip of RGB8 `pixels` in rows of `width`.
pub fn strip(pixels: &[u8], width: usize) -> Strip {
    let filtered = filter(pixels, width * PIXEL);
    let mut hasher = simd_adler32::Adler32::new();
    hasher.write(&filtered);
    Strip {
        rows: (pixels.len() / (width * PIXEL)) as u32,
        adler: Adler {
            sum: hasher.finish(),
            length: filtered.len() as u64,
        },
        deflated: deflate(&filtered),
    }
}

/// Deflates to a byte boundary, without a final block.
fn deflate(filtered: &[u8]) -> Vec<u8> {
    let mut deflater = Compress::new(Compression::new(LEVEL), false);
    // Deflate grows what it cannot shrink by 5 bytes in 16 KiB at most; the flush adds 5 more.
    let mut deflated = Vec::with_capacity(filtered.len() + filtered.len() / 1024 + 64);
    loop {
        let taken = deflater.total_in() as usize;
        deflater
            .compress_vec(&filtered[taken..], &mut deflated, FlushCompress::Sync)
            .expect("deflate takes any input");
        // With room to spare the flush is complete.
        if deflater.total_in() as usize == filtered.len() && deflated.len() < deflated.capacity() {
            return deflated;
        }
        deflated.reserve(filtered.len() / 8 + 1024);
    }
}

/// Each row behind the number of its filter: the one of Sub, Up and Paeth whose bytes, taken as signed,
/// have the smallest sum of magnitudes (the heuristic of PNG §12.7).
fn filter(pixels: &[u8], stride: usize) -> Vec<u8> {
    let mut filtered = Vec::with_capacity(pixels.len() / stride * (stride + 1));
    let mut candidate = vec![0; stride];
    let mut best = vec![0; stride];
    let mut previous: Option<&[u8]> = None;
    for row in pixels.chunks_exact(stride) {
        let mut chosen = 1;
        sub(row, &mut best);
        if let Some(above) = previous {
            let mut least = magnitude(&best);
            for (number, predict) in [(2, up as fn(&[u8], &[u8], &mut [u8])), (4, paeth)] {
                predict(row, above, &mut candidate);
                let sum = magnitude(&candidate);
                if sum < least {
                    (least, chosen) = (sum, number);
                    std::mem::swap(&mut best, &mut candidate);
                }
            }
        }
        filtered.push(chosen);
        filtered.extend_from_slice(&best);
        previous = Some(row);
    }
    filtered
}

fn sub(row: &[u8], out: &mut [u8]) {
    let first = PIXEL.min(row.len());
    out[..first].copy_from_slice(&row[..first]);
    for ((out, &here), &left) in out[first..].iter_mut().zip(&row[first..]).zip(row) {
        *out = here.wrapping_sub(left);
    }
}

fn up(row: &[u8], above: &[u8], out: &mut [u8]) {
    for ((out, &here), &above) in out.iter_mut().zip(row).zip(above) {
        *out = here.wrapping_sub(above);
    }
}

/// The nearest of left, above and upper left to left + above − upper left (PNG §9.4).
fn paeth(row: &[u8], above: &[u8], out: &mut [u8]) {
    let first = PIXEL.min(row.len());
    up(&row[..first], &above[..first], &mut out[..first]);
    let neighbours = row.iter().zip(&above[first..]).zip(above);
    for ((out, &here), ((&left, &above), &corner)) in
        out[first..].iter_mut().zip(&row[first..]).zip(neighbours)
    {
        let (a, b, c) = (i16::from(left), i16::from(above), i16::from(corner));
        let (to_left, to_above, to_corner) = ((b - c).abs(), (a - c).abs(), (a + b - c - c).abs());
        let by_above = if to_above <= to_corner { above } else { corner };
        let nearest = if to_left <= to_above && to_left <= to_corner {
            left
        } else {
            by_above
        };
        *out = here.wrapping_sub(nearest);
    }
}

fn magnitude(bytes: &[u8]) -> u64 {
    // Short sums in 32 bits, so that the loop stays in vectors.
    bytes
        .chunks(1 << 16)
        .map(|chunk| {
            chunk
                .iter()
                .map(|&b| u32::from((b as i8).unsigned_abs()))
                .sum::<u32>()
        })
        .map(u64::from)
        .sum()
}

#[cfg(test)]
mod tests {
    use protocol::Band;

    use super::*;

    /// A picture that favours every filter somewhere.
    fn picture(width: usize, rows: usize) -> Vec<u8> {
        let mut noise = 1u32;
        let mut pixels = Vec::with_capacity(width * rows * PIXEL);
        for y in 0..rows {
            for x in 0..width {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let grain = if y > rows / 2 { (noise >> 30) as u8 } else { 0 };
                pixels.extend(
                    [(x * 3) as u8, (y * 5) as u8, (x + y) as u8]
                        .map(|c: u8| c.wrapping_add(grain)),
                );
            }
        }
        pixels
    }

    /// Gathers bands as a frontend does and decodes the result with another's decoder.
    fn gathered(bands: &[Vec<u8>], width: usize, rows: &[usize]) -> Vec<u8> {
        let chunk = |kind: &[u8; 4], content: &[u8]| {
            let typed = [&kind[..], content].concat();
            let mut crc = flate2::Crc::new();
            crc.update(&typed);
            let length = (content.len() as u32).to_be_bytes();
            [&length[..], &typed, &crc.sum().to_be_bytes()].concat()
        };
        let height: usize = rows.iter().sum();
        let sizes = [(width as u32).to_be_bytes(), (height as u32).to_be_bytes()].concat();
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        png.extend(chunk(b"IHDR", &[&sizes[..], &[8, 2, 0, 0, 0]].concat()));
        png.extend(chunk(b"IDAT", &[0x78, 0x01]));
        let mut adler = Adler::EMPTY;
        for (band, &rows) in bands.iter().zip(rows) {
            let band = Band::decode(band, rows as u32, (width * PIXEL + 1) as u64, 1).unwrap();
            adler = adler.then(band.head.adler);
            png.extend(band.chunks);
        }
        png.extend(chunk(
            b"IDAT",
            &[&[3, 0][..], &adler.sum.to_be_bytes()].concat(),
        ));
        png.extend(chunk(b"IEND", b""));
        image::load_from_memory(&png)
            .unwrap()
            .into_rgb8()
            .into_raw()
    }

    #[test]
    fn bands_of_any_split_join_to_the_same_picture() {
        for (width, rows) in [
            (1, vec![1]),
            (2, vec![1, 3]),
            (97, vec![1, 2, 40, 21]),
            (640, vec![64, 1, 63]),
        ] {
            let height: usize = rows.iter().sum();
            let pixels = picture(width, height);
            let mut rest = &pixels[..];
            let bands: Vec<Vec<u8>> = rows
                .iter()
                .map(|rows| {
                    let (band, after) = rest.split_at(rows * width * PIXEL);
                    rest = after;
                    Band::encode(&[strip(band, width)])
                })
                .collect();
            assert!(
                gathered(&bands, width, &rows) == pixels,
                "{width} × {rows:?}"
            );
        }
    }

    #[test]
    fn noise_that_cannot_be_deflated_arrives_too() {
        let mut state = 7u64;
        let pixels: Vec<u8> = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .take(300 * 200 * PIXEL)
        .collect();
        assert!(gathered(&[Band::encode(&[strip(&pixels, 300)])], 300, &[200]) == pixels);
    }
}
