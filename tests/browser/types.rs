//! Have the pages' scripts the types that their comments say? TypeScript's compiler reads them as they are served, with what
//! the program makes of its own data. `tests/npm.sh` fetches it.

use std::fs;
use std::process::Command;

use crate::elsewhere::packages;
use crate::folder::Folder;
use crate::site::Site;

/// Of no page's head.
const OTHERS: [&str; 3] = ["result.js", "progress.js", "workers.js"];

/// Strict, and for browsers of this time.
const RULES: [&str; 12] = [
    "--allowJs",
    "--checkJs",
    "--strict",
    "--noEmit",
    "--noUnusedLocals",
    "--noUnusedParameters",
    "--module",
    "preserve",
    "--target",
    "esnext",
    "--lib",
    "esnext,dom,dom.iterable",
];

#[tokio::test]
async fn every_script_has_the_types_that_it_says() {
    let site = Site::start();
    let page = site.text("/").await;
    let loaded = page.split("href=\"/static/").skip(1);
    let loaded = loaded.filter_map(|rest| rest.split('"').next());
    let modules: Vec<&str> = loaded.filter(|name| name.ends_with(".js")).collect();
    assert!(modules.len() > 20, "{modules:?}");

    let folder = Folder::of("types");
    let mut files = Vec::new();
    for name in modules.into_iter().chain(OTHERS) {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, site.text(&format!("/static/{name}")).await).expect("a file");
        files.push(file);
    }
    let output = Command::new("node")
        .arg(packages().join("typescript/lib/tsc.js"))
        .args(RULES)
        .args(files)
        .current_dir(folder.path())
        .output()
        .expect("node runs, which comes with npm");
    let found = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{found}");
}
