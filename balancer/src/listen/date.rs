//! What time is it (RFC 9110 §6.6.1)? Asked for every answer, told anew each second.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use http::header;

use crate::http1::encode;
use crate::log::imf_fixdate;

thread_local! {
    /// The second, and the field's value in it.
    static NOW: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

/// Adds the field.
pub(super) fn field(out: &mut BytesMut) {
    let now = SystemTime::now();
    let second = now
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    NOW.with_borrow_mut(|(told, value)| {
        if *told != second || value.is_empty() {
            (*told, *value) = (second, imf_fixdate(now));
        }
        encode::field(out, &header::DATE, value.as_bytes());
    });
}
