//! What may be said about a frontend? Where the workers are reached, and how long and how much it goes
//! on for one picture. Checked once, when the service starts.

use std::path::PathBuf;
use std::time::Duration;

use protocol::Limits;
use service::Mistakes;

/// The settings of a frontend; [`Settings::new`] fills in all but the address of the tiles.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where pieces are asked for: the base address of the balancer's tiles listener, such as
    /// `http://balancer:8081`. A single worker's own address will do.
    pub tiles: String,
    /// Where the balancer's admin pages are, such as `http://balancer:8082`, if visitors may see its servers at work.
    pub balancer: Option<String>,
    /// The largest view that is taken.
    pub limits: Limits,
    /// How long one picture may take, from its request to its last byte.
    pub deadline: Duration,
    /// How long one request for a piece may take before it is given up and sent again.
    pub piece_timeout: Duration,
    /// How long a render goes on asking while nobody answers.
    pub patience: Duration,
    /// How long a piece may take, whatever its siblings took, before it is sent a second time.
    pub straggler_after: Duration,
    /// How long a client may take nothing before it is taken for gone.
    pub stall: Duration,
    /// How many pieces the workers draw at once; if not given, what the balancer says, and where it is none of ours,
    /// the sum over the workers that answer.
    pub slots: Option<u32>,
    /// How many pictures are rendered at once; more are refused with 503.
    pub renders: usize,
    /// How many bytes of tiles are kept in memory.
    pub tile_memory: u64,
    /// Where more of them are kept, beyond the end of the process; nowhere, if not given. A folder is for one frontend alone.
    pub tile_cache_folder: Option<PathBuf>,
    /// How many bytes of tiles that folder holds.
    pub tile_cache_size: u64,
    /// How long requests in flight may go on after the shutdown was asked for.
    pub grace: Duration,
}

impl Settings {
    /// The defaults, with the workers reached at `tiles` (`http://host:port`).
    pub fn new(tiles: impl Into<String>) -> Settings {
        Settings {
            tiles: tiles.into(),
            balancer: None,
            limits: Limits::default(),
            deadline: Duration::from_secs(600),
            piece_timeout: Duration::from_secs(300),
            // Longer than a worker takes to restart, shorter than a person waits for an error page.
            patience: Duration::from_secs(8),
            straggler_after: Duration::from_secs(3),
            // A full band over a line of a hundred kilobits a second.
            stall: Duration::from_secs(120),
            slots: None,
            // A render holds at most 32 MiB of bands: 2 GiB when all of them hold all they may.
            renders: 64,
            // Some thousand pages of tiles.
            tile_memory: 256 << 20,
            tile_cache_folder: None,
            tile_cache_size: 4 << 30,
            grace: Duration::from_secs(30),
        }
    }

    /// The base address without a slash at its end, if all settings can be used.
    ///
    /// # Errors
    /// Every mistake, by the name that the setting has as a flag.
    pub fn base(&self) -> Result<String, Mistakes> {
        let mut mistakes = Mistakes::default();
        let base = self.tiles.trim_end_matches('/');
        if !is_base(base) {
            mistakes.push(
                "--tiles",
                &self.tiles,
                "an address such as http://balancer:8081",
            );
        }
        if let Some(admin) = &self.balancer
            && !is_base(admin.trim_end_matches('/'))
        {
            let accepted = "an address such as http://balancer:8082";
            mistakes.push("--balancer", admin, accepted);
        }
        let slots = self.slots.map(|slots| slots as usize);
        for (name, count) in [("--slots", slots), ("renders", Some(self.renders))] {
            if let Some(count @ 0) = count {
                mistakes.push(name, count, "1 or more");
            }
        }
        mistakes.none_or(base.to_owned())
    }

    /// The base address of the balancer's admin pages; [`Settings::base`] has looked at it.
    pub(crate) fn admin(&self) -> Option<String> {
        let admin = self.balancer.as_deref()?;
        Some(admin.trim_end_matches('/').to_owned())
    }
}

fn is_base(address: &str) -> bool {
    reqwest::Url::parse(address).is_ok_and(|url| {
        url.scheme() == "http" && url.has_host() && url.path() == "/" && url.query().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_plain_http_is_taken() {
        for tiles in [
            "http://balancer:8081",
            "http://127.0.0.1:80/",
            "http://[::1]:9",
        ] {
            assert!(Settings::new(tiles).base().is_ok(), "{tiles}");
        }
    }

    #[test]
    fn every_mistake_is_said_at_once() {
        for tiles in [
            "",
            "balancer:8081",
            "https://x",
            "http://x/path",
            "http://x?y",
        ] {
            let settings = Settings {
                slots: Some(0),
                balancer: Some("admin".into()),
                ..Settings::new(tiles)
            };
            let said = settings.base().unwrap_err().to_string();
            assert!(
                ["--tiles", "--slots", "--balancer"]
                    .iter()
                    .all(|name| said.contains(name)),
                "{said}"
            );
        }
    }
}
