//! How does a request become bytes? Its rows are cut into shares that the pool's threads take as they
//! come free; each share is iterated and coloured on the spot, so that the field of a large tile is
//! never whole in memory. A band's shares are whole strips, and whoever drew one encodes it too.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fractal::{Colours, Distribution, Renderer, paint};
use protocol::{Band, Colouring, Format, Rect, Strip, Strips, TileRequest};
use rayon::prelude::*;

use crate::gradients::gradient_of;
use crate::job::Failure;
use crate::prepare::Scene;
use crate::{encode, survey};

/// The most samples of a share: its field, 16 bytes each and 12 more with distances and normals, stays in a second-level cache.
const MOST_SAMPLES: u64 = 65_536;
/// The fewest: orbits are iterated forty at a time, and at a share's end the last of them leave lanes empty.
const LEAST_SAMPLES: u64 = 8_192;

/// A finished tile.
pub(crate) struct Drawn {
    pub(crate) body: Vec<u8>,
    pub(crate) samples: u64,
    pub(crate) timings: Timings,
}

/// Where the time went, summed over threads.
pub(crate) struct Timings {
    pub(crate) field: Duration,
    pub(crate) colour: Duration,
    pub(crate) encode: Duration,
}

/// Draws the piece of `request` in the given form.
pub(crate) fn tile(
    scene: &Scene,
    request: &TileRequest,
    format: Format,
    cancel: &AtomicBool,
) -> Result<Drawn, Failure> {
    let clocks = Clocks::default();
    let brush = || Brush::new(scene, request, cancel, &clocks);
    let body = match format {
        Format::Npy => npy(scene, request, cancel, &clocks)?,
        Format::Png => {
            let pixels = brush()?.pixels(request.rect, wanted())?;
            clocks
                .encode
                .time(|| encode::png::encode(&pixels, request.rect))?
        }
        Format::Band => Band::encode(&brush()?.strips()?),
    };
    Ok(Drawn {
        body,
        samples: samples_in_row(request) * u64::from(request.rect.h),
        timings: Timings {
            field: clocks.field.total(),
            colour: clocks.colour.total(),
            encode: clocks.encode.total(),
        },
    })
}

/// The numbers of the piece, as a NumPy file.
fn npy(
    scene: &Scene,
    request: &TileRequest,
    cancel: &AtomicBool,
    clocks: &Clocks,
) -> Result<Vec<u8>, Failure> {
    let numbers = encode::npy::Numbers::of(request.field, scene.renderer.plan().limit());
    let renderer = scene.renderer.clone().with_channels(numbers.channels());
    let mut body = numbers.header(request.rect);
    let header = body.len();
    body.resize(header + request.rect.pixels() as usize * numbers.size(), 0);
    let row = request.rect.w as usize * numbers.size();
    let rows = share_rows(wanted(), samples_in_row(request), request.rect.h, 1);
    let each = body[header..].par_chunks_mut(rows as usize * row);
    each.zip(shares(request.rect, rows))
        .try_for_each(|(out, share)| {
            let field = clocks
                .field
                .time(|| renderer.field(samples_of(share), cancel))?;
            clocks.colour.time(|| numbers.write(&field, out));
            Ok::<_, Failure>(())
        })?;
    Ok(body)
}

/// What it takes to draw pixels of a request.
struct Brush<'a> {
    renderer: Renderer,
    request: &'a TileRequest,
    colours: Colours,
    cancel: &'a AtomicBool,
    clocks: &'a Clocks,
}

