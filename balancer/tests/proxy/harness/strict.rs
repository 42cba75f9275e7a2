//! An origin that reads bytes itself and forgives nothing: what it complains of, the balancer should not have sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it arrived, whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    /// Method and target.
    pub(crate) line: String,
    /// `name: value`, names in small letters.
    pub(crate) fields: Vec<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) received: Vec<Received>,
    pub(crate) complaints: Vec<String>,
}

/// A strict server on a port of its own; every whole request is answered with 200 and `ok`.
pub(crate) struct StrictOrigin {
    pub(crate) address: SocketAddr,
    pub(crate) log: Arc<Mutex<Log>>,
    task: JoinHandle<()>,
}

impl StrictOrigin {
    pub(crate) async fn start() -> StrictOrigin {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let log = Arc::new(Mutex::new(Log::default()));
        let address = listener.local_addr().unwrap();
        let shared = log.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        StrictOrigin { address, log, task }
    }

    /// Everything since the last look.
    pub(crate) fn take_log(&self) -> Log {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

impl Drop for StrictOrigin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, log: Arc<Mutex<Log>>) {
    let mut input = Input {
        stream,
        bytes: Vec::new(),
    };
    loop {
        match input.request().await {
            Ok(Some(request)) => {
                let head = request.line.starts_with("HEAD ");
                log.lock().unwrap().received.push(request);
                let body = if head { "" } else { "ok" };
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{body}");
                if input.stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
            // It broke off: not a whole request, and no fault of framing.
            Ok(None) => return,
            Err(complaint) => return log.lock().unwrap().complaints.push(complaint),
        }
    }
}

struct Input {
    stream: TcpStream,
    bytes: Vec<u8>,
}

/// `None` when the connection ended before the whole came.
type Read<T> = Result<Option<T>, String>;

/// The value, or an end in good order.
macro_rules! whole {
    ($read:expr) => {
        match $read? {
            Some(value) => value,
            None => return Ok(None),
        }
    };
}

impl Input {
    async fn request(&mut self) -> Read<Received> {
        let line = whole!(self.line().await);
        let mut request = Received::default();
        let words: Vec<&str> = line.split(' ').collect();
        let [method, target, "HTTP/1.1"] = words[..] else {
            return Err(format!("request line {line:?}"));
        };
        request.line = format!("{method} {target}");
        request.fields = whole!(self.fields().await);
        let length = one(&request.fields, "content-length")?;
        let coding = one(&request.fields, "transfer-encoding")?;
        if one(&request.fields, "host")?.is_none() {
            return Err("no host".into());
        }
        for name in [
            "keep-alive",
            "proxy-connection",
            "upgrade",
            "connection",
            "expect",
        ] {
            if one(&request.fields, name)?.is_some() {
                return Err(format!("{name} was passed on"));
            }
        }
        match (length, coding) {
            (None, None) => {}
            (Some(length), None) => {
                let length = length.parse().map_err(|_| format!("length {length:?}"))?;
                request.body = whole!(self.exactly(length).await);
            }
            (None, Some("chunked")) => {
                while let Some(chunk) = whole!(self.chunk().await) {
                    request.body.extend(chunk);
                }
                request.trailers = whole!(self.fields().await);
                for name in ["content-length", "transfer-encoding", "host"] {
                    if one(&request.trailers, name)?.is_some() {
                        return Err(format!("{name} in the trailers"));
                    }
                }
            }
            both => return Err(format!("framing {both:?}")),
        }
        Ok(Some(request))
    }

    async fn chunk(&mut self) -> Read<Option<Vec<u8>>> {
        let line = whole!(self.line().await);
        let size = usize::from_str_radix(&line, 16).map_err(|_| format!("chunk line {line:?}"))?;
        if size == 0 {
            return Ok(Some(None));
        }
        let data = whole!(self.exactly(size).await);
        match whole!(self.exactly(2).await)[..] {
            [b'\r', b'\n'] => Ok(Some(Some(data))),
            _ => Err("chunk without an end".into()),
        }
    }

    async fn fields(&mut self) -> Read<Vec<String>> {
        let mut fields = Vec::new();
        loop {
            let line = whole!(self.line().await);
            if line.is_empty() {
                return Ok(Some(fields));
            }
            let (name, value) = line.split_once(':').ok_or(format!("field {line:?}"))?;
            let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            if name.is_empty() || !name.chars().all(token) {
                return Err(format!("field name {name:?}"));
            }
            fields.push(format!("{}: {}", name.to_ascii_lowercase(), value.trim()));
        }
    }

    /// A line, which ends with both bytes and holds no other control character than a tab.
    async fn line(&mut self) -> Read<String> {
        loop {
            if let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.bytes.drain(..=end).collect();
                let text: String = line.iter().map(|byte| char::from(*byte)).collect();
                let text = text
                    .strip_suffix("\r\n")
                    .ok_or(format!("bare LF after {text:?}"))?;
                if text.chars().any(|c| c.is_ascii_control() && c != '\t') {
                    return Err(format!("control character in {text:?}"));
                }
                return Ok(Some(text.to_owned()));
            }
            whole!(self.more().await);
        }
    }

    async fn exactly(&mut self, length: usize) -> Read<Vec<u8>> {
        while self.bytes.len() < length {
            whole!(self.more().await);
        }
        Ok(Some(self.bytes.drain(..length).collect()))
    }

    async fn more(&mut self) -> Read<()> {
        match self.stream.read_buf(&mut self.bytes).await {
            Ok(1..) => Ok(Some(())),
            _ => Ok(None),
        }
    }
}

/// The value of a field that may be there once.
fn one<'a>(fields: &'a [String], name: &str) -> Result<Option<&'a str>, String> {
    let values = fields
        .iter()
        .filter_map(|field| field.strip_prefix(name)?.strip_prefix(": "));
    match values.collect::<Vec<_>>()[..] {
        [] => Ok(None),
        [value] => Ok(Some(value)),
        _ => Err(format!("{name} more than once")),
    }
}
