//! The container engine, through its command line: what a user types is what is tested.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The image under test.
pub fn image() -> String {
    std::env::var("TILEBROT_IMAGE").unwrap_or_else(|_| "tilebrot".to_owned())
}

/// What `docker` with these arguments prints.
#[track_caller]
pub fn docker(arguments: &[&str]) -> String {
    run(Command::new("docker").args(arguments))
}

/// What `command` prints; it must succeed.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("docker is on the path");
    assert!(
        status.success(),
        "{command:?}: {status}\n{}",
        String::from_utf8_lossy(&stderr)
    );
    String::from_utf8(stdout).unwrap().trim().to_owned()
}

/// One container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container(pub String);

impl Container {
    /// Starts one in the background; removed when it has ended.
    pub fn start(arguments: &[&str]) -> Container {
        Container(docker(&[&["run", "--detach", "--rm"], arguments].concat()))
    }

    /// What the engine knows of it; null once it is gone.
    pub fn inspect(&self) -> Value {
        let output = Command::new("docker")
            .args(["inspect", &self.0])
            .output()
            .unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        told[0].clone()
    }

    /// The host's name inside, which is how a worker calls itself.
    pub fn hostname(&self) -> String {
        self.inspect()["Config"]["Hostname"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Whether its health check passes.
    pub fn is_healthy(&self) -> bool {
        self.inspect()["State"]["Health"]["Status"] == "healthy"
    }

    /// Where `port` is reached from the engine's own machine.
    pub fn address(&self, port: u16) -> String {
        let told = self.inspect();
        let networks = told["NetworkSettings"]["Networks"].as_object().unwrap();
        let address = networks
            .values()
            .find_map(|network| network["IPAddress"].as_str());
        format!("http://{}:{port}", address.unwrap())
    }

    /// Ends its process at once, as a crash would. `docker kill` counts as the user's wish, and restarts nothing.
    pub fn crash(&self) {
        let pid = self.inspect()["State"]["Pid"].as_i64().unwrap();
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    /// Asks its process to end, and waits.
    pub fn stop(&self) {
        docker(&["stop", "--time", "60", &self.0]);
    }
}

/// Every container that ended, from now on, and with which code.
pub struct Deaths {
    since: String,
    label: String,
}

impl Deaths {
    /// Of the containers with this label.
    pub fn of(label: String) -> Deaths {
        Deaths {
            since: now(),
            label,
        }
    }

    /// The exit codes so far.
    pub fn so_far(&self) -> Vec<String> {
        let label = format!("label={}", self.label);
        let told = docker(&[
            "events",
            "--since",
            &self.since,
            "--until",
            &now(),
            "--filter",
            "event=die",
            "--filter",
            &label,
            "--format",
            "{{.Actor.Attributes.exitCode}}",
        ]);
        told.lines().map(str::to_owned).collect()
    }
}

/// The time as the engine takes it: seconds since 1970, with a fraction.
fn now() -> String {
    let now: Duration = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    format!("{}.{:09}", now.as_secs(), now.subsec_nanos())
}
