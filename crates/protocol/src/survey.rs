//! What must be known of a whole view before its pieces can be drawn alike? What one worker finds out by
//! a quick look at it: the iteration limit that `auto` stands for, and the distribution of the counts.

use serde::{Deserialize, Serialize};

/// A line of the answer to a survey that was asked for as [`SurveyLine::MEDIA_TYPE`]: any number on the reference orbit, and then one
/// that says what became of the survey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurveyLine {
    /// The survey waits for a deep view's reference orbit, or has begun with it there.
    Orbit {
        /// From 0 to 1.
        progress: f64,
        /// Steps that are done.
        steps: u64,
        /// The most that there can be; orbits may end before.
        limit: u64,
    },
    /// The survey.
    Survey(Survey),
    /// There will be none.
    Problem {
        /// The HTTP status that it would have had.
        status: u16,
        /// What happened.
        detail: String,
    },
}

impl SurveyLine {
    /// JSON in lines.
    pub const MEDIA_TYPE: &str = "application/x-ndjson";
}

/// The answer to `POST /v1/survey` (a view as JSON) and `GET /v1/survey?…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// The iteration limit to use for every piece.
    pub iterations: u64,
    /// The arithmetic that the view's depth needs, such as `direct`.
    pub tier: String,
    /// For histogram colouring: quantiles of the smooth counts of a small preview, ascending; empty
    /// when no sample of it escapes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Vec<f64>>,
    /// How many tiles the answering worker runs at once.
    pub capacity: u32,
}
