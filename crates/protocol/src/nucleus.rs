//! Which minibrot does a view show? What a worker answers who has looked for the nucleus of the lowest period in it.

use serde::{Deserialize, Serialize};

/// The answer to `POST /v1/nucleus` (a view as JSON) and `GET /v1/nucleus?…`.
///
/// Numbers of any length or exponent are decimal text that a view takes as it is: a view of `re`, `im` and `zoom` shows the minibrot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nucleus {
    /// The number of steps after which 0 returns to 0.
    pub period: u64,
    /// The nucleus's real part, all digits that are right.
    pub re: String,
    /// The nucleus's imaginary part.
    pub im: String,
    /// How large the component around it is beside the one of period 1.
    pub size: String,
    /// Degrees by which it is turned counter-clockwise.
    pub orientation: f64,
    /// Where it looks as the whole set does at zoom 1.
    pub zoom: String,
    /// `cardioid` for the body of a minibrot, `disc` for a bulb; absent for powers above 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<String>,
}
