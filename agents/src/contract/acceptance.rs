//! Accepting a contract: what approvers are asked, and what happens once they decided.

use domain::approval::{Facts as Case, Verdict as Decided};
use domain::card::{Audience, Say, Urgency};
use domain::change::Change;
use domain::contract::{Analysis, Finding, State, Value, Verdict};
use domain::deal::{Facts, Stage, judge_move};
use domain::ids::{AnalysisId, DealId, VersionId};
use domain::plan::{Context, Finish, Outcome, Recovery};
use domain::wording::{self, ContractMatter, FindingLine};
use serde::{Deserialize, Serialize};
use storage::deals::Deal;
use storage::{Tx, analyses, deals, documents};

use super::steps::{Judged, ReadOutput};
use super::terms;
use crate::deal::Answered;
use crate::desk::{Desk, earlier, storage};

/// How many of the gravest findings approvers see beside the report.
const WORST_MAX: usize = 3;

/// Exactly what approvers are asked to accept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Acceptance {
    pub(crate) version: VersionId,
    pub(crate) analysis: AnalysisId,
    /// SHA-256 of the original that was read.
    pub(crate) sha256: String,
    pub(crate) deal: Option<Move>,
    pub(crate) matter: ContractMatter,
    /// What a policy looks at in it.
    #[serde(default)]
    pub(crate) facts: Case,
}

/// The deal of a contract, and where it stood when it was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Move {
    pub(crate) deal: DealId,
    pub(crate) from: Stage,
}

impl Acceptance {
    /// What a plan that read a contract asks for.
    pub(crate) async fn of(desk: &Desk, context: &Context, tx: &mut Tx) -> Result<Self, Recovery> {
        let read: ReadOutput = earlier(context, "read")?;
        let judged: Judged = earlier(context, "judge")?;
        let analysis = analyses::get(tx, judged.analysis).await.map_err(storage)?;
        let version = documents::get(tx, read.version).await.map_err(storage)?;
        let deal = match version.deal {
            Some(deal) => Some(deals::get(tx, deal).await.map_err(storage)?),
            None => None,
        };
        let matter = ContractMatter {
            name: read.name,
            version: version.number,
            deal: deal.as_ref().map(|deal| deal.name.clone()),
            to: deal.as_ref().and_then(next),
            counts: counts(&analysis.findings),
            worst: worst(&analysis.findings).into_iter().take(WORST_MAX).collect(),
            reviews: analysis.extractions.iter().filter(|row| row.state == State::Review).count(),
            url: desk.report_url(read.version),
        };
        Ok(Self {
            version: read.version,
            analysis: judged.analysis,
            sha256: version.sha256,
            deal: deal.map(|deal| Move { deal: deal.id, from: deal.stage }),
            matter,
            facts: facts(&analysis),
        })
    }

    /// Why it can no longer be decided as it was asked, if so.
    pub(crate) async fn is_old(&self, tx: &mut Tx) -> Result<Option<String>, storage::Error> {
        let asked = documents::get(tx, self.version).await?;
        let newest = documents::of_document(tx, asked.document).await?.into_iter().next();
        if let Some(newest) = newest.filter(|newest| newest.number > asked.number) {
            return Ok(Some(wording::newer_version(&asked.name, newest.number)));
        }
        if let Some(moved) = &self.deal {
            let deal = deals::get(tx, moved.deal).await?;
            if deal.stage != moved.from {
                return Ok(Some(wording::deal_went_on(&deal.name, deal.stage)));
            }
        }
        Ok(None)
    }
}

/// What a policy looks at: terms that are stated or for a person to see, the greatest amount among them, verdicts.
fn facts(analysis: &Analysis) -> Case {
    let mut facts = Case { subject: "accept_contract".to_owned(), ..Case::default() };
    for row in analysis.extractions.iter().filter(|row| row.value.is_some()) {
        if !facts.terms.contains(&row.term.0) {
            facts.terms.push(row.term.0.clone());
        }
        if let Some(Value::Money(money)) = &row.value {
            let units = u64::try_from(money.cents / 100).unwrap_or(0);
            if facts.amount.is_none_or(|most| units > most) {
                facts.amount = Some(units);
                facts.currency = Some(money.currency.clone());
            }
        }
    }
    for finding in &analysis.findings {
        if !facts.verdicts.contains(&finding.verdict) {
            facts.verdicts.push(finding.verdict);
        }
    }
    facts
}

/// Where a deal goes once its contract is accepted: to the table, from there to the lawyers; whether the rules
/// let it is asked of the rules.
fn next(deal: &Deal) -> Option<Stage> {
    let to = match deal.stage {
        Stage::Prospect | Stage::Qualified | Stage::Proposal => Stage::Negotiation,
        Stage::Negotiation => Stage::LegalReview,
        _ => return None,
    };
    let facts = Facts {
        stage: deal.stage,
        has_owner: deal.owner.is_some(),
        has_fit: deal.fit.is_some(),
        has_contract: true,
        mover_is_approver: false,
    };
    judge_move(facts, to, None).is_ok().then_some(to)
}

/// Carries the decision out: accepted and moved, or left as it is.
pub(crate) async fn conclude(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let asked: Acceptance = earlier(context, "present_contract")?;
    let answered: Answered = earlier(context, "ask_approval")?;
    let mut changes = Vec::new();
    let card = match &answered.decision {
        Some(decision) => {
            if decision.verdict == Decided::Approve {
                let by = decision.by;
                changes.push(Change::AcceptVersion { version: asked.version, analysis: asked.analysis, by });
                if let (Some(moved), Some(to)) = (&asked.deal, asked.matter.to) {
                    let reason = Some(format!("{} was accepted.", asked.matter.name));
                    changes.push(Change::MoveDeal { deal: moved.deal, from: moved.from, to, reason, by });
                }
            }
            wording::contract_decided(&asked.matter, decision)
        }
        None => wording::contract_lapsed(&asked.matter),
    };
    let card = wording::with_trace(card, context.plan, &desk.console_url);
    let copy = asked.deal.as_ref().map(|of| Say {
        slot: "copied result".to_owned(),
        to: Audience::Deal { deal: of.deal },
        card: card.clone(),
        urgency: Urgency::Decision,
    });
    let say = Say { slot: "result".to_owned(), to: Audience::Thread, card, urgency: Urgency::Decision };
    let say = [say, answered.over()].into_iter().chain(copy).collect();
    Ok(Outcome::Done(Finish { changes, say, ..Finish::default() }))
}

/// How many terms stand how.
pub(crate) fn counts(findings: &[Finding]) -> Vec<(Verdict, usize)> {
    let mut counts: Vec<(Verdict, usize)> = Vec::new();
    for finding in findings {
        match counts.iter_mut().find(|(verdict, _)| *verdict == finding.verdict) {
            Some((_, n)) => *n += 1,
            None => counts.push((finding.verdict, 1)),
        }
    }
    counts
}

/// Findings that matter, gravest first.
pub(crate) fn worst(findings: &[Finding]) -> Vec<FindingLine> {
    findings.iter().filter(|finding| finding.severity > 0).map(line).collect()
}

fn line(finding: &Finding) -> FindingLine {
    FindingLine {
        label: terms::by_key(&finding.term.0)
            .map_or_else(|| finding.term.to_string(), |term| term.name.clone()),
        verdict: finding.verdict,
        reason: finding.reason.clone(),
        quote: finding.quote.clone(),
    }
}
