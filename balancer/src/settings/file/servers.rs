//! Servers, wherever they are listed: under a pool, in a file of their own, or in what an operator sends.

use std::collections::HashSet;

use service::Mistakes;

use super::MOST;
use crate::settings::address::ACCEPTED as ADDRESSES;
use crate::settings::notes::{self, Notes};
use crate::settings::reader::Reader;
use crate::settings::value::{Table, Value};
use crate::settings::{Address, Change, Server};

/// `servers` holds addresses, or tables of an address and more.
pub(super) fn servers(reader: &mut Reader<'_>) -> Vec<Server> {
    let accepted = "a list of servers, at least one";
    let servers = reader.items("servers", "address", accepted, server);
    if servers.is_empty() {
        reader.missing("servers", accepted);
    }
    let mut seen = HashSet::new();
    for (i, server) in servers.iter().enumerate() {
        if let Some(Server { address, .. }) = server
            && !seen.insert(address)
        {
            let accepted = "an address that was not listed before";
            reader.refuse(&format!("servers[{i}].address"), address, accepted);
        }
    }
    servers.into_iter().flatten().collect()
}

fn server(reader: &mut Reader<'_>) -> Option<Server> {
    let address = reader.required("address", ADDRESSES, |value| {
        value.as_str()?.parse::<Address>().ok()
    });
    let capacity = reader.whole("capacity", 1..=MOST);
    let weight = reader.whole("weight", 1..=1000);
    let mut backup = false;
    reader.flag("backup", &mut backup);
    address.map(|address| Server {
        address,
        capacity,
        weight: weight.unwrap_or(1),
        backup,
    })
}

/// Reads a list of servers, one a line or a JSON list as under the key `servers`; each has an IP address of its own.
pub(in crate::settings) fn read_list(file: &str, text: &str) -> Result<Vec<Server>, Mistakes> {
    let value = if text.trim_start().starts_with('[') {
        let table = format!("{{\"servers\":{text}}}");
        Value::read(&table).map_err(|faults| notes::broken(file, text, faults))?
    } else {
        Value::lines("servers", text)
    };
    let mut notes = Notes::on(file, &value);
    let mut top = Reader::new("", table(&value), &mut notes);
    let servers = servers(&mut top);
    top.finish();
    for (i, server) in servers.iter().enumerate() {
        if !matches!(server.address, Address::Fixed(_)) {
            let path = format!("servers[{i}].address");
            let accepted = "http://IP:PORT in a list that is a file";
            notes.refuse(path, &server.address, accepted);
        }
    }
    notes.none_or(servers)
}

/// Reads the JSON of one server.
pub(in crate::settings) fn read_server(file: &str, text: &str) -> Result<Server, Mistakes> {
    // Without an address there is a mistake, so that somebody is told and nobody gets this one.
    let nowhere = || Server::from(Address::Name(String::new(), 0));
    read_json(file, text, |reader| server(reader).unwrap_or_else(nowhere))
}

/// Reads the JSON of a change.
pub(in crate::settings) fn read_change(file: &str, text: &str) -> Result<Change, Mistakes> {
    read_json(file, text, |reader| Change {
        capacity: reader.whole("capacity", 1..=MOST),
        weight: reader.whole("weight", 1..=1000),
        drain: reader.optional("drain", "true or false", Value::as_bool),
    })
}

fn read_json<T>(
    file: &str,
    text: &str,
    read: impl FnOnce(&mut Reader<'_>) -> T,
) -> Result<T, Mistakes> {
    let value = Value::read_json(text).map_err(|fault| notes::broken(file, text, vec![fault]))?;
    let mut notes = Notes::on(file, &value);
    if value.as_table().is_none() {
        notes.refuse(String::new(), &value, "a JSON object");
    }
    let mut top = Reader::new("", table(&value), &mut notes);
    let read = read(&mut top);
    top.finish();
    notes.none_or(read)
}

fn table(value: &Value) -> Table {
    value.as_table().cloned().unwrap_or_default()
}
