//! What does this process use of its machine? Read from `/proc/self` at the scrape, under the names that every
//! Prometheus client uses. What cannot be read, as on systems without `/proc`, is left out.

use std::fmt::Error;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// `USER_HZ`: the unit of the times in `/proc` is part of Linux's interface and the same on x86-64 and AArch64,
/// however often the kernel's own clock ticks (proc(5), time(7)).
const TICKS_PER_SECOND: f64 = 100.0;

/// The process that it is asked in.
#[derive(Debug)]
pub(crate) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        if let Some(seconds) = read("stat").and_then(|stat| cpu_seconds(&stat)) {
            let help = "Seconds of CPU time, the kernel's for the process included";
            ConstCounter::new(seconds).encode(encoder.encode_descriptor(
                "process_cpu_seconds",
                help,
                None,
                MetricType::Counter,
            )?)?;
        }
        let resident = read("status").and_then(|status| resident_bytes(&status));
        let gauges = [
            (
                "process_resident_memory_bytes",
                "Memory that is in RAM",
                resident,
            ),
            ("process_open_fds", "Open file descriptors", open_files()),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                ConstGauge::new(value).encode(encoder.encode_descriptor(
                    name,
                    help,
                    None,
                    MetricType::Gauge,
                )?)?;
            }
        }
        Ok(())
    }
}

fn read(name: &str) -> Option<String> {
    // The name of the program may be any bytes.
    let bytes = fs::read(format!("/proc/self/{name}")).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The fields `utime` and `stime` of `/proc/self/stat`, which are the 14th and 15th.
fn cpu_seconds(stat: &str) -> Option<f64> {
    // The second field is the program's name in parentheses; spaces and parentheses may be part of it.
    let (_, from_third) = stat.rsplit_once(')')?;
    let mut fields = from_third.split_ascii_whitespace().skip(14 - 3);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) as f64 / TICKS_PER_SECOND)
}

/// The line `VmRSS` of `/proc/self/status`.
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kibibytes * 1024)
}

fn open_files() -> Option<u64> {
    let entries = fs::read_dir("/proc/self/fd").ok()?.count();
    // The one that lists them is among them.
    u64::try_from(entries).ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_whatever_the_program_is_called() {
        let stat = "7 (a) R (b)) S 1 7 7 0 -1 4194560 1 0 0 0 150 75 9 9 20 0 5 0 1 2 3";
        assert_eq!(cpu_seconds(stat), Some(2.25));
        assert_eq!(cpu_seconds("7 (a) S 1"), None);
        assert_eq!(cpu_seconds(""), None);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\ta\nVmHWM:\t    9 kB\nVmRSS:\t   12 kB\nThreads:\t1\n";
        assert_eq!(resident_bytes(status), Some(12 * 1024));
        assert_eq!(resident_bytes("Name:\ta\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_can_be_read() {
        assert!(read("stat").and_then(|stat| cpu_seconds(&stat)).is_some());
        let resident = read("status").and_then(|status| resident_bytes(&status));
        assert!(resident.is_some_and(|bytes| bytes > 1 << 20));
        assert!(open_files().is_some_and(|files| files > 0));
    }
}
