//! A cluster as docker-compose.yml makes it, under a project name and a port of its own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use crate::engine::{self, Container, root};
use crate::eventually;

/// A running cluster; taken down when it is dropped.
pub struct Cluster {
    project: String,
    profile: &'static str,
    port: u16,
    settings: Vec<(&'static str, &'static str)>,
}

impl Cluster {
    /// `docker compose up` with this profile, so many workers, and settings from the environment.
    pub fn up(
        profile: &'static str,
        workers: usize,
        settings: &[(&'static str, &'static str)],
    ) -> Cluster {
        let cluster = Cluster {
            project: format!("tilebrot-test-{:08x}", getrandom::u32().unwrap()),
            profile,
            port: free_port(),
            settings: settings.to_vec(),
        };
        let scale = format!("worker={workers}");
        cluster.compose(&["up", "--no-build", "--detach", "--scale", &scale]);
        let (port, patience) = (cluster.port, Duration::from_millis(500));
        eventually("the site answers", || {
            // The engine's own proxy takes connections before there is a listener behind it.
            let mut connection = TcpStream::connect(("127.0.0.1", port)).ok()?;
            connection.set_read_timeout(Some(patience)).ok()?;
            connection
                .write_all(b"HEAD / HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n")
                .ok()?;
            (connection.read(&mut [0]).ok()? > 0).then_some(())
        });
        cluster
    }

    /// Where its page is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `docker compose scale`.
    pub fn scale(&self, workers: usize) {
        self.compose(&["scale", &format!("worker={workers}")]);
    }

    /// The running containers of a service.
    pub fn containers(&self, service: &str) -> Vec<Container> {
        let told = self.compose(&["ps", "--quiet", service]);
        told.lines().map(|id| Container(id.to_owned())).collect()
    }

    /// The one container of a service.
    pub fn container(&self, service: &str) -> Container {
        self.containers(service).remove(0)
    }

    /// The label of all its containers.
    pub fn label(&self) -> String {
        format!("com.docker.compose.project={}", self.project)
    }

    /// What `docker compose` with these arguments prints.
    #[track_caller]
    pub fn compose(&self, arguments: &[&str]) -> String {
        engine::run(self.command(self.profile).args(arguments))
    }

    fn command(&self, profile: &str) -> Command {
        let mut command = Command::new("docker");
        command
            .args([
                "compose",
                "--progress",
                "quiet",
                "--project-name",
                &self.project,
            ])
            .args(["--profile", profile])
            .envs(self.settings.iter().copied())
            .env("TILEBROT_PORT", self.port.to_string())
            .current_dir(root());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let logs = self
                .command(self.profile)
                .args(["logs", "--no-color", "--tail", "40"])
                .output();
            eprintln!("{}", String::from_utf8_lossy(&logs.unwrap().stdout));
        }
        let down = self
            .command("*")
            .args(["down", "--volumes", "--timeout", "1"])
            .output();
        assert!(down.unwrap().status.success() || std::thread::panicking());
    }
}

/// A port that nobody has. It is not left to the engine, which would choose another one at each restart.
fn free_port() -> u16 {
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    held.local_addr().unwrap().port()
}
