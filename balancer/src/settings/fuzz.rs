//! Is whatever somebody writes into a settings file read, or refused with a line that is there? A fuzzer cuts up the
//! example, in both languages, and puts pieces of settings into it:
//! `bash tests/fuzz.sh 600 settings` goes on for longer, led by what each input reaches.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

use service::Mistakes;

use super::{Change, Settings};

/// What settings consist of, and what they had better not.
const PIECES: [&str; 48] = [
    "",
    "\n",
    " ",
    "\t",
    "\r\n",
    "\0",
    "é",
    "\u{feff}",
    "#",
    "=",
    ",",
    ".",
    ":",
    "\"",
    "'",
    "\\",
    "\\ud800",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "[[pool]]\n",
    "[[listener]]\n",
    "[limits]\n",
    "[pool.health]\n",
    "name",
    "pool",
    "servers",
    "address",
    "capacity = 0\n",
    "\"capacity\": 9e99,",
    "true",
    "null",
    "nan",
    "-1",
    "99999999999999999999",
    "1e400",
    "0x_1",
    "1979-05-27",
    "\"0s\"",
    "\"1h\"",
    "\"http://[::1]:1\"",
    "\"dns://a:1\"",
    "\"file:a\"",
    "\"path = 1\"",
];

/// The example with its defaults as settings, in TOML and in JSON.
static BASES: LazyLock<[String; 2]> = LazyLock::new(|| {
    let example = include_str!("../../examples/balancer.toml");
    let toml: String = example.lines().fold(String::new(), |text, line| {
        let key = line.strip_prefix("# ").filter(|rest| rest.contains(" = "));
        text + key.unwrap_or(line) + "\n"
    });
    let table: toml::Table = toml.parse().unwrap();
    [toml, serde_json::to_string_pretty(&table).unwrap()]
});

/// A place, a piece, and how many characters it takes the place of.
type Edit = (u16, u8, u8);

fn edited(json: bool, edits: &[Edit]) -> String {
    let mut text: Vec<char> = BASES[usize::from(json)].chars().collect();
    for (place, piece, length) in edits {
        let from = usize::from(*place) % (text.len() + 1);
        let to = text.len().min(from + usize::from(*length));
        let piece = PIECES[usize::from(*piece) % PIECES.len()];
        text.splice(from..to, piece.chars());
    }
    text.into_iter().collect()
}

/// Every mistake names a line of `text`.
fn names_lines(mistakes: &Mistakes, text: &str) {
    let lines = text.split('\n').count();
    for said in mistakes.to_string().lines() {
        let line = said.strip_prefix("settings:").and_then(|rest| {
            let digits = rest.split(':').next()?;
            digits.parse::<usize>().ok()
        });
        let named = line.is_some_and(|line| (1..=lines).contains(&line));
        assert!(named, "{said:?} of {lines} lines: {text:?}");
    }
}

/// What everybody takes for granted of settings that were read.
fn hold(settings: &Settings) {
    let pools: HashSet<&str> = settings.pools.iter().map(|pool| &*pool.name).collect();
    assert_eq!(pools.len(), settings.pools.len());
    assert!(!settings.listeners.is_empty());
    assert!(
        settings
            .listeners
            .iter()
            .all(|listener| pools.contains(&*listener.pool))
    );
    for pool in &settings.pools {
        assert!(!pool.servers.is_empty() && pool.capacity != Some(0));
        assert!(
            pool.servers
                .iter()
                .all(|s| s.capacity != Some(0) && s.weight > 0)
        );
        assert!(pool.health.interval > Duration::ZERO && pool.retry.tries > 0);
    }
}

fn read(text: &str) {
    match Settings::from_text("settings", text) {
        Ok(settings) => hold(&settings),
        Err(mistakes) => names_lines(&mistakes, text),
    }
}

#[test]
fn both_bases_are_fine() {
    for text in &*BASES {
        hold(&Settings::from_text("settings", text).unwrap());
    }
}

#[test]
fn an_edited_file_is_read_or_refused_with_lines_that_are_there() {
    bolero::check!()
        .with_type::<(bool, Vec<Edit>)>()
        .for_each(|(json, edits)| read(&edited(*json, edits)));
}

#[test]
fn any_text_is_read_or_refused_with_lines_that_are_there() {
    bolero::check!().with_type::<Vec<u8>>().for_each(|choices| {
        let piece = |choice: &u8| PIECES[usize::from(*choice) % PIECES.len()];
        let text: String = choices.iter().map(piece).collect();
        read(&text);
        if let Err(mistakes) = Settings::servers_from_text("settings", &text) {
            names_lines(&mistakes, &text);
        }
        if let Err(mistakes) = Change::from_text("settings", &text) {
            names_lines(&mistakes, &text);
        }
        if let Err(mistakes) = Settings::server_from_text("settings", &text) {
            names_lines(&mistakes, &text);
        }
    });
}
