//! What every part of the running program shares.

use std::sync::Arc;

use channels::slack::client::Slack;
use domain::clock::Clock;
use domain::ids::{Ids, TenantId};
use storage::Db;
use storage::inbox::Intake;
use storage::seal::Seal;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::config::Config;

/// The tenant of an installation that serves one team.
pub(crate) const HOME_TENANT: TenantId = TenantId(Uuid::from_u128(1));

/// What every part shares; cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) config: Arc<Config>,
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) seal: Seal,
    pub(crate) intake: Intake,
    pub(crate) slack: Slack,
    pub(crate) directory: agents::discovery::Directory,
    /// Rung when there is new work for this process.
    pub(crate) bell: Arc<Notify>,
}
