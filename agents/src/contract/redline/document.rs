//! Whole documents: opened, compared or settled, written back and proved.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::compare::Comparer;
use super::edit::{expected, plan as plan_edits};
use super::import::{Guest, Host, Importer};
use super::parts::{Added, Parts};
use super::plan::Plan;
use super::proof;
use super::settle::{Choose, Decision};
use super::stamp::{Author, Stamp};
use super::written::{Before, Written};
use super::{Edit, Fault, NotCompared, Redlined, Revision, Skipped, comment, revision};
use crate::contract::read::docx::package::{Package, Relation};
use crate::contract::read::docx::xml::{self, Element, Node, Tree};
use crate::contract::read::docx::{self, Sources, is_note, note_reference};
use crate::contract::read::{self, Bounds};

/// The namespace that changes are written in.
const MAIN: [&str; 2] = [
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
];

/// The redline that turns one document into another: the original's file with the differences as tracked changes.
///
/// Tracked changes that the original has stay, with their authors; those of the revised document are taken as
/// accepted. Nothing is returned unless accepting all gives the revised words and taking our changes back the
/// original's.
pub fn compare(
    original: &[u8],
    revised: &[u8],
    author: &Author,
    bounds: &Bounds<'_>,
) -> Result<Redlined, Fault> {
    let mut old_package = open(original, bounds).map_err(Fault::Original)?;
    let mut new_package = open(revised, bounds).map_err(Fault::Revised)?;
    let old = Sources::open(&mut old_package, bounds).map_err(Fault::Original)?;
    let new = Sources::open(&mut new_package, bounds).map_err(Fault::Revised)?;
    let mut old_trees = old.trees(bounds).map_err(Fault::Original)?;
    let new_trees = new.trees(bounds).map_err(Fault::Revised)?;
    let mut host = host(&old, &old_trees, bounds)?;
    let lists = lent_lists(&old, &new);
    if lists.is_some() {
        host.lists = new.read_lists(bounds).map_err(Fault::Revised)?;
    }
    let guest_root = writable(&new_trees)?;
    let mut stamp = Stamp::new(author.clone(), &old_trees);
    let before = Before::new(&old_trees, &host.styles);
    let pairs = story_pairs(&old, &old_trees, &new, &new_trees);
    let guest = Guest {
        styles: new.read_styles(bounds).map_err(Fault::Revised)?,
        root: guest_root,
        links: links_of(&new, &mut new_package).map_err(Fault::Revised)?,
        package: new_package,
        notes: notes_of(&new_trees),
    };
    let wanted = proof::words(&new_trees, &guest.styles);
    let mut importer = Importer {
        host: &host,
        guest,
        host_package: &old_package,
        parts: Parts::default(),
        skipped: unseen(&old_trees, &new, &new_trees, &pairs),
        between: None,
        numbered: false,
        notes: Vec::new(),
    };
    let plan = plan(&mut importer, &mut stamp, (&old_trees, &new_trees), &pairs);
    let Importer { mut parts, skipped, notes, numbered, .. } = importer;
    if !plan.is_empty() {
        old_trees.iter_mut().filter_map(Tree::root_mut).for_each(|root| plan.apply(root, &mut stamp));
        add_notes(notes, &mut old_trees, &host, &mut parts);
        lists.filter(|_| numbered).into_iter().for_each(|lists| add_lists(lists, &host, &mut parts));
    }
    let docx = write(&mut old_package, (&old, &old_trees), parts, bounds).map_err(Fault::Original)?;
    let redline = Written { docx: &docx, stamp: &stamp };
    let numbering = redline.prove(&before, (&wanted, &pairs), (&new, &new_trees), bounds)?;
    let mut skipped = skipped;
    skipped.add_many(NotCompared::Numbering, numbering);
    Ok(Redlined { docx, changes: stamp.ours.len(), not_compared: skipped.into_vec() })
}

