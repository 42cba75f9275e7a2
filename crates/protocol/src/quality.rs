//! How true must a deep view be? What a request may pay in truth for speed.

use crate::{Fault, Fields};

/// How many of a deep view's counts must be those of exact arithmetic. A shallow view is exact whatever is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// For previews: a few pixels in a hundred may be a band off in dense places.
    Fast,
    /// At least 99.5 %.
    #[default]
    Standard,
    /// At least 99.9 %.
    Exact,
}

impl Quality {
    /// All of them, the default first.
    pub const ALL: [Quality; 3] = [Quality::Standard, Quality::Fast, Quality::Exact];

    /// The name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Quality::Fast => "fast",
            Quality::Standard => "standard",
            Quality::Exact => "exact",
        }
    }

    /// Reads `quality`.
    pub(crate) fn take(fields: &mut Fields) -> Quality {
        fields.read("quality", Quality::default(), |text| {
            let known = Quality::ALL.into_iter().find(|q| q.name() == text);
            let names = Quality::ALL.map(Quality::name).join(", ");
            known.ok_or_else(|| (Fault::Malformed, format!("one of {names}")))
        })
    }
}
