//! What does a client ask for, and where does its request end? If two parsers on its way disagree, one request can hide in another's
//! body, so nothing is taken that could be read in two ways (RFC 9112 §11.2), and nothing is mended: a head is
//! what the grammar says, byte by byte, or it is refused. It is read once, here.

use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, TE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};
use memchr::{memchr, memchr2};

use super::inlet::ClientBody;
use crate::http1::encode::Framing;

/// Empty lines before a request (RFC 9112 §2.2 asks to ignore one).
const MOST_BLANKS: u8 = 4;
/// Fields of a request: what others allow too, and no client needs.
const MOST_FIELDS: usize = 100;

/// No longer target can be told from its parts, whatever the settings allow a head.
const LONGEST_LINE: usize = u16::MAX as usize;

/// Follows the heads that come on one connection, however they are cut.
#[derive(Debug)]
pub(super) struct Heads {
    most_bytes: usize,
    blanks: u8,
    /// Of the present head, with its first one.
    lines: usize,
    /// Where the line begins that has not ended yet.
    line: usize,
    /// So much was looked at.
    looked: usize,
}

/// A request's head, and what it means for the connection.
#[derive(Debug)]
pub(super) struct Head {
    /// Without its body, which has yet to be read.
    pub(super) request: Request<ClientBody>,
    pub(super) framing: Framing,
    /// Another request may follow, for all that the client says.
    pub(super) keeps: bool,
    /// The client waits for `100 Continue` before it sends the body.
    pub(super) expects: bool,
    /// It takes the trailers of an answer (RFC 9110 §10.1.4).
    pub(super) trailers: bool,
}

/// A head that is not one, and what can be told of it.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) fault: Fault,
    pub(super) request: Request<ClientBody>,
}

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Blanks,
    LineEnd,
    RequestLine,
    Version,
    Field,
    Length,
    Coding,
    /// The head is too long, or has too many fields.
    TooLong,
    /// Its first line alone is.
    TargetTooLong,
}

impl Heads {
    /// Of at most so many bytes each.
    pub(super) fn new(most_bytes: usize) -> Heads {
        Heads {
            most_bytes,
            blanks: 0,
            lines: 0,
            line: 0,
            looked: 0,
        }
    }

    /// Takes a head from what was `read`; `None` when more has to be read first.
    pub(super) fn next(&mut self, read: &mut BytesMut) -> Result<Option<Head>, Box<Refused>> {
        match self.end(read) {
            Ok(None) => Ok(None),
            Ok(Some(end)) => {
                let lines = self.lines;
                *self = Heads::new(self.most_bytes);
                parse(&read.split_to(end).freeze(), lines).map(Some)
            }
            Err(fault) => {
                // The first line may be whole.
                let first = memchr(b'\n', read).filter(|_| self.lines > 0);
                let line = first.and_then(|end| read.get(..end.checked_sub(1)?));
                let line = Bytes::copy_from_slice(line.unwrap_or_default());
                Err(refused(fault, request_of(&line)))
            }
        }
    }

    /// Behind the empty line that ends the head. Lines are looked at once, as they come.
    fn end(&mut self, read: &mut BytesMut) -> Result<Option<usize>, Fault> {
        while let Some(length) = memchr(b'\n', &read[self.looked..]) {
            let end = self.looked + length;
            self.look_at_first(read, end)?;
            let [line @ .., b'\r'] = &read[self.line..end] else {
                return Err(Fault::LineEnd);
            };
            let is_empty = line.is_empty();
            self.line = end + 1;
            self.looked = end + 1;
            if self.looked > self.most_bytes {
                return Err(self.too_long());
            }
            if is_empty && self.lines > 0 {
                return Ok(Some(self.looked));
            }
            if is_empty {
                self.blanks += 1;
                if self.blanks > MOST_BLANKS {
                    return Err(Fault::Blanks);
                }
                read.advance(self.looked);
                (self.line, self.looked) = (0, 0);
                continue;
            }
            self.lines += 1;
            if self.lines > MOST_FIELDS + 1 {
                return Err(Fault::TooLong);
            }
        }
        self.look_at_first(read, read.len())?;
        self.looked = read.len();
        if self.looked >= self.most_bytes {
            return Err(self.too_long());
        }
        Ok(None)
    }

