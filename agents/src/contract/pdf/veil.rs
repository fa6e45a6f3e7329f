//! Which letters of a page nobody sees.

use pdfium_render::prelude::{
    PdfPage, PdfPageObject, PdfPageObjectCommon, PdfPageObjectsCommon, PdfPageTextChar,
    PdfPageTextRenderMode, PdfPathFillMode,
};

use super::Veil;
use super::raster::Raster;

/// Letters lower than this many points are too small to see.
const TINY: f32 = 2.0;
/// Greys closer than this (of 255) look alike.
const ALIKE: u8 = 14;
/// Opacity (of 255) below which a letter is not seen.
const FAINT: u8 = 16;
/// How deep pictures inside pictures are looked at.
const DEPTH: u8 = 4;
/// Most objects of a page that are looked at one by one; a page with more is suspected.
const OBJECTS: usize = 20_000;

/// What a page is made of, as far as it says whether letters can be hidden on it.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Scene {
    /// Letters may be invisible, light, or painted over: each has to be looked at.
    pub(super) is_suspect: bool,
    /// The share of the page that pictures cover, up to 1.
    pub(super) pictures: f32,
    has_text: bool,
    seen: usize,
}

impl Scene {
    /// Looks at the objects of a page.
    pub(super) fn of(page: &PdfPage<'_>) -> Self {
        let mut scene = Self::default();
        let area = (page.width().value * page.height().value).max(1.0);
        for object in page.objects().iter() {
            scene.add(&object, area, 0);
        }
        scene.pictures = scene.pictures.min(1.0);
        scene
    }

    fn add(&mut self, object: &PdfPageObject<'_>, area: f32, depth: u8) {
        self.seen += 1;
        if self.seen > OBJECTS {
            self.is_suspect = true;
            return;
        }
        match object {
            PdfPageObject::Text(text) => {
                self.has_text = true;
                let is_light = || text.fill_color().is_ok_and(|c| grey(&c) > 180 || c.alpha() < 128);
                self.is_suspect |= text.render_mode() != PdfPageTextRenderMode::FilledUnstroked || is_light();
            }
            PdfPageObject::Path(path) => {
                let fills = !matches!(path.fill_mode(), Ok(PdfPathFillMode::None));
                self.is_suspect |=
                    self.has_text && fills && extent(object).is_some_and(|(w, h)| w.min(h) > 4.0);
            }
            PdfPageObject::Image(_) => {
                self.is_suspect |= self.has_text;
                self.pictures += extent(object).map_or(0.0, |(w, h)| w * h / area);
            }
            PdfPageObject::XObjectForm(form) if depth < DEPTH => {
                for object in form.iter() {
                    self.add(&object, area, depth + 1);
                }
            }
            _ => self.is_suspect |= self.has_text,
        }
    }
}

/// Width and height of an object in points.
fn extent(object: &PdfPageObject<'_>) -> Option<(f32, f32)> {
    let bounds = object.bounds().ok()?.to_rect();
    Some((bounds.width().value, bounds.height().value))
}

/// Why a letter is not seen, by its place alone.
pub(super) fn by_place(sides: [f32; 4], size: (f32, f32)) -> Option<Veil> {
    let [left, top, right, bottom] = sides;
    if right < 0.0 || bottom < 0.0 || left > size.0 || top > size.1 {
        return Some(Veil::OffPage);
    }
    ((bottom - top).min(right - left) > 0.0 && (bottom - top).max(right - left) < TINY).then_some(Veil::Tiny)
}

/// Why a letter is not seen, by how it is painted and how the page looks around it.
pub(super) fn by_look(letter: &PdfPageTextChar<'_>, sides: [f32; 4], page: &Raster) -> Option<Veil> {
    let mode = letter.render_mode().unwrap_or(PdfPageTextRenderMode::Unknown);
    if matches!(mode, PdfPageTextRenderMode::Invisible | PdfPageTextRenderMode::InvisibleClipping) {
        return Some(Veil::Invisible);
    }
    let look = page.look(sides)?;
    let is_filled = matches!(
        mode,
        PdfPageTextRenderMode::FilledUnstroked | PdfPageTextRenderMode::FilledUnstrokedClipping
    );
    if let Some(fill) = letter.fill_color().ok().filter(|_| is_filled) {
        if fill.alpha() < FAINT {
            return Some(Veil::Invisible);
        }
        // Also with ink in the box: it is that of other letters, under or beside this one.
        if grey(&fill).abs_diff(look.ground) < ALIKE {
            return Some(Veil::Camouflaged);
        }
    }
    (look.contrast < ALIKE).then_some(Veil::Covered)
}

/// How light a colour is, 0 to 255, as the engine mixes grey.
fn grey(color: &pdfium_render::prelude::PdfColor) -> u8 {
    let mix = 30 * u32::from(color.red()) + 59 * u32::from(color.green()) + 11 * u32::from(color.blue());
    u8::try_from(mix / 100).unwrap_or(u8::MAX)
}
