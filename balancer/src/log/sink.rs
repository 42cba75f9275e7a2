//! Where does a line go? To files, or to stderr, where events are told already. Whoever writes to a folder shares its files:
//! two that write to one would rotate it under each other.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::files::RotatedFile;
use crate::settings::{self, AccessFormat};

/// Where lines go by one version of the settings.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(super) format: AccessFormat,
    /// Without them lines of requests go to stderr.
    files: Option<Arc<Files>>,
}

/// The files of a folder.
#[derive(Debug)]
struct Files {
    /// Without links.
    folder: PathBuf,
    /// Locked by the thread that writes, and nobody else.
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    access: RotatedFile,
    events: RotatedFile,
}

/// Why nothing can be written to.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// The folder does not take files.
    #[error("log.folder: {folder:?} is not accepted: {error}")]
    Folder {
        /// Its name.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is nobody to write.
    #[error("log: no thread: {0}")]
    Thread(#[source] io::Error),
}

impl Sink {
    pub(super) fn takes_requests(&self) -> bool {
        self.format != AccessFormat::None
    }

    pub(super) fn takes_events(&self) -> bool {
        self.files.is_some()
    }

    /// Writes whole lines.
    pub(super) fn write(&self, access: &[u8], events: &[u8], now: SystemTime) -> io::Result<()> {
        match &self.files {
            None => io::stderr().lock().write_all(access),
            Some(files) => {
                let open = &mut *files.open();
                let accesses = open.access.write(access, now);
                accesses.and(open.events.write(events, now))
            }
        }
    }
}

impl Files {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folders whose files are open.
#[derive(Debug, Default)]
pub(super) struct Folders(Mutex<Vec<Arc<Files>>>);

impl Folders {
    fn all(&self) -> MutexGuard<'_, Vec<Arc<Files>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the settings want written to; `None` is nothing.
    pub(super) fn sink(
        &self,
        settings: &settings::Log,
        now: SystemTime,
    ) -> Result<Option<Sink>, Unwritable> {
        let format = settings.access;
        let files = match &settings.folder {
            None if format == AccessFormat::None => return Ok(None),
            None => None,
            Some(folder) => Some(self.files(folder, now).map_err(|error| {
                let folder = folder.clone();
                Unwritable::Folder { folder, error }
            })?),
        };
        Ok(Some(Sink { format, files }))
    }

    fn files(&self, folder: &Path, now: SystemTime) -> io::Result<Arc<Files>> {
        std::fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let mut all = self.all();
        if let Some(files) = all.iter().find(|files| files.folder == folder) {
            return Ok(files.clone());
        }
        let open = Open {
            access: RotatedFile::open(&folder, "access", now)?,
            events: RotatedFile::open(&folder, "events", now)?,
        };
        let open = Mutex::new(open);
        let files = Arc::new(Files { folder, open });
        all.push(files.clone());
        Ok(files)
    }

    /// Closes files that no line can go to any more.
    pub(super) fn close_unused(&self) {
        self.all().retain(|files| Arc::strong_count(files) > 1);
    }

    /// Waits for what is done beside the writing.
    pub(super) fn finish(&self) {
        for files in self.all().iter() {
            let open = &mut *files.open();
            open.access.wait();
            open.events.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_opened_once_under_all_its_names_and_closed_when_nobody_writes_there() {
        let name = format!("balancer-log-sink-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let folders = Folders::default();
        let sink = |access, folder: &Path| {
            let folder = Some(folder.to_owned());
            let settings = settings::Log { access, folder };
            let sink = folders.sink(&settings, SystemTime::now());
            sink.unwrap().unwrap()
        };
        let json = sink(AccessFormat::Json, &folder);
        std::os::unix::fs::symlink(&folder, folder.join("link")).unwrap();
        let combined = sink(AccessFormat::Combined, &folder.join("link"));
        assert_eq!(folders.all().len(), 1);
        for sink in [json, combined] {
            folders.close_unused();
            assert_eq!(folders.all().len(), 1);
            let line = format!("{}\n", sink.format);
            sink.write(line.as_bytes(), b"", SystemTime::now()).unwrap();
        }
        folders.close_unused();
        assert!(folders.all().is_empty());
        let text = std::fs::read_to_string(folder.join("access.log")).unwrap();
        assert_eq!(text, "json\ncombined\n");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
