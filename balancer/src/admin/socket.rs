//! Where do operators reach a balancer that has no admin address? On a Unix socket that only its own user may open.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use axum::Router;
use service::Shutdown;
use tokio::net::UnixListener;

/// A bound socket, whose file goes with it.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    file: SocketFile,
}

#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Who took it away has done the work.
        let _ = fs::remove_file(&self.0);
    }
}

impl AdminSocket {
    /// Binds `path`; a file that another balancer has left there is replaced.
    ///
    /// # Errors
    /// When somebody listens there, or the file cannot be made.
    pub fn bind(path: &Path) -> io::Result<AdminSocket> {
        if UnixStream::connect(path).is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let left_behind = fs::symlink_metadata(path)
            .is_ok_and(|file| std::os::unix::fs::FileTypeExt::is_socket(&file.file_type()));
        if left_behind {
            fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        let file = SocketFile(path.to_owned());
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(AdminSocket { listener, file })
    }
}

/// Serves `router` until `shutdown` fires and the last page is read, or forever.
pub(crate) async fn serve(
    socket: AdminSocket,
    router: Router,
    shutdown: Shutdown,
) -> io::Result<()> {
    let AdminSocket { listener, file } = socket;
    let ended = shutdown.clone();
    let server = axum::serve(listener, router)
        .with_graceful_shutdown(async move { ended.cancelled().await });
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(crate::LAST_PAGES).await;
    };
    let outcome = tokio::select! {
        outcome = server => outcome,
        () = overdue => Ok(()),
    };
    drop(file);
    outcome
}
