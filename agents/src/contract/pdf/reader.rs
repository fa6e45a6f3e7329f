//! A file to its reading: the text layer by a child, pages without one by Tesseract, what is left noted.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use domain::contract::{PageText, WordBox};
use futures_util::StreamExt;
use tokio::sync::Mutex;

use super::assemble::{Leaf, assemble};
use super::frame::{self, Answer, Ask, Head};
use super::note::{Note, Unread};
use super::pool::{Lent, Pool};
use super::process::Stop;
use super::{Engines, Fault, Limits, Reading, ocr, poppler};

/// A mean confidence below this makes a scan a poor one. Measured on one document only: 0.954 and 0.960 for its two
/// pages scanned cleanly at 200 dpi, 0.938 and 0.948 turned, blurred and noisy at 150 dpi.
const POOR: f32 = 0.95;
/// What the letters of another program's recognition are trusted at most.
const FOREIGN: f32 = 0.9;
/// Pages that may end a child before the file is given up.
const DAMAGED_MAX: usize = 3;
/// Most pixels of a picture sent by itself: four times what a phone takes.
const PICTURE_PIXELS: u64 = 100_000_000;
/// Points that a picture sent by itself is wide: a letter page.
const PICTURE_WIDTH: f32 = 612.0;

/// Reads PDFs and pictures. One for the whole program: its children are kept for the next file.
#[derive(Debug)]
pub struct Reader {
    engines: Engines,
    limits: Limits,
    pool: Option<Pool>,
}

/// What the text layer gave.
#[derive(Debug, Default)]
struct Layer {
    leaves: Vec<Leaf>,
    /// Pages to be recognised, counted from 0.
    pictures: Vec<usize>,
    notes: Vec<Note>,
    letters: usize,
    /// Pages in the file, once it is open.
    pages: Option<usize>,
}

impl Reader {
    /// A reader with the engines of this machine. `program` is this program's own file: it is started again, with the
    /// argument `read-pdf`, as the child that opens files.
    #[must_use]
    pub fn new(program: PathBuf, engines: Engines, limits: Limits) -> Self {
        let pool = engines.pdfium.clone().map(|library| Pool::new(program, library, limits));
        Self { engines, limits, pool }
    }

    /// Reads a PDF, or a PNG or JPEG as a scan of one page.
    ///
    /// # Errors
    /// A [`Fault`] that says why there is no text. Pages that could not be read are no error: they are marked
    /// [`PageText::Unread`] and noted.
    pub async fn read(&self, bytes: &[u8], password: Option<&str>) -> Result<Reading, Fault> {
        if bytes.is_empty() {
            return Err(Fault::Empty);
        }
        if bytes.len() > self.limits.file_bytes {
            return Err(Fault::TooLarge(self.limits.file_bytes));
        }
        if ocr::dimensions(bytes).is_some() {
            return self.picture(bytes).await;
        }
        if !bytes[..bytes.len().min(1024)].windows(5).any(|window| window == b"%PDF-") {
            return Err(Fault::Unknown);
        }
        match &self.pool {
            Some(pool) => self.document(pool, bytes, password).await,
            None => self.fallback(bytes, password).await,
        }
    }

    async fn document(&self, pool: &Pool, bytes: &[u8], password: Option<&str>) -> Result<Reading, Fault> {
        let begun = Instant::now();
        let (mut layer, lent) = self.layer(pool, bytes, password).await?;
        if is_truncated(bytes) {
            layer.notes.push(Note::Truncated);
        }
        if layer.pictures.is_empty() {
            pool.put_back(lent).await;
        } else {
            self.recognise(pool, lent, &mut layer, begun).await;
        }
        Ok(Reading { text: assemble(layer.leaves), notes: layer.notes })
    }

    /// The text layer of all pages, and the child that has the file open. A page at which the child ends or hangs is
    /// left out, a few times.
    async fn layer(&self, pool: &Pool, bytes: &[u8], password: Option<&str>) -> Result<(Layer, Lent), Fault> {
        let begun = Instant::now();
        let mut layer = Layer::default();
        let mut lent = pool.take().await?;
        let mut ends = 0;
        let mut is_used = lent.opener.files > 0;
        loop {
            let stop = match self.pages(&mut lent, (bytes, password), &mut layer, begun).await {
                Ok(()) => return Ok((layer, lent)),
                Err(Stop::Refused(fault)) => {
                    pool.put_back(lent).await;
                    return Err(fault);
                }
                Err(stop) => stop,
            };
            let fault = match stop {
                Stop::Died(fault) | Stop::Refused(fault) => fault,
                Stop::Slow => Fault::Late,
            };
            if begun.elapsed() > self.limits.layer_time {
                return Err(Fault::Late);
            }
            if layer.letters > self.limits.letters {
                return Err(Fault::Bomb);
            }
            match layer.pages {
                // It may have ended while it waited for us, or with the rest of an earlier file.
                None if is_used => is_used = false,
                Some(pages) if layer.leaves.len() < pages && ends < DAMAGED_MAX => {
                    ends += 1;
                    layer.unread((0.0, 0.0), Unread::Damaged);
                }
                _ => return Err(fault),
            }
            lent = pool.renew(lent)?;
        }
    }

