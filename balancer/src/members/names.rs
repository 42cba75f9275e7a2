//! Which servers does a name stand for? It is asked for again every second, whatever the answer's time to live: that is
//! made for caches that many share, and a server that is gone fails requests for as long.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::{Listed, Source};
use crate::pool::Current;

/// How names become addresses.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of `host`, with `port`.
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// The operating system's way: hosts file and name servers (`getaddrinfo`), on a thread where it may block.
#[derive(Clone, Copy, Debug)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// What a name is asked for.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether each of its addresses is a server, or all of them lead to one.
    pub(super) every_address: bool,
}

/// A name that is asked for again and again.
pub(super) struct Name {
    question: Question,
    resolver: Arc<dyn Resolve>,
    /// Its settings say how often.
    pool: Arc<Current>,
    random: RandomState,
    asked: u64,
    answered: bool,
}

impl Name {
    pub(super) fn new(question: Question, resolver: Arc<dyn Resolve>, pool: Arc<Current>) -> Name {
        Name {
            question,
            resolver,
            pool,
            random: RandomState::new(),
            asked: 0,
            answered: false,
        }
    }

    async fn ask(&mut self) -> Result<Vec<Listed>, String> {
        if self.asked > 0 {
            let interval = self.pool.get().settings.resolve_interval;
            let random = self.random.hash_one(self.asked);
            tokio::time::sleep(spread(interval, random)).await;
        }
        self.asked = self.asked.wrapping_add(1);
        let Question { host, port, .. } = &self.question;
        match self.resolver.resolve(host, *port).await {
            Ok(addresses) if !addresses.is_empty() => {
                self.answered = true;
                Ok(self.servers(addresses))
            }
            // It is there, and may be found later; until then it is down and not unknown.
            _ if !self.question.every_address && !self.answered => {
                self.answered = true;
                Ok(self.servers(Vec::new()))
            }
            Ok(_) => Err(format!("{host} has no address")),
            Err(e) => Err(format!("{host} does not resolve: {e}")),
        }
    }

    fn servers(&self, mut addresses: Vec<SocketAddr>) -> Vec<Listed> {
        let Question { host, port, .. } = &self.question;
        addresses.sort_unstable();
        addresses.dedup();
        if !self.question.every_address {
            return vec![Listed {
                label: format!("{host}:{port}"),
                addresses,
                terms: None,
            }];
        }
        let listed = addresses.into_iter().map(|address| Listed {
            label: address.to_string(),
            addresses: vec![address],
            terms: None,
        });
        listed.collect()
    }
}

impl Source for Name {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Listed>, String>> {
        Box::pin(self.ask())
    }
}

/// The interval, a tenth shorter or longer: balancers that start together do not ask together for ever.
fn spread(interval: Duration, random: u64) -> Duration {
    interval.mul_f64(0.9 + (random % 1000) as f64 / 5000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_spread_by_a_tenth() {
        let second = Duration::from_secs(1);
        assert_eq!(spread(second, 0), Duration::from_millis(900));
        assert!((0..2000).all(|random| spread(second, random) < Duration::from_millis(1100)));
    }
}
