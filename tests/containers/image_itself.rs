//! Is the image small, quick and harmless?

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use container_tests::client::get;
use container_tests::engine::{Container, docker, image};
use container_tests::{PATIENCE, eventually};

fn told() -> Value {
    let told: Value = serde_json::from_str(&docker(&["image", "inspect", &image()])).unwrap();
    told[0].clone()
}

#[test]
fn it_is_smaller_than_40_megabytes_and_has_no_shell() {
    let size = told()["Size"].as_u64().unwrap();
    assert!(size <= 40_000_000, "{size} bytes");
    let shell = std::process::Command::new("docker")
        .args([
            "run",
            "--rm",
            "--entrypoint",
            "/bin/sh",
            &image(),
            "-c",
            "true",
        ])
        .output()
        .unwrap();
    assert!(!shell.status.success());
}

#[test]
fn it_says_what_it_is() {
    let config = &told()["Config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["StopSignal"], "SIGTERM");
    assert_eq!(config["Healthcheck"]["Test"][1], "/tilebrot");
    for label in [
        "title",
        "description",
        "licenses",
        "source",
        "version",
        "revision",
    ] {
        let value = &config["Labels"][format!("org.opencontainers.image.{label}")];
        assert!(
            value.as_str().is_some_and(|text| !text.is_empty()),
            "{label}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_is_ready_without_rights_or_a_disk_to_write_to() {
    let harmless = [
        "--read-only",
        "--cap-drop",
        "ALL",
        "--security-opt",
        "no-new-privileges",
    ];
    let name = image();
    let roles: [&[&str]; 4] = [
        &["worker", "--listen", "0.0.0.0:8080"],
        &[
            "frontend",
            "--listen",
            "0.0.0.0:8080",
            "--tiles",
            "http://127.0.0.1:9",
        ],
        &[
            "balancer",
            "--listen",
            "0.0.0.0:8081",
            "--server",
            "http://127.0.0.1:9",
            "--admin",
            "0.0.0.0:8080",
        ],
        &["up", "--listen", "0.0.0.0:8080"],
    ];
    for role in roles {
        let mut taken: Vec<Duration> = Vec::new();
        for _ in 0..3 {
            let container = Container(docker(
                &[&["run", "--detach"], &harmless[..], &[&name], role].concat(),
            ));
            answers(&container).await;
            taken.push(listening_after(&container));
            docker(&["rm", "--force", &container.0]);
        }
        taken.sort();
        // Told, and no more: how busy the machine is decides, too.
        println!("{} listens after {:.0?} (median)", role[0], taken[1]);
    }
}

/// Asks until there is an answer.
async fn answers(container: &Container) {
    let url = format!("{}/livez", container.address(8080));
    let began = Instant::now();
    loop {
        let answer = tokio::time::timeout(Duration::from_secs(5), get(&url)).await;
        if matches!(answer, Ok(Ok(_))) {
            break;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "{url} never answers: {:#}",
            container.inspect()["State"]
        );
    }
}

/// From the making of the container's process to its first line, which says that it listens; both by the machine's clock.
fn listening_after(container: &Container) -> Duration {
    let log = eventually("a first line", || {
        let log = docker(&["logs", "--timestamps", &container.0]);
        log.contains("listening on").then_some(log)
    });
    let line = log.lines().find(|line| line.contains("listening on"));
    let time = line.unwrap().split(' ').next().unwrap();
    seconds_of_day(time).saturating_sub(born(container))
}

/// When the container's process was made, since midnight. The engine's own word for it comes later than the first line.
fn born(container: &Container) -> Duration {
    /// Of a second, in /proc on every Linux (`getconf CLK_TCK`).
    const TICKS: f64 = 100.0;
    let pid = container.inspect()["State"]["Pid"].as_i64().unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The 22nd field; the second one, in brackets, may hold blanks.
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: f64 = after_name
        .split_whitespace()
        .nth(19)
        .unwrap()
        .parse()
        .unwrap();
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
    let up: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let born = now - Duration::from_secs_f64(up - ticks / TICKS);
    Duration::from_secs(born.as_secs() % 86_400) + Duration::from_nanos(born.subsec_nanos().into())
}

/// Of a time such as 2024-02-03T04:05:06.789Z.
fn seconds_of_day(time: &str) -> Duration {
    let of_day = time.split('T').nth(1).unwrap().trim_end_matches('Z');
    let seconds = of_day
        .split(':')
        .fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap());
    Duration::from_secs_f64(seconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_without_arguments_is_a_whole_cluster_and_stops_when_told() {
    let container = Container(docker(&[
        "run",
        "--detach",
        "--read-only",
        "--publish",
        "127.0.0.1::8080",
        &image(),
    ]));
    let published = docker(&["port", &container.0, "8080"]);
    let url = format!("http://{published}");
    container_tests::client::picture_at_last(&url, "width=320&height=200");
    eventually("health", || container.is_healthy().then_some(()));
    container.stop();
    assert_eq!(container.inspect()["State"]["ExitCode"], 0);
    docker(&["rm", &container.0]);
}
