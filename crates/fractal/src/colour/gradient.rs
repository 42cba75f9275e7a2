//! Which light lies between two colours?
//!
//! Their mixture, in linear light: mixing sRGB bytes would darken every transition.

use super::srgb::{FULL, decode};

/// A colour at a position of a gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// Around the cycle, which is 1 long.
    pub position: f64,
    /// sRGB.
    pub colour: [u8; 3],
}

/// A cyclic gradient: what is at 0 is again at 1.
#[derive(Clone, Debug)]
pub struct Gradient {
    /// Linear light, [`ENTRIES`] times around the cycle.
    table: Vec<[u16; 3]>,
}

/// Stops that make no gradient: a position is below its predecessor or no number, or some from 0 to 1 lie between no two stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stops of a gradient must ascend from 0 or below to 1 or above")]
pub struct GradientError;

/// At most a third of an sRGB step between neighbours, even where black turns to white within a tenth of the cycle; and
/// 24 KiB, which a first-level cache holds.
const ENTRIES: usize = 4096;

impl Gradient {
    /// A gradient through stops in ascending order, once around: from 0 or below to 1 or above.
    ///
    /// # Errors
    /// [`GradientError`] where they are not.
    pub fn new(stops: &[Stop]) -> Result<Gradient, GradientError> {
        let reach = stops.first().zip(stops.last());
        let goes_around = reach.is_some_and(|(first, last)| {
            first.position <= 0.0 && last.position >= 1.0 // and neither is NaN
        });
        if !goes_around || !stops.is_sorted_by_key(|stop| stop.position) {
            return Err(GradientError);
        }
        let entries = (0..ENTRIES).map(|entry| mixture(stops, entry as f64 / ENTRIES as f64));
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

/// `position` is below 1, so that there is a stop on either side.
fn mixture(stops: &[Stop], position: f64) -> [u16; 3] {
    let next = stops.partition_point(|stop| stop.position <= position);
    let (left, right) = (stops[next - 1], stops[next]);
    let share = (position - left.position) / (right.position - left.position);
    std::array::from_fn(|channel| {
        let (from, to) = (decode(left.colour[channel]), decode(right.colour[channel]));
        ((from + (to - from) * share) * f64::from(FULL) + 0.5) as u16
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient(stops: &[(f64, [u8; 3])]) -> Result<Gradient, GradientError> {
        let stop = |&(position, colour): &_| Stop { position, colour };
        Gradient::new(&stops.iter().map(stop).collect::<Vec<_>>())
    }

    #[test]
    fn half_way_between_black_and_white_is_half_the_light() {
        let gradient = gradient(&[(0.0, [0; 3]), (0.5, [255; 3]), (1.0, [0; 3])]).unwrap();
        assert_eq!(gradient.light(0.25), [32768; 3]);
        assert_eq!(gradient.light(0.5), [65535; 3]);
    }

    #[test]
    fn a_gradient_wraps_around() {
        let (black, white) = ([0; 3], [255; 3]);
        let around = [(-0.25, white), (0.25, black), (0.75, white), (1.25, black)];
        let gradient = gradient(&around).unwrap();
        assert_eq!(gradient.light(0.0), [32768; 3]);
        assert_eq!(gradient.light(-3.0), gradient.light(0.0));
        assert_eq!(gradient.light(7.25), [0; 3]);
        assert_eq!(gradient.light(-0.75), gradient.light(0.25));
    }

    #[test]
    fn stops_out_of_order_or_not_all_around_are_refused() {
        for positions in [
            &[][..],
            &[0.5],
            &[0.0, 0.9],
            &[0.1, 1.0],
            &[0.0, 0.6, 0.5, 1.0],
            &[f64::NAN, 1.0],
            &[0.0, f64::NAN, 1.0],
            &[0.0, f64::NAN],
        ] {
            let stops: Vec<_> = positions.iter().map(|&at| (at, [0; 3])).collect();
            assert_eq!(
                gradient(&stops).unwrap_err(),
                GradientError,
                "{positions:?}"
            );
        }
    }
}
