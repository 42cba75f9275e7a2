//! Which tiles outlive the process? Those in a folder, a file each, up to a size: the one that was not asked for the longest goes first.
//! A file gets its name when it is whole, and says itself whether it is: whenever the process is killed, what is found is right or
//! is not used. A folder belongs to one frontend.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::progress::id::RenderId;
use crate::tiles::shelf::Shelf;
use crate::tiles::tile::{Tile, TileKey};

/// Begins every file; another form of files would have another.
const MAGIC: &[u8; 8] = b"tbtile2\n";
/// Ends the names of tiles' files.
const ENDING: &str = ".tile";
/// Begins the names of files that are not whole yet.
const UNFINISHED: &str = "unfinished-";
/// Bytes of the checksum at a file's end.
const SUM: usize = 8;
/// No tile's file is longer than this: the widest numbers that there are, and what was said of them.
const MOST_FILE: u64 = 1 << 20;

/// The folder.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    shelf: Mutex<Shelf>,
}

/// What a file says of its tile.
#[derive(Serialize, Deserialize)]
struct Head {
    worker: String,
    iterations: u64,
    timing: String,
}

impl Disk {
    /// Opens `folder`, making it where there is none, for at most `most_bytes` of tiles.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub(crate) fn open(folder: &Path, most_bytes: u64) -> io::Result<Disk> {
        fs::create_dir_all(folder)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(UNFINISHED) {
                fs::remove_file(entry.path())?;
            } else if let Some(key) = name.strip_suffix(ENDING).and_then(TileKey::parse) {
                let about = entry.metadata()?;
                found.push((about.modified().unwrap_or(UNIX_EPOCH), key, about.len()));
            }
        }
        // What was used last is last.
        found.sort_unstable_by_key(|(used, ..)| *used);
        let mut shelf = Shelf::new(most_bytes);
        let disk = |shelf| Disk {
            folder: folder.to_owned(),
            shelf: Mutex::new(shelf),
        };
        let mut gone = Vec::new();
        for (_, key, length) in found {
            gone.extend(shelf.put(key, length));
        }
        let disk = disk(shelf);
        for key in gone {
            fs::remove_file(disk.path(key))?;
        }
        // Whether tiles can be written is found out now, and not with the first.
        let probe = disk.unfinished();
        File::create_new(&probe)?;
        fs::remove_file(probe)?;
        Ok(disk)
    }

    /// How many bytes of tiles there are.
    pub(crate) fn bytes(&self) -> u64 {
        self.shelf().bytes()
    }

    /// The tile, if it is there and sound. Blocks.
    pub(crate) fn read(&self, key: TileKey) -> Option<Tile> {
        if !self.shelf().use_now(key) {
            return None;
        }
        let tile = self.read_file(key);
        if tile.is_none() {
            tracing::warn!(%key, "a tile's file is gone or damaged");
            self.shelf().take(key);
            // It may be gone already.
            let _ = fs::remove_file(self.path(key));
        }
        tile
    }

    fn read_file(&self, key: TileKey) -> Option<Tile> {
        let file = File::open(self.path(key)).ok()?;
        let mut bytes = Vec::new();
        (&file).take(MOST_FILE + 1).read_to_end(&mut bytes).ok()?;
        // So that the next process knows when it was used; if it does not, a tile goes early.
        let _ = file.set_modified(SystemTime::now());
        decode(key, bytes)
    }

    /// Keeps a tile. Blocks.
    ///
    /// # Errors
    /// When it could not be written.
    pub(crate) fn write(&self, key: TileKey, tile: &Tile) -> io::Result<()> {
        let bytes = encode(key, tile)?;
        let unfinished = self.unfinished();
        let written = File::create_new(&unfinished)
            .and_then(|mut file| file.write_all(&bytes))
            .and_then(|()| fs::rename(&unfinished, self.path(key)));
        if let Err(error) = written {
            // Where nothing can be written, perhaps nothing can be removed.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        let gone = self.shelf().put(key, bytes.len() as u64);
        for key in gone {
            fs::remove_file(self.path(key))?;
        }
        Ok(())
    }

    fn path(&self, key: TileKey) -> PathBuf {
        self.folder.join(format!("{key}{ENDING}"))
    }

    fn unfinished(&self) -> PathBuf {
        self.folder
            .join(format!("{UNFINISHED}{}", RenderId::random()))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The magic, the length of the head, the head as JSON, the body, and a checksum over all of it, seeded by the key.
fn encode(key: TileKey, tile: &Tile) -> io::Result<Vec<u8>> {
    let head = serde_json::to_vec(&Head {
        worker: tile.worker.clone(),
        iterations: tile.iterations,
        timing: tile.timing.clone(),
    })?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&(head.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(&tile.body);
    let sum = xxh3_64_with_seed(&bytes, key.seed());
    bytes.extend_from_slice(&sum.to_le_bytes());
    Ok(bytes)
}

/// The tile in a file's bytes, if they are whole and `key`'s.
fn decode(key: TileKey, bytes: Vec<u8>) -> Option<Tile> {
    let (content, sum) = bytes.split_last_chunk::<SUM>()?;
    if xxh3_64_with_seed(content, key.seed()) != u64::from_le_bytes(*sum) {
        return None;
    }
    let rest = content.strip_prefix(MAGIC)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let head: Head = serde_json::from_slice(rest.get(..length)?).ok()?;
    let (from, to) = (MAGIC.len() + 4 + length, content.len());
    Some(Tile {
        body: Bytes::from(bytes).slice(from..to),
        worker: head.worker,
        iterations: head.iterations,
        timing: head.timing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own, which goes with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Folder {
            Folder(std::env::temp_dir().join(format!("tilebrot-{}", RenderId::random())))
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn tile(text: &str) -> Tile {
        Tile {
            body: Bytes::copy_from_slice(text.as_bytes()),
            worker: "worker-1".into(),
            iterations: 777,
            timing: "field;dur=2".into(),
        }
    }

    #[test]
    fn tiles_survive_the_process_and_the_oldest_used_goes_first() {
        let folder = Folder::new();
        let keys = ["a", "b", "c"].map(TileKey::of);
        let length = encode(keys[0], &tile("a")).unwrap().len() as u64;
        let disk = Disk::open(&folder.0, 2 * length).unwrap();
        disk.write(keys[0], &tile("a")).unwrap();
        disk.write(keys[1], &tile("b")).unwrap();
        assert_eq!(disk.read(keys[0]), Some(tile("a")));
        disk.write(keys[2], &tile("c")).unwrap();
        assert_eq!(disk.read(keys[1]), None);
        assert_eq!(disk.bytes(), 2 * length);
        drop(disk);
        fs::write(folder.0.join("unfinished-x"), "half a ti").unwrap();
        fs::write(folder.0.join("README"), "not ours").unwrap();
        let disk = Disk::open(&folder.0, 2 * length).unwrap();
        assert_eq!(disk.read(keys[2]), Some(tile("c")));
        assert_eq!(disk.read(keys[0]), Some(tile("a")));
        let mut names = folder.names();
        names.retain(|name| !name.ends_with(ENDING));
        assert_eq!(names, ["README"]);
        drop(disk);
        // A smaller folder lets go of what it has no room for.
        let disk = Disk::open(&folder.0, length).unwrap();
        assert_eq!(disk.bytes(), length);
        assert_eq!(folder.names().len(), 2);
    }

    #[test]
    fn a_damaged_file_is_no_tile_wherever_the_damage_is() {
        let folder = Folder::new();
        let disk = Disk::open(&folder.0, 1 << 20).unwrap();
        let key = TileKey::of("a");
        let whole = encode(key, &tile("some counts")).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert_eq!(decode(key, damaged), None, "{at}");
            assert_eq!(decode(key, whole[..at].to_vec()), None, "{at}");
        }
        assert_eq!(decode(TileKey::of("b"), whole.clone()), None);
        disk.write(key, &tile("some counts")).unwrap();
        fs::write(disk.path(key), &whole[..20]).unwrap();
        assert_eq!(disk.read(key), None);
        assert_eq!((disk.bytes(), folder.names().len()), (0, 0));
    }

    #[test]
    fn a_folder_that_cannot_be_is_an_error_at_once() {
        let folder = Folder::new();
        fs::write(&folder.0, "a file").unwrap();
        assert!(Disk::open(&folder.0, 1 << 20).is_err());
        fs::remove_file(&folder.0).unwrap();
    }
}
