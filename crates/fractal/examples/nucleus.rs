//! `nucleus LOCATIONS ID [IMAGE.pgm]`: what is the minibrot of a place, how long does that take, and what does it look like?

use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use fractal::{Formula, Plan, Quality, Rect, Sequential, View, nucleus};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [locations, id, image @ ..] = arguments.as_slice() else {
        return Err("nucleus LOCATIONS ID [IMAGE.pgm]".into());
    };
    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(locations)?)?;
    let places = file["locations"].as_array().ok_or("no locations")?;
    let place = places.iter().find(|place| place["id"] == id.as_str());
    let place = place.ok_or("no such place")?;
    let text = |name: &str| place[name].as_str().unwrap_or_default().parse();
    let view = View {
        re: text("re")?,
        im: text("im")?,
        zoom: text("zoom")?,
        rotation: 0.0,
        width: 1920,
        height: 1080,
        samples: 1,
        formula: Formula::Mandelbrot,
        limit: place["iterations"].as_u64().ok_or("no iterations")?,
        reference: None,
        quality: Quality::Standard,
    };
    let cancel = AtomicBool::new(false);
    let started = Instant::now();
    let Some(found) = nucleus(&view, &cancel)? else {
        println!("{id}: none, after {:?}", started.elapsed());
        return Ok(());
    };
    println!(
        "{id}: period {} size {} turned {:.3} zoom {} {:?}, {} digits, in {:?}",
        found.period,
        found.size,
        found.orientation_degrees,
        found.zoom,
        found.shape,
        found.re.to_string().len(),
        started.elapsed()
    );
    if let [image] = image {
        let (width, height) = (320, 180);
        let view = View {
            re: found.re,
            im: found.im,
            zoom: found.zoom,
            width,
            height,
            limit: 20 * found.period + 1000,
            ..view
        };
        let rect = Rect {
            x: 0,
            y: 0,
            w: width,
            h: height,
        };
        let field = Plan::new(&view)?
            .prepare(&Sequential, &cancel)?
            .field(rect, &cancel)?;
        let mut file = std::fs::File::create(image)?;
        writeln!(file, "P5 {width} {height} 255")?;
        let least = field.smooth.iter().copied().fold(f64::INFINITY, f64::min);
        let grey = |count: f64| match count.is_finite() {
            true => 55 + (200.0 * ((count - least) / found.period as f64).fract()) as u8,
            false => 0,
        };
        file.write_all(&field.smooth.iter().map(|&n| grey(n)).collect::<Vec<u8>>())?;
    }
    Ok(())
}
