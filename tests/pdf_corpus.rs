//! The development PDFs and scans: every one is read, nothing of a label is lost, poor scans are flagged.

use std::collections::BTreeMap;
use std::io::Read;

use agents::contract::pdf::{Limits, Note, Reader};
use domain::contract::PageText;
use tests::product::program;
use tests::shared::data;

use crate::pdf::{engines, reader};

/// The files of the development archive whose name a filter takes.
fn files(wanted: impl Fn(&str) -> bool) -> Option<BTreeMap<String, Vec<u8>>> {
    let unpacked = zstd::Decoder::new(std::fs::File::open(data("contracts.tar.zst")?).unwrap()).unwrap();
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(unpacked).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let name = name.trim_start_matches("./").trim_start_matches("contracts/").to_owned();
        if wanted(&name) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            found.insert(name, bytes);
        }
    }
    Some(found)
}

/// The labelled contracts by title: the passages that were labelled, and the text.
fn contracts(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, serde_json::Value> {
    let packed = &files["cuad_dev.jsonl.zst"];
    let text = String::from_utf8(zstd::decode_all(packed.as_slice()).unwrap()).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    rows.map(|row| (row["title"].as_str().unwrap().to_owned(), row)).collect()
}

/// Letters and digits in lower case.
fn solid(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The share of the words of a text that another has, each as often as it occurs, in order of neither.
fn recall(of: &str, found: &str) -> f64 {
    let words = |text: &str| {
        let mut counts = BTreeMap::<String, usize>::new();
        for word in text.split_whitespace().map(solid).filter(|word| !word.is_empty()) {
            *counts.entry(word).or_default() += 1;
        }
        counts
    };
    let (of, found) = (words(of), words(found));
    let all: usize = of.values().sum();
    let hit: usize = of.iter().map(|(word, count)| (*count).min(found.get(word).copied().unwrap_or(0))).sum();
    hit as f64 / all as f64
}

#[tokio::test]
async fn every_labelled_passage_is_found_in_its_pdf() {
    let Some(files) = files(|name| name.starts_with("pdf/") || name == "cuad_dev.jsonl.zst") else { return };
    let contracts = contracts(&files);
    let reader = reader();
    let (mut pieces, mut lost, mut pdfs) = (0, Vec::new(), 0);
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".pdf")) {
        let title = name.trim_start_matches("pdf/").trim_end_matches(".pdf");
        let reading = reader.read(bytes, None).await.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(reading.text.pages.iter().all(|page| page.text == PageText::Layer), "{name}: {:?}", reading.notes);
        let row = contracts.get(title).unwrap_or_else(|| panic!("{title} has no labels"));
        let text = solid(&reading.text.text);
        for label in row["labels"].as_object().unwrap().values() {
            for span in label["spans"].as_array().unwrap() {
                let piece = span["text"].as_str().unwrap();
                pieces += 1;
                if !text.contains(&solid(piece)) {
                    lost.push(format!("{title}: {piece}"));
                }
            }
        }
        pdfs += 1;
    }
    println!("{pdfs} PDFs, {} of {pieces} labelled passages found", pieces - lost.len());
    assert_eq!(pdfs, 40);
    assert!(lost.is_empty(), "{lost:#?}");
}

#[tokio::test]
async fn clean_scans_are_read_and_poor_ones_flagged() {
    if engines().tesseract.is_none() {
        println!("skipped: Tesseract is not installed");
        return;
    }
    let Some(files) = files(|name| name.starts_with("scans/")) else { return };
    let manifest: Vec<serde_json::Value> = serde_json::from_slice(&files["scans/manifest.json"]).unwrap();
    // The two shortest documents: recognising takes seconds a page.
    let mut pages: Vec<u64> = manifest.iter().map(|row| row["pages"].as_u64().unwrap()).collect();
    pages.sort_unstable();
    let reader = Reader::new(program(), engines(), Limits::default());
    for row in manifest.iter().filter(|row| row["pages"].as_u64().unwrap() <= pages[0]) {
        let name = row["scan"].as_str().unwrap();
        let reading = reader.read(&files[&format!("scans/{name}")], None).await.unwrap();
        let is_read = |text: &PageText| matches!(text, PageText::Recognised { .. });
        assert!(reading.text.pages.iter().all(|page| is_read(&page.text)), "{name}: {:?}", reading.notes);
        let is_poor = reading.notes.iter().any(|note| matches!(note, Note::Poor { .. }));
        println!("{name}: {} letters, {:?}", reading.text.text.len(), reading.notes);
        assert_eq!(is_poor, name.contains("dirty"), "{name}: {:?}", reading.notes);
    }
}
