//! When are the settings read again? On a hangup, and when the file is another one. A file with a mistake changes nothing:
//! the log says why, and so do `/health` and `/stats` until a file is taken over.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use service::Mistakes;
use tokio::sync::Notify;

use super::Control;
use crate::settings::Settings;

/// Between two looks at the file.
const INTERVAL: Duration = Duration::from_secs(1);
/// More than any settings; what is longer is another file.
const LONGEST: u64 = 1 << 20;

/// Where settings are read again, and when beside whenever the file changes.
#[derive(Clone, Debug)]
pub struct Reload {
    /// The settings file.
    pub file: PathBuf,
    /// Told on SIGHUP.
    pub hangup: Arc<Notify>,
}

/// Why a file gives no settings.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {file}: {error}")]
    Unreadable {
        /// Its name.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// It has mistakes.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
}

impl Settings {
    /// Settings from a TOML or JSON file.
    ///
    /// # Errors
    /// When it cannot be read, or all its mistakes.
    pub fn from_file(file: &Path) -> Result<Settings, FileError> {
        let text = text(file)?;
        Ok(Settings::from_text(&file.display().to_string(), &text)?)
    }
}

fn text(file: &Path) -> Result<String, FileError> {
    let unreadable = |error| FileError::Unreadable {
        file: file.display().to_string(),
        error,
    };
    let mut text = String::new();
    let opened = File::open(file).map_err(unreadable)?;
    let mut limited = opened.take(LONGEST + 1);
    limited.read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LONGEST {
        let reason = format!("it has more than {LONGEST} bytes");
        return Err(unreadable(io::Error::other(reason)));
    }
    Ok(text)
}

/// What came of the reloads so far.
#[derive(Debug, Default)]
pub(crate) struct Reloads(Mutex<Told>);

/// The same, for `/stats`.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Told {
    pub(crate) taken: u64,
    pub(crate) refused: u64,
    /// Why the last one was refused, when it was.
    pub(crate) mistake: Option<String>,
}

impl Reloads {
    pub(crate) fn told(&self) -> Told {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note(&self, outcome: Result<(), String>) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => {
                told.taken += 1;
                told.mistake = None;
                tracing::info!("settings reloaded");
            }
            Err(mistake) => {
                told.refused += 1;
                tracing::warn!(mistake, "settings stay as they are");
                told.mistake = Some(mistake);
            }
        }
    }
}

/// Reloads whenever there is reason to; never returns.
pub(crate) async fn keep(control: Arc<Control>, reload: Reload) {
    let mut seen = None;
    loop {
        let asked = tokio::select! {
            () = reload.hangup.notified() => true,
            () = tokio::time::sleep(INTERVAL) => false,
        };
        let now = read(&reload.file).await;
        // A file that is away for a moment is being replaced; who asks by a hangup is told, though.
        let changed = now.is_ok() && now.as_ref().ok() != seen.as_ref();
        if !asked && !changed {
            continue;
        }
        let name = reload.file.display().to_string();
        let settings = now.and_then(|text| {
            let settings = Settings::from_text(&name, &text).map_err(|e| e.to_string());
            seen = Some(text);
            settings
        });
        let outcome = match settings {
            Ok(settings) if !asked && control.goes_by(&settings) => continue,
            Ok(settings) => control.reload(settings).await,
            Err(mistake) => Err(mistake),
        };
        control.reloads.note(outcome);
    }
}

async fn read(file: &Path) -> Result<String, String> {
    let file = file.to_owned();
    let read = tokio::task::spawn_blocking(move || text(&file));
    match read.await {
        Ok(outcome) => outcome.map_err(|e| e.to_string()),
        Err(e) => Err(e.to_string()),
    }
}
