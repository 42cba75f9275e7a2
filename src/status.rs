//! `tilebrot status`: a balancer's servers, live in the terminal, or once as plain text.

mod picture;
mod plain;
mod view;

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Context;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use reqwest::Client;

use self::picture::{Picture, Rates};
use crate::cli::StatusArgs;
use crate::exit::Exit;

/// Between two pictures.
const INTERVAL: Duration = Duration::from_millis(500);
/// For one picture.
const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) async fn run(args: StatusArgs) -> Result<(), Exit> {
    let admin = Admin::new(&args.admin)?;
    if args.once || !io::stdout().is_terminal() {
        let picture = admin.picture().await?;
        let text = plain::text(&picture);
        // Whoever reads may have seen enough.
        let _ = io::stdout().write_all(text.as_bytes());
        return Ok(());
    }
    // Whoever mistyped the address should read it on the terminal as it was.
    admin.picture().await?;
    let mut terminal = ratatui::try_init().context("terminal")?;
    let watched = watch(&admin, &mut terminal).await;
    ratatui::restore();
    Ok(watched?)
}

/// Where the balancer tells about itself.
struct Admin {
    client: Client,
    url: String,
    name: String,
}

impl Admin {
    /// `http://HOST:PORT`, `HOST:PORT` or `unix:PATH`.
    fn new(place: &str) -> Result<Admin, Exit> {
        let builder = Client::builder().timeout(PATIENCE);
        let (builder, url) = match place.strip_prefix("unix:") {
            Some(path) => (builder.unix_socket(path), "http://admin".to_owned()),
            None if place.starts_with("http://") => (builder, place.to_owned()),
            None => (builder, format!("http://{place}")),
        };
        let url = format!("{}/stats", url.trim_end_matches('/'));
        if let Err(e) = reqwest::Url::parse(&url) {
            return Err(Exit::Usage(format!(
                "--admin: {place:?} is not accepted ({e}): HOST:PORT, http://HOST:PORT or unix:PATH"
            )));
        }
        Ok(Admin {
            client: builder.build().context("HTTP client")?,
            url,
            name: place.to_owned(),
        })
    }

    async fn picture(&self) -> anyhow::Result<Picture> {
        let answer = self.client.get(&self.url).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        let answer = answer.with_context(|| format!("no statistics from {}", self.name))?;
        let bytes = answer.bytes().await?;
        serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is not a balancer's admin address", self.name))
    }
}

/// Draws until somebody wants no more.
async fn watch(admin: &Admin, terminal: &mut DefaultTerminal) -> anyhow::Result<()> {
    let mut rates = Rates::default();
    let mut screen = view::Screen::new(&admin.name);
    loop {
        match admin.picture().await {
            Ok(picture) => screen.show(rates.of(picture, Instant::now())),
            Err(e) => screen.fail(format!("{e:#}")),
        }
        let next = Instant::now() + INTERVAL;
        loop {
            terminal.draw(|frame| screen.draw(frame))?;
            let left = next.saturating_duration_since(Instant::now());
            let pressed = tokio::task::spawn_blocking(move || pressed(left)).await??;
            match pressed {
                Some(Key::Quit) => return Ok(()),
                Some(Key::Scroll(lines)) => screen.scroll(lines),
                Some(Key::Redraw) => {}
                None => break,
            }
        }
    }
}

/// What somebody wants.
enum Key {
    Quit,
    /// So many lines down, or up.
    Scroll(i32),
    Redraw,
}

/// What is pressed within `patience`.
fn pressed(patience: Duration) -> io::Result<Option<Key>> {
    if !event::poll(patience)? {
        return Ok(None);
    }
    let Event::Key(key) = event::read()? else {
        return Ok(Some(Key::Redraw));
    };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Ok(Some(match key.code {
        _ if key.kind != KeyEventKind::Press => Key::Redraw,
        KeyCode::Char('q') | KeyCode::Esc => Key::Quit,
        KeyCode::Char('c') if control => Key::Quit,
        KeyCode::Down | KeyCode::Char('j') => Key::Scroll(1),
        KeyCode::Up | KeyCode::Char('k') => Key::Scroll(-1),
        KeyCode::PageDown => Key::Scroll(10),
        KeyCode::PageUp => Key::Scroll(-10),
        _ => Key::Redraw,
    }))
}
