//! How much a file may cost us before we stop reading it.

use super::Fault;

/// Limits on one file. They are checked while reading, before memory is taken.
pub struct Bounds<'a> {
    /// Largest file taken, in bytes.
    pub input_bytes: usize,
    /// Largest sum of unpacked parts, in bytes.
    pub unpacked_bytes: u64,
    /// Largest single XML part, in bytes.
    pub part_bytes: u64,
    /// Most entries in an archive.
    pub entries: usize,
    /// Most times a part above one megabyte may be larger than its packed form.
    pub ratio: u64,
    /// Deepest nesting of XML elements.
    pub depth: usize,
    /// Most XML nodes in all parts that are read together.
    pub nodes: usize,
    /// Says whether the time for this file is up.
    pub late: &'a dyn Fn() -> bool,
}

impl<'a> Bounds<'a> {
    /// The limits of the service, with the clock that ends a long reading.
    #[must_use]
    pub fn new(late: &'a dyn Fn() -> bool) -> Self {
        Self {
            input_bytes: domain::contract::FILE_BYTES_MAX,
            unpacked_bytes: 256 * 1024 * 1024,
            part_bytes: 48 * 1024 * 1024,
            entries: 4096,
            ratio: 120,
            depth: 200,
            nodes: 1_200_000,
            late,
        }
    }

    /// The same limits without a clock, for callers who bound the time themselves.
    #[must_use]
    pub fn untimed() -> Bounds<'static> {
        Bounds::new(&|| false)
    }

    /// Refuses the next node of a part that has too many, or when the time is up.
    pub(crate) fn check_nodes(&self, count: usize) -> Result<(), Fault> {
        if count > self.nodes {
            return Err(Fault::Bomb);
        }
        if count.is_multiple_of(4096) {
            return self.check_time();
        }
        Ok(())
    }

    /// Refuses a part nested too deeply.
    pub(crate) fn check_depth(&self, depth: usize) -> Result<(), Fault> {
        if depth >= self.depth { Err(Fault::Bomb) } else { Ok(()) }
    }

    /// Refuses to go on when the time is up.
    pub(crate) fn check_time(&self) -> Result<(), Fault> {
        if (self.late)() { Err(Fault::Late) } else { Ok(()) }
    }
}
