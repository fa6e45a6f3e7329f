//! Measures reading: `cargo run --release -p agents --example pdf_speed -- [--text FOLDER] FILE…` prints a line a file,
//! and pages a second beside what pdfium alone needs for the letters of the same pages.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for developers")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use agents::contract::pdf::{Engines, Limits, Reader, serve};
use domain::contract::PageText;
use pdfium_render::prelude::Pdfium;

#[tokio::main]
async fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("read-pdf") => {
            let _ = serve(Path::new(&arguments[1]));
            return;
        }
        Some("bare") => return bare(&arguments[1..]),
        _ => {}
    }
    let text = (arguments.first().is_some_and(|first| first == "--text")).then(|| {
        arguments.remove(0);
        PathBuf::from(arguments.remove(0))
    });
    let reader = Reader::new(std::env::current_exe().unwrap(), engines(), Limits::default());
    // The first file starts the child and warms the library.
    reader.read(&std::fs::read(&arguments[0]).unwrap(), None).await.ok();
    let (mut pages, mut seconds) = (0, 0.0);
    for file in &arguments {
        let bytes = std::fs::read(file).unwrap();
        let begun = Instant::now();
        let outcome = reader.read(&bytes, None).await;
        let took = begun.elapsed().as_secs_f64();
        let name = Path::new(file).file_name().unwrap().to_string_lossy().into_owned();
        match outcome {
            Err(fault) => println!("{name}\t{:.1} ms\t{fault}", took * 1e3),
            Ok(reading) => {
                let confidence = reading.text.pages.iter().map(|page| match page.text {
                    PageText::Recognised { confidence } => format!("{confidence:.3}"),
                    PageText::Layer => "L".to_owned(),
                    PageText::Unread => "U".to_owned(),
                });
                let confidence: Vec<String> = confidence.collect();
                let kinds =
                    if confidence.iter().all(|kind| kind == "L") { "L".into() } else { confidence.join(" ") };
                let count = reading.text.pages.len();
                println!(
                    "{name}\t{:.1} ms\t{count} pages\t{} words\t{kinds}\t{:?}",
                    took * 1e3,
                    reading.text.words.len(),
                    reading.notes
                );
                if let Some(folder) = &text {
                    std::fs::write(folder.join(name + ".txt"), &reading.text.text).unwrap();
                }
                pages += count;
                seconds += took;
            }
        }
    }
    println!("{pages} pages in {seconds:.3} s: {:.0} pages/s", pages as f64 / seconds);
}

/// What pdfium alone needs: every page opened and its letters taken, nothing else.
fn bare(files: &[String]) {
    let pdfium = Pdfium::new(Pdfium::bind_to_library(engines().pdfium.unwrap()).unwrap());
    for _ in 0..2 {
        let (mut pages, mut letters, begun) = (0, 0, Instant::now());
        for file in files {
            let document = pdfium.load_pdf_from_byte_vec(std::fs::read(file).unwrap(), None).unwrap();
            for page in document.pages().iter() {
                letters += page.text().unwrap().all().len();
                pages += 1;
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "bare: {pages} pages, {letters} bytes in {seconds:.3} s: {:.0} pages/s",
            f64::from(pages) / seconds
        );
    }
}

fn engines() -> Engines {
    Engines::find(|name| std::env::var_os(name))
}
