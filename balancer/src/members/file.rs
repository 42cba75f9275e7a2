//! Which servers does a file list? It is read again a few times a second, for a change must be seen within one, and
//! watching by the kernel's events misses files that are replaced, mounted or on another machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::AsyncReadExt;

use super::{Listed, Source};
use crate::settings::{Address, Settings};
use crate::upstream::Terms;

/// Between two looks at the file.
const INTERVAL: Duration = Duration::from_millis(250);
/// Some ten thousand addresses.
const LONGEST: u64 = 1 << 20;

/// A file with a list of servers.
pub(super) struct File {
    path: PathBuf,
    /// What it held, or why that is not known.
    seen: Option<Result<String, String>>,
}

impl File {
    pub(super) fn new(path: &Path) -> File {
        File {
            path: path.to_owned(),
            seen: None,
        }
    }

    async fn changed(&mut self) -> Result<Vec<Listed>, String> {
        loop {
            if self.seen.is_some() {
                tokio::time::sleep(INTERVAL).await;
            }
            let now = Some(self.read().await);
            if now != self.seen {
                self.seen = now;
                return self.listed();
            }
        }
    }

    async fn read(&self) -> Result<String, String> {
        let name = self.path.display();
        let unreadable = |e| format!("cannot read {name}: {e}");
        let file = tokio::fs::File::open(&self.path)
            .await
            .map_err(unreadable)?;
        let mut text = String::new();
        let mut limited = file.take(LONGEST + 1);
        limited
            .read_to_string(&mut text)
            .await
            .map_err(unreadable)?;
        if text.len() as u64 > LONGEST {
            return Err(format!("{name} has more than {LONGEST} bytes"));
        }
        Ok(text)
    }

    fn listed(&self) -> Result<Vec<Listed>, String> {
        let text = match &self.seen {
            None => return Ok(Vec::new()),
            Some(Err(reason)) => return Err(reason.clone()),
            Some(Ok(text)) => text,
        };
        let name = self.path.display().to_string();
        let servers = Settings::servers_from_text(&name, text).map_err(|e| e.to_string())?;
        let listed = servers
            .into_iter()
            .filter_map(|server| match server.address {
                Address::Fixed(address) => Some(Listed {
                    label: address.to_string(),
                    addresses: vec![address],
                    terms: Some(Terms {
                        capacity: server.capacity,
                        weight: server.weight,
                        backup: server.backup,
                    }),
                }),
                _ => None,
            });
        Ok(listed.collect())
    }
}

impl Source for File {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Listed>, String>> {
        Box::pin(self.changed())
    }
}
