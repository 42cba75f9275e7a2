//! Which fields does a request have? Each with a schema: its kind, its range, its default and what it means.

use protocol::{
    Channel, Colouring, Format, Formula, Limits, PALETTES, Quality, Subdivision, TileRequest,
};
use serde_json::{Value, json};

/// A name and its schema.
type Field = (&'static str, Value);

fn decimal(limits: &Limits, about: &str, default: &str) -> Value {
    json!({ "type": "string", "maxLength": limits.digits, "default": default, "description": about })
}

fn whole(about: &str, most: u64, default: u64) -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": most, "default": default, "description": about })
}

fn number(about: &str, least: f64, most: f64, default: f64) -> Value {
    json!({ "type": "number", "minimum": least, "maximum": most, "default": default, "description": about })
}

/// One of some names, of which the first is the default.
fn names(about: &str, names: &[&str]) -> Value {
    json!({ "type": "string", "enum": names, "default": names[0], "description": about })
}

/// Those of a view.
pub(super) fn view_fields(limits: &Limits) -> Vec<Field> {
    let mut fields = place(limits);
    fields.extend(formula(limits));
    fields.extend(colours());
    fields
}

fn place(limits: &Limits) -> Vec<Field> {
    let side = u64::from(limits.side);
    let zoom = format!(
        "The visible height in the complex plane is 4 / zoom; at most 1e{}",
        limits.zoom_exponent
    );
    let re = "Real part of the centre, decimal text of any length";
    let im = "Imaginary part of the centre, decimal text of any length";
    vec![
        ("re", decimal(limits, re, "-0.5")),
        ("im", decimal(limits, im, "0")),
        ("zoom", decimal(limits, &zoom, "1")),
        (
            "rotation",
            number("Degrees, counter-clockwise", -360.0, 360.0, 0.0),
        ),
        ("width", whole("Pixels of the whole picture", side, 1280)),
        ("height", whole("Pixels of the whole picture", side, 720)),
    ]
}

fn formula(limits: &Limits) -> Vec<Field> {
    let reference = |part, centre| {
        format!(
            "{part} part of a point whose orbit a deep view follows, at most 8 visible heights (32 / zoom) from {centre}, or auto. Who pans names the centre that the first view had: so the orbit is the same"
        )
    };
    let samples = "Samples along each side of a pixel, averaged in linear light";
    vec![
        (
            "iterations",
            json!({
                "oneOf": [{ "type": "string", "const": "auto" }, { "type": "integer", "minimum": 1, "maximum": limits.iterations }],
                "default": "auto", "description": "The iteration limit; auto follows from the zoom and from a coarse look at the view, and X-Iterations says what it was",
            }),
        ),
        ("formula", names("What is iterated", &Formula::NAMES)),
        (
            "power",
            json!({ "type": "integer", "minimum": 2, "maximum": 8, "default": 3, "description": "The power of multibrot" }),
        ),
        (
            "seed_re",
            decimal(limits, "Real part of the seed of julia", "-0.8"),
        ),
        (
            "seed_im",
            decimal(limits, "Imaginary part of the seed of julia", "0.156"),
        ),
        ("samples", whole(samples, u64::from(limits.samples), 1)),
        (
            "quality",
            names(
                "How many counts of a deep view are those of exact arithmetic: at least 99.5 % (standard), 99.9 % (exact), or fewer in dense places (fast)",
                &Quality::ALL.map(Quality::name),
            ),
        ),
        (
            "subdivision",
            names(
                "Which squares are filled without iterating their samples: none, or those on whose border nothing escapes (interior), by which channels narrower than a sample are lost; not for burning_ship and tricorn",
                &Subdivision::ALL.map(Subdivision::name),
            ),
        ),
        (
            "reference_re",
            decimal(limits, &reference("Real", "re"), "auto"),
        ),
        (
            "reference_im",
            decimal(limits, &reference("Imaginary", "im"), "auto"),
        ),
    ]
}

