//! Which certificate does a listener show? The one in its files, as they are now: they are looked at every second,
//! and new ones are taken for the next connections. Files that do not fit change nothing, and the log says why.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::settings;

/// Between two looks at the files.
const INTERVAL: Duration = Duration::from_secs(1);

/// Offered by ALPN (RFC 7301), the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What makes a listener's connections TLS.
#[derive(Debug)]
pub(super) struct Tls {
    files: settings::Tls,
    config: ArcSwap<ServerConfig>,
}

impl Tls {
    /// Reads the files, and follows them as long as this is held.
    pub(super) fn open(files: &settings::Tls) -> io::Result<Arc<Tls>> {
        // Before the files: a change meanwhile is seen as one.
        let seen = stamp(files);
        let tls = Arc::new(Tls {
            config: ArcSwap::from_pointee(load(files)?),
            files: files.clone(),
        });
        tokio::spawn(follow(Arc::downgrade(&tls), seen));
        Ok(tls)
    }

    /// Shakes hands; whether HTTP/2 was agreed on.
    pub(super) async fn accept(
        &self,
        socket: TcpStream,
    ) -> io::Result<(TlsStream<TcpStream>, bool)> {
        let stream = TlsAcceptor::from(self.config.load_full())
            .accept(socket)
            .await?;
        let is_h2 = stream.get_ref().1.alpn_protocol() == Some(PROTOCOLS[0]);
        Ok((stream, is_h2))
    }
}

/// Says whether the files are good.
pub(super) fn check(files: &settings::Tls) -> io::Result<()> {
    load(files).map(drop)
}

fn load(files: &settings::Tls) -> io::Result<ServerConfig> {
    let told = |path: &PathBuf, e: &dyn std::fmt::Display| {
        io::Error::other(format!("{}: {e}", path.display()))
    };
    let certificates = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| told(&files.certificate, &e))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|e| told(&files.key, &e))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|e| told(&files.certificate, &e))?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

/// What changes when a file does.
type Stamp = [Option<(SystemTime, u64)>; 2];

fn stamp(files: &settings::Tls) -> Stamp {
    [&files.certificate, &files.key].map(|path| {
        let data = std::fs::metadata(path).ok()?;
        Some((data.modified().ok()?, data.len()))
    })
}

async fn follow(tls: Weak<Tls>, mut seen: Stamp) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let Some(tls) = tls.upgrade() else {
            return;
        };
        let now = stamp(&tls.files);
        if now == seen {
            continue;
        }
        seen = now;
        let certificate = tls.files.certificate.display();
        match load(&tls.files) {
            Ok(config) => {
                tls.config.store(Arc::new(config));
                tracing::info!(%certificate, "certificate renewed");
            }
            Err(error) => tracing::error!(%error, "the certificate stays as it was"),
        }
    }
}
