//! What is seen while a picture is drawn: a bar on a terminal, of its reference orbit and then of its rows, fed by
//! the frontend's events; and at the end how long it took and who drew it.

use std::fmt::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

/// Between two questions for the events of a render that has not begun: no longer than a bar is not missed.
const PAUSE: Duration = Duration::from_millis(50);

/// Steps of the bar while it shows a reference orbit.
const ORBIT_STEPS: u64 = 1000;

/// The part of a render's report that is shown.
#[derive(Clone, Debug, Default, Deserialize)]
struct Report {
    /// From 0 to 1, while it is computed.
    orbit: Option<f64>,
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

impl Report {
    /// How much is done of how much, and of what.
    fn shown(&self) -> (u64, u64, String) {
        match self.orbit {
            Some(part) => {
                let steps = (part.clamp(0.0, 1.0) * ORBIT_STEPS as f64) as u64;
                (steps, ORBIT_STEPS, "reference orbit".to_owned())
            }
            None => {
                let (done, all) = (self.rows_done, self.rows);
                (done, all, format!("{done} of {all} rows"))
            }
        }
    }
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
        let style =
            ProgressStyle::with_template("{bar:40.cyan/blue} {percent:>3} %  {msg}  {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Bar {
            bar,
            last: Arc::default(),
            began: Instant::now(),
        }
    }

    fn show(&self, report: Report) {
        let (done, all, what) = report.shown();
        self.bar.set_length(all);
        self.bar.set_position(done);
        self.bar.set_message(what);
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

/// Shows every report of the render `id` from when it begins until the stream ends. A bar is a comfort: when the
/// events cannot be had, the picture is drawn without it.
pub(super) async fn follow(client: Client, events: Url, bar: Bar) {
    loop {
        match ask(&client, &events).await {
            Ok(answer) => return show_all(answer, &bar).await,
            // Nobody has asked for the picture yet.
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(_) => return,
        }
    }
}

/// Shows the last report of a render that is over. Whoever followed it may have been slower than the picture; asked
/// now, the events begin with how it is and end when nothing more will happen.
pub(super) async fn last(client: &Client, events: &Url, bar: &Bar) {
    if let Ok(answer) = ask(client, events).await {
        show_all(answer, bar).await;
    }
}

async fn ask(client: &Client, events: &Url) -> reqwest::Result<Response> {
    client.get(events.clone()).send().await?.error_for_status()
}

async fn show_all(mut events: Response, bar: &Bar) {
    let mut unread = String::new();
    while let Ok(Some(bytes)) = events.chunk().await {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_shows_the_orbit_and_then_rows() {
        let shown = |json: &str| serde_json::from_str::<Report>(json).unwrap().shown();
        let orbit = r#"{"orbit":0.437,"iterations":null,"rows":0,"rows_done":0,"workers":[]}"#;
        assert_eq!(shown(orbit), (437, 1000, "reference orbit".to_owned()));
        let rows = r#"{"orbit":null,"iterations":9,"rows":720,"rows_done":43,"workers":[]}"#;
        assert_eq!(shown(rows), (43, 720, "43 of 720 rows".to_owned()));
    }
}
