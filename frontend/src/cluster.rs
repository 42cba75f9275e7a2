//! What may visitors see of the cluster? Which servers there are, how they do and how much waits, as the balancer's
//! admin pages tell it; never who asks for what. One question serves all who look at the same time.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

/// A picture is as good as new for so long; who looks asks twice a second.
const FRESH: Duration = Duration::from_millis(400);
/// The balancer's admin pages are asked for what they have in memory.
const TIMEOUT: Duration = Duration::from_secs(2);
/// So many look at a time, each over an open connection.
pub(crate) const MOST_VIEWERS: usize = 256;
/// Statistics of thousands of servers.
const MOST_BYTES: usize = 8 << 20;

/// A pool of the balancer at some moment: what of its statistics anybody may see.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Pool {
    name: String,
    algorithm: String,
    capacity: Option<u32>,
    /// How many requests wait, and how many may.
    queue: usize,
    queue_limit: usize,
    expected_wait_seconds: Option<f64>,
    requests: u64,
    retries: u64,
    refused: u64,
    servers: Vec<Server>,
    events: Vec<Event>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Server {
    address: String,
    state: String,
    leaving: bool,
    in_flight: u32,
    capacity: u32,
    capacity_known: bool,
    requests: u64,
    failures: u64,
    latency_seconds: f64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Event {
    unix_seconds: f64,
    server: String,
    what: String,
}

/// All pools of the balancer at some moment.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Picture {
    pub(crate) pools: Vec<Pool>,
}

/// Why there is no picture; the text is fit for visitors.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum Unseen {
    #[error(
        "this site does not show its cluster: the frontend was not told where the balancer's admin pages are"
    )]
    Unknown,
    #[error("the balancer's admin pages do not answer")]
    Silent,
}

type Seen = Result<Arc<Picture>, Unseen>;

/// The balancer's admin pages, if the frontend knows them.
#[derive(Debug)]
pub(crate) struct Cluster {
    client: Client,
    stats: Option<String>,
    /// Of those who look.
    pub(crate) seats: Arc<Semaphore>,
    /// What was seen last, and when.
    last: Mutex<Option<(Instant, Seen)>>,
}

impl Cluster {
    /// The cluster of a balancer whose admin pages are at `admin`, a base address without a slash at its end.
    ///
    /// # Errors
    /// When the client for it cannot be set up.
    pub(crate) fn new(admin: Option<String>) -> Result<Cluster, reqwest::Error> {
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Cluster {
            client,
            stats: admin.map(|admin| format!("{admin}/stats")),
            seats: Arc::new(Semaphore::new(MOST_VIEWERS)),
            last: Mutex::new(None),
        })
    }

    /// The picture of this moment, no older than [`FRESH`].
    pub(crate) async fn picture(&self) -> Seen {
        let stats = self.stats.as_deref().ok_or(Unseen::Unknown)?;
        // Whoever comes while somebody asks waits for that answer.
        let mut last = self.last.lock().await;
        if let Some((taken, picture)) = last.as_ref()
            && taken.elapsed() < FRESH
        {
            return picture.clone();
        }
        let asked = tokio::time::timeout(TIMEOUT, self.ask(stats)).await;
        let picture = asked.ok().flatten().map(Arc::new).ok_or(Unseen::Silent);
        *last = Some((Instant::now(), picture.clone()));
        picture
    }

    async fn ask(&self, stats: &str) -> Option<Picture> {
        let mut answer = self.client.get(stats).send().await.ok()?;
        if answer.status() != StatusCode::OK {
            return None;
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.ok()? {
            if body.len() + part.len() > MOST_BYTES {
                return None;
            }
            body.extend_from_slice(&part);
        }
        serde_json::from_slice(&body).ok()
    }
}
