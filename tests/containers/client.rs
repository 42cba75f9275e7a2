//! A client of the page: it asks for pictures, takes them whole or not at all, and watches how far they are.

use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::{PATIENCE, eventually};

/// A view that takes two cores a second or two.
pub const SHORT: &str =
    "re=-0.7436447860&im=0.1318252536&zoom=18000&width=800&height=600&samples=4&iterations=4000";

/// A picture on its way.
pub struct Render {
    site: String,
    id: String,
    picture: JoinHandle<Result<Vec<u8>, reqwest::Error>>,
}

impl Render {
    /// Asks the site for the view.
    pub fn begin(site: &str, view: &str) -> Render {
        let id = format!(
            "{:016x}{:016x}",
            getrandom::u64().unwrap(),
            getrandom::u64().unwrap()
        );
        let url = format!("{site}/render.png?{view}&progress={id}");
        let picture = tokio::spawn(async move { whole(get(&url).await?).await });
        Render {
            site: site.to_owned(),
            id,
            picture,
        }
    }

    /// How far it is.
    pub async fn report(&self) -> Value {
        match get(&format!("{}/renders/{}", self.site, self.id)).await {
            Ok(answer) => answer.json().await.unwrap_or_default(),
            Err(_) => Value::Null,
        }
    }

    /// The page that tells of it.
    pub async fn page(&self) -> String {
        let asked = Client::new().get(format!("{}/renders/{}", self.site, self.id));
        asked
            .header("accept", "text/html")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }

    /// Waits until rows have been drawn and more are to come.
    pub async fn under_way(&self) {
        let began = Instant::now();
        while self.report().await["rows_done"].as_u64().unwrap_or(0) == 0 {
            assert!(
                began.elapsed() < PATIENCE && !self.picture.is_finished(),
                "it never was under way"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether the picture has come, or broken off.
    pub fn is_over(&self) -> bool {
        self.picture.is_finished()
    }

    /// The whole picture, or that it broke off.
    pub async fn end(&mut self) -> Result<Vec<u8>, reqwest::Error> {
        let ended = tokio::time::timeout(PATIENCE, &mut self.picture).await;
        ended
            .expect("neither a picture nor an error: it hangs")
            .unwrap()
    }
}

/// The names of the workers in a report.
pub fn workers(report: &Value) -> Vec<String> {
    let shares = report["workers"].as_array().cloned().unwrap_or_default();
    shares
        .iter()
        .map(|share| share["worker"].as_str().unwrap().to_owned())
        .collect()
}

/// The picture of a view, which must come.
pub async fn picture(site: &str, view: &str) -> Vec<u8> {
    let answer = get(&format!("{site}/render.png?{view}")).await.unwrap();
    assert_eq!(answer.status(), 200);
    whole(answer).await.unwrap()
}

/// Asks the site until there is a picture.
pub fn picture_at_last(site: &str, view: &str) -> Vec<u8> {
    eventually("a picture", || {
        let url = format!("{site}/render.png?{view}");
        let asked = async {
            whole(get(&url).await.ok()?.error_for_status().ok()?)
                .await
                .ok()
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(asked))
    })
}

/// The answer to a GET on a connection of its own.
pub async fn get(url: &str) -> Result<Response, reqwest::Error> {
    Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()?
        .get(url)
        .send()
        .await
}

/// What a GET answers, if anything; for those who look again and again.
pub fn text(url: &str) -> Option<String> {
    let asked = async { get(url).await.ok()?.text().await.ok() };
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(asked))
}

/// The body; an error when it breaks off.
async fn whole(answer: Response) -> Result<Vec<u8>, reqwest::Error> {
    Ok(answer.error_for_status()?.bytes().await?.to_vec())
}
