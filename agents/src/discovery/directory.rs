//! The directory as the agents use it: the search index when it is there, Postgres when it is not.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use domain::card::{Audience, Say, Urgency};
use domain::company::{Company, CompanyId};
use domain::intent::Intent;
use domain::plan::{Context, Finish, Outcome, Recovery, Step};
use domain::search::{Answer, Filters};
use domain::wording;
use serde::Deserialize;
use storage::Db;
use storage::directory::{Index, IndexError, companies};
use tokio::sync::Mutex;

use crate::desk::{Desk, input, storage, unknown_action};
use crate::discovery::meaning::{Meaning, Model};
use crate::discovery::{self, Shelves};
use crate::learning::exploration::RESERVE;

/// How many companies a search shows.
pub const PAGE: usize = 10;
/// How many rows Postgres finds for an answer without the index, before they are judged.
const ROWS_DEGRADED: u32 = 100;
/// How many companies are read from the database at once while the index is built.
const READ_PAGE: u32 = 2000;

/// The directory; cheap to clone.
#[derive(Debug, Clone)]
pub struct Directory {
    db: Db,
    folder: PathBuf,
    index: Arc<RwLock<Option<Arc<Shelf>>>>,
    /// The folder of an embedding model, if one is configured.
    model: Option<PathBuf>,
    /// One at a time: two builders would write into the same folder.
    refreshing: Arc<Mutex<()>>,
}

/// An index with the meaning of its descriptions.
#[derive(Debug)]
struct Shelf {
    index: Index,
    meaning: Option<Meaning>,
    /// True when a model is configured and could not be used: answers then come from words alone, and say so.
    is_lame: bool,
}

