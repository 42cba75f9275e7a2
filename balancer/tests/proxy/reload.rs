//! Do settings and lists of servers change under a running balancer without anybody noticing?

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use balancer::settings::Settings;
use balancer::{Reload, SystemResolver};
use http::Method;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Notify;

use crate::harness::{Balancer, Client, Origin, get, request, soon, until};

/// A file of one test, gone when the test is over.
pub(crate) struct File(PathBuf);

impl File {
    pub(crate) fn holding(text: &str) -> File {
        let file = File::named("toml");
        file.hold(text);
        file
    }

    /// One that is not there yet.
    fn named(name: &str) -> File {
        static FILES: AtomicU32 = AtomicU32::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let name = format!("reload-{}-{number}.{name}", std::process::id());
        File(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    /// Replaces it at once, as careful editors do.
    pub(crate) fn hold(&self, text: &str) {
        let new = self.0.with_extension("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, &self.0).unwrap();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Settings of a listener before one pool of these servers, each with one slot.
pub(crate) fn settings(listener: &str, servers: &[String], more: &str) -> String {
    format!(
        "[[listener]]\nname = \"site\"\naddress = \"{listener}\"\npool = \"tiles\"\n\
         [[pool]]\nname = \"tiles\"\nservers = {servers:?}\ncapacity = 1\n{more}\n\
         [pool.health]\ninterval = \"20ms\"\nfast_interval = \"10ms\"\n"
    )
}

pub(crate) fn at(origin: &Origin) -> String {
    format!("http://{}", origin.address)
}

/// A balancer that reads `file` again when it changes, and at once when the other is told.
pub(crate) async fn balancer_on(file: &File) -> (Balancer, Arc<Notify>) {
    let hangup = Arc::new(Notify::new());
    let reload = Reload {
        file: file.0.clone(),
        hangup: hangup.clone(),
    };
    let settings = Settings::from_file(&file.0).unwrap();
    let resolver = Arc::new(SystemResolver);
    let balancer = Balancer::start_in(settings, resolver, Some(reload)).await;
    (balancer, hangup)
}

/// How many were taken over and refused, and why the last one was.
pub(crate) async fn reloads(balancer: &Balancer) -> (u64, u64, String) {
    let stats = get(balancer.admin, "/stats").await.json();
    let reloads = &stats["reloads"];
    let mistake = reloads["mistake"].as_str().unwrap_or_default();
    let count = |key: &str| reloads[key].as_u64().unwrap();
    (count("taken"), count("refused"), mistake.to_owned())
}

pub(crate) const ANY: &str = "127.0.0.1:0";

#[tokio::test]
async fn a_reload_keeps_connections_servers_and_those_who_wait() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let file = File::holding(&settings(ANY, &[at(&a)], ""));
    let (balancer, hangup) = balancer_on(&file).await;
    balancer.wait_for_servers("up", 1).await;
    let mut client = Client::connect(balancer.site).await;
    let name = || request(Method::GET, "/name", &[], b"");
    assert_eq!(client.ask(name()).await.text(), "a");
    let held = balancer.spawn_get("/hold");
    a.wait_until_running(1).await;
    let waits = balancer.spawn_get("/hold");
    balancer.wait_for_queue(1).await;
    let more = "algorithm = \"round-robin\"\nqueue = { length = 1 }";
    file.hold(&settings(ANY, &[at(&a)], more));
    hangup.notify_one();
    until("it is taken over", async || reloads(&balancer).await.0 == 1).await;
    let stats = balancer.stats().await;
    assert_eq!(stats["algorithm"], "round-robin");
    assert_eq!(
        (&stats["queue"], &stats["queue_limit"]),
        (&1.into(), &1.into())
    );
    assert_eq!(
        (&stats["requests"], &stats["servers"][0]["in_flight"]),
        (&3.into(), &1.into())
    );
    assert_eq!(balancer.get("/name").await.status, 503, "the queue is full");
    file.hold(&settings(ANY, &[at(&a), at(&b)], ""));
    hangup.notify_one();
    b.wait_until_running(1).await;
    a.gate.add_permits(1);
    b.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().text(), "a");
    assert_eq!(soon("who waited", waits).await.unwrap().text(), "b");
    assert_eq!(
        client.ask(name()).await.status,
        200,
        "on the same connection"
    );
}

#[tokio::test]
async fn a_changed_file_is_noticed_without_a_signal() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let file = File::holding(&settings(ANY, &[at(&a)], ""));
    let (balancer, _) = balancer_on(&file).await;
    assert_eq!(balancer.get("/name").await.text(), "a");
    file.hold(&settings(ANY, &[at(&b)], ""));
    balancer.wait_until_used("b").await;
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_everybody_is_told_why() {
    let a = Origin::start("a");
    let good = settings(ANY, &[at(&a)], "");
    let file = File::holding(&good);
    let (balancer, hangup) = balancer_on(&file).await;
    balancer.wait_for_servers("up", 1).await;
    file.hold(&settings(ANY, &[], "algoritm = \"best\""));
    hangup.notify_one();
    until("it is refused", async || reloads(&balancer).await.1 == 1).await;
    let (_, _, mistake) = reloads(&balancer).await;
    assert!(mistake.contains(":7: pool[0].servers"), "{mistake}");
    assert!(mistake.contains(":9: pool[0].algoritm"), "{mistake}");
    let health = get(balancer.admin, "/health").await;
    assert_eq!(health.status, 200);
    assert_eq!(health.json()["settings_mistake"], mistake);
    assert_eq!(balancer.get("/name").await.text(), "a");
    file.hold(&good);
    hangup.notify_one();
    until("it is mended", async || reloads(&balancer).await.0 == 1).await;
    assert_eq!(reloads(&balancer).await.2, "");
}

/// An address of the loopback network on which nobody else listens.
fn free() -> SocketAddr {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    SocketAddr::from(([127, 0, 0, 77], taken.local_addr().unwrap().port()))
}

#[tokio::test]
async fn a_listener_with_another_address_moves_there_and_finishes_what_it_has() {
    let a = Origin::start("a");
    let file = File::holding(&settings(ANY, &[at(&a)], ""));
    let (balancer, hangup) = balancer_on(&file).await;
    let held = balancer.spawn_get("/hold");
    a.wait_until_running(1).await;
    let new = free();
    file.hold(&settings(&new.to_string(), &[at(&a)], ""));
    hangup.notify_one();
    until("the old one is closed", async || {
        !is_open(balancer.site).await
    })
    .await;
    let moved = tokio::spawn(async move { get(new, "/name").await });
    balancer.wait_for_queue(1).await;
    a.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().text(), "a");
    assert_eq!(soon("the other", moved).await.unwrap().text(), "a");
}

#[tokio::test]
async fn an_address_that_cannot_be_bound_refuses_the_whole_file() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let file = File::holding(&settings(ANY, &[at(&a)], ""));
    let (balancer, hangup) = balancer_on(&file).await;
    balancer.wait_for_servers("up", 1).await;
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    file.hold(&settings(&taken, &[at(&b)], ""));
    hangup.notify_one();
    until("it is refused", async || reloads(&balancer).await.1 == 1).await;
    assert!(reloads(&balancer).await.2.contains(&taken));
    assert_eq!(balancer.get("/name").await.text(), "a");
}

async fn is_open(address: SocketAddr) -> bool {
    TcpStream::connect(address).await.is_ok()
}

#[tokio::test]
async fn the_admin_pages_go_where_the_file_says() {
    let a = Origin::start("a");
    let rest = settings(ANY, &[at(&a)], "");
    let (file, socket) = (File::holding(&rest), File::named("admin.sock"));
    let (balancer, hangup) = balancer_on(&file).await;
    balancer.wait_for_servers("up", 1).await;
    let new = free();
    let socket = &socket.0;
    file.hold(&format!(
        "admin = \"{new}\"\nadmin_socket = {socket:?}\n{rest}"
    ));
    hangup.notify_one();
    until("they are at the new address", async || is_open(new).await).await;
    assert_eq!(get(new, "/health").await.status, 200);
    until("the old one is closed", async || {
        !is_open(balancer.admin).await
    })
    .await;
    until("they are on the socket", async || {
        UnixStream::connect(socket).await.is_ok()
    })
    .await;
    file.hold(&rest);
    hangup.notify_one();
    until("there are none", async || {
        !is_open(new).await && !socket.exists()
    })
    .await;
    assert_eq!(balancer.get("/name").await.text(), "a");
}

#[tokio::test]
async fn admin_pages_that_cannot_move_refuse_the_whole_file_and_stay() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let file = File::holding(&settings(ANY, &[at(&a)], ""));
    let (balancer, hangup) = balancer_on(&file).await;
    balancer.wait_for_servers("up", 1).await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let below_a_file = file.0.join("socket");
    let moved = format!("admin = \"{taken}\"\nadmin_socket = {below_a_file:?}\n");
    file.hold(&(moved + &settings(ANY, &[at(&b)], "")));
    hangup.notify_one();
    until("it is refused", async || reloads(&balancer).await.1 >= 1).await;
    let (_, _, mistake) = reloads(&balancer).await;
    for named in [
        format!("admin: \"{taken}\" is not accepted: "),
        format!("admin_socket: {below_a_file:?} is not accepted: "),
    ] {
        assert!(mistake.contains(&named), "{named} in {mistake}");
    }
    assert_eq!(balancer.get("/name").await.text(), "a");
}

