//! PDFs by pdftotext, where pdfium is missing: text with places, but no pictures and no look at what is hidden.

use std::path::Path;
use std::time::Duration;

use domain::contract::PageText;

use super::assemble::Leaf;
use super::process;
use super::tsv;

/// The pages of a file; none when it cannot be read. A page without letters comes back unread.
pub(super) async fn read(
    program: &Path,
    bytes: &[u8],
    password: Option<&str>,
    time: Duration,
) -> Option<Vec<Leaf>> {
    let mut arguments = vec!["-tsv"];
    if let Some(password) = password {
        arguments.extend(["-upw", password]);
    }
    arguments.extend(["-", "-"]);
    let output = process::run(program, &arguments, bytes, time).await?;
    let leaf = |page: tsv::Table| {
        let from = if page.letters == 0 { PageText::Unread } else { PageText::Layer };
        Leaf { size: page.size, text: page.text, words: page.words, from }
    };
    Some(tsv::pages(&String::from_utf8_lossy(&output)).into_iter().map(leaf).collect())
}
