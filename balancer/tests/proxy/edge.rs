//! What may a client do before a pool hears of it?

use std::net::SocketAddr;
use std::num::NonZeroU32;

use balancer::settings::{Limits, Rate};
use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Answer, Balancer, Client, Origin, order, pool_of, request, soon};

/// A balancer before `origin` whose clients may ask `burst` times, and then hardly ever.
async fn limited(origin: &Origin, burst: u32, ban_after: u32, limits: Limits) -> Balancer {
    let mut rate = Rate::new(NonZeroU32::MIN);
    rate.burst = NonZeroU32::new(burst).unwrap();
    rate.ban_after = ban_after;
    Balancer::up_with(pool_of(&[origin]), |settings| {
        settings.listeners[0].rate = Some(rate);
        settings.limits = limits;
    })
    .await
}

fn trusting() -> Limits {
    Limits {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..Limits::default()
    }
}

async fn ask_as(address: SocketAddr, client: &str) -> Answer {
    let mut connection = Client::connect(address).await;
    let fields = [("x-forwarded-for", client)];
    let asked = request(Method::GET, "/name", &fields, b"");
    connection.ask(asked).await
}

#[tokio::test]
async fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    let origin = Origin::start("a");
    let balancer = limited(&origin, 3, 0, Limits::default()).await;
    let mut client = Client::connect(balancer.site).await;
    for _ in 0..3 {
        let answer = client.ask(request(Method::GET, "/name", &[], b"")).await;
        assert_eq!(answer.status, 200);
    }
    let refused = client.ask(request(Method::GET, "/name", &[], b"")).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.headers["ratelimit"], "\"client\";r=0;t=1");
    assert_eq!(refused.headers["ratelimit-policy"], "\"client\";q=3;w=3");
    assert_eq!(refused.json()["status"], 429);
    // What it says of itself makes it nobody else, and another connection neither.
    assert_eq!(ask_as(balancer.site, "192.0.2.1").await.status, 429);
    assert_eq!(origin.seen(), 3);
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_told_apart() {
    let origin = Origin::start("a");
    let balancer = limited(&origin, 1, 0, trusting()).await;
    for client in ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"] {
        assert_eq!(ask_as(balancer.site, client).await.status, 200, "{client}");
    }
    for client in ["1.1.1.1, 192.0.2.1", "192.0.2.2, 127.0.0.9", "2001:db8::2"] {
        assert_eq!(ask_as(balancer.site, client).await.status, 429, "{client}");
    }
}

#[tokio::test]
async fn who_keeps_hammering_is_banned_until_an_operator_lifts_the_ban() {
    let origin = Origin::start("a");
    let balancer = limited(&origin, 1, 5, trusting()).await;
    let admin = async |method, path: &str| {
        let mut client = Client::connect(balancer.admin).await;
        client.ask(order(method, path, &[], b"")).await
    };
    assert_eq!(
        admin(Method::GET, "/bans").await.json(),
        json!({ "bans": [] })
    );
    let mut titles = Vec::new();
    for _ in 0..8 {
        let answer = ask_as(balancer.site, "192.0.2.1").await;
        titles.push((answer.status.as_u16(), answer.text().contains("Banned")));
    }
    let (told, banned) = ((429, false), (429, true));
    assert_eq!(titles[1..], [told, told, told, told, told, banned, banned]);
    let bans = admin(Method::GET, "/bans").await.json();
    assert_eq!(bans["bans"][0]["client"], "192.0.2.1");
    assert!((590..=600).contains(&bans["bans"][0]["seconds"].as_u64().unwrap()));
    assert_eq!(ask_as(balancer.site, "192.0.2.2").await.status, 200);

    assert_eq!(admin(Method::DELETE, "/bans/nobody").await.status, 400);
    assert_eq!(admin(Method::DELETE, "/bans/192.0.2.9").await.status, 404);
    assert_eq!(admin(Method::DELETE, "/bans/192.0.2.1").await.status, 204);
    let after = ask_as(balancer.site, "192.0.2.1").await;
    assert!(!after.text().contains("Banned"), "{}", after.text());
}

#[tokio::test]
async fn only_a_trusted_proxy_is_believed() {
    let origin = Origin::start("a");
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let fields = [
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=192.0.2.1"),
        ("x-request-id", "theirs"),
        ("traceparent", trace),
    ];
    for (limits, way, id) in [
        (Limits::default(), "x-forwarded-for: 127.0.0.1\n", ""),
        (
            trusting(),
            "x-forwarded-for: 192.0.2.1, 127.0.0.1\n",
            "x-request-id: theirs\n",
        ),
    ] {
        let trusted = !limits.trusted_proxies.is_empty();
        let balancer = limited(&origin, 100, 0, limits).await;
        let mut client = Client::connect(balancer.site).await;
        let answer = client
            .ask(request(Method::GET, "/fields", &fields, b""))
            .await;
        let seen = answer.text();
        assert!(seen.contains(way) && seen.contains(id), "{seen}");
        assert!(seen.contains(&format!("traceparent: {trace}\n")), "{seen}");
        assert_eq!(seen.contains("x-forwarded-proto: https"), trusted, "{seen}");
        assert_eq!(
            seen.contains("forwarded: for=192.0.2.1, for=127.0.0.1"),
            trusted,
            "{seen}"
        );
        assert_eq!(seen.matches("x-request-id: ").count(), 1, "{seen}");
    }
}

#[tokio::test]
async fn one_client_has_so_many_connections_and_gets_them_back() {
    let origin = Origin::start("a");
    let limits = Limits {
        connections_per_client: Some(2),
        ..Limits::default()
    };
    let balancer = limited(&origin, 1000, 0, limits).await;
    let mut first = Client::connect(balancer.site).await;
    let mut second = Client::connect(balancer.site).await;
    for client in [&mut first, &mut second] {
        client.ask(request(Method::GET, "/name", &[], b"")).await;
    }
    let mut third = TcpStream::connect(balancer.site).await.unwrap();
    let mut nothing = Vec::new();
    let closed = soon("the third is closed", third.read_to_end(&mut nothing)).await;
    assert!(closed.is_err() || nothing.is_empty());
    drop(first);
    crate::harness::until("a seat is free", async || {
        let mut fresh = TcpStream::connect(balancer.site).await.unwrap();
        let text = b"GET /name HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        fresh.write_all(text).await.ok();
        let mut answer = Vec::new();
        fresh.read_to_end(&mut answer).await.ok();
        answer.starts_with(b"HTTP/1.1 200")
    })
    .await;
}
