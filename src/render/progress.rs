//! What is seen while a picture is drawn: a bar of its rows on a terminal, fed by the frontend's events,
//! and at the end how long it took and who drew it.

use std::fmt::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Client, Url};
use serde::Deserialize;

/// The part of a render's report that is shown.
#[derive(Clone, Debug, Default, Deserialize)]
struct Report {
    iterations: Option<u64>,
    rows: u64,
    rows_done: u64,
    workers: Vec<Share>,
}

#[derive(Clone, Debug, Deserialize)]
struct Share {
    worker: String,
    pieces: u32,
}

/// A name under which the frontend reports a render: 128 random bits, so that nobody guesses it.
pub(super) fn new_id() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// The bar; clones show the same. Nothing is drawn where stderr is no terminal.
#[derive(Clone)]
pub(super) struct Bar {
    bar: ProgressBar,
    last: Arc<Mutex<Report>>,
    began: Instant,
}

impl Bar {
    pub(super) fn new() -> Bar {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template(
            "{bar:40.cyan/blue} {percent:>3} %  {pos} of {len} rows  {elapsed}",
        );
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Bar {
            bar,
            last: Arc::default(),
            began: Instant::now(),
        }
    }

    fn show(&self, report: Report) {
        self.bar.set_length(report.rows);
        self.bar.set_position(report.rows_done);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }

    /// Takes the bar away; a picture that was drawn leaves a line behind.
    pub(super) fn end(&self, output: &Path, drawn: bool) {
        self.bar.finish_and_clear();
        if !drawn {
            return;
        }
        let report = self
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut line = format!(
            "{}: {:.3} s",
            output.display(),
            self.began.elapsed().as_secs_f64()
        );
        if let Some(iterations) = report.iterations {
            // Writing to a String cannot fail.
            let _ = write!(line, ", {iterations} iterations");
        }
        for share in &report.workers {
            let _ = write!(line, ", {} drew {}", share.worker, share.pieces);
        }
        eprintln!("{line}");
    }
}

/// Shows every report of the render `id` until the stream ends. A bar is a comfort: when the events
/// cannot be had, the picture is drawn without it.
pub(super) async fn follow(client: Client, site: Url, id: String, bar: Bar) {
    let Ok(events) = site.join(&format!("renders/{id}/events")) else {
        return;
    };
    let Ok(mut answer) = client.get(events).send().await else {
        return;
    };
    let mut unread = String::new();
    while let Ok(Some(bytes)) = answer.chunk().await {
        unread.push_str(&String::from_utf8_lossy(&bytes));
        while let Some((line, rest)) = unread.split_once('\n') {
            let data = line.trim_end().strip_prefix("data:");
            if let Some(report) = data.and_then(|json| serde_json::from_str(json).ok()) {
                bar.show(report);
            }
            unread = rest.to_owned();
        }
    }
}
