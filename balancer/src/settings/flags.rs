//! What does the command line say? One listener before one pool, all else at its default.

use service::{Mistakes, duration};

use super::{Address, Algorithm, Listener, Pool, Server, Settings};

/// Flags as the user wrote them.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--listen HOST:PORT`.
    pub listen: String,
    /// `--server URL`, once or more.
    pub servers: Vec<String>,
    /// `--algorithm NAME`.
    pub algorithm: Option<String>,
    /// `--capacity N`: of each server.
    pub capacity: Option<u32>,
    /// `--admin HOST:PORT`.
    pub admin: Option<String>,
    /// `--shutdown-delay DURATION`.
    pub shutdown_delay: Option<String>,
}

pub(super) fn check(flags: &Flags) -> Result<Settings, Mistakes> {
    let mut mistakes = Mistakes::default();
    let mut pool = Pool::new("default", Vec::new());
    for text in &flags.servers {
        match text.parse::<Address>() {
            Ok(address) => pool.servers.push(Server::from(address)),
            Err(accepted) => mistakes.push("--server", text, accepted),
        }
    }
    if flags.servers.is_empty() {
        mistakes.push("--server", "", "at least one server");
    }
    if let Some(text) = &flags.algorithm {
        match text.parse::<Algorithm>() {
            Ok(algorithm) => pool.algorithm = algorithm,
            Err(accepted) => mistakes.push("--algorithm", text, accepted),
        }
    }
    if flags.capacity == Some(0) {
        mistakes.push("--capacity", 0, "at least 1");
    }
    pool.capacity = flags.capacity;
    let listener = Listener::new("default", &flags.listen, &pool.name);
    let mut settings = Settings::new(vec![listener], vec![pool]);
    settings.admin.clone_from(&flags.admin);
    if let Some(text) = &flags.shutdown_delay {
        match duration::parse(text) {
            Some(delay) => settings.limits.shutdown_delay = delay,
            None => mistakes.push("--shutdown-delay", text, duration::ACCEPTED),
        }
    }
    mistakes.none_or(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_make_one_pool() {
        let settings = check(&Flags {
            listen: "127.0.0.1:0".into(),
            servers: vec!["http://a:1".into(), "dns://b:2".into()],
            algorithm: Some("round-robin".into()),
            capacity: Some(3),
            admin: Some("127.0.0.1:0".into()),
            shutdown_delay: Some("5s".into()),
        })
        .unwrap();
        assert_eq!(settings.listeners[0].pool, settings.pools[0].name);
        assert_eq!(settings.pools[0].servers.len(), 2);
        assert_eq!(settings.pools[0].algorithm, Algorithm::RoundRobin);
        assert_eq!(settings.pools[0].capacity, Some(3));
        assert_eq!(settings.limits.shutdown_delay.as_secs(), 5);
    }

    #[test]
    fn all_mistakes_of_flags_are_said() {
        let flags = Flags {
            servers: vec!["nonsense".into()],
            algorithm: Some("best".into()),
            capacity: Some(0),
            shutdown_delay: Some("5".into()),
            ..Flags::default()
        };
        let text = check(&flags).unwrap_err().to_string();
        for flag in ["--server", "--algorithm", "--capacity", "--shutdown-delay"] {
            assert!(text.contains(flag), "{text}");
        }
        assert!(text.contains("least-connections or round-robin"), "{text}");
        assert!(check(&Flags::default()).is_err(), "no server at all");
    }
}
