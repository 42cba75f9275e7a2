//! How does a view have a palette that is in no catalogue? Its stops are the field's value, as in
//! `0-000764_0.16-206bcb_0.42-edffff`: no character of it needs an escape in an address.

use std::fmt;

use crate::palette::around;
use crate::{Fault, Palette, Rgb, Stop};

/// More than a person places by hand, and few enough for an address that can be sent around.
const MOST_STOPS: usize = 32;
/// One colour is no gradient.
const LEAST_STOPS: usize = 2;
/// Decimals of a position: finer than the table that colours are looked up in.
const DECIMALS: usize = 4;
/// The position 1 in the smallest unit.
const WHOLE: u32 = 10_u32.pow(DECIMALS as u32);

/// Stops that a request brought: 2 to 32 of them, ascending from 0 to 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnStops(Vec<(u32, Rgb)>);

impl OwnStops {
    fn parse(text: &str) -> Result<OwnStops, Fault> {
        let stops: Vec<(u32, Rgb)> = text
            .split('_')
            .take(MOST_STOPS + 1)
            .map(|stop| {
                let (position, colour) = stop.split_once('-')?;
                Some((position_of(position)?, Rgb::parse(colour)?))
            })
            .collect::<Option<_>>()
            .ok_or(Fault::Malformed)?;
        let right = (LEAST_STOPS..=MOST_STOPS).contains(&stops.len())
            && stops.is_sorted_by_key(|(position, _)| *position)
            && stops.iter().all(|(position, _)| *position <= WHOLE);
        right.then_some(OwnStops(stops)).ok_or(Fault::Unacceptable)
    }

    fn accepted() -> String {
        format!(
            "{LEAST_STOPS} to {MOST_STOPS} stops such as 0-000764_0.16-206bcb_0.42-edffff: \
             ascending positions from 0 to 1 with at most {DECIMALS} decimals, each with its colour"
        )
    }

    fn stops(&self) -> impl Iterator<Item = Stop> + '_ {
        self.0.iter().map(|&(position, Rgb(colour))| Stop {
            position: f64::from(position) / f64::from(WHOLE),
            colour,
        })
    }
}

/// A position in the smallest unit; one past 1 is for whoever knows the range.
fn position_of(text: &str) -> Option<u32> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || whole.len() > DECIMALS || decimals.len() > DECIMALS {
        return None;
    }
    format!("{whole}{decimals:0<DECIMALS$}").parse().ok()
}

impl fmt::Display for OwnStops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (stop, (_, Rgb([red, green, blue])))) in self.stops().zip(&self.0).enumerate() {
            let between = if i == 0 { "" } else { "_" };
            // The shortest text of a quotient of ten thousand has no more than four decimals.
            write!(
                f,
                "{between}{}-{red:02x}{green:02x}{blue:02x}",
                stop.position
            )?;
        }
        Ok(())
    }
}

/// The palette of a view.
#[derive(Clone, Debug, PartialEq)]
pub enum ChosenPalette {
    /// One of the catalogue.
    Named(&'static Palette),
    /// The request's own.
    Own(OwnStops),
}

impl ChosenPalette {
    /// Reads a name of the catalogue, or stops.
    ///
    /// # Errors
    /// What is accepted, when `text` is neither.
    pub fn parse(text: &str) -> Result<ChosenPalette, (Fault, String)> {
        if let Some(palette) = Palette::named(text) {
            return Ok(ChosenPalette::Named(palette));
        }
        OwnStops::parse(text)
            .map(ChosenPalette::Own)
            .map_err(|fault| {
                let accepted = format!("{}, or {}", Palette::accepted(), OwnStops::accepted());
                (fault, accepted)
            })
    }

    /// As [`Palette::around`].
    pub fn around(&self) -> Vec<Stop> {
        match self {
            ChosenPalette::Named(palette) => palette.around(),
            ChosenPalette::Own(own) => around(own.stops()),
        }
    }
}

/// As requests say it: the same text for the same palette.
impl fmt::Display for ChosenPalette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChosenPalette::Named(palette) => f.write_str(palette.name),
            ChosenPalette::Own(own) => own.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(text: &str) -> Fault {
        ChosenPalette::parse(text).unwrap_err().0
    }

    #[test]
    fn a_name_and_stops_are_both_a_palette_and_are_written_as_they_were_read() {
        for text in [
            "ocean",
            "0-000764_0.16-206bcb_0.42-edffff_0.6425-ffaa00_0.8575-000200",
            "0.25-ffffff_0.25-000000_1-ff0000",
        ] {
            assert_eq!(ChosenPalette::parse(text).unwrap().to_string(), text);
        }
        let loose = ChosenPalette::parse("0.0-AABBCC_1.0000-#ddeeff").unwrap();
        assert_eq!(loose.to_string(), "0-aabbcc_1-ddeeff");
        let [_, first, last, _] = loose.around()[..] else {
            panic!("two stops: {loose:?}");
        };
        assert_eq!((first.position, first.colour), (0.0, [0xaa, 0xbb, 0xcc]));
        assert_eq!((last.position, last.colour), (1.0, [0xdd, 0xee, 0xff]));
    }

    #[test]
    fn around_the_ends_are_each_others_neighbours() {
        let (dark, light) = ([0, 7, 100], [255, 170, 0]);
        let palette = ChosenPalette::parse("0.25-000764_0.5-ffaa00").unwrap();
        let around = palette.around().into_iter();
        let around: Vec<_> = around.map(|stop| (stop.position, stop.colour)).collect();
        assert_eq!(
            around,
            [(-0.5, light), (0.25, dark), (0.5, light), (1.25, dark)]
        );
    }

    #[test]
    fn what_is_no_stop_is_malformed() {
        for text in [
            "mud",
            "0-000000_",
            "0-000000,1-ffffff",
            "-0.5-000000_1-ffffff",
            "0-00000_1-ffffff",
            "0.12345-000000_1-ffffff",
            "0.-000000_1-ffffff",
            "1e-1-000000_1-ffffff",
            "99999999999-000000_1-ffffff",
        ] {
            assert_eq!(fault_of(text), Fault::Malformed, "{text}");
        }
    }

    #[test]
    fn stops_out_of_range_or_order_or_number_are_unacceptable() {
        let many = vec!["0-000000"; 33].join("_");
        for text in [
            "0-000000",
            "0.5-000000_0.4999-ffffff",
            "0-000000_1.0001-ffffff",
            "0-000000_2-ffffff",
            &many,
        ] {
            assert_eq!(fault_of(text), Fault::Unacceptable, "{text}");
        }
        assert!(ChosenPalette::parse(&many[..many.len() - "_0-000000".len()]).is_ok());
    }

    #[test]
    fn an_error_names_the_catalogue_and_the_form_of_stops() {
        let (_, accepted) = ChosenPalette::parse("mud").unwrap_err();
        for part in ["dusk", "grey, or 2 to 32 stops such as 0-000764_0.16-"] {
            assert!(accepted.contains(part), "{accepted}");
        }
    }
}
