//! Rooms that follow what happens: a subscription whose target is a room of a channel.

use chrono::{DateTime, Utc};
use domain::change::Change;
use domain::ids::Ids;
use domain::news::{self, Rhythm};
use domain::person::Channel;

use crate::conversations::{self, Conversation};
use crate::db::Tx;
use crate::error::Error;
use crate::subscriptions::{self, New, Subscription, Way};

/// The target of a room's subscription.
pub fn target(conversation: &Conversation) -> String {
    format!("{}/{}/{}", conversation.channel.name(), conversation.workspace, conversation.room)
}

/// The reverse: channel, workspace and room.
pub fn of_target(target: &str) -> Result<(Channel, String, String), Error> {
    let mut parts = target.splitn(3, '/');
    let (Some(channel), Some(workspace), Some(room)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Error::unreadable("subscription", target));
    };
    let channel = Channel::from_name(channel).ok_or_else(|| Error::unreadable("channel", channel))?;
    Ok((channel, workspace.to_owned(), room.to_owned()))
}

/// What the room of a conversation is told.
pub async fn followed(tx: &mut Tx, conversation: &Conversation) -> Result<Option<Subscription>, Error> {
    let known = subscriptions::of_target(tx, Way::Room, &target(conversation)).await?;
    Ok(known.filter(|known| known.state == "active"))
}

/// Has a room told what it asked for, or nothing any more.
pub(crate) async fn follow(tx: &mut Tx, ids: &Ids, change: &Change, now: DateTime<Utc>) -> Result<(), Error> {
    let Change::FollowRoom { conversation, kinds, stage, rhythm, by } = change else {
        return Err(Error::unreadable("change", "about no room"));
    };
    let conversation = conversations::get(tx, *conversation).await?;
    let target = target(&conversation);
    if kinds.is_empty() {
        return match subscriptions::of_target(tx, Way::Room, &target).await? {
            Some(known) => subscriptions::unsubscribe(tx, known.id, Some(*by), now).await,
            None => Ok(()),
        };
    }
    let new = New {
        id: ids.next(),
        way: Way::Room,
        target: &target,
        stage: *stage,
        due_at: (*rhythm == Rhythm::Daily).then(|| news::next_time(*rhythm, now)),
        kinds,
        secret: None,
        by: Some(*by),
    };
    subscriptions::subscribe(tx, &new, now).await.map(|_| ())
}
