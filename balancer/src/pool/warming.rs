//! How does a server that came up get its share? From little to all of its capacity and weight, linearly over the time
//! that the settings say: what is new has cold caches and few connections. Servers that are there at the start of the
//! process begin whole, for nobody else has warm caches then; so does one that is alone, for nobody else could take what
//! it does not get.

use std::sync::Arc;
use std::time::Duration;

use super::Pool;
use super::roster::Roster;
use crate::upstream::{Server, ServerId};

/// A share grows in so many steps: each is small, and together they are few.
const STEPS: u32 = 50;

/// A rise of a server from which it warms up; the next one makes it void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rise(u32);

impl<R> Roster<R> {
    /// A server came up. The rise from which it is to be warmed is returned, if it is.
    pub(super) fn rise(&mut self, id: ServerId, slow_start: Duration) -> Option<Rise> {
        let is_other = |m: &&super::Member| m.server.id != id && m.is_up();
        let alone = !self.members.iter().any(|member| is_other(&member));
        let member = self.member(id)?;
        let at_start = member.rises == 0 && member.from_start;
        member.rises = member.rises.wrapping_add(1);
        if alone || at_start || slow_start.is_zero() {
            member.warmth = 1.0;
            return None;
        }
        member.warmth = 1.0 / f64::from(STEPS);
        Some(Rise(member.rises))
    }

    /// Gives the server this share, unless it has risen anew or gone. Says whether it has more to come.
    pub(super) fn warm(&mut self, id: ServerId, rise: Rise, share: f64) -> bool {
        let member = self.member(id).filter(|member| member.rises == rise.0);
        if let Some(member) = member {
            member.warmth = share;
            share < 1.0
        } else {
            false
        }
    }
}

impl Pool {
    /// Warms a server from its rise on, if it is to be.
    pub(super) fn warm(self: &Arc<Self>, server: &Server, rise: Option<Rise>) {
        let Some(rise) = rise else {
            return;
        };
        let slow_start = self.settings.slow_start;
        tracing::info!(pool = self.settings.name, server = server.label, over = ?slow_start, "server starts slowly");
        let (pool, id) = (self.clone(), server.id);
        tokio::spawn(async move {
            for step in 2..=STEPS {
                tokio::time::sleep(slow_start / STEPS).await;
                let share = f64::from(step) / f64::from(STEPS);
                if !pool.change(|roster| roster.warm(id, rise, share)) {
                    return;
                }
            }
        });
    }
}
