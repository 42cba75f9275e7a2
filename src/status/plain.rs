//! The same for scripts and for paper: a line per server, without colours.

use std::fmt::Write;

use super::picture::{Picture, duration};

pub(super) fn text(picture: &Picture) -> String {
    let mut text = String::new();
    if let Some(mistake) = &picture.reloads.mistake {
        put(
            &mut text,
            format_args!("settings not taken over: {mistake}\n"),
        );
    }
    for pool in &picture.pools {
        put(
            &mut text,
            format_args!("{} ({}): {}\n", pool.name, pool.algorithm, pool.summary()),
        );
        let width = pool.servers.iter().map(|s| s.address.len()).max();
        let width = width.unwrap_or_default();
        for server in &pool.servers {
            let line = format_args!(
                "  {:width$}  {:8}  in flight {:9}  requests {:8}  failures {:6}  latency {}\n",
                server.address,
                server.state(),
                server.load(),
                server.requests,
                server.failures,
                duration(server.latency_seconds),
            );
            put(&mut text, line);
        }
    }
    text
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = text.write_fmt(line);
}
