//! What does the program say to the one who types it?

use std::process::Output;

use crate::harness::{Process, get, tilebrot};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_taken_port_is_said_in_one_line_with_64() {
    let up = Process::up(1, 1);
    let taken = up.url.trim_start_matches("http://").to_owned();
    for role in [
        vec!["up", "--listen", &taken],
        vec!["worker", "--listen", &taken],
        vec![
            "balancer",
            "--listen",
            &taken,
            "--server",
            "http://127.0.0.1:1",
        ],
        vec![
            "frontend",
            "--listen",
            &taken,
            "--tiles",
            "http://127.0.0.1:1",
        ],
    ] {
        let output = tilebrot(&role).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{role:?}");
        let said = said(&output);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(&taken) && said.contains("--listen"), "{said}");
    }
}

#[test]
fn settings_that_cannot_be_used_are_all_named_with_64() {
    let cases: [(&[&str], &[&str]); 7] = [
        (&["worker", "--threads", "0"], &["--threads"]),
        (&["balancer", "--threads", "0"], &["--threads"]),
        (&["nonsense"], &["nonsense"]),
        (
            &["render", "-o", "x.png", "--zoom", "-1", "--palette", "mud"],
            &["zoom", "palette"],
        ),
        (
            &["render", "-o", "x.png", "--cluster", "ftp://x"],
            &["--cluster"],
        ),
        (&["frontend", "--tiles", "nowhere"], &["--tiles"]),
        (
            &[
                "balancer",
                "--listen",
                "127.0.0.1:0",
                "--server",
                "x",
                "--algorithm",
                "y",
            ],
            &["--server", "--algorithm"],
        ),
    ];
    for (arguments, named) in cases {
        let output = tilebrot(arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(64),
            "{arguments:?}: {}",
            said(&output)
        );
        for name in named {
            assert!(
                said(&output).contains(name),
                "{arguments:?}: {}",
                said(&output)
            );
        }
    }
}

#[test]
fn render_writes_a_picture_from_its_own_cluster() {
    let folder = folder("own");
    let file = folder.join("picture.png");
    let output = tilebrot(&[
        "render", "--width", "200", "--height", "100", "--im", "-0.1", "-o",
    ])
    .arg(&file)
    .output()
    .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let picture = image::open(&file).unwrap();
    assert_eq!((picture.width(), picture.height()), (200, 100));
    assert_eq!(
        std::fs::read_dir(&folder).unwrap().count(),
        1,
        "nothing else is left behind"
    );
    assert!(
        said(&output).contains("worker-1"),
        "it says who drew: {}",
        said(&output)
    );
}

/// Near a cusp, where orbits take 180,000 steps to leave: more than the fewest bytes beside which there are waypoints hold.
#[test]
fn an_orbit_that_does_not_fit_into_memory_draws_the_same_picture() {
    let folder = folder("scarce");
    let [much, little] = ["2G", "40M"].map(|memory| {
        let file = folder.join(memory);
        let view =
            "--re 0.2500000003 --im 1e-14 --zoom 1e16 --iterations 400000 --width 60 --height 40";
        let output = tilebrot(&["render", "--orbit-memory", memory])
            .args(view.split(' '))
            .arg("-o")
            .arg(&file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
        std::fs::read(file).unwrap()
    });
    assert!(much == little);
}

#[tokio::test]
async fn render_asks_a_running_cluster_for_the_same_bytes() {
    let up = Process::up(2, 1);
    let file = folder("running").join("picture.png");
    let output = tilebrot(&[
        "render",
        "--cluster",
        &up.url,
        "--width",
        "300",
        "--zoom",
        "2",
        "-o",
    ])
    .arg(&file)
    .output()
    .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let page = get(
        &reqwest::Client::new(),
        &format!("{}/render.png?width=300&zoom=2", up.url),
    )
    .await;
    assert!(std::fs::read(&file).unwrap() == page.bytes().await.unwrap());
}

#[test]
fn render_says_why_there_is_no_picture_and_leaves_no_file() {
    let folder = folder("deep");
    let output = tilebrot(&["render", "--zoom", "1e25001", "-o"])
        .arg(folder.join("x.png"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64), "{}", said(&output));
    assert!(said(&output).contains("zoom"), "{}", said(&output));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);

    let nowhere = tilebrot(&["render", "-o", "/nowhere/at/all.png"])
        .output()
        .unwrap();
    assert_eq!(nowhere.status.code(), Some(64), "{}", said(&nowhere));
}

#[test]
fn a_view_too_long_for_an_address_is_rendered_with_all_its_digits() {
    let file = folder("digits").join("long.png");
    let digits = format!("-0.75{}1", "0".repeat(9000));
    let output = tilebrot(&["render", "--re", &digits, "--zoom", "1e20", "--im", "0.1"])
        .args([
            "--width",
            "32",
            "--height",
            "32",
            "--quality",
            "exact",
            "-o",
        ])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let png = std::fs::read(&file).unwrap();
    assert_eq!(image::load_from_memory(&png).unwrap().width(), 32);
    let carries = |text: &str| png.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(carries(&digits) && carries("\"quality\":\"exact\""));
}

