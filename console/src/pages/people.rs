//! People: who is in the team and what each may do; admins add people and change roles.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::Duration;
use domain::ids::PersonId;
use domain::intent::Intent;
use domain::person::{Person, Role};
use domain::policy;
use serde_json::{Value, json};
use storage::audit::{self, Act};
use storage::credentials::{self, Kind};
use storage::{Tx, messages, people};

use crate::error::{Failure, key, page as show};
use crate::intake::{Fields, field, typed};
use crate::session::{SignedIn, new_secret};
use crate::shell::{Place, Shell};

/// How long a sign-in link lasts, hours.
const LINK_H: i64 = 24;
/// The longest name, characters.
const NAME_MAX: usize = 120;

#[derive(Template)]
#[template(path = "people.html")]
struct Page {
    shell: Shell,
    people: Vec<Person>,
    is_admin: bool,
    given: Option<Given>,
}

/// A secret, shown once.
struct Given {
    to: String,
    /// A sign-in link; else a token.
    is_link: bool,
    secret: String,
}

/// Lists the team.
pub(crate) async fn page(signed_in: SignedIn) -> Result<Response, Failure> {
    list(&signed_in, None).await
}

async fn list(signed_in: &SignedIn, given: Option<Given>) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::People).await?;
    let people = people::list(&mut tx).await?;
    Ok(show(&Page { shell, people, is_admin: signed_in.person.role >= Role::Admin, given }))
}

/// Adds a person and shows her sign-in link.
pub(crate) async fn add(signed_in: SignedIn, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    let admin = admin(&signed_in)?;
    let name = typed(field(&fields, "name").unwrap_or_default())?;
    if name.chars().count() > NAME_MAX || name.contains('\n') {
        return Err(Failure::Unusable(format!("A name is one line of at most {NAME_MAX} characters.")));
    }
    let email =
        field(&fields, "email").map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty());
    if email.as_ref().is_some_and(|email| !is_address(email)) {
        return Err(Failure::Unusable(
            "That is no mail address; leave the field empty if there is none.".into(),
        ));
    }
    let person = Person {
        id: PersonId(signed_in.console.ids.next()),
        tenant: admin.tenant,
        name,
        email,
        role: role(&fields)?,
    };
    let mut tx = signed_in.begin().await?;
    match people::add(&mut tx, &person).await {
        Err(storage::Error::Conflict(_)) => {
            return Err(Failure::Unusable("Somebody in the team has that mail address already.".into()));
        }
        added => added?,
    }
    let detail = json!({ "name": person.name, "email": person.email, "role": person.role });
    note(&mut tx, &signed_in, ("person.added", person.id, detail)).await?;
    give(tx, &signed_in, (person, Kind::Link)).await
}

/// Gives a person another role.
pub(crate) async fn set_role(
    signed_in: SignedIn,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Failure> {
    admin(&signed_in)?;
    let (id, role) = (key(&id, "person")?, role(&fields)?);
    let mut tx = signed_in.begin().await?;
    // Writing the entry first locks the team's log, so that two admins cannot both be the last but one.
    note(&mut tx, &signed_in, ("person.role_set", id, json!({ "role": role }))).await?;
    let team = people::list(&mut tx).await?;
    let has_other_admin = team.iter().any(|person| person.role == Role::Admin && person.id != id);
    if role != Role::Admin && !has_other_admin {
        return Err(Failure::Unusable("The team needs an admin. Make somebody else one first.".into()));
    }
    people::set_role(&mut tx, id, role).await?;
    if role >= Role::Approver {
        messages::share_open_requests(&mut tx, &signed_in.console.ids, id).await?;
    }
    tx.commit().await?;
    Ok(Redirect::to("/people").into_response())
}

/// Makes a new sign-in link for a person.
pub(crate) async fn link(signed_in: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    hand_over(&signed_in, &id, Kind::Link).await
}

/// Makes an interface token for a person.
pub(crate) async fn token(signed_in: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    hand_over(&signed_in, &id, Kind::Token).await
}

/// Takes all of a person's interface tokens out of use.
pub(crate) async fn revoke(signed_in: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    let (_, id) = (admin(&signed_in)?, key(&id, "person")?);
    let mut tx = signed_in.begin().await?;
    let count = credentials::revoke_tokens(&mut tx, id, None).await?;
    note(&mut tx, &signed_in, ("person.token_revoked", id, json!({ "tokens": count }))).await?;
    tx.commit().await?;
    Ok(Redirect::to("/people").into_response())
}

/// Takes a person out of the team; that person's sessions, links and tokens end at once.
pub(crate) async fn deactivate(signed_in: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    let (admin, id) = (admin(&signed_in)?, key(&id, "person")?);
    if admin.id == id {
        return Err(Failure::Unusable("You cannot take yourself out. Ask another admin.".into()));
    }
    let mut tx = signed_in.begin().await?;
    // First the entry, which locks the team's log: of two admins who take each other out, one is left.
    note(&mut tx, &signed_in, ("person.deactivated", id, json!({}))).await?;
    people::get(&mut tx, admin.id).await?.ok_or(Failure::Missing("person"))?;
    people::deactivate(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Redirect::to("/people").into_response())
}

async fn hand_over(signed_in: &SignedIn, id: &str, kind: Kind) -> Result<Response, Failure> {
    admin(signed_in)?;
    let mut tx = signed_in.begin().await?;
    let person = people::get(&mut tx, key(id, "person")?).await?.ok_or(Failure::Missing("person"))?;
    give(tx, signed_in, (person, kind)).await
}

/// Issues a credential, writes that down, and shows the secret this once.
async fn give(mut tx: Tx, signed_in: &SignedIn, (person, kind): (Person, Kind)) -> Result<Response, Failure> {
    let console = &signed_in.console;
    let secret = new_secret(&console.ids);
    let is_link = kind == Kind::Link;
    let lasts = if is_link { Duration::hours(LINK_H) } else { Duration::days(credentials::TOKEN_DAYS) };
    let until = signed_in.now() + lasts;
    credentials::issue(&mut tx, person.id, kind, &secret, Some(until)).await?;
    let action = if is_link { "person.link_made" } else { "person.token_made" };
    note(&mut tx, signed_in, (action, person.id, json!({ "until": until }))).await?;
    tx.commit().await?;
    let secret = if is_link { format!("{}/sign-in?token={secret}", console.public_url) } else { secret };
    list(signed_in, Some(Given { to: person.name, is_link, secret })).await
}

async fn note(
    tx: &mut Tx,
    signed_in: &SignedIn,
    (action, person, detail): (&str, PersonId, Value),
) -> Result<(), Failure> {
    let (actor, subject) = (format!("person:{}", signed_in.person.id), format!("person:{person}"));
    let act = Act { at: signed_in.now(), actor: &actor, action, subject: &subject, detail };
    Ok(audit::append(tx, act).await?)
}

/// The signed-in person, if she may say who may do what.
pub(super) fn admin(signed_in: &SignedIn) -> Result<&Person, Failure> {
    let needed = policy::least_role(&Intent::SetRole { person: String::new(), role: Role::Viewer });
    signed_in.at_least(needed, "admins")?;
    Ok(&signed_in.person)
}

fn role(fields: &Fields) -> Result<Role, Failure> {
    field(fields, "role")
        .and_then(Role::from_name)
        .ok_or_else(|| Failure::Unusable("Choose one of the four roles.".into()))
}

fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && host.contains('.') && !host.contains('@') && !text.contains(char::is_whitespace)
    })
}
