//! `/render.png`: the picture itself, for `img`, `curl` and programs.

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::header::X_ITERATIONS;
use protocol::{FieldErrors, Fields, View};
use service::Problem;

use crate::render::request::RenderRequest;
use crate::site::Site;

/// The same view is the same picture; an hour bounds what a new version of ours would leave stale.
const CACHE: HeaderValue = HeaderValue::from_static("private, max-age=3600");

/// `GET` and `HEAD /render.png?…`.
pub(crate) async fn from_query(
    State(site): State<Site>,
    method: Method,
    RawQuery(query): RawQuery,
) -> Response {
    let fields = Fields::from_query(&query.unwrap_or_default());
    answer(site, Ok(fields), method == Method::HEAD).await
}

/// `POST /render.png` with the fields as a JSON object, for coordinates too long for an address.
pub(crate) async fn from_json(
    State(site): State<Site>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match body {
        Ok(body) => answer(site, Fields::from_json(&body), false).await,
        Err(rejection) => Problem::new(
            rejection.status(),
            "Body refused",
            "the body did not arrive, or is longer than any view",
        )
        .into_response(),
    }
}

async fn answer(site: Site, fields: Result<Fields, FieldErrors>, head_only: bool) -> Response {
    let request = match fields.and_then(|fields| RenderRequest::read(fields, &site.limits)) {
        Ok(request) => request,
        Err(errors) => return refused(&errors).into_response(),
    };
    let name = file_name(&request.view);
    let picture = match site.renderer.begin(request).await {
        Ok(picture) => picture,
        Err(failure) => return failure.into_response(),
    };
    let iterations = picture.iterations;
    let body = if head_only {
        picture.head_only();
        // Of no known length, as the picture is: an empty body would claim that it has no bytes.
        Body::from_stream(futures::stream::empty::<std::io::Result<Bytes>>())
    } else {
        Body::from_stream(picture.bytes())
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    headers.insert(header::CACHE_CONTROL, CACHE);
    // A proxy that gathers an answer before it passes it on would keep the rows that are drawn already.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    headers.insert(X_ITERATIONS, HeaderValue::from(iterations));
    if let Ok(disposition) = HeaderValue::from_str(&format!("inline; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// The fields that cannot be used, as a program reads them.
pub(crate) fn refused(errors: &FieldErrors) -> Problem {
    let status = StatusCode::from_u16(errors.status()).unwrap_or(StatusCode::BAD_REQUEST);
    Problem::new(status, "Fields refused", errors.to_string()).with("errors", errors)
}

/// What the picture is called when it is saved.
pub(crate) fn file_name(view: &View) -> String {
    // Enough of the zoom to tell pictures apart; a deep one has no end.
    let zoom: String = view.zoom.as_str().chars().take(16).collect();
    format!(
        "{}-zoom-{zoom}-{}x{}.png",
        view.formula.name(),
        view.width,
        view.height
    )
}
