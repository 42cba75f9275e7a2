//! Is it written down who asked what, and what happened to servers?

use std::path::{Path, PathBuf};

use balancer::settings::AccessFormat;
use http::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::harness::{Balancer, Client, Origin, pool_of, request, soon, until};
use crate::reload::{ANY, File, at, balancer_on, reloads, settings};

/// A folder of one test, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("logs-{name}-{}", std::process::id());
        Folder(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    /// The lines of a file as they are now.
    fn written(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.0.join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The lines of a file that has at least so many.
    async fn lines(&self, name: &str, count: usize) -> Vec<String> {
        until(&format!("{count} lines in {name}"), async || {
            self.written(name).len() >= count
        })
        .await;
        self.written(name)
    }

    /// Whether this process has a file there open.
    fn is_open(&self) -> bool {
        let mut descriptors = std::fs::read_dir("/proc/self/fd").unwrap();
        descriptors.any(|entry| {
            // One may be closed meanwhile.
            let file = std::fs::read_link(entry.unwrap().path());
            file.is_ok_and(|file| file.starts_with(&self.0))
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn balancer_before(origin: &Origin, format: AccessFormat, folder: &Folder) -> Balancer {
    Balancer::up_with(pool_of(&[origin]), |settings| {
        settings.log.access = format;
        settings.log.folder = Some(folder.0.clone());
    })
    .await
}

#[tokio::test]
async fn a_line_says_why_no_server_gave_the_answer() {
    let (origin, folder) = (Origin::start("a"), Folder::new("failure"));
    let balancer = balancer_before(&origin, AccessFormat::Json, &folder).await;
    balancer.get("/crash").await;
    let mut client = TcpStream::connect(balancer.site).await.unwrap();
    let text = "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nwork";
    client.write_all(text.as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    let lines = folder.lines("access.log", 2).await;
    for (line, failure) in lines.iter().zip([
        "no answer: server closed the connection before the answer",
        "the request's body broke off: the client ended within it",
    ]) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["failure"], failure, "{line}");
    }
}

#[tokio::test]
async fn an_answer_to_head_is_complete_whoever_gives_it() {
    let (origin, folder) = (Origin::start("a"), Folder::new("head"));
    let balancer = balancer_before(&origin, AccessFormat::Json, &folder).await;
    let mut client = TcpStream::connect(balancer.site).await.unwrap();
    client
        .write_all(b"HEAD * HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    soon("the end", client.read_to_end(&mut answer))
        .await
        .unwrap();
    let lines = folder.lines("access.log", 1).await;
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(
        (&line["status"], &line["complete"]),
        (&400.into(), &true.into())
    );
}

#[tokio::test]
async fn every_request_has_a_line_with_what_became_of_it() {
    let (origin, folder) = (Origin::start("a"), Folder::new("json"));
    let balancer = balancer_before(&origin, AccessFormat::Json, &folder).await;
    let mut client = Client::connect(balancer.site).await;
    let fields = [("user-agent", "a \"test\""), ("referer", "http://x/")];
    client
        .ask(request(Method::GET, "/name?q=1", &fields, b""))
        .await;
    client.ask(request(Method::HEAD, "/name", &[], b"")).await;
    balancer.get("/status/404").await;
    let leaves = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    leaves.abort();
    let lines = folder.lines("access.log", 4).await;
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let server = Value::from(origin.address.to_string());
    for line in &lines {
        assert_eq!(
            (&line["client"], &line["pool"]),
            (&"127.0.0.1".into(), &"tiles".into())
        );
        assert!(
            line["seconds"].as_f64().unwrap() > 0.0
                && line["time"].as_str().unwrap().ends_with('Z')
        );
    }
    let first = &lines[0];
    assert_eq!(
        (&first["method"], &first["target"]),
        (&"GET".into(), &"/name?q=1".into())
    );
    assert_eq!(
        (&first["status"], &first["bytes"]),
        (&200.into(), &1.into())
    );
    assert_eq!(
        (&first["server"], &first["complete"]),
        (&server, &true.into())
    );
    assert_eq!(
        (&first["user_agent"], &first["referer"]),
        (&"a \"test\"".into(), &"http://x/".into())
    );
    assert_eq!(
        (&lines[1]["method"], &lines[1]["bytes"]),
        (&"HEAD".into(), &0.into())
    );
    assert_eq!(
        (&lines[2]["status"], &lines[2]["complete"]),
        (&404.into(), &true.into())
    );
    assert_eq!(
        (&lines[3]["status"], &lines[3]["complete"]),
        (&499.into(), &false.into())
    );
    origin.kill().await;
    let events = folder.lines("events.log", 3).await;
    let words: Vec<Value> = events
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(words[0]["event"], "server joined");
    assert_eq!(words[1]["event"], "server up");
    assert_eq!(words[2]["server"], server);
}

#[tokio::test]
async fn who_is_not_understood_gets_a_problem_and_has_a_line_too() {
    let (origin, folder) = (Origin::start("a"), Folder::new("malformed"));
    let balancer = balancer_before(&origin, AccessFormat::Json, &folder).await;
    let ask = async |text: &str| {
        let mut stream = TcpStream::connect(balancer.site).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        soon("the end", stream.read_to_end(&mut answer)).await.ok();
        String::from_utf8(answer).unwrap()
    };
    // Of whose line nothing is known, behind a request that is answered first.
    let first = "GET /name HTTP/1.1\r\nHost: a\r\n\r\n";
    let answers = ask(&format!("{first}GET /b HTTP/1.1\nHost: a\r\n\r\n")).await;
    let (first, second) = answers.split_once("\r\n\r\na").unwrap();
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    assert!(
        second.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{second}"
    );
    let (head, body) = second.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("application/problem+json"), "{head}");
    assert!(head.contains("connection: close"), "{head}");
    let body_length = body.len();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&body["status"], &body["title"]),
        (&400.into(), &"Bad request".into())
    );
    // By a look at the fields, and at what they say.
    let spaced = ask("GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n").await;
    assert!(spaced.starts_with("HTTP/1.1 400"), "{spaced}");
    let hostless = ask("GET /c HTTP/1.1\r\n\r\n").await;
    assert!(hostless.starts_with("HTTP/1.1 400"), "{hostless}");
    let lines = folder.lines("access.log", 4).await;
    let seen: Vec<(Value, Value, Value)> = lines
        .iter()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            (
                line["status"].clone(),
                line["method"].clone(),
                line["target"].clone(),
            )
        })
        .collect();
    let line =
        |status: u16, method: &str, target: &str| (status.into(), method.into(), target.into());
    let expected = [
        line(200, "GET", "/name"),
        line(400, "-", "-"),
        line(400, "GET", "/"),
        line(400, "GET", "/c"),
    ];
    assert_eq!(seen, expected);
    let unclear: Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!(unclear["bytes"], body_length);
    assert_eq!(
        balancer
            .metric("balancer_malformed_total{pool=\"tiles\"}")
            .await,
        3.0
    );
}

