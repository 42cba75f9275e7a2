//! What is written of a request? One line, when the last byte of its answer is out or its client has left.

use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version, header};
use serde::Serialize;

use super::{Line, Log, Says, Sink, calendar};
use crate::pool::Pool;
use crate::settings::AccessFormat;
use crate::upstream::Server;

/// A request and its answer.
#[derive(Debug)]
pub(crate) struct Record {
    at: SystemTime,
    client: IpAddr,
    method: Method,
    target: Uri,
    version: Version,
    referer: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    pool: Arc<Pool>,
    server: Option<Arc<Server>>,
    status: StatusCode,
    bytes: u64,
    took: Duration,
    /// Whether all of the answer was sent.
    complete: bool,
    /// How it came that the balancer answered and not a server.
    failure: Option<Arc<str>>,
}

/// A record in the making; it is logged when this is dropped.
#[derive(Debug)]
pub(crate) struct Entry {
    log: Log,
    /// Where it goes, whatever a reload says meanwhile.
    sink: Arc<Sink>,
    began: Instant,
    record: Option<Box<Record>>,
}

impl Entry {
    /// A request of `client` begins; `None` when it is not to be logged.
    pub(crate) fn begin<B>(
        log: &Log,
        client: IpAddr,
        pool: &Arc<Pool>,
        request: &Request<B>,
    ) -> Option<Entry> {
        let sink = log.sink_of_requests()?;
        let field = |name| HeaderMap::get(request.headers(), name).cloned();
        Some(Entry {
            log: log.clone(),
            sink,
            began: Instant::now(),
            record: Some(Box::new(Record {
                at: SystemTime::now(),
                client,
                method: request.method().clone(),
                target: request.uri().clone(),
                version: request.version(),
                referer: field(header::REFERER),
                user_agent: field(header::USER_AGENT),
                pool: pool.clone(),
                server: None,
                // As nginx calls it when the client left before there was an answer.
                status: StatusCode::from_u16(499).unwrap_or_default(),
                bytes: 0,
                took: Duration::ZERO,
                complete: false,
                failure: None,
            })),
        })
    }

    /// No server gave the answer; why.
    pub(crate) fn failed(&mut self, why: Arc<str>) {
        if let Some(record) = &mut self.record {
            record.failure = Some(why);
        }
    }

    /// The head of the answer is there, from `server` unless the balancer gave it.
    pub(crate) fn answered(&mut self, status: StatusCode, server: Option<Arc<Server>>) {
        if let Some(record) = &mut self.record {
            record.status = status;
            record.server = server;
            // There is nothing but a head.
            record.complete |= record.method == Method::HEAD;
        }
    }

    /// So many bytes of the body are on their way.
    pub(crate) fn sent(&mut self, bytes: usize) {
        if let Some(record) = &mut self.record {
            record.bytes += bytes as u64;
        }
    }

    /// That was the last of it.
    pub(crate) fn complete(&mut self) {
        if let Some(record) = &mut self.record {
            record.complete = true;
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(mut record) = self.record.take() {
            record.took = self.began.elapsed();
            self.log.push(Line {
                sink: self.sink.clone(),
                says: Says::Access(record),
            });
        }
    }
}

/// A line of JSON.
#[derive(Serialize)]
struct Json<'a> {
    time: String,
    client: IpAddr,
    method: &'a str,
    target: String,
    protocol: &'a str,
    status: u16,
    bytes: u64,
    seconds: f64,
    pool: &'a str,
    server: Option<&'a str>,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
}

impl Record {
    /// Appends the line to `to`.
    pub(super) fn write(&self, format: AccessFormat, to: &mut Vec<u8>) {
        match format {
            AccessFormat::None => return,
            AccessFormat::Json => self.write_json(to),
            AccessFormat::Combined => to.extend_from_slice(self.combined().as_bytes()),
        }
        to.push(b'\n');
    }

    fn write_json(&self, to: &mut Vec<u8>) {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let line = Json {
            time: calendar::rfc3339(self.at),
            client: self.client,
            method: self.method.as_str(),
            target: self.target.to_string(),
            protocol: self.protocol(),
            status: self.status.as_u16(),
            bytes: self.bytes,
            seconds: (self.took.as_secs_f64() * 1e6).round() / 1e6,
            pool: &self.pool.settings.name,
            server: self.server.as_deref().map(|server| &*server.label),
            complete: self.complete,
            failure: self.failure.as_deref(),
            referer: self.referer.as_ref().map(text),
            user_agent: self.user_agent.as_ref().map(text),
        };
        // Texts and numbers always have a form in JSON, and memory takes all of it.
        drop(serde_json::to_writer(to, &line));
    }

    /// As Apache's `combined`: client, time, request line, status, bytes, referer, user agent.
    fn combined(&self) -> String {
        let quoted = |value: Option<&HeaderValue>| {
            value.map_or("-".to_owned(), |value| escaped(value.as_bytes()))
        };
        format!(
            "{} - - [{}] \"{} {} {}\" {} {} \"{}\" \"{}\"",
            self.client,
            calendar::common(self.at),
            self.method,
            escaped(self.target.to_string().as_bytes()),
            self.protocol(),
            self.status.as_u16(),
            self.bytes,
            quoted(self.referer.as_ref()),
            quoted(self.user_agent.as_ref()),
        )
    }

    fn protocol(&self) -> &'static str {
        match self.version {
            Version::HTTP_10 => "HTTP/1.0",
            Version::HTTP_2 => "HTTP/2.0",
            _ => "HTTP/1.1",
        }
    }
}

/// Nothing that a client sends ends a quoted text or a line.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b' '..=b'~' if !matches!(byte, b'"' | b'\\') => text.push(char::from(*byte)),
            // Writing to a text cannot fail.
            other => drop(write!(text, "\\x{other:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;

    fn record() -> Record {
        let agent = HeaderValue::from_bytes(b"a \"b\"\xff").unwrap();
        Record {
            at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_301_883_120),
            client: "192.0.2.1".parse().unwrap(),
            method: Method::GET,
            target: "/a?b=\\c".parse().unwrap(),
            version: Version::HTTP_11,
            referer: None,
            user_agent: Some(agent),
            pool: Pool::new(settings::Pool::new("tiles", Vec::new())),
            server: None,
            status: StatusCode::OK,
            bytes: 1234,
            took: Duration::from_micros(1500),
            complete: true,
            failure: None,
        }
    }

    fn line(format: AccessFormat) -> String {
        let mut line = Vec::new();
        record().write(format, &mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_line_is_json() {
        let line: serde_json::Value = serde_json::from_str(&line(AccessFormat::Json)).unwrap();
        assert_eq!(line["time"], "2026-11-21T22:58:03.120Z");
        assert_eq!(
            (&line["target"], &line["status"]),
            (&"/a?b=\\c".into(), &200.into())
        );
        assert_eq!(
            (&line["seconds"], &line["complete"]),
            (&0.0015.into(), &true.into())
        );
        assert_eq!(line["user_agent"], "a \"b\"\u{fffd}");
    }

    #[test]
    fn a_combined_line_cannot_be_broken_out_of() {
        assert_eq!(
            line(AccessFormat::Combined),
            "192.0.2.1 - - [21/Nov/2026:22:58:03 +0000] \"GET /a?b=\\x5Cc HTTP/1.1\" 200 1234 \
             \"-\" \"a \\x22b\\x22\\xFF\"\n"
        );
    }
}
