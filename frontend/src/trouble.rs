//! What can go wrong with one request to the workers, and is it worth another try? And when all tries
//! are over: what does whoever wanted the picture see?

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use protocol::BandError;
use serde_json::Value;
use service::{PROBLEM_JSON, Problem};

/// When to come back if the workers did not say it, in seconds.
const COME_BACK: u64 = 5;

/// Why one request brought nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The view itself was refused; every worker would.
    #[error("refused with {}", .0.status)]
    Refused(Refusal),
    /// An answer that no tile service gives; the address is probably another service's.
    #[error("unexpected status {0}")]
    Foreign(StatusCode),
    /// No server is up, or all are busy, or one failed.
    #[error("unavailable with {status}")]
    Busy {
        /// What was answered.
        status: StatusCode,
        /// When to come back, if it was said.
        retry_after: Option<Duration>,
        /// Whether a worker said so itself, because it computes reference orbits for as many as may wait.
        is_alive: bool,
    },
    /// The connection was not made, or broke.
    #[error("connection failed: {0}")]
    Unreachable(String),
    /// No complete answer within the time for one request.
    #[error("no answer in time")]
    Slow,
    /// An answer that is not what was asked for.
    #[error("damaged answer: {0}")]
    Damaged(String),
}

impl Trouble {
    /// Whether another try, perhaps on another worker, may do better.
    pub(crate) fn is_worth_another_try(&self) -> bool {
        !matches!(self, Trouble::Refused(_) | Trouble::Foreign(_))
    }

    /// Whether somebody works, and only not on this.
    pub(crate) fn is_sign_of_life(&self) -> bool {
        matches!(self, Trouble::Busy { is_alive: true, .. })
    }

    /// When the server wants to be asked again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Trouble::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Trouble::Slow
        } else {
            // The address is ours and says nothing new.
            let error = error.without_url();
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            Trouble::Unreachable(cause.unwrap_or_else(|| error.to_string()))
        }
    }
}

impl From<BandError> for Trouble {
    fn from(error: BandError) -> Self {
        Trouble::Damaged(error.to_string())
    }
}

/// A worker's word on a view that it does not draw, passed on as it is.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// The problem's JSON.
    pub(crate) body: Bytes,
}

impl Refusal {
    fn detail(&self) -> Option<String> {
        let problem: Value = serde_json::from_slice(&self.body).ok()?;
        Some(problem.get("detail")?.as_str()?.to_owned())
    }

    /// The fields that stand in the way, each with what is accepted.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let errors = problem["errors"].as_array().into_iter().flatten();
        let text = |member: &Value| Some(member.as_str()?.to_owned());
        errors
            .filter_map(|error| Some((text(&error["field"])?, text(&error["accepted"])?)))
            .collect()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (self.status, headers, self.body).into_response()
    }
}

/// Why there is no picture.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The last of all tries came to this.
    #[error(transparent)]
    Workers(#[from] Trouble),
    /// The picture took longer than any may.
    #[error("the deadline of {} s passed", .0.as_secs())]
    Deadline(Duration),
    /// The client took no part of it for this long.
    #[error("the client took nothing for {} s", .0.as_secs())]
    Stalled(Duration),
    /// As many pictures as may be are being drawn.
    #[error("{0} renders are in flight")]
    Full(usize),
    /// A task of ours ended without an answer.
    #[error("a task failed: {0}")]
    Internal(String),
}

impl Failure {
    /// What a client is told.
    pub(crate) fn problem(&self) -> Problem {
        let (status, title, detail) = self.words();
        let problem = Problem::new(status, title, detail);
        match self {
            Failure::Workers(Trouble::Busy { retry_after, .. }) => {
                problem.retry_after(retry_after.map_or(COME_BACK, |wait| wait.as_secs().max(1)))
            }
            Failure::Workers(Trouble::Unreachable(_)) | Failure::Full(_) => {
                problem.retry_after(COME_BACK)
            }
            _ => problem,
        }
    }

    fn words(&self) -> (StatusCode, &'static str, String) {
        const FAILED: &str = "Workers failed";
        let (status, title, detail) = match self {
            Failure::Workers(Trouble::Refused(refusal)) => {
                let detail = refusal.detail();
                let detail =
                    detail.unwrap_or_else(|| "the workers do not draw this view".to_owned());
                return (refusal.status, "View refused", detail);
            }
            Failure::Deadline(deadline) => {
                let detail = format!(
                    "the picture was not complete within {} s",
                    deadline.as_secs()
                );
                return (StatusCode::GATEWAY_TIMEOUT, "Deadline passed", detail);
            }
            Failure::Stalled(_) => {
                let detail = "the browser took nothing of the picture for too long".to_owned();
                return (StatusCode::REQUEST_TIMEOUT, "Client stalled", detail);
            }
            Failure::Full(renders) => {
                let detail = format!("{renders} pictures are being drawn, and no more at a time");
                return (StatusCode::SERVICE_UNAVAILABLE, "Busy", detail);
            }
            Failure::Workers(Trouble::Busy { .. }) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "No worker available",
                "no worker is up, or all of them are busy",
            ),
            Failure::Workers(Trouble::Unreachable(_)) => (
                StatusCode::BAD_GATEWAY,
                FAILED,
                "the workers cannot be reached",
            ),
            Failure::Workers(Trouble::Foreign(_)) => (
                StatusCode::BAD_GATEWAY,
                FAILED,
                "what answers for the workers is no tile service",
            ),
            Failure::Workers(Trouble::Damaged(_)) => (
                StatusCode::BAD_GATEWAY,
                FAILED,
                "the workers' answers arrive damaged, again and again",
            ),
            Failure::Workers(Trouble::Slow) => (
                StatusCode::GATEWAY_TIMEOUT,
                "Workers too slow",
                "the workers do not answer in time",
            ),
            Failure::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Internal error",
                "the picture could not be put together",
            ),
        };
        (status, title, detail.to_owned())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Failure::Workers(Trouble::Refused(refusal)) => refusal.into_response(),
            other => other.problem().into_response(),
        }
    }
}
