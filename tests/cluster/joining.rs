//! Do workers that join in the middle of a picture draw at it?

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use balancer::Resolve;
use balancer::settings::{Address, Listener, Pool, Server};
use futures::future::BoxFuture;
use reqwest::Client;
use service::Shutdown;
use tokio_util::sync::DropGuard;

use crate::harness::{get, json, render_id, report, until};

/// Seconds of work for one core, since a name may be a second old.
const LONG: &str = "re=-0.7453&im=0.1127&zoom=300&width=900&height=700&samples=6&iterations=20000";

/// What the name of the workers stands for, changed by the test.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<SocketAddr>>>);

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Ok(self.0.lock().unwrap().clone()) })
    }
}

/// A cluster in this process, whose workers come as they are called.
struct Growing {
    names: Names,
    site: String,
    stop: Shutdown,
    _stop_at_the_end: DropGuard,
}

impl Growing {
    async fn start() -> Growing {
        let (names, stop) = (Names::default(), Shutdown::new());
        let (tiles, address) = service::bind("127.0.0.1:0").await.unwrap();
        let workers: Address = "dns://worker:80".parse().unwrap();
        let settings = balancer::Settings::new(
            vec![Listener::new("tiles", "", "tiles")],
            vec![Pool::new("tiles", vec![Server::from(workers)])],
        );
        let outside = balancer::Outside {
            resolver: Arc::new(names.clone()),
            ..balancer::Outside::default()
        };
        let balancing = balancer::run_with(outside, vec![tiles], settings, stop.clone());
        tokio::spawn(balancing);
        let settings = frontend::Settings::new(format!("http://{address}"));
        let (site, address) = service::bind("127.0.0.1:0").await.unwrap();
        tokio::spawn(frontend::run(site, settings, stop.clone()));
        Growing {
            names,
            site: format!("http://{address}"),
            _stop_at_the_end: stop.clone().drop_guard(),
            stop,
        }
    }

    /// Starts a worker of one thread; the name leads to it from now on.
    async fn join(&self, name: &str) -> String {
        let (listener, address) = service::bind("127.0.0.1:0").await.unwrap();
        let settings = worker::Settings::new(name.to_owned(), 1.try_into().ok(), None);
        tokio::spawn(worker::run(listener, settings, self.stop.clone()));
        self.names.0.lock().unwrap().push(address);
        format!("http://{address}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_joins_in_mid_picture_draws_a_second_later() {
    let cluster = Growing::start().await;
    cluster.join("first").await;
    let client = Client::new();
    let picture = |id: &str| {
        let url = format!("{}/render.png?{LONG}&progress={id}", cluster.site);
        let client = client.clone();
        tokio::spawn(async move { get(&client, &url).await.bytes().await.unwrap() })
    };
    let id = render_id();
    let drawing = picture(&id);
    until("some pieces are drawn", async || {
        report(&client, &cluster.site, &id).await["pieces"].as_u64() >= Some(2)
    })
    .await;

    let second = cluster.join("second").await;
    let joined = Instant::now();
    until("the second draws", async || {
        assert!(!drawing.is_finished(), "the picture was too quick");
        let ready = json(get(&client, &format!("{second}/readyz")).await).await;
        ready["in_flight"].as_u64() > Some(0)
    })
    .await;
    // What it takes is printed; the bound is for machines that are busy with other things.
    println!("it draws {:?} after it joined", joined.elapsed());
    assert!(joined.elapsed() < Duration::from_secs(10));
    let drawn = drawing.await.unwrap();
    let report = report(&client, &cluster.site, &id).await;
    let rows = |name: &str| {
        let workers = report["workers"].as_array().unwrap();
        let share = workers.iter().find(|share| share["worker"] == name);
        share.and_then(|share| share["rows"].as_u64()).unwrap_or(0)
    };
    assert!(rows("second") >= 100, "{report}");
    let by_both = picture(&render_id()).await.unwrap();
    assert!(drawn == by_both, "the files differ");
}
