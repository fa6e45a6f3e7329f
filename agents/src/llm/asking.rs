//! One question from redaction to answer.

use std::time::Instant;

use chrono::{DateTime, Utc};
use domain::ids::LlmCallId;
use domain::screening::{self as guard, Measure, Seen, Severity, Way};
use integrations::CallError;
use integrations::llm::table::{self, Price, Route};
use integrations::llm::{Failure, Patience, Prompt, Provider, Reply, Usage};
use serde_json::Value;
use sha2::{Digest, Sha256};
use storage::llm_calls::{self, Ending, New, Verdict};
use storage::llm_spending::{self, Alert, Caps, Rules};
use storage::{screening, security};

use super::prompts::{self, PromptFile};
use super::{Answer, Asking, Heard, Inner, Llm, Silence, Told, notice};
use crate::desk::Desk;
use crate::guardrail::{DEFAULT_THRESHOLD, Redacted, keep, private, redact, seen, strip_invisible};

/// A process that died is given so long to settle its calls, minutes.
const LOST_AFTER_MIN: i64 = 2;
/// How often all providers are asked in turn while what they say may pass.
const ROUNDS: usize = 2;
/// What is written down of an answer that cannot be read.
const OTHER_SCHEMA: &str = "the answer is not of the schema";
/// Between two rounds.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(300);
/// The last one who could be asked is waited for longer, times.
const LAST_PATIENCE: u32 = 3;

impl Llm {
    /// Asks a model. Nothing of ours is left open meanwhile: no transaction may be held by the caller.
    pub async fn ask<A: Answer>(&self, desk: &Desk, asking: Asking<'_>) -> Heard<A> {
        let Some(inner) = self.0.as_ref().filter(|_| self.serves(asking.used)) else {
            return Heard { told: Err(Silence::Off), says: Vec::new() };
        };
        let mut alerts = Vec::new();
        let told = match inner.ask(desk, asking, &mut alerts).await {
            Ok(told) => told,
            Err(error) => {
                tracing::warn!(error = crate::desk::chain(&error), "a language model is not asked");
                Err(Silence::Away)
            }
        };
        for alert in &alerts {
            metrics::counter!("llm_budget_alerts_total", "scope" => alert.scope.name()).increment(1);
            tracing::warn!(
                tenant = %asking.tenant, scope = alert.scope.name(), subject = %alert.subject,
                spent_micro_usd = alert.spent_micro, cap_micro_usd = alert.cap_micro,
                "four fifths of a limit for language models are spent"
            );
        }
        let says = notice::of(&desk.db, asking.tenant, &alerts).await;
        Heard { told, says }
    }
}

/// What every call of one question shares.
struct Question<'a> {
    asking: Asking<'a>,
    file: &'static PromptFile,
    system: String,
    redacted: Redacted,
    /// What was found in it and taken out.
    found: Vec<Seen>,
    schema: Value,
    schema_name: &'static str,
    max_tokens: u32,
    sha256: String,
    begun: tokio::time::Instant,
}

impl Question<'_> {
    /// Whether a rule of the team keeps it from every language model.
    fn is_kept_in(&self, rules: &guard::Rules) -> bool {
        self.found.iter().any(|seen| rules.measure(Way::Model, None, *seen) == Measure::Block)
    }

    fn prompt(&self) -> Prompt<'_> {
        Prompt {
            system: &self.system,
            user: &self.redacted.text,
            schema_name: self.schema_name,
            schema: &self.schema,
            max_tokens: self.max_tokens,
        }
    }

    /// The key of the same question to the same model: of this tenant alone.
    fn key(&self, route: &Route) -> Vec<u8> {
        let mut hash = Sha256::new();
        let (vendor, max) = (route.vendor.name(), self.max_tokens.to_string());
        for part in [self.asking.tenant.0.as_bytes().as_slice(), vendor.as_bytes(), route.model.as_bytes()]
            .into_iter()
            .chain([
                self.file.name.as_bytes(),
                self.file.sha256.as_bytes(),
                self.sha256.as_bytes(),
                max.as_bytes(),
            ])
        {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().to_vec()
    }

    fn call<'q>(&'q self, desk: &Desk, (route, provider): (&'q Route, &'q Provider), hop: usize) -> New<'q> {
        let most = Usage { input: self.prompt().input_tokens_max(), output: u64::from(self.max_tokens) };
        New {
            id: LlmCallId(desk.ids.next()),
            person: self.asking.person,
            plan: self.asking.plan,
            purpose: self.asking.used.name(),
            provider: provider.vendor.name(),
            model: &route.model,
            region: &provider.region,
            prompt_name: self.file.name,
            prompt_version: i32::try_from(self.file.version).unwrap_or(i32::MAX),
            prompt_sha256: &self.sha256,
            prompt: &self.redacted.text,
            hop: i16::try_from(hop).unwrap_or(i16::MAX),
            reserved_micro: route.price.map_or(0, |price| price.of(most)),
        }
    }
}

