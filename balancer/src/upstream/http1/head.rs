//! What does an answer's head say? How its body ends (RFC 9112 §6.3), whether the connection goes on (§9.3), and what
//! is for the client. What could be understood in two ways is refused.

use std::mem::MaybeUninit;

use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use httparse::{ParserConfig, Status};
use memchr::memchr;

use super::Error;

/// As much as a client's head may have by default; more is not read.
pub(super) const LONGEST_HEAD: usize = 64 << 10;
/// As hyper has it, for clients too.
pub(super) const MOST_FIELDS: usize = 100;

/// An answer's head.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    /// Where it is not the one that everybody gives.
    pub(crate) reason: Option<Bytes>,
    pub(crate) headers: HeaderMap,
    pub(super) body: Framing,
    pub(super) keep_alive: bool,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    Empty,
    Length(u64),
    Chunked,
    UntilClose,
}

/// Cuts a head off `read` when all of it is there; `looked` says how far that was looked for, and is zero at first.
/// The answer to HEAD is `bodiless`.
pub(super) fn cut(
    read: &mut BytesMut,
    looked: &mut usize,
    bodiless: bool,
) -> Result<Option<Head>, Error> {
    if *looked == 0 {
        // Line ends behind the answer before, which some servers send.
        while let [b'\r', b'\n', ..] | [b'\n', ..] = read[..] {
            read.advance(1 + usize::from(read[0] == b'\r'));
        }
    }
    let Some(end) = end_of_head(read, looked) else {
        return if read.len() > LONGEST_HEAD {
            Err(Error::LongHead)
        } else {
            Ok(None)
        };
    };
    if end > LONGEST_HEAD {
        return Err(Error::LongHead);
    }
    *looked = 0;
    parse(read.split_to(end).freeze(), bodiless).map(Some)
}

/// Behind the first empty line. `looked` is moved to the beginning of the last line.
fn end_of_head(read: &[u8], looked: &mut usize) -> Option<usize> {
    while let Some(length) = memchr(b'\n', &read[*looked..]) {
        let is_empty = match length {
            0 => true,
            1 => read[*looked] == b'\r',
            _ => false,
        };
        *looked += length + 1;
        if is_empty {
            return Some(*looked);
        }
    }
    None
}

fn parse(text: Bytes, bodiless: bool) -> Result<Head, Error> {
    let mut fields = [MaybeUninit::uninit(); MOST_FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    match ParserConfig::default().parse_response_with_uninit_headers(
        &mut parsed,
        &text,
        &mut fields,
    ) {
        Ok(Status::Complete(length)) if length == text.len() => {}
        Ok(_) => return Err(Error::Head(httparse::Error::NewLine)),
        Err(httparse::Error::TooManyHeaders) => return Err(Error::ManyFields),
        Err(e) => return Err(Error::Head(e)),
    }
    let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or(Error::Head(httparse::Error::Status))?;
    let reason = parsed.reason.unwrap_or_default();
    let is_1_1 = parsed.version == Some(1);
    let mut connection = Persistence {
        keep_alive: is_1_1,
        close: false,
    };
    let mut framing = Framings::default();
    let mut headers = HeaderMap::with_capacity(parsed.headers.len());
    for field in parsed.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_maybe_shared(text.slice_ref(field.value));
        let name = name.map_err(|_| Error::Head(httparse::Error::HeaderName))?;
        let value = value.map_err(|_| Error::Head(httparse::Error::HeaderValue))?;
        match name {
            CONNECTION => connection.hear(&value),
            CONTENT_LENGTH => framing.length(&value)?,
            TRANSFER_ENCODING => framing.coding(&value)?,
            _ => {}
        }
        headers.append(name, value);
    }
    let is_usual = status.canonical_reason() == Some(reason);
    Ok(Head {
        body: framing.of(status, bodiless, is_1_1)?,
        status,
        reason: (!is_usual).then(|| text.slice_ref(reason.as_bytes())),
        headers,
        keep_alive: connection.keep_alive,
    })
}

/// Whether the connection goes on after the answer.
struct Persistence {
    keep_alive: bool,
    /// Whatever else is said.
    close: bool,
}

impl Persistence {
    fn hear(&mut self, value: &HeaderValue) {
        for member in value.as_bytes().split(|byte| *byte == b',') {
            let member = member.trim_ascii();
            self.close |= member.eq_ignore_ascii_case(b"close");
            self.keep_alive |= member.eq_ignore_ascii_case(b"keep-alive");
        }
        self.keep_alive &= !self.close;
    }
}

/// What the fields say of the body's end.
#[derive(Default)]
struct Framings {
    length: Option<u64>,
    chunked: bool,
}

impl Framings {
    /// A list of lengths is one length if all are the same (RFC 9112 §6.3, item 5).
    fn length(&mut self, value: &HeaderValue) -> Result<(), Error> {
        for member in value.as_bytes().split(|byte| *byte == b',') {
            let length = digits(member.trim_ascii()).ok_or(Error::Length)?;
            if self.length.replace(length).is_some_and(|l| l != length) {
                return Err(Error::Length);
            }
        }
        Ok(())
    }

    fn coding(&mut self, value: &HeaderValue) -> Result<(), Error> {
        let chunked = value.as_bytes().trim_ascii();
        if self.chunked || !chunked.eq_ignore_ascii_case(b"chunked") {
            return Err(Error::Coding);
        }
        self.chunked = true;
        Ok(())
    }

    fn of(self, status: StatusCode, bodiless: bool, is_1_1: bool) -> Result<Framing, Error> {
        let empty = status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if empty || bodiless {
            return Ok(Framing::Empty);
        }
        match (self.chunked, self.length) {
            // RFC 9112 §6.1: HTTP/1.0 has no such thing, so its framing is faulty.
            (true, _) if !is_1_1 => Err(Error::Coding),
            (true, _) => Ok(Framing::Chunked),
            (false, Some(length)) => Ok(Framing::Length(length)),
            (false, None) => Ok(Framing::UntilClose),
        }
    }
}

/// Digits alone; others would take a sign too.
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}
