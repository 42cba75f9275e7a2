//! The three forms in which a tile travels.

pub mod band;
pub(crate) mod npy;
pub(crate) mod png;
