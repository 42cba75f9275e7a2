//! From the text of a settings file to settings: the keys, in the order of `docs/balancer.md`.

mod edge;

use std::collections::HashSet;

use service::Mistakes;

use super::address::ACCEPTED as ADDRESSES;
use super::algorithm::HASH_KEYS;
use super::notes::{self, Notes};
use super::reader::Reader;
use super::statuses::ACCEPTED as STATUSES;
use super::value::Value;
use super::{Address, Algorithm, Limits, Listener, Pool, Server, Settings};

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

/// Reads a list of servers, one a line or a JSON list as under the key `servers`; each has an IP address of its own.
pub(super) fn read_list(file: &str, text: &str) -> Result<Vec<Server>, Mistakes> {
    let value = if text.trim_start().starts_with('[') {
        let table = format!("{{\"servers\":{text}}}");
        Value::read(&table).map_err(|faults| notes::broken(file, text, faults))?
    } else {
        Value::lines("servers", text)
    };
    let mut notes = Notes::on(file, &value);
    let mut top = Reader::new(
        "",
        value.as_table().cloned().unwrap_or_default(),
        &mut notes,
    );
    let servers = servers(&mut top);
    top.finish();
    for (i, server) in servers.iter().enumerate() {
        if !matches!(server.address, Address::Fixed(_)) {
            let path = format!("servers[{i}].address");
            notes.refuse(
                path,
                &server.address,
                "http://IP:PORT in a list that is a file",
            );
        }
    }
    notes.none_or(servers)
}