impl Shelf {
    /// Reads the model, if one is configured, and makes its table beside the index when there is none.
    fn new(index: Index, folder: &Path, model: Option<&Path>) -> Self {
        let Some(path) = model else { return Self { index, meaning: None, is_lame: false } };
        match Model::read(path).and_then(|model| Meaning::open(&index, folder, model)) {
            Ok(meaning) => Self { index, meaning: Some(meaning), is_lame: false },
            Err(error) => {
                tracing::error!(error = %crate::desk::chain(&error), "searching without meaning");
                Self { index, meaning: None, is_lame: true }
            }
        }
    }
}

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The index failed.
    #[error("the search index")]
    Index(#[from] IndexError),
    /// The search itself failed.
    #[error("the search")]
    Search(#[from] discovery::Error),
    /// A blocking task was cut off.
    #[error("a search was cut off")]
    CutOff(#[from] tokio::task::JoinError),
}

impl Directory {
    /// A directory whose index is kept in a folder; nothing is opened yet.
    pub fn new(db: Db, folder: PathBuf) -> Self {
        Self { db, folder, index: Arc::default(), model: None, refreshing: Arc::default() }
    }

    /// The same, comparing meanings with the embedding model in a folder.
    pub fn with_model(mut self, model: Option<PathBuf>) -> Self {
        self.model = model;
        self
    }

    /// Makes the index current: opens the one in the folder, or builds it when it is missing or stale.
    /// True when it had to be built.
    pub async fn refresh(&self) -> Result<bool, Error> {
        let _alone = self.refreshing.lock().await;
        let content = companies::version(self.db.directory()).await?.to_string();
        if self.current().is_some_and(|shelf| shelf.index.stamp().content == content) {
            return Ok(false);
        }
        let (folder, wanted) = (self.folder.clone(), content.clone());
        match tokio::task::spawn_blocking(move || Index::open(&folder, &wanted)).await? {
            Ok(index) => {
                self.put(index).await?;
                Ok(false)
            }
            Err(why) => {
                tracing::info!(why = %why, "building the search index");
                let index = self.build(content).await?;
                self.put(index).await?;
                Ok(true)
            }
        }
    }

    async fn build(&self, content: String) -> Result<Index, Error> {
        let (send, receive) = std::sync::mpsc::sync_channel::<Vec<Company>>(2);
        let folder = self.folder.clone();
        let building = tokio::task::spawn_blocking(move || {
            Index::build(&folder, &content, receive.into_iter().flatten())
        });
        let mut pages = companies::stream_all(self.db.directory(), READ_PAGE);
        while let Some(page) = pages.next().await? {
            let send = send.clone();
            let sent = tokio::task::spawn_blocking(move || send.send(page)).await?;
            if sent.is_err() {
                // The builder gave up; its own error says why.
                break;
            }
        }
        drop(send);
        Ok(building.await??)
    }

    /// True when the search index is open.
    pub fn is_ready(&self) -> bool {
        self.current().is_some()
    }

    fn current(&self) -> Option<Arc<Shelf>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn put(&self, index: Index) -> Result<(), Error> {
        let (folder, model) = (self.folder.clone(), self.model.clone());
        let shelf = tokio::task::spawn_blocking(move || Shelf::new(index, &folder, model.as_deref())).await?;
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(shelf));
        Ok(())
    }

    /// Answers a question in plain words. Without the index the answer comes from Postgres and is marked
    /// degraded.
    pub async fn find(&self, query: &str, limit: usize) -> Result<Answer, Error> {
        let asked = query.to_owned();
        let found = self.ask(move |shelves| discovery::find(shelves, &asked, limit)).await?;
        match found {
            Some(answer) => Ok(answer),
            None => self.find_without_index(query, limit).await,
        }
    }

    /// Answers a question that is already typed, e.g. after a person took one of its parts off: `filters` are those
    /// of the answer before, [without](domain::search::Filters::without) a chip.
    pub async fn refine(&self, query: &str, filters: &Filters, limit: usize) -> Result<Answer, Error> {
        let (asked, wanted) = (query.to_owned(), filters.clone());
        let found = self.ask(move |shelves| discovery::find_filters(shelves, &asked, &wanted, limit)).await?;
        match found {
            Some(answer) => Ok(answer),
            None => self.typed_without_index(query, filters, limit).await,
        }
    }

    /// Searches where the index is open; `None` when it is not, or failed.
    async fn ask<F>(&self, search: F) -> Result<Option<Answer>, Error>
    where
        F: FnOnce(Shelves<'_>) -> Result<Answer, discovery::Error> + Send + 'static,
    {
        let Some(shelf) = self.current() else { return Ok(None) };
        let found = tokio::task::spawn_blocking(move || {
            let answer = search(Shelves { index: &shelf.index, meaning: shelf.meaning.as_ref() })?;
            Ok::<_, discovery::Error>(Answer { degraded: shelf.is_lame, ..answer })
        });
        match found.await? {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => {
                tracing::error!(error = %error, "the search index failed; asking Postgres");
                Ok(None)
            }
        }
    }

    /// Answers from Postgres alone, marked degraded.
    async fn find_without_index(&self, query: &str, limit: usize) -> Result<Answer, Error> {
        let filters = discovery::understand_without_index(query);
        self.typed_without_index(query, &filters, limit).await
    }

    async fn typed_without_index(
        &self,
        query: &str,
        filters: &Filters,
        limit: usize,
    ) -> Result<Answer, Error> {
        let rows = companies::search_degraded(self.db.directory(), filters, ROWS_DEGRADED).await?;
        Ok(discovery::degraded(query, filters, rows, limit))
    }

    /// The directory's own rows of some companies.
    pub async fn look_up(&self, ids: &[CompanyId]) -> Result<Vec<Company>, Recovery> {
        companies::get(self.db.directory(), ids).await.map_err(storage)
    }
}

#[derive(Deserialize)]
struct Search {
    query: String,
}

/// Does the discovery agent's step.
pub(crate) async fn act(desk: &Desk, context: &Context, step: &Step) -> Result<Outcome, Recovery> {
    let (answer, says) = match step.action.as_str() {
        "search" => search(desk, context, step).await?,
        "widen" => (widen(desk, context).await?, Vec::new()),
        _ => return Err(unknown_action(step)),
    };
    let label = format!("Checking {} of {} companies", answer.hits.len(), answer.considered);
    let output = serde_json::to_value(&answer)
        .map_err(|cause| Recovery::Escalate { reason: format!("the answer: {cause}") })?;
    let say = Say {
        slot: "answer".to_owned(),
        to: Audience::Thread,
        card: wording::progress(&label, 1, 3),
        urgency: Urgency::Progress,
    };
    let say = std::iter::once(say).chain(says).collect();
    Ok(Outcome::Done(Finish { output, say, ..Finish::default() }))
}

/// Answers a question in words; where that finds little, a language model may read it again.
async fn search(desk: &Desk, context: &Context, step: &Step) -> Result<(Answer, Vec<Say>), Recovery> {
    let Search { query } = input(step)?;
    let answer = desk.directory.find(&query, PAGE + RESERVE).await.map_err(retried)?;
    let (reworded, says) = super::reworded::search(desk, context, (&query, &answer)).await;
    Ok((reworded.unwrap_or(answer), says))
}

/// Asks an earlier question again without one of its parts. The rest is taken as it was understood then, so that what
/// stays means the same.
async fn widen(desk: &Desk, context: &Context) -> Result<Answer, Recovery> {
    let Intent::Widen { search, part } = &context.intent else {
        return Err(Recovery::Escalate { reason: "a search without a part of none".to_owned() });
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let earlier = crate::planner::searched(&mut tx, *search).await.map_err(storage)?;
    drop(tx);
    let earlier = earlier.ok_or_else(wording::search_gone)?;
    let chip = earlier.chips.get(*part as usize).ok_or_else(wording::search_gone)?;
    let filters = earlier.filters.without(chip);
    if !filters.asks() {
        return Err(wording::nothing_left(&chip.label).into());
    }
    let left = discovery::chips::chips(&filters).into_iter().map(|chip| chip.label);
    let query = left.collect::<Vec<String>>().join(", ");
    desk.directory.refine(&query, &filters, PAGE + RESERVE).await.map_err(retried)
}

fn retried(error: Error) -> Recovery {
    match error {
        Error::Storage(error) => storage(error),
        error => Recovery::Retry { after_ms: 300, cause: crate::desk::chain(&error) },
    }
}
