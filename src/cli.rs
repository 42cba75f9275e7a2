//! What can be asked of `tilebrot`? The subcommands and their flags; every flag has an environment
//! variable of the same name (`--listen`: `TILEBROT_LISTEN`), and a flag decides over its variable.

mod shared;

use std::ffi::OsString;
use std::io::{IsTerminal, stderr};
use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use shared::SizeArgs;
use shared::{EndArgs, LimitArgs, OrbitArgs, bytes};

/// Where a role listens when nothing is said; `up` puts its page there.
const LISTEN: &str = "127.0.0.1:8080";
/// Draws the Mandelbrot set on a cluster. Without a subcommand: up.
#[derive(Debug, Parser)]
#[command(name = "tilebrot", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How log lines look on stderr
    #[arg(
        long,
        global = true,
        env = "TILEBROT_LOG_FORMAT",
        default_value = "text"
    )]
    log_format: LogFormat,
    /// What is logged, as a filter such as info or balancer=debug
    /// [default: warn on a terminal, else info]
    #[arg(long, global = true, env = "TILEBROT_LOG", value_name = "FILTER")]
    log: Option<String>,
}

impl Cli {
    pub(crate) fn start_logging(&self) {
        let quiet = stderr().is_terminal() || !self.command.is_service();
        let default = if quiet { "warn" } else { "info" };
        let format = match self.log_format {
            LogFormat::Text => service::LogFormat::Text,
            LogFormat::Json => service::LogFormat::Json,
        };
        service::init_telemetry(format, self.log.as_deref().unwrap_or(default));
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// For people, in colour on a terminal
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a whole cluster in this process: balancer, frontend and workers
    Up(UpArgs),
    /// Run a worker, which draws tiles
    Worker(WorkerArgs),
    /// Run the balancer in front of any servers
    Balancer(BalancerArgs),
    /// Run the frontend: the page, and pictures gathered from tiles
    Frontend(FrontendArgs),
    /// Draw one picture to a file
    Render(Box<RenderArgs>),
    /// Show a balancer's servers, live in the terminal
    Status(StatusArgs),
    /// Ask a service whether it is well; exit code 0 says yes
    Healthcheck(HealthcheckArgs),
}

impl Command {
    /// On how many threads connections and requests are served; a worker's threads compute.
    pub(crate) fn threads(&self) -> Option<NonZero<usize>> {
        match self {
            Command::Balancer(args) => args.threads,
            _ => None,
        }
    }

    fn is_service(&self) -> bool {
        !matches!(
            self,
            Command::Render(_) | Command::Status(_) | Command::Healthcheck(_)
        )
    }
}

/// The process's arguments, with `up` put in where no subcommand is named.
pub(crate) fn arguments() -> Vec<OsString> {
    with_subcommand(std::env::args_os().collect())
}

fn with_subcommand(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let names_none = match arguments.get(1).and_then(|first| first.to_str()) {
        None => arguments.len() <= 1,
        Some("-h" | "--help" | "-V" | "--version") => false,
        Some(first) => first.starts_with('-'),
    };
    if names_none {
        let at = arguments.len().min(1);
        arguments.insert(at, "up".into());
    }
    arguments
}

#[derive(Args, Debug)]
pub(crate) struct UpArgs {
    /// Where the page is
    #[arg(long, env = "TILEBROT_LISTEN", default_value = LISTEN, value_name = "HOST:PORT")]
    pub(crate) listen: String,
    #[command(flatten)]
    pub(crate) size: SizeArgs,
}

#[derive(Args, Debug)]
pub(crate) struct WorkerArgs {
    /// Where tiles are asked for
    #[arg(long, env = "TILEBROT_LISTEN", default_value = LISTEN, value_name = "HOST:PORT")]
    pub(crate) listen: String,
    /// Threads that compute [default: the cores or the cgroup's CPU quota]
    #[arg(long, env = "TILEBROT_THREADS")]
    pub(crate) threads: Option<NonZero<usize>>,
    /// Tiles that are drawn at once [default: one more than threads]
    #[arg(long, env = "TILEBROT_CAPACITY")]
    pub(crate) capacity: Option<NonZero<usize>>,
    /// The id that tiles carry [default: the host's name and the port]
    #[arg(long, env = "TILEBROT_NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) orbits: OrbitArgs,
    #[command(flatten)]
    pub(crate) end: EndArgs,
}

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct BalancerArgs {
    #[command(subcommand)]
    pub(crate) command: Option<BalancerCommand>,
    /// Listeners and pools, as a TOML or JSON file; read again on SIGHUP and when it changes
    #[arg(long, env = "TILEBROT_CONFIG", value_name = "FILE", conflicts_with_all = ["listen", "server", "algorithm", "capacity", "admin", "shutdown_delay"])]
    pub(crate) config: Option<PathBuf>,
    /// Where clients connect
    #[arg(
        long,
        env = "TILEBROT_LISTEN",
        value_name = "HOST:PORT",
        required_unless_present = "config"
    )]
    pub(crate) listen: Option<String>,
    /// A server: http://HOST:PORT, or dns://NAME:PORT for every address of a name; may be repeated
    #[arg(
        long,
        env = "TILEBROT_SERVER",
        value_delimiter = ',',
        value_name = "URL",
        required_unless_present = "config"
    )]
    pub(crate) server: Vec<String>,
    /// least-connections (the default), round-robin, weighted-round-robin, two-choices, ip-hash, consistent-hash or least-time
    #[arg(long, env = "TILEBROT_ALGORITHM")]
    pub(crate) algorithm: Option<String>,
    /// Requests that each server runs at once [default: what its health answer says]
    #[arg(long, env = "TILEBROT_CAPACITY")]
    pub(crate) capacity: Option<u32>,
    /// Threads that carry requests [default: the cores or the cgroup's CPU quota]
    #[arg(long, env = "TILEBROT_THREADS")]
    pub(crate) threads: Option<NonZero<usize>>,
    /// Where /health, /stats and /metrics are
    #[arg(long, env = "TILEBROT_ADMIN", value_name = "HOST:PORT")]
    pub(crate) admin: Option<String>,
    /// How long new requests are still taken after SIGTERM, while /health says draining [default: 0s]
    #[arg(long, env = "TILEBROT_SHUTDOWN_DELAY", value_name = "DURATION")]
    pub(crate) shutdown_delay: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BalancerCommand {
    /// Say all mistakes of a settings file, each with its line, and run nothing; exit code 64 says that there are some
    Check {
        /// A TOML or JSON file
        file: PathBuf,
    },
}

