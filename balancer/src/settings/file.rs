//! From the text of a settings file to settings: the keys, in the order of `docs/balancer.md`.

mod edge;
mod servers;

use std::collections::HashSet;

use service::Mistakes;

use self::servers::servers;
pub(super) use self::servers::{read_change, read_list, read_server};
use super::algorithm::HASH_KEYS;
use super::notes::{self, Notes};
use super::reader::Reader;
use super::statuses::ACCEPTED as STATUSES;
use super::value::Value;
use super::{AccessFormat, Algorithm, Limits, Listener, Log, Pool, Settings};

/// More than any use, and small enough that sums of them fit.
const MOST: i64 = 1_000_000;
/// What a 32-bit count of permits holds, with room.
const MOST_BYTES: i64 = 1 << 31;

/// Reads `text`, which messages call `file`.
pub(super) fn read(file: &str, text: &str) -> Result<Settings, Mistakes> {
    let value = Value::read(text).map_err(|faults| notes::broken(file, text, faults))?;
    let mut notes = Notes::on(file, &value);
    let settings = settings(&value, &mut notes);
    notes.none_or(settings)
}

fn settings(value: &Value, notes: &mut Notes) -> Settings {
    let mut top = Reader::new("", value.as_table().cloned().unwrap_or_default(), notes);
    let listeners = top.sections("listener", listener);
    let pools = top.sections("pool", pool);
    let admin = top.text("admin", "HOST:PORT");
    let admin_socket = top.text("admin_socket", "the path of a socket to make");
    let mut limits = Limits::default();
    top.section("limits", |reader| read_limits(reader, &mut limits));
    let mut log = Log::default();
    top.section("log", |reader| {
        let accepted = AccessFormat::ALL.map(|format| format.to_string());
        let format = reader.optional("access", &accepted.join(" or "), |value| {
            value.as_str()?.parse().ok()
        });
        set(&mut log.access, format);
        let folder = reader.text("folder", "the path of a folder");
        log.folder = folder.map(Into::into);
    });
    check_names(&mut top, &listeners, &pools);
    top.finish();
    Settings {
        listeners,
        pools,
        admin,
        admin_socket: admin_socket.map(Into::into),
        limits,
        log,
    }
}

fn check_names(top: &mut Reader<'_>, listeners: &[Listener], pools: &[Pool]) {
    if listeners.is_empty() {
        top.missing("listener", "at least one listener");
    }
    if pools.is_empty() {
        top.missing("pool", "at least one pool");
    }
    let mut seen = HashSet::new();
    for (i, pool) in pools.iter().enumerate() {
        if !seen.insert(&pool.name) {
            let accepted = "a name that no other pool has";
            top.refuse(&format!("pool[{i}].name"), &pool.name, accepted);
        }
    }
    for (i, listener) in listeners.iter().enumerate() {
        if !listener.pool.is_empty() && !seen.contains(&listener.pool) {
            let accepted = "the name of a pool";
            top.refuse(&format!("listener[{i}].pool"), &listener.pool, accepted);
        }
    }
}

fn listener(reader: &mut Reader<'_>) -> Listener {
    let pool = reader.required_text("pool", "the name of a pool");
    let address = reader.required_text("address", "HOST:PORT");
    let name = reader.text("name", "a name");
    let name = name.unwrap_or_else(|| pool.clone());
    let mut listener = Listener::new(name, address, pool);
    edge::listener(reader, &mut listener);
    listener
}

fn pool(reader: &mut Reader<'_>) -> Pool {
    let name = reader.required_text("name", "a name");
    let mut pool = Pool::new(name, servers(reader));
    let algorithm = |value: &Value| value.as_str()?.parse().ok();
    let names = Algorithm::ALL
        .map(|algorithm| algorithm.to_string())
        .join(" or ");
    if let Some(algorithm) = reader.optional("algorithm", &names, algorithm) {
        pool.algorithm = algorithm;
    }
    let hash = |value: &Value| value.as_str()?.parse().ok();
    set(&mut pool.hash, reader.optional("hash", HASH_KEYS, hash));
    pool.capacity = reader.whole("capacity", 1..=MOST);
    reader.flag("advertise_capacity", &mut pool.advertise_capacity);
    reader.duration("resolve_interval", &mut pool.resolve_interval);
    reader.section("health", |reader| health(reader, &mut pool));
    reader.section("queue", |reader| {
        set(&mut pool.queue.length, reader.whole("length", 0..=MOST));
        reader.duration("wait", &mut pool.queue.wait);
    });
    reader.section("retry", |reader| {
        set(&mut pool.retry.tries, reader.whole("tries", 1..=100));
        set(
            &mut pool.retry.body_bytes,
            reader.whole("body_bytes", 0..=MOST_BYTES),
        );
        set(
            &mut pool.retry.held_bytes,
            reader.whole("held_bytes", 0..=MOST_BYTES),
        );
    });
    reader.section("hedge", |reader| {
        let factor = |value: &Value| {
            value
                .as_float()
                .filter(|f| *f == 0.0 || (1.0..=1000.0).contains(f))
        };
        let accepted = "0 (never) or a number from 1 to 1000";
        set(
            &mut pool.hedge.factor,
            reader.optional("factor", accepted, factor),
        );
    });
    reader.section("timeouts", |reader| {
        reader.duration("connect", &mut pool.timeouts.connect);
        reader.duration("head", &mut pool.timeouts.head);
        edge::timeouts(reader, &mut pool.timeouts);
    });
    reader.duration_or_zero("slow_start", &mut pool.slow_start);
    reader.section("idle", |reader| {
        set(
            &mut pool.idle.connections,
            reader.whole("connections", 0..=MOST),
        );
        reader.duration("time", &mut pool.idle.time);
    });
    pool
}

fn health(reader: &mut Reader<'_>, pool: &mut Pool) {
    let health = &mut pool.health;
    reader.flag("probes", &mut health.probes);
    let path = |value: &Value| {
        let path = value.as_str().filter(|path| path.starts_with('/'))?;
        path.parse::<http::uri::PathAndQuery>().ok()?;
        Some(path.to_owned())
    };
    if let Some(path) = reader.optional("path", "a path that starts with /", path) {
        health.path = path;
    }
    let status = |value: &Value| value.as_str()?.parse().ok();
    set(
        &mut health.status,
        reader.optional("status", STATUSES, status),
    );
    reader.duration("interval", &mut health.interval);
    reader.duration("fast_interval", &mut health.fast_interval);
    reader.duration("timeout", &mut health.timeout);
    set(&mut health.fall, reader.whole("fall", 1..=1000));
    set(&mut health.rise, reader.whole("rise", 1..=1000));
    reader.duration("ejection", &mut health.ejection);
    reader.duration("longest_ejection", &mut health.longest_ejection);
    set(&mut health.errors, reader.whole("errors", 1..=1000));
}

fn read_limits(reader: &mut Reader<'_>, limits: &mut Limits) {
    set(
        &mut limits.connections,
        reader.whole("connections", 1..=MOST),
    );
    edge::clients(reader, limits);
    set(
        &mut limits.header_bytes,
        reader.whole("header_bytes", 8192..=1 << 24),
    );
    set(
        &mut limits.url_bytes,
        reader.whole("url_bytes", 64..=1 << 16),
    );
    reader.duration("header_timeout", &mut limits.header_timeout);
    reader.duration("keep_alive", &mut limits.keep_alive);
    reader.duration("stall", &mut limits.stall);
    reader.duration_or_zero("shutdown_delay", &mut limits.shutdown_delay);
    reader.duration("grace", &mut limits.grace);
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

#[cfg(test)]
mod tests;
