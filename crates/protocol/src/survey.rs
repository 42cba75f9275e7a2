//! What must be known of a whole view before its pieces can be drawn alike? What one worker finds out by
//! a quick look at it: the iteration limit that `auto` stands for, and the distribution of the counts.

use serde::{Deserialize, Serialize};

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
