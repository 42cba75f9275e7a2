//! How does a request find a server that can run it now? This crate is a reverse proxy for HTTP that
//! knows nothing of what it carries: listeners take connections, pools hold servers, and a pool sends each request to
//! the server with the fewest in flight, or lets it wait in one central queue until a server has room.
//!
//! The way of a request: `listen` (a connection), `proxy` (a request and its tries), `pool` (a slot),
//! `upstream` (an exchange with a server), and back. Beside it: `health` probes servers, `members` follows names and
//! files, `control` takes over new settings.

mod admin;
mod body;
mod client;
mod control;
mod edge;
mod events;
mod hash_key;
mod headers;
mod health;
mod hedge;
mod http1;
mod listen;
mod log;
mod members;
mod patience;
mod payload;
mod pool;
mod proxy;
mod refuse;
pub mod settings;
mod stats;
mod timer;
mod tries;
mod upstream;
mod urgency;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use service::Shutdown;
use tokio::net::TcpListener;

pub use admin::AdminSocket;
use control::Control;
pub use control::{FileError, Reload};
use log::Log;
pub use log::Unwritable;
pub use members::{Resolve, SystemResolver};
pub use settings::Settings;

/// Why the balancer could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller bound another number of listeners than the settings name.
    #[error("{bound} listeners are bound, the settings name {named}")]
    Listeners {
        /// By the caller.
        bound: usize,
        /// In the settings.
        named: usize,
    },
    /// A listener names a pool that is not there.
    #[error("listener {listener} names pool {pool}, which is not there")]
    NoSuchPool {
        /// The listener's name.
        listener: String,
        /// What it names.
        pool: String,
    },
    /// A file that a listener needs is not there or does not fit.
    #[error("listener {listener}: {error}")]
    Listener {
        /// The listener's name.
        listener: String,
        /// Which file, and why.
        error: io::Error,
    },
    /// The system gave no random numbers.
    #[error("no random numbers: {0}")]
    Randomness(#[source] getrandom::Error),
    /// The logs cannot be written.
    #[error(transparent)]
    Log(#[from] Unwritable),
}

/// How long somebody may take to read an admin page that was asked for before the end.
const LAST_PAGES: Duration = Duration::from_secs(1);

/// What a balancer needs from outside beside its listeners.
pub struct Outside {
    /// How names become addresses.
    pub resolver: Arc<dyn Resolve>,
    /// Where the admin pages are, if anywhere.
    pub admin: Option<TcpListener>,
    /// The same on this machine, for its user alone.
    pub admin_socket: Option<AdminSocket>,
    /// Where settings are read again.
    pub reload: Option<Reload>,
}

impl Default for Outside {
    /// The operating system's resolver, and nothing else.
    fn default() -> Outside {
        Outside {
            resolver: Arc::new(SystemResolver),
            admin: None,
            admin_socket: None,
            reload: None,
        }
    }
}

/// Runs until `shutdown` fires, the shutdown delay is over and requests in flight are done, or the grace period
/// is over. The admin pages are there to the end.
///
/// `listeners` are bound by the caller, one for each of `settings.listeners`, in their order. They stop in that
/// order too, each when the one before it has answered its last request, so that a listener whose servers call back
/// through another one goes before it.
///
/// # Errors
/// [`Error`], when listeners and settings do not fit each other, or what the settings name cannot be opened.
pub async fn run(
    listeners: Vec<TcpListener>,
    admin: Option<TcpListener>,
    settings: Settings,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let outside = Outside {
        admin,
        ..Outside::default()
    };
    run_with(outside, listeners, settings, shutdown).await
}

/// [`run`], with all that can come from outside.
///
/// # Errors
/// As for [`run`].
pub async fn run_with(
    outside: Outside,
    listeners: Vec<TcpListener>,
    settings: Settings,
    shutdown: Shutdown,
) -> Result<(), Error> {
    if listeners.len() != settings.listeners.len() {
        return Err(Error::Listeners {
            bound: listeners.len(),
            named: settings.listeners.len(),
        });
    }
    let stop_keepers = Shutdown::new();
    let _stop_at_the_end = stop_keepers.clone().drop_guard();
    let resolver = outside.resolver;
    let log = Log::start(&settings.log)?;
    let common = log.clone();
    let control = Control::open(
        settings,
        listeners,
        resolver,
        &shutdown,
        &stop_keepers,
        common,
    )?;

    control.open_pages(outside.admin, outside.admin_socket);

    let reloads = async {
        match outside.reload {
            Some(reload) => control::keep(control.clone(), reload).await,
            None => std::future::pending().await,
        }
    };
    shutdown.run_until_cancelled(reloads).await;
    tokio::time::sleep(control.shutdown_delay()).await;
    control.close().await;
    control.close_pages().await;
    log.finish().await;
    Ok(())
}
