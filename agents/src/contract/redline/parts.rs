//! Parts that are added to a package: their names, links and types.

use std::collections::BTreeMap;

use crate::contract::read::docx::package::Package;
use crate::contract::read::docx::xml;
use crate::contract::read::{Bounds, Fault};

const KINDS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// Parts added or replaced, and what has to be said of them elsewhere in the package.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Content by name in the archive.
    pub(super) content: BTreeMap<String, Vec<u8>>,
    /// Links to write, by the part that has them: id, kind, target.
    links: BTreeMap<String, Vec<(String, String, String)>>,
    /// Types to write: by name of the part.
    types: Vec<(String, String)>,
    /// Types to write: by ending.
    endings: Vec<(String, String)>,
    count: usize,
}

impl Parts {
    /// Adds a part next to the one that links to it; gives the id of the link.
    pub(super) fn add(&mut self, from: &str, added: Added<'_>) -> String {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let name = if folder.is_empty() { added.name.to_owned() } else { format!("{folder}/{}", added.name) };
        self.content.insert(name.clone(), added.content);
        if let Some((ending, kind)) = added.ending {
            self.endings.push((ending.to_owned(), kind.to_owned()));
        } else {
            self.types.push((name, added.content_type.to_owned()));
        }
        let id = self.link_id();
        self.links.entry(from.to_owned()).or_default().push((
            id.clone(),
            added.kind.to_owned(),
            added.name.to_owned(),
        ));
        id
    }

    /// A new name for a picture.
    pub(super) fn picture_name(&mut self, package: &Package<'_>, ending: &str) -> String {
        loop {
            self.count += 1;
            let name = format!("media/redline{}.{ending}", self.count);
            if package.names().all(|known| !known.ends_with(&name)) {
                return name;
            }
        }
    }

    fn link_id(&mut self) -> String {
        self.count += 1;
        format!("rIdRedline{}", self.count)
    }

    /// Writes links and types into the parts that hold them.
    pub(super) fn finish(
        mut self,
        package: &mut Package<'_>,
        bounds: &Bounds<'_>,
    ) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
        for (part, links) in std::mem::take(&mut self.links) {
            let (folder, file) = part.rsplit_once('/').unwrap_or(("", &part));
            let wanted = if folder.is_empty() {
                format!("_rels/{file}.rels")
            } else {
                format!("{folder}/_rels/{file}.rels")
            };
            let name = package.find(&wanted).unwrap_or(wanted);
            let empty = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"></Relationships>";
            let source = package.text(&name)?.unwrap_or_else(|| empty.to_owned());
            let lines: String = links
                .iter()
                .map(|(id, kind, target)| {
                    format!("<Relationship Id=\"{id}\" Type=\"{KINDS}/{kind}\" Target=\"{target}\"/>")
                })
                .collect();
            self.content.insert(name, append(&source, &lines, bounds)?);
        }
        if !self.types.is_empty() || !self.endings.is_empty() {
            let name = package.find("[Content_Types].xml").ok_or(Fault::Broken)?;
            let source = package.text(&name)?.ok_or(Fault::Broken)?;
            let mut lines = String::new();
            for (ending, kind) in &self.endings {
                let known = format!("Extension=\"{}\"", ending.to_ascii_lowercase());
                if !source.to_ascii_lowercase().contains(&known.to_ascii_lowercase())
                    && !lines.contains(&known)
                {
                    lines.push_str(&format!("<Default {known} ContentType=\"{kind}\"/>"));
                }
            }
            for (part, kind) in &self.types {
                lines.push_str(&format!("<Override PartName=\"/{part}\" ContentType=\"{kind}\"/>"));
            }
            self.content.insert(name, append(&source, &lines, bounds)?);
        }
        Ok(self.content)
    }
}

/// A part to add.
pub(super) struct Added<'a> {
    /// Its name, seen from the part that links to it.
    pub(super) name: &'a str,
    /// The last word of the link's type.
    pub(super) kind: &'a str,
    /// Its content type.
    pub(super) content_type: &'a str,
    /// Its ending and the type of that, when the type is told by the ending.
    pub(super) ending: Option<(&'a str, &'a str)>,
    /// Its content.
    pub(super) content: Vec<u8>,
}

/// A part with lines put in at the end of its root.
fn append(source: &str, lines: &str, bounds: &Bounds<'_>) -> Result<Vec<u8>, Fault> {
    let mut tree = xml::parse(source, bounds)?;
    let root = tree.root_mut().ok_or(Fault::Broken)?;
    root.children.push(xml::Node::Other(lines.to_owned().into()));
    Ok(tree.to_xml().into_bytes())
}
