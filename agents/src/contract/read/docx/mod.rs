//! Word documents: parts, stories and paragraphs to text, as if every tracked change were accepted.

pub mod inline;
pub mod numbering;
pub mod package;
pub mod story;
pub mod styles;
pub mod xml;

use domain::contract::ContractText;

use self::numbering::Lists;
use self::package::Package;
use self::story::{Place, Scribe, Seen};
use self::styles::Styles;
use self::xml::{Element, Node, Tree};
use super::{Bounds, Fault, Kind, Note, Reading};

/// Parts that hold stories, by the last word of their relation's type. Notes come last, so that a part for notes
/// that is added later does not shift the others.
const STORIES: [&str; 4] = ["header", "footer", "footnotes", "endnotes"];

/// The parts of a document that are read, as text.
#[derive(Debug)]
pub struct Sources {
    /// Name in the archive and XML of every part with a story; the main part is first.
    pub stories: Vec<(String, String)>,
    /// `styles.xml`, where there is one.
    pub styles: Option<String>,
    /// `numbering.xml`, where there is one.
    pub numbering: Option<String>,
    /// How many comments of reviewers there are.
    pub comments: usize,
    /// Whether the file carries macros.
    pub macros: bool,
}

/// A document as text, with the place of every paragraph.
#[derive(Debug)]
pub struct Read {
    /// The text.
    pub text: ContractText,
    /// Places of paragraphs, in order.
    pub places: Vec<Place>,
    /// What was met on the way.
    pub seen: Vec<Seen>,
}

/// Reads a document.
pub(super) fn read(bytes: &[u8], bounds: &Bounds<'_>) -> Result<Reading, Fault> {
    let sources = Sources::open(&mut Package::open(bytes, bounds)?, bounds)?;
    let trees = sources.trees(bounds)?;
    let read = read_trees(&trees, &sources, bounds)?;
    let mut notes = notes(&read.seen);
    notes.extend(revisions_note(&trees));
    notes.extend((sources.comments > 0).then_some(Note::Comments { count: sources.comments }));
    notes.extend(sources.macros.then_some(Note::Macros));
    if read.text.text.trim().is_empty() {
        return Err(Fault::NoText);
    }
    Ok(Reading { text: read.text, kind: Kind::Docx, notes, parts: Vec::new() })
}

impl Sources {
    /// Unpacks the parts that are read.
    pub fn open(package: &mut Package<'_>, bounds: &Bounds<'_>) -> Result<Self, Fault> {
        let main = package.main_part()?;
        let body = package.text(&main)?.ok_or(Fault::Broken)?;
        let links = package.relations(&main)?;
        let mut sources =
            Self { stories: vec![(main, body)], styles: None, numbering: None, comments: 0, macros: false };
        for kind in STORIES {
            for link in links.iter().filter(|link| link.kind == kind && !link.outside) {
                let Some(name) = package.find(&link.target) else { continue };
                if sources.stories.iter().all(|(known, _)| *known != name) {
                    sources.stories.extend(package.text(&name)?.map(|text| (name, text)));
                }
            }
        }
        for link in links.iter().filter(|link| !link.outside) {
            match link.kind.as_str() {
                "styles" => sources.styles = package.text(&link.target)?,
                "numbering" => sources.numbering = package.text(&link.target)?,
                "vbaProject" => sources.macros = true,
                "comments" => {
                    if let Some(text) = package.text(&link.target)? {
                        let tree = xml::parse(&text, bounds)?;
                        sources.comments = tree.root().map_or(0, |root| root.elements().count());
                    }
                }
                _ => {}
            }
        }
        Ok(sources)
    }