#[tokio::test]
async fn a_pool_that_is_gone_finishes_what_it_has() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let file = File::holding(&settings(ANY, &[at(&a)], ""));
    let (balancer, hangup) = balancer_on(&file).await;
    let held = balancer.spawn_get("/hold");
    a.wait_until_running(1).await;
    let waits = balancer.spawn_get("/name");
    balancer.wait_for_queue(1).await;
    file.hold(&settings(ANY, &[at(&b)], "").replace("tiles", "others"));
    hangup.notify_one();
    until("it is taken over", async || reloads(&balancer).await.0 == 1).await;
    assert_eq!(balancer.get("/name").await.text(), "b");
    a.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().text(), "a");
    assert_eq!(soon("who waited", waits).await.unwrap().text(), "a");
}

#[tokio::test]
async fn a_file_of_servers_is_followed_and_a_bad_one_changes_nothing() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let list = File::holding(&format!("# ours\n{}\n", a.address));
    let file = File::holding(&settings(ANY, &[format!("file:{}", list.0.display())], ""));
    let (balancer, _) = balancer_on(&file).await;
    assert_eq!(balancer.get("/name").await.text(), "a");
    list.hold(&format!(
        "[\"{}\", {{\"address\": \"{}\", \"capacity\": 7}}]",
        at(&a),
        at(&b)
    ));
    balancer.wait_for_servers("up", 2).await;
    assert_eq!(balancer.stats().await["servers"][1]["capacity"], 7);
    for broken in ["", "nonsense", "[", "dns://worker:80"] {
        list.hold(broken);
        assert_eq!(balancer.get("/name").await.status, 200);
    }
    std::fs::remove_file(&list.0).unwrap();
    list.hold(&b.address.to_string());
    until("the first is gone", async || {
        balancer.servers().await.len() == 1
    })
    .await;
    assert_eq!(balancer.get("/name").await.text(), "b");
}

#[tokio::test]
async fn a_server_gets_another_capacity_and_stays_the_same_server() {
    let a = Origin::start("a");
    let file = File::holding(&settings(ANY, &[at(&a)], ""));
    let (balancer, hangup) = balancer_on(&file).await;
    let held = balancer.spawn_get("/hold");
    a.wait_until_running(1).await;
    let server = async || balancer.stats().await["servers"][0].take();
    for capacity in [5, 7] {
        let of_all = settings(ANY, &[at(&a)], "").replace("capacity = 1", "capacity = 5");
        let own = format!("{{ address = \"{}\", capacity = 7 }}", at(&a));
        let own = of_all.replace(&format!("\"{}\"", at(&a)), &own);
        file.hold(if capacity == 5 { &of_all } else { &own });
        hangup.notify_one();
        until("it is told", async || {
            server().await["capacity"] == capacity
        })
        .await;
        let server = server().await;
        assert_eq!(
            (&server["in_flight"], &server["requests"]),
            (&1.into(), &1.into())
        );
        assert_eq!(server["state"], "up");
    }
    a.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().text(), "a");
}
