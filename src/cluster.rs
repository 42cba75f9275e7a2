//! A whole cluster in one process: the balancer, a frontend and workers on loopback, with real HTTP
//! between them, as they run on many machines.

use std::net::SocketAddr;
use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context, bail};
use balancer::settings::{Address, Listener, Pool, Server};
use service::Shutdown;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::cli::SizeArgs;
use crate::exit::Exit;

const LOOPBACK: &str = "127.0.0.1:0";
/// More workers than this add processes to look at, not speed: each has as many threads as it is given.
const MOST_WORKERS: usize = 4;
/// How long the parts of a cluster may take to find each other; they need milliseconds.
const START: Duration = Duration::from_secs(10);

/// A running cluster.
pub(crate) struct Cluster {
    /// Where its page is.
    pub(crate) site: SocketAddr,
    /// The balancer and the frontend: they end first, while the workers still draw for them.
    front: JoinSet<anyhow::Result<()>>,
    workers: JoinSet<anyhow::Result<()>>,
    stop_workers: Shutdown,
}

impl Cluster {
    /// Starts a cluster whose page is at `listen`; it is ready when this returns.
    pub(crate) async fn start(
        listen: &str,
        size: &SizeArgs,
        shutdown: Shutdown,
    ) -> Result<Cluster, Exit> {
        let (site_listener, site) = service::bind(listen).await?;
        let (tiles_listener, tiles) = service::bind(LOOPBACK).await?;
        let (admin_listener, admin) = service::bind(LOOPBACK).await?;
        let (frontend_listener, frontend) = service::bind(LOOPBACK).await?;
        let stop_workers = Shutdown::new();
        let (workers, addresses) = start_workers(size, &stop_workers).await?;

        let server = |address: SocketAddr| -> anyhow::Result<Server> {
            let address: Result<Address, _> = format!("http://{address}").parse();
            address.map(Server::from).map_err(anyhow::Error::msg)
        };
        let addresses: anyhow::Result<Vec<Server>> = addresses.into_iter().map(server).collect();
        let frontend_settings = frontend::Settings {
            limits: size.limits.limits(),
            balancer: Some(format!("http://{admin}")),
            ..frontend::Settings::new(format!("http://{tiles}"))
        };
        let mut site_pool = Pool::new("site", vec![server(frontend)?]);
        // A picture pauses for as long as its hardest band takes.
        site_pool.timeouts.body_idle = frontend_settings.deadline;
        let settings = balancer::Settings::new(
            vec![
                Listener::new("site", site.to_string(), "site"),
                Listener::new("tiles", tiles.to_string(), "tiles"),
            ],
            vec![site_pool, Pool::new("tiles", addresses?)],
        );
        let mut front = JoinSet::new();
        let balancing = balancer::run(
            vec![site_listener, tiles_listener],
            Some(admin_listener),
            settings,
            shutdown.clone(),
        );
        front.spawn(async { balancing.await.context("balancer") });
        let serving = frontend::run(frontend_listener, frontend_settings, shutdown);
        front.spawn(async { serving.await.context("frontend") });

        let cluster = Cluster {
            site,
            front,
            workers,
            stop_workers,
        };
        wait_until_healthy(admin).await?;
        Ok(cluster)
    }

    /// Returns when the cluster has stopped: after the shutdown, or when a part of it failed.
    pub(crate) async fn stopped(mut self) -> anyhow::Result<()> {
        tokio::select! {
            failed = first_failure(&mut self.workers) => failed?,
            drained = all(&mut self.front) => drained?,
        }
        self.stop_workers.cancel();
        all(&mut self.workers).await
    }
}

/// Starts the workers; together they have as many threads as the machine has cores, unless it is said otherwise.
async fn start_workers(
    size: &SizeArgs,
    stop: &Shutdown,
) -> Result<(JoinSet<anyhow::Result<()>>, Vec<SocketAddr>), Exit> {
    let cores = available_parallelism().map_or(1, NonZero::get);
    let count = size.workers.map_or(cores.min(MOST_WORKERS), NonZero::get);
    let mut workers = JoinSet::new();
    let mut addresses = Vec::with_capacity(count);
    for i in 0..count {
        let share = cores / count + usize::from(i < cores % count);
        let threads = size.threads.or(NonZero::new(share.max(1)));
        let settings = worker::Settings {
            limits: size.limits.limits(),
            orbit_memory: size.orbits.orbit_memory,
            ..worker::Settings::new(format!("worker-{}", i + 1), threads, None)
        };
        let (listener, address): (TcpListener, _) = service::bind(LOOPBACK).await?;
        let drawing = worker::run(listener, settings, stop.clone());
        workers.spawn(async { drawing.await.context("worker") });
        addresses.push(address);
    }
    Ok((workers, addresses))
}

/// Waits until the balancer has a server up in every pool.
async fn wait_until_healthy(admin: SocketAddr) -> anyhow::Result<()> {
    let client = reqwest::Client::new();
    let url = format!("http://{admin}/health");
    let asking = async {
        loop {
            let answer = client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(START, asking)
        .await
        .context("the cluster did not become healthy")
}

async fn all(tasks: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(ended) = tasks.join_next().await {
        ended.context("a part of the cluster panicked")??;
    }
    Ok(())
}

/// Workers end when they are told to; one that ends before has failed.
async fn first_failure(workers: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    match workers.join_next().await {
        Some(ended) => {
            ended.context("a worker panicked")??;
            bail!("a worker ended by itself")
        }
        None => std::future::pending().await,
    }
}
