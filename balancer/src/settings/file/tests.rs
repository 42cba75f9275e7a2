//! What files say, and what is wrong with them.

use super::*;

const EXAMPLE: &str = include_str!("../../../examples/balancer.toml");

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
    // These have none.
    let shown = ["capacity = 2 ", "admin_socket = ", "folder = "]
        .iter()
        .fold(shown, |shown, key| {
            assert!(shown.contains(key));
            shown.replace(key, "# ")
        });
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
    let json = r#"["http://10.0.0.1:80", {"address": "http://10.0.0.2:81"}, "http://[::1]:82"]"#;
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
        (
            "10.0.0.1:80\n10.0.0.1:80 # again",
            "list:2: servers[1].address: \"http://10.0.0.1:80\" is not accepted: an address that was not",
        ),
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
    let text = include_str!("../../../../docs/balancer.md");
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

#[test]
fn a_key_with_a_line_break_is_said_in_one_line() {
    let text = mistakes(&format!("\"a\\nb\\u001b\" = 1{SMALL}"));
    let accepted = text.split_once(" is not accepted: no such key; ").unwrap();
    assert_eq!(accepted.0, r#"balancer.toml:1: a\nb\u{1b}: "1""#);
    assert!(!accepted.1.contains('\n'), "{text}");
}