/// The document with edits written as tracked changes, each with its reason as a comment.
///
/// Only the paragraphs that are edited change; earlier changes of others stay. Nothing is returned unless accepting
/// all gives the edited words and taking our changes back the original's.
pub fn edit(
    docx: &[u8],
    edits: &[Edit],
    when: DateTime<Utc>,
    bounds: &Bounds<'_>,
) -> Result<Redlined, Fault> {
    let original = Fault::Original;
    let mut package = open(docx, bounds).map_err(original)?;
    let sources = Sources::open(&mut package, bounds).map_err(original)?;
    let mut trees = sources.trees(bounds).map_err(original)?;
    let host = host(&sources, &trees, bounds)?;
    let read = docx::read_trees(&trees, &sources, bounds).map_err(original)?;
    let mut stamp = Stamp::new(Author { name: String::new(), when }, &trees);
    stamp.take(comment::known_ids(&mut package, host.main(), bounds).map_err(original)?);
    let planned = plan_edits(edits, &trees, (&read.places, &host.styles), &mut stamp)?;
    let before = Before::new(&trees, &host.styles);
    let (words, places) = proof::placed(&trees, &host.styles);
    let wanted = expected(&words, &places, &trees, (&planned.plan, &host.styles));
    trees.iter_mut().filter_map(Tree::root_mut).for_each(|root| planned.plan.apply(root, &mut stamp));
    let mut parts = Parts::default();
    planned.comments.write(&mut package, &host, &mut parts, bounds).map_err(original)?;
    let written = write(&mut package, (&sources, &trees), parts, bounds).map_err(original)?;
    Written { docx: &written, stamp: &stamp }.prove_edits(&before, &wanted, bounds)?;
    Ok(Redlined { docx: written, changes: stamp.ours.len(), not_compared: Vec::new() })
}

/// The document with every tracked change accepted.
pub fn accept_all(docx: &[u8], bounds: &Bounds<'_>) -> Result<Vec<u8>, Fault> {
    settle_all(docx, &|_| Decision::Accept, bounds)
}

/// The document with every tracked change rejected.
pub fn reject_all(docx: &[u8], bounds: &Bounds<'_>) -> Result<Vec<u8>, Fault> {
    settle_all(docx, &|_| Decision::Reject, bounds)
}

/// Every tracked change of the document, in order.
pub fn revisions(docx: &[u8], bounds: &Bounds<'_>) -> Result<Vec<Revision>, Fault> {
    let mut package = open(docx, bounds).map_err(Fault::Original)?;
    let sources = Sources::open(&mut package, bounds).map_err(Fault::Original)?;
    let trees = sources.trees(bounds).map_err(Fault::Original)?;
    let read = docx::read_trees(&trees, &sources, bounds).map_err(Fault::Original)?;
    Ok(revision::list(&trees, &read.places))
}

/// The document with some of its tracked changes accepted or rejected; `choose` is asked for each of
/// [`revisions`].
pub fn decide(
    docx: &[u8],
    choose: &dyn Fn(&Revision) -> Decision,
    bounds: &Bounds<'_>,
) -> Result<Vec<u8>, Fault> {
    let known: BTreeMap<u32, Decision> =
        revisions(docx, bounds)?.iter().map(|revision| (revision.number, choose(revision))).collect();
    settle_all(docx, &|element| known.get(&element.mark).copied().unwrap_or(Decision::Keep), bounds)
}

fn settle_all(docx: &[u8], choose: &Choose<'_>, bounds: &Bounds<'_>) -> Result<Vec<u8>, Fault> {
    let mut package = open(docx, bounds).map_err(Fault::Original)?;
    let sources = Sources::open(&mut package, bounds).map_err(Fault::Original)?;
    let trees = sources.trees(bounds).map_err(Fault::Original)?;
    let settled = proof::settled(&trees, choose);
    write(&mut package, (&sources, &settled), Parts::default(), bounds).map_err(Fault::Original)
}

/// Opens a file that must be a Word document.
pub(super) fn open<'a>(bytes: &'a [u8], bounds: &'a Bounds<'a>) -> Result<Package<'a>, read::Fault> {
    if bytes.len() > bounds.input_bytes {
        return Err(read::Fault::TooLarge(bounds.input_bytes));
    }
    match read::sniff(bytes) {
        read::Kind::Docx => Package::open(bytes, bounds),
        read::Kind::Empty => Err(read::Fault::Empty),
        read::Kind::Locked => Err(read::Fault::Locked),
        kind => Err(read::Fault::Unsupported(kind)),
    }
}

/// The start tag of the main part, when changes can be written into it.
fn writable(trees: &[Tree<'_>]) -> Result<String, Fault> {
    let root = trees.first().and_then(Tree::root).ok_or(Fault::Prefix)?;
    let bound = xml::attributes(&root.open).any(|(key, uri)| key == "xmlns:w" && MAIN.contains(&uri));
    if bound { Ok(root.open.to_string()) } else { Err(Fault::Prefix) }
}

fn host(sources: &Sources, trees: &[Tree<'_>], bounds: &Bounds<'_>) -> Result<Host, Fault> {
    let mut styles = sources.read_styles(bounds).map_err(Fault::Original)?;
    styles.learn_grounds(trees);
    Ok(Host {
        styles,
        lists: sources.read_lists(bounds).map_err(Fault::Original)?,
        root: writable(trees)?,
        parts: sources.stories.iter().map(|(name, _)| name.clone()).collect(),
    })
}

/// The lists of the revised document, for an original that has none and refers to none.
fn lent_lists<'n>(old: &Sources, new: &'n Sources) -> Option<&'n str> {
    let refers =
        old.stories.iter().map(|(_, text)| text).chain(&old.styles).any(|text| text.contains("w:numPr"));
    // Pictures as bullets would need their files.
    let lists = new.numbering.as_deref().filter(|lists| !lists.contains(" r:"));
    lists.filter(|_| old.numbering.is_none() && !refers)
}

