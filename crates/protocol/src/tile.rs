//! What is asked of a worker? A view, the piece of it that is wanted, and the form in which it is to
//! come back.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::fields::whole;
use crate::{Fault, FieldErrors, Fields, Limits, View};

/// A piece of a picture, in pixels of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// The left column.
    pub x: u32,
    /// The top row.
    pub y: u32,
    /// Columns; at least 1.
    pub w: u32,
    /// Rows; at least 1.
    pub h: u32,
}

impl Rect {
    /// How many pixels it has.
    pub fn pixels(&self) -> u64 {
        u64::from(self.w) * u64::from(self.h)
    }
}

/// The form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A complete PNG.
    Png,
    /// A NumPy file of the escape field.
    Npy,
    /// Whole rows as a PNG image data chunk ([`crate::Band`]).
    Band,
}

impl Format {
    /// All of them, the default first.
    pub const ALL: [Format; 3] = [Format::Png, Format::Npy, Format::Band];

    /// The name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Format::Png => "png",
            Format::Npy => "npy",
            Format::Band => "band",
        }
    }

    /// The media type of the answer.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Png => "image/png",
            Format::Npy => "application/x-npy",
            Format::Band => "application/vnd.tilebrot.band",
        }
    }
}

/// Which numbers an npy answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Smooth counts, `+inf` where the limit was reached.
    Smooth,
    /// Integer counts, 0 where the limit was reached.
    Iterations,
    /// Exterior distances in pixels, 0 where the limit was reached.
    Distance,
    /// Directions away from the set, in radians counter-clockwise from the right; not a number where the limit was reached.
    Direction,
    /// Periods of the cycles that attract interior samples, 0 elsewhere.
    Period,
    /// The complex multipliers of those cycles, 0 elsewhere.
    Multiplier,
}

impl Channel {
    /// All of them, the default first.
    pub const ALL: [Channel; 6] = [
        Channel::Smooth,
        Channel::Iterations,
        Channel::Distance,
        Channel::Direction,
        Channel::Period,
        Channel::Multiplier,
    ];

    /// The name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Smooth => "smooth",
            Channel::Iterations => "iterations",
            Channel::Distance => "distance",
            Channel::Direction => "direction",
            Channel::Period => "period",
            Channel::Multiplier => "multiplier",
        }
    }

    /// Reads `field`.
    pub(crate) fn take(fields: &mut Fields) -> Channel {
        fields.read("field", Channel::Smooth, |text| {
            let known = Channel::ALL.into_iter().find(|c| c.name() == text);
            known.ok_or_else(|| {
                let names = Channel::ALL.map(Channel::name).join(", ");
                (Fault::Malformed, format!("one of {names}"))
            })
        })
    }
}

/// The request for one piece, checked against its view.
#[derive(Clone, Debug, PartialEq)]
pub struct TileRequest {
    /// The whole picture.
    pub view: View,
    /// The piece of it.
    pub rect: Rect,
    /// The form of the answer; `None` leaves it to `Accept`.
    pub format: Option<Format>,
    /// Which numbers an npy answer holds.
    pub field: Channel,
    /// For histogram colouring: quantiles of the whole view's smooth counts, ascending, from a
    /// [`crate::Survey`]. Without them the worker surveys the view itself.
    pub distribution: Option<Vec<f64>>,
}

impl TileRequest {
    /// The fields that a tile request has beside those of the view.
    pub const FIELDS: [&str; 7] = ["x", "y", "w", "h", "format", "field", "distribution"];
    /// How many quantiles a distribution may have: as many as the arithmetic takes.
    pub const MOST_QUANTILES: usize = 257;

    /// Reads a tile request.
    ///
    /// # Errors
    /// Every field that is unknown, malformed, past `limits` or outside the picture.
    pub fn read(mut fields: Fields, limits: &Limits) -> Result<TileRequest, FieldErrors> {
        let view = View::take(&mut fields, limits);
        let rect = take_rect(&mut fields, &view, limits);
        let request = TileRequest {
            rect,
            format: fields.read("format", None, |text| {
                let known = Format::ALL.into_iter().find(|f| f.name() == text);
                known.map(Some).ok_or_else(|| {
                    let names = Format::ALL.map(Format::name).join(", ");
                    (Fault::Malformed, format!("one of {names}"))
                })
            }),
            field: Channel::take(&mut fields),
            distribution: fields.read("distribution", None, |text| quantiles(text).map(Some)),
            view,
        };
        fields.finish(&[&View::FIELDS[..], &TileRequest::FIELDS[..]].concat())?;
        Ok(request)
    }
}

