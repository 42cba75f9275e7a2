//! Which light lies between two colours?
//!
//! Their mixture, in linear light: mixing sRGB bytes would darken every transition.

use super::srgb::{FULL, decode};

/// A colour at a position of a gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// From 0 to 1.
    pub position: f64,
    /// sRGB.
    pub colour: [u8; 3],
}

/// A cyclic gradient: after the last stop it goes on to the first.
#[derive(Clone, Debug)]
pub struct Gradient {
    /// Linear light, [`ENTRIES`] times around the cycle.
    table: Vec<[u16; 3]>,
}

/// Why stops do not make a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GradientError {
    /// There is no stop.
    #[error("a gradient needs at least one stop")]
    NoStop,
    /// A position is not from 0 to 1, or below its predecessor.
    #[error("the stops of a gradient must ascend from 0 to 1")]
    Position,
}

/// At most a third of an sRGB step between neighbours, even where black turns to white within a tenth of the cycle; and
/// 24 KiB, which a first-level cache holds.
const ENTRIES: usize = 4096;

impl Gradient {
    /// A gradient through stops in ascending order.
    ///
    /// # Errors
    /// [`GradientError`] without stops, or where a position is not in order or not from 0 to 1.
    pub fn new(stops: &[Stop]) -> Result<Gradient, GradientError> {
        let (first, last) = stops
            .first()
            .zip(stops.last())
            .ok_or(GradientError::NoStop)?;
        let in_range = stops
            .iter()
            .all(|stop| (0.0..=1.0).contains(&stop.position));
        if !in_range || !stops.is_sorted_by_key(|stop| stop.position) {
            return Err(GradientError::Position);
        }
        // The cycle unrolled by one stop on either side, so that every position lies between two.
        let before = Stop {
            position: last.position - 1.0,
            ..*last
        };
        let after = Stop {
            position: first.position + 1.0,
            ..*first
        };
        let cycle: Vec<Stop> = [&[before], stops, &[after]].concat();
        let entries = (0..ENTRIES).map(|entry| mixture(&cycle, entry as f64 / ENTRIES as f64));
        Ok(Gradient {
            table: entries.collect(),
        })
    }

    /// Linear light at a position, of which the fraction counts.
    #[inline]
    pub(super) fn light(&self, position: f64) -> [u16; 3] {
        // The floor by way of an integer: `f64::floor` is a call where the processor's baseline has no such instruction.
        let scaled = position * ENTRIES as f64;
        let truncated = scaled as i64;
        let entry = truncated - i64::from(scaled < truncated as f64);
        self.table[entry as usize & (ENTRIES - 1)]
    }
}

fn mixture(cycle: &[Stop], position: f64) -> [u16; 3] {
    let next = cycle
        .partition_point(|stop| stop.position <= position)
        .min(cycle.len() - 1);
    let (left, right) = (cycle[next - 1], cycle[next]);
    let share = (position - left.position) / (right.position - left.position);
    std::array::from_fn(|channel| {
        let (from, to) = (decode(left.colour[channel]), decode(right.colour[channel]));
        ((from + (to - from) * share) * f64::from(FULL) + 0.5) as u16
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(position: f64, colour: [u8; 3]) -> Stop {
        Stop { position, colour }
    }

    #[test]
    fn half_way_between_black_and_white_is_half_the_light() {
        let gradient = Gradient::new(&[stop(0.0, [0; 3]), stop(0.5, [255; 3])]).unwrap();
        assert_eq!(gradient.light(0.25), [32768; 3]);
        assert_eq!(gradient.light(0.5), [65535; 3]);
    }

    #[test]
    fn a_gradient_wraps_around() {
        let gradient = Gradient::new(&[stop(0.25, [0; 3]), stop(0.75, [255; 3])]).unwrap();
        assert_eq!(gradient.light(0.0), [32768; 3]);
        assert_eq!(gradient.light(-3.0), gradient.light(0.0));
        assert_eq!(gradient.light(7.25), [0; 3]);
        assert_eq!(gradient.light(-0.75), gradient.light(0.25));
    }

    #[test]
    fn stops_out_of_order_are_refused() {
        assert_eq!(Gradient::new(&[]).unwrap_err(), GradientError::NoStop);
        for positions in [
            [0.5, 0.2],
            [-0.1, 0.5],
            [0.5, 1.1],
            [f64::NAN, 0.5],
            [0.5, f64::NAN],
        ] {
            let stops = positions.map(|position| stop(position, [0; 3]));
            assert_eq!(Gradient::new(&stops).unwrap_err(), GradientError::Position);
        }
    }
}
