//! The description that programs and the page under `/docs` read: one table of fields, written out as
//! query parameters for GET and as a JSON body for POST.

mod answers;
mod fields;

use axum::routing::get;
use axum::{Json, Router};
use protocol::Limits;
use serde_json::{Map, Value, json};
use utoipa_swagger_ui::SwaggerUi;

use answers::{nucleus_answers, survey_answers, tile_answers};
use fields::{tile_fields, view_fields};

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
                "200": { "description": "A list", "content": { "application/json": { "schema": { "type": "array", "items": answers::orbit() } } } },
            })),
            "/livez": probe("livez", "Whether the process can answer at all", json!({ "200": { "description": "Alive" } })),
            "/readyz": probe("readyz", "Whether the worker wants tiles, and how many at once", json!({
                "200": { "description": "Ready; `capacity` is the number of tiles it draws at once, and of those that wait for reference orbits beside them" },
                "503": { "description": "Draining" },
            })),
            "/metrics": probe("metrics", "Counters in the OpenMetrics text format", json!({ "200": { "description": "The counters" } })),
        },
        "components": { "schemas": { "Problem": answers::problem(), "Survey": answers::survey(), "Nucleus": answers::nucleus() } },
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