    /// The stories as trees with every paragraph, table row and tracked change marked.
    pub fn trees(&self, bounds: &Bounds<'_>) -> Result<Vec<Tree<'_>>, Fault> {
        let (mut mark, mut count) = (0, 0);
        let mut trees = Vec::with_capacity(self.stories.len());
        for (_, source) in &self.stories {
            let mut tree = xml::parse_more(source, bounds, &mut count)?;
            tree.root_mut().into_iter().for_each(|root| give_marks(root, &mut mark));
            trees.push(tree);
        }
        Ok(trees)
    }

    /// The styles of the document.
    pub fn read_styles(&self, bounds: &Bounds<'_>) -> Result<Styles, Fault> {
        Ok(self
            .styles
            .as_deref()
            .map(|source| xml::parse(source, bounds))
            .transpose()?
            .as_ref()
            .map(Styles::new)
            .unwrap_or_default())
    }

    /// The lists of the document.
    pub fn read_lists(&self, bounds: &Bounds<'_>) -> Result<Lists, Fault> {
        Ok(self
            .numbering
            .as_deref()
            .map(|source| xml::parse(source, bounds))
            .transpose()?
            .as_ref()
            .map(Lists::new)
            .unwrap_or_default())
    }
}

/// Numbers every element that a later pass may want to find again, across all parts.
fn give_marks(element: &mut Element<'_>, last: &mut u32) {
    *last += 1;
    element.mark = *last;
    for child in &mut element.children {
        if let Node::Element(child) = child {
            give_marks(child, last);
        }
    }
}

/// Reads the stories of a document into one text: the body, the notes it refers to, headers and footers.
pub fn read_trees(trees: &[Tree<'_>], sources: &Sources, bounds: &Bounds<'_>) -> Result<Read, Fault> {
    let mut styles = sources.read_styles(bounds)?;
    styles.learn_grounds(trees);
    let mut scribe = Scribe::new(&styles, sources.read_lists(bounds)?);
    let mut said: Vec<String> = Vec::new();
    let has_notes = |tree: &Tree<'_>| tree.root().is_some_and(|root| note_reference(root).is_some());
    let mut order: Vec<usize> = (0..trees.len()).collect();
    order.sort_by_key(|part| (*part > 0, !has_notes(&trees[*part])));
    for part in order {
        bounds.check_time()?;
        let root = trees[part].root().ok_or(Fault::Broken)?;
        if let Some(kind) = note_reference(root) {
            notes_in_order(&mut scribe, part, root, kind);
            continue;
        }
        let (start, places) = (scribe.text.len(), scribe.places.len());
        scribe.story(part, &root.child("w:body").unwrap_or(root).children);
        let story = scribe.text[start..].trim().to_owned();
        // Headers and footers come in three kinds that often say the same.
        if part > 0 && (story.is_empty() || said.contains(&story)) {
            scribe.text.truncate(start);
            scribe.places.truncate(places);
        } else if part > 0 {
            said.push(story);
        }
    }
    Ok(Read { text: ContractText::plain(scribe.text), places: scribe.places, seen: scribe.seen })
}

/// What refers to the notes of a part, if it holds notes.
#[must_use]
pub fn note_reference(root: &Element<'_>) -> Option<&'static str> {
    match root.name.as_ref() {
        "w:footnotes" => Some("w:footnoteReference"),
        "w:endnotes" => Some("w:endnoteReference"),
        _ => None,
    }
}

/// Reads the notes that were referred to, in the order of their references. Others are on no page.
pub fn notes_in_order(scribe: &mut Scribe<'_>, part: usize, root: &Element<'_>, kind: &str) {
    let ids: Vec<String> = scribe
        .references
        .iter()
        .filter(|(reference, _)| reference == kind)
        .map(|(_, id)| id.clone())
        .collect();
    for id in ids {
        let note =
            root.elements().find(|note| is_note(note) && note.attr("id").is_some_and(|known| known == id));
        note.iter().for_each(|note| scribe.story(part, &note.children));
    }
}

/// Whether an element is a note that somebody wrote.
#[must_use]
pub fn is_note(element: &Element<'_>) -> bool {
    let ruled = element.attr("type").is_some_and(|kind| kind != "normal");
    matches!(element.name.as_ref(), "w:footnote" | "w:endnote") && !ruled
}

/// What a person should know of what was met.
fn notes(seen: &[Seen]) -> Vec<Note> {
    let count = |what: &Seen| seen.iter().filter(|other| *other == what).count();
    let mut notes: Vec<Note> = seen
        .iter()
        .filter_map(|seen| match seen {
            Seen::Veiled(veil, text) => Some(Note::hidden(*veil, text)),
            _ => None,
        })
        .collect();
    let (pictures, embedded) = (count(&Seen::Picture), count(&Seen::Embedded));
    notes.extend((pictures > 0).then_some(Note::Pictures { count: pictures }));
    notes.extend((embedded > 0).then_some(Note::Embedded { count: embedded }));
    notes
}

/// Says that there are tracked changes, and whose.
fn revisions_note(trees: &[Tree<'_>]) -> Option<Note> {
    let mut authors = Vec::new();
    let mut count = 0;
    for root in trees.iter().filter_map(Tree::root) {
        tracked(root, &mut |element| {
            count += 1;
            let author = element.attr("author").unwrap_or_default().into_owned();
            if !authors.contains(&author) {
                authors.push(author);
            }
        });
    }
    (count > 0).then_some(Note::Tracked { count, authors })
}

/// Calls for every insertion, deletion and move.
fn tracked<'e>(element: &'e Element<'_>, found: &mut dyn FnMut(&'e Element<'_>)) {
    if matches!(element.name.as_ref(), "w:ins" | "w:del" | "w:moveFrom" | "w:moveTo") {
        found(element);
    }
    element.elements().for_each(|child| tracked(child, found));
}

#[cfg(test)]
pub(crate) mod tests;
