//! When has an axum service stopped? When its listener is closed and every request in flight is
//! answered, or when the grace period is over: a client that never reads cannot hold the process.
//! A request whose handler panics is answered like any other, with 500.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use http::StatusCode;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{Problem, Shutdown};

/// Serves `router` until `shutdown` fires, then for at most `grace` more until the last request in
/// flight is answered.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: Shutdown,
    grace: Duration,
) -> std::io::Result<()> {
    let router = router.layer(CatchPanicLayer::custom(panicked));
    // An answer's last piece must not wait for the acknowledgement of the one before it (Nagle's algorithm against
    // delayed acknowledgements: 40 ms). A socket that refuses this is merely slower.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    let draining = shutdown.clone();
    let server = axum::serve(listener, router)
        .with_graceful_shutdown(async move { draining.cancelled().await });
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        outcome = server => outcome,
        () = overdue => {
            tracing::warn!(grace_seconds = grace.as_secs(), "requests were still in flight when the grace period ended");
            Ok(())
        }
    }
}

/// The panic itself went to stderr when it happened; the client is told no more than that there was one.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal error",
        "the service made a mistake; the request can be tried again",
    )
    .into_response()
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// The answer to a request that is sent on a kept connection while the service is told to stop, so much later.
    async fn asked_while_stopping(yields: usize) -> Vec<u8> {
        let (listener, address) = crate::bind("127.0.0.1:0").await.unwrap();
        let shutdown = Shutdown::new();
        let router = Router::new().route("/", get(async || "fine"));
        let grace = Duration::from_secs(60);
        let serving = tokio::spawn(serve(listener, router, shutdown.clone(), grace));
        let mut connection = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        connection.write_all(request).await.unwrap();
        let (mut first, mut buffer) = (Vec::new(), [0; 1024]);
        while !first.ends_with(b"fine") {
            let read = connection.read(&mut buffer).await.unwrap();
            first.extend_from_slice(&buffer[..read]);
        }
        let stop = async {
            for _ in 0..yields {
                tokio::task::yield_now().await;
            }
            shutdown.cancel();
        };
        // A connection that is closed already takes nothing, which is as clean.
        let (_, ()) = tokio::join!(connection.write_all(request), stop);
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer).await;
        serving.await.unwrap().unwrap();
        answer
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_request_that_meets_the_shutdown_is_answered_whole_or_not_at_all() {
        let mut answered = 0;
        for round in 0..300 {
            let answer = String::from_utf8(asked_while_stopping(round % 30).await).unwrap();
            let whole = answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nfine");
            assert!(answer.is_empty() || whole, "{answer}");
            answered += usize::from(whole);
        }
        println!("{answered} of 300 were answered");
    }

    #[tokio::test]
    async fn a_connection_without_a_request_does_not_hold_the_shutdown() {
        let (listener, address) = crate::bind("127.0.0.1:0").await.unwrap();
        let shutdown = Shutdown::new();
        let (day, router) = (Duration::from_secs(86_400), Router::new());
        let serving = tokio::spawn(serve(listener, router, shutdown.clone(), day));
        let mut silent = TcpStream::connect(address).await.unwrap();
        // Accepted in order: once this one is answered, the silent one is known.
        let mut other = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        other.write_all(request).await.unwrap();
        other.read_to_end(&mut Vec::new()).await.unwrap();
        shutdown.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(20), serving).await;
        ended.expect("it ends at once").unwrap().unwrap();
        assert_eq!(silent.read(&mut [0]).await.unwrap_or(0), 0);
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_with_a_problem_and_the_service_goes_on() {
        let (listener, address) = crate::bind("127.0.0.1:0").await.unwrap();
        let shutdown = Shutdown::new();
        let broken = async || -> StatusCode { panic!("on purpose") };
        let router = Router::new()
            .route("/", get(broken))
            .route("/fine", get(async || "fine"));
        let serving = tokio::spawn(serve(
            listener,
            router,
            shutdown.clone(),
            Duration::from_secs(60),
        ));
        for (path, status, word) in [("/", "500", "mistake"), ("/fine", "200", "fine")] {
            let mut connection = TcpStream::connect(address).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            connection.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            connection.read_to_string(&mut answer).await.unwrap();
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{answer}"
            );
            assert!(answer.contains(word), "{answer}");
        }
        shutdown.cancel();
        serving.await.unwrap().unwrap();
    }
}
