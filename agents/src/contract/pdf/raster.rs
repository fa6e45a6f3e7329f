//! A grey picture of a page, and what can be seen in a part of it.

/// One byte a pixel, row by row; 0 is black.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Raster {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
    /// Pixels in a point.
    pub(super) scale: f32,
}

/// What a part of a picture looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// The most frequent grey, rounded to steps of eight: what the letters stand on.
    pub(super) ground: u8,
    /// Between the darkest and the lightest pixel.
    pub(super) contrast: u8,
}

impl Raster {
    /// What the part of the page between the sides (left, top, right, bottom in points) looks like; none outside.
    pub(super) fn look(&self, sides: [f32; 4]) -> Option<Look> {
        let [left, top, right, bottom] = self.cut(sides, 1.0)?;
        let mut counts = [0_u32; 32];
        let (mut darkest, mut lightest) = (u8::MAX, 0);
        for row in top..bottom {
            for &pixel in &self.pixels[row * self.width + left..row * self.width + right] {
                counts[usize::from(pixel >> 3)] += 1;
                darkest = darkest.min(pixel);
                lightest = lightest.max(pixel);
            }
        }
        let (step, _) = counts.iter().enumerate().max_by_key(|(_, count)| **count)?;
        let ground = u8::try_from(step * 8 + 4).unwrap_or(u8::MAX);
        Some(Look { ground, contrast: lightest.saturating_sub(darkest) })
    }

    /// The share of pixels that stand out from the page's ground and lie in none of the boxes.
    pub(super) fn ink_outside(&self, boxes: impl Iterator<Item = [f32; 4]>) -> f32 {
        let mut counts = [0_u32; 32];
        for pixel in &self.pixels {
            counts[usize::from(pixel >> 3)] += 1;
        }
        let ground = counts.iter().enumerate().max_by_key(|(_, count)| **count).map_or(31, |(step, _)| step);
        let ground = i32::try_from(ground * 8 + 4).unwrap_or(255);
        let mut stands_out: Vec<bool> =
            self.pixels.iter().map(|pixel| (i32::from(*pixel) - ground).abs() > 48).collect();
        for sides in boxes {
            let Some([left, top, right, bottom]) = self.cut(sides, 2.0) else { continue };
            for row in top..bottom {
                stands_out[row * self.width + left..row * self.width + right].fill(false);
            }
        }
        let count = stands_out.iter().filter(|stands_out| **stands_out).count();
        count as f32 / self.pixels.len().max(1) as f32
    }

    /// The pixels between the sides and a margin of some pixels around them.
    fn cut(&self, sides: [f32; 4], margin: f32) -> Option<[usize; 4]> {
        let low = |side: f32| (side * self.scale - margin).floor().max(0.0) as usize;
        let high = |side: f32, end: usize| ((side * self.scale + margin).ceil().max(0.0) as usize).min(end);
        let [left, top] = [low(sides[0]), low(sides[1])];
        let [right, bottom] = [high(sides[2], self.width), high(sides[3], self.height)];
        (left < right && top < bottom).then_some([left, top, right, bottom])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A white page of 20 by 10 with a black square from (2, 2) to (5, 5).
    fn square() -> Raster {
        let black = |x: usize, y: usize| (2..5).contains(&x) && (2..5).contains(&y);
        let pixels = (0..200).map(|at| if black(at % 20, at / 20) { 0 } else { 255 }).collect();
        Raster { width: 20, height: 10, pixels, scale: 1.0 }
    }

    #[test]
    fn ink_gives_contrast_and_paper_gives_none() {
        let page = square();
        assert_eq!(page.look([1.0, 1.0, 6.0, 6.0]), Some(Look { ground: 252, contrast: 255 }));
        assert_eq!(page.look([12.0, 1.0, 18.0, 6.0]).map(|look| look.contrast), Some(0));
        assert_eq!(page.look([30.0, 1.0, 38.0, 6.0]), None);
    }

    #[test]
    fn only_ink_that_no_box_holds_counts() {
        let page = square();
        assert!((page.ink_outside(std::iter::empty()) - 9.0 / 200.0).abs() < 1e-6);
        assert!(page.ink_outside([[2.0, 2.0, 5.0, 5.0]].into_iter()) < 1e-6);
    }
}
