//! Why did an exchange with a server not come to its end?

use std::io;

use super::head::{LONGEST_HEAD, MOST_FIELDS};
use super::incoming::MOST_INTERIM;
use crate::http1::chunks::Malformed;

/// What is wrong with a connection, or with the answer on it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The socket failed.
    #[error("connection failed: {0}")]
    Io(#[from] io::Error),
    /// It ended before the answer's head.
    #[error("server closed the connection before the answer")]
    NoHead,
    /// It ended in the answer's body.
    #[error("server closed the connection in the middle of the answer")]
    CutOff,
    #[error("answer's first line is not a version of HTTP/1 and a status")]
    StatusLine,
    #[error("answer's head has a line that is no field")]
    Field,
    #[error("answer's head is longer than {LONGEST_HEAD} bytes")]
    LongHead,
    #[error("answer's head has more than {MOST_FIELDS} fields")]
    ManyFields,
    /// Several that differ, or none that is a number.
    #[error("answer's Content-Length is not one number")]
    Length,
    /// Other codings would have to be taken off here, or told to the client.
    #[error("answer's Transfer-Encoding is not chunked alone")]
    Coding,
    #[error("answer's body: {0}")]
    Chunks(#[from] Malformed),
    #[error("more than {MOST_INTERIM} interim answers to one request")]
    ManyInterim,
}

impl Error {
    /// Whether the server has said something, and nobody knows what.
    pub(crate) fn is_unclear(&self) -> bool {
        !matches!(self, Error::Io(_) | Error::NoHead | Error::CutOff)
    }

    /// Whether the connection ended without a word: a server may close one that rests at any time.
    pub(crate) fn is_close(&self) -> bool {
        matches!(self, Error::Io(_) | Error::NoHead)
    }
}
