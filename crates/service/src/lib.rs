//! What every service process shares, whatever it serves: how it binds, says that it is ready, logs,
//! reports faults, counts, and stops. A service crate is `run(listener, settings, shutdown)`; this
//! crate is everything around that call, and knows no tile and no proxy.

pub mod duration;
mod health;
mod listen;
mod metrics;
mod outcomes;
mod problem;
mod process;
mod runtime;
mod serve;
mod settings;
mod shutdown;
mod telemetry;

pub use health::{Readiness, livez};
pub use listen::{ListenError, bind, listen};
pub use metrics::Metrics;
pub use outcomes::{Outcome, Outcomes};
pub use problem::{PROBLEM_JSON, Problem};
pub use runtime::runtime;
pub use serve::serve;
pub use settings::{EXIT_USAGE, Mistake, Mistakes};
pub use shutdown::{Shutdown, on_signal};
pub use telemetry::{LogFormat, init as init_telemetry};
