//! Who is behind a proxy that carries bytes and not HTTP? It says so before anything else, in a header of the
//! PROXY protocol (haproxy.org/download/3.0/doc/proxy-protocol.txt), version 1 or 2. Not a byte more is read.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// §2.2: begins version 2; the first line of no other protocol does.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// §2.1: the longest line of version 1, with its end.
const LONGEST_LINE: usize = 107;
/// More than addresses and all registered extras take; §2.2 allows to refuse more.
const LONGEST_BLOCK: usize = 2048;

/// Reads a header; the client's address, or `None` when the proxy speaks for itself.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let mut start = [0; SIGNATURE.len()];
    stream.read_exact(&mut start).await?;
    if start == SIGNATURE {
        return version_2(stream).await;
    }
    let mut line = start.to_vec();
    if !line.starts_with(b"PROXY ") {
        return Err(refused("no header of the PROXY protocol"));
    }
    while !line.ends_with(b"\r\n") {
        if line.len() == LONGEST_LINE {
            return Err(refused("too long a line"));
        }
        line.push(stream.read_u8().await?);
    }
    let line = std::str::from_utf8(&line).map_err(|_| refused("a line that is no text"))?;
    version_1(line.trim_end())
}

fn refused(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn version_1(line: &str) -> io::Result<Option<SocketAddr>> {
    let words: Vec<&str> = line.split(' ').collect();
    let source = match words[..] {
        ["PROXY", "UNKNOWN", ..] => return Ok(None),
        ["PROXY", family @ ("TCP4" | "TCP6"), source, _, port, _] => {
            let ip: Option<IpAddr> = source.parse().ok();
            ip.filter(|ip| ip.is_ipv4() == (family == "TCP4"))
                .zip(port.parse().ok())
        }
        _ => None,
    };
    let (ip, port) = source.ok_or_else(|| refused("a line of other words"))?;
    Ok(Some(SocketAddr::new(ip, port)))
}

async fn version_2(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let command = stream.read_u8().await?;
    let family = stream.read_u8().await?;
    let length = usize::from(stream.read_u16().await?);
    if length > LONGEST_BLOCK {
        return Err(refused("too long a block"));
    }
    let mut block = vec![0; length];
    stream.read_exact(&mut block).await?;
    match command {
        // LOCAL: the proxy's own health check.
        0x20 => Ok(None),
        0x21 => addresses(family, &block),
        _ => Err(refused("another version or command")),
    }
}

/// Source address, destination address, source port, destination port.
fn addresses(family: u8, block: &[u8]) -> io::Result<Option<SocketAddr>> {
    let short = || refused("too short a block");
    let port = |at: usize| {
        let bytes = block.get(at..at + 2)?.try_into().ok()?;
        Some(u16::from_be_bytes(bytes))
    };
    match family {
        0x11 => {
            let ip: [u8; 4] = block.first_chunk().copied().ok_or_else(short)?;
            let port = port(8).ok_or_else(short)?;
            Ok(Some((Ipv4Addr::from(ip), port).into()))
        }
        0x21 => {
            let ip: [u8; 16] = block.first_chunk().copied().ok_or_else(short)?;
            let port = port(32).ok_or_else(short)?;
            Ok(Some((Ipv6Addr::from(ip), port).into()))
        }
        // Neither TCP over IPv4 nor over IPv6: §2.2 says to use the connection's own.
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of `bytes`, and what is left of them.
    async fn read_from(bytes: &[u8]) -> (io::Result<Option<SocketAddr>>, Vec<u8>) {
        let mut rest = bytes;
        let outcome = read(&mut rest).await;
        (outcome, rest.to_vec())
    }

    fn version_2_of(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend(u16::try_from(block.len()).unwrap().to_be_bytes());
        bytes.extend(block);
        bytes.extend(b"GET");
        bytes
    }

    #[tokio::test]
    async fn both_versions_tell_the_client() {
        let v4 = [192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 0, 80, 0xff, 0, 0];
        let mut v6 = [0; 36];
        v6[..4].copy_from_slice(&[0x20, 1, 0xd, 0xb8]);
        v6[32..34].copy_from_slice(&[0, 99]);
        for (bytes, expected) in [
            (
                b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 80\r\nGET".to_vec(),
                Some("192.0.2.7:12345"),
            ),
            (
                b"PROXY TCP6 2001:db8:: fd00::1 99 80\r\nGET".to_vec(),
                Some("[2001:db8::]:99"),
            ),
            (b"PROXY UNKNOWN\r\nGET".to_vec(), None),
            (b"PROXY UNKNOWN a b c d\r\nGET".to_vec(), None),
            (version_2_of(0x21, 0x11, &v4), Some("192.0.2.7:12345")),
            (version_2_of(0x21, 0x21, &v6), Some("[2001:db8::]:99")),
            (version_2_of(0x20, 0x00, &[]), None),
            (version_2_of(0x21, 0x31, &[0; 216]), None),
        ] {
            let (address, rest) = read_from(&bytes).await;
            let expected: Option<SocketAddr> = expected.map(|text| text.parse().unwrap());
            assert_eq!(address.unwrap(), expected, "{bytes:?}");
            assert_eq!(rest, b"GET", "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        for bytes in [
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
            b"PROXY TCP4 2001:db8:: 10.0.0.1 1 80\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 10.0.0.1 123456 80\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7\r\n".to_vec(),
            format!("PROXY TCP4 {}\r\n", "1".repeat(200)).into_bytes(),
            b"PROXY TCP4 192.0".to_vec(),
            version_2_of(0x21, 0x11, &[0; 9]),
            version_2_of(0x31, 0x11, &[0; 12]),
            version_2_of(0x21, 0x11, &[0; 3000]),
        ] {
            assert!(read_from(&bytes).await.0.is_err(), "{bytes:?}");
        }
    }
}
