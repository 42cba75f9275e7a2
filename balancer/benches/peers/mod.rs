//! nginx and HAProxy as Debian has them, each a process of its own on a free port, for the same servers as ours.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A peer at work; it ends when this is dropped.
pub(crate) struct Peer {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: PathBuf,
}

impl Peer {
    /// nginx with one worker, `least_conn` and kept connections; it knows no queue.
    pub(crate) fn nginx(servers: &[SocketAddr]) -> Peer {
        let address = free();
        let listed: String = servers
            .iter()
            .map(|server| format!("server {server} max_fails=0; "))
            .collect();
        let configuration = format!(
            "worker_processes 1; daemon off; pid nginx.pid; error_log stderr crit;
             events {{ worker_connections 2048; }}
             http {{
                 access_log off; keepalive_requests 1000000000; tcp_nodelay on;
                 upstream tiles {{ least_conn; {listed} keepalive 256; keepalive_requests 1000000000; }}
                 server {{
                     listen {address};
                     location / {{
                         proxy_pass http://tiles; proxy_http_version 1.1;
                         proxy_set_header Connection \"\"; proxy_set_header Host $http_host;
                     }}
                 }}
             }}"
        );
        let mut command = Command::new("nginx");
        Peer::start(address, &configuration, |folder, file| {
            command.arg("-p").arg(folder).arg("-c").arg(file);
            command
        })
    }

    /// HAProxy with one thread, `leastconn`, a queue and one request at a time for each server.
    pub(crate) fn haproxy(servers: &[SocketAddr]) -> Peer {
        let address = free();
        let listed: String = servers
            .iter()
            .enumerate()
            .map(|(i, server)| format!("    server s{i} {server} maxconn 1\n"))
            .collect();
        let configuration = format!(
            "global\n    nbthread 1\n    maxconn 4000\n\
             defaults\n    mode http\n    timeout connect 5s\n    timeout client 60s\n    timeout server 60s\n    \
             timeout queue 60s\n    option http-keep-alive\n\
             frontend tiles\n    bind {address}\n    default_backend servers\n\
             backend servers\n    balance leastconn\n    http-reuse always\n{listed}"
        );
        let mut command = Command::new("haproxy");
        Peer::start(address, &configuration, |_, file| {
            command.arg("-db").arg("-f").arg(file);
            command
        })
    }

    fn start(
        address: SocketAddr,
        configuration: &str,
        command: impl FnOnce(&PathBuf, &PathBuf) -> Command,
    ) -> Peer {
        let folder = std::env::temp_dir().join(format!("balancer-peer-{}", address.port()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("settings");
        std::fs::write(&file, configuration).unwrap();
        let child = command(&folder, &file).stderr(Stdio::null()).spawn();
        let peer = Peer {
            child: child.unwrap(),
            address,
            folder,
        };
        for _ in 0..500 {
            if std::net::TcpStream::connect(address).is_ok() {
                return peer;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nothing listens on {address}");
    }

    /// The process that does the work: of nginx the worker, else the one that was started.
    pub(crate) fn process(&self) -> u32 {
        let started = self.child.id();
        let path = format!("/proc/{started}/task/{started}/children");
        let children = std::fs::read_to_string(path).unwrap_or_default();
        let first = children.split_whitespace().next();
        first.map_or(started, |child| child.parse().unwrap())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // nginx has a child of its own, which a polite end takes along.
        let process = self.child.id().to_string();
        Command::new("kill").arg(process).status().unwrap();
        self.child.wait().unwrap();
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
