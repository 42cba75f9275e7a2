//! A worker on a port of its own, and what its answers hold.

use std::num::NonZero;

use image::RgbImage;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use service::Shutdown;
use tokio::task::JoinHandle;
use worker::Settings;

pub(crate) struct Worker {
    pub(crate) url: String,
    pub(crate) client: Client,
    pub(crate) stop: Shutdown,
    pub(crate) running: JoinHandle<Result<(), worker::Error>>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A worker of one thread with one place and a queue of one.
pub(crate) async fn start() -> Worker {
    start_with_queue(1).await
}

pub(crate) async fn start_with_queue(queue: usize) -> Worker {
    let (listener, address) = service::bind("127.0.0.1:0").await.unwrap();
    let stop = Shutdown::new();
    let settings = Settings {
        queue,
        ..Settings::new("painter".into(), NonZero::new(1), NonZero::new(1))
    };
    Worker {
        url: format!("http://{address}"),
        client: Client::new(),
        running: tokio::spawn(worker::run(listener, settings, stop.clone())),
        stop,
    }
}

impl Worker {
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn in_flight(&self) -> u64 {
        let ready: Value = self.get("/readyz").await.json().await.unwrap();
        ready["in_flight"].as_u64().unwrap()
    }

    /// The value of a counter or gauge.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let metrics = self.get("/metrics").await.text().await.unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse().unwrap()
    }

    pub(crate) async fn under_way(&self) -> Vec<Value> {
        self.get("/v1/orbits").await.json().await.unwrap()
    }

    pub(crate) async fn until_under_way(&self, is_wanted: impl Fn(&[Value]) -> bool) {
        while !is_wanted(&self.under_way().await) {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn until_in_flight(&self, count: u64) {
        while self.in_flight().await != count {
            tokio::task::yield_now().await;
        }
    }
}

/// Minutes of work: interior near the seahorses that no shortcut finds, at a limit that is never reached.
pub(crate) const ENDLESS: &str =
    "/v1/tile?re=-0.7453&im=0.1127&zoom=20&width=2000&height=2000&samples=8&iterations=1000000000";

pub(crate) fn decoded(png: &[u8]) -> RgbImage {
    image::load_from_memory(png).unwrap().into_rgb8()
}

/// The shape, the type and the numbers' bytes of a NumPy file.
pub(crate) fn npy(file: &[u8]) -> (String, &[u8]) {
    assert_eq!(&file[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([file[8], file[9]]));
    let header = String::from_utf8(file[10..10 + length].to_vec()).unwrap();
    (header, &file[10 + length..])
}

pub(crate) type Asked = JoinHandle<reqwest::Result<Response>>;

/// Asks twice at a worker that draws already: one takes the place in the queue, and there is none for the other.
pub(crate) async fn queued(ask: impl Fn() -> Asked) -> (Asked, Response) {
    let (mut one, mut other) = (ask(), ask());
    let (refused, waiting) = tokio::select! {
        refused = &mut one => (refused, other),
        refused = &mut other => (refused, one),
    };
    let refused = refused.unwrap().unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    (waiting, refused)
}
