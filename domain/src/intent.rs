//! What a person wants, whatever the channel and the words.

use chrono::{NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::approval::Verdict;
use crate::company::CompanyId;
use crate::contract::renewal::Notice;
use crate::contract::signing::Handling;
use crate::contract::{PositionEdit, Source, TermKey};
use crate::deal::Stage;
use crate::error::UserError;
use crate::ids::{AnalysisId, ApprovalId, EnvelopeId, PlanId, ReviewId};
use crate::news::{Follow, News, Stall};
use crate::password::Password;
use crate::person::Role;

/// One request of one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "intent", rename_all = "snake_case")]
pub enum Intent {
    /// What can be said.
    Help {
        /// A command to explain; none lists all.
        topic: Option<String>,
    },
    /// Look for partners.
    Find {
        /// The question in plain words.
        query: String,
    },
    /// Propose deals with companies that a search found.
    CreateDeals {
        /// The search's plan.
        search: PlanId,
        /// The chosen companies.
        companies: Vec<CompanyId>,
    },
    /// Propose a deal with a company that the person knows already.
    ProposeDeal {
        /// Its name, or its key in the directory; none asks which.
        company: Option<String>,
    },
    /// Ask the question of a search in other words.
    Refine {
        /// The search's plan.
        search: PlanId,
    },
    /// Ask the question of a search again without one of its parts; the answer takes the first one's place.
    Widen {
        /// The search's plan.
        search: PlanId,
        /// The place of the part among those that were understood, from 0.
        part: u32,
    },
    /// List deals.
    ListDeals {
        /// Only in this stage.
        stage: Option<Stage>,
        /// Only the sender's own.
        mine: bool,
    },
    /// Show one deal with its history.
    ShowDeal {
        /// Name or a part of it.
        deal: String,
    },
    /// Move a deal to another stage.
    MoveDeal {
        /// Name or a part of it.
        deal: String,
        /// Where to.
        stage: Stage,
        /// Why, when the rules ask for it.
        reason: Option<String>,
    },
    /// Write a note on a deal.
    NoteDeal {
        /// Name or a part of it.
        deal: String,
        /// The note.
        text: String,
    },
    /// Say what a room is told as it happens.
    Follow {
        /// What exactly.
        follow: Follow,
    },
    /// Tell a room what happened; nobody asks for it, the room follows.
    TellNews {
        /// What.
        news: Vec<News>,
    },
    /// Raise a stalled deal; nobody asks for it, the calendar does.
    RaiseStalled {
        /// Its name.
        deal: String,
        /// Where it stands.
        stage: Stage,
        /// Why it counts as stalled.
        stall: Stall,
    },
    /// List what waits for the sender's decision.
    ListApprovals,
    /// Tell the approval policy, or who has to approve a case under it.
    AskPolicy {
        /// The case in plain words; none asks for the whole policy.
        case: Option<String>,
    },
    /// Let somebody decide in the sender's place, end that, or tell who does.
    Delegate {
        /// What exactly.
        standin: Standin,
    },
    /// Decide on a request.
    Decide {
        /// Which.
        approval: ApprovalId,
        /// Which way.
        verdict: Verdict,
        /// Why.
        comment: Option<String>,
    },
    /// Ask for the comment that a rejection, or sending back, needs.
    AskComment {
        /// Which request.
        approval: ApprovalId,
        /// Which of the two.
        #[serde(default = "rejection")]
        verdict: Verdict,
    },
    /// Take back a request that waits for a decision.
    Withdraw {
        /// Which; none means the sender's only open one.
        approval: Option<ApprovalId>,
    },
    /// Say whether companies that a search showed fit.
    GiveFeedback {
        /// The search, when a button names it.
        search: Option<PlanId>,
        /// The companies: keys when a button names them, else names as typed.
        companies: Vec<String>,
        /// Good fit, or not for us.
        is_good: bool,
        /// Why.
        reason: Option<String>,
    },
    /// Explain the fit of a company.
    ExplainFit {
        /// Its name or key.
        company: String,
    },
    /// List the people of the tenant.
    ListPeople,
    /// Tell where the sender is known and how to be known elsewhere; with a code, be known here as its holder.
    Join {
        /// The code as typed.
        code: Option<String>,
    },
    /// Give a person a role.
    SetRole {
        /// Name, mail address or a channel's mention.
        person: String,
        /// The new role.
        role: Role,
    },
    /// Read a contract, hold it against the playbook, ask for a decision.
    AnalyzeContract {
        /// Where its bytes are.
        source: Source,
        /// Name of the deal it belongs to, or a part of it; found by the parties when none is said.
        deal: Option<String>,
        /// Names of files that came with it; they are not read.
        #[serde(default)]
        beside: Vec<String>,
    },
    /// Open the locked file that was sent before, and read it as a contract.
    UnlockContract {
        /// Opens it.
        password: Password,
    },
    /// Show what was read in a document.
    ShowContract {
        /// Name of the document or of its deal, or a part of it.
        document: String,
    },
    /// Send the Word document of a contract with our offers as tracked changes.
    SendRedline {
        /// Name of the document or of its deal, or a part of it.
        document: String,
    },
    /// List all documents.
    ListContracts,
    /// Say which deal a document belongs to.
    LinkContract {
        /// Name of the document, or a part of it.
        document: String,
        /// Name of the deal, or a part of it.
        deal: String,
    },
    /// List dates of accepted contracts that come up.
    ListRenewals,
    /// Remind of a notice that has to be given; nobody asks for it, the calendar does.
    RemindRenewal {
        /// What is to be said.
        notice: Notice,
    },
    /// Send an accepted contract to those who sign it.
    SendForSignature {
        /// Name of the document or of its deal, or a part of it.
        document: String,
        /// Who signs, one after the other, as typed: `name@example.com` or `Name <name@example.com>`.
        signers: Vec<String>,
    },
    /// Take an envelope back, or have its signers reminded.
    HandleEnvelope {
        /// Name of the document or of its deal, or a part of it.
        document: String,
        /// Which of the two.
        handling: Handling,
    },
    /// Say what happened to an envelope; nobody asks for it, the vendor told.
    FollowEnvelope {
        /// Which.
        envelope: EnvelopeId,
    },
    /// Read what came back signed; nobody asks for it, the vendor told.
    TakeSigned {
        /// Which envelope.
        envelope: EnvelopeId,
        /// Where its bytes are.
        source: Source,
    },
    /// Look after a notice that was reminded of.
    AcknowledgeRenewal {
        /// The plan that reminded.
        reminder: PlanId,
    },
    /// Ask a document a question.
    AskContract {
        /// Name of the document or of its deal, or a part of it.
        document: String,
        /// The question in plain words.
        question: String,
    },
    /// Look for clauses in all contracts.
    SearchClauses {
        /// The words to look for.
        words: String,
    },
    /// List the terms that wait for a person.
    ListReviews,
    /// Take a review item on.
    ClaimReview {
        /// Which.
        review: ReviewId,
    },
    /// Say what a term of a contract is.
    AnswerTerm {
        /// Which reading is corrected.
        analysis: AnalysisId,
        /// Which term.
        term: TermKey,
        /// What it is; none says that the contract does not have it.
        stated: Option<TermStated>,
    },
    /// Change a position of the playbook; a new playbook comes of it.
    EditPosition {
        /// Number of the playbook that was changed; 0 is the built-in one.
        base: i32,
        /// The changed position.
        position: PositionEdit,
        /// Why; may be empty.
        note: String,
    },
    /// Something was asked for in a way that cannot be, e.g. a button pressed with nothing ticked.
    Refused {
        /// What to tell the person.
        error: UserError,
    },
    /// The words could mean several things, or none.
    Unclear {
        /// What was said.
        text: String,
        /// What it may have meant, best first.
        candidates: Vec<Candidate>,
    },
}

/// What was asked about before there was anything else to ask about.
fn rejection() -> Verdict {
    Verdict::Reject
}

/// What a person says a term is, as typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermStated {
    /// The value in words; empty leaves it to the sentence.
    pub value: String,
    /// The sentence of the document that says so.
    pub quote: String,
}

