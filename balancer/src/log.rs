//! Who writes logs, when requests must not wait for a disk? A thread of its own. What is to be written is left in a bounded
//! buffer, which the thread empties ten times a second, so that no request wakes anybody. What finds the buffer full
//! is lost, counted, and the count is written.

mod access;
mod calendar;
mod files;

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};
use std::{io, thread};

use serde_json::json;

pub(crate) use self::access::{Entry, Record};
pub(crate) use self::calendar::imf_fixdate;
use self::files::RotatedFile;
use crate::settings::{self, AccessFormat};

/// Between two looks at the buffer.
const INTERVAL: Duration = Duration::from_millis(100);
/// In `INTERVAL`, the lines of more requests than one machine answers.
const LONGEST: usize = 16_384;

/// Where lines are left to be written.
#[derive(Clone, Debug)]
pub(crate) struct Log(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    format: AccessFormat,
    buffer: Mutex<Buffer>,
    /// Told when the end has come.
    ended: Condvar,
    lost: AtomicU64,
}

#[derive(Debug, Default)]
struct Buffer {
    lines: Vec<Line>,
    end: bool,
}

/// A line to be written.
#[derive(Debug)]
enum Line {
    Access(Box<Record>),
    /// Already as text.
    Event(String),
}

/// The thread that writes; dropping it ends it without waiting.
#[derive(Debug)]
pub(crate) struct Writer {
    log: Log,
    thread: JoinHandle<()>,
}

impl Log {
    /// A log as the settings want it, and who writes it; `None` when they want none.
    pub(crate) fn start(settings: &settings::Log) -> io::Result<Option<Writer>> {
        if settings.access == AccessFormat::None && settings.folder.is_none() {
            return Ok(None);
        }
        let outputs = Outputs::open(settings.folder.as_deref(), SystemTime::now())?;
        let log = Log(Arc::new(Shared {
            format: settings.access,
            buffer: Mutex::default(),
            ended: Condvar::new(),
            lost: AtomicU64::new(0),
        }));
        let shared = log.0.clone();
        let thread = thread::Builder::new()
            .name("log".into())
            .spawn(move || write(&shared, outputs))?;
        Ok(Some(Writer { log, thread }))
    }

    /// Whether there is a line for each request.
    pub(crate) fn wants_access(&self) -> bool {
        self.0.format != AccessFormat::None
    }

    fn push(&self, line: Line) {
        let mut buffer = self.0.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        if buffer.lines.len() < LONGEST {
            buffer.lines.push(line);
        } else {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn access(&self, record: Box<Record>) {
        self.push(Line::Access(record));
    }

    /// Something that happened, for the file of events.
    pub(crate) fn event(&self, at: SystemTime, fields: serde_json::Value) {
        let mut line = json!({ "time": calendar::rfc3339(at) });
        if let (Some(line), serde_json::Value::Object(fields)) = (line.as_object_mut(), fields) {
            line.extend(fields);
        }
        self.push(Line::Event(line.to_string()));
    }

    /// How many lines were lost so far.
    pub(crate) fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    fn end(&self) {
        self.0
            .buffer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .end = true;
        self.0.ended.notify_one();
    }
}

impl Writer {
    pub(crate) fn log(&self) -> Log {
        self.log.clone()
    }

    /// Writes what is left, and waits for it.
    pub(crate) async fn finish(self) {
        self.log.end();
        let joined = tokio::task::spawn_blocking(move || self.thread.join());
        if !matches!(joined.await, Ok(Ok(()))) {
            tracing::error!("the thread that writes logs failed");
        }
    }
}

/// Where lines go: to files, or access lines to stderr, where events are told already.
enum Outputs {
    Stderr,
    Files {
        access: RotatedFile,
        events: RotatedFile,
    },
}

impl Outputs {
    fn open(folder: Option<&Path>, now: SystemTime) -> io::Result<Outputs> {
        Ok(match folder {
            None => Outputs::Stderr,
            Some(folder) => Outputs::Files {
                access: RotatedFile::open(folder, "access", now)?,
                events: RotatedFile::open(folder, "events", now)?,
            },
        })
    }

    fn write(&mut self, access: &[u8], events: &[u8], now: SystemTime) -> io::Result<()> {
        match self {
            Outputs::Stderr => io::stderr().lock().write_all(access),
            Outputs::Files {
                access: accesses,
                events: file,
            } => accesses.write(access, now).and(file.write(events, now)),
        }
    }
}

fn write(shared: &Shared, mut outputs: Outputs) {
    let (mut told, mut failing) = (0, false);
    let (mut access, mut events) = (Vec::new(), Vec::new());
    loop {
        let (lines, end) = {
            let buffer = shared.buffer.lock().unwrap_or_else(PoisonError::into_inner);
            let (mut buffer, _) = shared
                .ended
                .wait_timeout_while(buffer, INTERVAL, |buffer| !buffer.end)
                .unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut buffer.lines), buffer.end)
        };
        access.clear();
        events.clear();
        for line in lines {
            match line {
                Line::Access(record) => record.write(shared.format, &mut access),
                Line::Event(text) => {
                    events.extend_from_slice(text.as_bytes());
                    events.push(b'\n');
                }
            }
        }
        let lost = shared.lost.load(Ordering::Relaxed);
        let now = SystemTime::now();
        if lost > told {
            let line = json!({ "time": calendar::rfc3339(now), "lost_lines": lost - told });
            access.extend_from_slice(format!("{line}\n").as_bytes());
            tracing::warn!(
                lines = lost - told,
                "log lines were lost: the disk is too slow"
            );
            told = lost;
        }
        let outcome = outputs.write(&access, &events, now);
        if let Err(e) = &outcome
            && !failing
        {
            tracing::error!(error = %e, "logs cannot be written");
        }
        failing = outcome.is_err();
        if end {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_buffer_loses_lines_and_counts_them() {
        let log = Log(Arc::new(Shared {
            format: AccessFormat::Json,
            buffer: Mutex::default(),
            ended: Condvar::new(),
            lost: AtomicU64::new(0),
        }));
        for _ in 0..LONGEST + 5 {
            log.event(SystemTime::UNIX_EPOCH, json!({}));
        }
        assert_eq!(log.lost(), 5);
        assert_eq!(log.0.buffer.lock().unwrap().lines.len(), LONGEST);
    }
}
