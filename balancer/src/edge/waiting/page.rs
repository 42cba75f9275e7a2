//! What does a visitor see who has to wait? A page for people, with an operator's own words if there are some, and the
//! same as a problem for programs. Both are 503: caches and crawlers should not take it for the site.

use std::io;
use std::path::Path;
use std::time::Duration;

use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, REFRESH, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use service::Problem;

use crate::body::{Body, problem, text};

/// A page is sent often.
const LONGEST: u64 = 1 << 20;
/// What a page has to say.
const REQUIRED: [&str; 2] = ["{{place}}", "{{wait}}"];

/// How a visitor waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) reason: Reason,
    /// None: it is inside, and waits with all the others.
    pub(super) place: Option<usize>,
    pub(super) time: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Down,
    Full,
}

impl Reason {
    fn text(self) -> &'static str {
        match self {
            Reason::Down => "The service is not available at the moment.",
            Reason::Full => "Many others want the same just now.",
        }
    }
}

/// The text of a page, in which `{{place}}`, `{{wait}}`, `{{refresh}}`, `{{interval}}` and `{{reason}}` are replaced.
#[derive(Debug)]
pub(super) struct Page(String);

impl Page {
    /// The operator's page, or ours.
    pub(super) fn open(file: Option<&Path>) -> io::Result<Page> {
        let Some(file) = file else {
            return Ok(Page(include_str!("page.html").to_owned()));
        };
        let told = |e: &dyn std::fmt::Display| io::Error::other(format!("{}: {e}", file.display()));
        let length = std::fs::metadata(file).map_err(|e| told(&e))?.len();
        if length > LONGEST {
            return Err(told(&format!(
                "a page of {length} bytes; {LONGEST} are the most"
            )));
        }
        let text = std::fs::read_to_string(file).map_err(|e| told(&e))?;
        match REQUIRED.iter().find(|word| !text.contains(*word)) {
            Some(word) => Err(told(&format!("a page without {word}"))),
            None => Ok(Page(text)),
        }
    }

    /// What `headers` ask for: the page, or the problem.
    pub(super) fn answer(
        &self,
        method: &Method,
        headers: &HeaderMap,
        wait: Wait,
        refresh: Duration,
    ) -> Response<Body> {
        let seconds = refresh.as_secs().max(1);
        let mut answer = if is_navigation(method, headers) {
            let mut answer = text(self.filled(wait, seconds));
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            let fields = answer.headers_mut();
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            fields.insert(CONTENT_TYPE, html);
            fields.insert(REFRESH, HeaderValue::from(seconds));
            answer
        } else {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let problem_of = Problem::new(status, "Waiting", wait.reason.text());
            let seconds = wait.time.map(|time| time.as_secs_f64());
            problem(
                problem_of
                    .with("place", wait.place)
                    .with("expected_wait_seconds", seconds),
            )
        };
        let fields = answer.headers_mut();
        fields.insert(RETRY_AFTER, HeaderValue::from(seconds));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }

    fn filled(&self, wait: Wait, refresh: u64) -> String {
        let place = wait.place.map_or("—".to_owned(), |place| place.to_string());
        self.0
            .replace("{{place}}", &place)
            .replace("{{wait}}", &in_words(wait.time))
            .replace("{{refresh}}", &refresh.to_string())
            .replace("{{interval}}", &interval(refresh))
            .replace("{{reason}}", wait.reason.text())
    }
}

/// A person who opens a page, and not a program.
pub(super) fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let mut accepted = headers
        .get_all(ACCEPT)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    matches!(*method, Method::GET | Method::HEAD)
        && accepted.any(|value| value.contains("text/html"))
}

/// What follows "every".
fn interval(seconds: u64) -> String {
    match seconds {
        1 => "second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

fn in_words(time: Option<Duration>) -> String {
    match time.map(|time| time.as_secs()) {
        None => "unknown".to_owned(),
        Some(0..60) => "less than a minute".to_owned(),
        Some(60..120) => "about a minute".to_owned(),
        Some(seconds @ ..5400) => format!("about {} minutes", seconds.div_ceil(60)),
        Some(seconds) => format!("about {} hours", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_place_and_wait() {
        let page = Page::open(None).unwrap();
        let wait = |place, seconds: Option<u64>| Wait {
            reason: Reason::Full,
            place,
            time: seconds.map(Duration::from_secs),
        };
        let text = page.filled(wait(Some(12), Some(150)), 5);
        for part in [
            ">12<",
            ">about 3 minutes<",
            "every 5 seconds",
            "Many others",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("{{"));
        let hurried = page.filled(wait(Some(12), Some(150)), 1);
        assert!(hurried.contains("renews itself every second, "));
        assert!(page.filled(wait(None, None), 5).contains(">unknown<"));
    }
}
