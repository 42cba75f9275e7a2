//! The frontend as its clients see it, with workers that are under the tests' thumb.

mod harness;
mod pages;
mod pictures;
mod progress;
mod troubles;