    /// Refuses what cannot be of a first line before its end is there: who speaks no HTTP may never send one.
    fn look_at_first(&self, read: &[u8], end: usize) -> Result<(), Fault> {
        // A carriage return was left for when it is known whether it is the last.
        let piece = &read[self.looked.saturating_sub(1)..end];
        let piece = piece.strip_suffix(b"\r").unwrap_or(piece);
        if self.lines > 0 || piece.iter().copied().all(is_of_request_line) {
            Ok(())
        } else {
            Err(Fault::RequestLine)
        }
    }

    fn too_long(&self) -> Fault {
        if self.lines == 0 {
            Fault::TargetTooLong
        } else {
            Fault::TooLong
        }
    }
}

fn refused(fault: Fault, request: Option<Request<ClientBody>>) -> Box<Refused> {
    let request = request.unwrap_or_else(|| {
        let mut request = Request::new(ClientBody::Empty);
        // What is not known is a dash in logs; no request has these.
        *request.uri_mut() = Uri::from_static("-");
        if let Ok(dash) = Method::from_bytes(b"-") {
            *request.method_mut() = dash;
        }
        request
    });
    Box::new(Refused { fault, request })
}

/// A request as far as its first line tells.
fn request_of(line: &Bytes) -> Option<Request<ClientBody>> {
    Some(request_and_version(line)?.0)
}

/// The same, and what stands for its version.
fn request_and_version(line: &Bytes) -> Option<(Request<ClientBody>, &[u8])> {
    let (method, target, version) = words(line)?;
    let mut request = Request::new(ClientBody::Empty);
    *request.method_mut() = Method::from_bytes(method).ok()?;
    *request.uri_mut() = Uri::from_maybe_shared(line.slice_ref(target)).ok()?;
    if version == b"HTTP/1.0" {
        *request.version_mut() = Version::HTTP_10;
    }
    Some((request, version))
}

/// Method, target and version, and one space between them (RFC 9112 §3).
fn words(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (method, rest) = line.split_at(memchr(b' ', line)?);
    let rest = &rest[1..];
    let (target, version) = rest.split_at(memchr(b' ', rest)?);
    let version = &version[1..];
    memchr(b' ', version)
        .is_none()
        .then_some((method, target, version))
}

/// Visible ASCII and spaces (RFC 9112 §3); a fragment is never sent (RFC 9110 §7.1).
fn is_of_request_line(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'#'
}

/// A whole head, whose lines all end with CR LF.
fn parse(head: &Bytes, lines: usize) -> Result<Head, Box<Refused>> {
    let first = memchr(b'\n', head).unwrap_or(0);
    let line = head.slice(..first.saturating_sub(1));
    let Some((mut request, version)) = request_and_version(&line) else {
        let is_long = line.len() > LONGEST_LINE;
        let fault = if is_long {
            Fault::TargetTooLong
        } else {
            Fault::RequestLine
        };
        return Err(refused(fault, None));
    };
    let outcome = match version {
        b"HTTP/1.1" | b"HTTP/1.0" => {
            *request.headers_mut() = HeaderMap::with_capacity(lines);
            let is_1_0 = request.version() == Version::HTTP_10;
            fields_of(head, first + 1, is_1_0, request.headers_mut())
        }
        // RFC 9110 §15.6.6: another major version.
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'0' | b'2'..=b'9',
            b'.',
            b'0'..=b'9',
        ] => Err(Fault::Version),
        _ => Err(Fault::RequestLine),
    };
    match outcome {
        Ok(meaning) => Ok(Head {
            framing: meaning.framing(),
            // Whatever else is said, and in whichever order (RFC 9112 §9.3).
            keeps: meaning.keeps && !meaning.closes,
            expects: meaning.expects,
            trailers: meaning.trailers,
            request,
        }),
        Err(fault) => Err(refused(fault, Some(request))),
    }
}

