//! The blocks of a story as they are compared: paragraphs (several that read as one count as one) and tables.

use crate::contract::read::docx::inline;
use crate::contract::read::docx::story::{self, mark_deleted};
use crate::contract::read::docx::styles::Styles;
use crate::contract::read::docx::xml::{Element, Node};

/// A paragraph or a table.
#[derive(Debug, Clone)]
pub(super) enum Block<'e, 'a> {
    /// Paragraphs whose ends are deleted, up to the one whose end stays.
    Paragraph(Vec<&'e Element<'a>>),
    /// A table.
    Table(&'e Element<'a>),
}

/// The blocks of a story, those inside content controls among them; what is deleted already is left out.
pub(super) fn blocks<'e, 'a>(children: &'e [Node<'a>], styles: &Styles) -> Vec<Block<'e, 'a>> {
    let mut found = Vec::new();
    collect(children, styles, &mut found);
    found
}

fn collect<'e, 'a>(children: &'e [Node<'a>], styles: &Styles, found: &mut Vec<Block<'e, 'a>>) {
    let mut chain: Vec<&Element<'a>> = Vec::new();
    for element in children.iter().filter_map(Node::element) {
        match element.name.as_ref() {
            "w:p" => {
                chain.push(element);
                if !mark_deleted(element) {
                    found.push(Block::Paragraph(std::mem::take(&mut chain)));
                }
                continue;
            }
            "w:tbl" | "w:sdt" | "w:customXml" | "w:smartTag" | "mc:AlternateContent" | "w:altChunk" => {}
            _ => continue,
        }
        dangling(&mut chain, styles, found);
        match element.name.as_ref() {
            "w:tbl" => found.push(Block::Table(element)),
            "w:altChunk" => {}
            "mc:AlternateContent" => {
                inline::branch(element).iter().for_each(|branch| collect(&branch.children, styles, found));
            }
            "w:sdt" => element
                .child("w:sdtContent")
                .iter()
                .for_each(|content| collect(&content.children, styles, found)),
            _ => collect(&element.children, styles, found),
        }
    }
    dangling(&mut chain, styles, found);
}

/// Paragraphs without an end to join count when they hold anything.
fn dangling<'e, 'a>(chain: &mut Vec<&'e Element<'a>>, styles: &Styles, found: &mut Vec<Block<'e, 'a>>) {
    let chain = std::mem::take(chain);
    if chain.iter().any(|paragraph| !inline::atoms(paragraph, styles).is_empty()) {
        found.push(Block::Paragraph(chain));
    }
}

impl Block<'_, '_> {
    /// The text in which the block is compared, with what tells its objects apart.
    pub(super) fn key(&self, styles: &Styles) -> String {
        match self {
            Block::Paragraph(chain) => {
                let mut key = String::new();
                for atom in chain.iter().flat_map(|paragraph| inline::atoms(paragraph, styles)) {
                    key.push_str(&atom.text);
                    key.push_str(&atom.key);
                }
                key
            }
            Block::Table(table) => {
                let rows = story::rows(table);
                rows.iter().map(|row| row_key(row, styles)).collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// The mark of its first element.
    pub(super) fn first_mark(&self) -> u32 {
        match self {
            Block::Paragraph(chain) => chain.first().map_or(0, |first| first.mark),
            Block::Table(table) => table.mark,
        }
    }

    /// The mark of its last element.
    pub(super) fn last_mark(&self) -> u32 {
        match self {
            Block::Paragraph(chain) => chain.last().map_or(0, |last| last.mark),
            Block::Table(table) => table.mark,
        }
    }
}

/// The text of a row: cells parted by tabs.
pub(super) fn row_key(row: &Element<'_>, styles: &Styles) -> String {
    let cell = |cell: &&Element<'_>| {
        blocks(&cell.children, styles).iter().map(|block| block.key(styles)).collect::<Vec<_>>().join("\u{b}")
    };
    story::cells(row).iter().map(cell).collect::<Vec<_>>().join("\t")
}
