//! Children that are kept for the next file: one for each processor.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use super::process::Opener;
use super::{Fault, Limits};

/// A child ends after so many files: what the library leaks goes with it.
const FILES_MAX: u32 = 200;

/// The pool.
#[derive(Debug)]
pub(super) struct Pool {
    program: PathBuf,
    library: PathBuf,
    limits: Limits,
    idle: Mutex<Vec<Opener>>,
    places: Arc<Semaphore>,
}

/// A child for one file; it goes back by [`Pool::put_back`], or ends when dropped.
#[derive(Debug)]
pub(super) struct Lent {
    pub(super) opener: Opener,
    place: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(program: PathBuf, library: PathBuf, limits: Limits) -> Self {
        let places = std::thread::available_parallelism().map_or(1, usize::from);
        Self { program, library, limits, idle: Mutex::default(), places: Arc::new(Semaphore::new(places)) }
    }

    /// How many files are open at the same time.
    pub(super) fn places() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    /// A child, as soon as a processor is free.
    pub(super) async fn take(&self) -> Result<Lent, Fault> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Fault::NoEngine)?;
        let opener = match self.idle.lock().await.pop() {
            // One that was killed while it waited has no id any more once that was noticed.
            Some(opener) if opener.id().is_some() => opener,
            _ => self.start()?,
        };
        Ok(Lent { opener, place })
    }

    /// A new child in the place of one that failed.
    pub(super) fn renew(&self, lent: Lent) -> Result<Lent, Fault> {
        Ok(Lent { opener: self.start()?, place: lent.place })
    }

    /// Keeps a child for the next file.
    pub(super) async fn put_back(&self, lent: Lent) {
        if lent.opener.files < FILES_MAX {
            self.idle.lock().await.push(lent.opener);
        }
    }

    fn start(&self) -> Result<Opener, Fault> {
        Opener::start(&self.program, &self.library, &self.limits).map_err(|error| {
            tracing::error!(%error, "cannot start the process that opens PDFs");
            Fault::NoEngine
        })
    }
}
