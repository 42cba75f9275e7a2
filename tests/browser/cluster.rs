//! A cluster of which parts fail: workers, the balancer before them and the frontend, a process each.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::PATIENCE;
use crate::process::Process;
use crate::site::{Balancer, Site};

/// Workers of one thread each, what is before them, and the site that they draw for.
pub(crate) struct Cluster {
    workers: Vec<(Process, String)>,
    balancer: Balancer,
    pub(crate) site: Site,
}

impl Cluster {
    /// One whose workers are all known to be there.
    pub(crate) async fn start(workers: usize) -> Cluster {
        let worker = |_| {
            let mut process =
                Process::start(&["worker", "--listen", "127.0.0.1:0", "--threads", "1"]);
            let address = process.next_address();
            (process, address)
        };
        let workers: Vec<_> = (0..workers).map(worker).collect();
        let addresses: Vec<_> = workers.iter().map(|(_, address)| address.clone()).collect();
        let balancer = Balancer::before(&addresses);
        let cluster = Cluster {
            site: frontend("127.0.0.1:0", &balancer),
            workers,
            balancer,
        };
        cluster
            .until("every worker is up", |servers| {
                servers.iter().all(|server| server["state"] == "up")
            })
            .await;
        cluster
    }

    /// Kills the worker that is drawing, once there is one.
    pub(crate) async fn kill_a_busy_worker(&mut self) {
        let is_busy = |server: &Value| server["in_flight"].as_u64() > Some(0);
        let servers = self
            .until("a worker draws", |servers| servers.iter().any(is_busy))
            .await;
        let busy = servers.iter().find(|server| is_busy(server));
        let address = busy.and_then(|server| server["address"].as_str());
        let address = format!("http://{}", address.expect("a server has an address"));
        let worker = self.workers.iter_mut().find(|(_, own)| *own == address);
        worker.expect("the server is one of the workers").0.kill();
    }

    /// A frontend in place of the one that was killed, at the same address.
    pub(crate) fn start_frontend_again(&mut self) {
        let address = self.site.url.trim_start_matches("http://").to_owned();
        self.site = frontend(&address, &self.balancer);
    }

    /// Waits until what the balancer tells of the workers is so, and answers it.
    async fn until(&self, what: &str, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let answer = reqwest::get(format!("{}/stats", self.balancer.admin)).await;
            let stats: Value = answer.expect("statistics").json().await.expect("JSON");
            let servers = stats["pools"][0]["servers"].as_array();
            let servers = servers.cloned().unwrap_or_default();
            if is_so(&servers) {
                return servers;
            }
            assert!(began.elapsed() < PATIENCE, "until {what}: {servers:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

fn frontend(listen: &str, balancer: &Balancer) -> Site {
    let (tiles, admin) = (&balancer.url, &balancer.admin);
    Site::of(&[
        "frontend",
        "--listen",
        listen,
        "--tiles",
        tiles,
        "--balancer",
        admin,
    ])
}
