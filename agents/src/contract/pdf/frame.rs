//! The words between this program and the child that opens files: a JSON head and bytes, each behind its length.

use std::io::{self, Read, Write};

use domain::contract::WordBox;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Fault;
use super::sheet::{Hidden, Sheet};

/// Largest head taken, in bytes.
const HEAD_MAX: usize = 1 << 20;
/// Largest body taken, in bytes: a picture of the largest page.
const BODY_MAX: usize = 64 << 20;
/// Bytes of one word: two offsets and four sides.
const WORD_BYTES: usize = 24;

/// What the child is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ask {
    /// Open the file in the body and send its pages. What was open before is closed.
    Open {
        /// The password that opens it.
        password: Option<String>,
        /// The first page to send, counted from 0.
        first: u32,
        /// Most pages it may have.
        pages_max: u32,
    },
    /// Send a grey picture of a page of the open file.
    Picture {
        /// The page, counted from 0.
        page: u32,
        /// Resolution in dots per inch.
        dpi: u32,
    },
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The file is open and has so many pages; they follow.
    Opened {
        /// Number of pages.
        pages: u32,
    },
    /// A page; its text and words are the body.
    Page(Head),
    /// A page that cannot be opened.
    Damaged {
        /// The page, counted from 0.
        page: u32,
    },
    /// All pages are sent.
    Done,
    /// A picture: the body has one byte a pixel, row by row.
    Picture {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// It cannot be done.
    Refused(Fault),
}

/// What is known of a page beside its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The page, counted from 0.
    pub(super) page: u32,
    /// Width and height in points.
    pub(super) size: (f32, f32),
    /// Bytes of the body that are text.
    text_bytes: usize,
    /// Letters without a meaning.
    pub(super) lost: u32,
    /// What nobody sees.
    pub(super) hidden: Vec<Hidden>,
    /// Whether its picture has to be recognised.
    pub(super) needs_recognition: bool,
    /// The share of letters of another program's recognition that lie on ink; none when the layer is the file's own.
    pub(super) foreign: Option<f32>,
}

impl Head {
    /// The head of a page.
    pub(super) fn of(page: u32, size: (f32, f32), sheet: &Sheet) -> Self {
        Self {
            page,
            size,
            text_bytes: sheet.text.len(),
            lost: sheet.lost,
            hidden: sheet.hidden.clone(),
            needs_recognition: false,
            foreign: None,
        }
    }
}

/// The bytes of a page.
pub(super) fn pack(sheet: &Sheet) -> Vec<u8> {
    let mut body = Vec::with_capacity(sheet.text.len() + sheet.words.len() * WORD_BYTES);
    body.extend_from_slice(sheet.text.as_bytes());
    for word in &sheet.words {
        for offset in [word.start, word.end] {
            body.extend_from_slice(&u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes());
        }
        for side in word.sides {
            body.extend_from_slice(&side.to_le_bytes());
        }
    }
    body
}

/// The text and words of a page; none when the bytes are not what the head says.
pub(super) fn unpack(head: &Head, body: Vec<u8>) -> Option<(String, Vec<WordBox>)> {
    let mut text = body;
    let words = text.split_off((head.text_bytes <= text.len()).then_some(head.text_bytes)?);
    let text = String::from_utf8(text).ok()?;
    let mut found = Vec::with_capacity(words.len() / WORD_BYTES);
    for word in words.chunks_exact(WORD_BYTES) {
        let four = |at: usize| [word[at], word[at + 1], word[at + 2], word[at + 3]];
        let offset = |at: usize| u32::from_le_bytes(four(at)) as usize;
        let side = |at: usize| f32::from_le_bytes(four(at));
        let word =
            WordBox { start: offset(0), end: offset(4), sides: [side(8), side(12), side(16), side(20)] };
        text.get(word.start..word.end)?;
        found.push(word);
    }
    Some((text, found))
}

/// Lengths and head of a frame.
fn front(head: &impl Serialize, body: usize) -> io::Result<Vec<u8>> {
    let head = serde_json::to_vec(head)?;
    let length = |bytes: usize| u32::try_from(bytes).map_err(io::Error::other);
    let mut front = Vec::with_capacity(8 + head.len());
    front.extend_from_slice(&length(head.len())?.to_le_bytes());
    front.extend_from_slice(&length(body)?.to_le_bytes());
    front.extend_from_slice(&head);
    Ok(front)
}

/// The two lengths, refused when too large.
fn lengths(bytes: [u8; 8]) -> io::Result<(usize, usize)> {
    let [a, b, c, d, e, f, g, h] = bytes;
    let (head, body) = (u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([e, f, g, h]) as usize);
    if head > HEAD_MAX || body > BODY_MAX {
        return Err(io::Error::other("a frame is too large"));
    }
    Ok((head, body))
}

/// Writes a frame.
pub(super) fn write(to: &mut impl Write, head: &impl Serialize, body: &[u8]) -> io::Result<()> {
    to.write_all(&front(head, body.len())?)?;
    to.write_all(body)?;
    to.flush()
}

/// Reads a frame; none at the end of the stream.
pub(super) fn read<H: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<(H, Vec<u8>)>> {
    let mut bytes = [0; 8];
    match from.read_exact(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let (head, body) = lengths(bytes)?;
    let mut heading = vec![0; head];
    from.read_exact(&mut heading)?;
    let mut bytes = vec![0; body];
    from.read_exact(&mut bytes)?;
    Ok(Some((serde_json::from_slice(&heading)?, bytes)))
}

/// Writes a frame without blocking the thread.
pub(super) async fn send(
    to: &mut (impl AsyncWrite + Unpin),
    head: &impl Serialize,
    body: &[u8],
) -> io::Result<()> {
    to.write_all(&front(head, body.len())?).await?;
    to.write_all(body).await?;
    to.flush().await
}

/// Reads a frame without blocking the thread.
pub(super) async fn receive<H: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
) -> io::Result<(H, Vec<u8>)> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes).await?;
    let (head, body) = lengths(bytes)?;
    let mut heading = vec![0; head];
    from.read_exact(&mut heading).await?;
    let mut bytes = vec![0; body];
    from.read_exact(&mut bytes).await?;
    Ok((serde_json::from_slice(&heading)?, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let word = WordBox { start: 0, end: 5, sides: [1.0, 2.0, 3.5, 4.0] };
        Sheet { text: "Café!".chars().take(4).collect(), words: vec![word], ..Sheet::default() }
    }

    #[test]
    fn a_page_arrives_as_it_was_sent() {
        let sheet = sheet();
        let head = Head::of(3, (612.0, 792.0), &sheet);
        assert_eq!(unpack(&head, pack(&sheet)), Some((sheet.text, sheet.words)));
    }

    #[test]
    fn words_that_are_no_part_of_the_text_are_refused() {
        let mut sheet = sheet();
        sheet.words[0].end = 4; // inside the last letter
        let head = Head::of(0, (1.0, 1.0), &sheet);
        assert_eq!(unpack(&head, pack(&sheet)), None);
        let short = Head { text_bytes: 900, ..head };
        assert_eq!(unpack(&short, pack(&sheet)), None);
    }

    #[test]
    fn a_frame_that_claims_too_much_is_refused_before_memory_is_taken() {
        let mut bytes = u32::MAX.to_le_bytes().to_vec();
        bytes.extend_from_slice(&[0; 4]);
        assert!(read::<Ask>(&mut bytes.as_slice()).is_err());
        assert!(read::<Ask>(&mut [].as_slice()).unwrap().is_none());
    }
}
