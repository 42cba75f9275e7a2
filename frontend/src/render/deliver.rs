//! When is a client gone? When its connection closes, and also when it has taken nothing for minutes: a
//! body is only asked for its next part when the last one is taken, and would wait for ever, with all
//! that the render holds. So a task of its own drives the picture and hands it over part by part.

use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::timeout;

use crate::progress::running::Running;
use crate::trouble::Failure;

/// What is handed over: a part, the end of a whole picture, or why there is no more.
type Part = Result<Option<Bytes>, Failure>;

/// The bytes of `picture` for a client that may take `stall` for each part, with `running` told how
/// they fare.
pub(crate) fn deliver(
    picture: impl Stream<Item = Result<Bytes, Failure>> + Send + 'static,
    running: Running,
    stall: Duration,
) -> impl Stream<Item = Result<Bytes, Failure>> + Send {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(drive(picture, running, sender, stall));
    stream::unfold(
        Some(receiver),
        move |receiver: Option<Receiver<Part>>| async move {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Some(Ok(Some(bytes))) => Some((Ok(bytes), Some(receiver))),
                Some(Ok(None)) => None,
                Some(Err(failure)) => Some((Err(failure), None)),
                // The driver gave up on this client, which is no clean end.
                None => Some((Err(Failure::Stalled(stall)), None)),
            }
        },
    )
}

async fn drive(
    picture: impl Stream<Item = Result<Bytes, Failure>> + Send,
    running: Running,
    sender: Sender<Part>,
    stall: Duration,
) {
    let mut picture = std::pin::pin!(picture);
    loop {
        let part = tokio::select! {
            // The client is gone: what is dropped with this task tells the workers.
            () = sender.closed() => return,
            part = picture.next() => part.transpose(),
        };
        let place = match timeout(stall, sender.reserve()).await {
            Ok(Ok(place)) => place,
            Ok(Err(_)) => return,
            Err(_) => return running.fail(&Failure::Stalled(stall)),
        };
        // The render has ended before its client can see it: whoever then asks is told so.
        match part {
            Ok(Some(bytes)) => {
                running.sent(&bytes);
                place.send(Ok(Some(bytes)));
            }
            Ok(None) => {
                running.finish();
                return place.send(Ok(None));
            }
            Err(failure) => {
                running.fail(&failure);
                return place.send(Err(failure));
            }
        }
    }
}
