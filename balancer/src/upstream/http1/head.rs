//! What does an answer's head say? How its body ends (RFC 9112 §6.3), whether the connection goes on (§9.3), and what
//! is for the client. What could be understood in two ways is refused.

use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use memchr::{memchr, memchr_iter};

use super::Error;

/// As much as a client's head may have by default; more is not read.
pub(super) const LONGEST_HEAD: usize = 64 << 10;
/// As hyper has it, for clients too.
pub(super) const MOST_FIELDS: usize = 100;
/// A field takes as many bytes or more, most of the time: a map of that size need not grow for what is added here either.
const USUAL_FIELD: usize = 32;

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
    parse(&read.split_to(end).freeze(), bodiless).map(Some)
}

/// Behind the first empty line. `looked` is moved to the beginning of the last line.
fn end_of_head(read: &[u8], looked: &mut usize) -> Option<usize> {
    let from = *looked;
    for end in memchr_iter(b'\n', &read[from..]) {
        let end = from + end;
        let is_empty = matches!(read[*looked..end], [] | [b'\r']);
        *looked = end + 1;
        if is_empty {
            return Some(*looked);
        }
    }
    None
}

/// Line by line; what is legal in names and values is known to the types that hold them.
fn parse(text: &Bytes, bodiless: bool) -> Result<Head, Error> {
    let mut start = 0;
    let mut lines = memchr_iter(b'\n', text).map(|end| {
        let line = &text[start..end];
        start = end + 1;
        line.strip_suffix(b"\r").unwrap_or(line)
    });
    let first = lines.next().and_then(status_line);
    let (is_1_1, status, reason) = first.ok_or(Error::StatusLine)?;
    let mut connection = Persistence {
        keep_alive: is_1_1,
        close: false,
    };
    let mut framing = Framings::default();
    let mut headers = HeaderMap::with_capacity(text.len() / USUAL_FIELD + 2);
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = field(line).ok_or(Error::Field)?;
        let name = HeaderName::from_bytes(name).map_err(|_| Error::Field)?;
        let value = HeaderValue::from_maybe_shared(text.slice_ref(value));
        let value = value.map_err(|_| Error::Field)?;
        match name {
            CONNECTION => connection.hear(&value),
            CONTENT_LENGTH => framing.length(&value)?,
            TRANSFER_ENCODING => framing.coding(&value)?,
            _ => {}
        }
        if headers.len() == MOST_FIELDS {
            return Err(Error::ManyFields);
        }
        if name != CONTENT_LENGTH {
            headers.append(name, value);
        } else {
            // Once, however often the server said it (RFC 9112 §6.3, item 5).
            headers.insert(name, first_of(value));
        }
    }
    let usual = status.canonical_reason().map(str::as_bytes);
    Ok(Head {
        keep_alive: connection.keep_alive && !framing.is_doubtful(status),
        body: framing.of(status, bodiless, is_1_1)?,
        status,
        reason: (usual != Some(reason)).then(|| text.slice_ref(reason)),
        headers,
    })
}

/// Whether it is of HTTP/1.1 and not 1.0, the status and its reason (RFC 9112 §4).
fn status_line(line: &[u8]) -> Option<(bool, StatusCode, &[u8])> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let (minor, rest) = rest.split_first()?;
    let is_1_1 = match minor {
        b'0' => false,
        b'1' => true,
        _ => return None,
    };
    let (code, reason) = rest.strip_prefix(b" ")?.split_at_checked(3)?;
    let status = StatusCode::from_bytes(code).ok()?;
    if reason.is_empty() {
        return Some((is_1_1, status, reason));
    }
    let reason = reason.strip_prefix(b" ")?;
    let legal = reason
        .iter()
        .all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..));
    legal.then_some((is_1_1, status, reason))
}

/// Name and value, which may have space around it (RFC 9112 §5.1).
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    // No token has a quotation mark, though a `HeaderName` may.
    let end = line.iter().position(|byte| matches!(byte, b':' | b'"'))?;
    let (name, mut value) = (&line[..end], line[end..].strip_prefix(b":")?);
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    Some((name, value))
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

    /// Whether the server may mean something else by it, so that what comes next on the connection is not to be trusted: a length
    /// beside chunks (RFC 9112 §6.3, item 3), or a body where there is none (RFC 9110 §8.6).
    fn is_doubtful(&self, status: StatusCode) -> bool {
        let has_body = self.chunked || self.length.is_some_and(|length| length > 0);
        (self.chunked && self.length.is_some()) || (status == StatusCode::NO_CONTENT && has_body)
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

/// The first of a list of lengths, which are all the same.
fn first_of(lengths: HeaderValue) -> HeaderValue {
    let Some(end) = memchr(b',', lengths.as_bytes()) else {
        return lengths;
    };
    let first = HeaderValue::from_bytes(lengths.as_bytes()[..end].trim_ascii());
    first.unwrap_or(lengths)
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
