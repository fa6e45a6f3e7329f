//! The text of a picture, by Tesseract.

use std::path::Path;
use std::time::{Duration, Instant};

use super::process;
use super::tsv::{self, Table};

/// A mean confidence below this is that of a page that lies on its side, or of no text at all.
const LYING: f32 = 0.6;

/// Recognises a picture in any format that Tesseract takes. One that makes little sense is tried again as a page that
/// may be turned. None when it fails or takes too long.
pub(super) async fn recognise(program: &Path, picture: &[u8], dpi: u32, time: Duration) -> Option<Table> {
    let begun = Instant::now();
    let upright = pass(program, picture, dpi, "3", time).await?;
    let left = time.saturating_sub(begun.elapsed());
    if upright.confidence >= LYING || left.is_zero() {
        return Some(upright);
    }
    let worth = |table: &Table| table.confidence * table.letters as f32;
    match pass(program, picture, dpi, "1", left).await {
        Some(turned) if worth(&turned) > worth(&upright) => Some(turned),
        _ => Some(upright),
    }
}

/// One pass in a segmentation mode: "3" takes the page as upright, "1" finds out how it lies.
async fn pass(program: &Path, picture: &[u8], dpi: u32, mode: &str, time: Duration) -> Option<Table> {
    let dpi = dpi.to_string();
    let arguments = ["stdin", "stdout", "--dpi", &dpi, "-l", "eng", "--psm", mode, "tsv"];
    let output = process::run(program, &arguments, picture, time).await?;
    tsv::pages(&String::from_utf8_lossy(&output)).into_iter().next()
}

/// A grey picture in the format that every program reads.
pub(super) fn portable(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut picture = format!("P5\n{width} {height}\n255\n").into_bytes();
    picture.extend_from_slice(pixels);
    picture
}

/// Width and height of a PNG or JPEG, from its head; none when it is neither or makes no sense.
pub(super) fn dimensions(picture: &[u8]) -> Option<(u32, u32)> {
    if picture.starts_with(b"\x89PNG\r\n\x1a\n") {
        let side = |at: usize| Some(u32::from_be_bytes(picture.get(at..at + 4)?.try_into().ok()?));
        return Some((side(16)?, side(20)?)).filter(|(width, height)| *width > 0 && *height > 0);
    }
    if !picture.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return None;
    }
    let mut at = 2;
    loop {
        let [0xFF, kind, high, low] = *picture.get(at..at + 4)? else { return None };
        let is_frame = matches!(kind, 0xC0..=0xCF) && !matches!(kind, 0xC4 | 0xC8 | 0xCC);
        if is_frame {
            let side =
                |at: usize| Some(u32::from(u16::from_be_bytes(picture.get(at..at + 2)?.try_into().ok()?)));
            return Some((side(at + 7)?, side(at + 5)?)).filter(|(width, height)| *width > 0 && *height > 0);
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_of_a_picture_are_in_its_head() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend_from_slice(&[0, 0, 4, 0, 0, 0, 3, 0]);
        assert_eq!(dimensions(&png), Some((1024, 768)));
        let jpeg = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xC2, 0, 11, 8, 0x02, 0x58, 0x03, 0x20, 1];
        assert_eq!(dimensions(&jpeg), Some((800, 600)));
    }

    #[test]
    fn a_truncated_head_has_no_sides() {
        assert_eq!(dimensions(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"), None);
        assert_eq!(dimensions(&[0xFF, 0xD8, 0xFF, 0xE0, 0, 4]), None);
        assert_eq!(dimensions(b"GIF89a"), None);
    }
}