/// What is said about who decides in the sender's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standin", rename_all = "snake_case")]
pub enum Standin {
    /// Who does, for whom, and until when.
    Show,
    /// Nobody any more.
    End,
    /// Whoever the policy names, while the sender is away.
    Away {
        /// For how long.
        lasts: Lasts,
    },
    /// Somebody from now on.
    Begin {
        /// Name, mail address or a channel's mention.
        person: String,
        /// For how long.
        lasts: Lasts,
    },
}

/// For how long something holds from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lasts {
    /// So many days.
    Days(u16),
    /// Until the end of a day, UTC.
    Until(NaiveDate),
    /// Until the end of the next such day of the week, UTC.
    UntilNext(Weekday),
}

/// A guess at what was meant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// How to say it unmistakably, e.g. `find payment companies in Germany`.
    pub say: String,
    /// 0 to 1.
    pub confidence: f64,
}

/// An intent and how sure we are of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Understood {
    /// The best reading.
    #[serde(flatten)]
    pub intent: Intent,
    /// 0 to 1; a full command is 1.
    pub confidence: f64,
    /// Other readings, best first.
    pub candidates: Vec<Candidate>,
}

impl Intent {
    /// True when a file is read as a contract because of it.
    pub fn reads_contract(&self) -> bool {
        matches!(self, Self::AnalyzeContract { .. } | Self::UnlockContract { .. })
    }

