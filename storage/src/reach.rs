//! Where a person is written to in private, whichever channel a conversation began on.

use domain::ids::PersonId;
use domain::person::Channel;

use crate::conversations::Conversation;
use crate::db::Tx;
use crate::error::Error;
use crate::people;

/// A private way to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The channel; never the console, which shows everybody what waits for them.
    pub channel: Channel,
    /// The channel's workspace; an inbox of ours for mail.
    pub workspace: String,
}

/// The ways to a person: each chat she is known on, the conversation's own workspace before others of that chat. Mail
/// where the conversation is one of mails, or where she is known on no chat, so that nobody is told everything twice.
///
/// Errors: the database is away.
pub async fn privately(
    tx: &mut Tx,
    conversation: &Conversation,
    person: PersonId,
) -> Result<Vec<Way>, Error> {
    let active = workspaces(tx).await?;
    let mut ways: Vec<Way> = Vec::new();
    let mut names = people::identities(tx, person).await?;
    names.sort_by_key(|name| name.workspace != conversation.workspace);
    for name in names {
        let way = Way { channel: name.channel, workspace: name.workspace };
        let is_chat = !matches!(way.channel, Channel::Web | Channel::Email);
        if is_chat && active.contains(&way) && ways.iter().all(|other| other.channel != way.channel) {
            ways.push(way);
        }
    }
    if conversation.channel == Channel::Email || ways.is_empty() {
        // Everybody with an address can be written to, also who never wrote to us.
        let has_address = people::get(tx, person).await?.is_some_and(|person| person.email.is_some());
        let own = active.iter().find(|way| way.workspace == conversation.workspace);
        let inbox = own.into_iter().chain(&active).find(|way| way.channel == Channel::Email);
        ways.extend(inbox.filter(|_| has_address).cloned());
    }
    Ok(ways)
}

/// The tenant's workspaces that we are in, oldest first.
async fn workspaces(tx: &mut Tx) -> Result<Vec<Way>, Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT channel, external_id FROM workspaces WHERE state = 'active' ORDER BY created_at, external_id",
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|(channel, workspace)| {
            let channel =
                Channel::from_name(&channel).ok_or_else(|| Error::unreadable("channel", &channel))?;
            Ok(Way { channel, workspace })
        })
        .collect()
}
