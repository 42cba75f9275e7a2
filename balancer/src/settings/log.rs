//! What is written down, in which form, and where?

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// What is written down beside the process's own log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// A line for each request.
    pub access: AccessFormat,
    /// Where files are made, `access.log` and `events.log`; without it access lines go to stderr.
    pub folder: Option<PathBuf>,
}

/// How the line of a request looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessFormat {
    /// There is none.
    #[default]
    None,
    /// A JSON object.
    Json,
    /// Apache's and nginx's combined format.
    Combined,
}

impl AccessFormat {
    /// Every format.
    pub const ALL: [AccessFormat; 3] = [
        AccessFormat::None,
        AccessFormat::Json,
        AccessFormat::Combined,
    ];
}

impl fmt::Display for AccessFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AccessFormat::None => "none",
            AccessFormat::Json => "json",
            AccessFormat::Combined => "combined",
        })
    }
}

impl FromStr for AccessFormat {
    type Err = String;

    /// The error says which names are accepted.
    fn from_str(text: &str) -> Result<AccessFormat, String> {
        let all = AccessFormat::ALL;
        let named = all.into_iter().find(|format| format.to_string() == text);
        named.ok_or_else(|| all.map(|format| format.to_string()).join(" or "))
    }
}
