//! Do the documents speak of what is there? Every file and folder that they name or lead to, and every target that they have cargo run.

use std::fs;
use std::path::{Path, PathBuf};

/// Kinds of files of this repository. Pictures are left out: most that are named are yet to be drawn.
const KINDS: [&str; 10] = [
    "rs", "js", "css", "html", "toml", "json", "md", "sh", "py", "yml",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every folder and file, but for what is built and what git keeps for itself; as text after the root, such as `/src/main.rs`.
fn tree() -> Vec<String> {
    let mut folders = vec![root().to_owned()];
    let mut tree = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("target") || path.ends_with(".git") {
                continue;
            }
            let below = path.strip_prefix(root()).unwrap();
            tree.push(format!("/{}", below.display()));
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    tree
}

/// The documents, with their text.
fn documents() -> Vec<(PathBuf, String)> {
    let documents = tree().into_iter().filter(|path| path.ends_with(".md"));
    let documents: Vec<_> = documents
        .map(|path| root().join(&path[1..]))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    assert!(documents.len() > 10, "the documents were found");
    documents
}

/// What stands between `open` and `close` in a line, each time.
fn between<'a>(line: &'a str, open: &'a str, close: char) -> impl Iterator<Item = &'a str> {
    let parts = line.split(open).skip(1);
    parts.filter_map(move |part| part.split_once(close).map(|(inside, _)| inside))
}

/// Whether a word of code is the name of a file or a folder, and not an address (`/tiles.json`) or a kind of file (`.toml`).
fn is_name(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let is_of_a_kind = |(stem, kind): (&str, &str)| !stem.is_empty() && KINDS.contains(&kind);
    word.chars().all(plain)
        && !word.starts_with(['/', '.'])
        && (word.ends_with('/') || word.rsplit_once('.').is_some_and(is_of_a_kind))
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    for (document, text) in documents() {
        for line in text.lines() {
            for link in between(line, "](", ')').filter(|link| !link.starts_with("http")) {
                let (file, _) = link.split_once('#').unwrap_or((link, ""));
                let there = document.parent().unwrap().join(file);
                assert!(there.exists(), "{}: {link}", document.display());
            }
        }
    }
}

/// By its whole path or the end of it, for a text goes on in the folder that it has spoken of.
#[test]
fn every_file_and_folder_that_a_document_names_is_there() {
    let tree = tree();
    for (document, text) in documents() {
        for line in text.lines() {
            let code = line.split('`').skip(1).step_by(2);
            for name in code.flat_map(str::split_whitespace).filter(|w| is_name(w)) {
                let end = format!("/{}", name.trim_end_matches('/'));
                let is_there = tree.iter().any(|path| path.ends_with(&end));
                assert!(is_there, "{}: {name}", document.display());
            }
        }
    }
}

#[test]
fn every_test_and_benchmark_that_a_document_has_cargo_run_is_there() {
    let tree = tree();
    let manifests = tree.iter().filter(|path| path.ends_with("/Cargo.toml"));
    let manifests: String = manifests
        .map(|path| fs::read_to_string(root().join(&path[1..])).unwrap())
        .collect();
    let is_named = |name: &str| manifests.contains(&format!("\nname = \"{name}\"\n"));
    for (document, text) in documents() {
        for line in text.lines().filter(|line| line.contains("cargo ")) {
            let words: Vec<&str> = line.split([' ', '`']).collect();
            for pair in words.windows(2) {
                let [flag, name] = pair else { continue };
                let is_there = match *flag {
                    "-p" | "--package" | "--bench" => is_named(name),
                    "--test" => {
                        is_named(name)
                            || tree
                                .iter()
                                .any(|path| path.ends_with(&format!("/tests/{name}/main.rs")))
                    }
                    _ => true,
                };
                assert!(is_there, "{}: {flag} {name}", document.display());
            }
        }
    }
}

#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 120);
}
