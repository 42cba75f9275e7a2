//! `tilebrot healthcheck`: for images that have no shell and no curl.

use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::cli::HealthcheckArgs;
use crate::exit::Exit;

/// Less than what container engines wait by default.
const TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) async fn run(args: HealthcheckArgs) -> Result<(), Exit> {
    let url: reqwest::Url = args.url.parse().map_err(|e| {
        Exit::Usage(format!(
            "{:?} is no URL ({e}): give one such as http://127.0.0.1:8080/livez",
            args.url
        ))
    })?;
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .build()
        .context("no HTTP client")?;
    let answer = client.get(url).send().await.context("not healthy")?;
    if answer.status().is_success() {
        Ok(())
    } else {
        Err(anyhow!("not healthy: {} answered {}", args.url, answer.status()).into())
    }
}
