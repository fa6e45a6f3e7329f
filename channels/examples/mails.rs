//! Reads all mails of a folder: their kinds, or how fast it goes.
//!
//! `cargo run --release -p channels --example mails -- kinds FOLDER`, `… -- speed FOLDER`,
//! `… -- trim FOLDER` with the folders `emails` and `trimmed` in it.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for measuring")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use channels::email::{self, Kind, Reading, reply};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let folder = PathBuf::from(&args[2]);
    match args[1].as_str() {
        "kinds" => kinds(&folder),
        "trim" => trim(&folder),
        "show" => show(&folder),
        "reply" => println!("{}", reply::strip(&String::from_utf8_lossy(&std::fs::read(&folder).unwrap()))),
        _ => speed(&folder),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if folder.is_file() {
        return vec![folder.to_owned()];
    }
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found.sort();
    found
}

fn kinds(folder: &Path) {
    for file in files(folder) {
        let raw = std::fs::read(&file).unwrap();
        let mail = email::read(&raw, &Reading::default());
        let names: Vec<&str> = mail.attachments.iter().map(|file| file.name.as_str()).collect();
        println!("{}\t{}\t{}\t{:?}", mail.kind.name(), file.display(), mail.head.subject, names);
    }
}

fn show(file: &Path) {
    let raw = std::fs::read(file).unwrap();
    let mail = email::read(&raw, &Reading::default());
    println!(
        "{:#?}\n{:?} {:?}\n--- text\n{}\n--- reply\n{}",
        mail.head, mail.kind, mail.bounce, mail.text, mail.reply
    );
    println!("{:?} {:?}", mail.thread, mail.calendar);
}

fn trim(folder: &Path) {
    let (mut right, mut all) = (0, 0);
    for file in files(&folder.join("emails")) {
        let expected =
            std::fs::read_to_string(folder.join("trimmed").join(file.file_name().unwrap())).unwrap();
        let found = reply::strip(&std::fs::read_to_string(&file).unwrap());
        all += 1;
        if found == expected.trim() {
            right += 1;
        } else {
            println!("=== {}\n{found}\n--- expected\n{expected}", file.display());
        }
    }
    println!("{right} of {all}");
}

/// Reads all again and again for some seconds. On a machine that others use too the best time of each mail is what it
/// costs; the mean is what it took.
fn speed(folder: &Path) {
    let mails: Vec<(PathBuf, Vec<u8>)> =
        files(folder).into_iter().map(|file| (file.clone(), std::fs::read(&file).unwrap())).collect();
    let reading = Reading::default();
    let mut best = vec![Duration::MAX; mails.len()];
    let (mut rounds, mut unparsable) = (0_u32, 0_usize);
    let start = Instant::now();
    while rounds < 3 || start.elapsed() < Duration::from_secs(4) {
        unparsable = 0;
        for ((_, raw), best) in mails.iter().zip(&mut best) {
            let began = Instant::now();
            let mail = email::read(raw, &reading);
            unparsable += usize::from(mail.kind == Kind::Unparsable);
            *best = (*best).min(began.elapsed());
        }
        rounds += 1;
    }
    let count = u32::try_from(mails.len()).unwrap();
    let mean = f64::from(count * rounds) / start.elapsed().as_secs_f64();
    let rate = f64::from(count) / best.iter().sum::<Duration>().as_secs_f64();
    let slowest = best.iter().zip(&mails).max_by_key(|(best, _)| **best).unwrap();
    println!(
        "{count} files, {unparsable} unparsable: {rate:.0}/s at best, {mean:.0}/s in the mean of {rounds} rounds"
    );
    println!("slowest {:?}: {}", slowest.0, slowest.1.0.display());
}
