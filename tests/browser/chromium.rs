//! A browser of one test: an empty profile, no window, and no process left behind however the test ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;

use chromiumoxide::browser::Browser;
use chromiumoxide::handler::HandlerConfig;
use futures::StreamExt;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::PATIENCE;
use crate::page::Page;

/// Where Debian puts the browser. The first is what the second, a shell script, starts.
const USUAL: [&str; 3] = [
    "/usr/lib/chromium/chromium-headless-shell",
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
];

/// No sandbox, because tests run as root in containers; and nothing that a browser does on its own.
const FLAGS: [&str; 15] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    // WebGL without a graphics processor, for the pages that insist on it.
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--lang=en-US",
    "--remote-debugging-port=0",
];

/// A running browser; killed, with the processes that it started, when it is dropped.
pub(crate) struct Chromium {
    process: Child,
    profile: PathBuf,
    browser: Option<Browser>,
}

impl Chromium {
    pub(crate) async fn start() -> Chromium {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("chromium-{}-{number}", std::process::id());
        let profile = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&profile).expect("a folder for the profile");
        let executable = executable();
        let process = Command::new(&executable)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", executable.display()));
        let mut chromium = Chromium {
            process,
            profile,
            browser: None,
        };
        let config = HandlerConfig {
            viewport: None,
            request_timeout: PATIENCE,
            ..HandlerConfig::default()
        };
        let (browser, mut handler) = Browser::connect_with_config(chromium.address(), config)
            .await
            .expect("the browser takes the connection");
        // A message that the library does not know is none that a test waits for.
        tokio::spawn(async move { while handler.next().await.is_some() {} });
        chromium.browser = Some(browser);
        chromium
    }

    /// The address that the browser tells on its stderr, which is read on for as long as it runs.
    fn address(&mut self) -> String {
        let stderr = self.process.stderr.take().expect("stderr is piped");
        let (sender, address) = mpsc::channel();
        thread::spawn(move || {
            let mut said = String::new();
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("DevTools listening on ") {
                    // Nobody waits any more when the test is over.
                    let _ = sender.send(Ok(address.to_owned()));
                }
                said.push_str(&line);
                said.push('\n');
            }
            let _ = sender.send(Err(said));
        });
        match address.recv_timeout(PATIENCE) {
            Ok(Ok(address)) => address,
            Ok(Err(said)) => panic!("the browser ended at once; it said:\n{said}"),
            Err(_) => panic!("the browser did not tell its address"),
        }
    }

    /// A new page, with nothing on it.
    pub(crate) async fn page(&self) -> Page {
        let browser = self.browser.as_ref().expect("the browser is connected");
        Page::new(browser.new_page("about:blank").await.expect("a page")).await
    }

    /// A folder of this browser's own, gone when the test is over.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.profile.join(name);
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It may have ended already, which is as good; and what it leaves is in a folder for such things.
        let _ = kill_process_group(Pid::from_child(&self.process), Signal::KILL);
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

fn executable() -> PathBuf {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return path.into();
    }
    let usual = USUAL.iter().map(PathBuf::from).find(|path| path.exists());
    usual.unwrap_or_else(|| {
        panic!(
            "these tests need a browser: `apt-get install chromium-headless-shell`, or name one in CHROMIUM \
             (none of {USUAL:?} exists)"
        )
    })
}
