//! Which requests reach a pool at all? Those that can be understood in one way only.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use crate::body::{Body, closing};
use crate::headers::Peer;
use crate::pool::Pool;
use crate::settings::Limits;
use crate::{proxy, refuse};

/// Answers one request of the client `peer`, from `pool` if it may go there.
pub(crate) async fn answer(
    pool: &Arc<Pool>,
    limits: &Limits,
    peer: &Peer,
    request: Request<Incoming>,
) -> Response<Body> {
    if let Some(unsuitable) = refuse::unsuitable(&request, limits.url_bytes) {
        return closing(unsuitable);
    }
    proxy::answer(pool, peer, request).await
}
