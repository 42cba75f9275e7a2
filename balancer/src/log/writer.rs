//! The thread that writes: all that was left since the last look, in one go for each sink.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::sink::Sink;
use super::{Line, Says, Shared, calendar};

/// Between two looks at the buffer.
const INTERVAL: Duration = Duration::from_millis(100);

/// What is written to a sink at once.
struct Batch {
    sink: Arc<Sink>,
    access: Vec<u8>,
    events: Vec<u8>,
}

/// Returns when the end has come and all is written.
pub(super) fn write(shared: &Shared) {
    let (mut told, mut failing) = (0, false);
    loop {
        let (lines, end) = wait(shared);
        let now = SystemTime::now();
        let mut batches = batches(lines);
        let lost = shared.lost.load(Ordering::Relaxed);
        if lost > told {
            if let Some(sink) = shared.sink.load_full() {
                let line = json!({ "time": calendar::rfc3339(now), "lost_lines": lost - told });
                let batch = batch_of(&mut batches, sink);
                batch
                    .access
                    .extend_from_slice(format!("{line}\n").as_bytes());
            }
            tracing::warn!(
                lines = lost - told,
                "log lines were lost: the disk is too slow"
            );
            told = lost;
        }
        let mut outcome = Ok(());
        for Batch {
            sink,
            access,
            events,
        } in batches
        {
            outcome = outcome.and(sink.write(&access, &events, now));
        }
        if let Err(e) = &outcome
            && !failing
        {
            tracing::error!(error = %e, "logs cannot be written");
        }
        failing = outcome.is_err();
        shared.folders.close_unused();
        if end {
            return shared.folders.finish();
        }
    }
}

/// What was left since, and whether the end has come.
fn wait(shared: &Shared) -> (Vec<Line>, bool) {
    let buffer = shared.buffer.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut buffer, _) = shared
        .ended
        .wait_timeout_while(buffer, INTERVAL, |buffer| !buffer.end)
        .unwrap_or_else(PoisonError::into_inner);
    (std::mem::take(&mut buffer.lines), buffer.end)
}

fn batches(lines: Vec<Line>) -> Vec<Batch> {
    let mut batches = Vec::new();
    for Line { sink, says } in lines {
        let format = sink.format;
        let batch = batch_of(&mut batches, sink);
        match says {
            Says::Access(record) => record.write(format, &mut batch.access),
            Says::Event(text) => {
                batch.events.extend_from_slice(text.as_bytes());
                batch.events.push(b'\n');
            }
        }
    }
    batches
}

/// There are as many as the settings have had sinks since the oldest of the requests began: one, most of the time.
fn batch_of(batches: &mut Vec<Batch>, sink: Arc<Sink>) -> &mut Batch {
    let known = batches
        .iter()
        .position(|batch| Arc::ptr_eq(&batch.sink, &sink));
    let at = known.unwrap_or_else(|| {
        batches.push(Batch {
            sink,
            access: Vec::new(),
            events: Vec::new(),
        });
        batches.len() - 1
    });
    &mut batches[at]
}
