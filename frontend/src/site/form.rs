//! `/form` and `/render`: the form, and the page that its picture arrives on. What was typed stays typed:
//! a form that is shown again has every text as it was, with the mistakes beside their fields.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use protocol::{ChosenPalette, Fields, Stop, View};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::progress::id::RenderId;
use crate::render::request::RenderRequest;
use crate::site::Site;
use crate::site::edge::wants_page;
use crate::site::picture;

/// Views whose JSON has, between them, every field with its default.
const EVERY_FIELD: [&str; 3] = ["formula=multibrot", "formula=julia", ""];

/// The texts of a form's fields, and what is wrong with them.
#[derive(Debug, Serialize)]
pub(crate) struct Form {
    values: BTreeMap<&'static str, String>,
    /// By field; those of fields that the form does not have come in `strays`.
    errors: BTreeMap<&'static str, String>,
    strays: Vec<String>,
    refused: bool,
}

impl Form {
    /// The fields of `query`, and defaults for the others.
    fn prefilled(query: &str, site: &Site) -> Form {
        let mut values = BTreeMap::new();
        for query in EVERY_FIELD {
            let view = View::read(Fields::from_query(query), &site.limits);
            let members = serde_json::to_value(view.unwrap_or_default()).unwrap_or_default();
            for field in View::FIELDS {
                match &members[field] {
                    Value::Null => {}
                    Value::String(text) => drop(values.insert(field, text.clone())),
                    number => {
                        // As a person writes it: 1, not 1.0.
                        let number = number.as_f64().unwrap_or_default();
                        values.insert(field, number.to_string());
                    }
                }
            }
        }
        let mut fields = Fields::from_query(query);
        for field in View::FIELDS {
            if let Some(text) = fields.take(field) {
                values.insert(field, text);
            }
        }
        Form {
            values,
            errors: BTreeMap::new(),
            strays: Vec::new(),
            refused: false,
        }
    }

    /// The stops of its palette, once around, when that is none of the catalogue.
    pub(crate) fn own_stops(&self) -> Option<Vec<Stop>> {
        let palette = ChosenPalette::parse(self.values.get("palette")?).ok()?;
        matches!(palette, ChosenPalette::Own(_)).then(|| palette.around())
    }

    /// With `errors`: names of fields, and what is accepted there.
    fn refused<'a>(mut self, errors: impl IntoIterator<Item = (&'a str, &'a str)>) -> Form {
        self.refused = true;
        for (name, accepted) in errors {
            let said = format!("Accepted is {accepted}.");
            match View::FIELDS.into_iter().find(|field| *field == name) {
                Some(field) => drop(self.errors.insert(field, said)),
                None => self.strays.push(format!("{name}: {said}")),
            }
        }
        self
    }
}

/// `GET /form`: the form, filled in with what the address says.
pub(crate) async fn form(State(site): State<Site>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let preview = View::read(Fields::from_query(&query), &site.limits).ok();
    site.pages
        .form(
            &Form::prefilled(&query, &site),
            preview.as_ref(),
            &site.limits,
        )
        .into_response()
}

/// `GET /render`: the page of one picture, or the form again.
pub(crate) async fn submit(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let again = |status: StatusCode, errors: Vec<(&str, &str)>| {
        let form = Form::prefilled(&query, &site).refused(errors);
        (status, site.pages.form(&form, None, &site.limits)).into_response()
    };
    let view = match View::read(Fields::from_query(&query), &site.limits) {
        Ok(view) => view,
        Err(errors) if wants_page(&headers) => {
            let status = StatusCode::from_u16(errors.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let fields = errors
                .iter()
                .map(|e| (e.field.as_str(), e.accepted.as_str()));
            return again(status, fields.collect());
        }
        Err(errors) => return picture::refused(&errors).into_response(),
    };
    if let Some(refusal) = site.renderer.objection(&view).await {
        if !wants_page(&headers) {
            return refusal.into_response();
        }
        let fields = refusal.fields();
        let fields = fields
            .iter()
            .map(|(field, accepted)| (field.as_str(), accepted.as_str()));
        return again(refusal.status, fields.collect());
    }
    let id = RenderId::random();
    site.renderer.registry.begin(id);
    let request = RenderRequest {
        view,
        progress: Some(id),
    };
    site.pages.result(&request).into_response()
}
