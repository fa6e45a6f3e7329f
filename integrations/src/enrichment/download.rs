//! Fetches a large public file to disk: what came stays when the line breaks, and the next try goes on behind it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{
    CONTENT_RANGE, ETAG, HeaderMap, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode, redirect};
use serde::{Deserialize, Serialize};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt;

/// So many tries in a row may bring nothing before we give up.
const TRIES: u32 = 4;
/// How long a server may take to accept a connection, and how long it may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// The longest that we wait because a server asks for it, seconds.
const WAIT_MAX_S: u64 = 120;
/// Redirects that are followed: public files move to storage hosts.
const REDIRECTS_MAX: usize = 3;

/// Why a file could not be had. What came so far is kept.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The server said no.
    #[error("{url} answered {status}")]
    Refused {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The line broke again and again, and nothing more came.
    #[error("{url} cannot be fetched: {cause}; what came is kept, so run this again to go on")]
    Broken {
        /// What was asked for.
        url: String,
        /// What was seen last.
        cause: String,
    },
    /// The file is not as long as its publisher says.
    #[error("the file has {got} bytes, its publisher says {expected}; it was thrown away, run this again")]
    Size {
        /// What came.
        got: u64,
        /// What was promised.
        expected: u64,
    },
    /// Our disk.
    #[error("cannot write {path}: {source}")]
    Disk {
        /// Where.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// No client could be made.
    #[error("cannot set up TLS: {0}")]
    Tls(reqwest::Error),
}

/// What a server calls this version of a file: without it nothing can be continued.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Version {
    url: String,
    validator: Option<String>,
}

/// How a try ended that did not bring the whole file.
enum Stop {
    /// Try again, after so long if the server said so.
    Again {
        cause: String,
        after: Option<Duration>,
    },
    Fatal(DownloadError),
}

/// Fetches files into a folder.
#[derive(Debug, Clone)]
pub struct Downloader {
    client: Client,
    folder: PathBuf,
    /// The first pause after a failure; each further one is twice as long.
    pause: Duration,
}