#[tokio::test]
async fn nothing_is_left_unwritten_at_the_end() {
    let (origin, folder) = (Origin::start("a"), Folder::new("combined"));
    let mut balancer = balancer_before(&origin, AccessFormat::Combined, &folder).await;
    for _ in 0..50 {
        balancer.get("/name").await;
    }
    balancer.shutdown.cancel();
    soon("the end", &mut balancer.task).await.unwrap().unwrap();
    let text = std::fs::read_to_string(folder.0.join("access.log")).unwrap();
    assert_eq!(text.lines().count(), 50);
    for line in text.lines() {
        assert!(line.starts_with("127.0.0.1 - - ["), "{line}");
        assert!(
            line.ends_with("] \"GET /name HTTP/1.1\" 200 1 \"-\" \"-\""),
            "{line}"
        );
    }
}

/// Settings that write the lines of requests to `folder`, if anywhere, and tell their `version` as the queue's limit.
fn logging(origin: &Origin, version: u64, log: Option<(&str, &Path)>) -> String {
    let log = log
        .map(|(format, folder)| format!("log = {{ access = {format:?}, folder = {folder:?} }}\n"));
    let queue = format!("queue = {{ length = {version} }}");
    let rest = settings(ANY, &[at(origin)], &queue).replace("capacity = 1", "capacity = 100");
    log.unwrap_or_default() + &rest
}

/// Replaces the settings by those, and waits until they are taken over.
async fn turn_to(text: &str, version: u64, file: &File, hangup: &Notify, balancer: &Balancer) {
    file.hold(text);
    hangup.notify_one();
    until("they are taken over", async || {
        balancer.stats().await["queue_limit"] == version
    })
    .await;
}

