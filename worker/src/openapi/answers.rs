//! What does a worker answer? Each status with its words, and the schemas of what is JSON.

use protocol::{Format, SurveyLine};
use serde_json::{Map, Value, json};

pub(super) fn tile_answers() -> Value {
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

pub(super) fn survey_answers() -> Value {
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

pub(super) fn nucleus_answers() -> Value {
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

pub(super) fn problem() -> Value {
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

pub(super) fn orbit() -> Value {
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

pub(super) fn survey() -> Value {
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

pub(super) fn nucleus() -> Value {
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
