//! What does a deep view cost the cluster? Each worker that draws it one reference orbit, once.

use crate::harness::{Cluster, get, json, metric, render_id, until};
use crate::rendering::{seahorses, straight};

const RE: &str = "0.438201090809984714798836704183781579775093781331734";
const IM: &str = "0.250541573359688171678400414758224860053729045156654";

/// RE and a screen's width, 3.81e-28.
const TO_THE_RIGHT: &str = "0.4382010908099847147988367045645789";
/// RE less a screen's width, beyond a border between cells.
const TO_THE_LEFT: &str = "0.4382010908099847147988367038027815";
/// IM less a screen's height, 2.86e-28.
const BELOW: &str = "0.2505415733596881716784004144726268";

/// A place at 10^28 (rust-fractal-core, `locations/line.toml`).
fn deep() -> String {
    format!("re={RE}&im={IM}&zoom=1.40057E28&width=640&height=480&iterations=2500")
}

/// A deep place inside of the set, whose orbit goes on for minutes.
const ENDLESS_ORBIT: &str =
    "re=-0.1&im=0.1&zoom=1e30&iterations=500000000&quality=fast&width=400&height=300";

async fn computed(cluster: &Cluster) -> Vec<u64> {
    let mut counts = Vec::new();
    for worker in &cluster.workers {
        counts.push(metric(&cluster.client, worker, "tilebrot_orbits_computed_total").await);
    }
    counts
}

#[tokio::test]
async fn a_deep_view_costs_each_worker_one_orbit_and_a_second_render_none() {
    let cluster = Cluster::start(2).await;
    let path = format!("/render.png?{}", deep());
    let png = cluster.get(&path).await.bytes().await.unwrap();
    assert_eq!(computed(&cluster).await, [1, 1]);
    let again = cluster.get(&path).await.bytes().await.unwrap();
    assert_eq!(computed(&cluster).await, [1, 1]);
    assert!(png == again);
    // Nor does a pan by a screen, to the right or down.
    for pan in [deep().replace(RE, TO_THE_RIGHT), deep().replace(IM, BELOW)] {
        let answer = cluster.get(&format!("/render.png?{pan}")).await;
        assert_eq!(answer.status(), 200);
        assert!(png != answer.bytes().await.unwrap());
    }
    assert_eq!(computed(&cluster).await, [1, 1]);

    let alone = Cluster::start(1).await;
    assert!(png == alone.get(&path).await.bytes().await.unwrap());
    let picture = image::load_from_memory(&png).unwrap().into_rgb8();
    let view = fractal::View {
        re: RE.parse().unwrap(),
        im: IM.parse().unwrap(),
        zoom: "1.40057E28".parse().unwrap(),
        samples: 1,
        limit: 2500,
        ..seahorses()
    };
    assert!(picture == straight(&view, fractal::Colouring::Smooth));
}

#[tokio::test]
async fn a_pan_that_leaves_the_cell_costs_no_orbit_if_it_names_where_it_began() {
    let cluster = Cluster::start(2).await;
    let first = format!("/render.png?{}", deep());
    assert!(cluster.get(&first).await.bytes().await.is_ok());
    let pan = format!("/render.png?{}", deep().replace(RE, TO_THE_LEFT));
    let named = format!("{pan}&reference_re={RE}&reference_im={IM}");
    let along = cluster.get(&named).await.bytes().await.unwrap();
    assert_eq!(computed(&cluster).await, [1, 1]);
    let without = cluster.get(&pan).await.bytes().await.unwrap();
    assert_eq!(computed(&cluster).await, [2, 2], "another cell");
    let pixels = |png: &[u8]| image::load_from_memory(png).unwrap().into_rgb8();
    let (along, without) = (pixels(&along), pixels(&without));
    let differing = along.pixels().zip(without.pixels()).filter(|(a, b)| a != b);
    // By a count or a digit of it, where f64 cannot tell.
    assert!(differing.count() < along.pixels().len() / 200);

    let far = cluster
        .get(&format!("{first}&reference_re={RE}&reference_im=0.2505"))
        .await;
    assert_eq!(far.status(), 422);
    let problem = json(far).await;
    assert_eq!(problem["errors"][0]["field"], "reference_im");
    assert_eq!(problem["errors"][0]["value"], "0.2505");
    assert_eq!(
        problem["errors"][0]["accepted"],
        "auto, or at most 8 visible heights (of 4 / zoom) from im"
    );
}

