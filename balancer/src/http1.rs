//! How is HTTP/1.1 written and cut, whoever is at the other end? The pieces that are the same towards clients and towards
//! servers (RFC 9112); what a message means for its connection is each side's own.

pub(crate) mod chunks;
pub(crate) mod encode;
pub(crate) mod pending;

/// What a fuzzer's choices make of the pieces that messages consist of.
#[cfg(test)]
pub(crate) fn put_together(pieces: &[&str], choices: &[u8]) -> String {
    let piece = |choice: &u8| pieces[usize::from(*choice) % pieces.len()];
    choices.iter().map(piece).collect()
}
