//! From the text of a TOML file to settings: the keys, in the order of `docs/balancer.md`.

use std::collections::HashSet;

use service::Mistakes;
use toml::{Table, Value};

use super::address::ACCEPTED as ADDRESSES;
use super::reader::Reader;
use super::{Address, Algorithm, Limits, Listener, Pool, Server, Settings};

/// More than any use, and small enough that sums of them fit.
const MOST: i64 = 1_000_000;
/// What a 32-bit count of permits holds, with room.
const MOST_BYTES: i64 = 1 << 31;

pub(super) fn read(text: &str) -> Result<Settings, Mistakes> {
    let mut mistakes = Mistakes::default();
    let table = match text.parse::<Table>() {
        Ok(table) => table,
        Err(e) => {
            let line = e
                .span()
                .map_or(1, |span| text[..span.start].lines().count().max(1));
            let shown = text.lines().nth(line - 1).unwrap_or_default();
            mistakes.push(
                format!("line {line}"),
                shown,
                format!("TOML: {}", e.message()),
            );
            return Err(mistakes);
        }
    };
    let mut top = Reader::new("", table, &mut mistakes);
    let listeners = top.sections("listener", listener);
    let pools = top.sections("pool", pool);
    let admin = top.text("admin", "HOST:PORT");
    let mut limits = Limits::default();
    top.section("limits", |reader| read_limits(reader, &mut limits));
    check_names(&mut top, &listeners, &pools);
    top.finish();
    mistakes.none_or(Settings {
        listeners,
        pools,
        admin,
        limits,
    })
}

fn check_names(top: &mut Reader<'_>, listeners: &[Listener], pools: &[Pool]) {
    if listeners.is_empty() {
        top.missing("listener", "at least one [[listener]]");
    }
    if pools.is_empty() {
        top.missing("pool", "at least one [[pool]]");
    }
    let mut seen = HashSet::new();
    for (i, pool) in pools.iter().enumerate() {
        if !seen.insert(&pool.name) {
            let name = Value::String(pool.name.clone());
            top.refuse(
                &format!("pool[{i}].name"),
                &name,
                "a name that no other pool has",
            );
        }
    }
    for (i, listener) in listeners.iter().enumerate() {
        if !listener.pool.is_empty() && !seen.contains(&listener.pool) {
            let pool = Value::String(listener.pool.clone());
            top.refuse(
                &format!("listener[{i}].pool"),
                &pool,
                "the name of a [[pool]]",
            );
        }
    }
}

fn listener(reader: &mut Reader<'_>) -> Listener {
    let pool = reader.required_text("pool", "the name of a [[pool]]");
    let address = reader.required_text("address", "HOST:PORT");
    let name = reader.text("name", "a name");
    Listener {
        name: name.unwrap_or_else(|| pool.clone()),
        address,
        pool,
    }
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
    reader.section("timeouts", |reader| {
        reader.duration("connect", &mut pool.timeouts.connect);
        reader.duration("head", &mut pool.timeouts.head);
        reader.duration("body_idle", &mut pool.timeouts.body_idle);
    });
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
    reader.duration("interval", &mut health.interval);
    reader.duration("fast_interval", &mut health.fast_interval);
    reader.duration("timeout", &mut health.timeout);
    set(&mut health.fall, reader.whole("fall", 1..=1000));
    set(&mut health.rise, reader.whole("rise", 1..=1000));
    reader.duration("ejection", &mut health.ejection);
}

/// `servers` holds addresses, or tables of an address and a capacity.
fn servers(reader: &mut Reader<'_>) -> Vec<Server> {
    let accepted = "an array of servers, at least one";
    let items = reader.required("servers", accepted, |value| {
        value.as_array().filter(|items| !items.is_empty()).cloned()
    });
    let items = items.unwrap_or_default();
    let mut servers = Vec::new();
    for (i, item) in items.into_iter().enumerate() {
        let (address, capacity) = match &item {
            Value::Table(table) => (table.get("address"), table.get("capacity")),
            other => (Some(other), None),
        };
        let capacity = capacity.map(|value| value.as_integer().and_then(|n| u32::try_from(n).ok()));
        let known = |key: &String| key == "address" || key == "capacity";
        let stray = item
            .as_table()
            .is_some_and(|table| !table.keys().all(known));
        let address = address
            .and_then(Value::as_str)
            .and_then(|text| text.parse::<Address>().ok());
        match (address, capacity) {
            (Some(address), None) if !stray => servers.push(Server::from(address)),
            (Some(address), Some(Some(capacity @ 1..))) if !stray => servers.push(Server {
                address,
                capacity: Some(capacity),
            }),
            _ => reader.refuse(
                &format!("servers[{i}]"),
                &item,
                format!("{ADDRESSES}, or {{ address = \"…\", capacity = N }}"),
            ),
        }
    }
    servers
}

