//! Edits by their place in the text as read, written as tracked changes with the reason as a comment.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::Fault;
use super::comment::Comments;
use super::plan::Plan;
use super::rewrite::{Change, Insert};
use super::stamp::Stamp;
use crate::contract::read::docx::inline::{self, Atom};
use crate::contract::read::docx::story::Place;
use crate::contract::read::docx::styles::Styles;
use crate::contract::read::docx::xml::{Element, Node, Tree};

/// A passage to replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Byte offset of the passage in the text as read.
    pub start: usize,
    /// Byte offset after it; equal to `start` to insert only.
    pub end: usize,
    /// What comes in its place; a line end becomes a line break in the same paragraph.
    pub replacement: String,
    /// Why, as a comment beside the change.
    pub comment: Option<String>,
    /// In whose name.
    pub author: String,
}

/// What edits come to, and what the document must say with them.
pub(super) struct Planned {
    pub(super) comments: Comments,
    pub(super) plan: Plan,
}

/// Finds the paragraphs of a document by their marks.
struct Paragraphs<'e, 'a> {
    by_mark: HashMap<u32, (&'e Element<'a>, u32)>,
    styles: &'e Styles,
}

/// Plans edits, which may come in any order but must not overlap.
pub(super) fn plan(
    edits: &[Edit],
    trees: &[Tree<'_>],
    (places, styles): (&[Place], &Styles),
    stamp: &mut Stamp,
) -> Result<Planned, Fault> {
    let mut paragraphs = Paragraphs { by_mark: HashMap::new(), styles };
    trees.iter().filter_map(Tree::root).for_each(|root| collect(root, &mut paragraphs.by_mark));
    let mut order: Vec<usize> = (0..edits.len()).collect();
    order.sort_by_key(|index| (edits[*index].start, edits[*index].end));
    let mut planned = Planned { comments: Comments::default(), plan: Plan::default() };
    let mut last_end = 0;
    for index in order {
        let edit = &edits[index];
        let refuse = |why| Fault::Edit { index, why };
        if edit.start > edit.end || edit.start < last_end {
            return Err(refuse("it overlaps another or ends before it starts"));
        }
        last_end = edit.end;
        stamp.rename(&edit.author);
        let comment = edit.comment.as_deref().filter(|text| !text.trim().is_empty());
        // Word processors know no comments in headers and footers.
        let place =
            places.iter().find(|place| place.range.start <= edit.start && edit.start <= place.range.end);
        let root = place.and_then(|place| trees.get(place.part)?.root());
        let comment = comment.filter(|_| !root.is_some_and(|root| root.is("w:hdr") || root.is("w:ftr")));
        let comment = comment.map(|text| planned.comments.add(text, stamp));
        paragraphs.one(edit, comment, places, &mut planned.plan).map_err(refuse)?;
    }
    Ok(planned)
}

impl Paragraphs<'_, '_> {
    /// Plans one edit.
    fn one(
        &self,
        edit: &Edit,
        comment: Option<i64>,
        places: &[Place],
        plan: &mut Plan,
    ) -> Result<(), &'static str> {
        let holds =
            |offset: usize| move |place: &Place| place.range.start <= offset && offset <= place.range.end;
        let first =
            places.iter().position(holds(edit.start)).ok_or("it starts outside of what paragraphs say")?;
        let last = places.iter().rposition(holds(edit.end)).filter(|last| *last >= first);
        let last = last.ok_or("it ends outside of what paragraphs say")?;
        // An edit at a border belongs to the paragraph it starts in.
        let last = if edit.end <= places[first].range.end { first } else { last };
        let author: Rc<str> = edit.author.as_str().into();
        if first == last {
            let place = &places[first];
            let range = edit.start - place.range.start..edit.end - place.range.start;
            let insert = Insert::Words(edit.replacement.clone());
            self.within(place, range, (insert, comment, author), plan);
            return Ok(());
        }
        let parents: Vec<u32> = places[first..=last]
            .iter()
            .flat_map(|place| &place.marks)
            .filter_map(|mark| Some(self.by_mark.get(mark)?.1))
            .collect();
        if parents.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err("it runs over cells of a table or over different parts");
        }
        let (from, to) = (edit.start - places[first].range.start, edit.end - places[last].range.start);
        let whole_tail = edit.end == places[last].range.end;
        for (at, place) in places.iter().enumerate().take(last + 1).skip(first) {
            let range = if at == first { from } else { 0 }..if at == last { to } else { place.range.len() };
            let words = if at == first { edit.replacement.clone() } else { String::new() };
            let comment = comment.filter(|_| at == first);
            self.within(place, range, (Insert::Words(words), comment, Rc::clone(&author)), plan);
            // The last paragraph's end stays with what is left of it; else the first paragraph keeps its own.
            let end_goes = if whole_tail { at > first } else { at < last };
            if end_goes {
                plan.ends.extend(place.marks.last().map(|mark| (*mark, Some(Rc::clone(&author)))));
            }
        }
        Ok(())
    }

    /// Plans a change inside the paragraphs that read as one.
    fn within(
        &self,
        place: &Place,
        shown: Range<usize>,
        what: (Insert, Option<i64>, Rc<str>),
        plan: &mut Plan,
    ) {
        let (insert, comment, author) = what;
        let known = || place.marks.iter().filter_map(|mark| self.by_mark.get(mark));
        let atoms: Vec<Atom<'_, '_>> =
            known().flat_map(|(paragraph, _)| inline::atoms(paragraph, self.styles)).collect();
        let lengths = known().map(|(paragraph, _)| {
            (paragraph.mark, inline::text_of(&inline::atoms(paragraph, self.styles)).len())
        });
        let change = Change { range: inner(&atoms, shown), insert, comment, author: Some(author) };
        plan.share(&change, &lengths.collect::<Vec<_>>());
    }
}

