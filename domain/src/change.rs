//! The fixed list of changes a step can make to our own state; each is applied by storage in the
//! transaction that finishes the step, with its audit entry.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approval::{Decision, Delegation, Requirement, Voided, Vote};
use crate::card::Card;
use crate::company::CompanyId;
use crate::contract::signing::{Handling, NewEnvelope};
use crate::contract::{Analysis, Given, NewVersion, PositionRow};
use crate::deal::Stage;
use crate::effect::Effect;
use crate::ids::{
    AnalysisId, ApprovalId, ConversationId, DealId, DocumentId, EnvelopeId, NoteId, PartnerId, PersonId,
    PlanId, ReviewId, VersionId,
};
use crate::intent::Intent;
use crate::learning::{Feedback, Shown};
use crate::news::Rhythm;
use crate::person::Role;

/// One change of state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A company becomes a partner (once) and a deal with it starts.
    StartDeal {
        /// Key of the deal.
        deal: DealId,
        /// Key of the partner, used if there is none for the company yet.
        partner: PartnerId,
        /// The company.
        company: CompanyId,
        /// Its name at this time.
        name: String,
        /// Fit of the search it came from, 0 to 100.
        fit: Option<u8>,
        /// Who looks after the deal.
        owner: PersonId,
        /// Who let it happen.
        approved_by: PersonId,
    },
    /// The request waits until somebody looked at what it holds.
    Hold {
        /// Who wrote it.
        person: PersonId,
        /// What was found in it.
        kinds: Vec<String>,
        /// What was said, without what was found: for whoever looks.
        shown: String,
    },
    /// A deal moves to another stage.
    MoveDeal {
        /// Which.
        deal: DealId,
        /// Stage it was judged in; another stage at commit means a conflict.
        from: Stage,
        /// Stage to go to.
        to: Stage,
        /// Why.
        reason: Option<String>,
        /// Who moved it.
        by: PersonId,
    },
    /// A note is written.
    AddNote {
        /// Key of the note.
        note: NoteId,
        /// On which deal.
        deal: DealId,
        /// The text.
        text: String,
        /// Who wrote it.
        by: PersonId,
    },
    /// Approvers are asked.
    OpenApproval {
        /// Key.
        approval: ApprovalId,
        /// What it is about, e.g. `create_deals`.
        subject: String,
        /// Exactly what will be done.
        payload: Value,
        /// Who asked.
        requested_by: PersonId,
        /// When it lapses.
        expires_at: DateTime<Utc>,
        /// Who has to approve.
        requirement: Requirement,
    },
    /// Somebody approved and others are still needed; every copy of the request is edited.
    Vote {
        /// Which approval.
        approval: ApprovalId,
        /// The vote, as judged.
        vote: Vote,
        /// Who is asked from now on: the people of the stage that begins.
        asks: Vec<PersonId>,
        /// What the copies show from now on.
        card: Card,
    },
    /// Somebody decided; the step that waits goes on and every copy of the request is edited.
    Decide {
        /// Which approval.
        approval: ApprovalId,
        /// The decision, as judged.
        decision: Decision,
        /// The vote that settled it.
        vote: Vote,
        /// What the copies show from now on.
        card: Card,
    },
    /// Nobody decided in time; every copy of the request is edited.
    Expire {
        /// Which approval.
        approval: ApprovalId,
        /// What the copies show from now on.
        card: Card,
    },
    /// A request is taken back, or what it was about changed: its plan ends and every copy is edited.
    Void {
        /// Which approval.
        approval: ApprovalId,
        /// Who, when and why.
        voided: Voided,
        /// What the copies show from now on.
        card: Card,
    },
    /// A person gets a role.
    SetRole {
        /// Whose.
        person: PersonId,
        /// The new role.
        role: Role,
        /// Who gave it.
        by: PersonId,
    },
    /// Somebody decides in a person's place from now on; what was arranged before ends.
    Delegate {
        /// For whom, who, and until when.
        delegation: Delegation,
    },
    /// Nobody decides in a person's place any more.
    EndDelegation {
        /// Whose place.
        person: PersonId,
    },
    /// A person gets a code for another channel; earlier ones hold no longer.
    IssueCode {
        /// Whose.
        person: PersonId,
        /// The code, as typed.
        code: String,
        /// When it lapses.
        until: DateTime<Utc>,
    },
    /// A version of a document is kept with its text.
    AddVersion(Box<NewVersion>),
    /// What was read in a version is kept; what a person has to look at is queued.
    Analyse(Box<Analysis>),
    /// A document belongs to a deal.
    LinkDocument {
        /// Which document.
        document: DocumentId,
        /// To which deal.
        deal: DealId,
        /// Who said so.
        by: PersonId,
    },
    /// A version is accepted as it was read.
    AcceptVersion {
        /// Which version.
        version: VersionId,
        /// What had been read in it.
        analysis: AnalysisId,
        /// Who accepted it.
        by: PersonId,
    },
    /// A document is to be sent to those who sign it.
    SendEnvelope(Box<NewEnvelope>),
    /// An envelope is to be taken back, or its signers reminded.
    HandleEnvelope {
        /// Which.
        envelope: EnvelopeId,
        /// What is done with it.
        handling: Handling,
        /// Who said so.
        by: PersonId,
    },
    /// What came back signed is kept as a version.
    KeepSigned {
        /// Of which envelope.
        envelope: EnvelopeId,
        /// Which version.
        version: VersionId,
    },
    /// A person says what a term is.
    AnswerTerm(Box<Given>),
    /// A playbook is kept under the next number; contracts that were judged keep theirs.
    SavePlaybook {
        /// Its number, one more than the newest.
        number: i32,
        /// All positions.
        positions: Vec<PositionRow>,
        /// What was changed and why.
        note: String,
        /// Who changed it.
        by: PersonId,
    },
    /// A person looks after a notice that has to be given.
    AcknowledgeRenewal {
        /// The plan that reminded of it.
        reminder: PlanId,
        /// Who.
        by: PersonId,
    },
    /// A page of companies is shown; kept so that decisions can be learnt from.
    ShowHits(Box<Shown>),
    /// A person says whether companies fit.
    GiveFeedback(Feedback),
    /// A room is told what happens from now on, or no longer.
    FollowRoom {
        /// Which conversation stands in the room.
        conversation: ConversationId,
        /// What it is told; nothing ends it.
        kinds: Vec<String>,
        /// Of moves, only those to this stage.
        stage: Option<Stage>,
        /// How often.
        rhythm: Rhythm,
        /// Who said so.
        by: PersonId,
    },
    /// What a message means was found out: its plan goes on with that.
    Understand {
        /// What it means.
        intent: Box<Intent>,
    },
    /// The outside world is to be changed.
    AskEffect(Box<Effect>),
    /// A person takes a review item on.
    ClaimReview {
        /// Which.
        review: ReviewId,
        /// Who.
        by: PersonId,
    },
}
