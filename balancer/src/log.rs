//! Who writes logs, when requests must not wait for a disk? A thread of its own. What is to be written is left in a bounded
//! buffer, which the thread empties ten times a second, so that no request wakes anybody. What finds the buffer full
//! is lost, counted, and the count is written. A reload has what begins from then on written elsewhere; what began before goes
//! where it was to go.

mod access;
mod calendar;
mod files;
mod sink;
mod writer;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;
use std::{io, thread};

use arc_swap::ArcSwapOption;
use serde_json::json;

pub(crate) use self::access::{Entry, Record};
pub(crate) use self::calendar::imf_fixdate;
use self::sink::Folders;
pub(crate) use self::sink::Sink;
pub use self::sink::Unwritable;
use crate::settings;

/// In the time between two looks at the buffer, the lines of more requests than one machine answers.
const LONGEST: usize = 16_384;

/// Where lines are left to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Where what begins now is written, if anywhere.
    sink: ArcSwapOption<Sink>,
    folders: Folders,
    buffer: Mutex<Buffer>,
    /// Told when the end has come.
    ended: Condvar,
    lost: AtomicU64,
    /// Writes; there is none before anything was to be written.
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Buffer {
    lines: Vec<Line>,
    end: bool,
}

/// A line to be written.
#[derive(Debug)]
struct Line {
    sink: Arc<Sink>,
    says: Says,
}

#[derive(Debug)]
enum Says {
    Access(Box<Record>),
    /// Already as text.
    Event(String),
}

impl Log {
    /// A log as the settings want it.
    pub(crate) fn start(settings: &settings::Log) -> Result<Log, Unwritable> {
        let log = Log::default();
        log.turn_to(log.open(settings)?);
        Ok(log)
    }

    /// Opens what the settings want written to; `None` is nothing.
    pub(crate) fn open(&self, settings: &settings::Log) -> Result<Option<Arc<Sink>>, Unwritable> {
        let sink = self.0.folders.sink(settings, SystemTime::now())?;
        if sink.is_some() {
            self.start_writer().map_err(Unwritable::Thread)?;
        }
        Ok(sink.map(Arc::new))
    }

    /// From here on what begins is written to `sink`. The one before is closed when nothing has to be written to it any more.
    pub(crate) fn turn_to(&self, sink: Option<Arc<Sink>>) {
        self.0.sink.store(sink);
    }

    fn start_writer(&self) -> io::Result<()> {
        let mut writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.is_none() {
            let shared = self.0.clone();
            let named = thread::Builder::new().name("log".into());
            *writer = Some(named.spawn(move || writer::write(&shared))?);
        }
        Ok(())
    }

    /// Where the line of a request that begins now goes, if there is to be one.
    fn sink_of_requests(&self) -> Option<Arc<Sink>> {
        let sink = self.0.sink.load();
        sink.as_ref().filter(|sink| sink.takes_requests()).cloned()
    }

    fn push(&self, line: Line) {
        let mut buffer = self.0.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        if buffer.lines.len() < LONGEST {
            buffer.lines.push(line);
        } else {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Something that happened, for the file of events.
    pub(crate) fn event(&self, at: SystemTime, fields: serde_json::Value) {
        let Some(sink) = self.0.sink.load_full().filter(|sink| sink.takes_events()) else {
            return;
        };
        let mut line = json!({ "time": calendar::rfc3339(at) });
        if let (Some(line), serde_json::Value::Object(fields)) = (line.as_object_mut(), fields) {
            line.extend(fields);
        }
        let says = Says::Event(line.to_string());
        self.push(Line { sink, says });
    }

    /// How many lines were lost so far.
    pub(crate) fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Writes what is left, and waits for it.
    pub(crate) async fn finish(&self) {
        let Some(writer) = self.dismiss_writer() else {
            return;
        };
        let joined = tokio::task::spawn_blocking(move || writer.join());
        if !matches!(joined.await, Ok(Ok(()))) {
            tracing::error!("the thread that writes logs failed");
        }
    }

    /// Tells it that the end has come.
    fn dismiss_writer(&self) -> Option<JoinHandle<()>> {
        let mut buffer = self.0.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.end = true;
        self.0.ended.notify_one();
        let mut writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::AccessFormat;

    #[test]
    fn a_full_buffer_loses_lines_and_counts_them() {
        let log = Log::default();
        let json = settings::Log {
            access: AccessFormat::Json,
            folder: None,
        };
        let sink = log.0.folders.sink(&json, SystemTime::UNIX_EPOCH);
        let sink = Arc::new(sink.unwrap().unwrap());
        for _ in 0..LONGEST + 5 {
            log.push(Line {
                sink: sink.clone(),
                says: Says::Event(String::new()),
            });
        }
        assert_eq!(log.lost(), 5);
        assert_eq!(log.0.buffer.lock().unwrap().lines.len(), LONGEST);
    }
}
