//! Can an operator change what there is, and nobody else?

use std::path::Path;

use balancer::settings::{Listener, Settings};
use balancer::{AdminSocket, Outside};
use http::Method;
use service::Shutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};

use crate::harness::{Answer, Balancer, Client, Origin, order, pool_of, soon, until};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn ask(balancer: &Balancer, method: Method, path: &str, body: &str) -> Answer {
    let mut client = Client::connect(balancer.admin).await;
    client
        .ask(order(method, path, &[JSON], body.as_bytes()))
        .await
}

#[tokio::test]
async fn a_server_is_added_and_removed_and_finishes_what_it_has() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let balancer = Balancer::up(pool_of(&[&a])).await;
    let body = format!("{{\"address\": \"http://{}\", \"weight\": 3}}", b.address);
    let path = "/pools/tiles/servers";
    assert_eq!(ask(&balancer, Method::POST, path, &body).await.status, 201);
    balancer.wait_for_servers("up", 2).await;
    assert_eq!(balancer.stats().await["servers"][1]["weight"], 3);
    assert_eq!(
        ask(&balancer, Method::POST, path, &body).await.status,
        200,
        "it is there"
    );
    let of_a = format!("{path}/{}", a.address);
    let held = balancer.spawn_get("/hold");
    until("one of them has it", async || {
        balancer.in_flight().await == 1
    })
    .await;
    for origin in [&a, &b] {
        let path = format!("{path}/http://{}", origin.address);
        assert_eq!(ask(&balancer, Method::DELETE, &path, "").await.status, 204);
    }
    until("both are gone, or leave", async || {
        let servers = balancer.servers().await;
        servers.iter().all(|server| server["leaving"] == true)
    })
    .await;
    assert_eq!(balancer.get("/name").await.status, 503);
    a.gate.add_permits(1);
    b.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().status, 200);
    assert_eq!(ask(&balancer, Method::DELETE, &of_a, "").await.status, 404);
    let events = balancer.stats().await["events"].take();
    let last = events.as_array().unwrap().last().unwrap();
    assert_eq!(last["what"], "left");
}

#[tokio::test]
async fn a_drained_server_gets_nothing_new_until_it_is_wanted_again() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let balancer = Balancer::up(pool_of(&[&a, &b])).await;
    let path = format!("/pools/tiles/servers/{}", a.address);
    assert_eq!(
        ask(&balancer, Method::PATCH, &path, "{\"drain\": true}")
            .await
            .status,
        204
    );
    balancer.wait_for_servers("draining", 1).await;
    for _ in 0..10 {
        assert_eq!(balancer.get("/name").await.text(), "b");
    }
    assert_eq!(
        ask(&balancer, Method::PATCH, &path, "{\"drain\": false}")
            .await
            .status,
        204
    );
    balancer.wait_for_servers("up", 2).await;
    balancer.wait_until_used("a").await;
}

#[tokio::test]
async fn capacity_and_weight_change_at_once() {
    let a = Origin::start("a");
    let mut pool = pool_of(&[&a]);
    pool.capacity = Some(1);
    let balancer = Balancer::up(pool).await;
    let held: Vec<_> = (0..3).map(|_| balancer.spawn_get("/hold")).collect();
    balancer.wait_for_queue(2).await;
    let path = format!("/pools/tiles/servers/{}", a.address);
    let body = "{\"capacity\": 3, \"weight\": 7}";
    assert_eq!(ask(&balancer, Method::PATCH, &path, body).await.status, 204);
    a.wait_until_running(3).await;
    let server = balancer.stats().await["servers"][0].take();
    assert_eq!(
        (&server["capacity"], &server["weight"]),
        (&3.into(), &7.into())
    );
    a.gate.add_permits(3);
    for held in held {
        assert_eq!(soon("the held", held).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn what_cannot_be_says_what_is_accepted() {
    let a = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&a])).await;
    let of_a = format!("/pools/tiles/servers/{}", a.address);
    for (method, path, body, status, words) in [
        (
            Method::POST,
            "/pools/nobody/servers",
            "{}",
            404,
            "no pool nobody",
        ),
        (
            Method::POST,
            "/pools/tiles/servers",
            "{}",
            400,
            "http://HOST:PORT",
        ),
        (
            Method::POST,
            "/pools/tiles/servers",
            "[]",
            400,
            "a JSON object",
        ),
        (Method::POST, "/pools/tiles/servers", "{", 400, "JSON"),
        (
            Method::POST,
            "/pools/tiles/servers",
            "{\"adress\": \"x\"}",
            400,
            "is it address?",
        ),
        (
            Method::PATCH,
            &of_a,
            "{\"capacity\": 0}",
            400,
            "a whole number from 1",
        ),
        (
            Method::PATCH,
            "/pools/tiles/servers/10.0.0.1:1",
            "{}",
            404,
            "no server",
        ),
        (
            Method::DELETE,
            "/pools/tiles/servers/nonsense",
            "",
            400,
            "http://HOST:PORT",
        ),
    ] {
        let answer = ask(&balancer, method, path, body).await;
        assert_eq!(answer.status, status, "{path} {body}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(words), "{detail}");
    }
    assert_eq!(balancer.servers().await.len(), 1);
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing() {
    let a = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&a])).await;
    let path = format!("/pools/tiles/servers/{}", a.address);
    let evil = ("origin", "https://evil.example");
    for fields in [&[("content-type", "text/plain")][..], &[JSON, evil]] {
        let mut client = Client::connect(balancer.admin).await;
        let change = order(Method::PATCH, &path, fields, b"{\"drain\": true}");
        assert_eq!(client.ask(change).await.status, 403, "{fields:?}");
    }
    let mut client = Client::connect(balancer.admin).await;
    let lift = order(Method::DELETE, "/bans/192.0.2.1", &[evil], b"");
    assert_eq!(client.ask(lift).await.status, 403);
    assert_eq!(balancer.stats().await["servers"][0]["state"], "up");
}

/// The answer to a request on a Unix socket, as it comes.
async fn on(socket: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    let request = format!("{request}\r\nHost: balancer\r\nConnection: close\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let json = "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"drain\": true}";
    stream.write_all(json.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn all_of_it_is_on_a_unix_socket_of_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;

    let a = Origin::start("a");
    let name = format!("admin-{}.sock", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // One that a balancer left behind when it was killed.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let socket = AdminSocket::bind(&path).unwrap();
    assert!(AdminSocket::bind(&path).is_err(), "somebody listens there");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let settings = Settings::new(
        vec![Listener::new("site", "", "tiles")],
        vec![pool_of(&[&a])],
    );
    let outside = Outside {
        admin_socket: Some(socket),
        ..Outside::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let shutdown = Shutdown::new();
    let running = tokio::spawn(balancer::run_with(
        outside,
        vec![listener],
        settings,
        shutdown.clone(),
    ));
    until("it is up", async || {
        on(&path, "GET /health HTTP/1.1")
            .await
            .starts_with("HTTP/1.1 200")
    })
    .await;
    let change = format!("PATCH /pools/tiles/servers/{} HTTP/1.1", a.address);
    assert!(on(&path, &change).await.starts_with("HTTP/1.1 204"));
    let health = on(&path, "GET /health HTTP/1.1").await;
    assert!(health.starts_with("HTTP/1.1 503"), "{health}");
    shutdown.cancel();
    soon("the end", running).await.unwrap().unwrap();
    assert!(!path.exists());
}
