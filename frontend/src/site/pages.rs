//! What do people see? Five pages, made of templates that are part of the binary. Every text that goes
//! into one is escaped.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use protocol::{Colouring, Fields, Formula, Limits, PALETTES, Quality, Stop, Subdivision, View};
use serde::Serialize;
use serde_json::{Value, json};
use tera::{Context, Tera};

use crate::progress::report::Report;
use crate::render::request::RenderRequest;
use crate::site::assets::{FIRST_MODULES, MODULES};
use crate::site::form::Form;
use crate::site::picture::file_name;
use crate::site::presets::{PRESETS, Preset};

/// Pixels along the longer side of the form's own view: a glance, drawn while the page loads.
const PREVIEW_SIDE: u32 = 960;
/// Pixels along the longer side of a place's picture.
const THUMBNAIL_SIDE: u32 = 320;
/// A small picture of fine threads is noise without supersampling.
const PREVIEW_SAMPLES: u32 = 2;

const TEMPLATES: [(&str, &str); 7] = [
    ("base.html", include_str!("../../templates/base.html")),
    (
        "components.html",
        include_str!("../../templates/components.html"),
    ),
    (
        "explorer.html",
        include_str!("../../templates/explorer.html"),
    ),
    ("form.html", include_str!("../../templates/form.html")),
    ("result.html", include_str!("../../templates/result.html")),
    ("report.html", include_str!("../../templates/report.html")),
    ("problem.html", include_str!("../../templates/problem.html")),
];

/// The templates, parsed.
#[derive(Debug)]
pub(crate) struct Pages {
    tera: Tera,
}

impl Pages {
    pub(crate) fn new() -> Pages {
        let mut tera = Tera::new();
        tera.add_raw_templates(TEMPLATES)
            .expect("the templates parse: a test renders each of them");
        Pages { tera }
    }

    /// The explorer; `query` leads from it to the form where scripts do not run.
    pub(crate) fn explorer(&self, query: &str, limits: &Limits) -> Response {
        self.page(
            "explorer.html",
            &json!({
                "query": query,
                "first_modules": FIRST_MODULES,
                "modules": MODULES,
                "formulas": Formula::NAMES,
                "colourings": Colouring::ALL.map(Colouring::name),
                "qualities": Quality::ALL.map(Quality::name),
                "subdivisions": Subdivision::ALL.map(Subdivision::name),
                "most_side": limits.side,
                "most_samples": limits.samples,
            }),
        )
    }

    /// The form, with a glance at `view` when it shows one; `limits` are what its fields may hold.
    pub(crate) fn form(&self, form: &Form, view: Option<&View>, limits: &Limits) -> Response {
        let palettes: Vec<Value> = PALETTES
            .iter()
            .map(|palette| json!({ "name": palette.name, "about": palette.about }))
            .collect();
        self.page(
            "form.html",
            &json!({
                "form": form,
                "preview": view.map(|view| preview(view, PREVIEW_SIDE)),
                "query": view.map(View::query),
                "presets": presets(limits),
                "palettes": palettes,
                "own": form.own_stops().and_then(|around| swatch(&around)),
                "formulas": Formula::NAMES,
                "colourings": Colouring::ALL.map(Colouring::name),
                "qualities": Quality::ALL.map(Quality::name),
                "subdivisions": Subdivision::ALL.map(Subdivision::name),
                "deepest": limits.zoom_exponent.to_string(),
                "most_side": limits.side.to_string(),
                "most_samples": limits.samples.to_string(),
            }),
        )
    }

    /// The page on which a picture arrives.
    pub(crate) fn result(&self, request: &RenderRequest) -> Response {
        let view = &request.view;
        let query = view.query();
        let id = request.progress.map(|id| id.to_string());
        self.page(
            "result.html",
            &json!({ "view": view, "query": query, "id": id, "file": file_name(view) }),
        )
    }

    /// What became of a render.
    pub(crate) fn report(&self, report: &Report) -> Response {
        self.page(
            "report.html",
            &json!({ "report": report, "running": !report.state.is_final() }),
        )
    }

    /// A problem in words; `problem` is its JSON.
    pub(crate) fn problem(&self, problem: &[u8]) -> Response {
        let problem: Value = serde_json::from_slice(problem).unwrap_or_default();
        self.page("problem.html", &json!({ "problem": problem }))
    }

    fn page(&self, template: &str, content: &impl Serialize) -> Response {
        let context = Context::from_serialize(content);
        match context.and_then(|context| self.tera.render(template, &context)) {
            Ok(html) => Html(html).into_response(),
            Err(error) => {
                tracing::error!(template, %error, "a page could not be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// The places, each with what draws its thumbnail.
fn presets(limits: &Limits) -> Vec<Value> {
    let thumbnail = |query| {
        let view = View::read(Fields::from_query(query), limits).unwrap_or_default();
        preview(&view, THUMBNAIL_SIDE)
    };
    let place = |preset: &Preset| {
        let mut place = json!(preset);
        place["thumbnail"] = thumbnail(preset.query);
        place
    };
    PRESETS.iter().map(place).collect()
}

/// The stops of a palette once around, as an SVG gradient has them: its offsets are from 0 to 1, so it reaches beyond the swatch.
fn swatch(around: &[Stop]) -> Option<Value> {
    let (first, last) = around.first().zip(around.last())?;
    let reach = last.position - first.position;
    let stop = |stop: &Stop| {
        let [red, green, blue] = stop.colour;
        let colour = format!("#{red:02x}{green:02x}{blue:02x}");
        json!({ "offset": (stop.position - first.position) / reach, "colour": colour })
    };
    let stops: Vec<Value> = around.iter().map(stop).collect();
    Some(json!({ "from": first.position, "to": last.position, "stops": stops }))
}

/// The view with `side` pixels along its longer side, as a query string with its size.
fn preview(view: &View, side: u32) -> Value {
    let longer = u64::from(view.width.max(view.height));
    // At most `side`, because no side is longer than the longer one.
    let scaled = |pixels: u32| (u64::from(pixels) * u64::from(side) / longer).max(1) as u32;
    let small = View {
        width: scaled(view.width),
        height: scaled(view.height),
        samples: PREVIEW_SAMPLES,
        ..view.clone()
    };
    json!({ "query": small.query(), "width": small.width, "height": small.height })
}