/// Reads `x`, `y`, `w` and `h`: by default all of the picture that lies right of and below (x, y).
fn take_rect(fields: &mut Fields, view: &View, limits: &Limits) -> Rect {
    let mut edge = |name, default: u32, least: u32, most: u32| {
        fields.read(name, default, |text| {
            whole(text, u64::from(least)..=u64::from(most)).map(|n| n as u32)
        })
    };
    let x = edge("x", 0, 0, view.width - 1);
    let y = edge("y", 0, 0, view.height - 1);
    let w = edge("w", view.width - x, 1, view.width - x);
    let h = edge("h", view.height - y, 1, view.height - y);
    let rect = Rect { x, y, w, h };
    if rect.pixels() > limits.tile_pixels {
        let accepted = format!("w × h of at most {} pixels a tile", limits.tile_pixels);
        fields.refuse("w", &w.to_string(), Fault::Unacceptable, accepted);
    }
    rect
}

/// Ascending finite numbers with commas between them.
fn quantiles(text: &str) -> Result<Vec<f64>, (Fault, String)> {
    let most = TileRequest::MOST_QUANTILES;
    let accepted = format!("2 to {most} ascending numbers with commas between them");
    let numbers: Result<Vec<f64>, _> = text.split(',').take(most + 1).map(str::parse).collect();
    let Ok(numbers) = numbers else {
        return Err((Fault::Malformed, accepted));
    };
    let ascending = numbers.windows(2).all(|pair| pair[0] <= pair[1]);
    if (2..=most).contains(&numbers.len()) && ascending && numbers.iter().all(|q| q.is_finite()) {
        Ok(numbers)
    } else {
        Err((Fault::Unacceptable, accepted))
    }
}

/// Written as one flat JSON object: the view's fields and the piece's.
impl Serialize for TileRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            #[serde(flatten)]
            view: &'a View,
            #[serde(flatten)]
            piece: Piece<'a>,
        }
        Flat {
            view: &self.view,
            piece: Piece(self),
        }
        .serialize(serializer)
    }
}

struct Piece<'a>(&'a TileRequest);

impl Serialize for Piece<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let TileRequest {
            rect,
            format,
            field,
            distribution,
            ..
        } = self.0;
        let mut map = serializer.serialize_map(None)?;
        for (name, edge) in [("x", rect.x), ("y", rect.y), ("w", rect.w), ("h", rect.h)] {
            map.serialize_entry(name, &edge)?;
        }
        if let Some(format) = format {
            map.serialize_entry("format", format.name())?;
        }
        map.serialize_entry("field", field.name())?;
        if let Some(quantiles) = distribution {
            map.serialize_entry("distribution", quantiles)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<TileRequest, FieldErrors> {
        TileRequest::read(Fields::from_query(query), &Limits::default())
    }

    #[test]
    fn the_default_piece_is_the_whole_picture() {
        let rect = read("width=300&height=200").unwrap().rect;
        assert_eq!(
            rect,
            Rect {
                x: 0,
                y: 0,
                w: 300,
                h: 200
            }
        );
        let rest = read("width=300&height=200&x=100&y=150").unwrap().rect;
        assert_eq!(
            rest,
            Rect {
                x: 100,
                y: 150,
                w: 200,
                h: 50
            }
        );
    }

    #[test]
    fn a_piece_outside_the_picture_is_refused() {
        for case in ["x=1280", "y=720", "w=0", "w=1281", "h=721", "x=1000&w=281"] {
            assert_eq!(read(case).unwrap_err().status(), 422, "{case}");
        }
        assert_eq!(read("x=-1").unwrap_err().status(), 400);
    }

    #[test]
    fn a_piece_larger_than_a_tile_may_be_is_refused() {
        let errors = read("width=65536&height=65536").unwrap_err();
        assert_eq!(errors.status(), 422);
        assert!(errors.to_string().contains("16777216"), "{errors}");
    }

    #[test]
    fn a_request_comes_back_from_its_json() {
        let query =
            "re=-0.5000000000000000000000001&y=16&h=8&format=band&distribution=1.5,2.25,1e3";
        let request = read(query).unwrap();
        let json = serde_json::to_vec(&request).unwrap();
        let again =
            TileRequest::read(Fields::from_json(&json).unwrap(), &Limits::default()).unwrap();
        assert_eq!(again, request);
    }

    #[test]
    fn a_distribution_must_ascend() {
        for case in ["distribution=2,1", "distribution=1", "distribution=1,inf"] {
            assert_eq!(read(case).unwrap_err().status(), 422, "{case}");
        }
        assert_eq!(read("distribution=1,x").unwrap_err().status(), 400);
    }
}
