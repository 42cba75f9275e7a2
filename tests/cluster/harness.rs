//! A cluster of real processes: workers, a balancer before them, a frontend, a balancer before that.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Long past anything that works, on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A running `tilebrot`; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The address in its first line.
    pub(crate) url: String,
}

/// `tilebrot` with these arguments and no settings from outside.
pub(crate) fn tilebrot(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tilebrot"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

impl Process {
    pub(crate) fn start(arguments: &[&str]) -> Process {
        Process::spawn(tilebrot(arguments))
    }

    /// A whole cluster in one process, with so many workers of so many threads.
    pub(crate) fn up(workers: u32, threads: u32) -> Process {
        let [workers, threads] = [workers, threads].map(|count| count.to_string());
        let size = ["--workers", &workers, "--threads", &threads];
        Process::start(&[&["up", "--listen", "127.0.0.1:0"], &size[..]].concat())
    }

    /// What [`tilebrot`] makes, or a shell that gives way to it.
    pub(crate) fn spawn(mut command: Command) -> Process {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("tilebrot starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let url = address_in(&mut stdout);
        Process { child, stdout, url }
    }

    /// The address in the next line of stdout.
    pub(crate) fn next_address(&mut self) -> String {
        address_in(&mut self.stdout)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the process is ours");
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the process is ours") {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "the process does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The most memory that the process ever had, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kilobytes
            .and_then(|text| text.parse::<u64>().ok())
            .expect("Linux tells it")
            * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address_in(stdout: &mut impl BufRead) -> String {
    let mut line = String::new();
    stdout.read_line(&mut line).expect("stdout is text");
    let address = line
        .strip_prefix("listening on ")
        .and_then(|rest| rest.split_whitespace().next());
    address
        .unwrap_or_else(|| panic!("no address in {line:?}"))
        .to_owned()
}

/// Workers of one thread each, and everything in front of them.
pub(crate) struct Cluster {
    pub(crate) workers: Vec<Process>,
    pub(crate) tiles: Process,
    pub(crate) frontend: Process,
    pub(crate) site: Process,
    /// The admin pages of the balancer before the workers.
    admin: String,
    pub(crate) client: Client,
}

impl Cluster {
    pub(crate) async fn start(workers: usize) -> Cluster {
        let listen = ["--listen", "127.0.0.1:0"];
        let workers: Vec<Process> = (1..=workers)
            .map(|i| {
                let name = format!("worker-{i}");
                Process::start(&[
                    "worker",
                    listen[0],
                    listen[1],
                    "--threads",
                    "1",
                    "--name",
                    &name,
                ])
            })
            .collect();
        let mut balancer = vec!["balancer", listen[0], listen[1], "--admin", "127.0.0.1:0"];
        balancer.extend(
            workers
                .iter()
                .flat_map(|worker| ["--server", worker.url.as_str()]),
        );
        let mut tiles = Process::start(&balancer);
        let admin = tiles.next_address();
        let frontend = Process::start(&[
            "frontend",
            listen[0],
            listen[1],
            "--tiles",
            &tiles.url,
            "--balancer",
            &admin,
        ]);
        let server = frontend.url.clone();
        let mut site = Process::start(&[
            "balancer",
            listen[0],
            listen[1],
            "--admin",
            "127.0.0.1:0",
            "--server",
            &server,
        ]);
        let site_admin = site.next_address();
        let cluster = Cluster {
            workers,
            tiles,
            frontend,
            site,
            admin,
            client: Client::new(),
        };
        cluster.until_all_are_up(&cluster.admin).await;
        cluster.until_all_are_up(&site_admin).await;
        cluster
    }

    async fn until_all_are_up(&self, admin: &str) {
        until("every server is up", async || {
            let stats = json(
                self.client
                    .get(format!("{admin}/stats"))
                    .send()
                    .await
                    .unwrap(),
            )
            .await;
            let servers = stats["pools"][0]["servers"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            !servers.is_empty() && servers.iter().all(|server| server["state"] == "up")
        })
        .await;
    }

    /// What the balancer in front of the workers tells of their pool.
    pub(crate) async fn pool(&self) -> Value {
        let stats = self
            .client
            .get(format!("{}/stats", self.admin))
            .send()
            .await
            .unwrap();
        json(stats).await["pools"][0].take()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        get(&self.client, &format!("{}{path}", self.site.url)).await
    }

    /// The report of the render `id`; `Null` while there is none.
    pub(crate) async fn report(&self, id: &str) -> Value {
        report(&self.client, &self.site.url, id).await
    }

    /// How many tiles the workers that answer are drawing.
    pub(crate) async fn in_flight(&self) -> u64 {
        let mut sum = 0;
        for worker in &self.workers {
            let ready = self
                .client
                .get(format!("{}/readyz", worker.url))
                .send()
                .await
                .unwrap();
            sum += json(ready).await["in_flight"].as_u64().unwrap();
        }
        sum
    }
}

/// The value of a worker's counter or gauge.
pub(crate) async fn metric(client: &Client, worker: &Process, name: &str) -> u64 {
    let answer = get(client, &format!("{}/metrics", worker.url)).await;
    let text = answer.text().await.expect("text");
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or_else(|| panic!("no {name} in {text}"))
}

pub(crate) async fn get(client: &Client, url: &str) -> Response {
    client
        .get(url)
        .timeout(PATIENCE)
        .send()
        .await
        .expect("an answer")
}

pub(crate) async fn json(answer: Response) -> Value {
    answer.json().await.expect("JSON")
}

/// The last report among a render's events so far.
pub(crate) async fn report(client: &Client, site: &str, id: &str) -> Value {
    let mut events = get(client, &format!("{site}/renders/{id}/events")).await;
    let mut text = String::new();
    while let Some(chunk) = events.chunk().await.unwrap_or(None) {
        text.push_str(&String::from_utf8_lossy(&chunk));
        let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        let last = whole
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("data:"));
        if let Some(report) = last {
            return serde_json::from_str(report).expect("a report");
        }
    }
    Value::Null
}

/// Waits until `condition` holds.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// 32 hexadecimal digits that no other test has.
pub(crate) fn render_id() -> String {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")
        .unwrap()
        .read_exact(&mut bytes)
        .unwrap();
    bytes.iter().fold(String::new(), |mut id, byte| {
        write!(id, "{byte:02x}").unwrap();
        id
    })
}
