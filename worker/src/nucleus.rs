//! Which minibrot does a view show? A job like a tile: it takes a place in the queue, and stops when its requester leaves.
//!
//! A view without one is answered with 404 and not with an empty 200: the nucleus is what was asked for, and it is not there. Whoever
//! gets a 200 has a nucleus.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fractal::{NucleusError, Shape};
use http::StatusCode;
use protocol::{Fault, FieldError, FieldErrors, Iterations, Nucleus, View};
use service::Problem;

use crate::api::{Worker, sign};
use crate::job::Failure;
use crate::request::Query;
use crate::{problems, translate};

pub(crate) async fn nucleus_of(
    State(worker): State<Arc<Worker>>,
    Query(fields): Query,
) -> Result<Response, Problem> {
    let limits = &worker.settings.limits;
    let view = View::read(fields, limits).map_err(|e| problems::refused(&e))?;
    let limit = match view.iterations {
        Iterations::Limit(limit) => limit,
        Iterations::Auto => translate::generous_limit(&view).min(limits.iterations),
    };
    translate::plan(&view, limit).map_err(|e| problems::refused(&e))?;
    let presence = worker.admission.enter();
    let presence = presence.ok_or_else(|| problems::busy(&worker.admission))?;
    let permit = presence.place().await;
    let of_pixels = translate::view_of_pixels(&view, limit);
    let found = worker.pool.run(permit, move |cancel| {
        match fractal::nucleus(&of_pixels, cancel) {
            Err(NucleusError::Cancelled) => Err(Failure::Cancelled),
            settled => Ok(settled),
        }
    });
    let found = found.await.map_err(|e| problems::not_drawn(&e))?;
    match found {
        Ok(Some(nucleus)) => {
            let mut response = Json(answer(&nucleus)).into_response();
            sign(&worker, response.headers_mut());
            Ok(response)
        }
        Ok(None) => Err(none(limit)),
        Err(error) => Err(problems::refused(&refusal(&view, limit, &error))),
    }
}

fn answer(nucleus: &fractal::Nucleus) -> Nucleus {
    let shape = |shape| match shape {
        Shape::Cardioid => "cardioid".to_owned(),
        Shape::Disc => "disc".to_owned(),
    };
    Nucleus {
        period: nucleus.period,
        re: nucleus.re.to_string(),
        im: nucleus.im.to_string(),
        size: nucleus.size.to_string(),
        orientation: nucleus.orientation_degrees,
        zoom: nucleus.zoom.to_string(),
        shape: nucleus.shape.map(shape),
    }
}

fn none(limit: u64) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no nucleus",
        format!("no nucleus of a period up to {limit} lies in this view"),
    )
    .with("iterations", limit)
}

/// Which field it is for which no answer is known.
fn refusal(view: &View, limit: u64, error: &NucleusError) -> FieldErrors {
    let (field, value, accepted) = match error {
        NucleusError::Formula => (
            "formula",
            view.formula.name().into(),
            "mandelbrot or multibrot",
        ),
        NucleusError::TooLong => (
            "iterations",
            limit.to_string(),
            "a lower limit: the search takes too long at this depth",
        ),
        _ => (
            "zoom",
            view.zoom.to_string(),
            "a view of a nucleus that is large enough to be drawn",
        ),
    };
    FieldError::new(field, &value, Fault::Unacceptable, accepted).into()
}
