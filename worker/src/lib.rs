//! A worker draws tiles: it checks a request, admits it, computes the escape field on its own threads,
//! colours it, and encodes it. Between tiles it keeps nothing but reference orbits, which
//! it can compute anew, so that there can be any number of it.

mod admission;
mod api;
mod draw;
mod encode;
mod gradients;
mod job;
mod metrics;
mod nucleus;
mod openapi;
mod orbits;
mod prepare;
mod problems;
mod request;
mod server;
mod settings;
mod stream;
mod survey;
mod translate;
mod turn;

pub use encode::band;
pub use gradients::gradient_of;
pub use server::{Error, run};
pub use settings::Settings;
