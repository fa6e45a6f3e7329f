//! What the bot says, made in one place: outcome to card, pure. Channels only lay it out.

mod approvals;
mod contracts;
mod crm;
mod deals;
mod elsewhere;
mod guarded;
mod guide;
mod home;
mod learning;
mod matter;
mod news;
mod phrases;
mod policy;
mod progress;
mod refusals;
mod report;
mod search;
mod signing;
mod team;
#[cfg(test)]
mod tests;

pub use approvals::{
    Asked, approval_decided, approval_expired, approval_reminder, approval_request, approval_void, approvals,
    ask_comment, deals_created, decision_refused, ended, rejected, taken_meanwhile, waiting_for_approval,
    which_to_withdraw, withdrawn,
};
pub use contracts::{
    AnswerLine, ClauseLine, ContractCard, DocumentLine, FindingLine, RenewalLine, ReviewLine, TermLine,
    clauses, contract, contract_answer, contract_decided, contract_lapsed, contract_linked, contract_list,
    deal_went_on, newer_version, notice_due, notice_seen, notice_seen_already, notice_unknown, redline,
    renewals, reviews, sent_elsewhere, value_words, verdict_word,
};
pub use crm::{crm_held, crm_moved, crm_retired};
pub use deals::{
    DealCard, company_unknown, deal, deal_ambiguous, deal_list, deal_moved, deal_unknown, note_added,
    which_company,
};
pub use elsewhere::{Closed, answered_in_private};
pub use guarded::{alarm, event, held_dropped, held_lapsed, look_at_held, message_held, nobody_looks};
pub use guide::{HelpGroup, HelpLine, help, not_a_member, unclear, user_error};
pub use home::{Home, HomeDeal, home};
pub use learning::{Fit, companies_unknown, feedback_taken, fit_explained};
pub use matter::{ContractMatter, Matter, ProposedDeal};
pub use news::{followed, news, stalled, why};
pub use phrases::{day, moment};
pub use policy::{delegated, delegation_ended, delegations, nobody_stands_in, policy, who_approves};
pub use progress::{ON_IT, parked, progress};
pub use refusals::{
    approval_unknown, company_changed, lapsed, names_nothing, names_several, no_open_request, nothing_left,
    nothing_readable, nothing_to_propose, own_role, person_unclear, search_gone, took_too_long, with_trace,
};
pub use report::{
    family_words, playbook_saved, playbook_unchanged, playbook_went_on, quote_not_there, review_taken,
    term_answered, value_not_said,
};
pub use search::{found, nothing_found, refine, refine_in_words};
pub use signing::{
    EnvelopeNews, SignedCard, SigningMatter, envelope_handled, envelope_news, just_going_out, no_signing,
    not_accepted, not_out, out_already, signed, signing_decided, signing_lapsed,
};
pub use team::{PersonRow, code_unknown, join_code, joined, people, role_set};
