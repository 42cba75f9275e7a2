//! Does the proxy keep its word? A balancer on port 0 in front of little servers that a test can hold, freeze,
//! break and kill; every test waits for conditions, never for time.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, what should not fail may panic"
)]

mod admin;
mod answers;
mod clients;
mod corpus;
mod dispatch;
mod draining;
mod edge;
mod failures;
mod fairness;
mod harness;
mod health;
mod hedging;
mod http;
mod http_2;
mod kill;
mod logs;
mod names;
mod operator;
mod reload;
mod servers;
mod slow;
mod tls;
mod upgrades;
mod uploads;
mod waiting;
