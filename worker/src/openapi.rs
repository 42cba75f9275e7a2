//! The description that programs and the page under `/docs` read: one table of fields, written out as
//! query parameters for GET and as a JSON body for POST.

use axum::routing::get;
use axum::{Json, Router};
use protocol::{
    Channel, Colouring, Format, Formula, Limits, PALETTES, Quality, SurveyLine, TileRequest,
};
use serde_json::{Map, Value, json};
use utoipa_swagger_ui::SwaggerUi;

pub(crate) fn routes<S: Clone + Send + Sync + 'static>(limits: &Limits) -> Router<S> {
    let document = document(limits);
    let page = SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/openapi.json"));
    Router::new()
        .route("/openapi.json", get(async || Json(document)))
        .merge(Router::<S>::from(page))
}

/// The OpenAPI 3.1 document.
fn document(limits: &Limits) -> Value {
    let view = view_fields(limits);
    let tile: Vec<(&str, Value)> = view.iter().cloned().chain(tile_fields(limits)).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tilebrot worker",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Draws pieces of pictures of the Mandelbrot set and its relatives.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        // The order of the page.
        "tags": [{ "name": "tile" }, { "name": "survey" }, { "name": "nucleus" }, { "name": "operation" }],
        "paths": {
            "/v1/tile": operations("tile", "Draw a piece of a view", &tile, tile_answers()),
            "/v1/survey": operations("survey", "Find out what all pieces of a view must know", &view, survey_answers()),
            "/v1/nucleus": operations("nucleus", "Find the minibrot that a view shows", &view, nucleus_answers()),
            "/v1/orbits": probe("orbits", "Reference orbits that are being computed, and how far each is", json!({
                "200": { "description": "A list", "content": { "application/json": { "schema": { "type": "array", "items": orbit() } } } },
            })),
            "/livez": probe("livez", "Whether the process can answer at all", json!({ "200": { "description": "Alive" } })),
            "/readyz": probe("readyz", "Whether the worker wants tiles, and how many at once", json!({
                "200": { "description": "Ready; `capacity` is the number of tiles it draws at once, and of those that wait for reference orbits beside them" },
                "503": { "description": "Draining" },
            })),
            "/metrics": probe("metrics", "Counters in the OpenMetrics text format", json!({ "200": { "description": "The counters" } })),
        },
        "components": { "schemas": { "Problem": problem(), "Survey": survey(), "Nucleus": nucleus() } },
    })
}

/// A path that takes its fields as a query or as a JSON body.
fn operations(name: &str, summary: &str, fields: &[(&str, Value)], answers: Value) -> Value {
    let parameters: Vec<Value> = fields
        .iter()
        .map(|(name, schema)| json!({ "name": name, "in": "query", "description": schema["description"], "schema": schema }))
        .collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    let body = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    json!({
        "get": {
            "operationId": format!("get_{name}"), "summary": summary, "tags": [name],
            "parameters": parameters, "responses": answers,
        },
        "post": {
            "operationId": format!("post_{name}"), "summary": format!("{summary} (for long coordinates)"), "tags": [name],
            "requestBody": { "required": true, "content": { "application/json": { "schema": body } } },
            "responses": answers,
        },
    })
}

fn probe(name: &str, summary: &str, answers: Value) -> Value {
    json!({ "get": { "operationId": name, "summary": summary, "tags": ["operation"], "responses": answers } })
}

fn view_fields(limits: &Limits) -> Vec<(&'static str, Value)> {
    let decimal = |about: String, default: &str| json!({ "type": "string", "maxLength": limits.digits, "default": default, "description": about });
    let whole = |about: &str, most: u64, default: u64| json!({ "type": "integer", "minimum": 1, "maximum": most, "default": default, "description": about });
    let number = |about: &str, least: f64, most: f64, default: f64| json!({ "type": "number", "minimum": least, "maximum": most, "default": default, "description": about });
    let names = |about: &str, names: &[&str]| json!({ "type": "string", "enum": names, "default": names[0], "description": about });
    let side = u64::from(limits.side);
    let palettes: Vec<&str> = PALETTES.iter().map(|palette| palette.name).collect();
    vec![
        (
            "re",
            decimal(
                "Real part of the centre, decimal text of any length".into(),
                "-0.5",
            ),
        ),
        (
            "im",
            decimal(
                "Imaginary part of the centre, decimal text of any length".into(),
                "0",
            ),
        ),
        (
            "zoom",
            decimal(
                format!(
                    "The visible height in the complex plane is 4 / zoom; at most 1e{}",
                    limits.zoom_exponent
                ),
                "1",
            ),
        ),
        (
            "rotation",
            number("Degrees, counter-clockwise", -360.0, 360.0, 0.0),
        ),
        ("width", whole("Pixels of the whole picture", side, 1280)),
        ("height", whole("Pixels of the whole picture", side, 720)),
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
            decimal("Real part of the seed of julia".into(), "-0.8"),
        ),
        (
            "seed_im",
            decimal("Imaginary part of the seed of julia".into(), "0.156"),
        ),
        (
            "samples",
            whole(
                "Samples along each side of a pixel, averaged in linear light",
                u64::from(limits.samples),
                1,
            ),
        ),
        (
            "quality",
            names(
                "How many counts of a deep view are those of exact arithmetic: at least 99.5 % (standard), 99.9 % (exact), or fewer in dense places (fast)",
                &Quality::ALL.map(Quality::name),
            ),
        ),
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
        (
            "offset",
            number(
                "Where in the gradient the counts begin, in turns",
                -1000.0,
                1000.0,
                0.0,
            ),
        ),
        (
            "interior",
            json!({ "type": "string", "pattern": "^#?[0-9a-fA-F]{6}$", "default": "#000000", "description": "The colour of samples that do not escape" }),
        ),
    ]
}