fn settings(value: &Value, notes: &mut Notes) -> Settings {
    let mut top = Reader::new("", value.as_table().cloned().unwrap_or_default(), notes);
    let listeners = top.sections("listener", listener);
    let pools = top.sections("pool", pool);
    let admin = top.text("admin", "HOST:PORT");
    let mut limits = Limits::default();
    top.section("limits", |reader| read_limits(reader, &mut limits));
    check_names(&mut top, &listeners, &pools);
    top.finish();
    Settings {
        listeners,
        pools,
        admin,
        limits,
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
    Listener {
        name: name.unwrap_or_else(|| pool.clone()),
        address,
        pool,
        rate: reader.optional_section("rate", edge::rate),
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

/// `servers` holds addresses, or tables of an address and what else is to be said of it.
fn servers(reader: &mut Reader<'_>) -> Vec<Server> {
    let accepted = "a list of servers, at least one";
    let servers = reader.items("servers", "address", accepted, |reader| {
        let address = reader.required("address", ADDRESSES, |value| {
            value.as_str()?.parse::<Address>().ok()
        });
        let capacity = reader.whole("capacity", 1..=MOST);
        let weight = reader.whole("weight", 1..=1000);
        let mut backup = false;
        reader.flag("backup", &mut backup);
        address.map(|address| Server {
            address,
            capacity,
            weight: weight.unwrap_or(1),
            backup,
        })
    });
    if servers.is_empty() {
        reader.missing("servers", accepted);
    }
    servers.into_iter().flatten().collect()
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

    fn read(text: &str) -> Result<Settings, Mistakes> {
        super::read("balancer.toml", text)
    }

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
            "toml:2: amdin: \"127.0.0.1:1\" is not accepted: no such key; is it admin? known here: listener, pool, admin",
            "toml:5: listener[0].pool: \"b\" is not accepted: the name of a pool",
            "toml:6: listener[1].address",
            "toml:9: pool[0].servers[0].address: \"127.0.0.1:80\" is not accepted: http://HOST:PORT",
            "toml:9: pool[0].servers[1].capacity: \"0\" is not accepted: a whole number from 1",
            "toml:10: pool[0].algorithm: \"best\" is not accepted: least-connections or round-robin",
            "toml:11: pool[0].capacity: \"-1\" is not accepted: a whole number from 1",
            "toml:12: pool[0].health.interval: \"3\" is not accepted: a duration",
            "toml:12: pool[0].health.path",
            "toml:12: pool[0].health.fall",
            "toml:13: pool[0].queue.lenght: \"5\" is not accepted: no such key; is it length? known here: length, wait",
            "toml:15: pool[1].name: \"a\" is not accepted: a name that no other pool has",
            "toml:16: pool[1].servers",
            "toml:18: limits.header_bytes",
            "toml:19: limits.stall: \"0s\" is not accepted: a duration",
            "toml:20: limits.shutdown_delay: \"5\" is not accepted: a duration",
        ] {
            assert!(text.contains(mistake), "{mistake}\nis not in\n{text}");
        }
    }

    #[test]
    fn an_empty_file_and_a_broken_one_are_refused() {
        assert!(mistakes("").contains("at least one listener"));
        assert!(mistakes("admin = \"a\"\n\nadmin").contains("balancer.toml:3"));
        assert!(mistakes("{\"listener\": 1,\n\"pool\" []}").contains("balancer.toml:2"));
    }

    #[test]
    fn a_json_file_says_the_same_as_a_toml_file() {
        let json = r#"{
            "listener": [{"address": "127.0.0.1:0", "pool": "a"}],
            "pool": [{"name": "a", "servers": ["http://127.0.0.1:80"]}]
        }"#;
        assert_eq!(read(json).unwrap(), read(SMALL).unwrap());
        let text = mistakes(&json.replace("\"servers\":", "\"severs\":"));
        let expected = "balancer.toml:3: pool[0].severs: \"[\\\"http://127.0.0.1:80\\\"]\" is not accepted: \
             no such key; is it servers?";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn a_list_has_a_server_a_line_or_is_json() {
        let lines = "# ours\n10.0.0.1:80\n\n  http://10.0.0.2:81 # the other\n[::1]:82\n";
        let json =
            r#"["http://10.0.0.1:80", {"address": "http://10.0.0.2:81"}, "http://[::1]:82"]"#;
        let servers = read_list("list", lines).unwrap();
        assert_eq!(servers.len(), 3);
        assert_eq!(servers, read_list("list", json).unwrap());
        for (text, mistake) in [
            ("", "list:1: servers: "),
            (
                "10.0.0.1:80\nworker\n",
                "list:2: servers[1].address: \"http://worker",
            ),
            ("[\n\"dns://worker:80\"]", "list:2: servers[0].address"),
            ("[\n\n", "list:3"),
        ] {
            let text = read_list("list", text).unwrap_err().to_string();
            assert!(text.contains(mistake), "{mistake} in {text}");
        }
    }

    #[test]
    fn every_key_is_documented_and_every_documented_key_is_known() {
        // What is off by default is commented out without a space.
        let on = |line: &'static str| {
            let rest = line.strip_prefix('#').unwrap_or(line);
            let is_key = rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase());
            if is_key { rest } else { line }
        };
        let text: Vec<&str> = EXAMPLE.lines().map(on).collect();
        let value = Value::read(&text.join("\n")).unwrap();
        let mut notes = Notes::on("", &value);
        settings(&value, &mut notes);
        // Tables are documented by what is in them.
        let known: Vec<&String> = notes.known().iter().collect();
        let is_table = |key: &str| known.iter().any(|k| k.starts_with(&format!("{key}.")));
        let mut documented = documented();
        for key in known.iter().filter(|key| !is_table(key)) {
            assert!(documented.remove(key.as_str()), "{key} is not documented");
        }
        documented.retain(|key| !known.contains(&key));
        assert!(documented.is_empty(), "not known: {documented:?}");
    }

    /// The keys of the table of settings; one that begins with a point has the same parent as the one before it.
    fn documented() -> HashSet<String> {
        let text = include_str!("../../../docs/balancer.md");
        let rows = text
            .lines()
            .skip_while(|line| *line != "| key | meaning | default |");
        let mut keys = HashSet::new();
        for row in rows.skip(2).take_while(|line| line.starts_with('|')) {
            let cell = row.split('|').nth(1).unwrap();
            let mut parent = String::new();
            for key in cell.split('`').skip(1).step_by(2) {
                let key = match key.strip_prefix('.') {
                    Some(name) => format!("{parent}.{name}"),
                    None => key.to_owned(),
                };
                parent = key
                    .rsplit_once('.')
                    .map_or("", |(parent, _)| parent)
                    .to_owned();
                keys.insert(key);
            }
        }
        assert!(keys.len() > 20, "the table was found");
        keys
    }
}
