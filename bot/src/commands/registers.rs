//! `dealdesk companies fetch gleif|sec`: public registers into the directory, without any key.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use integrations::Http;
use integrations::enrichment::download::{DownloadError, Downloader};
use integrations::enrichment::extract::{Choice, ExtractError, Extracted};
use integrations::enrichment::{gleif, sec};
use storage::directory::import::ImportOptions;

use crate::app::{App, Owner};
use crate::commands::companies::{finish, take_in};
use crate::commands::line;
use crate::config::Config;

/// How long a register may take to say what it has, and how much it says at most.
const ASK_LIMIT: Duration = Duration::from_secs(30);
const TOLD_MAX: usize = 4 << 20;
/// The first pause after a download broke off.
const PAUSE: Duration = Duration::from_secs(1);

/// A public register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Register {
    /// Legal entities of the whole world: name, city, country, year. About 500 MB are downloaded.
    Gleif,
    /// Companies that report to the United States' SEC: name, industry, city, country, ticker. About 1.5 GB are downloaded.
    Sec,
}

/// Loads companies from a public register; goes on where it stopped, safe to repeat.
#[derive(Debug, Args)]
pub(crate) struct Fetch {
    #[arg(value_enum)]
    register: Register,
    /// At most so many companies, chosen evenly and always the same ones; 0: all (a few million at GLEIF).
    #[arg(long, default_value_t = 200_000)]
    most: usize,
    /// Only companies of these countries, e.g. `DE,AT,CH`.
    #[arg(long, value_delimiter = ',')]
    countries: Vec<String>,
    /// SEC: only the companies with listed shares, by name and ticker. Less than 1 MB is downloaded.
    #[arg(long)]
    listed: bool,
    /// A mail address to introduce ourselves with; the SEC demands one. Else `registers.contact` of the settings.
    #[arg(long)]
    contact: Option<String>,
}

/// A register's file on our disk, and what is to be made of it.
struct Fetched {
    file: PathBuf,
    /// Its name among the downloads, to forget it by when it is damaged.
    name: String,
    /// What the list of companies is called that is made of it.
    list: String,
    /// How many records it should have at most, for the progress.
    records: Option<u64>,
}

impl Fetch {
    /// Downloads, picks the companies out, imports them.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let contact = self.contact.clone().unwrap_or_else(|| config.registers.contact.clone());
        if self.register == Register::Sec && !contact.contains('@') {
            bail!(
                "the SEC wants to know who asks: add `--contact you@yourcompany.com` (or set DEALDESK_CONTACT)"
            );
        }
        let agent = format!("dealdesk/{} {contact}", env!("CARGO_PKG_VERSION"));
        let loader = Downloader::new(agent.trim(), &config.home.join("registers"), PAUSE)?;
        let fetched = match self.register {
            Register::Gleif => self.gleif(&config, &loader).await?,
            Register::Sec => self.sec(&config, &loader).await?,
        };
        let app = App::open(config, Owner::Shared).await?;
        let list = loader.folder().join(&fetched.list);
        let told = match self.extract(&fetched, &list, app.clock.now()).await {
            Ok(told) => told,
            Err(error) => {
                if matches!(error.downcast_ref(), Some(ExtractError::Damaged(_))) {
                    // The next run must not stumble over the same bytes.
                    loader.discard(&fetched.name).await;
                }
                app.close().await?;
                return Err(error.context("nothing was imported; run this again to download the file anew"));
            }
        };
        line(&format!(
            "{} records read, {} companies among them, {} chosen",
            told.read, told.fit, told.written
        ))?;
        let options =
            ImportOptions { keep_known: true, ..ImportOptions::new(&fetched.list, app.clock.now()) };
        let report = take_in(&app, &list, &options).await?;
        // The list can be made again from the download; the download makes a repetition cheap.
        std::fs::remove_file(&list)?;
        finish(app, &report).await
    }

    fn choice(&self) -> Choice {
        Choice { most: (self.most > 0).then_some(self.most), countries: self.countries.clone() }
    }

    async fn gleif(&self, config: &Config, loader: &Downloader) -> anyhow::Result<Fetched> {
        let copy = gleif::latest(&Http::new(ASK_LIMIT, TOLD_MAX)?, &config.registers.gleif_url).await?;
        line(&format!("GLEIF's copy of {}", copy.published))?;
        let name = copy.file_name();
        forget_others(loader.folder(), "gleif-", &name)?;
        let file = download(loader, &copy.url, &name, copy.size).await?;
        let list = format!("{}-{}.jsonl.zst", name.trim_end_matches(".csv.zip"), self.choice().name());
        Ok(Fetched { file, name, list, records: copy.records })
    }

    async fn sec(&self, config: &Config, loader: &Downloader) -> anyhow::Result<Fetched> {
        let base = config.registers.sec_url.trim_end_matches('/');
        let (path, name) = match self.listed {
            true => (sec::LISTED_PATH, "sec-listed.json"),
            false => (sec::ALL_PATH, "sec-submissions.zip"),
        };
        let file = download(loader, &format!("{base}{path}"), name, None).await?;
        let stem = name.split('.').next().unwrap_or(name);
        let list = format!("{stem}-{}.jsonl.zst", self.choice().name());
        Ok(Fetched { file, name: name.to_owned(), list, records: None })
    }

    /// Picks the companies out, on a thread of its own: minutes of pure computation.
    async fn extract(&self, fetched: &Fetched, list: &Path, now: DateTime<Utc>) -> anyhow::Result<Extracted> {
        let bar = ProgressBar::new(fetched.records.unwrap_or(0)).with_style(match fetched.records {
            Some(_) => ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {elapsed}")?,
            None => ProgressStyle::with_template("{spinner} {pos} records  {msg}  {elapsed}")?,
        });
        let shown = bar.clone();
        let tell = move |told: Extracted| {
            shown.set_position(told.read);
            shown.set_message(format!("{} companies", told.fit));
        };
        let (file, list, choice) = (fetched.file.clone(), list.to_owned(), self.choice());
        let (register, listed) = (self.register, self.listed);
        let told = tokio::task::spawn_blocking(move || match register {
            Register::Gleif => gleif::extract(&file, &list, &choice, tell),
            Register::Sec if listed => sec::extract_listed(&file, &list, &choice),
            Register::Sec => sec::extract_all(&file, &list, (&choice, now), tell),
        })
        .await?;
        bar.finish_and_clear();
        Ok(told?)
    }
}

async fn download(
    loader: &Downloader,
    url: &str,
    name: &str,
    size: Option<u64>,
) -> Result<PathBuf, anyhow::Error> {
    let bar = ProgressBar::new(size.unwrap_or(0)).with_style(ProgressStyle::with_template(
        "{bar:40} {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  (about {eta} left)",
    )?);
    let fetched = loader.fetch(url, name, size, |here, total| {
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(here);
    });
    let fetched: Result<PathBuf, DownloadError> = fetched.await;
    bar.finish_and_clear();
    Ok(fetched?)
}

/// Removes older copies of a register: only the newest is worth the room.
fn forget_others(folder: &Path, register: &str, keep: &str) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(register) && !name.starts_with(keep) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