#[tokio::test]
async fn auto_and_a_histogram_need_no_orbit_of_their_own() {
    let cluster = Cluster::start(1).await;
    let view = deep().replace("iterations=2500", "colouring=histogram");
    let answer = cluster.get(&format!("/render.png?{view}")).await;
    assert_eq!(answer.status(), 200);
    let limit: u64 = answer.headers()["x-iterations"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    // Its largest count is 1099; the depth alone would give more than a hundred thousand.
    assert!((1099..4000).contains(&limit), "{limit}");
    answer.bytes().await.unwrap();
    assert_eq!(computed(&cluster).await, [1]);
}

#[tokio::test]
async fn a_long_orbit_is_reported_holds_up_nobody_and_stops_when_the_requester_leaves() {
    let cluster = Cluster::start(1).await;
    let id = render_id();
    let url = format!(
        "{}/render.png?{ENDLESS_ORBIT}&progress={id}",
        cluster.site.url
    );
    let client = cluster.client.clone();
    let picture = tokio::spawn(async move { client.get(url).send().await });
    until("the reference orbit is under way", async || {
        let report = cluster.report(&id).await;
        report["state"] == "surveying" && report["orbit"].as_f64() > Some(0.0)
    })
    .await;
    // The worker, of one thread, draws meanwhile and says that it is ready.
    let worker = &cluster.workers[0];
    assert_eq!(
        cluster.get("/render.png?width=64&height=64").await.status(),
        200
    );
    let ready = get(&cluster.client, &format!("{}/readyz", worker.url)).await;
    assert_eq!(ready.status(), 200);
    assert_eq!(
        metric(&cluster.client, worker, "tilebrot_orbits_computing").await,
        1
    );
    assert!(!picture.is_finished());

    picture.abort();
    until("the orbit is given up", async || {
        metric(&cluster.client, worker, "tilebrot_orbits_computing").await == 0
    })
    .await;
    assert_eq!(computed(&cluster).await, [0]);
}

#[tokio::test]
async fn workers_compute_a_long_orbit_at_the_same_time() {
    let cluster = Cluster::start(2).await;
    let url = format!("{}/render.png?{ENDLESS_ORBIT}", cluster.site.url);
    let client = cluster.client.clone();
    let picture = tokio::spawn(async move { client.get(url).send().await });
    let computing = async || {
        let mut sum = 0;
        for worker in &cluster.workers {
            sum += metric(&cluster.client, worker, "tilebrot_orbits_computing").await;
        }
        sum
    };
    until("both compute", async || computing().await == 2).await;
    picture.abort();
    until("both have stopped", async || computing().await == 0).await;
    assert_eq!(computed(&cluster).await, [0, 0]);
}

#[tokio::test]
async fn orbits_for_every_slot_of_a_worker_hold_up_no_other_view() {
    let cluster = Cluster::start(1).await;
    let worker = &cluster.workers[0];
    let pictures = ["1e30", "1e40"].map(|zoom| {
        let view = ENDLESS_ORBIT.replace("1e30", zoom);
        let url = format!("{}/render.png?{view}", cluster.site.url);
        let client = cluster.client.clone();
        tokio::spawn(async move { client.get(url).send().await })
    });
    let under_way = async || {
        let orbits = get(&cluster.client, &format!("{}/v1/orbits", worker.url)).await;
        json(orbits).await.as_array().map_or(0, Vec::len)
    };
    until("two orbits are under way", async || under_way().await == 2).await;
    let other = cluster.get("/render.png?width=64&height=64").await;
    assert_eq!(other.status(), 200);
    assert!(other.bytes().await.is_ok());
    assert_eq!(under_way().await, 2);
    for picture in pictures {
        picture.abort();
    }
}
