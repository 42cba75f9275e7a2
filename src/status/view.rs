//! What is where on the terminal: a table of servers for each pool, coloured by state, and the last events below.

use std::time::{Duration, SystemTime};

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table, Wrap};

use super::picture::{Event, Picture, Pool, Server, duration};

/// Lines for the last events, with their border.
const EVENT_LINES: u16 = 8;
/// A line's parts, from nothing to all.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What the terminal shows.
#[derive(Debug, Default)]
pub(super) struct Screen {
    place: String,
    picture: Picture,
    failure: Option<String>,
    /// Lines of pools above the top.
    above: u16,
}

impl Screen {
    pub(super) fn new(place: &str) -> Screen {
        Screen {
            place: place.to_owned(),
            ..Screen::default()
        }
    }

    pub(super) fn show(&mut self, picture: Picture) {
        self.picture = picture;
        self.failure = None;
    }

    /// No picture came; the one before stays.
    pub(super) fn fail(&mut self, failure: String) {
        self.failure = Some(failure);
    }

    pub(super) fn scroll(&mut self, lines: i32) {
        let heights = self.picture.pools.iter().map(height);
        let all: usize = heights.map(usize::from).sum();
        let most = i32::try_from(all.saturating_sub(1)).unwrap_or(i32::MAX);
        let above = i32::from(self.above).saturating_add(lines).clamp(0, most);
        self.above = u16::try_from(above).unwrap_or(u16::MAX);
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let trouble = self.trouble();
        let lines = if trouble.is_some() { 3 } else { 0 };
        let [title, troubles, pools, events] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(lines),
            Constraint::Min(3),
            Constraint::Length(EVENT_LINES),
        ])
        .areas(frame.area());
        let heading = Line::from(vec![
            "balancer ".bold(),
            self.place.as_str().into(),
            "   q ends, arrows scroll".dim(),
        ]);
        frame.render_widget(heading, title);
        if let Some(trouble) = trouble {
            let text = Paragraph::new(trouble).red().wrap(Wrap { trim: true });
            frame.render_widget(text, troubles);
        }
        self.draw_pools(frame, pools);
        frame.render_widget(events_of(&self.picture), events);
    }

    fn trouble(&self) -> Option<String> {
        let refused = |mistake: &String| format!("settings not taken over: {mistake}");
        let mistake = self.picture.reloads.mistake.as_ref().map(refused);
        self.failure.clone().or(mistake)
    }

    fn draw_pools(&self, frame: &mut Frame<'_>, area: Rect) {
        let mut above = self.above;
        let mut y = area.y;
        for pool in &self.picture.pools {
            let lines = height(pool);
            if above >= lines {
                above -= lines;
                continue;
            }
            let left = area.bottom().saturating_sub(y);
            let shown = (lines - above).min(left);
            if shown == 0 {
                break;
            }
            let place = Rect {
                y,
                height: shown,
                ..area
            };
            frame.render_widget(table(pool, above), place);
            (y, above) = (y + shown, 0);
        }
    }
}

/// Border, summary, names of columns, servers, border.
fn height(pool: &Pool) -> u16 {
    u16::try_from(pool.servers.len())
        .unwrap_or(u16::MAX)
        .saturating_add(3)
}

fn table(pool: &Pool, above: u16) -> Table<'_> {
    let title = Line::from(vec![
        Span::from(format!(" {} ", pool.name)).bold(),
        format!(
            "({}) {:.1} requests/s · {} ",
            pool.algorithm,
            pool.rate,
            pool.summary()
        )
        .into(),
    ]);
    let names = [
        "server",
        "state",
        "in flight",
        "req/s",
        "failures",
        "latency",
        "",
    ];
    let widths = [
        Constraint::Min(16),
        Constraint::Length(9),
        Constraint::Length(11),
        Constraint::Length(9),
        Constraint::Length(8),
        Constraint::Length(9),
        Constraint::Length(40),
    ];
    let rows = pool.servers.iter().skip(above.into()).map(row);
    Table::new(rows, widths)
        .header(Row::new(names).dim())
        .block(Block::bordered().title(title))
}

fn row(server: &Server) -> Row<'_> {
    Row::new([
        Cell::from(server.address.as_str()),
        Cell::from(Span::styled(
            format!("● {}", server.state()),
            colour(server.state()),
        )),
        Cell::from(server.load()),
        Cell::from(format!("{:.1}", server.rate)),
        Cell::from(server.failures.to_string()),
        Cell::from(duration(server.latency_seconds)),
        Cell::from(Span::from(sparkline(&server.latencies)).dim()),
    ])
}

fn colour(state: &str) -> Style {
    match state {
        "up" => Style::new().fg(Color::Green),
        "down" => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        "leaving" => Style::new().fg(Color::DarkGray),
        _ => Style::new().fg(Color::Yellow),
    }
}