    /// Opens the file and takes in its pages from the first one missing on.
    async fn pages(
        &self,
        lent: &mut Lent,
        (bytes, password): (&[u8], Option<&str>),
        layer: &mut Layer,
        begun: Instant,
    ) -> Result<(), Stop> {
        let opener = &mut lent.opener;
        opener.files += 1;
        let first = u32::try_from(layer.leaves.len()).unwrap_or(u32::MAX);
        let ask = Ask::Open { password: password.map(str::to_owned), first, pages_max: self.limits.pages };
        opener.ask(&ask, bytes, self.limits.page_time).await?;
        loop {
            let left = self.limits.layer_time.saturating_sub(begun.elapsed());
            let (answer, body) = opener.answer(self.limits.page_time.min(left)).await?;
            match answer {
                Answer::Opened { pages } => layer.pages = Some(pages as usize),
                Answer::Page(head) if head.page as usize == layer.leaves.len() => {
                    layer.take(&head, body).ok_or(Stop::Died(Fault::Broken))?;
                    if layer.letters > self.limits.letters {
                        return Err(Stop::Died(Fault::Bomb));
                    }
                }
                Answer::Damaged { .. } => layer.unread((0.0, 0.0), Unread::Damaged),
                Answer::Done => return Ok(()),
                _ => return Err(Stop::Died(Fault::Broken)),
            }
        }
    }

    /// Recognises the pages that are pictures, as many at a time as there are processors.
    async fn recognise(&self, pool: &Pool, lent: Lent, layer: &mut Layer, begun: Instant) {
        let Some(tesseract) = &self.engines.tesseract else {
            pool.put_back(lent).await;
            for page in std::mem::take(&mut layer.pictures) {
                layer.keep_unread(page, Unread::NoRecogniser);
            }
            return;
        };
        let child = Mutex::new(Some(lent));
        let pictures = std::mem::take(&mut layer.pictures);
        let allowed = self.limits.recognised_pages as usize;
        let read = futures_util::stream::iter(pictures.iter().copied().enumerate())
            .map(|(at, page)| {
                let child = &child;
                async move {
                    let left = self.limits.file_time.saturating_sub(begun.elapsed());
                    if at >= allowed || left.is_zero() {
                        return (page, Err(Unread::Late));
                    }
                    (page, self.scan(tesseract, child, page, left).await)
                }
            })
            .buffered(Pool::places());
        let results: Vec<_> = read.collect().await;
        for (page, result) in results {
            match result {
                Ok(scan) => layer.recognised(page, scan),
                Err(why) => layer.keep_unread(page, why),
            }
        }
        if let Some(lent) = child.into_inner() {
            pool.put_back(lent).await;
        }
    }

    /// Renders and recognises one page.
    async fn scan(
        &self,
        tesseract: &Path,
        child: &Mutex<Option<Lent>>,
        page: usize,
        left: Duration,
    ) -> Result<Scan, Unread> {
        let (width, height, pixels) = self.render(child, page).await.ok_or(Unread::Damaged)?;
        let picture = ocr::portable(width, height, &pixels);
        drop(pixels);
        let time = self.limits.recognise_time.min(left);
        let table = ocr::recognise(tesseract, &picture, self.limits.dpi, time).await;
        let table = table.ok_or(if time == left { Unread::Late } else { Unread::Failed })?;
        Ok(Scan {
            text: table.text,
            words: table.words,
            letters: table.letters,
            confidence: table.confidence,
            size: (width as f32, height as f32),
        })
    }

    /// A picture of a page; none when the child cannot make it. A child that fails is not asked again.
    async fn render(&self, child: &Mutex<Option<Lent>>, page: usize) -> Option<(u32, u32, Vec<u8>)> {
        let mut place = child.lock().await;
        let opener = &mut place.as_mut()?.opener;
        let ask = Ask::Picture { page: u32::try_from(page).ok()?, dpi: self.limits.dpi };
        let time = self.limits.page_time;
        let answer = match opener.ask(&ask, &[], time).await {
            Ok(()) => opener.answer(time).await,
            Err(stop) => Err(stop),
        };
        match answer {
            Ok((Answer::Picture { width, height }, pixels)) => Some((width, height, pixels)),
            Ok((Answer::Damaged { .. }, _)) => None,
            _ => {
                *place = None;
                None
            }
        }
    }

