//! One page of an open PDF to its sheet: letters in reading order, each with its box, the hidden ones left out.

use pdfium_render::prelude::{PdfPage, PdfPageRenderRotation, PdfPageTextChar, PdfRect, PdfiumError};

use super::Veil;
use super::frame::Head;
use super::picture;
use super::raster::Raster;
use super::sheet::{Sheet, Writer};
use super::veil::{self, Scene};

/// Fewer letters than this, and the page may be a picture.
const LETTERS_MIN: u32 = 40;
/// Resolution for looking at what can be seen.
const LOOK_DPI: f32 = 100.0;
/// Ink outside the words, as a share of the page, that makes a page with hardly a letter a picture of text.
const INK_BARE: f32 = 0.0008;
/// The same for a page with some letters and a large picture: a stamp over a scan.
const INK_STAMPED: f32 = 0.006;

/// Reads a page; `number` counts from 0.
pub(super) fn read(page: &PdfPage<'_>, number: u32) -> Result<(Head, Sheet), PdfiumError> {
    let place = Place::of(page);
    let scene = Scene::of(page);
    let text = page.text()?;
    let picture = if scene.is_suspect { picture::render(page, LOOK_DPI).ok() } else { None };
    let letters = text.chars();
    let (sheet, foreign) = match &picture {
        None => (plain(&letters, &place), None),
        Some(picture) => looked_at(&letters, &place, picture, scene.pictures),
    };
    let mut head = Head::of(number, place.size, &sheet);
    head.foreign = foreign;
    head.needs_recognition = match needs(&sheet, scene.pictures) {
        Need::No => false,
        Need::Yes => true,
        Need::IfInk(share) => {
            let picture = picture.map_or_else(|| picture::render(page, LOOK_DPI), Ok)?;
            picture.ink_outside(sheet.words.iter().map(|word| word.sides)) > share
        }
    };
    Ok((head, sheet))
}

enum Need {
    No,
    Yes,
    /// When more than this share of the page is ink outside the words.
    IfInk(f32),
}

/// Whether a page may be a picture of text.
fn needs(sheet: &Sheet, pictures: f32) -> Need {
    if sheet.lost * 7 > sheet.letters * 3 && sheet.lost > 10 {
        // More than 30 % of all letters.
        Need::Yes
    } else if sheet.letters < LETTERS_MIN && pictures > 0.4 {
        // Also when nothing shows: the picture may be too large to be painted.
        Need::Yes
    } else if sheet.letters < LETTERS_MIN {
        Need::IfInk(INK_BARE)
    } else if pictures > 0.4 {
        Need::IfInk(INK_STAMPED)
    } else {
        Need::No
    }
}

/// The sheet of a page on which nothing can be hidden but by its place.
fn plain(letters: &pdfium_render::prelude::PdfPageTextChars<'_>, place: &Place) -> Sheet {
    let mut writer = Writer::default();
    for letter in letters.iter() {
        let code = letter.unicode_value();
        let sides = place.sides(&letter);
        match sides.and_then(|sides| veil::by_place(sides, place.size)) {
            Some(how) => writer.hide(code, how),
            None => writer.write(code, sides),
        }
    }
    writer.finish()
}

/// The sheet of a page on which each letter has to be looked at; and, where nearly all letters are invisible ones over
/// a picture, the share of them that lie on ink: the text that another program recognised.
fn looked_at(
    letters: &pdfium_render::prelude::PdfPageTextChars<'_>,
    place: &Place,
    picture: &Raster,
    pictures: f32,
) -> (Sheet, Option<f32>) {
    let veils: Vec<(u32, Option<[f32; 4]>, Option<Veil>)> = letters
        .iter()
        .map(|letter| {
            let sides = place.sides(&letter);
            let how = sides.and_then(|sides| {
                veil::by_place(sides, place.size).or_else(|| veil::by_look(&letter, sides, picture))
            });
            (letter.unicode_value(), sides, how)
        })
        .collect();
    let is_solid = |code: u32| char::from_u32(code).is_some_and(char::is_alphanumeric);
    let solid = veils.iter().filter(|(code, ..)| is_solid(*code)).count();
    let invisible =
        veils.iter().filter(|(code, _, how)| is_solid(*code) && *how == Some(Veil::Invisible)).count();
    let is_foreign = pictures > 0.5 && invisible > 0 && invisible * 10 >= solid * 8;
    let mut writer = Writer::default();
    let mut on_ink = 0_usize;
    for (code, sides, how) in veils {
        let shows = |sides: [f32; 4]| picture.look(sides).is_some_and(|look| look.contrast > 60);
        match how {
            Some(Veil::Invisible) if is_foreign && sides.is_none_or(shows) => {
                on_ink += usize::from(is_solid(code));
                writer.write(code, sides);
            }
            Some(how) if is_solid(code) || sides.is_some() => writer.hide(code, how),
            _ => writer.write(code, sides),
        }
    }
    let share = is_foreign.then(|| on_ink as f32 / invisible.max(1) as f32);
    (writer.finish(), share)
}

/// Where the page's own coordinates lie on what is seen of it.
struct Place {
    left: f32,
    bottom: f32,
    right: f32,
    top: f32,
    rotation: PdfPageRenderRotation,
    /// Width and height as seen, in points.
    size: (f32, f32),
}

impl Place {
    fn of(page: &PdfPage<'_>) -> Self {
        let size = (page.width().value, page.height().value);
        let bounds = page.boundaries().bounding().map(|boundary| boundary.bounds);
        let bounds = bounds.unwrap_or_else(|_| page.page_size());
        Self {
            left: bounds.left().value,
            bottom: bounds.bottom().value,
            right: bounds.right().value,
            top: bounds.top().value,
            rotation: page.rotation().unwrap_or(PdfPageRenderRotation::None),
            size,
        }
    }

    /// The box of a letter from the upper left corner of the page as seen.
    fn sides(&self, letter: &PdfPageTextChar<'_>) -> Option<[f32; 4]> {
        let loose = letter.loose_bounds().ok().filter(|rect| rect.width().value * rect.height().value > 0.0);
        let rect = loose.or_else(|| letter.tight_bounds().ok())?;
        let has_extent = rect.width().value > 0.0 || rect.height().value > 0.0;
        has_extent.then(|| self.turned(&rect))
    }

    fn turned(&self, rect: &PdfRect) -> [f32; 4] {
        let (l, r) = (rect.left().value - self.left, rect.right().value - self.left);
        let (b, t) = (rect.bottom().value - self.bottom, rect.top().value - self.bottom);
        let (width, height) = (self.right - self.left, self.top - self.bottom);
        match self.rotation {
            PdfPageRenderRotation::None => [l, height - t, r, height - b],
            PdfPageRenderRotation::Degrees90 => [b, l, t, r],
            PdfPageRenderRotation::Degrees180 => [width - r, b, width - l, t],
            PdfPageRenderRotation::Degrees270 => [height - t, width - r, height - b, width - l],
        }
    }
}
