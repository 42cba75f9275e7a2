//! Does a picture follow the cluster's size while it is drawn?

use protocol::TileRequest;

use crate::harness::{Answer, Site, Workers, until};

/// The first band never comes, so that all that is asked for stays in the window.
fn all_but_the_first(request: &TileRequest, _: usize) -> Answer {
    if request.rect.y == 0 {
        Answer::Frozen
    } else {
        Answer::Band
    }
}

/// How many bands are asked for when their answers say so, after a survey by one worker with two places.
async fn until_asked(said: (&str, &str), count: usize) {
    let workers = Workers::that(all_but_the_first).await;
    workers.say(said.0, said.1);
    let site = Site::with(workers, |settings| settings.slots = None).await;
    let response = site.get("/render.png?width=2048&height=2048").await;
    until(&format!("{count} are asked for"), async || {
        assert!(site.workers.asked() <= count, "{said:?}");
        site.workers.asked() == count && site.workers.in_flight() == 1
    })
    .await;
    drop(response);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_grows_when_the_balancer_says_that_workers_joined() {
    until_asked(("x-pool-capacity", "10"), 2 * 10 + 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_a_foreign_balancer_the_workers_that_answer_are_summed() {
    until_asked(("x-worker-capacity", "3"), 2 * (3 + 3) + 2).await;
}
