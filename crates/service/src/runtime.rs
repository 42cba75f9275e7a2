//! On how many threads do tasks run? On one a core. Where that is one thread, it is the process's own, and nothing in it is ready for another
//! to take tasks over: a proxied request costs a tenth less so.

use std::io;
use std::num::NonZero;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};

/// A runtime on so many threads, or on as many as there are cores or the cgroup's quota of CPU allows.
///
/// # Errors
/// Those of the system, when it has no room for what tasks wait with.
pub fn runtime(threads: Option<NonZero<usize>>) -> io::Result<Runtime> {
    let threads = threads.or_else(|| available_parallelism().ok());
    let mut builder = match threads.map_or(1, NonZero::get) {
        1 => Builder::new_current_thread(),
        threads => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(threads);
            builder
        }
    };
    builder.enable_all().build()
}

#[cfg(test)]
mod tests {
    use tokio::runtime::RuntimeFlavor;

    use super::*;

    fn flavor(threads: Option<usize>) -> (RuntimeFlavor, usize) {
        let runtime = runtime(threads.and_then(NonZero::new)).unwrap();
        let handle = runtime.handle();
        (handle.runtime_flavor(), handle.metrics().num_workers())
    }

    #[test]
    fn one_thread_is_the_processs_own() {
        assert_eq!(flavor(Some(1)), (RuntimeFlavor::CurrentThread, 1));
        assert_eq!(flavor(Some(3)), (RuntimeFlavor::MultiThread, 3));
    }

    #[test]
    fn there_is_a_thread_for_each_core() {
        let cores = available_parallelism().unwrap().get();
        assert_eq!(flavor(None).1, cores);
    }
}
