//! What does one request to the workers bring? A survey of the view or a band of it, checked; or a
//! [`Trouble`]. Dropping the request closes its connection, and the worker stops.

use std::time::Duration;

use axum::http::{StatusCode, header};
use bytes::{Bytes, BytesMut};
use protocol::header::{X_ITERATIONS, X_POOL_CAPACITY, X_WORKER, X_WORKER_CAPACITY};
use protocol::{Adler, Band, Format, Nucleus, Strips, Survey, SurveyLine, TileRequest, View};
use reqwest::{Client, RequestBuilder, Response};
use serde::Serialize;
use service::PROBLEM_JSON;
use tokio::time::timeout;

use crate::render::png;
use crate::render::slots::Word;
use crate::render::timing::Timing;
use crate::tiles::tile::Tile;
use crate::trouble::{Refusal, Trouble};

/// The longest problem, survey or nucleus that is read: a thousand quantiles and their frame are 30 kB, the digits of a nucleus
/// at 10^-25,000 twice that.
const MOST_JSON: usize = 1 << 18;
/// A connection to a neighbour in the cluster is made in milliseconds or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest name of a worker that is shown, in characters.
const MOST_NAME: usize = 64;
/// The longest account of a worker's time that is passed on, in characters.
const MOST_TIMING: usize = 512;
/// What a tile's file has beside its pixels, at most.
const MOST_HEAD: usize = 4096;

/// A worker that computes an orbit says every 200 ms how far it is; one that is silent for so long is frozen or gone.
const SILENCE: Duration = Duration::from_secs(10);

/// The workers, as they are reached through their balancer.
#[derive(Clone, Debug)]
pub(crate) struct Tiles {
    client: Client,
    base: String,
    timeout: Duration,
}

/// A survey, and who made it.
pub(crate) struct Surveyed {
    pub(crate) survey: Survey,
    pub(crate) word: Word,
}

/// A survey on its way: a worker has taken it on, and said its first line.
pub(crate) struct Surveying {
    response: Response,
    word: Word,
    line: SurveyLine,
    unread: BytesMut,
}

/// A band that arrived whole.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    /// The IDAT chunks, as they go into the PNG.
    pub(crate) chunks: Bytes,
    /// The checksum of its rows.
    pub(crate) adler: Adler,
    /// How many rows it holds.
    pub(crate) rows: u32,
    /// Who drew it, and how many are drawn at once.
    pub(crate) word: Word,
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

    /// What must be known of the view before it is cut: asks for it, and waits until a worker has begun. A view that no worker draws
    /// is refused here.
    pub(crate) async fn survey(&self, view: &View, key: String) -> Result<Surveying, Trouble> {
        let first = async {
            let request = self.request("/v1/survey", SurveyLine::MEDIA_TYPE, view, key);
            let mut response = sorted(request.send().await?).await?;
            let (word, mut unread) = (word(&response), BytesMut::new());
            let line = next_line(&mut response, &mut unread).await?;
            Ok(Surveying {
                response,
                word,
                line,
                unread,
            })
        };
        timeout(self.timeout, first)
            .await
            .unwrap_or(Err(Trouble::Slow))
    }

    /// One band of whole rows.
    pub(crate) async fn band(&self, request: &TileRequest, key: String) -> Result<Drawn, Trouble> {
        let accept = Format::Band.media_type();
        let asked = self.request("/v1/tile", accept, request, key);
        let response = sorted(asked.timeout(self.timeout).send().await?).await?;
        let word = word(&response);
        let timing = Timing::read(text(&response, "server-timing").unwrap_or_default());
        let (rows, stride) = (request.rect.h, png::stride(request.view.width));
        let raw = u64::from(rows) * stride;
        // Fixed codes, the worst of deflate, spend up to nine bits on a byte (RFC 1951 §3.2.6).
        let most = usize::try_from(raw + raw / 4 + 1024).unwrap_or(usize::MAX);
        let body = read(response, most).await?;
        let strips = Strips::of(&request.view).count_in(rows);
        let band = Band::decode(&body, rows, stride, strips)?;
        Ok(Drawn {
            adler: band.head.adler,
            chunks: body.slice_ref(band.chunks),
            rows,
            word,
            timing,
        })
    }

    /// The minibrot of the view. That there is none comes as the worker's refusal.
    pub(crate) async fn nucleus(&self, view: &View, key: String) -> Result<Nucleus, Trouble> {
        let request = self.request("/v1/nucleus", "application/json", view, key);
        let response = request.timeout(self.timeout).send().await?;
        let is_problem = text(&response, "content-type") == Some(PROBLEM_JSON);
        if response.status() == StatusCode::NOT_FOUND && is_problem {
            let (status, body) = (StatusCode::NOT_FOUND, read(response, MOST_JSON).await?);
            return Err(Trouble::Refused(Refusal { status, body }));
        }
        let body = read(sorted(response).await?, MOST_JSON).await?;
        serde_json::from_slice(&body).map_err(|e| Trouble::Damaged(e.to_string()))
    }

    /// One tile, as its form's bytes; `priority` is how urgent the client says it is.
    pub(crate) async fn tile(
        &self,
        request: &TileRequest,
        key: String,
        priority: Option<&str>,
    ) -> Result<Tile, Trouble> {
        let accept = request.format.unwrap_or(Format::Png).media_type();
        let mut asked = self.request("/v1/tile", accept, request, key);
        if let Some(priority) = priority {
            asked = asked.header("priority", priority);
        }
        let response = sorted(asked.timeout(self.timeout).send().await?).await?;
        let worker = word(&response).worker;
        let iterations = text(&response, X_ITERATIONS).and_then(|number| number.parse().ok());
        let iterations =
            iterations.ok_or_else(|| Trouble::Damaged("a tile without its limit".to_owned()))?;
        let timing = text(&response, "server-timing").unwrap_or_default();
        let timing = timing.chars().take(MOST_TIMING).collect();
        let kind = text(&response, "content-type").unwrap_or_default();
        if kind != accept {
            return Err(Trouble::Damaged(format!("{kind} in the place of {accept}")));
        }
        // No number and no pixel takes more than eight bytes.
        let most = usize::try_from(request.rect.pixels() * 8).unwrap_or(usize::MAX);
        let announced = response.content_length();
        let body = read(response, most.saturating_add(MOST_HEAD)).await?;
        if announced.is_some_and(|length| length != body.len() as u64) {
            return Err(Trouble::Damaged("a tile that breaks off".to_owned()));
        }
        Ok(Tile {
            body,
            worker,
            iterations,
            timing,
        })
    }

    /// A post of `body`. The key lets a balancer repeat it on another worker.
    fn request(
        &self,
        path: &str,
        accept: &str,
        body: &impl Serialize,
        key: String,
    ) -> RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.base)).json(body);
        let request = request.header(header::ACCEPT, accept);
        request.header("idempotency-key", key)
    }
}

