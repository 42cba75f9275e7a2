//! The site under test: `tilebrot up` as a process, with two workers of one thread each.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use image::RgbaImage;
use serde_json::Value;

use crate::PATIENCE;

/// A running `tilebrot balancer`; killed when it is dropped.
pub(crate) struct Balancer {
    process: Child,
    /// Of its admin pages.
    pub(crate) admin: String,
    /// Of its only listener.
    pub(crate) url: String,
}

impl Balancer {
    /// One before these servers, none of which needs to be there.
    pub(crate) fn before(servers: &[String]) -> Balancer {
        let mut command = Command::new(tilebrot());
        command.args(["balancer", "--listen", "127.0.0.1:0"]);
        command.args(["--admin", "127.0.0.1:0", "--log", "warn"]);
        for server in servers {
            command.args(["--server", server]);
        }
        let mut process = command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tilebrot starts");
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut balancer = Balancer {
            process,
            admin: String::new(),
            url: String::new(),
        };
        let mut lines = BufReader::new(stdout).lines();
        let mut address = || {
            let line = lines.next().expect("a line").expect("stdout is text");
            let mut words = line.split_whitespace();
            words.nth(2).expect("an address").to_owned()
        };
        balancer.url = address();
        balancer.admin = address();
        balancer
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A running `tilebrot up`; killed when it is dropped.
pub(crate) struct Site {
    process: Child,
    pub(crate) url: String,
}

impl Site {
    pub(crate) fn start() -> Site {
        let mut process = Command::new(tilebrot())
            .args(["up", "--listen", "127.0.0.1:0"])
            .args(["--workers", "2", "--threads", "1", "--log", "warn"])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tilebrot starts");
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut site = Site {
            process,
            url: String::new(),
        };
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("stdout is text");
        site.url = line
            .strip_prefix("listening on ")
            .and_then(|rest| rest.split_whitespace().next())
            .unwrap_or_else(|| panic!("no address in {line:?}"))
            .to_owned();
        site
    }

    /// What a program gets at `path`, which is a picture.
    pub(crate) async fn picture(&self, path: &str) -> RgbaImage {
        let answer = reqwest::Client::new()
            .get(format!("{}{path}", self.url))
            .timeout(PATIENCE)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        decoded(&answer.bytes().await.expect("a body"))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The pixels of a PNG.
pub(crate) fn decoded(png: &[u8]) -> RgbaImage {
    image::load_from_memory(png)
        .expect("a whole PNG")
        .into_rgba8()
}

/// The program: the one that `TILEBROT_BIN` names, else the one of this workspace, up to date.
fn tilebrot() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("TILEBROT_BIN") {
        Some(path) => path.into(),
        None => built(),
    })
}

/// Builds the program by way of the cluster's tests: the very build that `cargo test` makes and keeps, so
/// that after it there is nothing to do.
fn built() -> PathBuf {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["test", "--no-run", "--test", "cluster"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "tilebrot was not built");
    let messages = String::from_utf8_lossy(&output.stdout);
    let program = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let target = &message["target"];
        let ours = target["name"] == "tilebrot" && target["kind"][0] == "bin";
        ours.then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    program.expect("cargo says where the program is")
}
