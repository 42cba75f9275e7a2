//! How does a message get onto the wire? Appended to a buffer that its caller keeps, without anything on the heap in
//! between. Names and values are legal already: the types that hold them saw to that.

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, Version, header};

/// The largest number has so many digits.
const MOST_DIGITS: usize = 20;

/// How a body's end is told (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
}

/// The first line of a request for a path, or for the server itself (`*`).
pub(crate) fn request_line(out: &mut BytesMut, method: &Method, uri: &Uri) {
    out.extend_from_slice(method.as_str().as_bytes());
    out.extend_from_slice(b" ");
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    if !target.starts_with(['/', '*']) {
        out.extend_from_slice(b"/");
    }
    out.extend_from_slice(target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
}

/// The first line of an answer, with the `reason` that it came with, or the one that the registry has for its status.
pub(crate) fn status_line(
    out: &mut BytesMut,
    version: Version,
    status: StatusCode,
    reason: Option<&[u8]>,
) {
    let reason = reason.or_else(|| Some(status.canonical_reason()?.as_bytes()));
    out.extend_from_slice(if version == Version::HTTP_10 {
        b"HTTP/1.0 "
    } else {
        b"HTTP/1.1 "
    });
    out.extend_from_slice(status.as_str().as_bytes());
    out.extend_from_slice(b" ");
    out.extend_from_slice(reason.unwrap_or_default());
    out.extend_from_slice(b"\r\n");
}

/// One field.
pub(crate) fn field(out: &mut BytesMut, name: &HeaderName, value: &[u8]) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// All fields of a map.
pub(crate) fn fields(out: &mut BytesMut, headers: &HeaderMap) {
    for (name, value) in headers {
        field(out, name, value.as_bytes());
    }
}

/// The field that tells how long the body is.
pub(crate) fn framing(out: &mut BytesMut, framing: Framing) {
    match framing {
        Framing::Length(length) => {
            out.extend_from_slice(b"content-length: ");
            decimal(out, length);
            out.extend_from_slice(b"\r\n");
        }
        Framing::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
    }
}

/// After the last field.
pub(crate) fn end_of_fields(out: &mut BytesMut) {
    out.extend_from_slice(b"\r\n");
}

/// What goes before a piece of a body, which is not empty; [`CHUNK_END`] goes after it.
pub(crate) fn chunk(out: &mut BytesMut, length: usize) {
    hex(out, length as u64);
    out.extend_from_slice(b"\r\n");
}

/// Goes after each piece of a body.
pub(crate) const CHUNK_END: &[u8] = b"\r\n";

/// The end of a body in chunks.
pub(crate) fn last_chunk(out: &mut BytesMut, trailers: Option<&HeaderMap>) {
    out.extend_from_slice(b"0\r\n");
    if let Some(trailers) = trailers {
        fields(out, trailers);
    }
    out.extend_from_slice(b"\r\n");
}

/// Those of `trailers` that a message's `Trailer` announces, and that mean anything there (RFC 9110 §6.5.1): others are dropped.
pub(crate) fn announced(trailers: &HeaderMap, message: &HeaderMap) -> HeaderMap {
    let lists = message.get_all(header::TRAILER).into_iter();
    let names: Vec<&str> = lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .collect();
    let mut kept = HeaderMap::new();
    for (name, value) in trailers {
        let is_announced = names.iter().any(|n| n.eq_ignore_ascii_case(name.as_str()));
        if is_announced && !is_of_head(name) {
            kept.append(name, value.clone());
        }
    }
    kept
}

/// Whether a field has to be known before the body: it frames the message, routes it, or says who asks and for what.
fn is_of_head(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::AUTHORIZATION
            | header::CACHE_CONTROL
            | header::CONNECTION
            | header::CONTENT_ENCODING
            | header::CONTENT_LENGTH
            | header::CONTENT_RANGE
            | header::CONTENT_TYPE
            | header::COOKIE
            | header::EXPECT
            | header::FORWARDED
            | header::HOST
            | header::MAX_FORWARDS
            | header::PROXY_AUTHORIZATION
            | header::RANGE
            | header::SET_COOKIE
            | header::TE
            | header::TRAILER
            | header::TRANSFER_ENCODING
            | header::UPGRADE
            | header::VIA
    ) || matches!(
        name.as_str(),
        "keep-alive" | "proxy-connection" | "x-real-ip" | "x-request-id"
    ) || name.as_str().starts_with("x-forwarded-")
}

