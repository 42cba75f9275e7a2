//! What does an operator see in a terminal? `tilebrot status` at a real one: a pseudoterminal of the kernel's, whose other end
//! draws what it is told into a grid of cells, as a terminal emulator does.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use vt100::{Color, Parser};

use crate::harness::{PATIENCE, Process};

/// A terminal with a program in it.
struct Terminal {
    program: Child,
    keyboard: File,
    screen: Arc<Mutex<Parser>>,
}

impl Terminal {
    /// Starts `tilebrot` in a terminal of this size.
    fn start(arguments: &[&str], rows: u16, columns: u16) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudoterminal");
        grantpt(&master).expect("it is ours");
        unlockpt(&master).expect("it is ours");
        let name = ptsname(&master, Vec::new()).expect("a name");
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let slave = rustix::fs::open(name, flags, Mode::empty()).expect("the program's end");
        let end = || Stdio::from(slave.try_clone().expect("another handle"));
        let keyboard = File::from(master);
        resize(&keyboard, rows, columns);
        // In a session of its own, whose controlling terminal this is: only then the kernel tells it of another size.
        let program = Command::new("setsid")
            .args(["--ctty", env!("CARGO_BIN_EXE_tilebrot")])
            .args(arguments)
            .env_clear()
            .env("TERM", "xterm-256color")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("setsid, which is part of util-linux, starts");
        drop(slave);
        let screen = Arc::new(Mutex::new(Parser::new(rows, columns, 0)));
        let mut output = keyboard.try_clone().expect("another handle");
        let drawn = screen.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The program's end is closed with the program, which is an error.
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                drawn
                    .lock()
                    .expect("no holder panics")
                    .process(&bytes[..length]);
            }
        });
        Terminal {
            program,
            keyboard,
            screen,
        }
    }

    fn resize(&self, rows: u16, columns: u16) {
        let mut screen = self.screen.lock().expect("no holder panics");
        screen.screen_mut().set_size(rows, columns);
        resize(&self.keyboard, rows, columns);
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("keys");
    }

    /// Waits until the screen is as `condition` wants it.
    fn until(&self, what: &str, condition: impl Fn(&vt100::Screen) -> bool) {
        let began = Instant::now();
        loop {
            let screen = self.screen.lock().expect("no holder panics");
            if condition(screen.screen()) {
                return;
            }
            let shown = screen.screen().contents();
            drop(screen);
            assert!(
                began.elapsed() < PATIENCE,
                "never happened: {what}; the terminal shows:\n{shown}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn resize(terminal: &File, rows: u16, columns: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).expect("a size");
}

/// The colour of `word` in the line that has `name`, if it stands there.
fn colour_of(screen: &vt100::Screen, name: &str, word: &str) -> Option<Color> {
    let (_, columns) = screen.size();
    let lines: Vec<String> = screen.rows(0, columns).collect();
    let row = lines.iter().position(|line| line.contains(name))?;
    let start = lines[row].find(name)? + name.len();
    let before = &lines[row][..start + lines[row][start..].find(word)?];
    let column = before.chars().count();
    let cell = screen.cell(row.try_into().ok()?, column.try_into().ok()?)?;
    Some(cell.fgcolor())
}

/// Whether what is drawn ends in the terminal's last corner.
fn fills(screen: &vt100::Screen) -> bool {
    let (rows, columns) = screen.size();
    let corner = screen.cell(rows - 1, columns - 1);
    corner.is_some_and(|cell| !cell.contents().trim().is_empty())
}

#[test]
fn status_fills_the_terminal_in_colour_follows_its_size_and_ends_on_q() {
    let up = Process::up(1, 1);
    let listen = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let server = ["--server", up.url.as_str()];
    let mut balancer = Process::start(&[&["balancer"], &listen[..], &server].concat());
    let admin = balancer.next_address();
    let address = up.url.trim_start_matches("http://").to_owned();
    let mut terminal = Terminal::start(&["status", "--admin", &admin], 30, 100);

    terminal.until("the server is up, in green", |screen| {
        colour_of(screen, &address, "up") == Some(Color::Idx(2))
    });
    terminal.until("all of the terminal is used", |screen| {
        screen.alternate_screen() && screen.contents().contains(&admin) && fills(screen)
    });
    for (rows, columns) in [(20, 70), (45, 140)] {
        terminal.resize(rows, columns);
        terminal.until("the new size is filled", |screen| {
            fills(screen) && colour_of(screen, &address, "up") == Some(Color::Idx(2))
        });
    }
    drop(up);
    terminal.until("the server is gone, in red or yellow", |screen| {
        let found = |word| colour_of(screen, &address, word);
        found("down") == Some(Color::Idx(1)) || found("ejected") == Some(Color::Idx(3))
    });

    terminal.press("q");
    let began = Instant::now();
    let status = loop {
        match terminal.program.try_wait().expect("it is ours") {
            Some(status) => break status,
            None => assert!(began.elapsed() < PATIENCE, "q does not end it"),
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "{status}");
    terminal.until("the terminal is as it was", |screen| {
        !screen.alternate_screen() && !screen.hide_cursor()
    });
}
