//! When is a request sent twice at the same time? When it may be repeated, has waited for its answer much longer than
//! nearly all others do, nobody waits for a slot and another server is free. The first answer wins, and the other
//! exchange is dropped, which its server notices.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{Response, StatusCode, header};

use crate::payload::Payload;
use crate::pool::{Pool, Slot, Wish};
use crate::upstream::{Answer, Failed, RequestHead, ServerId, exchange};

type Outcome = Result<Response<Answer>, Failed>;

/// What came of one exchange, or of two.
pub(crate) struct Asked {
    /// Whose outcome it is.
    pub(crate) server: ServerId,
    pub(crate) outcome: Outcome,
    /// The other server, if it failed too.
    pub(crate) failed_too: Option<ServerId>,
}

/// Whether an answer says that another server may do better.
pub(crate) fn is_unwilling(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    )
}

/// Sends a request to the slot's server, and to another one if that takes long and it `may_repeat`.
pub(crate) async fn ask(
    pool: &Arc<Pool>,
    wish: Wish<'_>,
    slot: Slot,
    request: (&RequestHead, &mut Payload),
    may_repeat: bool,
) -> Asked {
    let (head, payload) = request;
    // A connection that becomes another protocol's is one, not the first of two.
    let patience = may_repeat
        .then(|| pool.hedge_patience())
        .flatten()
        .filter(|_| !head.parts.headers.contains_key(header::UPGRADE));
    let Some(patience) = patience else {
        return Asked {
            server: slot.server.id,
            outcome: exchange(slot, head, payload).await,
            failed_too: None,
        };
    };
    // In a box, for a connection holds room for the largest future of its requests even while it is idle.
    Box::pin(race(pool, wish, slot, (head, payload), patience)).await
}

async fn race(
    pool: &Arc<Pool>,
    wish: Wish<'_>,
    slot: Slot,
    (head, payload): (&RequestHead, &mut Payload),
    patience: Duration,
) -> Asked {
    let first = slot.server.id;
    let spare = payload.again();
    let mut one = pin!(exchange(slot, head, payload));
    let slot = tokio::select! {
        biased;
        outcome = one.as_mut() => {
            return Asked { server: first, outcome, failed_too: None };
        }
        slot = chance(pool, wish, first, patience) => slot,
    };
    let second = slot.server.id;
    let Some(mut spare) = spare else {
        let outcome = one.await;
        return Asked {
            server: first,
            outcome,
            failed_too: None,
        };
    };
    let mut other = pin!(exchange(slot, head, &mut spare));
    tokio::select! {
        biased;
        outcome = one.as_mut() => winner((first, outcome), second, other).await,
        outcome = other.as_mut() => {
            let asked = winner((second, outcome), first, one).await;
            if asked.server == second {
                pool.counts.hedges_won.fetch_add(1, Ordering::Relaxed);
            }
            asked
        }
    }
}

/// A slot on another server, once the first one has had the time that nearly all need.
async fn chance(pool: &Arc<Pool>, wish: Wish<'_>, first: ServerId, patience: Duration) -> Slot {
    let mut avoid = wish.avoid.to_vec();
    avoid.push(first);
    let wish = Wish {
        avoid: &avoid,
        ..wish
    };
    loop {
        tokio::time::sleep(patience).await;
        if let Some(slot) = pool.hedge(wish) {
            return slot;
        }
    }
}

/// The first one to come, unless it is a failure and the other one is not.
async fn winner(
    (server, outcome): (ServerId, Outcome),
    other: ServerId,
    its_outcome: impl Future<Output = Outcome>,
) -> Asked {
    let good = |outcome: &Outcome| outcome.as_ref().is_ok_and(|r| !is_unwilling(r.status()));
    if good(&outcome) {
        return Asked {
            server,
            outcome,
            failed_too: None,
        };
    }
    // What failed is given back before the other one is waited for.
    drop(outcome);
    Asked {
        server: other,
        outcome: its_outcome.await,
        failed_too: Some(server),
    }
}