#[derive(Args, Debug)]
pub(crate) struct FrontendArgs {
    /// Where the page is
    #[arg(long, env = "TILEBROT_LISTEN", default_value = LISTEN, value_name = "HOST:PORT")]
    pub(crate) listen: String,
    /// Where tiles are asked for: the balancer's listener in front of the workers
    #[arg(long, env = "TILEBROT_TILES", value_name = "URL")]
    pub(crate) tiles: String,
    /// Where the balancer's admin pages are: the page shows its servers at work [default: it does not]
    #[arg(long, env = "TILEBROT_BALANCER", value_name = "URL")]
    pub(crate) balancer: Option<String>,
    /// Tiles that all workers draw at once [default: what the balancer or the workers say, as they come and go]
    #[arg(long, env = "TILEBROT_SLOTS")]
    pub(crate) slots: Option<NonZero<u32>>,
    /// Bytes of tiles that are kept in memory
    #[arg(long, env = "TILEBROT_TILE_MEMORY", default_value = "256M", value_name = "SIZE", value_parser = bytes)]
    pub(crate) tile_memory: u64,
    /// A folder, for this frontend alone, that keeps more of them, and keeps them when the process ends [default: none]
    #[arg(long, env = "TILEBROT_TILE_CACHE_FOLDER", value_name = "FOLDER")]
    pub(crate) tile_cache_folder: Option<PathBuf>,
    /// Bytes of tiles in that folder; the one that was not used for longest goes first
    #[arg(long, env = "TILEBROT_TILE_CACHE_SIZE", default_value = "4G", value_name = "SIZE", value_parser = bytes)]
    pub(crate) tile_cache_size: u64,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) end: EndArgs,
}

#[derive(Args, Debug)]
pub(crate) struct RenderArgs {
    #[command(flatten)]
    pub(crate) view: ViewArgs,
    /// The PNG file to write; - is standard output
    #[arg(short, long, env = "TILEBROT_OUTPUT", value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// A running cluster's page [default: a cluster of this process's own]
    #[arg(long, env = "TILEBROT_CLUSTER", value_name = "URL", conflicts_with_all = ["workers", "threads"])]
    pub(crate) cluster: Option<String>,
    #[command(flatten)]
    pub(crate) size: SizeArgs,
}

