//! Do visitors wait in order, and get in?

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use balancer::settings::{Pool, WaitingRoom};
use http::Method;

use crate::harness::{Answer, Balancer, Client, Origin, get, pool_of, request, soon, until};

/// Somebody with a browser, or a program that keeps cookies.
struct Visitor {
    site: SocketAddr,
    accept: &'static str,
    cookie: String,
}

impl Visitor {
    fn new(site: SocketAddr) -> Visitor {
        Visitor {
            site,
            accept: "text/html,application/xhtml+xml,*/*;q=0.8",
            cookie: String::new(),
        }
    }

    async fn ask(&mut self, path: &str) -> Answer {
        let mut client = Client::connect(self.site).await;
        let fields = [("accept", self.accept), ("cookie", &self.cookie)];
        let answer = client.ask(request(Method::GET, path, &fields, b"")).await;
        if let Some(cookie) = answer.headers.get("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(
                cookie.contains("; Path=/;") && cookie.contains("; HttpOnly"),
                "{cookie}"
            );
            self.cookie = cookie.split(';').next().unwrap().to_owned();
        }
        answer
    }

    /// The place on the page that it gets.
    async fn place(&mut self) -> usize {
        let answer = self.ask("/name").await;
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(answer.headers["refresh"], answer.headers["retry-after"]);
        assert_eq!(answer.headers["cache-control"], "no-store");
        let text = answer.text();
        let place = text.split_once("id=\"place\">").unwrap().1;
        place.split_once('<').unwrap().0.parse().unwrap()
    }

    /// Places are counted now and then.
    async fn until_at(&mut self, place: usize) {
        let counted = async {
            while self.place().await != place {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon("the visitor is at its place", counted).await;
    }

    async fn until_inside(&mut self) {
        let waiting = async {
            while self.ask("/name").await.status != 200 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon("the visitor is let in", waiting).await;
    }
}

async fn balancer(pool: Pool, room: WaitingRoom) -> Balancer {
    Balancer::with(pool, |settings| {
        settings.listeners[0].waiting_room = Some(room)
    })
    .await
}

async fn until_down(balancer: &Balancer) {
    until("the server is known to be down", async || {
        let stats = balancer.stats().await;
        stats["servers"][0]["probe_failures"].as_u64() >= Some(3)
    })
    .await;
}

async fn counts(balancer: &Balancer) -> (u64, u64) {
    let stats = get(balancer.admin, "/stats").await.json();
    let room = &stats["waiting_rooms"]["site"];
    (
        room["waiting"].as_u64().unwrap(),
        room["inside"].as_u64().unwrap(),
    )
}

#[tokio::test]
async fn while_no_server_is_up_visitors_wait_and_then_get_in() {
    let mut origin = Origin::start("a");
    origin.kill().await;
    let balancer = balancer(pool_of(&[&origin]), WaitingRoom::default()).await;
    until_down(&balancer).await;
    let (mut first, mut second) = (Visitor::new(balancer.site), Visitor::new(balancer.site));
    assert_eq!(first.place().await, 1);
    assert_eq!(second.place().await, 2);
    assert_eq!((second.place().await, first.place().await), (2, 1));
    let page = first.ask("/name").await;
    assert!(page.text().contains("not available") && page.text().contains(">unknown<"));

    let mut program = Visitor::new(balancer.site);
    program.accept = "application/json";
    for _ in 0..2 {
        let answer = program.ask("/name").await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.json()["place"], 3);
        assert!(answer.json()["expected_wait_seconds"].is_null());
    }
    assert_eq!(counts(&balancer).await.0, 3);
    origin.rise();
    balancer.wait_for_servers("up", 1).await;
    for visitor in [&mut second, &mut program, &mut first] {
        assert_eq!(visitor.ask("/name").await.status, 200);
    }
    assert_eq!(counts(&balancer).await.0, 0);
}

#[tokio::test]
async fn so_many_are_inside_and_the_next_one_gets_in_when_one_is_gone() {
    let origin = Origin::start("a");
    let room = WaitingRoom {
        active: Some(1),
        session: Duration::from_millis(500),
        ..WaitingRoom::default()
    };
    let balancer = balancer(pool_of(&[&origin]), room).await;
    balancer.wait_for_servers("up", 1).await;
    let site = balancer.site;
    let (mut inside, mut second, mut third) =
        (Visitor::new(site), Visitor::new(site), Visitor::new(site));
    assert_eq!(inside.ask("/name").await.status, 200);
    assert_eq!(second.place().await, 1);
    assert_eq!(third.place().await, 2);
    assert_eq!(counts(&balancer).await, (2, 1));
    // Nobody gets in ahead of those who wait, with or without a ticket.
    assert_eq!(balancer.get("/name").await.status, 503);
    let mut forger = Visitor::new(site);
    forger.cookie = inside.cookie.replacen("=i.1", "=i.2", 1);
    assert_ne!(forger.cookie, inside.cookie);
    assert!(forger.place().await > 2);
    // Whoever is inside stays so by asking for more.
    for _ in 0..20 {
        assert_eq!(inside.ask("/name").await.status, 200);
        assert_eq!(second.place().await, 1);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    second.until_inside().await;
    third.until_at(1).await;
}

#[tokio::test]
async fn visitors_wait_while_the_queue_is_long() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(1);
    let room = WaitingRoom {
        queue: Some(2),
        ..WaitingRoom::default()
    };
    let balancer = balancer(pool, room).await;
    balancer.wait_for_servers("up", 1).await;
    let held: Vec<_> = (0..3).map(|_| balancer.spawn_get("/hold")).collect();
    balancer.wait_for_queue(2).await;
    let mut visitor = Visitor::new(balancer.site);
    assert_eq!(visitor.place().await, 1);
    origin.gate.add_permits(3);
    for answer in held {
        assert_eq!(soon("an answer", answer).await.unwrap().status, 200);
    }
    assert_eq!(visitor.ask("/name").await.status, 200);
}

#[tokio::test]
async fn with_a_key_file_places_hold_over_a_restart() {
    let origin = Origin::start("a");
    origin.kill().await;
    let folder = std::env::temp_dir().join(format!("balancer-waiting-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| -> Option<PathBuf> {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    let room = WaitingRoom {
        key_file: file("key", "0123456789abcdef0123456789abcdef"),
        page: file("page.html", "ours: <b id=\"place\">{{place}}</b> {{wait}}"),
        ..WaitingRoom::default()
    };
    let mut visitors = Vec::new();
    let before = balancer(pool_of(&[&origin]), room.clone()).await;
    until_down(&before).await;
    for place in 1..=3 {
        let mut visitor = Visitor::new(before.site);
        assert_eq!(visitor.place().await, place);
        assert!(visitor.ask("/name").await.text().starts_with("ours: "));
        visitors.push(visitor);
    }
    drop(before);
    let after = balancer(pool_of(&[&origin]), room.clone()).await;
    until_down(&after).await;
    let mut newcomer = Visitor::new(after.site);
    assert_eq!(newcomer.place().await, 1);
    for visitor in visitors.iter_mut().rev() {
        visitor.site = after.site;
        visitor.place().await;
    }
    // Behind those of before.
    newcomer.until_at(4).await;
    for (i, visitor) in visitors.iter_mut().enumerate() {
        assert_eq!(visitor.place().await, i + 1);
    }

    for (broken, complaint) in [
        (
            WaitingRoom {
                key_file: file("short", "secret"),
                ..room.clone()
            },
            "a key of 6 bytes",
        ),
        (
            WaitingRoom {
                page: file("blank.html", "wait"),
                ..room.clone()
            },
            "a page without {{place}}",
        ),
    ] {
        let mut refused = balancer(pool_of(&[&origin]), broken).await;
        let outcome = soon("the end", &mut refused.task).await.unwrap();
        let text = outcome.unwrap_err().to_string();
        assert!(text.contains(complaint), "{text}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
