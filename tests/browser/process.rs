//! A process of the program under test: `TILEBROT_BIN`, else this workspace's own.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// A running `tilebrot`; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub(crate) fn start(arguments: &[&str]) -> Process {
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
    pub(crate) fn next_address(&mut self) -> String {
        let line = self.stdout.next().expect("a line").expect("stdout is text");
        let rest = line.strip_prefix("listening on ");
        let address = rest.and_then(|rest| rest.split_whitespace().next());
        address
            .unwrap_or_else(|| panic!("no address in {line:?}"))
            .to_owned()
    }

    /// Ends it at once, as a machine does that loses its power.
    pub(crate) fn kill(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
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
