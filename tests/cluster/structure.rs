//! Is the house in order? Which crate imports which, and what every file begins with.

use std::fs;
use std::path::{Path, PathBuf};

/// The crates, where they are, and which of the others each may import.
const CRATES: [(&str, &str, &[&str]); 6] = [
    ("fractal", "crates/fractal", &[]),
    ("protocol", "crates/protocol", &[]),
    ("service", "crates/service", &[]),
    ("balancer", "balancer", &["service"]),
    ("worker", "worker", &["service", "protocol", "fractal"]),
    ("frontend", "frontend", &["service", "protocol"]),
];

/// What a crate must do without, beside the crates that it may not import.
const NEVER: [(&str, &[&str]); 3] = [
    (
        "fractal",
        &["tokio", "axum", "serde", "hyper", "reqwest", "rayon"],
    ),
    ("protocol", &["axum", "tokio", "hyper", "reqwest"]),
    ("balancer", &["image", "num-complex"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names in a manifest's `[dependencies]`.
fn dependencies(folder: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]") && !line.contains("dev-");
        } else if inside && let Some((name, value)) = line.split_once(['.', '=']) {
            assert!(
                value.contains("workspace"),
                "{folder}: {name} is declared once, in the workspace"
            );
            names.push(name.trim().to_owned());
        }
    }
    names
}

#[test]
fn every_crate_imports_only_what_it_may() {
    for (name, folder, may) in CRATES {
        let imported = dependencies(folder);
        for (other, _, _) in CRATES.iter().filter(|(other, _, _)| *other != name) {
            let imports = imported.iter().any(|dependency| dependency == other);
            assert!(!imports || may.contains(other), "{name} imports {other}");
        }
        let never = NEVER.iter().find(|(crate_name, _)| *crate_name == name);
        for dependency in never.map_or(&[][..], |(_, never)| never) {
            assert!(
                !imported.iter().any(|other| other == dependency),
                "{name} imports {dependency}"
            );
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ["src", "tests", "frontend", "balancer", "worker", "crates"]
        .map(|folder| root().join(folder))
        .to_vec();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(path);
            }
        }
    }
    assert!(sources.len() > 50, "the sources were found");
    sources
}

#[test]
fn every_file_says_what_it_is_for() {
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let head = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .count();
        assert!(head > 0, "{} begins without //!", path.display());
    }
}

#[test]
fn unsafe_code_is_only_in_the_vector_files() {
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let uses = code
            .filter(|line| line.contains("unsafe {") || line.contains("unsafe fn"))
            .count();
        let vector_files = [
            "crates/fractal/src/simd",
            "crates/fractal/src/orbit/real/ifma.rs",
        ];
        let place = path.to_string_lossy();
        let may = vector_files.iter().any(|file| place.contains(file));
        let itself = path.ends_with("structure.rs");
        assert!(
            uses == 0 || may || itself,
            "{} has unsafe code",
            path.display()
        );
    }
}
