//! What a requester is told when there is no tile.

use http::{Method, StatusCode, Uri};
use protocol::FieldErrors;
use service::Problem;

use crate::admission::Admission;
use crate::job::Failure;
use crate::orbits::NoOrbit;

/// Fields that cannot be used, each with what is accepted.
pub(crate) fn refused(errors: &FieldErrors) -> Problem {
    let status = StatusCode::from_u16(errors.status()).unwrap_or(StatusCode::BAD_REQUEST);
    Problem::new(status, "the request cannot be drawn", errors.to_string()).with("errors", errors)
}

/// The body is longer than any request is, or broke off.
pub(crate) fn body_too_long(longest: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "the body cannot be read",
        format!("a body of at most {longest} bytes is read"),
    )
}

/// Every place is taken, and so is every place in the queue.
pub(crate) fn busy(admission: &Admission) -> Problem {
    let capacity = admission.capacity();
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "the worker is busy",
        format!("{capacity} tiles are being drawn and the queue behind them is full"),
    )
    .with("capacity", capacity)
    .retry_after(1)
}

/// There is no orbit for a deep view.
pub(crate) fn no_orbit(cause: NoOrbit) -> Problem {
    match cause {
        NoOrbit::Full => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the worker is busy",
            cause.to_string(),
        )
        .retry_after(1),
        NoOrbit::Panicked => not_drawn(&Failure::Panicked),
    }
}

/// The job ended without a tile; the cause is in the log.
pub(crate) fn not_drawn(failure: &Failure) -> Problem {
    match failure {
        Failure::Panicked => tracing::error!("a tile's job panicked"),
        Failure::Cancelled => tracing::debug!("a tile's job was cancelled"),
        Failure::Encode(cause) => tracing::error!(%cause, "a tile could not be encoded"),
    }
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the tile was not drawn",
        "the worker failed; the same request may succeed elsewhere",
    )
}

pub(crate) async fn not_found(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no such resource",
        format!("{} is nothing here; /docs describes what is", uri.path()),
    )
}

pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "no such method",
        format!("{} does not take {method}", uri.path()),
    )
}
