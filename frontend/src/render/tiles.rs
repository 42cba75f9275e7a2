//! What does one request to the workers bring? A survey of the view or a band of it, checked; or a
//! [`Trouble`]. Dropping the request closes its connection, and the worker stops.

use std::time::Duration;

use axum::http::{StatusCode, header};
use bytes::{Bytes, BytesMut};
use protocol::header::{X_POOL_CAPACITY, X_WORKER};
use protocol::{Adler, Band, Format, Survey, TileRequest, View};
use reqwest::{Client, Response};
use serde::Serialize;

use crate::render::png;
use crate::render::timing::Timing;
use crate::trouble::{Refusal, Trouble};

/// The longest problem or survey that is read: a thousand quantiles and their frame are 30 kB.
const MOST_JSON: usize = 1 << 18;
/// A connection to a neighbour in the cluster is made in milliseconds or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest name of a worker that is shown, in characters.
const MOST_NAME: usize = 64;
/// The pool that a header may announce; past it, a window of requests would be absurd.
const MOST_SLOTS: u32 = 1024;

/// The workers, as they are reached through their balancer.
#[derive(Clone, Debug)]
pub(crate) struct Tiles {
    client: Client,
    base: String,
    timeout: Duration,
}

/// A survey, with the number of pieces that the pool draws at once, if the balancer says it.
pub(crate) struct Surveyed {
    pub(crate) survey: Survey,
    pub(crate) slots: Option<u32>,
}

/// A band that arrived whole.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    /// The IDAT chunk, as it goes into the PNG.
    pub(crate) chunk: Bytes,
    /// The checksum of its rows.
    pub(crate) adler: Adler,
    /// How many rows it holds.
    pub(crate) rows: u32,
    /// Who drew it.
    pub(crate) worker: String,
    /// How long that took, by the worker's own clock.
    pub(crate) timing: Timing,
}

impl Tiles {
    /// The tile service at `base`; one request may take `timeout`, its body included.
    pub(crate) fn new(base: String, timeout: Duration) -> Result<Tiles, reqwest::Error> {
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .build()?;
        Ok(Tiles {
            client,
            base,
            timeout,
        })
    }

    /// What must be known of the view before it is cut.
    pub(crate) async fn survey(&self, view: &View, key: String) -> Result<Surveyed, Trouble> {
        let response = self
            .post("/v1/survey", "application/json", view, key)
            .await?;
        let slots = text(&response, X_POOL_CAPACITY).and_then(|slots| slots.parse().ok());
        let body = read(response, MOST_JSON).await?;
        let survey = serde_json::from_slice(&body).map_err(|e| Trouble::Damaged(e.to_string()))?;
        Ok(Surveyed {
            survey,
            slots: slots.map(|slots: u32| slots.clamp(1, MOST_SLOTS)),
        })
    }

    /// One band of whole rows.
    pub(crate) async fn band(&self, request: &TileRequest, key: String) -> Result<Drawn, Trouble> {
        let accept = Format::Band.media_type();
        let response = self.post("/v1/tile", accept, request, key).await?;
        let worker = text(&response, X_WORKER).unwrap_or("unnamed");
        let worker = worker.chars().take(MOST_NAME).collect();
        let timing = Timing::read(text(&response, "server-timing").unwrap_or_default());
        let (rows, stride) = (request.rect.h, png::stride(request.view.width));
        let raw = u64::from(rows) * stride;
        // Fixed codes, the worst of deflate, spend up to nine bits on a byte (RFC 1951 §3.2.6).
        let most = usize::try_from(raw + raw / 4 + 1024).unwrap_or(usize::MAX);
        let body = read(response, most).await?;
        let band = Band::decode(&body, rows, stride)?;
        Ok(Drawn {
            adler: band.head.adler,
            chunk: body.slice_ref(band.chunk),
            rows,
            worker,
            timing,
        })
    }

    /// Posts `body` and sorts the answer. The key lets a balancer repeat the request on another worker.
    async fn post(
        &self,
        path: &str,
        accept: &str,
        body: &impl Serialize,
        key: String,
    ) -> Result<Response, Trouble> {
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request.timeout(self.timeout).json(body);
        let request = request.header(header::ACCEPT, accept);
        let response = request.header("idempotency-key", key).send().await?;
        match response.status() {
            StatusCode::OK => Ok(response),
            status @ (StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) => {
                let body = read(response, MOST_JSON).await?;
                Err(Trouble::Refused(Refusal { status, body }))
            }
            status if may_pass(status) => {
                let retry_after = text(&response, "retry-after").and_then(|s| s.parse().ok());
                Err(Trouble::Busy {
                    status,
                    retry_after: retry_after.map(Duration::from_secs),
                })
            }
            status => Err(Trouble::Foreign(status)),
        }
    }
}

/// Whether the status speaks of the moment and not of the request.
fn may_pass(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY
        )
}

fn text<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// Reads a body that should have at most `most` bytes.
async fn read(mut response: Response, most: usize) -> Result<Bytes, Trouble> {
    let announced = response.content_length().unwrap_or(0);
    let mut body = BytesMut::with_capacity(most.min(usize::try_from(announced).unwrap_or(most)));
    while let Some(part) = response.chunk().await? {
        if body.len() + part.len() > most {
            return Err(Trouble::Damaged(format!("more than {most} bytes")));
        }
        body.extend_from_slice(&part);
    }
    Ok(body.freeze())
}