fn read_limits(reader: &mut Reader<'_>, limits: &mut Limits) {
    set(
        &mut limits.connections,
        reader.whole("connections", 1..=MOST),
    );
    set(
        &mut limits.header_bytes,
        reader.whole("header_bytes", 8192..=1 << 24),
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
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../examples/balancer.toml");

    const SMALL: &str = r#"
        [[listener]]
        address = "127.0.0.1:0"
        pool = "a"
        [[pool]]
        name = "a"
        servers = ["http://127.0.0.1:80"]
    "#;

    fn mistakes(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn the_example_reads() {
        let settings = read(EXAMPLE).unwrap();
        assert_eq!(settings.listeners.len(), 2);
        assert_eq!(settings.admin.as_deref(), Some("127.0.0.1:9090"));
        let tiles = &settings.pools[1];
        assert_eq!(tiles.servers[0].address.to_string(), "dns://worker:8080");
        assert_eq!(tiles.servers[1].capacity, Some(4));
    }

    #[test]
    fn the_example_shows_every_default_as_it_is() {
        let shown: String = EXAMPLE.lines().fold(String::new(), |text, line| {
            let key = line.strip_prefix("# ").filter(|rest| rest.contains(" = "));
            text + key.unwrap_or(line) + "\n"
        });
        let capacity = "capacity = 2 ";
        assert!(shown.contains(capacity));
        let shown = shown.replace(capacity, "# ");
        assert_eq!(read(&shown).unwrap(), read(EXAMPLE).unwrap());
        let small = read(SMALL).unwrap();
        assert_eq!(small.limits, Limits::default());
        assert_eq!(
            small.pools[0],
            Pool::new("a", small.pools[0].servers.clone())
        );
        assert_eq!(small.listeners[0].name, "a");
    }

    #[test]
    fn all_mistakes_are_said_at_once_with_the_way_to_each() {
        let text = mistakes(
            r#"
            amdin = "127.0.0.1:1"
            [[listener]]
            address = "127.0.0.1:0"
            pool = "b"
            [[listener]]
            [[pool]]
            name = "a"
            servers = ["127.0.0.1:80", { address = "http://h:1", capacity = 0 }]
            algorithm = "best"
            capacity = -1
            health = { interval = 3, path = "x", fall = 0 }
            queue = { lenght = 5 }
            [[pool]]
            name = "a"
            servers = []
            [limits]
            header_bytes = 100
            stall = "0s"
            shutdown_delay = "5"
            "#,
        );
        for mistake in [
            "amdin: \"127.0.0.1:1\" is not accepted: no such key; known here: listener, pool, admin",
            "listener[0].pool: \"b\" is not accepted: the name of a [[pool]]",
            "listener[1].address",
            "pool[0].servers[0]: \"127.0.0.1:80\" is not accepted: http://HOST:PORT",
            "pool[0].servers[1]",
            "pool[0].algorithm: \"best\" is not accepted: least-connections or round-robin",
            "pool[0].capacity: \"-1\" is not accepted: a whole number from 1",
            "pool[0].health.interval: \"3\" is not accepted: a duration",
            "pool[0].health.path",
            "pool[0].health.fall",
            "pool[0].queue.lenght: \"5\" is not accepted: no such key; known here: length, wait",
            "pool[1].name: \"a\" is not accepted: a name that no other pool has",
            "pool[1].servers",
            "limits.header_bytes",
            "limits.stall: \"0s\" is not accepted: a duration",
            "limits.shutdown_delay: \"5\" is not accepted: a duration",
        ] {
            assert!(text.contains(mistake), "{mistake}\nis not in\n{text}");
        }
    }

    #[test]
    fn an_empty_file_and_a_broken_one_are_refused() {
        assert!(mistakes("").contains("at least one [[listener]]"));
        assert!(mistakes("admin = \"a\"\n\nadmin").contains("line 3"));
    }
}
