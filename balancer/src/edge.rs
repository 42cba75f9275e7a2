//! Which requests reach a pool at all? Those that can be understood in one way only, of clients that do not ask
//! too often, and of visitors whose turn it is.

mod bans;
mod caller;
mod rate;
mod room;
mod table;
mod tunnel;
mod waiting;

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{Request, Response, header};

pub(crate) use self::bans::Bans;
pub(crate) use self::caller::{Caller, Trusted};
use self::rate::RateLimit;
pub(crate) use self::room::Room;
pub(crate) use self::tunnel::{Agreed, Wanted, announce};
use self::waiting::{Asking, Entry};
pub(crate) use self::waiting::{WaitingRoom, WaitingStats};
use crate::body::{Body, closing, problem};
use crate::listen::ClientBody;
use crate::pool::Pool;
use crate::settings::{Limits, Listener};
use crate::{proxy, refuse};

/// What stands between a listener's clients and its pool.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) trusted: Trusted,
    url_bytes: usize,
    rate: Option<RateLimit>,
    bans: Arc<Bans>,
    pub(crate) waiting_room: Option<WaitingRoom>,
}

impl Edge {
    /// The edge of one listener; `bans` are the same for all. `secret` signs what has no key of its own.
    pub(crate) fn new(
        listener: &Listener,
        limits: &Limits,
        bans: &Arc<Bans>,
        secret: &[u8],
        serial: u64,
    ) -> io::Result<Edge> {
        let waiting_room = listener.waiting_room.as_ref();
        let waiting_room =
            waiting_room.map(|room| WaitingRoom::open(&listener.name, room, secret, serial));
        Ok(Edge {
            waiting_room: waiting_room.transpose()?,
            trusted: Trusted::new(&limits.trusted_proxies),
            url_bytes: limits.url_bytes,
            rate: listener.rate.as_ref().map(RateLimit::new),
            bans: bans.clone(),
        })
    }

    /// Answers one request of `caller`, from `pool` if it may go there.
    pub(crate) async fn answer(
        &self,
        pool: &Arc<Pool>,
        caller: &Caller,
        mut request: Request<ClientBody>,
    ) -> Response<Body> {
        if let Some(unsuitable) = refuse::unsuitable(&request, self.url_bytes) {
            pool.counts.malformed.fetch_add(1, Ordering::Relaxed);
            return closing(unsuitable);
        }
        let client = caller.client(&self.trusted, request.headers());
        if let Some(rate) = &self.rate
            && let Err(refused) = rate.check(client, &self.bans)
        {
            let (why, fields) = rate.problem(refused);
            let mut answer = problem(why);
            answer.headers_mut().extend(fields);
            return answer;
        }
        let mut cookie = None;
        if let Some(room) = &self.waiting_room {
            let asking = Asking {
                method: request.method(),
                headers: request.headers(),
                tls: caller.peer.is_tls(),
            };
            match room.enter(pool, asking) {
                Entry::Pass(given) => cookie = given,
                Entry::Wait(answer) => return *answer,
            }
        }
        let upgrade = tunnel::wanted(&mut request);
        // Pinned here, or it would be moved to where it is waited for, with room for all that may ever come of it.
        let answer = pin!(proxy::answer(pool, caller, client, request));
        let mut answer = match pool.settings.timeouts.request {
            None => answer.await,
            Some(time) => match tokio::time::timeout(time, answer).await {
                Ok(answer) => answer,
                Err(_) => problem(refuse::late(&pool.settings.name)),
            },
        };
        if upgrade {
            tunnel::agree(&mut answer, &caller.tunnel);
        }
        if let Some(cookie) = cookie {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
        answer
    }
}
