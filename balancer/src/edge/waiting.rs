//! When does a visitor have to wait outside? When no server is up, when the pool's queue is past a threshold, or when as
//! many visitors are inside as may be. Places are kept by signed cookies and not by addresses, which many share; who
//! is inside stays inside. Programs that keep no cookies pass while nobody waits.

mod line;
mod page;
mod ticket;

use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue, Method, Response, header};
use serde::Serialize;

use self::line::{Line, Rules, Told};
use self::page::{Page, Reason, Wait, is_navigation};
use self::ticket::{Office, Ticket, Visitor};
use crate::body::Body;
use crate::pool::Pool;
use crate::settings;

/// A secret shorter than this could be guessed.
const SHORTEST_KEY: usize = 32;

/// The waiting room of one listener.
#[derive(Debug)]
pub(crate) struct WaitingRoom {
    settings: settings::WaitingRoom,
    office: Office,
    page: Page,
    line: Mutex<Line>,
    /// In milliseconds of Unix time.
    opened: u64,
}

/// What is going on there.
#[derive(Debug, Serialize)]
pub(crate) struct WaitingStats {
    pub(crate) waiting: usize,
    pub(crate) inside: usize,
}

/// Whether a request goes on.
#[derive(Debug)]
pub(super) enum Entry {
    /// It does, perhaps with a cookie for its answer.
    Pass(Option<HeaderValue>),
    Wait(Box<Response<Body>>),
}

/// A request, as far as it matters here.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) method: &'a Method,
    pub(super) headers: &'a HeaderMap,
    pub(super) tls: bool,
}

impl WaitingRoom {
    /// The room of `listener`. Without a key file, tickets are signed with `secret`, which ends with the process.
    pub(super) fn open(
        listener: &str,
        settings: &settings::WaitingRoom,
        secret: &[u8],
        serial: u64,
    ) -> io::Result<WaitingRoom> {
        let key = settings.key_file.as_deref().map(read_key).transpose()?;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let rules = Rules {
            length: settings.length,
            counted: settings.active.is_some(),
            abandon: millis(settings.abandon),
            session: millis(settings.session),
        };
        Ok(WaitingRoom {
            office: Office::new(listener, key.as_deref().unwrap_or(secret)),
            page: Page::open(settings.page.as_deref())?,
            line: Mutex::new(Line::new(rules, serial)),
            settings: settings.clone(),
            opened: now(),
        })
    }

