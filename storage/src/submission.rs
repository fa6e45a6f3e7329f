//! What people whom we know did at our own doors (console, interface, shell), stored once for each key.

use domain::ids::InboundId;
use domain::inbound::WebBody;
use domain::person::{Channel, Person};
use sha2::{Digest, Sha256};

use crate::db::Db;
use crate::error::Error;
use crate::idempotency::{self, Claim};
use crate::inbox::Raw;

/// Something a person did, on its way to the inbox.
#[derive(Debug)]
pub struct Submission<'a> {
    person: &'a Person,
    route: &'static str,
    is_urgent: bool,
    body: Vec<u8>,
}

impl<'a> Submission<'a> {
    /// What a person did, under the route by which the web channel decodes it; fails when it cannot be
    /// written down.
    pub fn new(person: &'a Person, route: &'static str, body: &WebBody) -> Result<Self, Error> {
        let is_urgent = !matches!(body, WebBody::Message { .. });
        let body = serde_json::to_vec(body).map_err(|error| Error::unreadable("submission", error))?;
        Ok(Self { person, route, is_urgent, body })
    }

    /// What is said in it and by whom, as a fingerprint.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.body).into()
    }

    /// The number under which the person's key stands for this: the given one, or that of the first time.
    /// None when the key was used for something else.
    ///
    /// Store it under that number each time: the first time may have ended before the message was safe,
    /// and a row that is there already stays as it is.
    pub async fn number(&self, db: &Db, key: &str, fresh: InboundId) -> Result<Option<InboundId>, Error> {
        let mut tx = db.tenant(self.person.tenant).begin().await?;
        let claim = idempotency::claim(&mut tx, self.person.id, key, &self.hash(), fresh).await?;
        tx.commit().await?;
        Ok(match claim {
            Claim::New => Some(fresh),
            Claim::Repeated(first) => Some(first),
            Claim::Taken => None,
        })
    }

    /// The message as the inbox takes it. Its number alone tells doubles.
    pub fn into_raw(self, id: InboundId) -> Raw {
        Raw {
            id,
            tenant: Some(self.person.tenant),
            channel: Channel::Web,
            route: self.route,
            workspace: Some(self.person.tenant.to_string()),
            event_key: None,
            natural_key: None,
            is_urgent: self.is_urgent,
            body: self.body,
        }
    }
}
