//! What every test needs: origins that obey, a balancer in front of them, a client, and patience.

mod client;
mod origin;
mod strict;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use balancer::settings::{Address, Listener, Pool, Server, Settings};
use balancer::{Outside, Reload, Resolve, SystemResolver};
use serde_json::Value;
use service::Shutdown;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) use client::{Answer, Client, get, order, request};
pub(crate) use origin::{LARGE, Origin, reserved};
pub(crate) use strict::StrictOrigin;

/// Longer than anything takes on a busy machine; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `condition` holds.
pub(crate) async fn until<F>(what: &str, mut condition: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, waiting).await.is_ok(),
        "never happened: {what}"
    );
}

/// Does not wait for ever.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("never happened: {what}"),
    }
}

/// A pool of origins, probed often.
pub(crate) fn pool_of(origins: &[&Origin]) -> Pool {
    let servers = origins
        .iter()
        .map(|origin| Server::from(Address::Fixed(origin.address)));
    let mut pool = Pool::new("tiles", servers.collect());
    pool.health.interval = Duration::from_millis(20);
    pool.health.fast_interval = Duration::from_millis(10);
    pool.health.timeout = Duration::from_secs(5);
    pool.resolve_interval = Duration::from_millis(10);
    pool
}

/// A running balancer.
pub(crate) struct Balancer {
    pub(crate) site: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) task: JoinHandle<Result<(), balancer::Error>>,
}

impl Balancer {
    /// One that is up: every server of the pool has passed its first probe.
    pub(crate) async fn up(pool: Pool) -> Balancer {
        Balancer::up_with(pool, |_| {}).await
    }

    /// The same, with other settings around the pool.
    pub(crate) async fn up_with(pool: Pool, change: impl FnOnce(&mut Settings)) -> Balancer {
        let servers = pool.servers.len();
        let balancer = Balancer::with(pool, change).await;
        balancer.wait_for_servers("up", servers).await;
        balancer
    }

    pub(crate) async fn start(pool: Pool) -> Balancer {
        Balancer::with(pool, |_| {}).await
    }

    pub(crate) async fn with(pool: Pool, change: impl FnOnce(&mut Settings)) -> Balancer {
        let listener = Listener::new("site", "", &pool.name);
        let mut settings = Settings::new(vec![listener], vec![pool]);
        change(&mut settings);
        Balancer::start_with(settings, Arc::new(SystemResolver)).await
    }

    pub(crate) async fn start_with(settings: Settings, resolver: Arc<dyn Resolve>) -> Balancer {
        Balancer::start_in(settings, resolver, None).await
    }

    pub(crate) async fn start_in(
        settings: Settings,
        resolver: Arc<dyn Resolve>,
        reload: Option<Reload>,
    ) -> Balancer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = Shutdown::new();
        Balancer {
            site: listener.local_addr().unwrap(),
            admin: admin.local_addr().unwrap(),
            shutdown: shutdown.clone(),
            task: tokio::spawn(balancer::run_with(
                Outside {
                    resolver,
                    admin: Some(admin),
                    reload,
                    ..Outside::default()
                },
                vec![listener],
                settings,
                shutdown,
            )),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        get(self.site, path).await
    }

    /// A request that goes on by itself.
    pub(crate) fn spawn_get(&self, path: &str) -> JoinHandle<Answer> {
        let (site, path) = (self.site, path.to_owned());
        tokio::spawn(async move { get(site, &path).await })
    }

    /// Waits until the origin of this name answers.
    pub(crate) async fn wait_until_used(&self, name: &str) {
        until("the server is used", async || {
            self.get("/name").await.text() == name
        })
        .await;
    }

    /// The pool as `/stats` shows it.
    pub(crate) async fn stats(&self) -> Value {
        let answer = get(self.admin, "/stats").await;
        let mut stats: Value = serde_json::from_slice(&answer.body).unwrap();
        stats["pools"][0].take()
    }

    /// The pool's servers, and those that leave it.
    pub(crate) async fn servers(&self) -> Vec<Value> {
        let stats = self.stats().await;
        stats["servers"].as_array().unwrap().clone()
    }

    /// The value of one series of `/metrics`, such as `balancer_requests_total{pool="tiles"}`, which must be there once.
    pub(crate) async fn metric(&self, series: &str) -> f64 {
        let answer = get(self.admin, "/metrics").await;
        let values: Vec<&str> = answer
            .text()
            .lines()
            .filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
            .collect();
        assert_eq!(values.len(), 1, "{series} in {}", answer.text());
        values[0].parse().unwrap()
    }

    pub(crate) async fn wait_for_queue(&self, length: u64) {
        until("queue length", async || {
            self.stats().await["queue"] == length
        })
        .await;
    }

    pub(crate) async fn in_flight(&self) -> u64 {
        let servers = self.servers().await;
        servers
            .iter()
            .map(|server| server["in_flight"].as_u64().unwrap())
            .sum()
    }

    pub(crate) async fn wait_for_servers(&self, state: &str, count: usize) {
        until(&format!("{count} servers {state}"), async || {
            let servers = self.servers().await;
            let there = servers.iter().filter(|server| server["state"] == state);
            there.count() == count
        })
        .await;
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}
