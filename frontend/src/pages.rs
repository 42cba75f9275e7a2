//! What do people see? Four pages, made of templates that are part of the binary. Every text that goes
//! into one is escaped.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use protocol::{Colouring, Formula, PALETTES, View};
use serde::Serialize;
use serde_json::{Value, json};
use tera::{Context, Tera};

use crate::form::Form;
use crate::picture::file_name;
use crate::presets::PRESETS;
use crate::report::Report;
use crate::request::RenderRequest;

/// Pixels along a preview's longer side: a glance, drawn in the time that a page takes to load.
const PREVIEW_SIDE: u32 = 640;

const TEMPLATES: [(&str, &str); 6] = [
    ("base.html", include_str!("../templates/base.html")),
    (
        "components.html",
        include_str!("../templates/components.html"),
    ),
    ("form.html", include_str!("../templates/form.html")),
    ("result.html", include_str!("../templates/result.html")),
    ("report.html", include_str!("../templates/report.html")),
    ("problem.html", include_str!("../templates/problem.html")),
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

    /// The form, with a glance at `view`.
    pub(crate) fn form(&self, form: &Form, view: &View) -> Response {
        let palettes: Vec<Value> = PALETTES
            .iter()
            .map(|palette| json!({ "name": palette.name, "about": palette.about }))
            .collect();
        self.page(
            "form.html",
            &json!({
                "form": form,
                "preview": preview(view),
                "presets": &PRESETS,
                "palettes": palettes,
                "formulas": Formula::NAMES,
                "colourings": Colouring::ALL.map(Colouring::name),
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

/// The view at the size of a preview, as a query string, with its size in pixels.
fn preview(view: &View) -> Value {
    let longer = view.width.max(view.height);
    let scaled = |side: u32| {
        let side = u64::from(side) * u64::from(PREVIEW_SIDE) / u64::from(longer);
        u32::try_from(side).unwrap_or(PREVIEW_SIDE).max(1)
    };
    let small = View {
        width: scaled(view.width),
        height: scaled(view.height),
        samples: 1,
        ..view.clone()
    };
    json!({ "query": small.query(), "width": small.width, "height": small.height })
}
