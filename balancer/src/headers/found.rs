//! Which of a message's fields need something done? One look at each name tells. Nearly all messages have none of
//! them, and asking a map for each of a dozen names that are not there costs more than all the rest of what is done to them.

use http::HeaderMap;

/// A field that ends at this hop, or that is not believed of everybody.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    Connection = 1,
    Cookie = 1 << 1,
    Expect = 1 << 2,
    Forwarded = 1 << 3,
    /// `Keep-Alive` or `Proxy-Connection`, which nobody needs.
    KeepAlive = 1 << 4,
    RealIp = 1 << 5,
    RequestId = 1 << 6,
    Te = 1 << 7,
    TransferEncoding = 1 << 8,
    Upgrade = 1 << 9,
    /// Any whose name begins with `X-Forwarded-`.
    XForwarded = 1 << 10,
    Via = 1 << 11,
    /// Any with an underscore that may stand for one of those which begin with `X-`.
    Underscored = 1 << 12,
}

/// Those that are there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found(u16);

impl Found {
    /// Looks at all names of `headers`.
    pub(super) fn among(headers: &HeaderMap) -> Found {
        let mut found = Found::default();
        for name in headers.keys() {
            if let Some(field) = field(name.as_str()) {
                found.0 |= field as u16;
            }
        }
        found
    }

    pub(super) fn has(self, field: Field) -> bool {
        self.0 & field as u16 != 0
    }
}

/// Names of a map are in lower case.
fn field(name: &str) -> Option<Field> {
    Some(match name {
        "te" => Field::Te,
        "via" => Field::Via,
        "cookie" => Field::Cookie,
        "expect" => Field::Expect,
        "upgrade" => Field::Upgrade,
        "forwarded" => Field::Forwarded,
        "x-real-ip" => Field::RealIp,
        "connection" => Field::Connection,
        "keep-alive" | "proxy-connection" => Field::KeepAlive,
        "x-request-id" => Field::RequestId,
        "transfer-encoding" => Field::TransferEncoding,
        name => {
            let rest = name.strip_prefix('x')?;
            if rest.starts_with("-forwarded-") {
                Field::XForwarded
            } else if rest.contains('_') {
                Field::Underscored
            } else {
                return None;
            }
        }
    })
}
