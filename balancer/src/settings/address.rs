//! What is a server's address? `http://HOST:PORT` is one server, whatever its name resolves to;
//! `dns://NAME:PORT` is as many servers as the name has addresses, followed as they come and go; `file:PATH` is as
//! many as the file lists.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where one server is, or many behind one name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// `http://IP:PORT`.
    Fixed(SocketAddr),
    /// `http://NAME:PORT`: one server; its addresses are tried in turn.
    Name(String, u16),
    /// `dns://NAME:PORT`: every address of the name is a server.
    EveryAddress(String, u16),
    /// `file:PATH`: every address in the file is a server.
    File(PathBuf),
}

/// What [`Address`] accepts, for messages.
pub(super) const ACCEPTED: &str = "http://HOST:PORT (one server), dns://NAME:PORT (a server per address) or file:PATH (a server per line)";

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Address, &'static str> {
        if let Some(path) = text.strip_prefix("file:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let legal = !path.is_empty() && !path.contains('\0');
            return legal.then(|| Address::File(path.into())).ok_or(ACCEPTED);
        }
        let (every, rest) = match text.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("dns", rest)) => (true, rest),
            _ => return Err(ACCEPTED),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if let Ok(address) = rest.parse::<SocketAddr>() {
            return if every {
                Err(ACCEPTED)
            } else {
                Ok(Address::Fixed(address))
            };
        }
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| ACCEPTED)?),
            None => (rest, 80),
        };
        if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return if every {
                Err(ACCEPTED)
            } else {
                Ok(Address::Fixed((ip, port).into()))
            };
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || port == 0 || !host.chars().all(legal) {
            return Err(ACCEPTED);
        }
        Ok(if every {
            Address::EveryAddress(host.into(), port)
        } else {
            Address::Name(host.into(), port)
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Fixed(address) => write!(f, "http://{address}"),
            Address::Name(name, port) => write!(f, "http://{name}:{port}"),
            Address::EveryAddress(name, port) => write!(f, "dns://{name}:{port}"),
            Address::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_as_it_is_written() {
        for text in [
            "http://127.0.0.1:80",
            "http://[::1]:8080",
            "http://worker:8080",
            "dns://worker.example:8080",
            "file:/run/servers",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        let bare: Address = "http://worker/".parse().unwrap();
        assert_eq!(bare, Address::Name("worker".into(), 80));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "worker:8080",
            "https://worker:1",
            "http://",
            "http://:80",
            "http://a b:80",
            "http://worker:99999",
            "http://worker:0",
            "http://worker:80/path",
            "dns://127.0.0.1:80",
            "file:",
            "file://",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
