//! `tilebrot`: one program with a subcommand per role. A subcommand is wiring: what was asked for becomes
//! settings, settings and a listener become a running service, and a signal ends it.

mod balancer;
mod cli;
mod cluster;
mod exit;
mod frontend;
mod healthcheck;
mod render;
mod role;
mod status;
mod up;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::exit::Exit;

/// It keeps what shares of a picture have given back for the next ones. glibc's gives pages of that size back to the kernel, which zeroes
/// them anew each time: a third of the time in which the whole set is drawn.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(cli::arguments()) {
        Ok(cli) => cli,
        Err(help_or_mistake) => return exit::said_by_clap(&help_or_mistake),
    };
    cli.start_logging();
    let outcome = service::runtime(cli.command.threads())
        .map_err(Exit::from)
        .and_then(|runtime| runtime.block_on(run(cli.command)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => Exit::tell(exit),
    }
}

async fn run(command: Command) -> Result<(), Exit> {
    match command {
        Command::Up(args) => up::run(args).await,
        Command::Worker(args) => worker::run(args).await,
        Command::Balancer(args) => balancer::run(args).await,
        Command::Frontend(args) => frontend::run(args).await,
        Command::Render(args) => render::run(args).await,
        Command::Status(args) => status::run(args).await,
        Command::Healthcheck(args) => healthcheck::run(args).await,
    }
}
