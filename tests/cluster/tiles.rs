//! Are tiles pieces of the very picture that a render of the same square is, and what do deep ones cost?

use image::RgbImage;
use protocol::{Natural, Side, TileAddress};

use crate::harness::{Cluster, json, metric};

async fn picture(cluster: &Cluster, path: &str) -> RgbImage {
    let answer = cluster.get(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    let bytes = answer.bytes().await.unwrap();
    image::load_from_memory(&bytes).unwrap().into_rgb8()
}

/// The tiles of a square of `across` × `across` from `corner` on, side by side.
async fn mosaic(cluster: &Cluster, corner: &TileAddress, across: u32, query: &str) -> RgbImage {
    let side = TileAddress::SIDE;
    let mut mosaic = RgbImage::new(across * side, across * side);
    let mut row = corner.clone();
    for y in 0..across {
        let mut tile = row.clone();
        for x in 0..across {
            let own = picture(cluster, &format!("/tiles/v1/{tile}.png?{query}")).await;
            let (left, top) = (i64::from(x * side), i64::from(y * side));
            image::imageops::replace(&mut mosaic, &own, left, top);
            tile = tile.neighbour(Side::Right).unwrap();
        }
        row = row.neighbour(Side::Down).unwrap();
    }
    mosaic
}

/// How many pixels differ.
fn differing(one: &RgbImage, other: &RgbImage) -> usize {
    assert_eq!(one.dimensions(), other.dimensions());
    let pairs = one.pixels().zip(other.pixels());
    pairs.filter(|(one, other)| one != other).count()
}

/// The tile at `z` that the point with these decimal places of the root's sides, from its upper left corner, is in.
fn tile_at(z: u32, re: &str, im: &str) -> TileAddress {
    let places = z as usize;
    let index = |fraction: &str| {
        let digits = format!("{fraction:0<places$}");
        let mut rest = Natural::parse(digits[..places].trim_start_matches('0')).unwrap();
        let one = Natural::parse(&format!("1{}", "0".repeat(places))).unwrap();
        let mut index = Natural::default();
        for _ in 0..z {
            rest = rest.times(2);
            let bit = u32::from(rest >= one);
            if bit == 1 {
                rest = rest.distance(&one);
            }
            index = index.times_plus(2, bit);
        }
        index
    };
    let (x, y) = (index(re).to_string(), index(im).to_string());
    let limits = protocol::Limits::default();
    TileAddress::parse(&z.to_string(), &x, &y, &limits).unwrap()
}

#[tokio::test]
async fn tiles_side_by_side_are_the_render_of_their_square() {
    let cluster = Cluster::start(2).await;
    let query = "iterations=2000&palette=ocean";
    // Tiles that straddle four ancestors: the seams between these must not show either.
    let around = [
        ("4/5/7", 2, "re=-1&im=0&zoom=8"),
        ("7/55/63", 2, "re=-0.75&im=0&zoom=64"),
    ];
    let limits = protocol::Limits::default();
    for (corner, across, view) in around {
        let parts: Vec<&str> = corner.split('/').collect();
        let corner = TileAddress::parse(parts[0], parts[1], parts[2], &limits).unwrap();
        let own = mosaic(&cluster, &corner, across, query).await;
        let side = across * TileAddress::SIDE;
        let path = format!("/render.png?{view}&width={side}&height={side}&{query}");
        assert_eq!(
            differing(&own, &picture(&cluster, &path).await),
            0,
            "{view}"
        );
    }
}

#[tokio::test]
async fn deep_tiles_of_several_ancestors_are_the_render_of_their_square() {
    let cluster = Cluster::start(1).await;
    // (0.4382… + 2.5) / 4 and (2 - 0.2505…) / 4: the place at 10^28 of the tests of deep views.
    let re = "7345502727024961786997091760459453949437734453329335";
    let im = "4373646066600779570803998963104437849865677387108365";
    let corner = tile_at(93, re, im);
    let query = "iterations=2500";
    let own = mosaic(&cluster, &corner, 2, query).await;
    // The corner that the four tiles share is the lower right one of the first.
    let [re, im] = lower_right(&corner);
    let zoom = Natural::power_of_two(92);
    let path = format!("/render.png?re={re}&im={im}&zoom={zoom}&width=512&height=512&{query}");
    let whole = picture(&cluster, &path).await;
    // References differ, and so do the few samples that f64 cannot tell (docs/truth.md): no more than these.
    let wrong = differing(&own, &whole);
    assert!(wrong * 1000 <= 512 * 512 * 5, "{wrong} pixels differ");
    let colours: std::collections::HashSet<_> = whole.pixels().collect();
    assert!(colours.len() > 100, "the place is worth a look");
}

/// The exact decimals of its lower right corner: -2.5 + (x + 1) side and 2 - (y + 1) side, in units of 2^-(z + 1).
fn lower_right(tile: &TileAddress) -> [String; 2] {
    let unit = Natural::power_of_two(tile.z());
    let text = |from: Natural, to: Natural| {
        let sign = if to < from { "-" } else { "" };
        format!(
            "{sign}{}",
            from.distance(&to).over_power_of_two(tile.z() + 1)
        )
    };
    let sides = |count: &Natural| count.times_plus(1, 1).times(8);
    [
        text(unit.times(5), sides(tile.x())),
        text(sides(tile.y()), unit.times(4)),
    ]
}

#[tokio::test]
async fn panning_and_zooming_at_a_thousand_digits_costs_a_worker_a_handful_of_orbits() {
    let cluster = Cluster::start(2).await;
    let third = "3".repeat(1200);
    // The level of a zoom of 10^1000, in a place that is outside of the set: orbits are short, and as dear in digits as any.
    let mut tile = tile_at(3322, &third, &third);
    let query = "iterations=1000";
    for step in 0..100 {
        let answer = cluster.get(&format!("/tiles/v1/{tile}.npy?{query}")).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.bytes().await.unwrap().len() >= 256 * 256 * 4);
        let side = if step % 10 == 9 {
            Side::Down
        } else {
            Side::Right
        };
        tile = tile.neighbour(side).unwrap();
    }
    let mut computed = Vec::new();
    for worker in &cluster.workers {
        computed.push(metric(&cluster.client, worker, "tilebrot_orbits_computed_total").await);
    }
    println!("100 tiles: {computed:?} orbits");
    assert!(computed.iter().all(|orbits| *orbits <= 4), "{computed:?}");
    assert!(computed.iter().sum::<u64>() > 0);
    // Four levels down, a group and its successor.
    for _ in 0..4 {
        tile = tile.children()[0].clone();
        let answer = cluster.get(&format!("/tiles/v1/{tile}.npy?{query}")).await;
        assert_eq!(answer.status(), 200);
    }
    let mut later = Vec::new();
    for worker in &cluster.workers {
        later.push(metric(&cluster.client, worker, "tilebrot_orbits_computed_total").await);
    }
    println!("and four levels deeper: {later:?}");
    let more = later.iter().sum::<u64>() - computed.iter().sum::<u64>();
    assert!(more <= 3, "{computed:?} and then {later:?}");
}

#[tokio::test]
async fn auto_is_the_same_for_neighbours_and_refusals_come_through_both_balancers() {
    let cluster = Cluster::start(1).await;
    let limit = async |path: &str| {
        let answer = cluster.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.headers()["x-iterations"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    let one = limit("/tiles/v1/8/100/120.png").await;
    assert_eq!(one, limit("/tiles/v1/8/101/120.npy").await);
    let refused = cluster.get("/tiles/v1/8/256/0.png").await;
    assert_eq!(refused.status(), 404);
    assert_eq!(json(refused).await["errors"][0]["field"], "x");
}