impl Surveying {
    /// The survey, when it is done; `tell` hears how far the reference orbit is, from 0 to 1, as long as that is waited for, and from
    /// whom.
    pub(crate) async fn finish(mut self, tell: impl Fn(&Word, f64)) -> Result<Surveyed, Trouble> {
        loop {
            match self.line {
                SurveyLine::Orbit { progress, .. } => {
                    tell(&self.word, progress.clamp(0.0, 1.0));
                }
                SurveyLine::Survey(survey) => {
                    let mut word = self.word;
                    word.capacity = word.capacity.or(Some(survey.capacity));
                    return Ok(Surveyed { survey, word });
                }
                SurveyLine::Problem { status, .. } => {
                    return Err(Trouble::Busy {
                        status: StatusCode::from_u16(status)
                            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                        retry_after: None,
                        is_alive: true,
                    });
                }
            }
            let next = next_line(&mut self.response, &mut self.unread);
            self.line = timeout(SILENCE, next).await.unwrap_or(Err(Trouble::Slow))?;
        }
    }
}

/// The next line of a survey's answer.
async fn next_line(response: &mut Response, unread: &mut BytesMut) -> Result<SurveyLine, Trouble> {
    loop {
        if let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
            let line = unread.split_to(end + 1);
            return serde_json::from_slice(&line).map_err(|e| Trouble::Damaged(e.to_string()));
        }
        match response.chunk().await? {
            Some(part) if unread.len() + part.len() <= MOST_JSON => unread.extend_from_slice(&part),
            Some(_) => return Err(Trouble::Damaged(format!("more than {MOST_JSON} bytes"))),
            None => return Err(Trouble::Damaged("a survey that breaks off".to_owned())),
        }
    }
}

/// The answer when it is what was asked for, else what stands in its way.
async fn sorted(response: Response) -> Result<Response, Trouble> {
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
                is_alive: response.headers().contains_key(X_WORKER),
            })
        }
        status => Err(Trouble::Foreign(status)),
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

/// Who answered, and how many are drawn at once.
fn word(response: &Response) -> Word {
    let number = |name| text(response, name).and_then(|number| number.parse().ok());
    let worker = text(response, X_WORKER).unwrap_or("unnamed");
    Word {
        pool: number(X_POOL_CAPACITY),
        worker: worker.chars().take(MOST_NAME).collect(),
        capacity: number(X_WORKER_CAPACITY),
    }
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
