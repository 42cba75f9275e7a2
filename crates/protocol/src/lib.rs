//! What travels between frontend and worker, and what every API of Tilebrot calls a view: fields with
//! names, ranges and defaults, checked once; the piece of a picture that is asked for; and the bands
//! that come back. It knows how things are written, never how a pixel is computed.

mod address;
mod appearance;
mod band;
mod colours;
mod decimal;
mod errors;
mod fields;
mod formula;
mod limits;
mod natural;
mod nucleus;
mod palette;
mod quality;
mod stops;
mod strip;
mod subdivision;
mod survey;
mod tile;
mod view;

pub use address::{Side, TileAddress};
pub use appearance::Appearance;
pub use band::{Adler, Band, BandError, BandHead, Strip};
pub use colours::{Colouring, Colours, Rgb};
pub use decimal::Decimal;
pub use errors::{Fault, FieldError, FieldErrors};
pub use fields::Fields;
pub use formula::Formula;
pub use limits::Limits;
pub use natural::Natural;
pub use nucleus::Nucleus;
pub use palette::{PALETTES, Palette, Stop};
pub use quality::Quality;
pub use stops::{ChosenPalette, OwnStops};
pub use strip::Strips;
pub use subdivision::Subdivision;
pub use survey::{Survey, SurveyLine};
pub use tile::{Channel, Format, Rect, TileRequest};
pub use view::{Iterations, View};

/// Names of the HTTP header fields that a tile carries.
pub mod header {
    /// The id of the worker that drew the tile.
    pub const X_WORKER: &str = "x-worker";
    /// How many tiles that worker draws at once.
    pub const X_WORKER_CAPACITY: &str = "x-worker-capacity";
    /// The iteration limit that was used, for views that ask for `auto`.
    pub const X_ITERATIONS: &str = "x-iterations";
    /// How many requests the servers behind a balancer run at once, in all.
    pub const X_POOL_CAPACITY: &str = "x-pool-capacity";
}
