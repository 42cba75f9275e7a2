//! What is under test: `tilebrot up` as a process, with two workers of one thread each, and balancers of other settings.

use std::path::Path;

use image::RgbaImage;

use crate::PATIENCE;
use crate::process::Process;

/// A running `tilebrot balancer`.
pub(crate) struct Balancer {
    _process: Process,
    /// Of its only listener.
    pub(crate) url: String,
    /// Of its admin pages.
    pub(crate) admin: String,
}

impl Balancer {
    /// One before these servers, none of which needs to be there.
    pub(crate) fn before(servers: &[String]) -> Balancer {
        let mut arguments = vec!["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        for server in servers {
            arguments.extend(["--server", server]);
        }
        Balancer::start(&arguments)
    }

    /// One with these settings, written to a file in `folder`; its listener and its admin pages take any port.
    pub(crate) fn with(folder: &Path, settings: &str) -> Balancer {
        let file = folder.join("balancer.toml");
        std::fs::write(&file, settings).expect("a file");
        Balancer::start(&["--config", file.to_str().expect("a path that is text")])
    }

    fn start(arguments: &[&str]) -> Balancer {
        let mut process = Process::start(&[&["balancer"], arguments].concat());
        Balancer {
            url: process.next_address(),
            admin: process.next_address(),
            _process: process,
        }
    }
}

/// A running site: `tilebrot up`, or the frontend of a cluster.
pub(crate) struct Site {
    process: Process,
    pub(crate) url: String,
}

impl Site {
    pub(crate) fn start() -> Site {
        let cluster = ["up", "--listen", "127.0.0.1:0", "--workers", "2"];
        Site::of(&[&cluster[..], &["--threads", "1"]].concat())
    }

    /// What `tilebrot` with these arguments listens with.
    pub(crate) fn of(arguments: &[&str]) -> Site {
        let mut process = Process::start(arguments);
        Site {
            url: process.next_address(),
            process,
        }
    }

    /// It is gone from one moment to the next.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// What a program gets at `path`, which is a picture.
    pub(crate) async fn picture(&self, path: &str) -> RgbaImage {
        decoded(&self.answer(path).await.bytes().await.expect("a body"))
    }

    /// What a program gets at `path`, which is text.
    pub(crate) async fn text(&self, path: &str) -> String {
        self.answer(path).await.text().await.expect("a body")
    }

    async fn answer(&self, path: &str) -> reqwest::Response {
        let answer = reqwest::Client::new()
            .get(format!("{}{path}", self.url))
            .timeout(PATIENCE)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer
    }
}

/// The pixels of a PNG.
pub(crate) fn decoded(png: &[u8]) -> RgbaImage {
    image::load_from_memory(png)
        .expect("a whole PNG")
        .into_rgba8()
}
