//! How a count becomes a colour, as requests say it; the arithmetic is the worker's.

use std::fmt;

use crate::fields::number;
use crate::{ChosenPalette, Fault, Fields, PALETTES};

/// What decides the position in the palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colouring {
    /// The smooth count: continuous.
    Smooth,
    /// The integer count: a band a count.
    Bands,
    /// The rank of the smooth count among those of the whole view.
    Histogram,
    /// As smooth, darkened within a few pixels of the set.
    Distance,
    /// As smooth, on a landscape that a lamp lights from the upper right.
    Slope,
}

impl Colouring {
    /// All of them, the default first.
    pub const ALL: [Colouring; 5] = [
        Colouring::Smooth,
        Colouring::Bands,
        Colouring::Histogram,
        Colouring::Distance,
        Colouring::Slope,
    ];

    /// The name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Colouring::Smooth => "smooth",
            Colouring::Bands => "bands",
            Colouring::Histogram => "histogram",
            Colouring::Distance => "distance",
            Colouring::Slope => "slope",
        }
    }
}

/// A colour in sRGB, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    pub(crate) fn parse(text: &str) -> Option<Rgb> {
        let hex = text.strip_prefix('#').unwrap_or(text);
        if hex.len() != 6 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(hex, 16).ok()?;
        let [_, red, green, blue] = value.to_be_bytes();
        Some(Rgb([red, green, blue]))
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// The colouring fields of a view.
#[derive(Clone, Debug, PartialEq)]
pub struct Colours {
    /// The gradient.
    pub palette: ChosenPalette,
    /// What decides the position in it.
    pub colouring: Colouring,
    /// How often the palette repeats, relative to the default: 0.001 to 1000.
    pub density: f64,
    /// Where in the palette the counts begin, in turns of it: -1000 to 1000.
    pub offset: f64,
    /// The colour of samples that do not escape.
    pub interior: Rgb,
}

impl Default for Colours {
    fn default() -> Self {
        Colours {
            palette: ChosenPalette::Named(&PALETTES[0]),
            colouring: Colouring::Smooth,
            density: 1.0,
            offset: 0.0,
            interior: Rgb([0, 0, 0]),
        }
    }
}

impl Colours {
    /// Reads the five colouring fields.
    pub(crate) fn take(fields: &mut Fields) -> Colours {
        let default = Colours::default();
        Colours {
            palette: fields.read("palette", default.palette, ChosenPalette::parse),
            colouring: fields.read("colouring", default.colouring, |text| {
                let known = Colouring::ALL.into_iter().find(|c| c.name() == text);
                let names = Colouring::ALL.map(Colouring::name).join(", ");
                known.ok_or_else(|| (Fault::Malformed, format!("one of {names}")))
            }),
            density: fields.read("density", default.density, |text| {
                number(text, 0.001..=1000.0)
            }),
            offset: fields.read("offset", default.offset, |text| {
                number(text, -1000.0..=1000.0)
            }),
            interior: fields.read("interior", default.interior, |text| {
                Rgb::parse(text)
                    .ok_or_else(|| (Fault::Malformed, "a colour such as #000000".to_owned()))
            }),
        }
    }
}
