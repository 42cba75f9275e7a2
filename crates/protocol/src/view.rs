//! What is a view? The place, the size, the formula and the colours of a whole picture: the same fields
//! with the same meaning in every query string, JSON body, permalink and PNG.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::fields::{number, whole};
use crate::{Colours, Decimal, Fault, FieldErrors, Fields, Formula, Limits, Quality, Subdivision};

/// Coordinates farther out than this show nothing but the outside of every set.
const FARTHEST: f64 = 100.0;
/// The smallest zoom: the set is a speck at 1/1000 of a picture's height.
const SMALLEST_ZOOM: f64 = 0.001;

/// The iteration limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Iterations {
    /// Chosen by the worker, which says what it took.
    Auto,
    /// At most this many.
    Limit(u64),
}

/// A whole picture, checked: every field is within the limits it was read with.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The centre's real part.
    pub re: Decimal,
    /// The centre's imaginary part.
    pub im: Decimal,
    /// The visible height in the complex plane is 4 / zoom.
    pub zoom: Decimal,
    /// Degrees, counter-clockwise.
    pub rotation: f64,
    /// Pixels of the whole picture.
    pub width: u32,
    /// Pixels of the whole picture.
    pub height: u32,
    /// The iteration limit.
    pub iterations: Iterations,
    /// The iterated formula.
    pub formula: Formula,
    /// Samples along each side of a pixel.
    pub samples: u32,
    /// How true a deep view must be.
    pub quality: Quality,
    /// What may be filled and not iterated.
    pub subdivision: Subdivision,
    /// The real part of a point near the centre whose orbit a deep view follows; without one the worker chooses. Views of the same zoom
    /// that name the same point have one orbit in common, so a pan that names the centre that it began at costs none.
    pub reference_re: Option<Decimal>,
    /// Its imaginary part.
    pub reference_im: Option<Decimal>,
    /// How counts become colours.
    pub colours: Colours,
}

impl View {
    /// Every field of a view, in the order of the documentation.
    pub const FIELDS: [&str; 21] = [
        "re",
        "im",
        "zoom",
        "rotation",
        "width",
        "height",
        "iterations",
        "formula",
        "power",
        "seed_re",
        "seed_im",
        "samples",
        "quality",
        "subdivision",
        "reference_re",
        "reference_im",
        "palette",
        "colouring",
        "density",
        "offset",
        "interior",
    ];

    /// Reads a view and nothing else.
    ///
    /// # Errors
    /// Every field that is unknown, malformed or past `limits`.
    pub fn read(mut fields: Fields, limits: &Limits) -> Result<View, FieldErrors> {
        let view = View::take(&mut fields, limits);
        fields.finish(&View::FIELDS)?;
        Ok(view)
    }

    /// Takes the fields of a view out of `fields`; what cannot be used is noted there.
    pub fn take(fields: &mut Fields, limits: &Limits) -> View {
        let default = View::default();
        let coordinate = |text: &str| {
            let value = Decimal::parse(text, limits.digits)?;
            if value.to_f64().abs() <= FARTHEST {
                Ok(value)
            } else {
                Err((
                    Fault::Unacceptable,
                    format!("a decimal number from -{FARTHEST} to {FARTHEST}"),
                ))
            }
        };
        let side = |text: &str| whole(text, 1..=u64::from(limits.side)).map(|n| n as u32);
        let reference = |text: &str| match text {
            "auto" => Ok(None),
            _ => coordinate(text)
                .map(Some)
                .map_err(|(fault, accepted)| (fault, format!("auto, or {accepted}"))),
        };
        let formula = Formula::take(fields, limits);
        View {
            re: fields.read("re", default.re, coordinate),
            im: fields.read("im", default.im, coordinate),
            zoom: fields.read("zoom", default.zoom, |text| {
                let deepest = limits.zoom_exponent;
                let accepted = || format!("a decimal number from {SMALLEST_ZOOM} to 1e{deepest}");
                let zoom =
                    Decimal::parse(text, limits.digits).map_err(|refused| match refused.0 {
                        Fault::Unacceptable if text.len() <= limits.digits => {
                            (Fault::Unacceptable, accepted())
                        }
                        _ => refused,
                    })?;
                if zoom.to_f64() >= SMALLEST_ZOOM && zoom.is_at_most_power_of_ten(deepest) {
                    Ok(zoom)
                } else {
                    Err((Fault::Unacceptable, accepted()))
                }
            }),
            rotation: fields.read("rotation", default.rotation, |text| {
                number(text, -360.0..=360.0)
            }),
            width: fields.read("width", default.width, side),
            height: fields.read("height", default.height, side),
            iterations: fields.read("iterations", default.iterations, |text| match text {
                "auto" => Ok(Iterations::Auto),
                _ => whole(text, 1..=limits.iterations)
                    .map(Iterations::Limit)
                    .map_err(|(fault, accepted)| (fault, format!("auto, or {accepted}"))),
            }),
            samples: fields.read("samples", default.samples, |text| {
                whole(text, 1..=u64::from(limits.samples)).map(|n| n as u32)
            }),
            quality: Quality::take(fields),
            subdivision: Subdivision::take(fields, &formula),
            reference_re: fields.read("reference_re", None, reference),
            reference_im: fields.read("reference_im", None, reference),
            formula,
            colours: Colours::take(fields),
        }
    }

