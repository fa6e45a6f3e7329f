//! Comments: the part that holds them, made when there is none.

use super::import::Host;
use super::parts::{Added, Parts};
use super::stamp::Stamp;
use crate::contract::read::docx::package::Package;
use crate::contract::read::docx::xml::{self, Element, Node};
use crate::contract::read::{Bounds, Fault};

/// New comments, to be written together.
#[derive(Debug, Default)]
pub(super) struct Comments {
    elements: Vec<Element<'static>>,
}

impl Comments {
    /// A comment in the stamp's name; gives its id.
    pub(super) fn add(&mut self, text: &str, stamp: &mut Stamp) -> i64 {
        let attributes = stamp.attributes();
        let id = stamp.last();
        // A comment is no tracked change.
        stamp.ours.remove(&id);
        let initials: String =
            stamp.name().split_whitespace().filter_map(|word| word.chars().next()).take(3).collect();
        let lines = text.lines().map(|line| {
            let words =
                Element::new("w:t xml:space=\"preserve\"", vec![Node::Text(xml::escape(line).into())]);
            let run = Element::new("w:r", vec![Node::Element(words)]);
            Node::Element(Element::new("w:p", vec![Node::Element(run)]))
        });
        let inside = format!("w:comment {attributes} w:initials=\"{}\"", xml::escape(&initials));
        self.elements.push(Element::new(&inside, lines.collect()));
        id
    }

    /// Writes the comments into the part that holds them.
    pub(super) fn write(
        self,
        package: &mut Package<'_>,
        host: &Host,
        parts: &mut Parts,
        bounds: &Bounds<'_>,
    ) -> Result<(), Fault> {
        if self.elements.is_empty() {
            return Ok(());
        }
        let link =
            package.relations(host.main())?.into_iter().find(|link| link.kind == "comments" && !link.outside);
        let known = link.and_then(|link| package.find(&link.target));
        if let Some(name) = known {
            let source = package.text(&name)?.ok_or(Fault::Broken)?;
            let mut tree = xml::parse(&source, bounds)?;
            let root = tree.root_mut().ok_or(Fault::Broken)?;
            root.children.extend(self.elements.into_iter().map(Node::Element));
            parts.content.insert(name, tree.to_xml().into_bytes());
            return Ok(());
        }
        let spaces: String =
            xml::attributes(&host.root).map(|(key, value)| format!(" {key}=\"{value}\"")).collect();
        let root = Element::new(
            &format!("w:comments{spaces}"),
            self.elements.into_iter().map(Node::Element).collect(),
        );
        let content =
            format!("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n{}", root.to_xml());
        let added = Added {
            name: "comments.xml",
            kind: "comments",
            content_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.comments+xml",
            ending: None,
            content: content.into_bytes(),
        };
        parts.add(host.main(), added);
        Ok(())
    }
}

/// Ids of the comments that are there already.
pub(super) fn known_ids(
    package: &mut Package<'_>,
    part: &str,
    bounds: &Bounds<'_>,
) -> Result<Vec<i64>, Fault> {
    let link = package.relations(part)?.into_iter().find(|link| link.kind == "comments" && !link.outside);
    let Some(source) = link.map(|link| package.text(&link.target)).transpose()?.flatten() else {
        return Ok(Vec::new());
    };
    let tree = xml::parse(&source, bounds)?;
    let root = tree.root().ok_or(Fault::Broken)?;
    Ok(root.elements().filter_map(|comment| comment.attr("id")?.parse().ok()).collect())
}