fn colours() -> Vec<Field> {
    let palettes: Vec<&str> = PALETTES.iter().map(|palette| palette.name).collect();
    let offset = "Where in the gradient the counts begin, in turns";
    vec![
        (
            "palette",
            json!({
                "oneOf": [
                    { "type": "string", "enum": palettes },
                    { "type": "string", "pattern": "^[0-9.]+-[0-9a-fA-F]{6}(_[0-9.]+-[0-9a-fA-F]{6}){1,31}$" },
                ],
                "default": palettes[0],
                "description": "The gradient: a name, or 2 to 32 stops such as 0-000764_0.16-206bcb_0.42-edffff, each a position and a colour, ascending from 0 to 1 around the cycle",
            }),
        ),
        (
            "colouring",
            names(
                "What decides the place in the gradient; distance and slope are as smooth, darkened near the set or lit from the upper right",
                &Colouring::ALL.map(Colouring::name),
            ),
        ),
        (
            "density",
            number("How often the gradient repeats", 0.001, 1000.0, 1.0),
        ),
        ("offset", number(offset, -1000.0, 1000.0, 0.0)),
        (
            "interior",
            json!({ "type": "string", "pattern": "^#?[0-9a-fA-F]{6}$", "default": "#000000", "description": "The colour of samples that do not escape" }),
        ),
    ]
}

/// Those that a tile has beside its view's.
pub(super) fn tile_fields(limits: &Limits) -> Vec<Field> {
    let side = u64::from(limits.side);
    let edge = |about: &str, least: u64| json!({ "type": "integer", "minimum": least, "maximum": side, "description": about });
    vec![
        (
            "x",
            edge(
                "Left column of the piece, in pixels of the whole picture (default 0)",
                0,
            ),
        ),
        (
            "y",
            edge(
                "Top row of the piece (default 0); of a band, where a strip begins",
                0,
            ),
        ),
        (
            "w",
            edge("Columns of the piece (default: to the right edge)", 1),
        ),
        (
            "h",
            edge(
                "Rows of the piece (default: to the bottom edge); of a band, down to where a strip ends",
                1,
            ),
        ),
        (
            "format",
            names(
                "The form of the answer; decides over Accept. A band is of whole rows and of whole strips of the picture: \
                 with S = width × samples², a strip has 131072 / S rows, but at least 8 and at most the larger of 16 and \
                 32768 / (3 × width + 1), and never more than 1048576 / (3 × width + 1), all rounded down",
                &Format::ALL.map(Format::name),
            ),
        ),
        (
            "field",
            names(
                "Which numbers an npy holds: smooth counts (inf where the limit was reached), iterations (0 there), or the \
                 exterior distance in pixels (0 there; the set is between a quarter of it and all of it away); the direction away from the set, by which \
                 slope shades, in radians counter-clockwise from the picture's right (NaN there, and where it is unknown); the period of the cycle that attracts an interior \
                 sample and its complex multiplier (0 where none is found: only of mandelbrot and multibrot)",
                &Channel::ALL.map(Channel::name),
            ),
        ),
        (
            "distribution",
            json!({
                "type": ["array", "string"], "items": { "type": "number" }, "maxItems": TileRequest::MOST_QUANTILES,
                "description": "For histogram colouring: quantiles of the whole view from a survey (in a query: numbers with commas between them); without them the worker surveys the view itself",
            }),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use protocol::View;

    use super::*;

    #[test]
    fn every_field_is_described_and_no_other() {
        let named: Vec<&str> = view_fields(&Limits::default())
            .iter()
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(named, View::FIELDS);
        let named: Vec<&str> = tile_fields(&Limits::default())
            .iter()
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(named, TileRequest::FIELDS);
    }

    #[test]
    fn the_described_defaults_are_the_real_ones() {
        let query: Vec<String> = view_fields(&Limits::default())
            .iter()
            .map(|(name, schema)| {
                let default = &schema["default"];
                let text = default
                    .as_str()
                    .map_or_else(|| default.to_string(), str::to_owned);
                format!("{name}={}", text.replace('#', "%23"))
            })
            .collect();
        let view = View::read(
            protocol::Fields::from_query(&query.join("&")),
            &Limits::default(),
        );
        assert_eq!(view.unwrap(), View::default());
    }
}
