//! Redlines over the DOCX files of the development data: every pair must prove, every file must settle.
//!
//! The data is not part of the repository. Without it each test prints that it was skipped.

#![expect(clippy::print_stdout, reason = "a skipped test says so")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agents::contract::read::{self, Bounds};
use agents::contract::redline::{self, Author, Decision, Edit, NotCompared};
use chrono::DateTime;

/// Documents by path, unpacked in memory.
type Files = BTreeMap<String, Vec<u8>>;

/// All DOCX files of the data; `None` when there is no data.
fn documents() -> Option<Files> {
    let archive: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/contracts.tar.zst");
    let Ok(file) = std::fs::File::open(&archive) else {
        println!("skipped: {} is not there", archive.display());
        return None;
    };
    let unpacked = zstd::Decoder::new(file).expect("a zstd file");
    let mut files = Files::new();
    for entry in tar::Archive::new(unpacked).entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").display().to_string();
        if path.ends_with(".docx") && path.contains("/redline/") {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).expect("its bytes");
            files.insert(path, bytes);
        }
    }
    assert!(files.len() > 300, "only {} documents", files.len());
    Some(files)
}

/// Pairs of an original and what became of it, by what the files are called.
fn pairs(files: &Files) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for new in files.keys() {
        let folder = new.rsplit_once('/').map_or("", |(folder, _)| folder);
        let stem = new.trim_end_matches(".docx");
        let endings = [
            "-Mod",
            "-After",
            "-After1",
            "-After2",
            "-After-1",
            "-After-2",
            "-After-3",
            "-Accepted",
            "-Rejected",
            "-Deleted-Paragraph",
            "-built",
        ];
        for ending in endings {
            let Some(base) = stem.strip_suffix(ending) else { continue };
            let olds =
                [format!("{base}.docx"), format!("{base}-Before.docx"), format!("{base}-Unmodified.docx")];
            found
                .extend(olds.into_iter().filter(|old| files.contains_key(old)).map(|old| (old, new.clone())));
        }
        if new.ends_with("/revised.docx")
            || new.ends_with("/modified.docx")
            || new.ends_with("/expected_redline.docx")
        {
            let old = format!("{folder}/original.docx");
            found.extend(files.contains_key(&old).then(|| (old, new.clone())));
        }
    }
    let agreements: Vec<&String> =
        files.keys().filter(|file| file.contains("ILPA") || file.contains("open-agreements")).collect();
    for old in &agreements {
        found.extend(agreements.iter().filter(|new| new != &old).map(|new| ((*old).clone(), (*new).clone())));
    }
    found
}

/// Every two files of a folder that share the number before the first dash, whatever they have to do with each other.
fn families(files: &Files) -> Vec<(String, String)> {
    fn split(file: &str) -> Option<(&str, &str)> {
        let (folder, name) = file.rsplit_once('/')?;
        Some((folder, name.split_once('-')?.0))
    }
    let mut found = Vec::new();
    for old in files.keys() {
        let relatives =
            files.keys().filter(|new| *new != old && split(new).is_some() && split(new) == split(old));
        found.extend(relatives.map(|new| (old.clone(), new.clone())));
    }
    found
}

fn author() -> Author {
    Author { name: "Dealdesk".into(), when: DateTime::from_timestamp(1_795_000_000, 0).expect("a time") }
}

/// The text of a document; empty when it holds none.
fn words(docx: &[u8]) -> String {
    read::read(docx, &Bounds::untimed()).map(|reading| reading.text.text).unwrap_or_default()
}

#[test]
fn every_named_pair_gives_a_redline_that_proves() {
    let Some(files) = documents() else { return };
    prove(&files, &pairs(&files));
}

/// Without optimisation all of them take minutes: then every eighth is tried. `cargo test --release -p agents --test
/// redlines` tries all.
#[test]
fn any_two_files_of_a_family_give_a_redline_that_proves() {
    let Some(files) = documents() else { return };
    let step = if cfg!(debug_assertions) { 8 } else { 1 };
    let chosen: Vec<_> = families(&files).into_iter().step_by(step).collect();
    assert!(chosen.len() > 50, "the families are there");
    prove(&files, &chosen);
}

/// Compares every pair and looks at the outcome from outside, by the public ways.
fn prove(files: &Files, pairs: &[(String, String)]) {
    let bounds = Bounds::untimed();
    let mut failed = Vec::new();
    for (old, new) in pairs {
        let redlined = match redline::compare(&files[old], &files[new], &author(), &bounds) {
            Ok(redlined) => redlined,
            Err(fault) => {
                failed.push(format!("{old} -> {new}: {fault}"));
                continue;
            }
        };
        let taken = redline::accept_all(&redlined.docx, &bounds).expect("it settles");
        let back = redline::decide(&redlined.docx, &own, &bounds).expect("it settles");
        let unlike = [NotCompared::Numbering, NotCompared::Headers];
        // Numbers and lone headers are in the text as read, but a redline does not carry them over, and says so.
        if !redlined.not_compared.iter().any(|(what, _)| unlike.contains(what)) {
            same_lines(&words(&taken), &words(&files[new]), &format!("{old} -> {new}, accepted"));
        }
        same_lines(&words(&back), &words(&files[old]), &format!("{old} -> {new}, taken back"));
    }
    println!("{} of {} pairs proved", pairs.len() - failed.len(), pairs.len());
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), pairs.len(), failed.join("\n"));
}

