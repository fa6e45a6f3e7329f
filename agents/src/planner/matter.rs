//! What a request is about: read from what a plan proposes, and from a request's payload.

use domain::approval::{Approval, Difference, Facts};
use domain::intent::Intent;
use domain::plan::{Context, Recovery};
use domain::wording::{self, Matter};
use serde::Serialize;
use serde_json::Value;
use storage::{Tx, approvals, deals};

use crate::contract::acceptance::Acceptance;
use crate::contract::difference;
use crate::contract::signing::Signing;
use crate::deal::Proposal;
use crate::desk::earlier;

/// What requests to create deals are called.
const CREATE_DEALS: &str = "create_deals";
/// What requests to send something for signature are called.
const SEND_SIGNATURE: &str = "send_signature";
/// What requests to accept a contract are called.
const ACCEPT_CONTRACT: &str = "accept_contract";

/// What a plan asks for: what a policy looks at, exactly what will be done, and how it reads.
pub(super) fn asked_by(context: &Context) -> Result<(Facts, Value, Matter), Recovery> {
    if context.intent.reads_contract() {
        let asked: Acceptance = earlier(context, "present_contract")?;
        let facts = Facts { subject: ACCEPT_CONTRACT.to_owned(), ..asked.facts.clone() };
        return Ok((facts, payload(&asked)?, Matter::Contract(asked.matter)));
    }
    if matches!(context.intent, Intent::SendForSignature { .. }) {
        let asked: Signing = earlier(context, "prepare_signature")?;
        return Ok((asked.facts(), payload(&asked)?, Matter::Signing(asked.matter)));
    }
    let proposal: Proposal = earlier(context, "propose")?;
    let facts = Facts { subject: CREATE_DEALS.to_owned(), ..Facts::default() };
    Ok((facts, payload(&proposal)?, Matter::Deals(proposal.lines())))
}

fn payload(asked: &impl Serialize) -> Result<Value, Recovery> {
    serde_json::to_value(asked)
        .map_err(|cause| Recovery::Escalate { reason: format!("the request: {cause}") })
}

/// The earlier request whose place one for this takes, with what is different; none for the first one.
pub(super) async fn before(
    tx: &mut Tx,
    (subject, payload): (&str, &Value),
) -> Result<Option<(Approval, Difference)>, storage::Error> {
    if subject != ACCEPT_CONTRACT {
        return Ok(None);
    }
    let Ok(contract) = serde_json::from_value::<Acceptance>(payload.clone()) else { return Ok(None) };
    let Some(earlier) = approvals::before(tx, contract.version).await? else { return Ok(None) };
    let difference = difference::since(tx, &earlier, &contract).await?;
    Ok(difference.map(|difference| (earlier, difference)))
}

/// How a request reads.
pub(super) fn of(asked: &Approval) -> Matter {
    if asked.subject == ACCEPT_CONTRACT
        && let Ok(contract) = serde_json::from_value::<Acceptance>(asked.payload.clone())
    {
        return Matter::Contract(contract.matter);
    }
    if asked.subject == SEND_SIGNATURE
        && let Ok(signing) = serde_json::from_value::<Signing>(asked.payload.clone())
    {
        return Matter::Signing(signing.matter);
    }
    let proposal = serde_json::from_value::<Proposal>(asked.payload.clone());
    Matter::Deals(proposal.map(|proposal| proposal.lines()).unwrap_or_default())
}

/// Why what was asked for can no longer be done as it was asked, if so.
pub(super) async fn changed_meanwhile(
    tx: &mut Tx,
    asked: &Approval,
) -> Result<Option<String>, storage::Error> {
    if asked.subject == ACCEPT_CONTRACT {
        return match serde_json::from_value::<Acceptance>(asked.payload.clone()) {
            Ok(contract) => contract.is_old(tx).await,
            Err(_) => Ok(None),
        };
    }
    if asked.subject == SEND_SIGNATURE {
        return match serde_json::from_value::<Signing>(asked.payload.clone()) {
            Ok(signing) => signing.is_old(tx).await,
            Err(_) => Ok(None),
        };
    }
    let Ok(proposal) = serde_json::from_value::<Proposal>(asked.payload.clone()) else { return Ok(None) };
    let ids: Vec<String> = proposal.companies.iter().map(|c| c.company.0.clone()).collect();
    let taken = deals::with_open_deal(tx, &ids).await?;
    let names: Vec<String> = proposal
        .companies
        .into_iter()
        .filter(|company| taken.contains(&company.company.0))
        .map(|company| company.name)
        .collect();
    Ok((!names.is_empty()).then(|| wording::taken_meanwhile(&names)))
}
