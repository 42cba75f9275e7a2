//! The keys of what a listener's clients may do.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::super::reader::Reader;
use super::super::{Limits, Listener, Rate, Timeouts, Tls, WaitingRoom};
use super::{MOST, set};

/// How clients come to `listener`, and what each may do.
pub(super) fn listener(reader: &mut Reader<'_>, listener: &mut Listener) {
    listener.rate = reader.optional_section("rate", rate);
    listener.tls = reader.optional_section("tls", |reader| Tls {
        certificate: reader
            .required_text("certificate", "the path of a PEM file")
            .into(),
        key: reader.required_text("key", "the path of a PEM file").into(),
    });
    reader.flag("proxy_protocol", &mut listener.proxy_protocol);
    listener.waiting_room = reader.optional_section("waiting_room", waiting_room);
}

fn waiting_room(reader: &mut Reader<'_>) -> WaitingRoom {
    let mut room = WaitingRoom {
        active: reader.whole("active", 1..=MOST),
        queue: reader.whole("queue", 1..=MOST),
        page: reader.text("page", "the path of a page").map(PathBuf::from),
        key_file: reader
            .text("key_file", "the path of a file of random bytes")
            .map(PathBuf::from),
        ..WaitingRoom::default()
    };
    set(&mut room.length, reader.whole("length", 1..=100_000));
    reader.duration("session", &mut room.session);
    reader.duration("refresh", &mut room.refresh);
    reader.duration("abandon", &mut room.abandon);
    if room.abandon < 2 * room.refresh {
        let accepted = "at least twice refresh, or nobody could keep a place";
        let abandon = format!("{}s", room.abandon.as_secs_f64());
        reader.refuse("abandon", abandon, accepted);
    }
    room
}

/// The rate limit, when there is one.
fn rate(reader: &mut Reader<'_>) -> Rate {
    let accepted = format!("a whole number from 1 to {MOST}");
    let requests = reader.required("requests", &accepted, |value| {
        let requests = value.as_integer().filter(|requests| *requests <= MOST)?;
        NonZeroU32::new(requests.try_into().ok()?)
    });
    let mut rate = Rate::new(requests.unwrap_or(NonZeroU32::MIN));
    let burst = reader.whole::<u32>("burst", 1..=MOST);
    set(&mut rate.burst, burst.and_then(NonZeroU32::new));
    set(&mut rate.ban_after, reader.whole("ban_after", 0..=MOST));
    reader.duration("ban", &mut rate.ban);
    set(&mut rate.clients, reader.whole("clients", 1000..=MOST));
    rate
}

/// Who may bring many clients, and how many connections one may have.
pub(super) fn clients(reader: &mut Reader<'_>, limits: &mut Limits) {
    limits.connections_per_client = reader.whole("connections_per_client", 1..=MOST);
    let accepted = "an array of networks, such as \"10.0.0.0/8\" or \"192.0.2.7/32\"";
    let trusted = reader.optional("trusted_proxies", accepted, |value| {
        let items = value.as_array()?.iter();
        items.map(|item| item.as_str()?.parse().ok()).collect()
    });
    set(&mut limits.trusted_proxies, trusted);
}

/// How long clients may take.
pub(super) fn timeouts(reader: &mut Reader<'_>, timeouts: &mut Timeouts) {
    reader.duration("body_idle", &mut timeouts.body_idle);
    set(&mut timeouts.body_rate, reader.whole("body_rate", 0..=MOST));
    let mut request = Duration::ZERO;
    reader.duration("request", &mut request);
    timeouts.request = Some(request).filter(|request| !request.is_zero());
    reader.duration("tunnel_idle", &mut timeouts.tunnel_idle);
}