    /// The view's fields that differ from their defaults, as a query string for a permalink.
    pub fn query(&self) -> String {
        let defaults = View::default().fields();
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.fields() {
            if !defaults.contains(&(name, value.clone())) {
                query.append_pair(name, &value.text());
            }
        }
        query.finish()
    }

    /// The fields that say something, in order; `power` and the seed only where the formula has them.
    fn fields(&self) -> Vec<(&'static str, Value)> {
        let decimal = |value: &Decimal| Value::Text(value.to_string());
        let or_auto = |value: &Option<Decimal>| {
            value
                .as_ref()
                .map_or(Value::Text("auto".to_owned()), decimal)
        };
        let mut fields = vec![
            ("re", decimal(&self.re)),
            ("im", decimal(&self.im)),
            ("zoom", decimal(&self.zoom)),
            ("rotation", Value::Number(self.rotation)),
            ("width", Value::Whole(self.width.into())),
            ("height", Value::Whole(self.height.into())),
            (
                "iterations",
                match self.iterations {
                    Iterations::Auto => Value::Text("auto".to_owned()),
                    Iterations::Limit(limit) => Value::Whole(limit),
                },
            ),
            ("formula", Value::Text(self.formula.name().to_owned())),
        ];
        match &self.formula {
            Formula::Multibrot { power } => fields.push(("power", Value::Whole((*power).into()))),
            Formula::Julia { seed_re, seed_im } => {
                fields.extend([("seed_re", decimal(seed_re)), ("seed_im", decimal(seed_im))]);
            }
            Formula::Mandelbrot | Formula::BurningShip | Formula::Tricorn => {}
        }
        let colours = &self.colours;
        fields.extend([
            ("samples", Value::Whole(self.samples.into())),
            ("quality", Value::Text(self.quality.name().to_owned())),
            (
                "subdivision",
                Value::Text(self.subdivision.name().to_owned()),
            ),
            ("reference_re", or_auto(&self.reference_re)),
            ("reference_im", or_auto(&self.reference_im)),
            ("palette", Value::Text(colours.palette.to_string())),
            (
                "colouring",
                Value::Text(colours.colouring.name().to_owned()),
            ),
            ("density", Value::Number(colours.density)),
            ("offset", Value::Number(colours.offset)),
            ("interior", Value::Text(colours.interior.to_string())),
        ]);
        fields
    }
}

impl Default for View {
    fn default() -> Self {
        let decimal =
            |text: &str| Decimal::parse(text, text.len()).expect("the default is a decimal");
        View {
            re: decimal("-0.5"),
            im: decimal("0"),
            zoom: decimal("1"),
            rotation: 0.0,
            width: 1280,
            height: 720,
            iterations: Iterations::Auto,
            formula: Formula::Mandelbrot,
            samples: 1,
            quality: Quality::default(),
            subdivision: Subdivision::default(),
            reference_re: None,
            reference_im: None,
            colours: Colours::default(),
        }
    }
}

/// A view is written as one flat JSON object of its fields; decimals are strings, so that no reader rounds them.
impl Serialize for View {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.fields();
        let mut map = serializer.serialize_map(Some(fields.len()))?;
        for (name, value) in fields {
            map.serialize_entry(name, &value)?;
        }
        map.end()
    }
}

/// A field's value on its way out.
#[derive(Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Whole(u64),
    Number(f64),
}

