//! Where does a body in chunks end (RFC 9112 §7.1)? Nothing is taken that two parsers could read differently: sizes are plain digits,
//! lines end with CR LF, and lines and trailers have their bounds.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memchr;

/// A chunk's first line, its end not counted: digits, and extensions that nobody has a use for.
const LONGEST_LINE: usize = 512;
/// Digits of a chunk's size: what 64 bits hold.
const MOST_DIGITS: usize = 16;
/// All trailers together, as hyper bounds them.
const LONGEST_TRAILERS: usize = 16 << 10;
/// As many as fields of a head.
const MOST_TRAILERS: usize = 100;

/// Follows one body in chunks.
#[derive(Debug)]
pub(crate) struct Chunks {
    place: Place,
    /// So much of the line or block of trailers has been looked at.
    looked: usize,
    /// Blanks may follow a size: old servers fill up what they have reserved for it.
    padded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Size,
    Data(u64),
    /// The line end after a chunk's data.
    DataEnd,
    Trailers,
    End,
}

/// What comes next in a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Never empty.
    Data(Bytes),
    /// At the end, and only if there are any.
    Trailers(HeaderMap),
    /// No byte of the body follows; what is left in the buffer is another message's.
    End,
}

/// A body's chunks cannot be taken in one way only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("chunk size is not hexadecimal digits and CR LF")]
    Size,
    #[error("chunk size line is longer than {LONGEST_LINE} bytes")]
    LongLine,
    #[error("chunk does not end with CR LF")]
    DataEnd,
    #[error("trailers are not fields with CR LF")]
    Trailers,
    #[error("trailers are longer than {LONGEST_TRAILERS} bytes or more than {MOST_TRAILERS}")]
    LongTrailers,
}

impl Chunks {
    /// For a client's body.
    pub(crate) fn strict() -> Chunks {
        Chunks {
            place: Place::Size,
            looked: 0,
            padded: false,
        }
    }

    /// For a server's body.
    pub(crate) fn padded() -> Chunks {
        Chunks {
            padded: true,
            ..Chunks::strict()
        }
    }

    /// Whether the end has been reached.
    pub(crate) fn is_over(&self) -> bool {
        self.place == Place::End
    }

    /// Takes the next piece from `read`; `None` when more has to be read first, which is then wanted at the end of `read`.
    pub(crate) fn next(&mut self, read: &mut BytesMut) -> Result<Option<Piece>, Malformed> {
        loop {
            match self.place {
                Place::Size => match self.line(read)? {
                    None => return Ok(None),
                    Some(0) => self.place = Place::Trailers,
                    Some(size) => self.place = Place::Data(size),
                },
                Place::Data(left) => {
                    if read.is_empty() {
                        return Ok(None);
                    }
                    let here =
                        usize::try_from(left).map_or(read.len(), |left| left.min(read.len()));
                    self.place = match left - here as u64 {
                        0 => Place::DataEnd,
                        left => Place::Data(left),
                    };
                    return Ok(Some(Piece::Data(read.split_to(here).freeze())));
                }
                Place::DataEnd => match read[..] {
                    [b'\r', b'\n', ..] => {
                        drop(read.split_to(2));
                        self.place = Place::Size;
                    }
                    [] | [b'\r'] => return Ok(None),
                    _ => return Err(Malformed::DataEnd),
                },
                Place::Trailers => {
                    let Some(trailers) = self.trailers(read)? else {
                        return Ok(None);
                    };
                    self.place = Place::End;
                    if !trailers.is_empty() {
                        return Ok(Some(Piece::Trailers(trailers)));
                    }
                }
                Place::End => return Ok(Some(Piece::End)),
            }
        }
    }

    /// The size in a chunk's first line, once that is there.
    fn line(&mut self, read: &mut BytesMut) -> Result<Option<u64>, Malformed> {
        let Some(end) = memchr(b'\n', &read[self.looked..]).map(|at| self.looked + at) else {
            self.looked = read.len();
            return if self.looked > LONGEST_LINE + 1 {
                Err(Malformed::LongLine)
            } else {
                Ok(None)
            };
        };
        self.looked = 0;
        let line = read[..end].strip_suffix(b"\r").ok_or(Malformed::Size)?;
        let size = size_of(line, self.padded)?;
        drop(read.split_to(end + 1));
        Ok(Some(size))
    }