fn tile_fields(limits: &Limits) -> Vec<(&'static str, Value)> {
    let side = u64::from(limits.side);
    let edge = |about: &str, least: u64| json!({ "type": "integer", "minimum": least, "maximum": side, "description": about });
    let names = |about: &str, names: &[&str]| json!({ "type": "string", "enum": names, "default": names[0], "description": about });
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

fn tile_answers() -> Value {
    let content: Map<String, Value> = Format::ALL
        .into_iter()
        .map(|format| {
            (
                format.media_type().to_owned(),
                json!({ "schema": { "type": "string", "format": "binary" } }),
            )
        })
        .collect();
    let header = |about: &str| json!({ "description": about, "schema": { "type": "string" } });
    let mut answers = faults();
    answers["200"] = json!({
        "description": "The piece", "content": content,
        "headers": {
            "X-Worker": header("The worker that drew it"),
            "X-Worker-Capacity": header("How many tiles it draws at once"),
            "X-Iterations": header("The iteration limit that was used"),
            "Server-Timing": header("orbit, queue, field, colour and encode, in milliseconds: waiting for the reference orbit and for a place, and then work, summed over threads"),
            "ETag": header("A strong validator"),
        },
    });
    answers["304"] = json!({ "description": "The client has it already (If-None-Match)" });
    answers["406"] = json!({ "description": "Accept allows none of the forms" });
    answers
}

fn survey_answers() -> Value {
    let mut answers = faults();
    answers["200"] = json!({
        "description": "What every piece must be drawn with",
        "content": {
            "application/json": { "schema": { "$ref": "#/components/schemas/Survey" } },
            // What OpenAPI 3.1 can say of lines is their text.
            SurveyLine::MEDIA_TYPE: { "schema": {
                "type": "string",
                "description": "Lines of JSON: {\"orbit\": {\"progress\", \"steps\", \"limit\"}} while the reference orbit is computed, then {\"survey\": …} or {\"problem\": {\"status\", \"detail\"}}",
            } },
        },
    });
    answers
}

fn nucleus_answers() -> Value {
    let mut answers = faults();
    answers["200"] = json!({
        "description": "The nucleus of the lowest period in the view, of mandelbrot and multibrot",
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Nucleus" } } },
    });
    answers["404"] = json!({
        "description": "The view contains no nucleus of a period up to the iteration limit",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    answers
}

fn faults() -> Value {
    let fault = |about: &str| {
        json!({
            "description": about,
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        })
    };
    json!({
        "400": fault("A field is unknown or not of its kind"),
        "413": fault("The body is too long"),
        "422": fault("A field is out of range, or the view is deeper than the worker's limits"),
        "503": fault("Every place and the queue are full, or as many wait for reference orbits as may; Retry-After says when to come back"),
    })
}

fn problem() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object", "description": "RFC 9457", "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text, "title": text, "status": { "type": "integer" }, "detail": text,
            "errors": { "type": "array", "items": {
                "type": "object", "properties": { "field": text, "value": text, "accepted": text },
            } },
        },
    })
}

fn orbit() -> Value {
    let whole = |about: &str| json!({ "type": "integer", "description": about });
    json!({
        "type": "object", "required": ["progress", "steps", "limit", "bits", "waiting"],
        "properties": {
            "progress": { "type": "number", "description": "From 0 to 1; an orbit may end before its limit" },
            "steps": whole("Steps that are done"),
            "limit": whole("The most there can be"),
            "bits": whole("Binary places of the arithmetic"),
            "waiting": whole("Requests that wait for it"),
        },
    })
}

fn survey() -> Value {
    json!({
        "type": "object", "required": ["iterations", "tier", "capacity"],
        "properties": {
            "iterations": { "type": "integer", "description": "The iteration limit, also where auto was asked for" },
            "tier": { "type": "string", "description": "The arithmetic that the view's depth needs" },
            "distribution": { "type": "array", "items": { "type": "number" }, "description": "For histogram colouring" },
            "capacity": { "type": "integer", "description": "Tiles that the answering worker draws at once" },
        },
    })
}

fn nucleus() -> Value {
    let decimal = |about: &str| json!({ "type": "string", "description": about });
    json!({
        "type": "object", "required": ["period", "re", "im", "size", "orientation", "zoom"],
        "properties": {
            "period": { "type": "integer", "description": "Steps after which 0 returns to 0" },
            "re": decimal("Real part, all digits that are right"),
            "im": decimal("Imaginary part, all digits that are right"),
            "size": decimal("How large the component is beside the one of period 1"),
            "orientation": { "type": "number", "description": "Degrees by which it is turned counter-clockwise" },
            "zoom": decimal("The zoom at which it looks as the whole set does at zoom 1"),
            "shape": { "type": "string", "enum": ["cardioid", "disc"], "description": "A minibrot's body or a bulb; absent for powers above 2" },
        },
    })
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
