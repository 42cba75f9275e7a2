//! Where does a request end? If two parsers on its way disagree, one request can hide in another's body, so
//! nothing that could be read in two ways gets past here (RFC 9112 §11.2). Bytes are looked at as they are read,
//! before hyper sees them: it parses fields well, but forgives line ends, repeated lengths and loose chunk lines.
//!
//! What offends is kept from hyper, with all that follows: it finds that the client ended in the middle of a head, after the answers
//! to requests before, and we answer 400 in its place. In a body, where a request is being answered already, what offends is
//! replaced by a byte that hyper's parser refuses in that place.

use memchr::memchr;

/// More of a line is not needed to know what it means for framing, and no chunk line is longer.
const LINE_KEPT: usize = 512;
/// Empty lines before a request (RFC 9112 §2.2 asks to ignore one).
const MOST_BLANKS: u8 = 4;
/// Digits of a chunk's size: what 64 bits hold.
const MOST_DIGITS: usize = 16;

/// Follows one connection's requests.
#[derive(Debug, Default)]
pub(super) struct Framing {
    place: Place,
    blanks: u8,
    /// The beginning of a line that came in pieces.
    start: Vec<u8>,
    /// The last byte of the pieces before.
    last: u8,
    length: Option<u64>,
    chunked: bool,
    /// What was refused is a head, and no body.
    refused_in_head: bool,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Empty lines, or the first line of a request.
    #[default]
    RequestLine,
    Field,
    Body(u64),
    ChunkLine,
    ChunkData(u64),
    ChunkCr,
    ChunkLf,
    Trailer,
    /// Another protocol.
    Tunnel,
    Refused,
}

/// A line cannot be taken in one way only.
#[derive(Debug, PartialEq, Eq)]
struct Ambiguous;

impl Framing {
    /// From here on the connection carries another protocol.
    pub(super) fn open_tunnel(&mut self) {
        if self.place != Place::Refused {
            self.place = Place::Tunnel;
        }
    }

    /// Whether something was refused, after which nothing is let through.
    pub(super) fn is_refused(&self) -> bool {
        self.place == Place::Refused
    }

    /// Whether that was in a head, which nobody answers.
    pub(super) fn is_refused_in_head(&self) -> bool {
        self.refused_in_head
    }

    /// Looks at bytes as they came; so many of them, from the first, are for hyper.
    pub(super) fn check(&mut self, bytes: &mut [u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let step = match self.place {
                Place::Refused => return at,
                Place::Tunnel => return bytes.len(),
                Place::Body(left) => {
                    let (taken, left) = take(left, rest);
                    self.place = if left == 0 {
                        Place::RequestLine
                    } else {
                        Place::Body(left)
                    };
                    Ok(taken)
                }
                Place::ChunkData(left) => {
                    let (taken, left) = take(left, rest);
                    self.place = if left == 0 {
                        Place::ChunkCr
                    } else {
                        Place::ChunkData(left)
                    };
                    Ok(taken)
                }
                Place::ChunkCr => self.expect(rest, b'\r', Place::ChunkLf),
                Place::ChunkLf => self.expect(rest, b'\n', Place::ChunkLine),
                Place::RequestLine | Place::Field | Place::ChunkLine | Place::Trailer => {
                    self.line_of(rest)
                }
            };
            match step {
                Ok(taken) => at += taken,
                Err(offset) => return self.refuse(bytes, at, offset),
            }
        }
        at
    }

    fn expect(&mut self, rest: &[u8], byte: u8, next: Place) -> Result<usize, usize> {
        if rest.first() != Some(&byte) {
            return Err(0);
        }
        self.place = next;
        Ok(1)
    }

    /// Takes a line, or a piece of one; the error is where it offends.
    fn line_of(&mut self, rest: &[u8]) -> Result<usize, usize> {
        let end = memchr(b'\n', rest);
        let piece = &rest[..end.unwrap_or(rest.len())];
        if self.place == Place::RequestLine
            && let Some(offset) = piece.iter().position(|byte| !is_of_request_line(*byte))
        {
            return Err(offset);
        }
        let Some(end) = end else {
            self.keep(piece);
            if self.place == Place::ChunkLine && self.start.len() >= LINE_KEPT {
                return Err(piece.len() - 1);
            }
            return Ok(piece.len());
        };
        let before = if piece.is_empty() {
            self.last
        } else {
            piece[end - 1]
        };
        if before != b'\r' {
            return Err(end);
        }
        let outcome = if self.start.is_empty() {
            self.line(&piece[..end - 1])
        } else {
            self.keep(piece);
            let mut line = std::mem::take(&mut self.start);
            if line.len() < LINE_KEPT {
                line.pop();
            }
            let outcome = self.line(&line);
            line.clear();
            self.start = line;
            outcome
        };
        outcome.map_err(|Ambiguous| end)?;
        self.last = 0;
        Ok(end + 1)
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = LINE_KEPT - self.start.len();
        self.start
            .extend_from_slice(&piece[..piece.len().min(room)]);
        self.last = piece.last().copied().unwrap_or(self.last);
    }