    /// The trailers, once all are there.
    fn trailers(&mut self, read: &mut BytesMut) -> Result<Option<HeaderMap>, Malformed> {
        let Some(end) = self.end_of_trailers(read)? else {
            return Ok(None);
        };
        let block = read.split_to(end);
        let mut trailers = HeaderMap::new();
        if end > 2 {
            let mut fields = [httparse::EMPTY_HEADER; MOST_TRAILERS];
            let (_, parsed) = match httparse::parse_headers(&block, &mut fields) {
                Ok(httparse::Status::Complete(parsed)) => parsed,
                Err(httparse::Error::TooManyHeaders) => return Err(Malformed::LongTrailers),
                _ => return Err(Malformed::Trailers),
            };
            for field in parsed {
                let name = HeaderName::from_bytes(field.name.as_bytes());
                let value = HeaderValue::from_bytes(field.value);
                let (Ok(name), Ok(value)) = (name, value) else {
                    return Err(Malformed::Trailers);
                };
                trailers.append(name, value);
            }
        }
        Ok(Some(trailers))
    }

    /// Behind the empty line that ends them.
    fn end_of_trailers(&mut self, read: &[u8]) -> Result<Option<usize>, Malformed> {
        // Where a line begins.
        let mut at = self.looked;
        while let Some(length) = memchr(b'\n', &read[at..]) {
            let line = read[at..at + length]
                .strip_suffix(b"\r")
                .filter(|line| !line.contains(&b'\r'))
                .ok_or(Malformed::Trailers)?;
            at += length + 1;
            if at > LONGEST_TRAILERS {
                return Err(Malformed::LongTrailers);
            }
            if line.is_empty() {
                self.looked = 0;
                return Ok(Some(at));
            }
        }
        self.looked = at;
        if read.len() > LONGEST_TRAILERS {
            return Err(Malformed::LongTrailers);
        }
        Ok(None)
    }
}

