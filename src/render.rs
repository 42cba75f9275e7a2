//! `tilebrot render`: one picture to a file. The way is the same from an embedded cluster and from a
//! running one: the page's own `/render.png`, with its progress beside it.

mod file;
mod progress;

use std::time::Duration;

use anyhow::{Context, anyhow};
use protocol::{Fields, Limits, View};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;

use crate::cli::{RenderArgs, ViewArgs};
use crate::cluster::Cluster;
use crate::exit::Exit;

/// How long the line at the end waits for its figures, where the cluster is busy with others.
const LAST_REPORT: Duration = Duration::from_secs(5);

/// Addresses up to this length pass through every proxy (RFC 9110 §4.1).
const LONGEST_QUERY: usize = 7000;

pub(crate) async fn run(args: Box<RenderArgs>) -> Result<(), Exit> {
    let view = view(&args.view, &args.size.limits.limits())?;
    let Some(url) = &args.cluster else {
        let shutdown = service::on_signal()?;
        let cluster = Cluster::start("127.0.0.1:0", &args.size, shutdown.clone()).await?;
        let site = format!("http://{}/", cluster.site);
        let site = site
            .parse()
            .context("the cluster's own address is no URL")?;
        let drawn = tokio::select! {
            drawn = render(site, &view, &args) => drawn,
            () = shutdown.cancelled() => Err(anyhow!("interrupted: no picture was written").into()),
        };
        shutdown.cancel();
        cluster.stopped().await?;
        return drawn;
    };
    render(site_of(url)?, &view, &args).await
}

/// The view that the flags describe, checked as every API checks it.
fn view(args: &ViewArgs, limits: &Limits) -> Result<View, Exit> {
    let mut query = Url::parse("http://-/").map_err(|e| Exit::Failed(e.into()))?;
    query.query_pairs_mut().extend_pairs(args.given());
    View::read(
        Fields::from_query(query.query().unwrap_or_default()),
        limits,
    )
    .map_err(|errors| Exit::Usage(errors.to_string()))
}

fn site_of(url: &str) -> Result<Url, Exit> {
    match url.parse::<Url>() {
        Ok(site) if site.scheme() == "http" && site.has_host() => Ok(site),
        _ => Err(Exit::Usage(format!(
            "--cluster {url:?} is not accepted: http://HOST:PORT of a running cluster's page"
        ))),
    }
}

/// Draws `view` with the cluster whose page is `site`.
async fn render(site: Url, view: &View, args: &RenderArgs) -> Result<(), Exit> {
    let client = Client::new();
    let id = progress::new_id()?;
    let picture = picture(&client, &site, view, &id)?;

    let events = site
        .join(&format!("renders/{id}/events"))
        .context("no URL of a picture's events")?;
    let bar = progress::Bar::new();
    // A deep view's reference orbit takes its time before the picture's first byte.
    let following = tokio::spawn(progress::follow(
        client.clone(),
        events.clone(),
        bar.clone(),
    ));
    let answer = picture
        .send()
        .await
        .context("the cluster cannot be reached");
    let answer = match answer {
        Ok(answer) => refused(answer).await,
        Err(error) => Err(error.into()),
    };
    let drawn = match answer {
        Ok(answer) => file::write(answer, &args.output).await,
        Err(exit) => Err(exit),
    };
    following.abort();
    if drawn.is_ok() {
        // Figures are a comfort too: without them the line is shorter.
        let last = progress::last(&client, &events, &bar);
        let _ = tokio::time::timeout(LAST_REPORT, last).await;
    }
    bar.end(&args.output, drawn.is_ok());
    drawn
}

/// Asks for `view`: in the address, where the view has an ordinary length.
fn picture(client: &Client, site: &Url, view: &View, id: &str) -> anyhow::Result<RequestBuilder> {
    let mut address = site.join("render.png").context("no URL of a picture")?;
    let query = view.query();
    if query.len() > LONGEST_QUERY {
        let mut fields = serde_json::to_value(view)?;
        fields["progress"] = id.into();
        return Ok(client.post(address).json(&fields));
    }
    address.set_query(Some(&query));
    address.query_pairs_mut().append_pair("progress", id);
    Ok(client.get(address))
}

/// The answer, when it is a picture; else what stands in its way.
async fn refused(answer: Response) -> Result<Response, Exit> {
    #[derive(Deserialize)]
    struct Problem {
        detail: String,
    }
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let detail = match answer.json::<Problem>().await {
        Ok(problem) => problem.detail,
        Err(_) => format!("the cluster answered {status}"),
    };
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Err(Exit::Usage(detail)),
        _ => Err(Exit::Failed(anyhow!(detail))),
    }
}