/// Writes down that a rule of the team kept a question from every model.
async fn kept_out(desk: &Desk, asking: Asking<'_>, now: DateTime<Utc>) -> Result<(), storage::Error> {
    let mut tx = desk.db.tenant(asking.tenant).begin().await?;
    let subject =
        asking.plan.map_or_else(|| format!("use:{}", asking.used.name()), |plan| format!("plan:{plan}"));
    let event = security::New {
        id: desk.ids.next(),
        kind: "model_kept_out",
        severity: Severity::Notice,
        subject: &subject,
        person: Some(asking.person),
        detail: serde_json::json!({ "kinds": [] }),
    };
    keep(&mut tx, event, now).await?;
    tx.commit().await
}

/// What came of asking one provider.
enum Hop<A> {
    Told(A),
    /// Another may do better; this one too, later, if it may pass.
    Failed {
        why: Silence,
        may_pass: bool,
    },
}

impl Inner {
    async fn ask<A: Answer>(
        &self,
        desk: &Desk,
        asking: Asking<'_>,
        alerts: &mut Vec<Alert>,
    ) -> Result<Result<Told<A>, Silence>, storage::Error> {
        let now = desk.clock.now();
        let (db, tenant) = (&desk.db, asking.tenant);
        let Some(question) = self.question::<A>(asking) else { return Ok(Err(Silence::Off)) };
        let (rules, screening) = {
            let mut tx = db.tenant(tenant).begin().await?;
            (llm_spending::rules(&mut tx).await?, screening::newest(&mut tx).await?.rules)
        };
        if question.is_kept_in(&screening) {
            if let Some(first) = self.routes(asking.used.name()).first() {
                let call = question.call(desk, *first, 0);
                llm_calls::refuse(db, tenant, &call, ("the team's guardrail keeps what is asked here", now))
                    .await?;
            }
            kept_out(desk, asking, now).await?;
            return Ok(Err(Silence::Kept));
        }
        if self.must_look(tenant, now) {
            let before = now - chrono::Duration::minutes(LOST_AFTER_MIN);
            llm_calls::settle_lost(db, tenant, before, now).await?;
        }
        let configured = self.routes(asking.used.name());
        let routes: Vec<(&Route, &Provider)> =
            configured.iter().copied().filter(|(_, provider)| self.lets(&rules, provider)).collect();
        if routes.is_empty() {
            if let Some(first) = configured.first() {
                let call = question.call(desk, *first, 0);
                llm_calls::refuse(db, tenant, &call, ("the team lets no configured provider be asked", now))
                    .await?;
                return Ok(Err(Silence::NotAllowed));
            }
            return Ok(Err(Silence::Off));
        }
        if let Some(told) = self.recall::<A>(desk, &question, &routes).await? {
            return Ok(Ok(told));
        }
        let caps = Caps {
            tenant_month_micro: rules.month_micro.unwrap_or(self.settings.caps.tenant_month_micro),
            person_day_micro: rules.person_day_micro.unwrap_or(self.settings.caps.person_day_micro),
            plan_micro: self.settings.caps.plan_micro,
        };
        self.go_round(desk, question, &routes, (caps, alerts)).await
    }

