//! How is HTTP/1.1 written and cut, whoever is at the other end? The pieces that are the same towards clients and towards
//! servers (RFC 9112); what a message means for its connection is each side's own.

pub(crate) mod chunks;
pub(crate) mod encode;