#[tokio::test]
async fn a_reload_has_new_requests_written_elsewhere_and_old_ones_where_they_were_to_go() {
    let (origin, old, new) = (Origin::start("a"), Folder::new("old"), Folder::new("new"));
    let file = File::holding(&logging(&origin, 1, Some(("json", &old.0))));
    let (balancer, hangup) = balancer_on(&file).await;
    balancer.wait_for_servers("up", 1).await;
    balancer.get("/name").await;
    let held = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    let next = logging(&origin, 2, Some(("combined", &new.0)));
    turn_to(&next, 2, &file, &hangup, &balancer).await;
    balancer.get("/name").await;
    let lines = new.lines("access.log", 1).await;
    assert!(
        lines[0].contains("\"GET /name HTTP/1.1\" 200 1 "),
        "{lines:?}"
    );
    assert!(old.is_open(), "for the held");
    origin.gate.add_permits(1);
    soon("the held", held).await.unwrap();
    let lines = old.lines("access.log", 2).await;
    let held: Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!(
        (&held["target"], &held["status"]),
        (&"/hold".into(), &200.into())
    );
    until("the old files are closed", async || !old.is_open()).await;
    origin.kill().await;
    new.lines("events.log", 1).await;
    assert_eq!(
        (
            old.written("access.log").len(),
            new.written("access.log").len()
        ),
        (2, 1)
    );
}

#[tokio::test]
async fn a_folder_that_takes_no_files_refuses_the_whole_file_and_the_log_goes_on() {
    let (origin, other) = (Origin::start("a"), Origin::start("b"));
    let folder = Folder::new("refused");
    let file = File::holding(&logging(&origin, 1, Some(("json", &folder.0))));
    let (balancer, hangup) = balancer_on(&file).await;
    balancer.wait_for_servers("up", 1).await;
    let below_a_file = folder.0.join("access.log/below");
    file.hold(&logging(&other, 2, Some(("json", &below_a_file))));
    hangup.notify_one();
    until("it is refused", async || reloads(&balancer).await.1 == 1).await;
    let (_, _, mistake) = reloads(&balancer).await;
    let expected = format!("log.folder: {below_a_file:?} is not accepted: ");
    assert!(mistake.starts_with(&expected), "{mistake}");
    assert_eq!(balancer.get("/name").await.text(), "a");
    folder.lines("access.log", 1).await;
}

#[tokio::test]
async fn a_log_is_turned_on_and_off_while_requests_come() {
    let (origin, folder) = (Origin::start("a"), Folder::new("on"));
    let file = File::holding(&logging(&origin, 1, None));
    let (mut balancer, hangup) = balancer_on(&file).await;
    balancer.wait_for_servers("up", 1).await;
    let mut client = Client::connect(balancer.site).await;
    for (version, log) in (1..).zip([None, Some(("json", &*folder.0)), None]) {
        let text = logging(&origin, version, log);
        turn_to(&text, version, &file, &hangup, &balancer).await;
        let target = format!("/{version}");
        client.ask(request(Method::GET, &target, &[], b"")).await;
    }
    balancer.shutdown.cancel();
    soon("the end", &mut balancer.task).await.unwrap().unwrap();
    let lines = folder.written("access.log");
    assert!(lines.len() == 1 && lines[0].contains("\"/2\""), "{lines:?}");
}

#[tokio::test]
async fn no_line_is_lost_or_written_twice_however_often_the_log_changes() {
    let (origin, a, b) = (
        Origin::start("a"),
        Folder::new("often-a"),
        Folder::new("often-b"),
    );
    let file = File::holding(&logging(&origin, 1, Some(("json", &a.0))));
    let (mut balancer, hangup) = balancer_on(&file).await;
    balancer.wait_for_servers("up", 1).await;
    let reloading = async {
        let others = [
            ("json", &b),
            ("combined", &b),
            ("combined", &a),
            ("json", &a),
        ];
        for (version, (format, folder)) in (2..).zip(others.into_iter().cycle().take(12)) {
            let text = logging(&origin, version, Some((format, &folder.0)));
            turn_to(&text, version, &file, &hangup, &balancer).await;
        }
    };
    let mut asked = 0;
    let asking = async {
        let mut client = Client::connect(balancer.site).await;
        loop {
            let target = format!("/name?{asked}");
            client.ask(request(Method::GET, &target, &[], b"")).await;
            asked += 1;
        }
    };
    tokio::select! {
        () = reloading => {}
        () = asking => {}
    }
    balancer.shutdown.cancel();
    soon("the end", &mut balancer.task).await.unwrap().unwrap();
    let lines = [a.written("access.log"), b.written("access.log")].concat();
    for number in 0..asked {
        let of_it = |line: &&String| {
            let rest = line
                .split_once(&format!("/name?{number}"))
                .map(|(_, rest)| rest);
            rest.is_some_and(|rest| rest.starts_with(['"', ' ']))
        };
        assert_eq!(lines.iter().filter(of_it).count(), 1, "{number} of {asked}");
    }
    // The last one may have been given up by the client when the reloads were over.
    assert!(
        (asked..=asked + 1).contains(&lines.len()),
        "{} for {asked}",
        lines.len()
    );
}
