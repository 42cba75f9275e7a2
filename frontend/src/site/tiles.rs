//! `/tiles/{version}/{z}/{x}/{y}.{png|npy}`: tiles that are the same for everybody and for ever, and where to find them.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::header::{X_ITERATIONS, X_WORKER};
use protocol::{Appearance, FieldErrors, Fields, Format, TileAddress, TileRequest};
use service::Problem;
use tokio::task::spawn_blocking;

use crate::site::Site;
use crate::site::picture::refused;
use crate::tiles::coding::Coding;
use crate::tiles::tile::{Source, Tile, TileKey};

/// What tiles look like: it changes when the same address would be drawn otherwise, be it by a single pixel.
pub(crate) const VERSION: &str = "v1";
/// A tile never changes (RFC 8246).
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Which version is the newest may change with the next release.
const FOR_NOW: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// `GET` and `HEAD /tiles/{version}/{z}/{x}/{y}.{form}`.
pub(crate) async fn tile(
    State(site): State<Site>,
    Path((version, z, x, file)): Path<(String, String, String, String)>,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    if version != VERSION {
        let detail = format!("there are tiles of version {VERSION} alone");
        return Err(Problem::new(StatusCode::NOT_FOUND, "Not found", detail));
    }
    let (address, format) = read(&z, &x, &file, &site)?;
    let appearance = appearance(query.as_deref(), format, &site)?;
    let asked = Asked {
        name: format!("{address}.{}", format.name()),
        place: Place::Square(address),
        appearance,
    };
    Ok(asked.answer(&site, &method, &headers).await)
}

/// `GET /tiles/{z}/{x}/{y}.{form}`: the way to the newest version.
pub(crate) async fn newest(
    State(site): State<Site>,
    Path((z, x, file)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (address, format) = read(&z, &x, &file, &site)?;
    appearance(query.as_deref(), format, &site)?;
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let location = format!("/tiles/{VERSION}/{address}.{}{query}", format.name());
    let headers = [(header::LOCATION, location)];
    let cache = [(header::CACHE_CONTROL, FOR_NOW)];
    Ok((StatusCode::TEMPORARY_REDIRECT, headers, cache).into_response())
}

/// The address and the form that a path says.
fn read(z: &str, x: &str, file: &str, site: &Site) -> Result<(TileAddress, Format), Problem> {
    let (y, ending) = file.rsplit_once('.').unwrap_or((file, ""));
    let format = match ending {
        "png" => Format::Png,
        "npy" => Format::Npy,
        _ => {
            let detail = "a tile's address ends in .png or .npy";
            return Err(Problem::new(StatusCode::NOT_FOUND, "Not found", detail));
        }
    };
    let address = TileAddress::parse(z, x, y, &site.limits).map_err(|errors| misplaced(&errors))?;
    Ok((address, format))
}

/// A place that is none, or that is outside of the world.
pub(crate) fn misplaced(errors: &FieldErrors) -> Problem {
    let (status, title) = match errors.status() {
        400 => (StatusCode::BAD_REQUEST, "Fields refused"),
        _ => (StatusCode::NOT_FOUND, "No such tile"),
    };
    Problem::new(status, title, errors.to_string()).with("errors", errors)
}

/// How the tile is to look.
pub(crate) fn appearance(
    query: Option<&str>,
    format: Format,
    site: &Site,
) -> Result<Appearance, Problem> {
    let fields = Fields::from_query(query.unwrap_or_default());
    Appearance::read(fields, format, &site.limits).map_err(|errors| refused(&errors))
}

/// A tile that is asked for.
pub(crate) struct Asked {
    /// What tells it from all others of its version and appearance.
    pub(crate) name: String,
    /// How it looks.
    pub(crate) appearance: Appearance,
    /// Where it is.
    pub(crate) place: Place,
}

/// Where a tile is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// At an address.
    Square(TileAddress),
    /// It is the whole world, with so many pixels along each side.
    World(u32),
}

impl Place {
    /// How a worker is asked for it.
    fn request(&self, appearance: &Appearance) -> TileRequest {
        match self {
            Place::Square(address) => appearance.request(address),
            Place::World(side) => appearance.world(*side),
        }
    }
}

