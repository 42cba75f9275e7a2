//! What does a client see when a server's process is killed? Four servers that are processes of their own, one of
//! them ended by SIGKILL in the middle of its work and started again, at the default settings.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use balancer::settings::{Address, Pool, Server};
use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::harness::{Balancer, Client, request, reserved, soon, until};

/// Tells the process below where to listen.
const LISTEN: &str = "TEST_ORIGIN_LISTEN";
/// Long enough that a kill meets requests that have begun.
const WORK: Duration = Duration::from_millis(3);

/// A server in a process of its own, whose port stays ours.
struct Process {
    child: Child,
    /// Reads what it says, for it would stand still once nobody did.
    said: Option<JoinHandle<Vec<String>>>,
    address: SocketAddr,
    /// Paths of the POSTs that it has begun.
    begun: Vec<String>,
    _reserved: TcpSocket,
}

impl Process {
    fn start() -> Process {
        let reserved = reserved("127.0.0.1:0".parse().unwrap());
        let address = reserved.local_addr().unwrap();
        let (child, said) = child(address);
        Process {
            child,
            said: Some(said),
            address,
            begun: Vec::new(),
            _reserved: reserved,
        }
    }

    /// SIGKILL; what it has said is read to the end.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        if let Some(said) = self.said.take() {
            self.begun.extend(said.join().unwrap());
        }
    }

    fn restart(&mut self) {
        let (child, said) = child(self.address);
        (self.child, self.said) = (child, Some(said));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn child(address: SocketAddr) -> (Child, JoinHandle<Vec<String>>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "kill::a_server_to_be_killed",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(LISTEN, address.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap());
    let posts = move || {
        let lines = said.lines().map(Result::unwrap);
        lines.filter(|line| line.starts_with("/post")).collect()
    };
    (child, std::thread::spawn(posts))
}

/// No test: the process that the one below starts.
#[tokio::test]
#[ignore = "it is a server, which another test starts and kills"]
async fn a_server_to_be_killed() {
    let Ok(address) = std::env::var(LISTEN) else {
        return;
    };
    let listener = reserved(address.parse().unwrap()).listen(1024).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(stream));
    }
}

async fn serve(mut stream: TcpStream) {
    let mut read = [0; 4096];
    // The requests of this test come in one piece each.
    while let Ok(length @ 1..) = stream.read(&mut read).await {
        let text = String::from_utf8_lossy(&read[..length]);
        let path = text.split(' ').nth(1).unwrap();
        if text.starts_with("POST") {
            // One write for a line, so that none is cut by the end.
            let mut said = std::io::stdout().lock();
            said.write_all(format!("{path}\n").as_bytes()).unwrap();
            said.flush().unwrap();
        }
        if path != "/readyz" {
            tokio::time::sleep(WORK).await;
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

#[derive(Default)]
struct Tally {
    stop: AtomicBool,
    gets: AtomicUsize,
    posts: AtomicUsize,
    failed_posts: AtomicUsize,
}

async fn get_again_and_again(site: SocketAddr, tally: Arc<Tally>) {
    let mut client = Client::connect(site).await;
    while !tally.stop.load(SeqCst) {
        let answer = client.ask(request(Method::GET, "/get", &[], b"")).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        tally.gets.fetch_add(1, SeqCst);
    }
}

async fn post_again_and_again(site: SocketAddr, tally: Arc<Tally>) {
    let mut client = Client::connect(site).await;
    while !tally.stop.load(SeqCst) {
        let path = format!("/post/{}", tally.posts.fetch_add(1, SeqCst));
        let answer = client.ask(request(Method::POST, &path, &[], b"work")).await;
        tally
            .failed_posts
            .fetch_add(usize::from(answer.status != StatusCode::OK), SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_loses_no_get_and_repeats_no_post() {
    let mut servers: Vec<Process> = (0..4).map(|_| Process::start()).collect();
    let listed = servers
        .iter()
        .map(|server| Server::from(Address::Fixed(server.address)));
    let balancer = Balancer::up(Pool::new("tiles", listed.collect())).await;
    let tally = Arc::<Tally>::default();
    let mut clients = Vec::new();
    for client in 0..32 {
        let tally = tally.clone();
        clients.push(if client % 4 == 0 {
            tokio::spawn(post_again_and_again(balancer.site, tally))
        } else {
            tokio::spawn(get_again_and_again(balancer.site, tally))
        });
    }
    let more = async |gets: usize| {
        let from = tally.gets.load(SeqCst);
        until("more answers", async || {
            tally.gets.load(SeqCst) > from + gets
        })
        .await;
    };
    let requests = async || {
        let stats = balancer.stats().await;
        stats["servers"][0]["requests"].as_u64().unwrap()
    };
    for _ in 0..2 {
        more(200).await;
        servers[0].kill();
        more(200).await;
        until("it is down", async || {
            balancer.stats().await["servers"][0]["state"] == "down"
        })
        .await;
        let before = requests().await;
        servers[0].restart();
        until("it is healthy", async || {
            TcpStream::connect(servers[0].address).await.is_ok()
        })
        .await;
        let healthy = Instant::now();
        until("it has traffic", async || requests().await > before + 10).await;
        let back_after = healthy.elapsed();
        assert!(back_after < Duration::from_secs(2), "{back_after:?}");
    }
    tally.stop.store(true, SeqCst);
    for client in clients {
        soon("a client ends", client).await.unwrap();
    }
    servers.iter_mut().for_each(Process::kill);
    let begun: Vec<&String> = servers.iter().flat_map(|server| &server.begun).collect();
    let different: HashSet<&&String> = begun.iter().collect();
    assert_eq!(begun.len(), different.len(), "a POST was begun twice");
    let answered = tally.posts.load(SeqCst) - tally.failed_posts.load(SeqCst);
    assert!(
        begun.len() >= answered && answered > 100,
        "{answered} of {}",
        begun.len()
    );
}
