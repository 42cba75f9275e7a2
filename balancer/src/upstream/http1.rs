//! What does an exchange look like on a connection to a server (RFC 9112)? A request goes out, an answer comes in, and both may
//! happen at once. Nothing here runs by itself: whoever waits for the answer polls, and nobody else knows of the socket.

mod error;
#[cfg(test)]
mod fuzz;
mod head;
mod incoming;
mod outgoing;
#[cfg(test)]
mod tests;

pub(crate) use self::error::Error;
pub(super) use self::head::Head;
pub(super) use self::incoming::Incoming;
pub(super) use self::outgoing::{Outgoing, SendError};
