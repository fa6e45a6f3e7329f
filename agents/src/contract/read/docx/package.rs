//! The zip archive around a document: parts by name, unpacked within limits, written back unchanged.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::xml::{self, Element};
use crate::contract::read::{Bounds, Fault};

/// An archive being read.
pub struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    names: Vec<String>,
    bounds: &'a Bounds<'a>,
    unpacked: u64,
}

/// A link from one part to another, or to the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its id within the part, e.g. `rId7`.
    pub id: String,
    /// The last word of its type, e.g. `header`.
    pub kind: String,
    /// The part it points to, as a name in the archive; the address as written when it points outside.
    pub target: String,
    /// Whether it points outside the archive. Such addresses are never fetched.
    pub outside: bool,
}

impl<'a> Package<'a> {
    /// Opens an archive without unpacking anything.
    pub fn open(bytes: &'a [u8], bounds: &'a Bounds<'a>) -> Result<Self, Fault> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(fault)?;
        if archive.len() > bounds.entries {
            return Err(Fault::Bomb);
        }
        let names = archive
            .file_names()
            .map(|name| name.map(Cow::into_owned))
            .collect::<Result<_, _>>()
            .map_err(fault)?;
        Ok(Self { archive, names, bounds, unpacked: 0 })
    }

    /// Names of all parts.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The name as the archive writes it; names of parts are compared without case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<String> {
        let name = name.trim_start_matches('/');
        self.names.iter().find(|known| known.trim_start_matches('/').eq_ignore_ascii_case(name)).cloned()
    }

    /// A part's bytes; `None` when there is no such part.
    pub fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.bounds.check_time()?;
        let Some(name) = self.find(name) else { return Ok(None) };
        let entry = self.archive.by_name(&name).map_err(fault)?;
        let packed = entry.compressed_size().max(1);
        let room = self.bounds.part_bytes.min(self.bounds.unpacked_bytes.saturating_sub(self.unpacked));
        let mut data = Vec::new();
        // What the directory says about sizes may be a lie: only what comes out counts.
        let size = entry.take(room + 1).read_to_end(&mut data).map_err(|_| Fault::Broken)? as u64;
        self.unpacked += size;
        if size > room || (size > 1 << 20 && size / packed > self.bounds.ratio) {
            return Err(Fault::Bomb);
        }
        Ok(Some(data))
    }

    /// A part as text; parts in UTF-16 are turned into UTF-8.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Fault> {
        let Some(bytes) = self.bytes(name)? else { return Ok(None) };
        let (text, _, broken) = match encoding_rs::Encoding::for_bom(&bytes) {
            Some((encoding, length)) => {
                let (text, broken) = encoding.decode_without_bom_handling(&bytes[length..]);
                (text, encoding, broken)
            }
            None => encoding_rs::UTF_8.decode(&bytes),
        };
        if broken { Err(Fault::Broken) } else { Ok(Some(text.into_owned())) }
    }

    /// The links of a part.
    pub fn relations(&mut self, part: &str) -> Result<Vec<Relation>, Fault> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let name = if folder.is_empty() {
            format!("_rels/{file}.rels")
        } else {
            format!("{folder}/_rels/{file}.rels")
        };
        let Some(source) = self.text(&name)? else { return Ok(Vec::new()) };
        let tree = xml::parse(&source, self.bounds)?;
        let root = tree.root().ok_or(Fault::Broken)?;
        Ok(root.elements().filter_map(|link| relation(link, folder)).collect())
    }

    /// The main part of a word-processing document.
    pub fn main_part(&mut self) -> Result<String, Fault> {
        let links = self.relations("")?;
        let named = links.into_iter().find(|link| link.kind == "officeDocument" && !link.outside);
        let name = named.map_or_else(|| "word/document.xml".to_owned(), |link| link.target);
        self.find(&name).ok_or(Fault::Broken)
    }

    /// The archive with some parts replaced or added; every other entry is copied as it is packed.
    pub fn write(&mut self, changes: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, Fault> {
        let mut out = ZipWriter::new(Cursor::new(Vec::new()));
        let mut written = Vec::new();
        for index in 0..self.archive.len() {
            let entry = self.archive.by_index_raw(index).map_err(fault)?;
            let name = entry.name().map_err(fault)?.into_owned();
            match changes.get(&name) {
                Some(data) => {
                    let mut options =
                        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
                    if let Some(time) = entry.last_modified() {
                        options = options.last_modified_time(time);
                    }
                    drop(entry);
                    out.start_file(name.as_str(), options).map_err(fault)?;
                    out.write_all(data).map_err(|_| Fault::Broken)?;
                }
                None => out.raw_copy_file(entry).map_err(fault)?,
            }
            written.push(name);
        }
        for (name, data) in changes.iter().filter(|(name, _)| !written.contains(name)) {
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
            out.start_file(name.as_str(), options).map_err(fault)?;
            out.write_all(data).map_err(|_| Fault::Broken)?;
        }
        Ok(out.finish().map_err(fault)?.into_inner())
    }
}

/// One line of a `.rels` part.
fn relation(link: &Element<'_>, folder: &str) -> Option<Relation> {
    let target = link.attr("Target")?.into_owned();
    let outside = link.attr("TargetMode").is_some_and(|mode| mode == "External");
    let kind = link.attr("Type")?.rsplit('/').next().unwrap_or_default().to_owned();
    let target = if outside { target } else { resolve(folder, &target) };
    Some(Relation { id: link.attr("Id")?.into_owned(), kind, target, outside })
}

/// The name in the archive that a target means, seen from a folder.
fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.join("/")
}

/// What an error of the archive means to the person.
fn fault(error: ZipError) -> Fault {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            Fault::Locked
        }
        _ => Fault::Broken,
    }
}