/// Adds the part that holds lists.
fn add_lists(lists: &str, host: &Host, parts: &mut Parts) {
    let added = Added {
        name: "numbering.xml",
        kind: "numbering",
        content_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml",
        ending: None,
        content: lists.as_bytes().to_vec(),
    };
    parts.add(host.main(), added);
}

/// The links of every part with a story.
fn links_of(sources: &Sources, package: &mut Package<'_>) -> Result<Vec<Vec<Relation>>, read::Fault> {
    sources.stories.iter().map(|(name, _)| package.relations(name)).collect()
}

/// Plans the changes of all stories that have a counterpart, and of the notes that stand for each other.
fn plan<'a>(
    importer: &mut Importer<'_, '_, '_>,
    stamp: &mut Stamp,
    (old_trees, new_trees): (&'a [Tree<'a>], &'a [Tree<'a>]),
    pairs: &[(usize, usize)],
) -> Plan {
    let mut comparer = Comparer { importer, stamp, plan: Plan::default(), notes: Vec::new() };
    for (i, j) in pairs {
        if let (Some(old), Some(new)) = (old_trees[*i].root(), new_trees[*j].root()) {
            comparer.importer.between = Some((*i, *j));
            let (old, new) = (old.child("w:body").unwrap_or(old), new.child("w:body").unwrap_or(new));
            comparer.story(&old.children, old.mark, &new.children);
        }
    }
    let (old_notes, new_notes) = (notes_of(old_trees), notes_of(new_trees));
    let find = |notes: &[(&'static str, String, &'a Element<'a>)], kind: &str, id: &str| {
        notes.iter().find(|(other, known, _)| *other == kind && known == id).map(|(_, _, note)| *note)
    };
    for (kind, old_id, new_id) in std::mem::take(&mut comparer.notes) {
        if let (Some(old), Some(new)) = (find(&old_notes, &kind, &old_id), find(&new_notes, &kind, &new_id)) {
            let part = |trees: &[Tree<'_>]| {
                trees.iter().position(|tree| tree.root().and_then(note_reference) == Some(kind.as_str()))
            };
            comparer.importer.between = part(old_trees).zip(part(new_trees));
            comparer.story(&old.children, old.mark, &new.children);
        }
    }
    comparer.plan
}

/// All notes: the kind of reference, the id, the note.
fn notes_of<'a>(trees: &'a [Tree<'a>]) -> Vec<(&'static str, String, &'a Element<'a>)> {
    let mut found = Vec::new();
    for root in trees.iter().filter_map(Tree::root) {
        let Some(kind) = note_reference(root) else { continue };
        for note in root.elements().filter(|note| is_note(note)) {
            found.push((kind, note.attr("id").unwrap_or_default().into_owned(), note));
        }
    }
    found
}

/// Which parts are compared with which: the bodies, and headers and footers by words, by name, by order.
fn story_pairs(
    old: &Sources,
    old_trees: &[Tree<'_>],
    new: &Sources,
    new_trees: &[Tree<'_>],
) -> Vec<(usize, usize)> {
    let mut pairs = vec![(0, 0)];
    let styles = docx::styles::Styles::default();
    let (left, right) = (proof::words(old_trees, &styles), proof::words(new_trees, &styles));
    for kind in ["w:hdr", "w:ftr"] {
        let of = |trees: &[Tree<'_>]| -> Vec<usize> {
            (1..trees.len()).filter(|at| trees[*at].root().is_some_and(|root| root.is(kind))).collect()
        };
        let (mut olds, mut news) = (of(old_trees), of(new_trees));
        let tests: [&dyn Fn(usize, usize) -> bool; 3] = [
            &|i, j| left.parts[i] == right.parts[j],
            &|i, j| old.stories[i].0 == new.stories[j].0,
            &|_, _| true,
        ];
        for test in tests {
            olds.retain(|i| {
                let found = news.iter().position(|j| test(*i, *j));
                pairs.extend(found.map(|at| (*i, news.remove(at))));
                found.is_none()
            });
        }
    }
    pairs
}

/// What the comparison does not look at.
fn unseen(
    old_trees: &[Tree<'_>],
    new: &Sources,
    new_trees: &[Tree<'_>],
    pairs: &[(usize, usize)],
) -> Skipped {
    let mut skipped = Skipped::default();
    let styles = docx::styles::Styles::default();
    let lone = |trees: &[Tree<'_>], paired: &dyn Fn(usize) -> bool| {
        let words = proof::words(trees, &styles);
        (1..trees.len()).filter(|at| !paired(*at) && !words.parts[*at].trim().is_empty()).count()
    };
    skipped.add_many(NotCompared::Headers, lone(old_trees, &|at| pairs.iter().any(|(i, _)| *i == at)));
    skipped.add_many(NotCompared::Headers, lone(new_trees, &|at| pairs.iter().any(|(_, j)| *j == at)));
    skipped.add_many(NotCompared::Comments, new.comments);
    skipped.add_many(NotCompared::Tracked, revision::list(new_trees, &[]).len());
    let layout =
        |trees: &[Tree<'_>]| trees.first().and_then(Tree::root).map(section_layout).unwrap_or_default();
    if layout(old_trees) != layout(new_trees) {
        skipped.add(NotCompared::Sections);
    }
    skipped
}

/// Page layout of all sections, without what a word processor changes at every save.
fn section_layout(element: &Element<'_>) -> String {
    if matches!(element.name.as_ref(), "w:pgSz" | "w:pgMar" | "w:cols" | "w:pgNumType") {
        return element.open.to_string();
    }
    element.elements().map(section_layout).collect()
}

/// Puts new notes into the part that holds notes, which is made when there is none.
fn add_notes<'a>(
    notes: Vec<(&'static str, Element<'static>)>,
    trees: &mut [Tree<'a>],
    host: &Host,
    parts: &mut Parts,
) {
    for kind in ["w:footnoteReference", "w:endnoteReference"] {
        let own: Vec<Node<'static>> = notes
            .iter()
            .filter(|(other, _)| *other == kind)
            .map(|(_, note)| Node::Element(note.clone()))
            .collect();
        if own.is_empty() {
            continue;
        }
        let part =
            trees.iter_mut().filter_map(Tree::root_mut).find(|root| note_reference(root) == Some(kind));
        match part {
            Some(root) => root.children.extend(own),
            None => new_notes(kind, own, host, parts),
        }
    }
}

/// A part for notes, with the two lines that every such part must have.
fn new_notes(kind: &str, notes: Vec<Node<'static>>, host: &Host, parts: &mut Parts) {
    let name = if kind == "w:footnoteReference" { "footnote" } else { "endnote" };
    let line = |id: i8, sort: &str, sign: &str| {
        let run = Element::new("w:r", vec![Node::Element(Element::new(sign, Vec::new()))]);
        let paragraph = Element::new("w:p", vec![Node::Element(run)]);
        Node::Element(Element::new(
            &format!("w:{name} w:type=\"{sort}\" w:id=\"{id}\""),
            vec![Node::Element(paragraph)],
        ))
    };
    let lines =
        [line(-1, "separator", "w:separator"), line(0, "continuationSeparator", "w:continuationSeparator")];
    let spaces: String =
        xml::attributes(&host.root).map(|(key, value)| format!(" {key}=\"{value}\"")).collect();
    let root = Element::new(&format!("w:{name}s{spaces}"), lines.into_iter().chain(notes).collect());
    let content = format!("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n{}", root.to_xml());
    let added = Added {
        name: &format!("{name}s.xml"),
        kind: &format!("{name}s"),
        content_type: &format!("application/vnd.openxmlformats-officedocument.wordprocessingml.{name}s+xml"),
        ending: None,
        content: content.into_bytes(),
    };
    parts.add(host.main(), added);
}

/// The file with the parts that differ from what was read; every other byte stays.
fn write(
    package: &mut Package<'_>,
    (sources, trees): (&Sources, &[Tree<'_>]),
    parts: Parts,
    bounds: &Bounds<'_>,
) -> Result<Vec<u8>, read::Fault> {
    let mut changes = parts.finish(package, bounds)?;
    for ((name, source), tree) in sources.stories.iter().zip(trees) {
        let written = tree.to_xml();
        if written != *source {
            // What was read in UTF-16 is written in UTF-8 and must say so.
            changes.insert(
                name.clone(),
                written.replacen("encoding=\"UTF-16\"", "encoding=\"UTF-8\"", 1).into_bytes(),
            );
        }
    }
    package.write(&changes)
}