/// Latencies against the largest of them.
fn sparkline(latencies: &[u64]) -> String {
    let largest = latencies.iter().copied().max().unwrap_or_default().max(1);
    let bar = |latency: &u64| {
        let step = latency.saturating_mul(7) / largest;
        usize::try_from(step).ok().and_then(|step| BARS.get(step))
    };
    latencies.iter().filter_map(bar).collect()
}

fn events_of(picture: &Picture) -> Paragraph<'_> {
    let pools = picture.pools.iter();
    let mut events: Vec<(&str, &Event)> = pools
        .flat_map(|pool| pool.events.iter().map(|event| (pool.name.as_str(), event)))
        .collect();
    events.sort_by(|(_, one), (_, other)| other.unix_seconds.total_cmp(&one.unix_seconds));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0.0, |since| since.as_secs_f64());
    let lines = events.into_iter().map(|(pool, event)| {
        let ago = Duration::from_secs_f64((now - event.unix_seconds).clamp(0.0, 1e9));
        Line::from(vec![
            Span::from(format!("{:>7} s ago  ", ago.as_secs())).dim(),
            Span::from(format!("{pool}: {} ", event.server)),
            Span::styled(event.what.as_str(), colour(&event.what)),
        ])
    });
    let shown = lines.take(EVENT_LINES.into()).collect::<Vec<_>>();
    Paragraph::new(Text::from(shown)).block(Block::bordered().title(" last events "))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use serde_json::json;

    use super::super::picture::Rates;
    use super::super::plain;
    use super::*;

    fn picture(requests: u64) -> Picture {
        let server = |address: &str, state: &str, leaving: bool| {
            json!({
                "address": address, "state": state, "leaving": leaving, "in_flight": 3, "capacity": 4,
                "capacity_known": true, "requests": requests, "failures": 2, "latency_seconds": 0.0125,
            })
        };
        let servers = [
            server("10.0.0.1:80", "up", false),
            server("10.0.0.2:80", "down", false),
            server("10.0.0.3:80", "up", true),
        ];
        serde_json::from_value(json!({
            "pools": [{
                "name": "tiles", "algorithm": "least-connections", "capacity": 4, "queue": 2, "queue_limit": 9,
                "expected_wait_seconds": 1.5, "requests": requests, "retries": 1, "refused": 0, "servers": servers,
                "events": [{ "unix_seconds": 0.0, "server": "10.0.0.2:80", "what": "down" }],
            }],
            "reloads": { "mistake": "balancer.toml:7: pool[0].severs" },
        }))
        .unwrap()
    }

    fn drawn(screen: &Screen, height: u16) -> (String, Vec<Color>) {
        let mut terminal = Terminal::new(TestBackend::new(130, height)).unwrap();
        terminal.draw(|frame| screen.draw(frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let text = buffer
            .content
            .chunks(130)
            .map(|line| line.iter().map(|cell| cell.symbol()).collect::<String>() + "\n");
        let dots = buffer.content.iter().filter(|cell| cell.symbol() == "●");
        (text.collect(), dots.map(|cell| cell.fg).collect())
    }

    #[test]
    fn servers_are_shown_in_the_colour_of_their_state() {
        let mut rates = Rates::default();
        let start = Instant::now();
        let mut screen = Screen::new("here");
        screen.show(rates.of(picture(100), start));
        screen.show(rates.of(picture(150), start + Duration::from_secs(2)));
        let (text, colours) = drawn(&screen, 24);
        assert_eq!(
            colours,
            [Color::Green, Color::Red, Color::DarkGray],
            "{text}"
        );
        for words in [
            "tiles (least-connections) 25.0 requests/s",
            "1 of 3 up",
            "waiting 2 / 9 (expected 1.5 s)",
            "10.0.0.1:80",
            "3 / 4",
            "12.5 ms",
            "██",
            "● leaving",
            "settings not taken over: balancer.toml:7",
            "tiles: 10.0.0.2:80 down",
        ] {
            assert!(text.contains(words), "{words} is not in\n{text}");
        }
    }

    #[test]
    fn a_small_terminal_scrolls_and_never_breaks() {
        let mut screen = Screen::new("here");
        screen.show(picture(1));
        screen.fail("no answer".to_owned());
        for height in 1..30 {
            let (text, _) = drawn(&screen, height);
            assert!(height < 12 || text.contains("balancer here"), "{text}");
        }
        screen.scroll(2);
        let (text, _) = drawn(&screen, 24);
        assert!(
            !text.contains("10.0.0.1:80") && text.contains("10.0.0.3:80"),
            "{text}"
        );
        assert!(text.contains("no answer"));
        screen.scroll(1000);
        drawn(&screen, 24);
        screen.scroll(-1000);
        assert!(drawn(&screen, 24).0.contains("10.0.0.1:80"));
    }

    #[test]
    fn plain_text_has_a_line_for_each_server() {
        let text = plain::text(&picture(7));
        assert_eq!(text.lines().count(), 5, "{text}");
        let line = text.lines().nth(3).unwrap();
        assert!(
            line.contains("10.0.0.2:80  down") && line.contains("requests        7 "),
            "{line}"
        );
        assert!(!text.contains('\u{1b}'));
    }
}