impl Asked {
    /// The answer: nothing is drawn for who has the tile already, or wants to know no more than its head.
    pub(crate) async fn answer(
        self,
        site: &Site,
        method: &Method,
        headers: &HeaderMap,
    ) -> Response {
        let coding = match self.appearance.format() {
            Format::Npy => Coding::accepted(headers),
            _ => Coding::Identity,
        };
        let key = TileKey::of(&format!(
            "{VERSION}/{}?{}",
            self.name,
            self.appearance.query()
        ));
        // Each coding is a representation of its own (RFC 9110 §8.8.3.3).
        let tag = match coding.name() {
            Some(coding) => format!("\"{key}-{coding}\""),
            None => format!("\"{key}\""),
        };
        if is_known(headers, &tag) {
            site.tiles.not_modified();
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            self.describe(response.headers_mut(), &tag);
            return response;
        }
        let mut response = if *method == Method::HEAD {
            // Of no known length, as the tile is: an empty body would claim that it has no bytes.
            let nothing = futures::stream::empty::<std::io::Result<axum::body::Bytes>>();
            Response::new(Body::from_stream(nothing))
        } else {
            let priority = priority(headers);
            let (place, appearance) = (self.place.clone(), self.appearance.clone());
            let request = move || place.request(&appearance);
            match site.tiles.tile(key, request, priority).await {
                Ok((tile, source)) => self.body(&tile, source, coding).await,
                Err(failure) => return failure.into_response(),
            }
        };
        let fields = response.headers_mut();
        let kind = HeaderValue::from_static(self.appearance.format().media_type());
        fields.insert(header::CONTENT_TYPE, kind);
        if let Some(coding) = coding.name() {
            fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        self.describe(fields, &tag);
        response
    }

    /// What is true of a tile whether it is sent or not.
    fn describe(&self, fields: &mut HeaderMap, tag: &str) {
        fields.insert(header::CACHE_CONTROL, FOR_EVER);
        if let Ok(tag) = HeaderValue::from_str(tag) {
            fields.insert(header::ETAG, tag);
        }
        if self.appearance.format() == Format::Npy {
            let vary = HeaderValue::from_static("accept-encoding");
            fields.insert(header::VARY, vary);
        }
    }

    async fn body(&self, tile: &Tile, source: Source, coding: Coding) -> Response {
        let mut body = tile.body.clone();
        if self.appearance.format() == Format::Npy && coding != Coding::Zstd {
            let other = spawn_blocking(move || coding.of(&body)).await;
            let Ok(Some(other)) = other else {
                tracing::error!(tile = self.name, "a packed tile is damaged");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            };
            body = other;
        }
        let mut response = Response::new(Body::from(body));
        let fields = response.headers_mut();
        fields.insert(X_ITERATIONS, HeaderValue::from(tile.iterations));
        let said = [
            (X_WORKER, tile.worker.as_str()),
            ("cache-status", source.cache_status()),
        ];
        // How long it took is nothing to whom it came from the cache.
        let timing = matches!(source, Source::Worker | Source::Shared)
            .then_some(("server-timing", tile.timing.as_str()));
        for (name, value) in said.into_iter().chain(timing) {
            if let Ok(value) = HeaderValue::from_str(value) {
                fields.insert(name, value);
            }
        }
        response
    }
}

/// Whether the client has what bears `tag` (RFC 9110 §13.1.2: compared weakly).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter();
    lists.filter_map(|list| list.to_str().ok()).any(|list| {
        let mut known = list.split(',').map(str::trim);
        known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
    })
}

/// How urgent the client says it is (RFC 9218), if it says so in a way that is understood.
fn priority(headers: &HeaderMap) -> Option<String> {
    let said = headers.get("priority")?.to_str().ok()?;
    let urgency = said
        .split(',')
        .map(str::trim)
        .find_map(|member| member.strip_prefix("u="))?;
    let urgency = urgency.split(';').next()?.trim();
    matches!(urgency.as_bytes(), [b'0'..=b'7']).then(|| format!("u={urgency}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_tag_is_known_alone_in_a_list_and_weakly() {
        for said in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(is_known(&with("if-none-match", said), "\"a\""), "{said}");
        }
        for said in ["\"b\"", "a", "\"a-gzip\""] {
            assert!(!is_known(&with("if-none-match", said), "\"a\""), "{said}");
        }
    }

    #[test]
    fn an_urgency_is_passed_on_and_nothing_else() {
        let said = |value| priority(&with("priority", value));
        assert_eq!(said("u=0"), Some("u=0".to_owned()));
        assert_eq!(said("i, u=7"), Some("u=7".to_owned()));
        for nonsense in ["i", "u=8", "u=-1", "u=", "u=10", "x=1"] {
            assert_eq!(said(nonsense), None, "{nonsense}");
        }
    }
}
