//! Opens forms in Slack, before people who may send them; others are told why not.

use agents::planner;
use channels::slack::form::{self, Question};
use domain::approval::Verdict;
use domain::card::Verb;
use domain::error::UserError;
use domain::ids::PlanId;
use domain::inbound::Inbound;
use domain::intent::Intent;
use domain::person::{Channel, Person};
use domain::{policy, wording};
use serde_json::Value;
use storage::workspaces::Workspace;

use crate::worker::{Asks, Worker};

impl Worker {
    /// Opens a form, unless the person may not send it: then says so at once.
    pub(crate) async fn open_form(
        &self,
        workspace: &Workspace,
        (inbound, person): (&Inbound, &Person),
        (trigger, asks): (&str, &Asks),
    ) -> anyhow::Result<()> {
        let form = match self.form(person, inbound, asks).await? {
            Ok(form) => form,
            Err(error) => {
                self.tell_directly(workspace, inbound, &wording::user_error(&error)).await;
                return Ok(());
            }
        };
        // Discord's edge opened it already: a form there is an answer to the press.
        let (Channel::Slack, Some(token)) = (inbound.channel, &workspace.token) else { return Ok(()) };
        if let Err(error) = self.members.slack.open_form(token, trigger, &form).await {
            tracing::warn!(error = %error, "cannot open a form");
            let late = UserError::new("The form could not be opened in time.", again(asks));
            self.tell_directly(workspace, inbound, &wording::user_error(&late)).await;
        }
        Ok(())
    }

    /// The form, or why the person gets none.
    async fn form(
        &self,
        person: &Person,
        inbound: &Inbound,
        asks: &Asks,
    ) -> anyhow::Result<Result<Value, UserError>> {
        let place = &inbound.place;
        Ok(match asks {
            Asks::Why(value, verdict) => {
                let may = match value.parse() {
                    Ok(approval) => planner::may_comment(&self.desk, person, approval).await,
                    Err(_) => Err(wording::approval_unknown()),
                };
                let (verb, words) = match verdict {
                    Verdict::SendBack => (Verb::SendBack, form::Wording::send_back()),
                    Verdict::Approve | Verdict::Reject => (Verb::Reject, form::Wording::reject()),
                };
                may.map(|()| form::comment_form(verb, value, place, &words))
            }
            Asks::Company => {
                let wanted = Intent::ProposeDeal { company: None };
                policy::permit(person.role, &wanted).map(|()| form::deal_form(place))
            }
            Asks::Question(search) => {
                match policy::permit(person.role, &Intent::Refine { search: *search }) {
                    Ok(()) => self
                        .question(person, *search)
                        .await?
                        .map(|asked| form::refine_form(&search.to_string(), &asked, place)),
                    Err(error) => Err(error),
                }
            }
        })
    }

    /// What a search of this team was asked for.
    async fn question(&self, person: &Person, search: PlanId) -> anyhow::Result<Result<Question, UserError>> {
        let mut tx = self.desk.db.tenant(person.tenant).begin().await?;
        let answer = planner::searched(&mut tx, search).await?;
        Ok(answer.map(|answer| Question::of(&answer)).ok_or_else(wording::search_gone))
    }
}

/// The way on when a form came too late.
fn again(asks: &Asks) -> &'static str {
    match asks {
        Asks::Why(..) | Asks::Question(_) => "Please press the button again.",
        Asks::Company => "Please try again, or say `/deal propose` with the company's name.",
    }
}
