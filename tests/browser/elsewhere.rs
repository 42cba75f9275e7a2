//! A site of somebody else, on an origin of its own: a page with one of the viewers that `tests/npm.sh` fetched.

use std::path::{Component, Path, PathBuf};

use axum::Router;

use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

/// Serves a page that loads `files` of the viewers, scripts and style sheets, and has a `#map` as large as the window, until the
/// test ends; answers its address.
pub(crate) async fn page_with(files: &[&str]) -> String {
    let loading: String = files.iter().map(|file| element(file)).collect();
    // Controls are no part of the picture, and neither is an icon.
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Elsewhere</title><link rel=icon href='data:,'>{loading}
         <style>body {{ margin: 0 }} #map {{ width: 100vw; height: 100vh }}
         .leaflet-control-container, .ol-overlaycontainer-stopevent, .openseadragon-canvas ~ div {{ display: none }}</style>
         <div id=map></div></html>"
    );
    let router = Router::new()
        .route("/", get(async move || Html(page)))
        .fallback(file);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async { axum::serve(listener, router).await });
    format!("http://{address}/")
}

fn element(file: &str) -> String {
    if file.ends_with(".css") {
        format!("<link rel=stylesheet href='/{file}'>")
    } else {
        format!("<script src='/{file}'></script>")
    }
}

/// A file of the viewers.
async fn file(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    // Where OpenSeadragon looks for its buttons, if it is not told otherwise.
    let own = path
        .starts_with("images/")
        .then_some("openseadragon/build/openseadragon");
    let path = &Path::new(own.unwrap_or_default()).join(path);
    let is_below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let content = is_below.then(|| std::fs::read(packages().join(path)));
    let Some(Ok(content)) = content else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = match path.extension().and_then(|ending| ending.to_str()) {
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        _ => "image/png",
    };
    ([(header::CONTENT_TYPE, kind)], content).into_response()
}

/// Where `tests/npm.sh` puts what others made.
pub(crate) fn packages() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("npm");
    assert!(
        folder.join("all").exists(),
        "these tests need what belongs into {}: `bash tests/npm.sh` fetches it",
        folder.display()
    );
    folder
}
