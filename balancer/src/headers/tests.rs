//! Is what belongs to this hop or is not believed dropped, however it is said, and all else passed on?

use super::*;

fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

fn forwarded_by(trusted: bool, fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = headers(fields);
    let peer = Peer::new(IpAddr::from([192, 0, 2, 7]), trusted, false);
    let added = forward(&mut headers, &peer, b"made-here", Version::HTTP_11);
    let lines = std::str::from_utf8(added.as_bytes()).unwrap();
    for line in lines.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        let name: HeaderName = name.parse().unwrap();
        // Nobody is told the same thing twice.
        assert!(!headers.contains_key(&name), "{name}");
        headers.insert(name, value.parse().unwrap());
    }
    headers
}

fn forwarded(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    forwarded_by(false, fields)
}

#[test]
fn what_servers_may_take_for_a_field_that_is_not_believed_is_dropped_too() {
    let fields = [
        ("x_forwarded_for", "1.1.1.1"),
        ("x-forwarded_for", "1.1.1.1"),
        ("x_real_ip", "1.1.1.1"),
        ("x_request-id", "1"),
        ("x_mine", "1"),
    ];
    let seen = forwarded(&fields);
    for (name, _) in &fields[..4] {
        assert!(!seen.contains_key(*name), "{name}");
    }
    assert_eq!(seen["x_mine"], "1");
    assert_eq!(seen["x-forwarded-for"], "192.0.2.7");
}

#[test]
fn a_length_beside_chunks_ends_here_even_if_the_chunks_were_named_as_ending_here() {
    for connection in ["close", "transfer-encoding"] {
        let mut left = headers(&[
            ("connection", connection),
            ("transfer-encoding", "chunked"),
            ("content-length", "3"),
        ]);
        strip_hop_by_hop(&mut left);
        assert!(left.is_empty(), "{connection}: {left:?}");
    }
}

#[test]
fn what_belongs_to_the_connection_stays_with_it() {
    let mut left = headers(&[
        ("connection", "close, X-Mine"),
        ("connection", "x-other"),
        ("x-mine", "1"),
        ("x-other", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("te", "gzip"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("x-kept", "1"),
    ]);
    strip_hop_by_hop(&mut left);
    assert_eq!(left, headers(&[("x-kept", "1")]));
}

#[test]
fn host_and_length_stay_whatever_connection_names() {
    let fields = [("host", "a"), ("content-length", "3")];
    let mut left = headers(&fields);
    left.insert(CONNECTION, HeaderValue::from_static("Host, Content-Length"));
    strip_hop_by_hop(&mut left);
    assert_eq!(left, headers(&fields));
}

#[test]
fn the_way_of_a_request_begins_here() {
    let fresh = forwarded(&[("host", "example.org")]);
    assert_eq!(fresh["x-forwarded-for"], "192.0.2.7");
    assert_eq!(fresh["x-forwarded-proto"], "http");
    assert_eq!(fresh["x-forwarded-host"], "example.org");
    assert_eq!(fresh["via"], "1.1 balancer");
}

#[test]
fn what_a_client_says_of_its_way_is_not_believed() {
    let made_up = forwarded(&[
        ("host", "example.org"),
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "outer"),
        ("x-forwarded-port", "1"),
        ("x-forwarded-prefix", "/admin"),
        ("forwarded", "for=198.51.100.1"),
        ("x-real-ip", "198.51.100.1"),
        ("x-request-id", "theirs"),
        (
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
    ]);
    assert_eq!(made_up["x-forwarded-for"], "192.0.2.7");
    assert_eq!(made_up["x-forwarded-proto"], "http");
    assert_eq!(made_up["x-forwarded-host"], "example.org");
    assert_eq!(made_up["x-request-id"], "made-here");
    assert!(made_up.contains_key("traceparent"));
    for name in [
        "x-forwarded-port",
        "x-forwarded-prefix",
        "forwarded",
        "x-real-ip",
    ] {
        assert!(!made_up.contains_key(name), "{name}");
    }
}

#[test]
fn what_a_trusted_proxy_says_is_extended() {
    let behind_another = forwarded_by(
        true,
        &[
            ("host", "inner"),
            ("x-forwarded-for", "198.51.100.1"),
            ("x-forwarded-for", "198.51.100.2"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "outer"),
            ("via", "2 edge"),
            ("forwarded", "for=198.51.100.1"),
            ("x-request-id", "theirs"),
            ("x-forwarded-port", "443"),
        ],
    );
    let expected = "198.51.100.1, 198.51.100.2, 192.0.2.7";
    assert_eq!(behind_another["x-forwarded-for"], expected);
    assert_eq!(behind_another.get_all("x-forwarded-for").iter().count(), 1);
    assert_eq!(behind_another["x-forwarded-proto"], "https");
    assert_eq!(behind_another["x-forwarded-host"], "outer");
    assert_eq!(behind_another["x-forwarded-port"], "443");
    assert_eq!(behind_another["x-request-id"], "theirs");
    assert_eq!(behind_another["via"], "2 edge, 1.1 balancer");
    let forwarded = "for=198.51.100.1, for=192.0.2.7";
    assert_eq!(behind_another["forwarded"], forwarded);
}

#[test]
fn trailers_may_be_asked_for() {
    assert_eq!(forwarded(&[("te", "gzip, trailers")])["te"], "trailers");
    assert!(!forwarded(&[("te", "gzip")]).contains_key("te"));
    assert!(!forwarded(&[("expect", "100-continue")]).contains_key("expect"));
}