impl Downloader {
    /// Introduces itself as `agent` (some registers demand an address of a person) and puts files into `folder`.
    ///
    /// Errors: the folder cannot be made, TLS cannot be set up.
    pub fn new(agent: &str, folder: &Path, pause: Duration) -> Result<Self, DownloadError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| DownloadError::Disk { path: folder.to_owned(), source })?;
        // The bytes are wanted as they lie there: a decoded stream has another length and cannot be continued.
        let client = Client::builder()
            .user_agent(agent)
            .connect_timeout(SILENCE)
            .read_timeout(SILENCE)
            .redirect(redirect::Policy::limited(REDIRECTS_MAX))
            .no_gzip()
            .build()
            .map_err(DownloadError::Tls)?;
        Ok(Self { client, folder: folder.to_owned(), pause })
    }

    /// Where files are put.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Fetches `url` as `name` and tells `progress` (bytes here, bytes in all). An unchanged file that is here already is
    /// not fetched again; with `expected` bytes another length is an error.
    pub async fn fetch(
        &self,
        url: &str,
        name: &str,
        expected: Option<u64>,
        mut progress: impl FnMut(u64, Option<u64>),
    ) -> Result<PathBuf, DownloadError> {
        let mut idle = 0;
        let mut before = 0;
        loop {
            let stop = match self.attempt(url, name, &mut progress).await {
                Ok(path) => return self.checked(path, name, expected).await,
                Err(stop) => stop,
            };
            let (cause, after) = match stop {
                Stop::Fatal(error) => return Err(error),
                Stop::Again { cause, after } => (cause, after),
            };
            let here = length(&self.part(name)).await;
            idle = if here > before { 0 } else { idle + 1 };
            before = here;
            if idle >= TRIES {
                return Err(DownloadError::Broken { url: url.to_owned(), cause });
            }
            tracing::info!(url, cause, bytes = here, "a download broke off and goes on");
            tokio::time::sleep(after.unwrap_or(self.pause * 2_u32.pow(idle))).await;
        }
    }

    async fn attempt(
        &self,
        url: &str,
        name: &str,
        progress: &mut impl FnMut(u64, Option<u64>),
    ) -> Result<PathBuf, Stop> {
        let (whole, part) = (self.folder.join(name), self.part(name));
        let known = self.version(name, ".version").await.filter(|version| version.url == url);
        let begun = self.version(name, ".part.version").await.filter(|version| version.url == url);
        let have = if begun.is_some() { length(&part).await } else { 0 };
        let mut request = self.client.get(url);
        if let (Some(validator), true) = (begun.and_then(|version| version.validator), have > 0) {
            request = request.header(RANGE, format!("bytes={have}-")).header(IF_RANGE, validator);
        } else if let Some(validator) = known.and_then(|version| version.validator)
            && validator.contains('"')
            && length(&whole).await > 0
        {
            request = request.header(IF_NONE_MATCH, validator);
        }
        let response = request.send().await.map_err(again)?;
        let (offset, total) = match response.status() {
            StatusCode::NOT_MODIFIED => return Ok(whole),
            StatusCode::OK => (0, response.content_length()),
            StatusCode::PARTIAL_CONTENT => match range(response.headers()) {
                Some((from, total)) if from == have => (have, Some(total)),
                _ => return Err(self.afresh(name, "another part came than was asked for").await),
            },
            StatusCode::RANGE_NOT_SATISFIABLE => {
                return Err(self.afresh(name, "the file became shorter").await);
            }
            status => return Err(refused(url, status, response.headers())),
        };
        if offset == 0 {
            let version = Version { url: url.to_owned(), validator: validator(response.headers()) };
            self.note(name, ".part.version", &version).await?;
        }
        self.take(response, name, (offset, total), progress).await?;
        self.finish(name).await
    }

    /// Writes what comes behind `offset`.
    async fn take(
        &self,
        mut response: Response,
        name: &str,
        (offset, total): (u64, Option<u64>),
        progress: &mut impl FnMut(u64, Option<u64>),
    ) -> Result<(), Stop> {
        let path = self.part(name);
        let disk = |source| Stop::Fatal(DownloadError::Disk { path: path.clone(), source });
        let mut options = OpenOptions::new();
        options.create(true).write(true);
        let mut file: File = if offset == 0 { options.truncate(true) } else { options.append(true) }
            .open(&path)
            .await
            .map_err(disk)?;
        let mut here = offset;
        progress(here, total);
        let ended = loop {
            match response.chunk().await {
                Ok(Some(bytes)) => {
                    file.write_all(&bytes).await.map_err(disk)?;
                    here += bytes.len() as u64;
                    progress(here, total);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(again(error)),
            }
        };
        file.flush().await.map_err(disk)?;
        file.sync_all().await.map_err(disk)?;
        ended?;
        match total {
            Some(total) if here < total => {
                Err(Stop::Again { cause: format!("{here} of {total} bytes came"), after: None })
            }
            Some(total) if here > total => Err(self.afresh(name, "more came than was announced").await),
            _ => Ok(()),
        }
    }

    /// The part becomes the file.
    async fn finish(&self, name: &str) -> Result<PathBuf, Stop> {
        let whole = self.folder.join(name);
        let moves = [
            (self.part(name), whole.clone()),
            (self.folder.join(format!("{name}.part.version")), self.folder.join(format!("{name}.version"))),
        ];
        for (from, to) in moves {
            fs::rename(&from, &to)
                .await
                .map_err(|source| Stop::Fatal(DownloadError::Disk { path: to, source }))?;
        }
        Ok(whole)
    }

    async fn checked(
        &self,
        path: PathBuf,
        name: &str,
        expected: Option<u64>,
    ) -> Result<PathBuf, DownloadError> {
        let got = length(&path).await;
        match expected {
            Some(expected) if got != expected => {
                self.discard(name).await;
                Err(DownloadError::Size { got, expected })
            }
            _ => Ok(path),
        }
    }

    /// Forgets a file, because it turned out to be damaged: the next fetch starts at its first byte.
    pub async fn discard(&self, name: &str) {
        for ending in ["", ".version", ".part", ".part.version"] {
            // Nothing is lost when it was not there.
            let _ = fs::remove_file(self.folder.join(format!("{name}{ending}"))).await;
        }
    }

    async fn afresh(&self, name: &str, cause: &str) -> Stop {
        for ending in [".part", ".part.version"] {
            let _ = fs::remove_file(self.folder.join(format!("{name}{ending}"))).await;
        }
        Stop::Again { cause: cause.to_owned(), after: None }
    }

    fn part(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.part"))
    }

    async fn version(&self, name: &str, ending: &str) -> Option<Version> {
        let text = fs::read(self.folder.join(format!("{name}{ending}"))).await.ok()?;
        serde_json::from_slice(&text).ok()
    }

    async fn note(&self, name: &str, ending: &str, version: &Version) -> Result<(), Stop> {
        let path = self.folder.join(format!("{name}{ending}"));
        let text = serde_json::to_vec(version).unwrap_or_default();
        // The old bytes go first: they must never be taken for a beginning of the new version.
        match fs::remove_file(self.part(name)).await {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                return Err(Stop::Fatal(DownloadError::Disk { path: self.part(name), source }));
            }
            _ => {}
        }
        fs::write(&path, text).await.map_err(|source| Stop::Fatal(DownloadError::Disk { path, source }))
    }
}

fn again(error: reqwest::Error) -> Stop {
    Stop::Again { cause: error.without_url().to_string(), after: None }
}

fn refused(url: &str, status: StatusCode, headers: &HeaderMap) -> Stop {
    if status.as_u16() != 429 && !status.is_server_error() {
        return Stop::Fatal(DownloadError::Refused { url: url.to_owned(), status: status.as_u16() });
    }
    let said = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = said.and_then(|text| text.trim().parse::<u64>().ok());
    Stop::Again {
        cause: format!("it answered {status}"),
        after: after.map(|after| Duration::from_secs(after.min(WAIT_MAX_S))),
    }
}

/// A strong tag, else the date; a weak tag does not promise the same bytes.
fn validator(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    text(ETAG).filter(|tag| !tag.starts_with("W/")).or_else(|| text(LAST_MODIFIED))
}

/// The first byte and the whole length out of `bytes 100-199/200`.
fn range(headers: &HeaderMap) -> Option<(u64, u64)> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
    let (span, total) = text.split_once('/')?;
    Some((span.split_once('-')?.0.parse().ok()?, total.parse().ok()?))
}

async fn length(path: &Path) -> u64 {
    fs::metadata(path).await.map_or(0, |found| found.len())
}