/// The range in the text of atoms that a range of shown letters means; hidden letters at its borders stay.
fn inner(atoms: &[Atom<'_, '_>], shown: Range<usize>) -> Range<usize> {
    let (mut seen, mut at) = (0, 0);
    let (mut start, mut end) = (None, 0);
    for atom in atoms {
        let (seen_end, at_end) = (seen + atom.shown.len(), at + atom.text.len());
        let cuttable = atom.shown == atom.text;
        if start.is_none() && seen <= shown.start && shown.start < seen_end {
            start = Some(if cuttable { at + shown.start - seen } else { at });
        }
        if seen < shown.end && shown.end <= seen_end {
            end = if cuttable { at + shown.end - seen } else { at_end };
        }
        (seen, at) = (seen_end, at_end);
    }
    if shown.is_empty() {
        // Behind the letter before.
        return end..end;
    }
    let start = start.unwrap_or(end);
    start..end.max(start)
}

/// Paragraphs by mark, each with the mark of what holds it.
fn collect<'e, 'a>(element: &'e Element<'a>, found: &mut HashMap<u32, (&'e Element<'a>, u32)>) {
    for child in element.children.iter().filter_map(Node::element) {
        if child.is("w:p") {
            found.insert(child.mark, (child, element.mark));
        }
        collect(child, found);
    }
}

/// The words of a document with its changes taken, reckoned without writing any.
pub(super) fn expected(
    text: &str,
    places: &[Place],
    trees: &[Tree<'_>],
    (plan, styles): (&Plan, &Styles),
) -> String {
    let mut by_mark = HashMap::new();
    trees.iter().filter_map(Tree::root).for_each(|root| collect(root, &mut by_mark));
    let mut out = text.to_owned();
    for place in places.iter().rev() {
        let mut said = String::new();
        for (paragraph, _) in place.marks.iter().filter_map(|mark| by_mark.get(mark)) {
            let atoms = inline::atoms(paragraph, styles);
            said.push_str(&taken(&atoms, plan.rewrites.get(&paragraph.mark).map_or(&[][..], Vec::as_slice)));
        }
        let joins = place.marks.last().is_some_and(|mark| plan.ends.contains_key(mark));
        let end = place.range.end + usize::from(joins && out[place.range.end..].starts_with('\n'));
        out.replace_range(place.range.start..end, &said);
    }
    out
}

/// The shown letters of a paragraph with its changes taken.
fn taken(atoms: &[Atom<'_, '_>], changes: &[Change]) -> String {
    let mut out = String::new();
    let mut next = changes.iter().peekable();
    let mut at = 0;
    let mut put = |at: usize, out: &mut String| {
        while let Some(change) = next.next_if(|change| change.range.end <= at) {
            if let Insert::Words(words) = &change.insert {
                out.push_str(words);
            }
        }
    };
    for atom in atoms {
        for (index, letter) in atom.text.char_indices() {
            put(at + index, &mut out);
            if changes.iter().any(|change| change.range.contains(&(at + index))) {
                continue;
            }
            if letter == inline::OBJECT { out.push_str(&atom.shown) } else { out.push(letter) }
        }
        at += atom.text.len();
    }
    put(usize::MAX, &mut out);
    out
}
