//! A page of an open PDF as a grey picture.

use pdfium_render::prelude::{PdfBitmap, PdfBitmapFormat, PdfPage, PdfRenderConfig, PdfiumError};

use super::raster::Raster;

/// Most pixels of a picture: an A3 page at 300 dots per inch has 17 million.
const PIXELS_MAX: f32 = 24_000_000.0;
/// Longest side of a picture in pixels.
const SIDE_MAX: f32 = 12_000.0;

/// The page at a resolution in dots per inch, less when it would have too many pixels.
pub(super) fn render(page: &PdfPage<'_>, dpi: f32) -> Result<Raster, PdfiumError> {
    let (width, height) = (page.width().value.max(1.0), page.height().value.max(1.0));
    let scale = (dpi / 72.0).min((PIXELS_MAX / (width * height)).sqrt()).min(SIDE_MAX / width.max(height));
    let (across, down) = ((width * scale).round().max(1.0), (height * scale).round().max(1.0));
    let config = PdfRenderConfig::new()
        .set_fixed_size(across as i32, down as i32)
        .set_format(PdfBitmapFormat::Gray)
        .use_grayscale_rendering(true)
        .set_reverse_byte_order(false)
        .limit_render_image_cache_size(true);
    let mut bitmap = PdfBitmap::empty(across as i32, down as i32, PdfBitmapFormat::Gray)?;
    page.render_into_bitmap_with_config(&mut bitmap, &config)?;
    let (width, height) = (across as usize, down as usize);
    let bytes = bitmap.as_raw_bytes();
    // Rows may be padded.
    let stride = bytes.len() / height;
    let pixels = if stride == width {
        bytes
    } else {
        bytes.chunks_exact(stride).flat_map(|row| &row[..width]).copied().collect()
    };
    Ok(Raster { width, height, pixels, scale })
}
