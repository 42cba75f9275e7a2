//! What is left of tiles in a folder when the frontend is killed in the midst of writing them? Whole ones.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use bytes::Bytes;
use futures::future::join_all;
use reqwest::Client;
use rustix::process::Signal;
use tokio::task::JoinHandle;

use crate::harness::{Cluster, Process, get, metric, render_id, until};

/// How often a frontend is killed, with tiles of its own.
const ROUNDS: usize = 6;
/// Tiles that a frontend is asked for at once, a row of them, and rows.
const ROW: u32 = 8;

/// A folder of tiles, which goes with the test.
struct Folder(PathBuf);

impl Folder {
    /// How many files have names that begin and end so.
    fn count(&self, beginning: &str, ending: &str) -> usize {
        let entries = fs::read_dir(&self.0).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with(beginning) && name.ends_with(ending))
            .count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in a folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A frontend that keeps tiles in the folder, with no file longer than `limit`, in units of 512 bytes: the system itself kills it in the
/// midst of one (`SIGXFSZ`).
fn frontend(cluster: &Cluster, folder: &Folder, limit: &str) -> Process {
    let script = format!("ulimit -c 0; ulimit -f {limit}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_tilebrot")])
        .args(["frontend", "--listen", "127.0.0.1:0", "--log", "error"])
        .args(["--tiles", &cluster.tiles.url, "--tile-cache-folder"])
        .arg(&folder.0)
        .env_clear()
        .stdin(Stdio::null());
    Process::spawn(command)
}

/// Asks for a round's tiles, whose answers break off with the frontend.
fn asking(cluster: &Cluster, frontend: &Process, round: usize) -> JoinHandle<()> {
    let (client, site) = (cluster.client.clone(), frontend.url.clone());
    tokio::spawn(async move {
        let paths = tiles(round).into_iter();
        join_all(paths.map(|path| client.get(format!("{site}{path}")).send())).await;
    })
}

/// Tiles around the valley of seahorses, others in each round.
fn tiles(round: usize) -> Vec<String> {
    let row = |y| (0..ROW).map(move |x| format!("8/{}/{}", 108 + x, 118 + y));
    let tiles = (0..ROW).flat_map(row);
    tiles
        .map(|tile| format!("/tiles/v1/{tile}.npy?iterations={}", 300 + round))
        .collect()
}

/// What the site answers to each of the paths, whoever of them comes first.
async fn all(client: &Client, site: &str, paths: Vec<String>) -> HashMap<String, Bytes> {
    let asking = paths.into_iter().map(async |path| {
        let answer = get(client, &format!("{site}{path}")).await;
        assert_eq!(answer.status(), 200, "{path}");
        let body = answer.bytes().await.unwrap();
        (path, body)
    });
    join_all(asking).await.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frontend_killed_while_it_writes_tiles_leaves_whole_ones_alone() {
    let cluster = Cluster::start(2).await;
    let folder = std::env::temp_dir().join(format!("tilebrot-kept-{}", render_id()));
    let folder = Folder(folder);
    for round in 1..ROUNDS {
        let mut frontend = frontend(&cluster, &folder, "unlimited");
        let before = folder.count("", ".tile");
        let asking = asking(&cluster, &frontend, round);
        // At another moment in each round.
        until("tiles are written", async || {
            folder.count("", ".tile") > before + 5 * round
        })
        .await;
        frontend.signal(Signal::KILL);
        frontend.wait();
        asking.await.unwrap();
    }
    let mut limited = frontend(&cluster, &folder, "64");
    let asking = asking(&cluster, &limited, 0);
    limited.wait();
    asking.await.unwrap();
    assert_ne!(
        folder.count("unfinished-", ""),
        0,
        "it was killed in the midst of a file"
    );

    let whole = folder.count("", ".tile");
    let frontend = frontend(&cluster, &folder, "unlimited");
    until("what is not whole is gone", async || {
        folder.count("unfinished-", "") == 0
    })
    .await;
    for round in 0..ROUNDS {
        let kept = all(&cluster.client, &frontend.url, tiles(round)).await;
        // Of a frontend that keeps none in a folder.
        let drawn = all(&cluster.client, &cluster.site.url, tiles(round)).await;
        assert!(kept == drawn, "the tiles of round {round}");
    }
    let found = "tilebrot_tile_cache_requests_total{outcome=\"disk\"}";
    let found = metric(&cluster.client, &frontend, found).await;
    println!("{found} of {} tiles were kept", ROUNDS as u32 * ROW * ROW);
    assert_eq!(
        found as usize, whole,
        "every file that has its name is a tile"
    );
    assert!(
        whole < ROUNDS * tiles(0).len(),
        "the frontends were killed in the midst"
    );
}
