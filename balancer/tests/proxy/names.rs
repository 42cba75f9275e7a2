//! Do pools follow their names?

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use balancer::Resolve;
use balancer::settings::{Address, Listener, Server, Settings};
use futures::future::BoxFuture;

use crate::harness::{Balancer, Origin, pool_of, soon, until};

/// Answers what the test says; `None` fails.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<Option<Vec<SocketAddr>>>>);

impl Names {
    fn say(&self, origins: &[&Origin]) {
        let addresses = origins.iter().map(|origin| origin.address).collect();
        *self.0.lock().unwrap() = Some(addresses);
    }

    fn fail(&self) {
        *self.0.lock().unwrap() = None;
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let answer = self.0.lock().unwrap().clone();
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no answer")) })
    }
}

async fn balancer_for(address: &str, names: &Names) -> Balancer {
    let mut pool = pool_of(&[]);
    pool.servers = vec![Server::from(address.parse::<Address>().unwrap())];
    let settings = Settings::new(vec![Listener::new("site", "", "tiles")], vec![pool]);
    Balancer::start_with(settings, Arc::new(names.clone())).await
}

#[tokio::test]
async fn a_name_that_gains_addresses_gains_servers() {
    let (a, b) = (Origin::start("a").await, Origin::start("b").await);
    let names = Names::default();
    names.say(&[&a]);
    let balancer = balancer_for("dns://worker:80", &names).await;
    balancer.wait_for_servers("up", 1).await;
    names.say(&[&a, &b]);
    balancer.wait_for_servers("up", 2).await;
    until("the new server is used", async || {
        balancer.get("/name").await.text() == "b"
    })
    .await;
}

#[tokio::test]
async fn a_vanished_address_drains_and_is_not_cut() {
    let (a, b) = (Origin::start("a").await, Origin::start("b").await);
    let names = Names::default();
    names.say(&[&a]);
    let balancer = balancer_for("dns://worker:80", &names).await;
    let held = balancer.spawn_get("/hold");
    a.wait_until_running(1).await;
    names.say(&[&b]);
    until("the new server is used", async || {
        balancer.get("/name").await.text() == "b"
    })
    .await;
    assert_eq!(
        balancer.stats().await["servers"].as_array().unwrap().len(),
        2
    );
    a.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().text(), "a");
    until("the server is gone", async || {
        balancer.stats().await["servers"].as_array().unwrap().len() == 1
    })
    .await;
}

#[tokio::test]
async fn a_name_that_fails_to_resolve_keeps_its_servers() {
    let a = Origin::start("a").await;
    let names = Names::default();
    names.say(&[&a]);
    let balancer = balancer_for("dns://worker:80", &names).await;
    balancer.wait_for_servers("up", 1).await;
    names.fail();
    for _ in 0..20 {
        assert_eq!(balancer.get("/name").await.text(), "a");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_name_that_never_resolved_answers_at_once() {
    let names = Names::default();
    for address in ["dns://worker:80", "http://worker:80"] {
        let balancer = balancer_for(address, &names).await;
        let answer = soon("an answer", balancer.get("/name")).await;
        assert_eq!(answer.status, 503, "{address}");
    }
}

#[tokio::test]
async fn one_server_behind_a_name_moves_with_it() {
    let (a, b) = (Origin::start("a").await, Origin::start("b").await);
    let names = Names::default();
    names.say(&[&a]);
    let balancer = balancer_for("http://frontend:80", &names).await;
    assert_eq!(balancer.get("/name").await.text(), "a");
    names.say(&[&b]);
    until("requests go to the new place", async || {
        balancer.get("/name").await.text() == "b"
    })
    .await;
    assert_eq!(
        balancer.stats().await["servers"][0]["address"],
        "frontend:80"
    );
}
