//! Sending an accepted contract for signature from its page: who signs, guessed from the CRM's contacts.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use domain::contract::signing::{SIGNERS_MAX, Signer, State};
use domain::ids::{PlanId, VersionId};
use domain::inbound::WebBody;
use domain::intent::Intent;
use domain::policy;
use storage::connections::{self, State as Standing};
use storage::documents::Version;
use storage::{Tx, crm, documents, envelopes};

use crate::error::{Failure, key};
use crate::intake::{Fields, field, hand_in};
use crate::session::SignedIn;

/// Where documents are signed.
const PROVIDER: &str = "docusign";
/// So many contacts are proposed.
const PROPOSED: i64 = 3;

/// What a contract's page shows of signing.
pub(crate) struct Signing {
    /// Where it stands, when it was sent before.
    pub(crate) state: Option<&'static str>,
    /// Who signs, to be corrected; none when it cannot be sent now.
    pub(crate) signers: Option<String>,
}

impl Signing {
    /// Of an accepted version that is its document's newest.
    pub(crate) async fn of(tx: &mut Tx, signed_in: &SignedIn, version: &Version) -> Result<Self, Failure> {
        let known = envelopes::of_document(tx, version.document).await?;
        let is_out = known.as_ref().is_some_and(|one| !one.state.is_over() || one.state == State::Completed);
        let is_connected = connections::list(tx)
            .await?
            .iter()
            .any(|one| one.provider == PROVIDER && one.state == Standing::Active);
        let may_send = is_connected && !is_out && may_sign(signed_in);
        let signers = match version.deal {
            _ if !may_send => None,
            None => Some(String::new()),
            Some(deal) => {
                let people = crm::contacts(tx, deal, PROPOSED).await?;
                Some(
                    people
                        .iter()
                        .filter_map(|(name, email)| proposed(name, email))
                        .collect::<Vec<_>>()
                        .join(", "),
                )
            }
        };
        Ok(Self { state: known.map(|one| state_words(one.state)), signers })
    }
}

/// A contact as a signer, if his address is one; a name that could be read as two people is left out.
fn proposed(name: &str, email: &str) -> Option<String> {
    let is_plain = |c: char| c.is_alphabetic() || matches!(c, ' ' | '-' | '.' | '\'');
    let is_one = !name.trim().is_empty()
        && name.chars().all(is_plain)
        && !name
            .split_whitespace()
            .any(|word| matches!(word.to_lowercase().as_str(), "and" | "then" | "to" | "by"));
    let signer = Signer::read(email).ok()?;
    Some(if is_one { format!("{} <{}>", name.trim(), signer.email) } else { signer.email })
}

fn state_words(state: State) -> &'static str {
    match state {
        State::Asked => "It is about to go out for signature.",
        State::Sent | State::Delivered => "It is out for signature.",
        State::Completed => "It is signed by everybody.",
        State::Declined => "It was sent for signature, and somebody declined.",
        State::Voided => "It was sent for signature and taken back.",
        State::Failed => "It could not be sent for signature.",
    }
}

fn may_sign(signed_in: &SignedIn) -> bool {
    let wanted = Intent::SendForSignature { document: String::new(), signers: Vec::new() };
    policy::permit(signed_in.person.role, &wanted).is_ok()
}

/// Says `sign` in the person's name: the same words as in the chat, with the same approval.
pub(crate) async fn send(
    signed_in: SignedIn,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Failure> {
    if !may_sign(&signed_in) {
        return Err(Failure::NotAllowed("members, approvers and admins"));
    }
    let id: VersionId = key(&id, "contract")?;
    let mut tx = signed_in.begin().await?;
    let version = documents::get(&mut tx, id).await?;
    drop(tx);
    let text = words(&version.name, field(&fields, "signers").unwrap_or_default())?;
    let body = WebBody::Message { person: signed_in.person.id, text };
    let plan = PlanId::from(hand_in(&signed_in, &fields, &body).await?);
    Ok(Redirect::to(&format!("/contracts/{id}?sent={plan}")).into_response())
}

/// What is said; each signer is read first, so that nothing typed can be read as anything but a signer.
fn words(name: &str, signers: &str) -> Result<String, Failure> {
    let typed = signers.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty());
    let signers: Vec<Signer> = typed
        .map(Signer::read)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::Unusable(error.to_string()))?;
    if signers.is_empty() || signers.len() > SIGNERS_MAX {
        return Err(Failure::Unusable(format!(
            "Say who signs: one to {SIGNERS_MAX} mail addresses with commas."
        )));
    }
    if name.contains(['"', '“', '”', '\n']) {
        return Err(Failure::Unusable(
            "The contract's name has quotation marks in it. Say it in the chat: sign <deal> to <address>."
                .into(),
        ));
    }
    let signers: Vec<String> =
        signers.iter().filter_map(|signer| proposed(&signer.name, &signer.email)).collect();
    Ok(format!("sign \"{name}\" to {}", signers.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_becomes_one_command_about_signers_alone() {
        let said = words("Reseller Agreement", "Ana Silva <ana@p.example>; lee@p.example").unwrap();
        assert_eq!(said, "sign \"Reseller Agreement\" to Ana Silva <ana@p.example>, Lee <lee@p.example>");
        for (name, signers) in [
            ("NDA", ""),
            ("NDA", "Ana"),
            ("NDA\" to x@y.example", "a@p.example"),
            ("NDA", "a@p.example because x"),
        ] {
            assert!(matches!(words(name, signers), Err(Failure::Unusable(_))), "{name}, {signers}");
        }
    }

    #[test]
    fn a_contact_with_an_odd_name_is_named_by_the_address() {
        assert_eq!(proposed("Ana Silva", "ana@p.example").unwrap(), "Ana Silva <ana@p.example>");
        assert_eq!(proposed("Ana and Lee", "ana@p.example").unwrap(), "ana@p.example");
        assert_eq!(proposed("x, y@evil.example", "ana@p.example").unwrap(), "ana@p.example");
        assert_eq!(proposed("Ana", "no address"), None);
    }
}