    /// The word used in tables, metrics and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Help { .. } => "help",
            Self::Find { .. } => "find",
            Self::CreateDeals { .. } => "create_deals",
            Self::ProposeDeal { .. } => "propose_deal",
            Self::Refine { .. } => "refine",
            Self::Widen { .. } => "widen",
            Self::ListDeals { .. } => "list_deals",
            Self::ShowDeal { .. } => "show_deal",
            Self::MoveDeal { .. } => "move_deal",
            Self::NoteDeal { .. } => "note_deal",
            Self::Follow { .. } => "follow",
            Self::TellNews { .. } => "tell_news",
            Self::RaiseStalled { .. } => "raise_stalled",
            Self::ListApprovals => "list_approvals",
            Self::AskPolicy { .. } => "ask_policy",
            Self::Delegate { .. } => "delegate",
            Self::Decide { .. } => "decide",
            Self::AskComment { .. } => "ask_comment",
            Self::Withdraw { .. } => "withdraw",
            Self::GiveFeedback { .. } => "give_feedback",
            Self::ExplainFit { .. } => "explain_fit",
            Self::ListPeople => "list_people",
            Self::Join { .. } => "join",
            Self::SetRole { .. } => "set_role",
            Self::AnalyzeContract { .. } => "analyze_contract",
            Self::UnlockContract { .. } => "unlock_contract",
            Self::ShowContract { .. } => "show_contract",
            Self::SendRedline { .. } => "send_redline",
            Self::ListContracts => "list_contracts",
            Self::LinkContract { .. } => "link_contract",
            Self::ListRenewals => "list_renewals",
            Self::RemindRenewal { .. } => "remind_renewal",
            Self::AcknowledgeRenewal { .. } => "acknowledge_renewal",
            Self::SendForSignature { .. } => "send_for_signature",
            Self::HandleEnvelope { .. } => "handle_envelope",
            Self::FollowEnvelope { .. } => "follow_envelope",
            Self::TakeSigned { .. } => "take_signed",
            Self::AskContract { .. } => "ask_contract",
            Self::SearchClauses { .. } => "search_clauses",
            Self::ListReviews => "list_reviews",
            Self::ClaimReview { .. } => "claim_review",
            Self::AnswerTerm { .. } => "answer_term",
            Self::EditPosition { .. } => "edit_position",
            Self::Refused { .. } => "refused",
            Self::Unclear { .. } => "unclear",
        }
    }
}
