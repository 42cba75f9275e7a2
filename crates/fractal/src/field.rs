//! What is known of every sample of a rectangle when its iteration is over?

/// The escape field: one value a sample, row by row from the top.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Samples in a row: the rectangle's width × samples a pixel.
    pub width: usize,
    /// Rows of samples.
    pub height: usize,
    /// Smooth counts: μ = m + 1 - log_p(log₂|z_m|), where m is the first index with |z_m| > 2¹⁶ and p the formula's
    /// degree. Continuous across bands; +∞ where the sample has not escaped at the limit.
    pub smooth: Vec<f64>,
    /// Escape counts: the first n with |zₙ| > 2, where z₁ is the sample's point; 0 where there is none up to the limit.
    pub counts: Vec<u64>,
}

impl Field {
    /// A field in which nothing has escaped.
    pub(crate) fn interior(width: usize, height: usize) -> Field {
        Field {
            width,
            height,
            smooth: vec![f64::INFINITY; width * height],
            counts: vec![0; width * height],
        }
    }
}

/// The caller raised the flag before the field was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;
