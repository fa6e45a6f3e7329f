//! How much a file may cost before we stop reading it.

use std::time::Duration;

/// Limits on one file and on the processes that open it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub file_bytes: usize,
    /// Most pages.
    pub pages: u32,
    /// Most letters in all.
    pub letters: usize,
    /// Memory of the process that opens the file, in bytes.
    pub memory_bytes: u64,
    /// Time for opening the file or for one page of it.
    pub page_time: Duration,
    /// Time for the text layer of all pages.
    pub layer_time: Duration,
    /// Time for recognising one page.
    pub recognise_time: Duration,
    /// Most pages that are recognised; those beyond stay unread.
    pub recognised_pages: u32,
    /// Time for the whole file; pages not recognised by then stay unread.
    pub file_time: Duration,
    /// Resolution at which pages are recognised, in dots per inch.
    pub dpi: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: domain::contract::FILE_BYTES_MAX,
            pages: 3_000,
            letters: 20_000_000,
            memory_bytes: 256 * 1024 * 1024,
            page_time: Duration::from_secs(10),
            layer_time: Duration::from_secs(30),
            recognise_time: Duration::from_secs(60),
            recognised_pages: 200,
            file_time: Duration::from_secs(600),
            dpi: 300,
        }
    }
}