macro_rules! view_args {
    ($($(#[doc = $about:literal])+ $field:ident $variable:literal;)+) => {
        /// The fields of a view as flags; the protocol checks them.
        #[derive(Args, Debug)]
        pub(crate) struct ViewArgs {
            $($(#[doc = $about])+
            #[arg(long, env = $variable, allow_hyphen_values = true, help_heading = "View", value_name = "VALUE")]
            $field: Option<String>,)+
        }

        impl ViewArgs {
            /// The fields that were given, by their names in requests.
            pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
                [$((stringify!($field), self.$field.as_deref())),+]
                    .into_iter()
                    .filter_map(|(name, text)| Some((name, text?)))
            }
        }
    };
}

view_args! {
    /// Real part of the centre, decimal text of any length [default: -0.5]
    re "TILEBROT_RE";
    /// Imaginary part of the centre [default: 0]
    im "TILEBROT_IM";
    /// The visible height is 4 / zoom [default: 1]
    zoom "TILEBROT_ZOOM";
    /// Degrees, counter-clockwise [default: 0]
    rotation "TILEBROT_ROTATION";
    /// Pixels [default: 1280]
    width "TILEBROT_WIDTH";
    /// Pixels [default: 720]
    height "TILEBROT_HEIGHT";
    /// The iteration limit, or auto [default: auto]
    iterations "TILEBROT_ITERATIONS";
    /// mandelbrot, multibrot, julia, burning_ship or tricorn [default: mandelbrot]
    formula "TILEBROT_FORMULA";
    /// The power of multibrot, 2 to 8 [default: 3]
    power "TILEBROT_POWER";
    /// Real part of the seed of julia [default: -0.8]
    seed_re "TILEBROT_SEED_RE";
    /// Imaginary part of the seed of julia [default: 0.156]
    seed_im "TILEBROT_SEED_IM";
    /// Samples along each side of a pixel [default: 1]
    samples "TILEBROT_SAMPLES";
    /// How true a deep view must be: standard, fast or exact [default: standard]
    quality "TILEBROT_QUALITY";
    /// Which squares are filled and not iterated: none, or interior, those on whose border nothing escapes [default: none]
    subdivision "TILEBROT_SUBDIVISION";
    /// Real part of a point whose orbit a deep view follows, at most 8 visible heights away, or auto: that of the view that a pan began at [default: auto]
    reference_re "TILEBROT_REFERENCE_RE";
    /// Its imaginary part [default: auto]
    reference_im "TILEBROT_REFERENCE_IM";
    /// The gradient: a name, or stops such as 0-000764_0.16-206bcb_0.42-edffff [default: dusk]
    palette "TILEBROT_PALETTE";
    /// smooth, bands or histogram [default: smooth]
    colouring "TILEBROT_COLOURING";
    /// How often the gradient repeats [default: 1]
    density "TILEBROT_DENSITY";
    /// Where in the gradient the counts begin, in turns [default: 0]
    offset "TILEBROT_OFFSET";
    /// The colour of samples that do not escape [default: #000000]
    interior "TILEBROT_INTERIOR";
}

#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// The balancer's admin pages: HOST:PORT, http://HOST:PORT or unix:PATH
    #[arg(
        long,
        env = "TILEBROT_ADMIN",
        default_value = "127.0.0.1:9090",
        value_name = "PLACE"
    )]
    pub(crate) admin: String,
    /// Print plain text once and end, as whenever the output is no terminal
    #[arg(long, env = "TILEBROT_ONCE")]
    pub(crate) once: bool,
}

#[derive(Args, Debug)]
pub(crate) struct HealthcheckArgs {
    /// What is asked; an answer with a 2xx status is health
    #[arg(env = "TILEBROT_URL", default_value = "http://127.0.0.1:8080/livez")]
    pub(crate) url: String,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn with_up(arguments: &[&str]) -> Vec<String> {
        let arguments = arguments.iter().map(OsString::from).collect();
        let completed = with_subcommand(arguments).into_iter();
        completed.map(|a| a.into_string().unwrap()).collect()
    }

    #[test]
    fn no_subcommand_means_up() {
        assert_eq!(with_up(&["tilebrot"]), ["tilebrot", "up"]);
        assert_eq!(
            with_up(&["tilebrot", "--workers", "3"]),
            ["tilebrot", "up", "--workers", "3"]
        );
        assert_eq!(with_up(&["tilebrot", "worker"]), ["tilebrot", "worker"]);
        assert_eq!(with_up(&["tilebrot", "--help"]), ["tilebrot", "--help"]);
    }

    #[test]
    fn every_flag_has_an_environment_variable_of_its_name() {
        let command = Cli::command();
        for subcommand in command.get_subcommands() {
            let flags = subcommand
                .get_arguments()
                .filter_map(|a| Some((a, a.get_long()?)));
            for (argument, flag) in flags.filter(|(_, flag)| *flag != "help") {
                let variable = format!("TILEBROT_{}", flag.replace('-', "_").to_uppercase());
                assert_eq!(
                    argument.get_env(),
                    Some(variable.as_ref()),
                    "{} --{flag}",
                    subcommand.get_name()
                );
            }
        }
    }

    #[test]
    fn every_field_of_a_view_is_a_flag() {
        let command = Cli::command();
        let render = command.find_subcommand("render").unwrap();
        for field in protocol::View::FIELDS {
            let flag = field.replace('_', "-");
            assert!(
                render
                    .get_arguments()
                    .any(|a| a.get_long() == Some(flag.as_str())),
                "--{flag}"
            );
        }
    }
}
