//! A frontend on port 0, and what it is asked.

mod workers;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use frontend::Settings;
use service::Shutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::DropGuard;

pub(crate) use workers::{Answer, Workers, npy, pixel};

/// A frontend in front of [`Workers`]; it stops when it is dropped.
pub(crate) struct Site {
    pub(crate) workers: Workers,
    pub(crate) client: reqwest::Client,
    address: SocketAddr,
    _stop: DropGuard,
}

impl Site {
    /// A site whose workers do as they are told.
    pub(crate) async fn start(workers: Workers) -> Site {
        Site::with(workers, |_| {}).await
    }

    /// A site with settings that differ from the tests' own.
    pub(crate) async fn with(workers: Workers, change: impl FnOnce(&mut Settings)) -> Site {
        let mut settings = Settings::new(format!("http://{}", workers.address));
        settings.slots = Some(4);
        settings.patience = Duration::from_secs(2);
        change(&mut settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Shutdown::new();
        tokio::spawn(frontend::run(listener, settings, stop.clone()));
        Site {
            workers,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            address,
            _stop: stop.drop_guard(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    /// A connection whose client takes next to nothing before it reads.
    pub(crate) async fn narrow(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// As a browser that navigates.
    pub(crate) async fn visit(&self, path: &str) -> (reqwest::StatusCode, String) {
        let request = self
            .client
            .get(self.url(path))
            .header("accept", "text/html,*/*;q=0.8");
        let response = request.send().await.unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "text/html; charset=utf-8"
        );
        (response.status(), response.text().await.unwrap())
    }

    pub(crate) async fn png(&self, query: &str) -> Vec<u8> {
        let response = self.get(&format!("/render.png?{query}")).await;
        assert_eq!(response.status(), 200);
        response.bytes().await.unwrap().to_vec()
    }

    /// The report of a render, as a program reads it.
    pub(crate) async fn report(&self, id: &str) -> serde_json::Value {
        self.get(&format!("/renders/{id}"))
            .await
            .json()
            .await
            .unwrap()
    }
}

/// The render that a page follows.
pub(crate) fn id_in(page: &str) -> &str {
    let (_, after) = page.split_once("data-id=\"").expect("the page of a render");
    after.split('"').next().unwrap_or(after)
}

/// Waits until `holds`, and panics when it does not within half a minute.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    });
    waited
        .await
        .unwrap_or_else(|_| panic!("it never came that {what}"));
}
