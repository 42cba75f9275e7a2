//! Does the cluster do what it promises, as separate processes, with faults? Every test starts its own
//! on free ports, and waits for conditions, never for time.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod harness;

mod bad_input;
mod command_line;
mod deep;
mod documents;
mod draining;
mod faults;
mod joining;
mod kept;
mod rendering;
mod structure;
mod terminal;
mod tiles;
mod watching;