/// The size that a line tells, which is without its end.
fn size_of(line: &[u8], padded: bool) -> Result<u64, Malformed> {
    if line.len() > LONGEST_LINE {
        return Err(Malformed::LongLine);
    }
    let digits = line
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let (digits, extension) = line.split_at(digits);
    let begins = extension.trim_ascii_start().first();
    let legal = extension.is_empty() || begins == Some(&b';') || (padded && begins.is_none());
    let clean = extension
        .iter()
        .all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..));
    if !(legal && clean && (1..=MOST_DIGITS).contains(&digits.len())) {
        return Err(Malformed::Size);
    }
    let size = digits.iter().fold(0, |size: u64, digit| {
        let digit = char::from(*digit).to_digit(16).unwrap_or_default();
        size << 4 | u64::from(digit)
    });
    // Past what a signed 64-bit count holds, some would read a negative size.
    if i64::try_from(size).is_err() {
        return Err(Malformed::Size);
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data and trailers of a body that comes in pieces of `size` bytes, and what is left.
    fn read_by(
        mut chunks: Chunks,
        text: &[u8],
        size: usize,
    ) -> Result<(Vec<u8>, HeaderMap, Vec<u8>), Option<Malformed>> {
        let (mut data, mut trailers) = (Vec::new(), HeaderMap::new());
        let mut read = BytesMut::new();
        let mut pieces = text.chunks(size);
        loop {
            match chunks.next(&mut read).map_err(Some)? {
                Some(Piece::Data(piece)) => data.extend_from_slice(&piece),
                Some(Piece::Trailers(map)) => trailers = map,
                Some(Piece::End) => break,
                None => read.extend_from_slice(pieces.next().ok_or(None)?),
            }
        }
        assert!(chunks.is_over());
        let mut rest = read.to_vec();
        pieces.for_each(|piece| rest.extend_from_slice(piece));
        Ok((data, trailers, rest))
    }

    #[test]
    fn a_body_is_the_same_however_it_is_cut() {
        let long = format!("1f4\r\n{}\r\n0\r\n\r\n", "x".repeat(500));
        let texts = [
            ("0\r\n\r\nnext", ""),
            ("5\r\nhello\r\n0\r\n\r\nnext", "hello"),
            (
                "5;a=\"b\"\r\nhello\r\nA ; c\r\n0123456789\r\n000\r\nX-A: 1\r\nX-A: 2\r\n\r\nnext",
                "hello0123456789",
            ),
            ("2\r\n\r\n\r\n0\r\n\r\nnext", "\r\n"),
            (&long, &"x".repeat(500)),
        ];
        for (text, expected) in texts {
            for size in 1..=text.len() {
                let (data, trailers, rest) =
                    read_by(Chunks::strict(), text.as_bytes(), size).unwrap();
                assert_eq!(data, expected.as_bytes(), "{text:?} by {size}");
                let count = text.matches("X-A").count();
                assert_eq!(trailers.get_all("x-a").iter().count(), count);
                assert!(text.as_bytes().ends_with(&rest), "{text:?} by {size}");
                assert!(rest == b"next" || rest.is_empty(), "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let line = "x".repeat(LONGEST_LINE);
        let trailers = format!("0\r\nA: {}\r\n\r\n", "x".repeat(LONGEST_TRAILERS));
        let many = format!("0\r\n{}\r\n", "a: b\r\n".repeat(MOST_TRAILERS + 1));
        for (text, why) in [
            ("\r\n", Malformed::Size),
            ("5\nhello\r\n", Malformed::Size),
            ("5 \r\nhello\r\n", Malformed::Size),
            ("5;a\nb\r\nhello\r\n", Malformed::Size),
            ("5;a\rb\r\nhello\r\n", Malformed::Size),
            ("0x5\r\nhello\r\n", Malformed::Size),
            ("-5\r\nhello\r\n", Malformed::Size),
            ("8000000000000000\r\n", Malformed::Size),
            ("00000000000000005\r\nhello\r\n", Malformed::Size),
            ("5\r\nhello!\r\n", Malformed::DataEnd),
            ("5\r\nhello\n0\r\n\r\n", Malformed::DataEnd),
            ("5\r\nhello\r0\r\n\r\n", Malformed::DataEnd),
            ("0\r\nA: b\n\r\n", Malformed::Trailers),
            ("0\r\nA: b\rc\r\n\r\n", Malformed::Trailers),
            ("0\r\nA : b\r\n\r\n", Malformed::Trailers),
            ("0\r\nA: b\r\n c\r\n\r\n", Malformed::Trailers),
            ("0\r\n\n", Malformed::Trailers),
            (&format!("5;{line}\r\nhello"), Malformed::LongLine),
            (&format!("5;{line}{line}"), Malformed::LongLine),
            (&trailers, Malformed::LongTrailers),
            (&many, Malformed::LongTrailers),
        ] {
            for size in [1, 2, 3, 7, text.len()] {
                let outcome = read_by(Chunks::strict(), text.as_bytes(), size);
                assert_eq!(outcome, Err(Some(why)), "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn a_body_without_its_end_is_not_over() {
        let text = b"5\r\nhello\r\n0\r\nA: b\r\n\r\n";
        for end in 0..text.len() {
            let outcome = read_by(Chunks::strict(), &text[..end], 3);
            assert_eq!(outcome, Err(None), "{end}");
        }
    }

    #[test]
    fn servers_may_fill_up_a_size_with_blanks() {
        let text = b"5   \r\nhello\r\n0  \r\n\r\n";
        assert_eq!(read_by(Chunks::padded(), text, 4).unwrap().0, b"hello");
        let strict = read_by(Chunks::strict(), text, 4);
        assert_eq!(strict, Err(Some(Malformed::Size)));
    }
}
