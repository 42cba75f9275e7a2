//! What of a request is the same at every try? Its head: the client's, with its fields as servers get them, and those
//! that were added to them.

use http::request::Parts;

use crate::headers::Added;

/// A request's head as servers get it.
#[derive(Debug)]
pub(crate) struct RequestHead {
    pub(crate) parts: Parts,
    pub(crate) added: Added,
}
