//! What does a failed command leave behind? One message on stderr and an exit code: 64 when the user can
//! mend the call (sysexits.h, `EX_USAGE`), 1 when the world was at fault.

use std::process::ExitCode;

use service::{EXIT_USAGE, ListenError, Mistakes};

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Exit {
    /// The call cannot be carried out as it was written.
    Usage(String),
    /// Something failed while it was carried out.
    Failed(anyhow::Error),
}

impl Exit {
    /// Says it, and turns it into the process's exit code.
    pub(crate) fn tell(self) -> ExitCode {
        match self {
            Exit::Usage(message) => {
                eprintln!("tilebrot: {message}");
                ExitCode::from(EXIT_USAGE)
            }
            Exit::Failed(error) => {
                eprintln!("tilebrot: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

impl From<anyhow::Error> for Exit {
    fn from(error: anyhow::Error) -> Self {
        Exit::Failed(error)
    }
}

impl From<ListenError> for Exit {
    fn from(error: ListenError) -> Self {
        Exit::Usage(error.to_string())
    }
}

impl From<Mistakes> for Exit {
    fn from(mistakes: Mistakes) -> Self {
        Exit::Usage(mistakes.to_string())
    }
}

impl From<std::io::Error> for Exit {
    fn from(error: std::io::Error) -> Self {
        Exit::Failed(error.into())
    }
}

/// Help and version go to stdout with success; what clap refuses goes to stderr with 64.
pub(crate) fn said_by_clap(error: &clap::Error) -> ExitCode {
    // A closed terminal is no reason to fail differently.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(EXIT_USAGE)
    } else {
        ExitCode::SUCCESS
    }
}
