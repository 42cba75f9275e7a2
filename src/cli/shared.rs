//! What may be said to several roles, in the same words: how large, up to what, and how it ends.

use std::num::NonZero;
use std::time::Duration;

use clap::{Args, value_parser};

/// How large an embedded cluster is.
#[derive(Args, Debug)]
pub(crate) struct SizeArgs {
    /// How many workers [default: one a core, at most 4]
    #[arg(long, env = "TILEBROT_WORKERS")]
    pub(crate) workers: Option<NonZero<usize>>,
    /// Threads of each worker [default: the cores divided by the workers]
    #[arg(long, env = "TILEBROT_THREADS")]
    pub(crate) threads: Option<NonZero<usize>>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) orbits: OrbitArgs,
}

/// What a view may ask for.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct LimitArgs {
    /// The largest zoom, as a power of ten
    #[arg(long, env = "TILEBROT_MAX_ZOOM_EXPONENT", default_value_t = protocol::Limits::default().zoom_exponent, value_parser = value_parser!(u32).range(1..=100_000), help_heading = "Limits", value_name = "POWER")]
    max_zoom_exponent: u32,
    /// The largest iteration limit
    #[arg(long, env = "TILEBROT_MAX_ITERATIONS", default_value_t = protocol::Limits::default().iterations, value_parser = value_parser!(u64).range(1..=1 << 53), help_heading = "Limits", value_name = "COUNT")]
    max_iterations: u64,
    /// The longest text of a coordinate or a zoom, in characters
    #[arg(long, env = "TILEBROT_MAX_DIGITS", default_value_t = protocol::Limits::default().digits as u32, value_parser = value_parser!(u32).range(32..=200_000), help_heading = "Limits", value_name = "COUNT")]
    max_digits: u32,
}

impl LimitArgs {
    pub(crate) fn limits(self) -> protocol::Limits {
        protocol::Limits {
            zoom_exponent: self.max_zoom_exponent,
            iterations: self.max_iterations,
            digits: self.max_digits as usize,
            ..protocol::Limits::default()
        }
    }
}

/// What a worker keeps of deep views.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct OrbitArgs {
    /// Memory for the reference orbits that a worker keeps, such as 512M or 2G; those that it is computing may take as much again.
    /// An orbit that does not fit is kept as waypoints, and what lies between is computed again when it is needed
    #[arg(long, env = "TILEBROT_ORBIT_MEMORY", default_value = "2G", value_parser = bytes, help_heading = "Limits", value_name = "SIZE")]
    pub(crate) orbit_memory: u64,
}

/// How a role ends that a balancer sends requests to.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct EndArgs {
    /// How long all goes on as before after SIGTERM, until the balancer knows who comes next
    #[arg(long, env = "TILEBROT_SHUTDOWN_DELAY", default_value = "0s", value_name = "DURATION", value_parser = duration)]
    pub(crate) shutdown_delay: Duration,
    /// How long requests in flight, and those that wait, may take after that, such as 10m
    #[arg(long, env = "TILEBROT_GRACE", default_value = "30s", value_name = "DURATION", value_parser = duration)]
    pub(crate) grace: Duration,
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    service::duration::parse(text).ok_or_else(|| service::duration::ACCEPTED.to_owned())
}

/// A size in bytes, with K, M, G or T for powers of 1024.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(['K', 'M', 'G', 'T']);
    let power = match &text[digits.len()..] {
        "" => Some(0),
        "K" => Some(1),
        "M" => Some(2),
        "G" => Some(3),
        "T" => Some(4),
        _ => None,
    };
    let count = digits.parse::<u64>().ok().filter(|count| *count > 0);
    let size = count
        .zip(power)
        .and_then(|(count, power)| count.checked_mul(1 << (10 * power)));
    size.ok_or_else(|| "a size above 0 such as 512M or 2G".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("2G"), Ok(2 << 30));
        assert_eq!(bytes("512M"), Ok(512 << 20));
        assert_eq!(bytes("1000"), Ok(1000));
        for text in [
            "",
            "G",
            "0",
            "2GG",
            "2GB",
            "-1",
            "1.5G",
            "99999999999T",
            "🦀",
        ] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
