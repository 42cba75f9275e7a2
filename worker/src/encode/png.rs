//! A tile as a complete PNG, for people and programs that want one picture and no gathering.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageResult};
use protocol::Rect;

/// Encodes RGB8 pixels.
pub(crate) fn encode(pixels: &[u8], rect: Rect) -> ImageResult<Vec<u8>> {
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
        .write_image(pixels, rect.w, rect.h, ExtendedColorType::Rgb8)?;
    Ok(png)
}
