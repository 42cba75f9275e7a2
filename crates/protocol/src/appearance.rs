//! What may be said of a tile beside its address? All of a view but where it is and how large: the formula, the limit, and, for a
//! picture, its colours.

use crate::{
    Channel, Colouring, Fault, FieldErrors, Fields, Format, Limits, TileAddress, TileRequest, View,
};

/// Fields that a tile's address stands for.
const PLACE: [&str; 8] = [
    "re",
    "im",
    "zoom",
    "rotation",
    "width",
    "height",
    "reference_re",
    "reference_im",
];
/// Fields that only a picture has.
const COLOURS: [&str; 6] = [
    "samples",
    "palette",
    "colouring",
    "density",
    "offset",
    "interior",
];

/// How a tile is to look, checked: the same for every address.
#[derive(Clone, Debug, PartialEq)]
pub struct Appearance {
    view: View,
    format: Format,
    field: Channel,
}

impl Appearance {
    /// Reads the fields of a tile that comes as `format`, a PNG or an npy file.
    ///
    /// # Errors
    /// Every field that is unknown, malformed or past `limits`, and a colouring that is not the same in every tile.
    pub fn read(
        mut fields: Fields,
        format: Format,
        limits: &Limits,
    ) -> Result<Appearance, FieldErrors> {
        let is_picture = format != Format::Npy;
        let without = |name: &&str| PLACE.contains(name) || (!is_picture && COLOURS.contains(name));
        let (unknown, mut known): (Vec<&str>, Vec<&str>) =
            View::FIELDS.into_iter().partition(without);
        if !is_picture {
            known.push("field");
        }
        for name in unknown {
            if let Some(text) = fields.take(name) {
                let accepted = format!("the fields {}", known.join(", "));
                fields.refuse(name, &text, Fault::Malformed, accepted);
            }
        }
        let view = View::take(&mut fields, limits);
        if view.colours.colouring == Colouring::Histogram {
            let others = Colouring::ALL.map(Colouring::name);
            let others: Vec<&str> = others
                .into_iter()
                .filter(|name| *name != "histogram")
                .collect();
            let accepted = format!(
                "{}: a histogram is of a view, not of a tile",
                others.join(", ")
            );
            fields.refuse("colouring", "histogram", Fault::Unacceptable, accepted);
        }
        let field = if is_picture {
            Channel::Smooth
        } else {
            Channel::take(&mut fields)
        };
        fields.finish(&known)?;
        Ok(Appearance {
            view,
            format,
            field,
        })
    }

    /// The form of the answer.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The fields that differ from their defaults, as a query string: the same for the same appearance, however it was asked for.
    pub fn query(&self) -> String {
        let mut query = self.view.query();
        if self.field != Channel::Smooth {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str("field=");
            query.push_str(self.field.name());
        }
        query
    }

    /// What to ask a worker for.
    pub fn request(&self, address: &TileAddress) -> TileRequest {
        let (view, rect) = address.piece_of(self.view.clone());
        self.piece(view, rect)
    }

    /// What to ask a worker for when the whole world is wanted, with `side` pixels along each side.
    pub fn world(&self, side: u32) -> TileRequest {
        let view = TileAddress::root().picture(self.view.clone(), side);
        let (x, y, w, h) = (0, 0, side, side);
        self.piece(view, crate::Rect { x, y, w, h })
    }

    fn piece(&self, view: View, rect: crate::Rect) -> TileRequest {
        TileRequest {
            view,
            rect,
            format: Some(self.format),
            field: self.field,
            distribution: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, format: Format) -> Result<Appearance, FieldErrors> {
        Appearance::read(Fields::from_query(query), format, &Limits::default())
    }

    #[test]
    fn the_same_appearance_has_the_same_query() {
        let one = read("palette=ocean&iterations=auto&power=5", Format::Png).unwrap();
        let other = read("power=2&palette=ocean&formula=mandelbrot", Format::Png).unwrap();
        assert_eq!(one.query(), "palette=ocean");
        assert_eq!(one.query(), other.query());
        let distance = read("field=distance&quality=exact", Format::Npy).unwrap();
        assert_eq!(distance.query(), "quality=exact&field=distance");
        let direction = read("field=direction", Format::Npy).unwrap();
        assert_eq!(direction.query(), "field=direction");
        assert_eq!(
            direction.request(&TileAddress::root()).field,
            Channel::Direction
        );
        assert_eq!(read("", Format::Npy).unwrap().query(), "");
        assert_eq!(read(&distance.query(), Format::Npy).unwrap(), distance);
    }

    #[test]
    fn what_the_address_says_and_what_the_form_has_not_is_unknown() {
        for name in PLACE {
            let errors = read(&format!("{name}=1"), Format::Png).unwrap_err();
            let error = errors.iter().next().unwrap();
            assert_eq!((error.field.as_str(), errors.status()), (name, 400));
            assert!(error.accepted.contains("iterations"), "{error:?}");
        }
        assert_eq!(
            read("palette=ocean", Format::Npy).unwrap_err().status(),
            400
        );
        assert_eq!(read("field=smooth", Format::Png).unwrap_err().status(), 400);
    }

    #[test]
    fn a_histogram_is_refused_with_the_others_named() {
        let errors = read("colouring=histogram", Format::Png).unwrap_err();
        assert_eq!(errors.status(), 422);
        assert!(
            errors
                .to_string()
                .contains("smooth, bands, distance, slope")
        );
    }
}