/// Takes our changes back and leaves those of others.
fn own(revision: &redline::Revision) -> Decision {
    if revision.author == "Dealdesk" && revision.date == Some(author().when) {
        Decision::Reject
    } else {
        Decision::Keep
    }
}

/// Both say the same, line by line.
fn same_lines(left: &str, right: &str, what: &str) {
    let lines = |text: &str| {
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let (left, right) = (lines(left), lines(right));
    if let Some(at) = (0..left.len().max(right.len())).find(|at| left.get(*at) != right.get(*at)) {
        panic!("{what}: line {at}: {:?} is not {:?}", left.get(at), right.get(at));
    }
}

#[test]
fn a_document_compared_with_itself_comes_back_byte_for_byte() {
    let Some(files) = documents() else { return };
    for (name, docx) in &files {
        let Ok(redlined) = redline::compare(docx, docx, &author(), &Bounds::untimed()) else {
            panic!("{name} does not compare with itself");
        };
        assert_eq!(redlined.changes, 0, "{name}");
        assert!(parts(&redlined.docx) == parts(docx), "{name} changed");
    }
}

#[test]
fn reading_takes_changes_as_accepted_in_every_document() {
    let Some(files) = documents() else { return };
    let bounds = Bounds::untimed();
    for (name, docx) in &files {
        let taken = redline::accept_all(docx, &bounds).expect(name);
        assert_eq!(words(&taken), words(docx), "{name}");
        assert_eq!(redline::revisions(&taken, &bounds).expect(name), [], "{name}");
        let back = redline::reject_all(docx, &bounds).expect(name);
        assert_eq!(redline::revisions(&back, &bounds).expect(name), [], "{name}");
    }
}

#[test]
fn settling_gives_what_another_program_gave() {
    let Some(files) = documents() else { return };
    let bounds = Bounds::untimed();
    let mut settled = 0;
    for (name, docx) in files.iter().filter(|(name, _)| name.contains("/RP/")) {
        let stem = name.trim_end_matches(".docx");
        let ways: [(&str, Vec<u8>); 2] = [
            ("Accepted", redline::accept_all(docx, &bounds).expect(name)),
            ("Rejected", redline::reject_all(docx, &bounds).expect(name)),
        ];
        for (way, ours) in ways {
            let Some(theirs) = files.get(&format!("{stem}-{way}.docx")) else { continue };
            assert_eq!(words(&ours), words(theirs), "{name} {way}");
            settled += 1;
        }
    }
    println!("{settled} documents settled");
    assert!(settled >= 50);
}

#[test]
fn edits_touch_only_their_paragraph() {
    let Some(files) = documents() else { return };
    let bounds = Bounds::untimed();
    let mut edited = 0;
    for (name, docx) in &files {
        let text = words(docx);
        // The longest word of one run: a word of the text may be a paragraph's number, or go on in the next paragraph
        // where somebody deleted the mark between the two.
        let before = parts(docx);
        let source =
            before.get("word/document.xml").map(|xml| String::from_utf8_lossy(xml)).unwrap_or_default();
        let runs = source.split("<w:t").filter_map(|run| run.split_once('>')?.1.split_once("</w:t>"));
        let all = runs.flat_map(|(said, _)| said.split(|letter: char| !letter.is_alphabetic()));
        let Some(word) = all.filter(|word| text.contains(word)).max_by_key(|word| word.len()) else {
            continue;
        };
        if word.len() < 4 {
            continue;
        }
        let start = text.find(word).expect("it is there");
        let edit = Edit {
            start,
            end: start + word.len(),
            replacement: "REPLACED WORDS".into(),
            comment: Some("because".into()),
            author: "Counsel".into(),
        };
        let redlined = redline::edit(docx, &[edit], author().when, &bounds);
        let redlined = redlined.unwrap_or_else(|fault| panic!("{name}: {word:?}: {fault}"));
        edited += 1;
        let after = parts(&redlined.docx);
        for (part, content) in &before {
            let told = ["[Content_Types].xml", "comments.xml", ".rels"].iter().any(|end| part.ends_with(end));
            let changed = after.get(part) != Some(content);
            assert!(!changed || told || part.starts_with("word/"), "{name}: {part} changed");
        }
        let main = |parts: &BTreeMap<String, Vec<u8>>| {
            // A byte order mark is no paragraph; it is not written again.
            String::from_utf8_lossy(&parts["word/document.xml"]).trim_start_matches('\u{feff}').to_owned()
        };
        if before.contains_key("word/document.xml")
            && before["word/document.xml"] != after["word/document.xml"]
        {
            let (old, new) = (main(&before), main(&after));
            let head = old.bytes().zip(new.bytes()).take_while(|(left, right)| left == right).count();
            let tail =
                old.bytes().rev().zip(new.bytes().rev()).take_while(|(left, right)| left == right).count();
            let touched = &old[old.floor_char_boundary(head)
                ..old.ceil_char_boundary(old.len().saturating_sub(tail).max(head))];
            assert!(
                touched.matches("<w:p ").count() + touched.matches("<w:p>").count() <= 2,
                "{name}: {touched}"
            );
        }
    }
    println!("{edited} documents edited");
}

/// The parts of a package by name.
fn parts(docx: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(docx)).expect("an archive");
    let mut found = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).expect("an entry");
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).expect("its bytes");
        found.insert(entry.name().expect("a name").into_owned(), bytes);
    }
    found
}
