//! How long does a log live? A file takes the lines of one day (UTC), and at most 10 MB; then it is renamed and gzipped, and
//! goes when it is 90 days old.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::calendar;

/// A file is rotated when it has so many bytes.
const LARGEST: u64 = 10 << 20;
/// A gzipped file goes when it was rotated so long ago.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// A file that starts anew each day, or when it is large.
#[derive(Debug)]
pub(super) struct RotatedFile {
    folder: PathBuf,
    name: &'static str,
    file: File,
    bytes: u64,
    /// Of the last line.
    day: u64,
    /// Gzips the one before.
    packing: Option<JoinHandle<()>>,
}

impl RotatedFile {
    /// The file `name`.log in `folder`, which is made where it is not there; what it holds stays.
    pub(super) fn open(
        folder: &Path,
        name: &'static str,
        now: SystemTime,
    ) -> io::Result<RotatedFile> {
        fs::create_dir_all(folder)?;
        let file = append(&folder.join(format!("{name}.log")))?;
        let data = file.metadata()?;
        let bytes = data.len();
        let written = if bytes == 0 { now } else { data.modified()? };
        let opened = RotatedFile {
            folder: folder.to_owned(),
            name,
            file,
            bytes,
            day: calendar::day(written),
            packing: None,
        };
        opened.forget_old(now)?;
        Ok(opened)
    }

    /// Writes whole lines.
    pub(super) fn write(&mut self, lines: &[u8], now: SystemTime) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let today = calendar::day(now);
        let full = self.bytes.saturating_add(lines.len() as u64) > LARGEST;
        if self.bytes > 0 && (today != self.day || full) {
            self.rotate(now)?;
        }
        self.day = today;
        self.bytes += lines.len() as u64;
        self.file.write_all(lines)
    }

    fn rotate(&mut self, now: SystemTime) -> io::Result<()> {
        self.wait();
        let current = self.folder.join(format!("{}.log", self.name));
        let full = self.free_name(now);
        fs::rename(&current, &full)?;
        self.file = append(&current)?;
        self.bytes = 0;
        // At most one at a time, and beside the writing: it takes a fraction of a second.
        let packing = thread::Builder::new().name("log-gzip".into());
        self.packing = Some(packing.spawn(move || {
            if let Err(e) = gzip(&full) {
                tracing::error!(file = %full.display(), error = %e, "a log cannot be gzipped");
            }
        })?);
        self.forget_old(now)
    }

    /// A name that no rotated file has: two may fill within a second.
    fn free_name(&self, now: SystemTime) -> PathBuf {
        let stem = format!("{}-{}", self.name, calendar::for_a_name(now));
        let names = (0..).map(|number| match number {
            0 => format!("{stem}.log"),
            number => format!("{stem}-{number}.log"),
        });
        let mut paths = names.map(|name| self.folder.join(name));
        let free = |path: &PathBuf| !path.exists() && !gzipped(path).exists();
        paths.find(free).unwrap_or_default()
    }

    fn forget_old(&self, now: SystemTime) -> io::Result<()> {
        let Some(oldest) = now.checked_sub(KEPT) else {
            return Ok(());
        };
        let start = format!("{}-", self.name);
        let oldest = format!("{start}{}", calendar::for_a_name(oldest));
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // Names are in the order of time.
            if name.starts_with(&start) && name.ends_with(".log.gz") && name < oldest {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Waits until the one before is gzipped.
    pub(super) fn wait(&mut self) {
        if let Some(packing) = self.packing.take() {
            // What went wrong was told there.
            drop(packing.join());
        }
    }
}

impl Drop for RotatedFile {
    fn drop(&mut self) {
        self.wait();
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn gzipped(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".gz");
    name.into()
}

fn gzip(path: &Path) -> io::Result<()> {
    let mut plain = BufReader::new(File::open(path)?);
    let mut packed = GzEncoder::new(File::create(gzipped(path))?, Compression::default());
    io::copy(&mut plain, &mut packed)?;
    packed.finish()?.sync_all()?;
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let name = format!("balancer-log-{name}-{}", std::process::id());
            let folder = Folder(std::env::temp_dir().join(name));
            let _ = fs::remove_dir_all(&folder.0);
            folder
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = names.collect();
            names.sort();
            names
        }

        fn unpacked(&self, name: &str) -> String {
            let mut text = String::new();
            let file = File::open(self.0.join(name)).unwrap();
            let mut packed = flate2::read::GzDecoder::new(file);
            packed.read_to_string(&mut text).unwrap();
            text
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const DAY: Duration = Duration::from_secs(86_400);

    fn noon(day: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + DAY * (20_000 + day) + DAY / 2
    }

    #[test]
    fn a_new_day_starts_a_new_file_and_old_ones_go_after_ninety_days() {
        let folder = Folder::new("days");
        let mut file = RotatedFile::open(&folder.0, "access", noon(0)).unwrap();
        file.write(b"first\n", noon(0)).unwrap();
        file.write(b"second\n", noon(0) + DAY / 4).unwrap();
        file.write(b"third\n", noon(1)).unwrap();
        file.wait();
        let rotated = "access-2024-10-05T12-00-00.log.gz";
        assert_eq!(folder.names(), [rotated, "access.log"]);
        assert_eq!(folder.unpacked(rotated), "first\nsecond\n");
        fs::write(folder.0.join("events-2020-01-01T00-00-00.log.gz"), "").unwrap();
        file.write(b"fourth\n", noon(91)).unwrap();
        file.wait();
        assert_eq!(
            folder.names().len(),
            4,
            "of the same age as the limit: {:?}",
            folder.names()
        );
        file.write(b"fifth\n", noon(92)).unwrap();
        file.wait();
        let names = folder.names();
        assert!(!names.contains(&rotated.to_owned()), "{names:?}");
        assert!(
            names[0].starts_with("access-") && names[3].starts_with("events-"),
            "{names:?}"
        );
    }

    #[test]
    fn a_large_file_is_rotated_at_once_and_loses_no_line() {
        let folder = Folder::new("large");
        let mut file = RotatedFile::open(&folder.0, "access", noon(0)).unwrap();
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        for _ in 0..25 {
            file.write(&line.repeat(1024), noon(0)).unwrap();
        }
        drop(file);
        let names = folder.names();
        assert_eq!(
            names,
            [
                "access-2024-10-04T12-00-00-1.log.gz",
                "access-2024-10-04T12-00-00.log.gz",
                "access.log"
            ]
        );
        for name in &names[..2] {
            assert_eq!(folder.unpacked(name).len(), 10 << 20);
        }
        assert_eq!(
            fs::metadata(folder.0.join("access.log")).unwrap().len(),
            5 << 20
        );
    }

    #[test]
    fn a_file_that_is_there_is_gone_on_with() {
        let folder = Folder::new("again");
        for text in ["one\n", "two\n"] {
            let now = SystemTime::now();
            let mut file = RotatedFile::open(&folder.0, "events", now).unwrap();
            file.write(text.as_bytes(), now).unwrap();
        }
        let text = fs::read_to_string(folder.0.join("events.log")).unwrap();
        assert_eq!(text, "one\ntwo\n");
    }
}