    /// Puts the question together; its text is redacted here and nowhere kept as it was.
    fn question<'a, A: Answer>(&self, asking: Asking<'a>) -> Option<Question<'a>> {
        let file = prompts::serving(asking.used.prompt(), &self.settings.pins)?;
        let max_tokens = self.settings.table.plan(asking.used.name())?.max_tokens;
        let text = strip_invisible(asking.text);
        let found = private(&text);
        let redacted = redact(&text, &found, DEFAULT_THRESHOLD);
        let system = format!("{}{}", file.text, asking.appendix);
        let schema = A::schema();
        let mut hash = Sha256::new();
        for part in [&system, &redacted.text, &schema.to_string()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let sha256 = hex::encode(hash.finalize());
        let begun = tokio::time::Instant::now();
        Some(Question {
            asking,
            file,
            system,
            redacted,
            found: found.iter().filter_map(seen).collect(),
            schema,
            schema_name: A::NAME,
            max_tokens,
            sha256,
            begun,
        })
    }

    /// Who may be asked for a purpose, in order: those that are configured.
    fn routes(&self, purpose: &str) -> Vec<(&Route, &Provider)> {
        let plan = self.settings.table.plan(purpose);
        let routes = plan.into_iter().flat_map(|plan| &plan.routes);
        routes.filter_map(|route| Some((route, self.provider(route.vendor)?))).collect()
    }

    fn lets(&self, rules: &Rules, provider: &Provider) -> bool {
        let allowed = rules.allowed.as_ref().unwrap_or(&self.settings.allowed);
        // A team that says nothing follows the installation; one that names nobody lets nobody be asked.
        (rules.allowed.is_none() && allowed.is_empty())
            || table::allows(allowed, provider.vendor, &provider.region)
    }

    async fn recall<A: Answer>(
        &self,
        desk: &Desk,
        question: &Question<'_>,
        routes: &[(&Route, &Provider)],
    ) -> Result<Option<Told<A>>, storage::Error> {
        let begun = Instant::now();
        let now = desk.clock.now();
        let calls: Vec<(Vec<u8>, New<'_>)> =
            routes.iter().map(|route| (question.key(route.0), question.call(desk, *route, 0))).collect();
        let since = now - self.settings.cache_for;
        let tenant = question.asking.tenant;
        let Some((at, text)) = llm_calls::recall(&desk.db, tenant, &calls, (since, now)).await? else {
            return Ok(None);
        };
        let Some(answer) = read::<A>(&text) else { return Ok(None) };
        let (route, provider) = routes[at];
        metrics::histogram!("llm_cached_latency_ms").record(begun.elapsed().as_secs_f64() * 1000.0);
        count(provider, "cached");
        let (redacted, model) = (question.redacted.clone(), name(route));
        Ok(Some(Told { answer, redacted, model }))
    }

    /// Asks one after the other until somebody answers. The limits are held against each anew.
    async fn go_round<A: Answer>(
        &self,
        desk: &Desk,
        question: Question<'_>,
        routes: &[(&Route, &Provider)],
        (caps, alerts): (Caps, &mut Vec<Alert>),
    ) -> Result<Result<Told<A>, Silence>, storage::Error> {
        let (mut silence, mut hop) = (Silence::Away, 0);
        let mut open: Vec<(&Route, &Provider)> = routes.to_vec();
        for round in 0..ROUNDS {
            if round > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let mut left = Vec::new();
            for (at, (route, provider)) in open.iter().copied().enumerate() {
                if question.begun.elapsed() >= self.settings.patience.whole {
                    return Ok(Err(silence));
                }
                if !self.breakers.admits(provider.vendor, desk.clock.now()) {
                    count(provider, "resting");
                    continue;
                }
                let is_last = at + 1 == open.len();
                let asked = (route, provider, hop, is_last);
                match self.hop::<A>(desk, &question, asked, (caps, &mut *alerts)).await? {
                    Hop::Told(answer) => {
                        let model = name(route);
                        return Ok(Ok(Told { answer, redacted: question.redacted, model }));
                    }
                    Hop::Failed { why, may_pass } => {
                        silence = why;
                        if may_pass {
                            left.push((route, provider));
                        }
                    }
                }
                hop += 1;
            }
            open = left;
            if open.is_empty() {
                break;
            }
        }
        Ok(Err(silence))
    }

    async fn hop<A: Answer>(
        &self,
        desk: &Desk,
        question: &Question<'_>,
        (route, provider, hop, is_last): (&Route, &Provider, usize, bool),
        (caps, alerts): (Caps, &mut Vec<Alert>),
    ) -> Result<Hop<A>, storage::Error> {
        let tenant = question.asking.tenant;
        let call = question.call(desk, (route, provider), hop);
        let failed = |why, may_pass| Ok(Hop::Failed { why, may_pass });
        let Some(price) = route.price else {
            let why = format!("{} has no price", name(route));
            tracing::error!(model = name(route), "a model without a price is not asked (DEALDESK_LLM_TABLE)");
            llm_calls::refuse(&desk.db, tenant, &call, (&why, desk.clock.now())).await?;
            count(provider, "refused");
            return failed(Silence::Away, false);
        };
        let held = llm_calls::reserve(&desk.db, tenant, &call, (caps, desk.clock.now())).await?;
        if let Verdict::Over(scope) = held {
            tracing::warn!(%tenant, scope = scope.name(), "a limit for language models is reached");
            count(provider, "refused");
            return failed(Silence::Over, false);
        }
        let begun = Instant::now();
        let patience = self.patience(question, is_last);
        let answered = provider.ask(&self.http, &route.model, (&question.prompt(), patience), |_| ()).await;
        let took_ms = begun.elapsed().as_secs_f64() * 1000.0;
        metrics::histogram!("llm_call_latency_ms", "provider" => provider.vendor.name()).record(took_ms);
        let read = answered.as_ref().ok().and_then(|reply| read::<A>(&reply.text));
        let ended = (&answered, read.is_some());
        alerts.extend(settle(desk, question, (&call, price), ended).await?);
        count(provider, if read.is_some() { "done" } else { "failed" });
        let now = desk.clock.now();
        let failure = match (answered, read) {
            (Ok(reply), Some(answer)) => {
                self.breakers.succeeded(provider.vendor);
                let kept = (call.id, reply.text.as_str(), now);
                llm_calls::remember(&desk.db, tenant, &question.key(route), kept).await?;
                return Ok(Hop::Told(answer));
            }
            (Ok(reply), None) => {
                let error = CallError::Garbage { cause: OTHER_SCHEMA.to_owned() };
                Failure { error, is_free: false, draft: reply.text, usage: reply.usage }
            }
            (Err(failure), _) => failure,
        };
        tracing::warn!(model = name(route), error = %failure.error, "a language model did not answer");
        self.breakers.failed(provider.vendor, &failure.error, now);
        let is_garbage = matches!(failure.error, CallError::Garbage { .. });
        let why = if is_garbage { Silence::Unreadable } else { Silence::Away };
        // What may have cost something is not tried again, nor is one who asked to wait.
        let waits = matches!(failure.error, CallError::RateLimited { .. });
        failed(why, failure.is_free && failure.error.is_passing() && !waits)
    }

    /// How long one provider may take of what is left: the last one longer, since nobody stands behind it.
    fn patience(&self, question: &Question<'_>, is_last: bool) -> Patience {
        let all = self.settings.patience;
        let left = all.whole.saturating_sub(question.begun.elapsed());
        let times = if is_last { LAST_PATIENCE } else { 1 };
        Patience { first: (all.first * times).min(left), idle: (all.idle * times).min(left), whole: left }
    }
}