    /// A picture sent by itself: a scan of one page.
    async fn picture(&self, bytes: &[u8]) -> Result<Reading, Fault> {
        let (width, height) = ocr::dimensions(bytes).ok_or(Fault::Unknown)?;
        if u64::from(width) * u64::from(height) > PICTURE_PIXELS {
            return Err(Fault::Bomb);
        }
        let scale = PICTURE_WIDTH / width as f32;
        let mut layer = Layer::default();
        let size = (PICTURE_WIDTH, height as f32 * scale);
        layer.leaves.push(Leaf { size, text: String::new(), words: Vec::new(), from: PageText::Unread });
        let Some(tesseract) = &self.engines.tesseract else {
            layer.keep_unread(0, Unread::NoRecogniser);
            return Ok(Reading { text: assemble(layer.leaves), notes: layer.notes });
        };
        let dpi = (72.0 / scale).clamp(70.0, 600.0) as u32;
        match ocr::recognise(tesseract, bytes, dpi, self.limits.recognise_time).await {
            Some(table) => layer.recognised(
                0,
                Scan {
                    text: table.text,
                    words: table.words,
                    letters: table.letters,
                    confidence: table.confidence,
                    size: (width as f32, height as f32),
                },
            ),
            None => layer.keep_unread(0, Unread::Failed),
        }
        Ok(Reading { text: assemble(layer.leaves), notes: layer.notes })
    }

    /// A PDF where pdfium is missing.
    async fn fallback(&self, bytes: &[u8], password: Option<&str>) -> Result<Reading, Fault> {
        let program = self.engines.pdftotext.as_ref().ok_or(Fault::NoEngine)?;
        let leaves = poppler::read(program, bytes, password, self.limits.layer_time).await;
        let leaves = leaves.filter(|leaves| !leaves.is_empty()).ok_or(Fault::Broken)?;
        if leaves.len() > self.limits.pages as usize {
            return Err(Fault::TooManyPages(self.limits.pages));
        }
        let mut notes = vec![Note::Fallback];
        for (page, leaf) in leaves.iter().enumerate().filter(|(_, leaf)| leaf.from == PageText::Unread) {
            debug_assert!(leaf.text.is_empty());
            notes.push(Note::Unread { page: number(page), why: Unread::NoRecogniser });
        }
        Ok(Reading { text: assemble(leaves), notes })
    }
}

/// A recognised page, boxes in pixels.
struct Scan {
    text: String,
    words: Vec<WordBox>,
    letters: usize,
    confidence: f32,
    /// Width and height in pixels.
    size: (f32, f32),
}

impl Layer {
    /// Takes a page in; none when its bytes make no sense.
    fn take(&mut self, head: &Head, body: Vec<u8>) -> Option<()> {
        let (text, words) = frame::unpack(head, body)?;
        let page = number(self.leaves.len());
        self.letters += text.len();
        for hidden in &head.hidden {
            let (how, letters, sample) = (hidden.how, hidden.letters, hidden.sample.clone());
            self.notes.push(Note::Hidden { how, page, letters, sample });
        }
        if head.lost > 0 && !head.needs_recognition {
            self.notes.push(Note::LettersLost { page, letters: head.lost as usize });
        }
        let from = match head.foreign {
            Some(share) => {
                self.notes.push(Note::Foreign { page });
                PageText::Recognised { confidence: FOREIGN * share }
            }
            None => PageText::Layer,
        };
        if head.needs_recognition {
            self.pictures.push(self.leaves.len());
        }
        self.leaves.push(Leaf { size: head.size, text, words, from });
        Some(())
    }

    /// Puts an unread page at the end.
    fn unread(&mut self, size: (f32, f32), why: Unread) {
        self.notes.push(Note::Unread { page: number(self.leaves.len()), why });
        self.leaves.push(Leaf { size, text: String::new(), words: Vec::new(), from: PageText::Unread });
    }

    /// Marks a page that stays a picture; the few letters of its layer are kept.
    fn keep_unread(&mut self, page: usize, why: Unread) {
        self.leaves[page].from = PageText::Unread;
        self.notes.push(Note::Unread { page: number(page), why });
    }

    /// Puts what was recognised in the place of a page's layer.
    fn recognised(&mut self, page: usize, scan: Scan) {
        let leaf = &mut self.leaves[page];
        let in_layer = leaf.text.chars().filter(|letter| letter.is_alphanumeric()).count();
        // A short page, a drawing or a signature: where its picture says no more than its layer, the layer is exact.
        if scan.letters <= in_layer {
            return;
        }
        let across = leaf.size.0 / scan.size.0.max(1.0);
        let down = leaf.size.1 / scan.size.1.max(1.0);
        leaf.text = scan.text;
        leaf.words = scan.words;
        for word in &mut leaf.words {
            let [left, top, right, bottom] = word.sides;
            word.sides = [left * across, top * down, right * across, bottom * down];
        }
        leaf.from = PageText::Recognised { confidence: scan.confidence };
        // A picture in which no letter was found as well: a person sees whether it is empty.
        if scan.confidence < POOR {
            let percent = (scan.confidence * 100.0).round() as u8;
            self.notes.push(Note::Poor { page: number(page), percent });
        }
    }
}

/// Whether the mark at the end of every PDF is missing. Some bytes behind it are usual.
fn is_truncated(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(4096)..];
    !tail.windows(5).any(|window| window == b"%%EOF")
}

/// A page's number, counted from 1.
fn number(page: usize) -> u32 {
    u32::try_from(page + 1).unwrap_or(u32::MAX)
}
