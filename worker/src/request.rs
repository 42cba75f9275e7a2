//! What was asked, and in which form is it to come back? GET has its fields in the query, POST in a JSON
//! body; `format` decides over `Accept`.

use axum::extract::{FromRequest, Request};
use http::{HeaderMap, Method, StatusCode, header};
use protocol::{Fields, Format};
use service::Problem;

use crate::problems;

/// The longest body that is read: far more than the digits of the deepest view.
const LONGEST_BODY: usize = 1 << 20;

/// The fields of a request, from wherever its method has them.
pub(crate) struct Query(pub(crate) Fields);

impl<S: Send + Sync> FromRequest<S> for Query {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if request.method() != Method::POST {
            return Ok(Query(Fields::from_query(
                request.uri().query().unwrap_or_default(),
            )));
        }
        if request.uri().query().is_some() {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "fields in two places",
                "a POST has its fields in a JSON body, not in the query",
            ));
        }
        let body = axum::body::to_bytes(request.into_body(), LONGEST_BODY)
            .await
            .map_err(|_| problems::body_too_long(LONGEST_BODY))?;
        Fields::from_json(&body)
            .map(Query)
            .map_err(|e| problems::refused(&e))
    }
}

/// The form of the answer: `format` if it was given, else the best of `Accept`, else PNG.
///
/// # Errors
/// 406 when the client takes none of the forms.
pub(crate) fn negotiate(format: Option<Format>, headers: &HeaderMap) -> Result<Format, Problem> {
    if let Some(format) = format {
        return Ok(format);
    }
    let accept: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    if accept.is_empty() {
        return Ok(Format::Png);
    }
    let accept = accept.join(",");
    // `max_by` takes the last of equals, so the default form goes last.
    Format::ALL
        .into_iter()
        .rev()
        .map(|format| (format, quality(&accept, format.media_type())))
        .filter(|(_, quality)| *quality > 0.0)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(format, _)| format)
        .ok_or_else(|| {
            Problem::new(
                StatusCode::NOT_ACCEPTABLE,
                "no acceptable form",
                format!(
                    "a tile comes as {}",
                    Format::ALL.map(Format::media_type).join(", ")
                ),
            )
        })
}

/// How much `accept` likes `media_type` (RFC 9110 §12.5.1): the weight of its most specific range, 0 when none matches.
fn quality(accept: &str, media_type: &str) -> f32 {
    let (kind, _) = media_type.split_once('/').unwrap_or((media_type, ""));
    accept
        .split(',')
        .filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next()?.to_ascii_lowercase();
            let specificity = match name.as_str() {
                "*/*" => 0,
                _ if name.strip_suffix("/*") == Some(kind) => 1,
                _ if name == media_type => 2,
                _ => return None,
            };
            let weight = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(1.0, |q| q.parse().unwrap_or(0.0));
            Some((specificity, weight))
        })
        .max_by_key(|(specificity, _)| *specificity)
        .map_or(0.0, |(_, weight)| weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accept: &str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        negotiate(None, &headers).ok()
    }

    #[test]
    fn accept_chooses_the_form() {
        assert_eq!(chosen("*/*"), Some(Format::Png));
        assert_eq!(chosen("text/html,image/*;q=0.8"), Some(Format::Png));
        assert_eq!(chosen("application/x-npy"), Some(Format::Npy));
        assert_eq!(
            chosen("image/png;q=0.2, application/x-npy;q=0.9"),
            Some(Format::Npy)
        );
        assert_eq!(chosen("*/*, image/png;q=0"), Some(Format::Npy));
        assert_eq!(chosen("text/html"), None);
    }

    #[test]
    fn the_format_field_decides_over_accept() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, "image/png".parse().unwrap());
        assert_eq!(
            negotiate(Some(Format::Band), &headers).ok(),
            Some(Format::Band)
        );
    }
}