/// A number in digits.
pub(crate) fn decimal(out: &mut BytesMut, number: u64) {
    digits::<10>(out, number);
}

/// The same in base 16.
pub(crate) fn hex(out: &mut BytesMut, number: u64) {
    digits::<16>(out, number);
}

fn digits<const BASE: u64>(out: &mut BytesMut, mut number: u64) {
    let mut text = [0; MOST_DIGITS];
    let mut start = MOST_DIGITS;
    loop {
        start -= 1;
        text[start] = b"0123456789abcdef"[(number % BASE) as usize];
        number /= BASE;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[start..]);
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn text(write: impl FnOnce(&mut BytesMut)) -> String {
        let mut out = BytesMut::new();
        write(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn numbers_are_those_that_everybody_writes() {
        for number in [0, 1, 9, 10, 15, 16, 255, 256, 65_535, u64::MAX] {
            assert_eq!(text(|out| decimal(out, number)), number.to_string());
            assert_eq!(text(|out| hex(out, number)), format!("{number:x}"));
        }
    }

    #[test]
    fn a_request_asks_for_a_path_or_for_the_server() {
        for (uri, line) in [
            ("/", "GET / HTTP/1.1\r\n"),
            ("/a?b=c", "GET /a?b=c HTTP/1.1\r\n"),
            ("http://host", "GET / HTTP/1.1\r\n"),
            ("http://host?b", "GET /?b HTTP/1.1\r\n"),
            ("*", "GET * HTTP/1.1\r\n"),
        ] {
            let uri: Uri = uri.parse().unwrap();
            assert_eq!(text(|out| request_line(out, &Method::GET, &uri)), line);
        }
    }

    #[test]
    fn an_answer_says_its_status_in_the_clients_version() {
        let line = |version, status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            text(|out| status_line(out, version, status, None))
        };
        assert_eq!(line(Version::HTTP_11, 200), "HTTP/1.1 200 OK\r\n");
        assert_eq!(line(Version::HTTP_10, 404), "HTTP/1.0 404 Not Found\r\n");
        assert_eq!(line(Version::HTTP_11, 599), "HTTP/1.1 599 \r\n");
    }

    #[test]
    fn a_field_that_is_there_twice_is_written_twice() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", HeaderValue::from_static("1"));
        headers.append("x-b", HeaderValue::from_static("2"));
        headers.append("x-a", HeaderValue::from_static(""));
        let written = text(|out| fields(out, &headers));
        assert_eq!(written, "x-a: 1\r\nx-a: \r\nx-b: 2\r\n");
    }

    #[test]
    fn a_body_in_chunks_ends_with_the_trailers_that_were_announced() {
        let mut trailers = HeaderMap::new();
        trailers.append("x-sum", HeaderValue::from_static("7"));
        trailers.append("x-other", HeaderValue::from_static("7"));
        let of_head = [
            "content-length",
            "forwarded",
            "x-forwarded-for",
            "x-real-ip",
        ];
        for name in of_head {
            trailers.append(name, HeaderValue::from_static("7"));
        }
        let mut message = HeaderMap::new();
        message.append("trailer", HeaderValue::from_static("X-Sum, Content-Length"));
        message.append(
            "trailer",
            HeaderValue::from_static("Forwarded, X-Forwarded-For, X-Real-IP"),
        );
        let kept = announced(&trailers, &message);
        let written = text(|out| {
            chunk(out, 26);
            out.extend_from_slice(CHUNK_END);
            last_chunk(out, Some(&kept));
        });
        assert_eq!(written, "1a\r\n\r\n0\r\nx-sum: 7\r\n\r\n");
    }
}
