//! Do pools follow their names?

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use balancer::Resolve;
use balancer::settings::{Address, Listener, Pool, Server, Settings};
use futures::future::BoxFuture;
use http::Method;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::harness::{Balancer, Client, Origin, pool_of, request, soon, until};

/// Answers what the test says.
#[derive(Clone)]
struct Names(Arc<watch::Sender<Said>>);

#[derive(Clone, Debug)]
enum Said {
    /// No answer yet: whoever asks waits.
    Nothing,
    Failure,
    Addresses(Vec<SocketAddr>),
}

impl Names {
    fn new() -> Names {
        Names(Arc::new(watch::Sender::new(Said::Nothing)))
    }

    fn say(&self, origins: &[&Origin]) {
        let addresses = origins.iter().map(|origin| origin.address).collect();
        self.0.send_replace(Said::Addresses(addresses));
    }

    fn fail(&self) {
        self.0.send_replace(Said::Failure);
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            let mut said = self.0.subscribe();
            let said = said.wait_for(|said| !matches!(said, Said::Nothing)).await;
            match said.map(|said| said.clone()) {
                Ok(Said::Addresses(addresses)) => Ok(addresses),
                _ => Err(io::Error::other("no answer")),
            }
        })
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
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let names = Names::new();
    names.say(&[&a]);
    let balancer = balancer_for("dns://worker:80", &names).await;
    balancer.wait_for_servers("up", 1).await;
    names.say(&[&a, &b]);
    balancer.wait_for_servers("up", 2).await;
    balancer.wait_until_used("b").await;
}

#[tokio::test]
async fn a_vanished_address_drains_and_is_not_cut() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let names = Names::new();
    names.say(&[&a]);
    let balancer = balancer_for("dns://worker:80", &names).await;
    let held = balancer.spawn_get("/hold");
    a.wait_until_running(1).await;
    names.say(&[&b]);
    balancer.wait_until_used("b").await;
    assert_eq!(balancer.servers().await.len(), 2);
    a.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().text(), "a");
    until("the server is gone", async || {
        balancer.servers().await.len() == 1
    })
    .await;
}

#[tokio::test]
async fn an_address_that_leaves_and_comes_back_is_one_series() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let names = Names::new();
    names.say(&[&a]);
    let balancer = balancer_for("dns://worker:80", &names).await;
    let held = balancer.spawn_get("/hold");
    a.wait_until_running(1).await;
    let state_of_a = async |state: &str| {
        let labels = format!(r#"pool="tiles",server="{}",state="{state}""#, a.address);
        let series = format!("balancer_server_state{{{labels}}}");
        balancer.metric(&series).await
    };
    names.say(&[&b]);
    until("it leaves", async || state_of_a("leaving").await == 1.0).await;
    assert_eq!(state_of_a("up").await, 0.0);
    names.say(&[&a, &b]);
    until("it is back", async || state_of_a("up").await == 1.0).await;
    assert_eq!(state_of_a("leaving").await, 0.0);
    assert_eq!(balancer.servers().await.len(), 3);
    a.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().text(), "a");
}

/// Asks without pause until it is told to stop; tells how many answers came, and fails on any but 200.
fn customer(balancer: &Balancer, stop: &CancellationToken) -> JoinHandle<usize> {
    let (site, stop) = (balancer.site, stop.clone());
    tokio::spawn(async move {
        let mut client = Client::connect(site).await;
        let mut answers = 0;
        while !stop.is_cancelled() {
            let answer = client.ask(request(Method::GET, "/name", &[], b"")).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            answers += 1;
        }
        answers
    })
}

#[tokio::test]
async fn two_then_four_then_one_address_are_followed_within_two_seconds_and_no_request_fails() {
    let origins = ["a", "b", "c", "d"].map(Origin::start);
    let [a, b, c, d] = &origins;
    let names = Names::new();
    names.say(&[a, b]);
    // The pool of an operator who changes nothing: asked every second, probed every three.
    let workers = Server::from("dns://worker:80".parse::<Address>().unwrap());
    let pool = Pool::new("tiles", vec![workers]);
    let settings = Settings::new(vec![Listener::new("site", "", "tiles")], vec![pool]);
    let balancer = Balancer::start_with(settings, Arc::new(names.clone())).await;
    balancer.wait_for_servers("up", 2).await;
    let stop = CancellationToken::new();
    let customers: Vec<_> = (0..8).map(|_| customer(&balancer, &stop)).collect();
    for now in [&[a, b, c, d][..], &[d]] {
        names.say(now);
        let said = Instant::now();
        let expected: HashSet<String> = now.iter().map(|o| o.address.to_string()).collect();
        until("exactly those are used", async || {
            let servers = balancer.servers().await;
            let used = servers
                .iter()
                .filter(|server| server["state"] == "up" && server["leaving"] == false);
            let used: HashSet<String> = used
                .map(|server| server["address"].as_str().unwrap().to_owned())
                .collect();
            used == expected
        })
        .await;
        assert!(
            said.elapsed() < Duration::from_secs(2),
            "{:?}",
            said.elapsed()
        );
    }
    let asked_before = d.log.lock().unwrap().len();
    until("all is done by the last", async || {
        d.log.lock().unwrap().len() > asked_before + 100
    })
    .await;
    stop.cancel();
    for customer in customers {
        assert!(soon("it stops", customer).await.unwrap() > 0);
    }
}

#[tokio::test]
async fn a_name_that_fails_to_resolve_keeps_its_servers() {
    let a = Origin::start("a");
    let names = Names::new();
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
    let names = Names::new();
    names.fail();
    for address in ["dns://worker:80", "http://worker:80"] {
        let balancer = balancer_for(address, &names).await;
        let answer = soon("an answer", balancer.get("/name")).await;
        assert_eq!(answer.status, 503, "{address}");
    }
}

#[tokio::test]
async fn the_first_requests_wait_for_the_first_answer() {
    let a = Origin::start("a");
    let names = Names::new();
    let balancer = balancer_for("dns://worker:80", &names).await;
    let early = balancer.spawn_get("/name");
    balancer.wait_for_queue(1).await;
    names.say(&[&a]);
    assert_eq!(soon("an answer", early).await.unwrap().text(), "a");
}

#[tokio::test]
async fn one_server_behind_a_name_moves_with_it() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let names = Names::new();
    names.say(&[&a]);
    let balancer = balancer_for("http://frontend:80", &names).await;
    assert_eq!(balancer.get("/name").await.text(), "a");
    let held = balancer.spawn_get("/hold");
    a.wait_until_running(1).await;
    names.say(&[&b]);
    balancer.wait_until_used("b").await;
    a.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().text(), "a");
    let after = balancer.get("/name").await;
    assert_eq!(after.text(), "b", "the old connection is not used again");
    assert_eq!(
        balancer.stats().await["servers"][0]["address"],
        "frontend:80"
    );
}
