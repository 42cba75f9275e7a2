//! How is a server watched? By asking it, at intervals that depend on how settled its state is, and at once when a
//! request had trouble with it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use http::{Request, StatusCode, header};

use crate::headers::Added;
use crate::pool::{Current, Pool, Sight};
use crate::settings::Health;
use crate::upstream::{RequestHead, Server, connect};

/// Between probes of a server that was never seen up, in its first seconds: clusters start together.
const START_INTERVAL: Duration = Duration::from_millis(100);
/// So many probes come that fast.
const START_PROBES: u32 = 50;
/// A server that closes a connection waits so long for our end of it.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// More than any health answer that tells a capacity.
const LONGEST_ANSWER: usize = 16 << 10;

/// What a probe brought.
struct Report {
    sight: Sight,
    /// The member `capacity` of a JSON answer.
    capacity: Option<u32>,
}

/// Watches `server` until the caller drops this.
pub(crate) async fn watch(current: Arc<Current>, server: Arc<Server>) {
    loop {
        let pool = current.get();
        let watched = async {
            if pool.settings.health.probes {
                probes(&pool, &server).await;
            } else {
                pardons(&pool, &server).await;
            }
        };
        tokio::select! {
            () = watched => {}
            () = sweeps(&server) => {}
            () = current.other_than(&pool) => {}
        }
    }
}

async fn probes(pool: &Arc<Pool>, server: &Arc<Server>) {
    let rules = &pool.settings.health;
    let mut seen_up = false;
    let mut random = fastrand::Rng::new();
    let mut requests_before = 0;
    let mut probes: u32 = 0;
    loop {
        let report = probe(pool, server).await;
        if let Some(capacity) = report.capacity {
            pool.learn(server, capacity);
        }
        pool.note(server, report.sight, Instant::now());
        let requests = server.counts.requests.load(Ordering::Relaxed);
        if requests == requests_before {
            // Who was slow once and is asked no more must not count as slow for ever.
            server.counts.forget_latency();
        }
        requests_before = requests;
        let (changing, _) = pool.standing(server);
        let first_pass = !seen_up && report.sight == Sight::Passed;
        seen_up |= first_pass;
        probes = probes.saturating_add(1);
        let pause = if first_pass {
            phase(&server.label, rules.interval)
        } else if !seen_up && probes < START_PROBES {
            START_INTERVAL.min(rules.fast_interval)
        } else if changing {
            rules.fast_interval.min(rules.interval)
        } else {
            rules.interval
        };
        tokio::select! {
            () = tokio::time::sleep(jittered(pause, &mut random)) => {}
            () = server.doubted() => {}
        }
    }
}

/// A part of the interval that differs from server to server, so that probes of servers that started
/// together spread over time.
fn phase(label: &str, interval: Duration) -> Duration {
    let mut hasher = DefaultHasher::new();
    label.hash(&mut hasher);
    interval.mul_f64((hasher.finish() % 1000) as f64 / 1000.0)
}

/// A tenth more or less, so that balancers and servers that fell into step fall out of it.
fn jittered(pause: Duration, random: &mut fastrand::Rng) -> Duration {
    pause.mul_f64(0.9 + 0.2 * random.f64())
}

/// Connections that rest see nothing themselves, neither their end nor what they could give back.
async fn sweeps(server: &Server) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        server.sweep(Instant::now());
    }
}

/// Without probes: an ejection ends with its time.
async fn pardons(pool: &Arc<Pool>, server: &Arc<Server>) {
    loop {
        server.doubted().await;
        if let (_, Some(until)) = pool.standing(server) {
            tokio::time::sleep_until(until.into()).await;
            pool.pardon(server, Instant::now());
        }
    }
}

/// Asks once, on a connection of its own: a server that takes no connections is not healthy.
async fn probe(pool: &Pool, server: &Server) -> Report {
    let rules = &pool.settings.health;
    let outcome = tokio::time::timeout(rules.timeout, ask(server, rules)).await;
    let (sight, error) = match outcome {
        Ok(Ok(report)) => return report,
        Ok(Err(e)) if e.kind() == io::ErrorKind::TimedOut => (Sight::Silent, e),
        Ok(Err(e)) => (Sight::Failed, e),
        Err(_) => (Sight::Silent, io::ErrorKind::TimedOut.into()),
    };
    server.counts.probe_failures.fetch_add(1, Ordering::Relaxed);
    tracing::debug!(pool = pool.settings.name, server = server.label, %error, "probe failed");
    Report {
        sight,
        capacity: None,
    }
}

async fn ask(server: &Server, rules: &Health) -> io::Result<Report> {
    let mut connection = connect(&server.addresses(), rules.timeout).await?;
    let request = Request::get(&rules.path)
        .header(header::HOST, &server.label)
        .header(header::USER_AGENT, "balancer-probe")
        .body(())
        .map_err(io::Error::other)?;
    let head = RequestHead {
        parts: request.into_parts().0,
        added: Added::default(),
    };
    let status = connection.ask(&head).await?.status;
    let passes = rules.status.contain(status);
    if status == StatusCode::SERVICE_UNAVAILABLE && !passes {
        return Ok(Report {
            sight: Sight::Unwilling,
            capacity: None,
        });
    }
    if !passes {
        return Err(io::Error::other(format!("answered {status}")));
    }
    // The status has said it all: an answer too long to hold a capacity passes too.
    let body = connection.read_body(LONGEST_ANSWER).await;
    Ok(Report {
        sight: Sight::Passed,
        capacity: body.and_then(|body| told_capacity(&body)),
    })
}

fn told_capacity(body: &[u8]) -> Option<u32> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    let capacity = answer.get("capacity")?.as_u64()?;
    u32::try_from(capacity)
        .ok()
        .filter(|capacity| *capacity > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_is_read_from_json_only() {
        assert_eq!(
            told_capacity(br#"{"status":"ready","capacity":3}"#),
            Some(3)
        );
        for text in [
            "",
            "ok",
            "3",
            "[]",
            "{}",
            r#"{"capacity":0}"#,
            r#"{"capacity":-1}"#,
            r#"{"capacity":"3"}"#,
        ] {
            assert_eq!(told_capacity(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn pauses_differ_by_a_tenth_at_most() {
        let mut random = fastrand::Rng::with_seed(1);
        let pause = Duration::from_secs(10);
        let pauses: Vec<u128> = (0..100)
            .map(|_| jittered(pause, &mut random).as_millis())
            .collect();
        assert!(pauses.iter().all(|pause| (9000..=11_000).contains(pause)));
        assert!(pauses.iter().any(|p| *p < 9500) && pauses.iter().any(|p| *p > 10_500));
    }

    #[test]
    fn probes_of_servers_that_start_together_spread() {
        let interval = Duration::from_secs(3);
        let mut phases: Vec<_> = (0..10)
            .map(|i| phase(&format!("10.0.0.{i}:80"), interval))
            .collect();
        phases.sort_unstable();
        phases.dedup();
        assert!(phases.len() > 5 && phases.iter().all(|phase| *phase < interval));
    }

    #[test]
    fn a_server_that_nobody_asks_for_anything_is_down_within_two_seconds_of_its_end() {
        let health = crate::settings::Health::default();
        // It ends just after a probe, and pauses are as long as they may be.
        let pauses = health.interval + health.fast_interval * (health.fall - 1);
        assert!(pauses.mul_f64(1.1) < Duration::from_secs(2), "{pauses:?}");
    }
}
