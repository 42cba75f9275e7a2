//! How many megabytes of PNG a second does one core gather, and does memory depend on the picture? Three
//! processes over loopback: a feeder that has its bands ready, the frontend, and a consumer that throws
//! the picture away. Only the frontend's own CPU time counts.
//!
//! `cargo bench -p frontend --bench gather`

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on panics")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use flate2::{Compress, Compression, FlushCompress};
use protocol::{Adler, Band, Fields, Limits, Strip, Strips, TileRequest};
use tokio::net::TcpListener;

/// Ticks a second in `/proc/pid/stat`; the same on every Linux (`getconf CLK_TCK`).
const TICKS: f64 = 100.0;

fn main() {
    let roles: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    match roles.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["feeder"] => runtime().block_on(feed()),
        ["frontend", feeder] => runtime().block_on(gather(feeder)),
        _ => measure(),
    }
}

/// One thread, so that the frontend cannot take more than a core.
fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

async fn listen() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    listener
}

async fn gather(feeder: &str) {
    let settings = frontend::Settings::new(format!("http://{feeder}"));
    frontend::run(listen().await, settings, service::Shutdown::new())
        .await
        .unwrap();
}

/// Bands made once, by width and rows.
type Ready = Arc<Mutex<HashMap<(u32, u32), Bytes>>>;

async fn feed() {
    let survey = r#"{"iterations":1000,"tier":"direct","capacity":8}"#;
    let routes = Router::new()
        .route("/v1/survey", post(async move || survey))
        .route("/v1/tile", post(tile))
        .with_state(Ready::default());
    axum::serve(listen().await, routes).await.unwrap();
}

async fn tile(State(ready): State<Ready>, body: Bytes) -> Bytes {
    let request = TileRequest::read(Fields::from_json(&body).unwrap(), &Limits::default()).unwrap();
    let strips = Strips::of(&request.view);
    ready
        .lock()
        .unwrap()
        .entry((request.view.width, request.rect.h))
        .or_insert_with(|| band(request.view.width, request.rect.h, strips.rows()))
        .clone()
}

/// Rows of noise, which deflate only stores: as much PNG as rows can be.
fn band(width: u32, rows: u32, strip_rows: u32) -> Bytes {
    let tops = (0..rows).step_by(strip_rows as usize);
    let strips: Vec<Strip> = tops
        .map(|top| strip(width, strip_rows.min(rows - top)))
        .collect();
    Band::encode(&strips).into()
}

fn strip(width: u32, rows: u32) -> Strip {
    let stride = 1 + 3 * width as usize;
    let mut noise = 1_u32;
    let mut raw: Vec<u8> = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    })
    .take(stride * rows as usize)
    .collect();
    raw.iter_mut()
        .step_by(stride)
        .for_each(|filter| *filter = 0);
    let mut sum = simd_adler32::Adler32::new();
    sum.write(&raw);
    let adler = Adler {
        sum: sum.finish(),
        length: raw.len() as u64,
    };
    let mut deflated = Vec::with_capacity(raw.len() + raw.len() / 100 + 1024);
    let mut compress = Compress::new(Compression::none(), false);
    compress
        .compress_vec(&raw, &mut deflated, FlushCompress::Sync)
        .unwrap();
    Strip {
        rows,
        adler,
        deflated,
    }
}

/// A process of this program in another role, ended when dropped.
struct Role {
    process: Child,
    address: SocketAddr,
}

impl Role {
    fn start(words: &[&str]) -> Role {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut process = command.args(words).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Role {
            process,
            address: line.trim().parse().unwrap(),
        }
    }

    /// CPU seconds so far, user and system.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
        (ticks(11) + ticks(12)) / TICKS
    }

    /// The most memory that it ever had, in MB.
    fn peak(&self) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0 / 1e6
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn measure() {
    let feeder = Role::start(&["feeder"]);
    println!("picture          PNG MB   wall s   CPU s   MB per CPU s   peak memory MB");
    for (width, height) in [(1024, 1024), (4096, 4096), (16384, 16384), (65536, 16384)] {
        let frontend = Role::start(&["frontend", &feeder.address.to_string()]);
        let picture = || consume(frontend.address, width, height);
        // The feeder makes its bands on the first picture.
        picture();
        let (cpu, started, mut bytes) = (frontend.cpu(), Instant::now(), 0);
        // Long enough for a clock that ticks every 10 ms.
        while bytes < 3 << 30 {
            bytes += picture();
        }
        let (wall, cpu) = (started.elapsed().as_secs_f64(), frontend.cpu() - cpu);
        let mb = bytes as f64 / 1e6;
        let (rate, peak) = (mb / cpu, frontend.peak());
        println!("{width:5} × {height:5} {mb:10.0} {wall:8.2} {cpu:7.2} {rate:14.0} {peak:16.1}");
    }
}

/// Takes a picture of `width` × `height` pixels and says how many bytes came.
fn consume(address: SocketAddr, width: u32, height: u32) -> u64 {
    let mut connection = TcpStream::connect(address).unwrap();
    let path = format!("/render.png?width={width}&height={height}");
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let (mut buffer, mut bytes, mut last) = (vec![0; 1 << 20], 0, Vec::new());
    loop {
        let read = connection.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        bytes += read as u64;
        last.extend_from_slice(&buffer[read.saturating_sub(16)..read]);
        last.drain(..last.len().saturating_sub(16));
    }
    assert!(
        last.ends_with(b"IEND\xaeB`\x82\r\n0\r\n\r\n"),
        "the picture is complete"
    );
    bytes
}