    /// Says what [`WaitingRoom::open`] would lack.
    pub(crate) fn check(settings: &settings::WaitingRoom) -> io::Result<()> {
        settings.key_file.as_deref().map(read_key).transpose()?;
        Page::open(settings.page.as_deref()).map(drop)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn stats(&self) -> WaitingStats {
        let (waiting, inside) = self.line().counts(now());
        WaitingStats { waiting, inside }
    }

    /// Lets a request pass, or has its client wait.
    pub(super) fn enter(&self, pool: &Pool, asking: Asking<'_>) -> Entry {
        self.enter_at(now(), pool.pressure(), asking)
    }

    /// The same, at a time, before a pool that may have no server and in whose queue so many wait.
    fn enter_at(&self, now: u64, (is_up, queue): (bool, usize), asking: Asking<'_>) -> Entry {
        let ticket = self
            .office
            .find(asking.headers)
            .filter(|ticket| self.holds(*ticket, now));
        if let Some(Ticket {
            visitor,
            inside: true,
            at,
        }) = ticket
        {
            return self.stay(visitor, at, now, is_up, asking);
        }
        let mut line = self.line();
        let is_quiet = ticket.is_none() && line.counts(now).0 == 0;
        let free = |inside| self.free(is_up, queue, inside);
        let counts_visitors =
            self.settings.active.is_some() && is_navigation(asking.method, asking.headers);
        // While nobody waits, only those are counted whose number is limited.
        if is_quiet && !counts_visitors && free(line.counts(now).1) > 0 {
            return Entry::Pass(None);
        }
        let told = line.ask(ticket.map(|ticket| ticket.visitor), now, free);
        drop(line);
        let reason = if is_up { Reason::Full } else { Reason::Down };
        let (visitor, inside, wait) = match told {
            Told::Enter(visitor) => (visitor, true, None),
            Told::Wait(visitor, place, time) => {
                let time = time.map(Duration::from_millis);
                (visitor, false, Some((Some(place), time)))
            }
            Told::Full => {
                return self.wait(
                    asking,
                    Wait {
                        reason,
                        place: None,
                        time: None,
                    },
                    None,
                );
            }
        };
        let cookie = self.cookie(
            Ticket {
                visitor,
                inside,
                at: now,
            },
            asking.tls,
        );
        match wait {
            None => Entry::Pass(cookie),
            Some((place, time)) => self.wait(
                asking,
                Wait {
                    reason,
                    place,
                    time,
                },
                cookie,
            ),
        }
    }

    /// Somebody who is inside, and stays so whatever the queue does.
    fn stay(&self, visitor: Visitor, at: u64, now: u64, is_up: bool, asking: Asking<'_>) -> Entry {
        self.line().stay(visitor, now);
        // A cookie is renewed before a quarter of its time is over, and not with every answer.
        let is_old = now.saturating_sub(at) > self.session() / 4;
        let ticket = Ticket {
            visitor,
            inside: true,
            at: now,
        };
        let cookie = is_old.then(|| self.cookie(ticket, asking.tls)).flatten();
        if is_up {
            return Entry::Pass(cookie);
        }
        let (reason, place, time) = (Reason::Down, None, None);
        self.wait(
            asking,
            Wait {
                reason,
                place,
                time,
            },
            cookie,
        )
    }

    /// How many may enter.
    fn free(&self, is_up: bool, queue: usize, inside: usize) -> usize {
        let most = |limit: Option<usize>, taken| {
            limit.map_or(usize::MAX, |limit| limit.saturating_sub(taken))
        };
        let free = most(self.settings.active, inside).min(most(self.settings.queue, queue));
        if is_up { free } else { 0 }
    }

    fn session(&self) -> u64 {
        u64::try_from(self.settings.session.as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether a ticket is still good. One of before a restart has its time from the restart on.
    fn holds(&self, ticket: Ticket, now: u64) -> bool {
        let abandon = u64::try_from(self.settings.abandon.as_millis()).unwrap_or(u64::MAX);
        if ticket.inside {
            // It was used for up to a quarter longer than it says.
            return now.saturating_sub(ticket.at)
                <= self.session().saturating_add(self.session() / 4);
        }
        now.saturating_sub(ticket.at.max(self.opened)) <= abandon
    }

    fn cookie(&self, ticket: Ticket, tls: bool) -> Option<HeaderValue> {
        let secure = if tls { "; Secure" } else { "" };
        let life = if ticket.inside {
            self.settings.session
        } else {
            self.settings.abandon
        };
        // A restart may take some of it.
        let seconds = life.as_secs().saturating_mul(2).max(1);
        let cookie = self.office.write(ticket);
        let text = format!("{cookie}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(text).ok()
    }

    fn wait(&self, asking: Asking<'_>, wait: Wait, cookie: Option<HeaderValue>) -> Entry {
        let refresh = self.settings.refresh;
        let mut answer = self
            .page
            .answer(asking.method, asking.headers, wait, refresh);
        if let Some(cookie) = cookie {
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        Entry::Wait(Box::new(answer))
    }
}

fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn read_key(file: &Path) -> io::Result<Vec<u8>> {
    let told = |e: &dyn std::fmt::Display| io::Error::other(format!("{}: {e}", file.display()));
    let key = std::fs::read(file).map_err(|e| told(&e))?;
    if key.len() < SHORTEST_KEY {
        return Err(told(&format!(
            "a key of {} bytes; {SHORTEST_KEY} are the least",
            key.len()
        )));
    }
    Ok(key)
}
