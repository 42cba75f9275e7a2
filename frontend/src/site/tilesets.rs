//! How do other programs find the tiles? Map viewers by a TileJSON document, viewers of deep images by a Deep Zoom one. Neither goes
//! deeper than their numbers do.

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::{FieldErrors, Format, TileAddress};
use serde_json::json;
use service::Problem;

use crate::site::Site;
use crate::site::tiles::{Asked, Place, VERSION, appearance, misplaced};

/// A place in f64 has 53 bits, of which 8 are for the pixels within a tile.
const DEEPEST_MAP: u32 = 45;
/// The sides of Deep Zoom images are signed 32-bit numbers in many viewers: 2^30 pixels.
const DEEPEST_IMAGE: u32 = 30;
/// The level whose picture is one whole tile.
const ONE_TILE: u32 = TileAddress::SIDE.ilog2();
/// What these documents say may change with the next release.
const FOR_NOW: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// `GET /tiles.json?…`: TileJSON 2.2.0, with the query as the tiles' own.
pub(crate) async fn tilejson(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = appearance(query.as_deref(), Format::Png, &site)?.query();
    let query = if query.is_empty() {
        query
    } else {
        format!("?{query}")
    };
    let origin = origin(&headers)?;
    let document = json!({
        "tilejson": "2.2.0",
        "name": "Tilebrot",
        "description": "The square of side 4 around -0.5 + 0i",
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [format!("{origin}/tiles/{VERSION}/{{z}}/{{x}}/{{y}}.png{query}")],
        "minzoom": 0,
        "maxzoom": DEEPEST_MAP.min(TileAddress::deepest(&site.limits)),
    });
    let fields = [
        (header::CACHE_CONTROL, FOR_NOW),
        // The address of the tiles is the one that this was asked at.
        (
            header::VARY,
            HeaderValue::from_static("host, x-forwarded-proto"),
        ),
    ];
    Ok((fields, axum::Json(document)).into_response())
}

/// The scheme and the authority that the client used.
fn origin(headers: &HeaderMap) -> Result<String, Problem> {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = match said("x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    let host = said("host").filter(|host| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        !host.is_empty() && host.bytes().all(is_plain)
    });
    let host = host.ok_or_else(|| {
        let detail = "the Host field is missing, or is no HOST:PORT";
        Problem::new(StatusCode::BAD_REQUEST, "Host refused", detail)
    })?;
    Ok(format!("{scheme}://{host}"))
}

/// `GET /tiles.dzi`: a Deep Zoom image. Viewers put the query behind the addresses of its tiles themselves.
pub(crate) async fn dzi(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    appearance(query.as_deref(), Format::Png, &site)?;
    let (tile, side) = (TileAddress::SIDE, 1_u64 << deepest_image(&site));
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Image xmlns=\"http://schemas.microsoft.com/deepzoom/2008\" TileSize=\"{tile}\" Overlap=\"0\" Format=\"png\">\n\
         <Size Width=\"{side}\" Height=\"{side}\"/>\n</Image>\n"
    );
    let fields = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/xml"),
        ),
        (header::CACHE_CONTROL, FOR_NOW),
    ];
    Ok((fields, document).into_response())
}

fn deepest_image(site: &Site) -> u32 {
    DEEPEST_IMAGE.min(ONE_TILE.saturating_add(TileAddress::deepest(&site.limits)))
}

/// `GET /tiles_files/{level}/{x}_{y}.png`: level 0 is one pixel, and each has twice as many along a side as the one before.
pub(crate) async fn dzi_tile(
    State(site): State<Site>,
    Path((level, file)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let nothing = |detail: String| Problem::new(StatusCode::NOT_FOUND, "No such tile", detail);
    let most = deepest_image(&site);
    let place = file
        .strip_suffix(".png")
        .and_then(|place| place.split_once('_'));
    let level = level.parse::<u32>().ok().filter(|level| *level <= most);
    let (Some((x, y)), Some(level)) = (place, level) else {
        let detail = format!("a tile is at LEVEL/X_Y.png, with a level from 0 to {most}");
        return Err(nothing(detail));
    };
    let z = level.saturating_sub(ONE_TILE);
    let address = TileAddress::parse(&z.to_string(), x, y, &site.limits);
    let address = address.map_err(|errors: FieldErrors| misplaced(&errors))?;
    let appearance = appearance(query.as_deref(), Format::Png, &site)?;
    let (name, place) = if level < ONE_TILE {
        let side = 1 << level;
        (format!("world-{side}.png"), Place::World(side))
    } else {
        (format!("{address}.png"), Place::Square(address))
    };
    let asked = Asked {
        name,
        appearance,
        place,
    };
    // The path says no version, so the answer may be another some day.
    let mut response = asked.answer(&site, &method, &headers).await;
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, FOR_NOW);
    }
    Ok(response)
}
