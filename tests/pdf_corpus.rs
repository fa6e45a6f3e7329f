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

/// The share of the words of a text that another has, each as often as it occurs, in whatever order.
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
        let title = name.trim_start_matches("pdf/");
        let reading = reader.read(bytes, None).await.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(
            reading.text.pages.iter().all(|page| page.text == PageText::Layer),
            "{name}: {:?}, {:?}",
            reading.text.pages.iter().filter(|page| page.text != PageText::Layer).collect::<Vec<_>>(),
            reading.notes
        );
        // Some files carry a second ending that their contract's title lacks.
        let row = contracts.get(title).or_else(|| contracts.get(title.strip_suffix(".pdf")?));
        let row = row.unwrap_or_else(|| panic!("{title} has no labels"));
        let text = solid(&reading.text.text);
        for label in row["labels"].as_object().unwrap().values() {
            for span in label["spans"].as_array().unwrap() {
                // Labellers left something out between the pieces.
                for piece in
                    span["text"].as_str().unwrap().split("<omitted>").filter(|piece| !solid(piece).is_empty())
                {
                    pieces += 1;
                    if !text.contains(&solid(piece)) {
                        lost.push(format!("{title}: {piece}"));
                    }
                }
            }
        }
        pdfs += 1;
    }
    println!("{pdfs} PDFs, {} of {pieces} labelled passages found", pieces - lost.len());
    assert_eq!(pdfs, 40);
    // One label lacks a letter that its PDF has ("TH LIABILITY").
    assert!(pieces > 1000 && lost.len() <= 1, "{lost:#?}");
}

#[tokio::test]
async fn clean_scans_are_read_and_poor_ones_flagged() {
    if engines().tesseract.is_none() {
        println!("skipped: Tesseract is not installed");
        return;
    }
    let wanted = |name: &str| name.starts_with("scans/") || name == "cuad_dev.jsonl.zst";
    let Some(files) = files(wanted) else { return };
    let contracts = contracts(&files);
    let manifest: Vec<serde_json::Value> = serde_json::from_slice(&files["scans/manifest.json"]).unwrap();
    let field = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
    // The development data has some of them; the shortest document is enough: recognising takes seconds a page.
    let here = manifest.iter().filter(|row| files.contains_key(&format!("scans/{}", field(row, "scan"))));
    let here: Vec<_> = here.collect();
    let shortest = here.iter().filter_map(|row| row["pages"].as_u64()).min().unwrap();
    let reader = Reader::new(program(), engines(), Limits::default());
    for row in here.into_iter().filter(|row| row["pages"].as_u64() == Some(shortest)) {
        let name = field(row, "scan");
        let reading = reader.read(&files[&format!("scans/{name}")], None).await.unwrap();
        let is_read = |text: &PageText| matches!(text, PageText::Recognised { .. });
        assert!(reading.text.pages.iter().all(|page| is_read(&page.text)), "{name}: {:?}", reading.notes);
        let found = recall(contracts[&field(row, "title")]["text"].as_str().unwrap(), &reading.text.text);
        let is_poor = reading.notes.iter().any(|note| matches!(note, Note::Poor { .. }));
        println!("{name}: {:.2} % of the words, {:?}", found * 100.0, reading.notes);
        let is_dirty = name.contains("dirty");
        assert!(is_dirty || found >= 0.99, "{name}: {found}");
        assert_eq!(is_poor, is_dirty, "{name}: {:?}", reading.notes);
    }
}