    /// What a line means for what follows; `line` is without its end, and may be cut at [`LINE_KEPT`].
    fn line(&mut self, line: &[u8]) -> Result<(), Ambiguous> {
        match self.place {
            Place::RequestLine if line.is_empty() => {
                self.blanks += 1;
                if self.blanks > MOST_BLANKS {
                    return Err(Ambiguous);
                }
            }
            Place::RequestLine => {
                self.blanks = 0;
                self.place = Place::Field;
            }
            Place::Field if line.is_empty() => {
                self.place = match (self.length.take(), std::mem::take(&mut self.chunked)) {
                    // RFC 9112 §6.1: an attempt to smuggle, most likely.
                    (Some(_), true) => return Err(Ambiguous),
                    (None, true) => Place::ChunkLine,
                    (None | Some(0), false) => Place::RequestLine,
                    (Some(length), false) => Place::Body(length),
                };
            }
            Place::Field => self.field(line)?,
            Place::ChunkLine => {
                self.place = match chunk_size(line)? {
                    0 => Place::Trailer,
                    size => Place::ChunkData(size),
                };
            }
            Place::Trailer if line.is_empty() => self.place = Place::RequestLine,
            _ => {}
        }
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Ambiguous> {
        // Most names are told apart by their first letter.
        if !matches!(line[0] | 0x20, b'c' | b't') {
            return Ok(());
        }
        let name = &line[..memchr(b':', line).unwrap_or(line.len())];
        let value = line.get(name.len() + 1..).unwrap_or_default();
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = whole(value, line)?;
            if self.length.replace(length).is_some() {
                return Err(Ambiguous);
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let chunked = value.trim_ascii().eq_ignore_ascii_case(b"chunked");
            if self.chunked || !chunked || line.len() >= LINE_KEPT {
                return Err(Ambiguous);
            }
            self.chunked = true;
        }
        Ok(())
    }

    /// Ends what is let through before the byte at `offset` from `from`, or puts something into its place that hyper cannot take for anything.
    fn refuse(&mut self, bytes: &mut [u8], from: usize, offset: usize) -> usize {
        let at = from + offset;
        if matches!(self.place, Place::RequestLine | Place::Field) {
            self.refused_in_head = true;
            // Of a head that is not there at all hyper would not wait for the end until it has answered those before.
            let begins = self.place == Place::RequestLine && self.start.is_empty() && offset == 0;
            if begins {
                bytes[at] = b'x';
            }
            self.place = Place::Refused;
            self.start = Vec::new();
            return at + usize::from(begins);
        }
        let before = match at {
            0 => self.last,
            at => bytes[at - 1],
        };
        // A chunk's extension may hold any byte but a line feed.
        bytes[at] = if self.place == Place::ChunkLine && before != b'\r' {
            b'\n'
        } else {
            0
        };
        self.place = Place::Refused;
        self.start = Vec::new();
        at + 1
    }
}

fn take(left: u64, rest: &[u8]) -> (usize, u64) {
    let taken = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
    (taken, left - taken as u64)
}

/// A request line is visible ASCII and spaces (RFC 9112 §3); a fragment is never sent (RFC 9110 §7.1). Its
/// carriage return is the line's end.
fn is_of_request_line(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\r') && byte != b'#'
}

/// Digits alone, with space around them that is not theirs (RFC 9110 §8.6).
fn whole(value: &[u8], line: &[u8]) -> Result<u64, Ambiguous> {
    let digits = value.trim_ascii();
    let legal =
        !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) && line.len() < LINE_KEPT;
    let text = std::str::from_utf8(digits).ok().filter(|_| legal);
    text.and_then(|text| text.parse().ok()).ok_or(Ambiguous)
}

/// The size in a chunk's first line (RFC 9112 §7.1): digits, then an extension or nothing.
fn chunk_size(line: &[u8]) -> Result<u64, Ambiguous> {
    let digits = line
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let (digits, extension) = line.split_at(digits);
    let begins = extension.trim_ascii_start().first();
    let legal = extension.is_empty() || begins == Some(&b';');
    let clean = extension
        .iter()
        .all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..));
    if !(legal && clean && (1..=MOST_DIGITS).contains(&digits.len()) && line.len() < LINE_KEPT) {
        return Err(Ambiguous);
    }
    let text = std::str::from_utf8(digits).map_err(|_| Ambiguous)?;
    // Past what a signed 64-bit count holds, some would read a negative size.
    let size = i64::from_str_radix(text, 16).map_err(|_| Ambiguous)?;
    u64::try_from(size).map_err(|_| Ambiguous)
}

#[cfg(test)]
mod tests;
