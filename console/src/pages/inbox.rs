//! Odd messages: genuine, but not to be understood or not to be dealt with; and what strangers wrote, to let them in or
//! to drop it.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::{InboundId, PersonId};
use domain::person::{Person, Role};
use serde_json::{Value, json};
use storage::audit::{self, Act};
use storage::inbox::{self, Odd, Stranger};
use storage::{Tx, people};

use super::people::admin;
use crate::error::{Failure, key, page as show};
use crate::moment::Moment;
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

/// How many are listed.
const LISTED_MAX: i64 = 100;
/// The longest name that is taken from a mail, characters.
const NAME_MAX: usize = 120;

#[derive(Template)]
#[template(path = "inbox.html")]
struct Page {
    shell: Shell,
    odd: Vec<(Odd, Moment)>,
    is_admin: bool,
}

/// Lists them, newest first.
pub(crate) async fn page(signed_in: SignedIn) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Inbox).await?;
    let now = signed_in.now();
    let odd = inbox::odd(&mut tx, LISTED_MAX).await?;
    let odd =
        odd.into_iter().map(|odd| (Moment::new(odd.received_at, now), odd)).map(|(m, o)| (o, m)).collect();
    Ok(show(&Page { shell, odd, is_admin: admin(&signed_in).is_ok() }))
}

/// Makes whoever wrote a message a member, and takes up all she wrote so far.
pub(crate) async fn invite(signed_in: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    admin(&signed_in)?;
    let id: InboundId = key(&id, "message")?;
    let mut tx = signed_in.begin().await?;
    let stranger = inbox::stranger(&mut tx, id).await?.ok_or(Failure::Missing("message"))?;
    let person = Person {
        id: PersonId(signed_in.console.ids.next()),
        tenant: signed_in.person.tenant,
        name: name_of(&stranger),
        email: Some(stranger.address.clone()),
        role: Role::Member,
    };
    match people::add(&mut tx, &person).await {
        Err(storage::Error::Conflict(_)) => {
            let words = "Somebody with this address is or was in the team; see People.";
            return Err(Failure::Unusable(words.into()));
        }
        added => added?,
    }
    let detail = json!({ "name": person.name, "email": person.email, "role": person.role, "message": id });
    note(&mut tx, &signed_in, ("person.added", format!("person:{}", person.id), detail)).await?;
    inbox::take_up(&mut tx, &stranger.address).await?;
    tx.commit().await?;
    Ok(Redirect::to("/inbox").into_response())
}

/// Sets a message aside for good.
pub(crate) async fn set_aside(signed_in: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    admin(&signed_in)?;
    let id: InboundId = key(&id, "message")?;
    let mut tx = signed_in.begin().await?;
    inbox::set_aside(&mut tx, id).await?;
    note(&mut tx, &signed_in, ("message.dropped", format!("message:{id}"), json!({}))).await?;
    tx.commit().await?;
    Ok(Redirect::to("/inbox").into_response())
}

/// The name she gives herself, if it is one line of a name's length, else the part before the `@`.
fn name_of(stranger: &Stranger) -> String {
    let local = stranger.address.split('@').next().unwrap_or_default();
    let given = stranger.name.as_deref().map(str::trim).unwrap_or_default();
    let is_name = !given.is_empty() && given.chars().count() <= NAME_MAX && !given.contains(char::is_control);
    if is_name { given.to_owned() } else { local.to_owned() }
}

async fn note(
    tx: &mut Tx,
    signed_in: &SignedIn,
    (action, subject, detail): (&str, String, Value),
) -> Result<(), Failure> {
    let actor = format!("person:{}", signed_in.person.id);
    let act = Act { at: signed_in.now(), actor: &actor, action, subject: &subject, detail };
    Ok(audit::append(tx, act).await?)
}