impl Value {
    fn text(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Whole(whole) => whole.to_string(),
            Value::Number(number) => number.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<View, FieldErrors> {
        View::read(Fields::from_query(query), &Limits::default())
    }

    #[test]
    fn no_fields_are_the_default_view() {
        assert_eq!(read("").unwrap(), View::default());
        assert_eq!(View::default().query(), "");
    }

    #[test]
    fn a_permalink_and_a_json_body_lead_back_to_the_same_view() {
        let queries = [
            "re=-0.743643887037158704752191506114774&im=1.5e-3&zoom=4E10&iterations=5000",
            "formula=julia&seed_re=0.285&seed_im=-0.01&rotation=-12.5&samples=3",
            "formula=multibrot&power=5&palette=ocean&colouring=histogram&density=0.3&offset=0.25",
            "formula=burning_ship&width=1&height=65536&interior=%23ff0080",
            "zoom=2.5e1000&quality=exact",
            "zoom=1e40&reference_re=-0.50000000000000000000000000000000000000001",
            "re=0.1&reference_re=0.1&reference_im=-1e-3",
            "formula=multibrot&power=4&subdivision=interior",
            "palette=0-000764_0.16-206bcb_0.42-edffff&offset=0.5",
        ];
        for query in queries {
            let view = read(query).unwrap();
            assert_eq!(read(&view.query()).unwrap(), view, "{query}");
            let json = serde_json::to_vec(&view).unwrap();
            let again = View::read(Fields::from_json(&json).unwrap(), &Limits::default()).unwrap();
            assert_eq!(again, view, "{query}");
        }
    }

    #[test]
    fn every_field_refuses_garbage_by_name() {
        for field in View::FIELDS {
            for garbage in ["", "garbage", "NaN", "inf", "-", "0x1", "1e", "🦀"] {
                let errors = read(&format!("{field}={garbage}")).unwrap_err();
                let error = errors.iter().next().unwrap();
                assert_eq!(error.field, field, "{garbage}");
                assert!(!error.accepted.is_empty());
                assert_eq!(errors.status(), 400, "{field}={garbage}");
            }
        }
    }

    #[test]
    fn only_sets_without_holes_are_filled() {
        for formula in Formula::NAMES {
            let query = format!("formula={formula}&subdivision=interior");
            match read(&query) {
                Ok(view) => assert_eq!(view.subdivision, Subdivision::Interior, "{formula}"),
                Err(errors) => {
                    assert!(["burning_ship", "tricorn"].contains(&formula), "{formula}");
                    assert_eq!(errors.status(), 422);
                    let error = errors.iter().next().unwrap();
                    assert_eq!(error.field, "subdivision");
                    assert!(error.accepted.contains(formula), "{}", error.accepted);
                }
            }
            assert!(read(&format!("formula={formula}&subdivision=none")).is_ok());
        }
        assert!(read("formula=tricorn&subdivision=interior").is_err());
    }

    #[test]
    fn values_out_of_range_are_unacceptable_and_say_the_range() {
        let cases = [
            "re=101",
            "im=-1e999",
            "zoom=0",
            "zoom=-1",
            "zoom=1e-400",
            "zoom=1e25001",
            "zoom=1.000000000000000000001e25000",
            "zoom=1e999999",
            "width=0",
            "height=65537",
            "width=99999999999999999999999",
            "iterations=0",
            "iterations=1000000001",
            "samples=9",
            "power=9",
            "seed_re=2.1",
            "density=0",
            "offset=1e308",
            "rotation=361",
            "re=1e99999999",
            "reference_re=101",
            "reference_im=1e99999999",
        ];
        for case in cases {
            let errors = read(case).unwrap_err();
            assert_eq!(errors.status(), 422, "{case}: {errors}");
            assert!(
                case.starts_with(&errors.iter().next().unwrap().field),
                "{case}"
            );
        }
    }

    #[test]
    fn a_zoom_past_the_deepest_is_told_the_deepest_however_far_past() {
        for zoom in ["1e25001", "1e999999999", "1e99999999999999999999"] {
            let errors = read(&format!("zoom={zoom}")).unwrap_err();
            let error = errors.iter().next().unwrap();
            assert_eq!(error.accepted, "a decimal number from 0.001 to 1e25000");
            assert_eq!(error.value, zoom);
        }
    }

    #[test]
    fn all_mistakes_are_said_at_once() {
        let errors = read("re=x&zoom=0&colour=red").unwrap_err();
        let named: Vec<&str> = errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(named, ["re", "zoom", "colour"]);
    }
}