impl<'a> Brush<'a> {
    fn new(
        scene: &'a Scene,
        request: &'a TileRequest,
        cancel: &'a AtomicBool,
        clocks: &'a Clocks,
    ) -> Result<Brush<'a>, Failure> {
        let colours = colours(scene, request, cancel)?;
        let channels = colours.colouring.channels();
        Ok(Brush {
            renderer: scene.renderer.clone().with_channels(channels),
            request,
            colours,
            cancel,
            clocks,
        })
    }

    /// The pixels of `rect`, three bytes each, row by row, drawn in about `wanted` shares.
    fn pixels(&self, rect: Rect, wanted: u32) -> Result<Vec<u8>, Failure> {
        let row = rect.w as usize * 3;
        let mut pixels = vec![0; row * rect.h as usize];
        let rows = share_rows(wanted, samples_in_row(self.request), rect.h, 1);
        let each = pixels.par_chunks_mut(rows as usize * row);
        each.zip(shares(rect, rows)).try_for_each(|(out, share)| {
            let field = || self.renderer.field(samples_of(share), self.cancel);
            let field = self.clocks.field.time(field)?;
            let colour = || paint(&field, self.request.view.samples, &self.colours);
            out.copy_from_slice(&self.clocks.colour.time(colour));
            Ok::<_, Failure>(())
        })?;
        Ok(pixels)
    }

    /// The strips of the request's rows, ready to be sent. Where there are fewer than threads, several threads draw
    /// one of them.
    fn strips(&self) -> Result<Vec<Strip>, Failure> {
        let rect = self.request.rect;
        let height = Strips::of(&self.request.view).rows();
        let rows = share_rows(wanted(), samples_in_row(self.request), rect.h, height);
        let threads = rayon::current_num_threads() as u32;
        let wanted_of_each = threads.div_ceil(rect.h.div_ceil(rows));
        let strips: Result<Vec<Vec<Strip>>, Failure> = shares(rect, rows)
            .map(|share| {
                let pixels = self.pixels(share, wanted_of_each)?;
                let width = rect.w as usize;
                let strip = |pixels| {
                    self.clocks
                        .encode
                        .time(|| encode::band::strip(pixels, width))
                };
                Ok(pixels
                    .chunks(height as usize * width * 3)
                    .map(strip)
                    .collect())
            })
            .collect();
        Ok(strips?.concat())
    }
}

/// `rect`, cut into pieces of `rows` rows.
fn shares(rect: Rect, rows: u32) -> impl IndexedParallelIterator<Item = Rect> {
    (0..rect.h.div_ceil(rows)).into_par_iter().map(move |i| {
        let top = i * rows;
        Rect {
            y: rect.y + top,
            h: rows.min(rect.h - top),
            ..rect
        }
    })
}

fn samples_of(share: Rect) -> fractal::Rect {
    let Rect { x, y, w, h } = share;
    fractal::Rect { x, y, w, h }
}

fn samples_in_row(request: &TileRequest) -> u64 {
    u64::from(request.rect.w) * u64::from(request.view.samples).pow(2)
}

/// How many shares a request should have: two for each thread, where there are several.
fn wanted() -> u32 {
    match rayon::current_num_threads() as u32 {
        1 => 1,
        threads => 2 * threads,
    }
}

/// Rows of every share but the last: about `wanted` shares of one size, of a multiple of `unit` rows each.
fn share_rows(wanted: u32, samples_in_row: u64, rows: u32, unit: u32) -> u32 {
    let (wanted, rows, unit) = (u64::from(wanted), u64::from(rows), u64::from(unit));
    let samples = samples_in_row * rows;
    let share = samples.div_ceil(wanted).clamp(LEAST_SAMPLES, MOST_SAMPLES);
    let even = rows.div_ceil(samples.div_ceil(share));
    even.next_multiple_of(unit) as u32
}

/// The colours of a request; histogram colouring without a distribution surveys the view itself.
fn colours(scene: &Scene, request: &TileRequest, cancel: &AtomicBool) -> Result<Colours, Failure> {
    let asked = &request.view.colours;
    let colouring = match (asked.colouring, &request.distribution) {
        (Colouring::Smooth, _) => fractal::Colouring::Smooth,
        (Colouring::Bands, _) => fractal::Colouring::Bands,
        (Colouring::Distance, _) => fractal::Colouring::Distance,
        (Colouring::Slope, _) => fractal::Colouring::Slope,
        (Colouring::Histogram, Some(quantiles)) => fractal::Colouring::Histogram(
            Distribution::from_quantiles(quantiles.clone())
                .expect("the protocol takes only ascending finite quantiles"),
        ),
        (Colouring::Histogram, None) => {
            fractal::Colouring::Histogram(survey::distribution(scene, cancel)?)
        }
    };
    Ok(Colours {
        gradient: gradient_of(&asked.palette),
        colouring,
        density: asked.density,
        offset: asked.offset,
        interior: asked.interior.0,
    })
}

#[derive(Default)]
struct Clocks {
    field: Clock,
    colour: Clock,
    encode: Clock,
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
        assert_eq!(share_rows(1, 1920, 33, 1), 33);
        assert_eq!(share_rows(4, 1920, 33, 1), 9);
        assert_eq!(share_rows(4, 1920, 33, 16), 16, "whole strips");
        assert_eq!(share_rows(16, 100, 50, 1), 50, "too small to share");
        assert_eq!(
            share_rows(8, 65_536 * 64, 3, 1),
            1,
            "a share has at least a row"
        );
        assert_eq!(
            share_rows(1, 1920, 1080, 1),
            34,
            "the field stays in the cache"
        );
    }
}
