//! What is under test: `tilebrot up` as a process, with two workers of one thread each, and balancers of other settings.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use image::RgbaImage;
use serde_json::Value;

use crate::PATIENCE;

/// A running `tilebrot`; killed when it is dropped.
struct Process {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(arguments: &[&str]) -> Process {
        let mut child = Command::new(tilebrot())
            .args(arguments)
            .args(["--log", "warn"])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tilebrot starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let stdout = BufReader::new(stdout).lines();
        Process { child, stdout }
    }

    /// The address in the next line that it prints.
    fn next_address(&mut self) -> String {
        let line = self.stdout.next().expect("a line").expect("stdout is text");
        let rest = line.strip_prefix("listening on ");
        let address = rest.and_then(|rest| rest.split_whitespace().next());
        address
            .unwrap_or_else(|| panic!("no address in {line:?}"))
            .to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running `tilebrot balancer`.
pub(crate) struct Balancer {
    _process: Process,
    /// Of its only listener.
    pub(crate) url: String,
    /// Of its admin pages.
    pub(crate) admin: String,
}

impl Balancer {
    /// One before these servers, none of which needs to be there.
    pub(crate) fn before(servers: &[String]) -> Balancer {
        let mut arguments = vec!["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        for server in servers {
            arguments.extend(["--server", server]);
        }
        Balancer::start(&arguments)
    }

    /// One with these settings, written to a file in `folder`; its listener and its admin pages take any port.
    pub(crate) fn with(folder: &Path, settings: &str) -> Balancer {
        let file = folder.join("balancer.toml");
        std::fs::write(&file, settings).expect("a file");
        Balancer::start(&["--config", file.to_str().expect("a path that is text")])
    }

    fn start(arguments: &[&str]) -> Balancer {
        let mut process = Process::start(&[&["balancer"], arguments].concat());
        Balancer {
            url: process.next_address(),
            admin: process.next_address(),
            _process: process,
        }
    }
}

/// A running `tilebrot up`.
pub(crate) struct Site {
    _process: Process,
    pub(crate) url: String,
}

impl Site {
    pub(crate) fn start() -> Site {
        let cluster = ["up", "--listen", "127.0.0.1:0", "--workers", "2"];
        let mut process = Process::start(&[&cluster[..], &["--threads", "1"]].concat());
        Site {
            url: process.next_address(),
            _process: process,
        }
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
