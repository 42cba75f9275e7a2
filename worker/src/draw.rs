//! How does a request become bytes? Its rows are cut into strips that the pool's threads take as they
//! come free; each strip is iterated and coloured on the spot, so that the field of a large tile is
//! never whole in memory, and then the rows are encoded together.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fractal::{Colours, Distribution, Field, Gradient, Plan, Stop, paint};
use protocol::{Colouring, Format, PALETTES, Palette, Rect, TileRequest};
use rayon::prelude::*;

use crate::job::Failure;
use crate::{encode, survey};

/// The most samples of a strip: its field, 16 bytes each, stays in a second-level cache.
const MOST_SAMPLES: u64 = 65_536;
/// The fewest: orbits are iterated forty at a time, and at a strip's end the last of them leave lanes empty.
const LEAST_SAMPLES: u64 = 8_192;

/// A finished tile.
pub(crate) struct Drawn {
    pub(crate) body: Vec<u8>,
    pub(crate) samples: u64,
    pub(crate) timings: Timings,
}

/// Where the time went; `field` and `colour` are summed over threads.
pub(crate) struct Timings {
    pub(crate) field: Duration,
    pub(crate) colour: Duration,
    pub(crate) encode: Duration,
}

/// Draws the piece of `request` in the given form.
pub(crate) fn tile(
    plan: &Plan,
    request: &TileRequest,
    format: Format,
    cancel: &AtomicBool,
) -> Result<Drawn, Failure> {
    let clocks = Clocks::default();
    let encoding;
    let body = match format {
        Format::Npy => {
            let numbers = encode::npy::Numbers::of(request.field, plan.limit());
            let mut body = numbers.header(request.rect);
            let header = body.len();
            body.resize(header + request.rect.pixels() as usize * numbers.size(), 0);
            let row = request.rect.w as usize * numbers.size();
            encoding = Instant::now();
            each_strip(request, row, &mut body[header..], |strip, out| {
                let field = clocks.field.time(|| plan.field(strip, cancel))?;
                clocks.colour.time(|| numbers.write(&field, out));
                Ok(())
            })?;
            body
        }
        Format::Png | Format::Band => {
            let pixels = pixels(plan, request, cancel, &clocks)?;
            encoding = Instant::now();
            match format {
                Format::Band => encode::band::encode(&pixels, request.rect.w as usize),
                _ => encode::png::encode(&pixels, request.rect)?,
            }
        }
    };
    Ok(Drawn {
        body,
        samples: request.rect.pixels() * u64::from(request.view.samples).pow(2),
        timings: Timings {
            field: clocks.field.total(),
            colour: clocks.colour.total(),
            encode: if format == Format::Npy {
                Duration::ZERO
            } else {
                encoding.elapsed()
            },
        },
    })
}

/// The piece's pixels, three bytes each, row by row.
fn pixels(
    plan: &Plan,
    request: &TileRequest,
    cancel: &AtomicBool,
    clocks: &Clocks,
) -> Result<Vec<u8>, Failure> {
    let colours = colours(request, cancel)?;
    let row = request.rect.w as usize * 3;
    let mut pixels = vec![0; row * request.rect.h as usize];
    each_strip(request, row, &mut pixels, |strip, out| {
        let field: Field = clocks.field.time(|| plan.field(strip, cancel))?;
        out.copy_from_slice(
            &clocks
                .colour
                .time(|| paint(&field, request.view.samples, &colours)),
        );
        Ok(())
    })?;
    Ok(pixels)
}

/// Calls `draw` for each strip of the piece with its share of `out`, which has `row` bytes a row.
fn each_strip(
    request: &TileRequest,
    row: usize,
    out: &mut [u8],
    draw: impl Fn(fractal::Rect, &mut [u8]) -> Result<(), Failure> + Sync,
) -> Result<(), Failure> {
    let Rect { x, y, w, h } = request.rect;
    let samples_in_row = u64::from(w) * u64::from(request.view.samples).pow(2);
    let rows = strip_rows(
        samples_in_row,
        u64::from(h),
        rayon::current_num_threads() as u64,
    );
    out.par_chunks_mut(rows * row)
        .enumerate()
        .try_for_each(|(i, share)| {
            let strip = fractal::Rect {
                x,
                y: y + (i * rows) as u32,
                w,
                h: (share.len() / row) as u32,
            };
            draw(strip, share)
        })
}

/// Rows of every strip but the last: strips of one size, two for each thread where there are several.
fn strip_rows(samples_in_row: u64, rows: u64, threads: u64) -> usize {
    let wanted = if threads > 1 { 2 * threads } else { 1 };
    let samples = samples_in_row * rows;
    let strip = samples.div_ceil(wanted).clamp(LEAST_SAMPLES, MOST_SAMPLES);
    rows.div_ceil(samples.div_ceil(strip)) as usize
}

/// The colours of a request; histogram colouring without a distribution surveys the view itself.
fn colours(request: &TileRequest, cancel: &AtomicBool) -> Result<Colours, Failure> {
    let asked = &request.view.colours;
    let colouring = match (asked.colouring, &request.distribution) {
        (Colouring::Smooth, _) => fractal::Colouring::Smooth,
        (Colouring::Bands, _) => fractal::Colouring::Bands,
        (Colouring::Histogram, Some(quantiles)) => fractal::Colouring::Histogram(
            Distribution::from_quantiles(quantiles.clone())
                .expect("the protocol takes only ascending finite quantiles"),
        ),
        (Colouring::Histogram, None) => {
            fractal::Colouring::Histogram(survey::distribution(&request.view, cancel)?)
        }
    };
    Ok(Colours {
        gradient: gradient(asked.palette),
        colouring,
        density: asked.density,
        offset: asked.offset,
        interior: asked.interior.0,
    })
}

/// The gradient of a palette; each is made once, since its table takes as long as a small tile.
fn gradient(palette: &Palette) -> Gradient {
    static GRADIENTS: [OnceLock<Gradient>; PALETTES.len()] =
        [const { OnceLock::new() }; PALETTES.len()];
    let make = || {
        let stops: Vec<Stop> = palette
            .stops()
            .map(|stop| Stop {
                position: stop.position,
                colour: stop.colour,
            })
            .collect();
        Gradient::new(&stops).expect("the catalogue's stops ascend")
    };
    let at = PALETTES
        .iter()
        .position(|known| std::ptr::eq(known, palette));
    at.map_or_else(make, |at| GRADIENTS[at].get_or_init(make).clone())
}

#[derive(Default)]
struct Clocks {
    field: Clock,
    colour: Clock,
}

/// Time spent on one thing by several threads.
#[derive(Default)]
struct Clock(AtomicU64);

impl Clock {
    fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = work();
        let spent = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(spent, Ordering::Relaxed);
        result
    }

    fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_takes_a_band_whole_and_several_share_it() {
        assert_eq!(strip_rows(1920, 33, 1), 33);
        assert_eq!(strip_rows(1920, 33, 2), 9);
        assert_eq!(strip_rows(100, 50, 8), 50, "too small to share");
        assert_eq!(
            strip_rows(65_536 * 64, 3, 4),
            1,
            "a strip has at least a row"
        );
        assert_eq!(
            strip_rows(1920, 1080, 1),
            34,
            "the field stays in the cache"
        );
    }
}
