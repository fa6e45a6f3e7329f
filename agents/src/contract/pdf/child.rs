//! The child process: opens files with pdfium and answers over its standard streams.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use pdfium_render::prelude::{PdfDocument, Pdfium, PdfiumError, PdfiumInternalError};

use super::frame::{self, Answer, Ask};
use super::{Fault, page, picture};

/// Answers until the input ends. Called in a process of its own, with the library to load.
///
/// Ends with failure when the library cannot be loaded or the parent is gone.
#[must_use]
pub fn serve(library: &Path) -> ExitCode {
    let Ok(bindings) = Pdfium::bind_to_library(library) else { return ExitCode::FAILURE };
    let pdfium = Pdfium::new(bindings);
    let answered = answer(&pdfium, &mut BufReader::new(io::stdin()), &mut BufWriter::new(io::stdout()));
    if answered.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn answer(pdfium: &Pdfium, from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut open: Option<PdfDocument<'_>> = None;
    while let Some((ask, body)) = frame::read::<Ask>(from)? {
        match ask {
            Ask::Open { password, first, pages_max } => {
                // The old file goes before the new one comes: both together may not fit.
                drop(open.take());
                match pdfium.load_pdf_from_byte_vec(body, password.as_deref()) {
                    Ok(document) => {
                        send_pages(&document, first, pages_max, to)?;
                        open = Some(document);
                    }
                    Err(error) => {
                        let fault = refusal(&error, password.is_some());
                        frame::write(to, &Answer::Refused(fault), &[])?;
                    }
                }
            }
            Ask::Picture { page, dpi } => send_picture(open.as_ref(), page, dpi, to)?,
        }
    }
    Ok(())
}

fn send_pages(document: &PdfDocument<'_>, first: u32, pages_max: u32, to: &mut impl Write) -> io::Result<()> {
    let pages = u32::try_from(document.pages().len()).unwrap_or(0);
    if pages == 0 {
        return frame::write(to, &Answer::Refused(Fault::Broken), &[]);
    }
    if pages > pages_max {
        return frame::write(to, &Answer::Refused(Fault::TooManyPages(pages_max)), &[]);
    }
    frame::write(to, &Answer::Opened { pages }, &[])?;
    for number in first..pages {
        let index = i32::try_from(number).map_err(io::Error::other)?;
        match document.pages().get(index).and_then(|page| page::read(&page, number)) {
            Ok((head, sheet)) => frame::write(to, &Answer::Page(head), &frame::pack(&sheet))?,
            Err(_) => frame::write(to, &Answer::Damaged { page: number }, &[])?,
        }
    }
    frame::write(to, &Answer::Done, &[])
}

fn send_picture(
    document: Option<&PdfDocument<'_>>,
    number: u32,
    dpi: u32,
    to: &mut impl Write,
) -> io::Result<()> {
    let rendered = document.zip(i32::try_from(number).ok()).and_then(|(document, index)| {
        let page = document.pages().get(index).ok()?;
        picture::render(&page, dpi as f32).ok()
    });
    let Some(raster) = rendered else { return frame::write(to, &Answer::Damaged { page: number }, &[]) };
    let side = |pixels: usize| u32::try_from(pixels).map_err(io::Error::other);
    let answer = Answer::Picture { width: side(raster.width)?, height: side(raster.height)? };
    frame::write(to, &answer, &raster.pixels)
}

/// Why the library would not open a file.
fn refusal(error: &PdfiumError, has_password: bool) -> Fault {
    match error {
        PdfiumError::PdfiumLibraryInternalError(PdfiumInternalError::PasswordError) => {
            if has_password {
                Fault::WrongPassword
            } else {
                Fault::Password
            }
        }
        PdfiumError::PdfiumLibraryInternalError(PdfiumInternalError::SecurityError) => Fault::Encryption,
        _ => Fault::Broken,
    }
}