#[test]
fn a_picture_can_go_to_standard_output() {
    let output = tilebrot(&["render", "--width", "32", "--height", "32", "-o", "-"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(image::load_from_memory(&output.stdout).unwrap().width(), 32);
}

#[test]
fn healthcheck_tells_health_by_its_exit_code() {
    let worker = Process::start(&["worker", "--listen", "127.0.0.1:0"]);
    let check = |url: &str| {
        tilebrot(&["healthcheck", url])
            .output()
            .unwrap()
            .status
            .code()
    };
    assert_eq!(check(&format!("{}/livez", worker.url)), Some(0));
    assert_eq!(check(&format!("{}/nowhere", worker.url)), Some(1));
    drop(worker);
    assert_eq!(check("http://127.0.0.1:1/livez"), Some(1));
    assert_eq!(check("no url"), Some(64));
}

#[test]
fn logs_are_json_when_asked_for() {
    let mut command = tilebrot(&[
        "worker",
        "--listen",
        "127.0.0.1:0",
        "--log-format",
        "json",
        "--log",
        "info",
    ]);
    let mut child = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stderr = child.stderr.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stderr), &mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["level"], "INFO");
    assert_eq!(
        event["capacity"].as_u64(),
        event["threads"].as_u64().map(|threads| threads + 1)
    );
}

/// An empty folder of this test's own.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_settings_file_is_checked_without_running_anything() {
    let folder = folder("check");
    let file = folder.join("balancer.toml");
    let fine = "[[listener]]\naddress = \"127.0.0.1:1\"\npool = \"a\"\n\n[[pool]]\nname = \"a\"\nservers = [\"http://h:1\"]\n";
    std::fs::write(&file, fine).unwrap();
    let check = || {
        let mut command = tilebrot(&["balancer", "check"]);
        command.arg(&file).output().unwrap()
    };
    let output = check();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        text.contains("1 listener, 1 pool, 1 listed server"),
        "{text}"
    );
    std::fs::write(&file, fine.replace("servers", "severs")).unwrap();
    let output = check();
    assert_eq!(output.status.code(), Some(64));
    let text = said(&output);
    assert!(
        text.contains("balancer.toml:7: pool[0].severs") && text.contains("is it servers?"),
        "{text}"
    );
}

/// A balancer's `status --once`, once it satisfies `condition`.
fn status_until(admin: &str, what: &str, condition: impl Fn(&str) -> bool) -> String {
    let began = std::time::Instant::now();
    loop {
        let output = tilebrot(&["status", "--admin", admin, "--once"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &said(&output);
        if condition(&text) {
            return text;
        }
        assert!(
            began.elapsed() < std::time::Duration::from_secs(30),
            "never happened: {what}; {text}"
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_hangup_reloads_the_balancer_and_status_shows_it_on_tcp_and_on_the_socket() {
    let folder = folder("hangup");
    let (file, socket) = (folder.join("balancer.toml"), folder.join("admin.sock"));
    let up = Process::up(1, 1);
    let fine = format!(
        "admin = \"127.0.0.1:0\"\nadmin_socket = {socket:?}\n\n[[listener]]\naddress = \"127.0.0.1:0\"\n\
         pool = \"a\"\n\n[[pool]]\nname = \"a\"\nservers = [{:?}]\n",
        up.url
    );
    std::fs::write(&file, &fine).unwrap();
    let mut balancer = Process::start(&["balancer", "--config", file.to_str().unwrap()]);
    let admin = balancer.next_address();
    let address = up.url.trim_start_matches("http://");
    let text = status_until(&admin, "the server is up", |text| {
        text.contains("1 of 1 up")
    });
    assert!(text.contains(&format!("{address}  up")), "{text}");
    std::fs::write(&file, fine.replace("servers", "severs")).unwrap();
    balancer.signal(rustix::process::Signal::HUP);
    let told = |text: &str| text.contains("balancer.toml:10: pool[0].severs");
    status_until(&admin, "the mistake is told", told);
    std::fs::write(&file, fine.replace("\"a\"", "\"b\"")).unwrap();
    balancer.signal(rustix::process::Signal::HUP);
    let socket = format!("unix:{}", socket.display());
    status_until(&socket, "the pool has its new name", |text| {
        text.starts_with("b (least-connections): 1 of 1 up")
    });
    balancer.signal(rustix::process::Signal::TERM);
    assert!(balancer.wait().success());
    let output = tilebrot(&["status", "--admin", &socket]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("no statistics from unix:"));
}

#[tokio::test]
async fn a_balancer_on_one_thread_carries_requests_and_ends_when_told() {
    let up = Process::up(1, 1);
    let listen = ["--listen", "127.0.0.1:0", "--server", &up.url];
    let one = ["balancer", "--threads", "1"];
    let mut balancer = Process::start(&[&one[..], &listen[..]].concat());
    let client = reqwest::Client::new();
    let picture = format!("{}/render.png?width=64&height=64", balancer.url);
    let answers = (0..8).map(|_| get(&client, &picture));
    for answer in futures::future::join_all(answers).await {
        assert_eq!(answer.status(), 200);
    }
    balancer.signal(rustix::process::Signal::TERM);
    assert!(balancer.wait().success());
}
