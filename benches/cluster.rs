//! What does the cluster cost beside the work itself? The same picture through everything (`render.png`
//! from `tilebrot up`, two workers of one thread) and straight from the kernel, the colours and the
//! encoder on two threads, one after the other in one run; then how long workers go on for a browser
//! that left, and what a large picture takes of the memory of a frontend.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use fractal::{
    Colouring, Colours, Formula, Plan, Quality, Rect, Renderer, Sequential, View, paint,
};
use rayon::prelude::*;
use reqwest::Client;
use serde_json::Value;

const ROUNDS: usize = 25;
const FULL_SET: &str = "re=-0.75&im=0&zoom=1.6&width=1920&height=1080&iterations=1000";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let up = Process::start(&[
        "up",
        "--listen",
        "127.0.0.1:0",
        "--workers",
        "2",
        "--threads",
        "1",
    ])?;
    let client = Client::new();
    overhead(&client, &up.url).await?;
    departure(&client).await?;
    memory(&client).await
}

/// The full set through the cluster and without it, in turn.
async fn overhead(client: &Client, site: &str) -> Result<(), Box<dyn std::error::Error>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let own_work = OwnWork::new()?;
    let url = format!("{site}/render.png?{FULL_SET}");
    let (mut through, mut own) = (Vec::new(), Vec::new());
    // The first round warms caches and connections and is not counted.
    for round in 0..=ROUNDS {
        let begun = Instant::now();
        let bytes = client
            .get(&url)
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?;
        let took = begun.elapsed();
        let begun = Instant::now();
        let encoded = pool.install(|| own_work.draw());
        let straight = begun.elapsed();
        if round == 0 {
            println!(
                "full set, 1920 × 1080: {} bytes of PNG, {encoded} of strips",
                bytes.len()
            );
        } else {
            through.push(took);
            own.push(straight);
        }
    }
    let mut ratios: Vec<f64> = through
        .iter()
        .zip(&own)
        .map(|(a, b)| a.as_secs_f64() / b.as_secs_f64())
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!("  through the cluster   {}", spread(through));
    println!("  kernel and encoder    {}", spread(own));
    println!(
        "  ratio, round by round {:.2} (median)",
        ratios[ratios.len() / 2]
    );
    Ok(())
}

/// A frontend that asks this worker alone.
fn frontend_of(worker: &Process) -> Result<Process, Box<dyn std::error::Error>> {
    Process::start(&[
        "frontend",
        "--listen",
        "127.0.0.1:0",
        "--tiles",
        &worker.url,
    ])
}

/// From a browser's departure in mid-picture to workers that draw nothing.
async fn departure(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    let worker = Process::start(&["worker", "--listen", "127.0.0.1:0", "--threads", "2"])?;
    let frontend = frontend_of(&worker)?;
    let hard = "re=-0.7453&im=0.1127&zoom=300&width=4000&height=4000&samples=4&iterations=50000";
    let url = format!("{}/render.png?{hard}", frontend.url);
    let in_flight = async || -> Result<u64, reqwest::Error> {
        let ready: Value = client
            .get(format!("{}/readyz", worker.url))
            .send()
            .await?
            .json()
            .await?;
        Ok(ready["in_flight"].as_u64().unwrap_or(0))
    };
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut picture = client.get(&url).send().await?;
        picture.chunk().await?;
        while in_flight().await? == 0 {}
        drop(picture);
        let left = Instant::now();
        while in_flight().await? > 0 {}
        times.push(left.elapsed());
    }
    println!("a browser leaves: workers idle after {}", spread(times));
    Ok(())
}

/// The frontend's peak memory after pictures of very different size.
async fn memory(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    let worker = Process::start(&["worker", "--listen", "127.0.0.1:0", "--threads", "2"])?;
    for side in [1024, 4096, 16384] {
        let frontend = frontend_of(&worker)?;
        let url = format!(
            "{}/render.png?re=-0.75&zoom=1.6&width={side}&height={side}&iterations=200",
            frontend.url
        );
        let begun = Instant::now();
        let mut picture = client.get(url).send().await?.error_for_status()?;
        let mut bytes = 0;
        while let Some(chunk) = picture.chunk().await? {
            bytes += chunk.len();
        }
        println!(
            "{side} × {side}: {bytes} bytes of PNG in {:.2?}, frontend's peak memory {} kB",
            begun.elapsed(),
            frontend.peak_memory_kilobytes()?
        );
    }
    Ok(())
}

/// The picture's work without any cluster.
struct OwnWork {
    renderer: Renderer,
    colours: Colours,
}

impl OwnWork {
    fn new() -> Result<OwnWork, Box<dyn std::error::Error>> {
        let view = View {
            re: "-0.75".parse()?,
            im: "0".parse()?,
            zoom: "1.6".parse()?,
            rotation: 0.0,
            width: 1920,
            height: 1080,
            samples: 1,
            formula: Formula::Mandelbrot,
            limit: 1000,
            reference: None,
            quality: Quality::Standard,
        };
        let colours = Colours {
            gradient: worker::gradient_of(&protocol::Colours::default().palette),
            colouring: Colouring::Smooth,
            density: 1.0,
            offset: 0.0,
            interior: [0; 3],
        };
        Ok(OwnWork {
            renderer: Plan::new(&view)?.prepare(&Sequential, &AtomicBool::new(false))?,
            colours,
        })
    }

    /// Draws and encodes 34 bands of two strips each; how many bytes they are.
    fn draw(&self) -> usize {
        let bands = (0..1080).into_par_iter().step_by(32);
        bands
            .map(|y| {
                let rect = Rect {
                    x: 0,
                    y,
                    w: 1920,
                    h: 32.min(1080 - y),
                };
                let field = self
                    .renderer
                    .field(rect, &AtomicBool::new(false))
                    .expect("nobody cancels");
                let pixels = paint(&field, 1, &self.colours);
                let strips = pixels.chunks(16 * 1920 * 3);
                strips
                    .map(|strip| worker::band::strip(strip, 1920).deflated.len())
                    .sum::<usize>()
            })
            .sum()
    }
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let median = times[times.len() / 2];
    format!(
        "{median:.1?} (median of {}; {:.1?} to {:.1?})",
        times.len(),
        times[0],
        times[times.len() - 1]
    )
}

/// A running `tilebrot`; killed when it is dropped.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(arguments: &[&str]) -> Result<Process, Box<dyn std::error::Error>> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tilebrot"));
        let mut child = command
            .args(arguments)
            .args(["--log", "warn"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("stdout is piped")?).read_line(&mut line)?;
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .ok_or("no address")?
            .to_owned();
        Ok(Process { child, url })
    }

    fn peak_memory_kilobytes(&self) -> Result<u64, Box<dyn std::error::Error>> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        Ok(peak
            .and_then(|text| text.trim().strip_suffix(" kB"))
            .ok_or("no VmHWM")?
            .parse()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
