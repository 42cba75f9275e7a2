//! How does whoever waits for a survey learn how far its reference orbit is? From lines of JSON before the survey's own.
//!
//! The head of such an answer goes out at once, so that nobody on the way takes a long orbit for a server that is gone.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use futures::stream;
use http::{HeaderMap, HeaderValue, header};
use protocol::{Survey, SurveyLine};
use service::Problem;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::orbits::Meter;

/// Between two lines: often enough for a bar that moves.
const PAUSE: Duration = Duration::from_millis(200);

/// Whether the answer is wanted in lines.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).iter();
    accept
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| range.split(';').next().unwrap_or_default().trim() == SurveyLine::MEDIA_TYPE)
}

/// The answer in lines: how far the orbit of `meter` is, now and then, until `surveyed` is over, and what became of that. Dropping
/// the body gives the survey up.
pub(crate) fn answer(
    meter: Option<Meter>,
    surveyed: BoxFuture<'static, Result<Survey, Problem>>,
) -> Response {
    let mut ticks = interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let lines = stream::unfold(
        Some((surveyed, meter, ticks)),
        async |state| -> Option<(Result<Bytes, Infallible>, _)> {
            let (mut surveyed, meter, mut ticks) = state?;
            let line = tokio::select! {
                biased;
                outcome = &mut surveyed => last(outcome),
                line = next(meter.as_ref(), &mut ticks) => {
                    return Some((Ok(written(&line)), Some((surveyed, meter, ticks))));
                }
            };
            Some((Ok(written(&line)), None))
        },
    );
    let mut response = Body::from_stream(lines).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(SurveyLine::MEDIA_TYPE),
    );
    // A proxy that gathers an answer before it passes it on would keep the lines back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The next line on the orbit; never one where there is nothing to wait for.
async fn next(meter: Option<&Meter>, ticks: &mut Interval) -> SurveyLine {
    let Some(meter) = meter else {
        return std::future::pending().await;
    };
    ticks.tick().await;
    let now = meter.now();
    SurveyLine::Orbit {
        progress: now.progress,
        steps: now.steps,
        limit: now.limit,
    }
}

fn last(outcome: Result<Survey, Problem>) -> SurveyLine {
    match outcome {
        Ok(survey) => SurveyLine::Survey(survey),
        Err(problem) => SurveyLine::Problem {
            status: problem.status().as_u16(),
            detail: problem.detail().to_owned(),
        },
    }
}

fn written(line: &SurveyLine) -> Bytes {
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}
