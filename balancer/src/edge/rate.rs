//! How often may a client ask? So often a second, with a burst saved up while it is quiet (GCRA, the leaky
//! bucket as a meter: ITU-T I.371). Refusals are metered the same way: who has too many a minute is banned.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::{Quota, RateLimiter};
use http::{HeaderName, HeaderValue, StatusCode};
use service::Problem;

use super::bans::Bans;
use super::table::Table;
use crate::client::ClientKey;
use crate::settings;

/// draft-ietf-httpapi-ratelimit-headers-10.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

type Meter<C> = RateLimiter<ClientKey, Table, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The limit of one listener.
#[derive(Debug)]
pub(super) struct RateLimit<C: Clock = MonotonicClock> {
    requests: Meter<C>,
    /// None: nobody is banned.
    refusals: Option<(Meter<C>, Table)>,
    ban: Duration,
    /// `RateLimit-Policy`: the burst, and the time in which it is saved up.
    policy: Option<HeaderValue>,
}

/// Why a client is not answered, and when it may come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    TooMany(Duration),
    Banned(Duration),
}

impl RateLimit {
    pub(super) fn new(settings: &settings::Rate) -> RateLimit {
        RateLimit::with_clock(settings, MonotonicClock)
    }
}

impl<C: Clock + Clone> RateLimit<C> {
    fn with_clock(settings: &settings::Rate, clock: C) -> RateLimit<C> {
        let quota = Quota::per_second(settings.requests).allow_burst(settings.burst);
        let seconds = settings.burst.get().div_ceil(settings.requests.get());
        let policy = format!("\"client\";q={};w={seconds}", settings.burst);
        let refusals = NonZeroU32::new(settings.ban_after).map(|refusals| {
            let quota = Quota::per_minute(refusals);
            let table = Table::of(settings.clients);
            let meter = RateLimiter::new(quota, table.clone(), clock.clone());
            (meter, table)
        });
        RateLimit {
            requests: RateLimiter::new(quota, Table::of(settings.clients), clock),
            refusals,
            ban: settings.ban,
            policy: HeaderValue::try_from(policy).ok(),
        }
    }

    /// Counts a request of `client`.
    pub(super) fn check(&self, client: ClientKey, bans: &Bans) -> Result<(), Refused> {
        if let Some(left) = bans.remaining(client) {
            return Err(Refused::Banned(left));
        }
        let Err(until) = self.requests.check_key(&client) else {
            return Ok(());
        };
        if let Some((refusals, table)) = &self.refusals
            && refusals.check_key(&client).is_err()
        {
            // Whoever comes back after the ban, or is let off, begins anew.
            table.forget(client);
            bans.ban(client, self.ban);
            return Err(Refused::Banned(self.ban));
        }
        let now = self.requests.clock().now();
        Err(Refused::TooMany(until.wait_time_from(now)))
    }

    /// What a refused client is told.
    pub(super) fn problem(&self, refused: Refused) -> (Problem, Vec<(HeaderName, HeaderValue)>) {
        let (title, detail, wait) = match refused {
            Refused::TooMany(wait) => ("Too many requests", "this client asks too often", wait),
            Refused::Banned(wait) => {
                let detail =
                    "this client kept asking while it was refused, and is banned for a while";
                ("Banned", detail, wait)
            }
        };
        // Whole seconds, rounded up: who comes back then is welcome.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, title, detail);
        let left = HeaderValue::try_from(format!("\"client\";r=0;t={seconds}")).ok();
        let fields = [(RATE_LIMIT, left), (RATE_LIMIT_POLICY, self.policy.clone())];
        let fields = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        (problem.retry_after(seconds.max(1)), fields.collect())
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limit(ban_after: u32) -> (RateLimit<FakeRelativeClock>, FakeRelativeClock) {
        let settings = settings::Rate {
            burst: NonZeroU32::new(4).unwrap(),
            ban_after,
            ban: Duration::from_secs(600),
            ..settings::Rate::new(NonZeroU32::new(2).unwrap())
        };
        let clock = FakeRelativeClock::default();
        (RateLimit::with_clock(&settings, clock.clone()), clock)
    }

    fn client(text: &str) -> ClientKey {
        text.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn a_client_has_its_burst_and_then_its_rate() {
        let (limit, clock) = limit(0);
        let (bans, a, b) = (Bans::default(), client("192.0.2.1"), client("192.0.2.2"));
        for _ in 0..4 {
            assert_eq!(limit.check(a, &bans), Ok(()));
        }
        let refused = Refused::TooMany(Duration::from_millis(500));
        assert_eq!(limit.check(a, &bans), Err(refused));
        assert_eq!(limit.check(b, &bans), Ok(()), "another client");
        clock.advance(Duration::from_millis(500));
        assert_eq!(limit.check(a, &bans), Ok(()));
        assert_eq!(limit.check(a, &bans), Err(refused));
        let (problem, fields) = limit.problem(refused);
        assert_eq!(problem.status(), 429);
        assert_eq!(
            fields[0],
            (RATE_LIMIT, HeaderValue::from_static("\"client\";r=0;t=1"))
        );
        assert_eq!(fields[1].1, "\"client\";q=4;w=2");
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_hammering_is_banned() {
        let (limit, clock) = limit(10);
        let (bans, a) = (Bans::default(), client("192.0.2.1"));
        for n in 0..14 {
            let allowed = limit.check(a, &bans).is_ok();
            assert_eq!(allowed, n < 4, "{n}");
        }
        assert!(bans.all().is_empty());
        let banned = Err(Refused::Banned(Duration::from_secs(600)));
        assert_eq!(limit.check(a, &bans), banned);
        clock.advance(Duration::from_secs(60));
        assert_eq!(
            limit.check(a, &bans),
            banned,
            "though its rate would be low again"
        );
        tokio::time::advance(Duration::from_secs(600)).await;
        assert_eq!(limit.check(a, &bans), Ok(()));
    }

    #[test]
    fn refusals_now_and_then_ban_nobody() {
        let (limit, clock) = limit(10);
        let (bans, a) = (Bans::default(), client("192.0.2.1"));
        for _ in 0..200 {
            assert!(!matches!(limit.check(a, &bans), Err(Refused::Banned(_))));
            // Three a second, of which two are allowed and one in six seconds may be refused.
            clock.advance(Duration::from_millis(467));
        }
        assert!(bans.all().is_empty());
    }
}
