//! Is every request understood in one way only? `corpus.toml` has raw requests with the sections of RFC 9110 and
//! 9112 that they try. What the client gets is checked, and what a strict origin behind the balancer received.

use balancer::settings::{Address, Pool, Server};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Balancer, StrictOrigin, soon};

/// Sent after every request that is not `alone`: an answer to it shows that the connection was kept.
const AFTER: &[u8] = b"GET /after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Corpus {
    case: Vec<Case>,
}

/// One exchange on a connection of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Number and section.
    rfc: String,
    what: String,
    /// Characters up to U+00FF are bytes; `{N*c}` stands for N times the character c.
    raw: String,
    /// The statuses of all answers, that to [`AFTER`] included.
    answers: Vec<u16>,
    /// What the origin received whole: method, target, and the body if there is one.
    #[serde(default)]
    origin: Vec<String>,
    /// Fields that the last of these has, and names that it lacks.
    #[serde(default)]
    has: Vec<String>,
    #[serde(default)]
    lacks: Vec<String>,
    /// Nothing is sent after it, and the client ends.
    #[serde(default)]
    alone: bool,
    /// The connection is not kept, in spite of several answers.
    #[serde(default)]
    closed: bool,
}

/// The bytes that `raw` stands for.
fn bytes(raw: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('{') {
        let (repeat, after) = after.split_once('}').unwrap();
        let (count, what) = repeat.split_once('*').unwrap();
        bytes.extend(before.chars().map(|c| u8::try_from(c).unwrap()));
        bytes.extend(what.repeat(count.parse().unwrap()).into_bytes());
        rest = after;
    }
    bytes.extend(rest.chars().map(|c| u8::try_from(c).unwrap()));
    bytes
}

/// The statuses of all answers, and how many of them explain themselves.
async fn exchange(balancer: &Balancer, case: &Case) -> (Vec<u16>, usize) {
    let mut stream = TcpStream::connect(balancer.site).await.unwrap();
    let mut text = bytes(&case.raw);
    if !case.alone {
        text.extend_from_slice(AFTER);
    }
    let (mut read, mut write) = stream.split();
    // A refused request may be answered, and the connection closed, before all of it is sent.
    let sending = async {
        write.write_all(&text).await.ok();
        if case.alone {
            write.shutdown().await.ok();
        }
    };
    let mut answers = Vec::new();
    let reading = async {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = read.read(&mut piece).await {
            answers.extend_from_slice(&piece[..count]);
        }
    };
    soon(&case.what, async { tokio::join!(sending, reading) }).await;
    let answers = String::from_utf8_lossy(&answers).into_owned();
    let lines = answers.split("HTTP/1.").skip(1);
    let statuses = lines.map(|line| line[2..5].parse().unwrap()).collect();
    (statuses, answers.matches("\r\n\r\n{\"detail\":").count())
}

#[tokio::test]
async fn every_request_of_the_corpus_is_carried_or_refused_as_it_should_be() {
    let corpus: Corpus = toml::from_str(include_str!("corpus.toml")).unwrap();
    assert!(corpus.case.len() >= 120, "{}", corpus.case.len());
    let origin = StrictOrigin::start().await;
    let mut pool = Pool::new("strict", vec![Server::from(Address::Fixed(origin.address))]);
    pool.health.probes = false;
    let balancer = Balancer::up(pool).await;
    let mut wrong = Vec::new();
    for case in &corpus.case {
        let (answers, problems) = exchange(&balancer, case).await;
        let mut log = origin.take_log();
        let kept = log
            .received
            .iter()
            .any(|request| request.line == "GET /after");
        log.received.retain(|request| request.line != "GET /after");
        let received: Vec<String> = log
            .received
            .iter()
            .map(|request| {
                let body = String::from_utf8_lossy(&request.body);
                format!("{} {body}", request.line).trim_end().to_owned()
            })
            .collect();
        let fields = log
            .received
            .last()
            .map(|last| last.fields.clone())
            .unwrap_or_default();
        let has = case.has.iter().all(|field| fields.contains(field));
        let lacks = case.lacks.iter().all(|name| {
            !fields
                .iter()
                .any(|field| field.starts_with(&format!("{name}:")))
        });
        let should_be_kept = !case.closed && !case.alone && case.answers.len() > 1;
        if answers != case.answers
            || received != case.origin
            || kept != should_be_kept
            || problems != answers.iter().filter(|status| **status >= 400).count()
            || !has
            || !lacks
            || !log.complaints.is_empty()
        {
            wrong.push(format!(
                "RFC {}, {}: {:?}\n  answers {answers:?}, of them problems {problems}, kept: {kept}, origin: {received:?} with {fields:?} {:?}",
                case.rfc, case.what, case.raw, log.complaints
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        corpus.case.len(),
        wrong.join("\n")
    );
}
