//! The admin pages while they are open: a reload may have them elsewhere. The new place is bound before the old one is
//! closed, so that operators never lose both.

use std::io;
use std::sync::Arc;

use service::{Mistakes, Shutdown};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;

use super::Control;
use crate::LAST_PAGES;
use crate::admin::{self, AdminSocket, Way};
use crate::settings::Settings;

/// Where the pages are, if anywhere.
#[derive(Default)]
pub(super) struct Pages {
    address: Option<Page>,
    socket: Option<Page>,
}

/// Served at one place.
struct Page {
    /// Closes it when dropped.
    stop: DropGuard,
    serving: JoinHandle<()>,
}

/// Where the pages will be; `None` is where they are.
#[derive(Default)]
pub(super) struct Moves {
    pub(super) address: Option<Option<TcpListener>>,
    pub(super) socket: Option<Option<AdminSocket>>,
}

impl Moves {
    /// Binds what `next` names and `now` does not.
    pub(super) async fn bind(now: &Settings, next: &Settings) -> Result<Moves, Mistakes> {
        let (mut moves, mut mistakes) = (Moves::default(), Mistakes::default());
        if next.admin != now.admin {
            moves.address = match &next.admin {
                None => Some(None),
                Some(address) => match service::listen(address).await {
                    Ok(listener) => Some(Some(listener)),
                    Err(e) => {
                        mistakes.push("admin", address, e.to_string());
                        None
                    }
                },
            };
        }
        if next.admin_socket != now.admin_socket {
            moves.socket = match &next.admin_socket {
                None => Some(None),
                Some(path) => match AdminSocket::bind(path) {
                    Ok(socket) => Some(Some(socket)),
                    Err(e) => {
                        mistakes.push("admin_socket", path.display(), e.to_string());
                        None
                    }
                },
            };
        }
        mistakes.none_or(moves)
    }
}

impl Pages {
    /// What is no longer there ends when the last page that was asked for is read.
    pub(super) fn turn_to(&mut self, moves: Moves, control: &Arc<Control>) {
        if let Some(listener) = moves.address {
            self.address = listener.map(|listener| at_address(listener, control));
        }
        if let Some(socket) = moves.socket {
            self.socket = socket.map(|socket| on_socket(socket, control));
        }
    }

    /// Waits until the last page is read, but not for long.
    pub(super) async fn close(self) {
        for Page { stop, serving } in [self.address, self.socket].into_iter().flatten() {
            drop(stop);
            if let Err(e) = serving.await {
                tracing::error!(error = %e, "the admin pages failed");
            }
        }
    }
}

fn at_address(listener: TcpListener, control: &Arc<Control>) -> Page {
    let here = listener.local_addr();
    let way = if here.is_ok_and(|here| here.ip().is_loopback()) {
        Way::Loopback
    } else {
        Way::Network
    };
    let router = admin::router(control.clone(), way);
    open(control, |stop| {
        service::serve(listener, router, stop, LAST_PAGES)
    })
}

fn on_socket(socket: AdminSocket, control: &Arc<Control>) -> Page {
    let router = admin::router(control.clone(), Way::Socket);
    open(control, |stop| admin::serve_socket(socket, router, stop))
}

fn open<F>(control: &Control, serve: impl FnOnce(Shutdown) -> F) -> Page
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let stop = control.stop.child_token();
    let served = serve(stop.clone());
    let serving = tokio::spawn(async move {
        if let Err(e) = served.await {
            tracing::error!(error = %e, "the admin pages cannot be served");
        }
    });
    Page {
        stop: stop.drop_guard(),
        serving,
    }
}
