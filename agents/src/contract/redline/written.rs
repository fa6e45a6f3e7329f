//! A redline that was written, and the proof it must pass from its own bytes before it leaves.

use super::Fault;
use super::document::open;
use super::proof::{self, Words};
use super::settle::Decision;
use super::stamp::Stamp;
use crate::contract::read::Bounds;
use crate::contract::read::docx::styles::Styles;
use crate::contract::read::docx::xml::{Element, Tree};
use crate::contract::read::docx::{self, Sources};

/// What a document said before it was changed.
pub(super) struct Before {
    /// As it stood.
    words: Words,
    /// With every earlier change rejected.
    rejected: Words,
}

impl Before {
    pub(super) fn new(trees: &[Tree<'_>], styles: &Styles) -> Self {
        let rejected = proof::settled(trees, &|_| Decision::Reject);
        Self { words: proof::words(trees, styles), rejected: proof::words(&rejected, styles) }
    }
}

/// A redline that is not yet proved.
pub(super) struct Written<'w> {
    pub(super) docx: &'w [u8],
    pub(super) stamp: &'w Stamp,
}

impl Written<'_> {
    /// Proves the redline from its own bytes; tells whether automatic numbers differ from the revised document's.
    pub(super) fn prove(
        &self,
        before: &Before,
        (wanted, pairs): (&Words, &[(usize, usize)]),
        (new, new_trees): (&Sources, &[Tree<'_>]),
        bounds: &Bounds<'_>,
    ) -> Result<usize, Fault> {
        let broken = |_| Fault::Unproved("it does not open");
        let mut package = open(self.docx, bounds).map_err(broken)?;
        let sources = Sources::open(&mut package, bounds).map_err(broken)?;
        let trees = sources.trees(bounds).map_err(broken)?;
        let styles = sources.read_styles(bounds).map_err(broken)?;
        if !proof::is_bound(&trees) {
            return Err(Fault::Unproved("a name in it is not declared"));
        }
        let taken = proof::settled(&trees, &|_| Decision::Accept);
        let words = proof::words(&taken, &styles);
        let parts = pairs.iter().all(|(i, j)| *i == 0 || words.parts[*i] == wanted.parts[*j]);
        if words.body != wanted.body || !parts {
            return Err(Fault::Unproved("accepting all does not give the revised words"));
        }
        self.prove_back(before, &trees, &styles)?;
        let numbered = |trees: &[Tree<'_>], sources: &Sources| {
            docx::read_trees(&trees[..1], sources, bounds).map(|read| read.text.text).map_err(broken)
        };
        Ok(usize::from(numbered(&taken, &sources)? != numbered(new_trees, new)?))
    }

    /// Proves edits from the bytes of their redline.
    pub(super) fn prove_edits(
        &self,
        before: &Before,
        wanted: &str,
        bounds: &Bounds<'_>,
    ) -> Result<(), Fault> {
        let broken = |_| Fault::Unproved("it does not open");
        let mut package = open(self.docx, bounds).map_err(broken)?;
        let sources = Sources::open(&mut package, bounds).map_err(broken)?;
        let trees = sources.trees(bounds).map_err(broken)?;
        let styles = sources.read_styles(bounds).map_err(broken)?;
        let (taken, _) = proof::placed(&proof::settled(&trees, &|_| Decision::Accept), &styles);
        // How many line ends stand where all words of a cell or paragraph went is the word processor's business.
        if proof::squeezed(&taken) != proof::squeezed(wanted) {
            return Err(Fault::Unproved("accepting all does not give the edited words"));
        }
        self.prove_back(before, &trees, &styles)
    }

    /// Proves that the original's words come back: without our changes, and without any.
    fn prove_back(&self, before: &Before, trees: &[Tree<'_>], styles: &Styles) -> Result<(), Fault> {
        let ours = |element: &Element<'_>| {
            let own = element
                .attr("id")
                .and_then(|id| id.parse().ok())
                .is_some_and(|id| self.stamp.ours.contains(&id));
            if own { Decision::Reject } else { Decision::Keep }
        };
        let back = proof::words(&proof::settled(trees, &ours), styles);
        let rejected = proof::words(&proof::settled(trees, &|_| Decision::Reject), styles);
        let same = |left: &Words, right: &Words| {
            left.body == right.body && left.parts.iter().zip(&right.parts).all(|(left, right)| left == right)
        };
        if !same(&back, &before.words) {
            return Err(Fault::Unproved("taking our changes back does not give the original words"));
        }
        if !same(&rejected, &before.rejected) {
            return Err(Fault::Unproved("rejecting all does not give the original words"));
        }
        Ok(())
    }
}