/// What fields say about the connection.
struct Meaning {
    length: Option<u64>,
    chunked: bool,
    keeps: bool,
    closes: bool,
    expects: bool,
    trailers: bool,
}

impl Meaning {
    fn framing(&self) -> Framing {
        match self.chunked {
            true => Framing::Chunked,
            false => Framing::Length(self.length.unwrap_or(0)),
        }
    }
}

fn fields_of(
    head: &Bytes,
    mut at: usize,
    is_1_0: bool,
    fields: &mut HeaderMap,
) -> Result<Meaning, Fault> {
    let mut meaning = Meaning {
        length: None,
        chunked: false,
        keeps: !is_1_0,
        closes: false,
        expects: false,
        trailers: false,
    };
    while let Some(length @ 2..) = memchr(b'\n', &head[at..]) {
        let line = &head[at..at + length - 1];
        at += length + 1;
        // No token has a quotation mark, though a `HeaderName` may.
        let colon = memchr2(b':', b'"', line).filter(|&end| line[end] == b':');
        let colon = colon.ok_or(Fault::Field)?;
        // No space belongs to a name (RFC 9112 §5.1), so that a folded line is none either.
        let name = HeaderName::from_bytes(&line[..colon]).map_err(|_| Fault::Field)?;
        let value = head.slice_ref(trimmed(&line[colon + 1..]));
        let value = HeaderValue::from_maybe_shared(value).map_err(|_| Fault::Field)?;
        // Most names are told apart by their first letter.
        if matches!(line[0] | 0x20, b'c' | b'e' | b't') {
            meaning.take(&name, &value, is_1_0)?;
        }
        fields.append(name, value);
    }
    if meaning.chunked && (meaning.length.is_some() || is_1_0) {
        // RFC 9112 §6.1: an attempt to smuggle, most likely.
        return Err(Fault::Coding);
    }
    meaning.expects &= !is_1_0 && meaning.framing() != Framing::Length(0);
    Ok(meaning)
}

impl Meaning {
    fn take(&mut self, name: &HeaderName, value: &HeaderValue, is_1_0: bool) -> Result<(), Fault> {
        if *name == CONTENT_LENGTH {
            let length = whole(value.as_bytes()).ok_or(Fault::Length)?;
            if self.length.replace(length).is_some() {
                return Err(Fault::Length);
            }
        } else if *name == TRANSFER_ENCODING {
            if self.chunked || !value.as_bytes().eq_ignore_ascii_case(b"chunked") {
                return Err(Fault::Coding);
            }
            self.chunked = true;
        } else if *name == CONNECTION {
            if is_1_0 && names(value, b"keep-alive") {
                self.keeps = true;
            }
            self.closes |= names(value, b"close");
        } else if *name == TE {
            self.trailers |= names(value, b"trailers");
        } else if *name == EXPECT {
            self.expects |= value.as_bytes().eq_ignore_ascii_case(b"100-continue");
        }
        Ok(())
    }
}

/// Without the space around a value that is not its own (RFC 9110 §5.5).
fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Digits alone (RFC 9110 §8.6).
fn whole(digits: &[u8]) -> Option<u64> {
    let legal = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(digits).ok().filter(|_| legal);
    text?.parse().ok()
}

/// Whether a list has this member.
fn names(list: &HeaderValue, member: &[u8]) -> bool {
    let mut members = list.as_bytes().split(|byte| *byte == b',');
    members.any(|name| name.trim_ascii().eq_ignore_ascii_case(member))
}