/// Writes down how a call ended and what it cost. Counts of a stream that broke off may be short, so that all that was
/// held is charged for it, as for one whose provider said nothing of tokens.
async fn settle(
    desk: &Desk,
    question: &Question<'_>,
    (call, price): (&New<'_>, Price),
    (answered, was_read): (&Result<Reply, Failure>, bool),
) -> Result<Vec<Alert>, storage::Error> {
    let (usage, error, draft) = match answered {
        Ok(reply) if was_read => (reply.usage, None, None),
        Ok(reply) => (reply.usage, Some(OTHER_SCHEMA.to_owned()), Some(reply.text.as_str())),
        Err(failure) => (None, Some(failure.error.to_string()), Some(failure.draft.as_str())),
    };
    let is_free = answered.as_ref().is_err_and(|failure| failure.is_free);
    let cost = if is_free { Some(0) } else { usage.map(|usage| price.of(usage)) };
    if cost.is_some_and(|cost| cost > call.reserved_micro) {
        tracing::error!(
            model = call.model,
            cost,
            reserved = call.reserved_micro,
            "a call cost more than was held"
        );
    }
    let ending = Ending {
        tokens: usage.map(|usage| (whole(usage.input), whole(usage.output))),
        cost_micro: cost,
        error: error.as_deref(),
        draft: draft.filter(|draft| !draft.is_empty()),
    };
    let tenant = question.asking.tenant;
    let alerts = llm_calls::settle(&desk.db, tenant, call.id, (ending, desk.clock.now())).await?;
    let spent = u64::try_from(cost.unwrap_or(call.reserved_micro)).unwrap_or(0);
    let (purpose, provider) = (question.asking.used.name(), call.provider.to_owned());
    metrics::counter!("llm_cost_micro_usd_total", "purpose" => purpose, "provider" => provider)
        .increment(spent);
    Ok(alerts)
}

/// Reads an answer; fences around it are taken off, anything else that is not of the schema is no answer.
fn read<A: Answer>(text: &str) -> Option<A> {
    let text = text.trim();
    let inside = text.strip_prefix("```json").or_else(|| text.strip_prefix("```"));
    let text = inside.and_then(|text| text.strip_suffix("```")).unwrap_or(text);
    serde_json::from_str(text).ok()
}

fn name(route: &Route) -> String {
    format!("{}/{}", route.vendor.name(), route.model)
}

fn count(provider: &Provider, outcome: &'static str) {
    let labels = [("provider", provider.vendor.name()), ("outcome", outcome)];
    metrics::counter!("llm_calls_total", &labels).increment(1);
}

fn whole(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct One {
        number: u8,
    }

    impl Answer for One {
        const NAME: &'static str = "one";

        fn schema() -> Value {
            json!({})
        }
    }

    #[test]
    fn an_answer_is_of_the_schema_or_none() {
        assert_eq!(read::<One>(" {\"number\": 3}\n"), Some(One { number: 3 }));
        assert_eq!(read::<One>("```json\n{\"number\": 3}\n```"), Some(One { number: 3 }));
        for text in [
            "",
            "{\"number\": 3",
            "Sure! {\"number\": 3}",
            "{\"number\": 3, \"run\": \"rm\"}",
            "{\"number\": 999}",
            "[{\"number\": 3}]",
            "{\"number\": 3} {\"number\": 4}",
        ] {
            assert_eq!(read::<One>(text), None, "{text}");
        }
    }
}
