//! Serves the pages with made-up data, to look at them: `preview DATABASE_URL [ADDRESS]` on an empty database.
#![expect(clippy::print_stdout, reason = "prints where to look")]

use agents::contract::extract::{Extractor, Options};
use agents::contract::playbook::{Playbook, Stance};
use agents::contract::{redline, terms};
use channels::web;
use chrono::Duration;
use console::{Console, Counsel, new_secret, router};
use domain::approval::{Decision, Verdict};
use domain::card::{
    Audience, Block, Button, Card, Choice, EvidenceLine, Footer, HitLine, Say, Style, Text, Urgency, Verb,
};
use domain::change::Change;
use domain::clock::Clock;
use domain::company::CompanyId;
use domain::contract::{Analysis, ContractText, NewVersion};
use domain::deal::Stage;
use domain::ids::{
    AnalysisId, ApprovalId, ConversationId, DealId, DocumentId, Ids, InboundId, NoteId, PartnerId, PersonId,
    PlanId, TenantId, VersionId,
};
use domain::inbound::{Content, Place};
use domain::intent::Intent;
use domain::person::{Channel, Person, Role};
use domain::plan::{Agent, Context, Draft, Step};
use serde_json::json;
use storage::credentials::{self, Kind};
use storage::inbox::Ending;
use storage::messages::Origin;
use storage::objects::Objects;
use storage::outbox::Sent;
use storage::steps::Lease;
use storage::{
    Access, Db, Tx, approvals, changes, conversations, inbox, messages, outbox, people, plans, steps,
    workspaces,
};
use tokio::sync::broadcast;

/// A made-up contract.
const CONTRACT: &str = "DISTRIBUTION AGREEMENT

This Agreement is made as of March 1, 2025 by and between Nordpay GmbH (\"Supplier\") and Example Inc. \
(\"Distributor\").

1. Term. It remains in force until February 28, 2030 and shall then automatically renew for terms of one (1) year \
unless either party gives notice at least ninety (90) days before the end of the term.

2. Payment. Distributor shall pay each invoice within thirty (30) days after its receipt.

3. Assignment. Neither party may assign this Agreement without the prior written consent of the other party.

4. Liability. The aggregate liability of either party shall not exceed the fees paid in the twelve (12) months \
before the claim.

5. Governing Law. This Agreement is governed by the laws of the State of New York.
";

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Preview {
    db: Db,
    ids: Ids,
    clock: Clock,
    shown: broadcast::Sender<String>,
    objects: Objects,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let url = words.next().ok_or("give the address of an empty database")?;
    let address = words.next().unwrap_or_else(|| "127.0.0.1:8099".to_owned());
    let db = Db::open(&Access::from_login(url.parse()?)).await?;
    let (shown, _) = broadcast::channel(64);
    let objects = Objects::in_folder(&std::env::temp_dir().join("dealdesk-preview"))?;
    let preview =
        Preview { db: db.clone(), ids: Ids::random(), clock: Clock::system(), shown: shown.clone(), objects };
    let ada = preview.team().await?;
    let (intake, writer) = inbox::intake(&db, inbox::BATCH_MAX);
    let console = Console {
        db,
        objects: preview.objects.clone(),
        counsel: Counsel {
            terms: terms::infos().into(),
            positions: Playbook::built_in().rows().into(),
            compare: redline::clauses,
        },
        intake,
        clock: preview.clock.clone(),
        ids: preview.ids.clone(),
        public_url: format!("http://{address}"),
        shown,
    };
    let listener = tokio::net::TcpListener::bind(&address).await?;
    for person in &ada {
        println!("{} http://{address}/sign-in?token={}", person.name, preview.link(person).await?);
    }
    tokio::select! {
        () = writer.run() => Ok(()),
        served = std::future::IntoFuture::into_future(axum::serve(listener, router(console))) => Ok(served?),
        failed = preview.work() => failed,
    }
}

impl Preview {
    async fn team(&self) -> Outcome<Vec<Person>> {
        let tenant = TenantId(self.ids.next());
        workspaces::create_tenant(&self.db, tenant, "Preview").await?;
        let mut team = Vec::new();
        for (name, role) in
            [("Ada Admin", Role::Admin), ("Ben Bauer", Role::Member), ("Nia New", Role::Viewer)]
        {
            let email = Some(format!("{}@example.com", name.split(' ').next().unwrap_or("x").to_lowercase()));
            let person = Person { id: PersonId(self.ids.next()), tenant, name: name.to_owned(), email, role };
            let mut tx = self.db.tenant(tenant).begin().await?;
            people::add(&mut tx, &person).await?;
            tx.commit().await?;
            team.push(person);
        }
        let (ada, ben) = (&team[0], &team[1]);
        self.say(ada, "find payment companies in Germany, mid cap", self.search()).await?;
        self.deals(ada, ben).await?;
        self.request(ben, "create deals with Nordpay and Kassenwerk").await?;
        self.request(ada, "create deals with Zahlwerk").await?;
        self.failed(ada).await?;
        self.contracts(ada).await?;
        Ok(team)
    }

    async fn link(&self, person: &Person) -> Outcome<String> {
        let secret = new_secret(&self.ids);
        let mut tx = self.db.tenant(person.tenant).begin().await?;
        let until = Some(self.clock.now() + Duration::days(1));
        credentials::issue(&mut tx, person.id, Kind::Link, &secret, until).await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// A plan of a person with some steps; the first is held by us.
    async fn plan(
        &self,
        tx: &mut Tx,
        person: &Person,
        said: &str,
        steps: &[&str],
    ) -> Outcome<(Step, Origin)> {
        let plan = PlanId(self.ids.next());
        let place = Place { room: person.id.to_string(), thread: None, is_private: true };
        let id = ConversationId(self.ids.next());
        let workspace = person.tenant.to_string();
        let conversation = conversations::at(tx, id, Channel::Web, &workspace, (&place, person.id)).await?.id;
        let agents = [Agent::Guardrail, Agent::Discovery, Agent::Evaluator, Agent::Planner];
        let drafts = steps
            .iter()
            .zip(agents.iter().cycle())
            .map(|(action, agent)| Draft::new(*agent, action, json!({})))
            .collect();
        let new = plans::New {
            id: plan,
            conversation,
            requester: person.id,
            intent: &Intent::Find { query: said.to_owned() },
            said,
            drafts: &Draft::chain(drafts),
        };
        let step = plans::create(tx, new, &self.ids, &Lease::new("preview")).await?.ok_or("no step")?;
        Ok((step, Origin { plan, conversation, requester: person.id, step: 0 }))
    }

    /// A plan that is done, and what it answered.
    async fn say(&self, person: &Person, said: &str, card: Card) -> Outcome<()> {
        let mut tx = self.db.tenant(person.tenant).begin().await?;
        let (step, origin) =
            self.plan(&mut tx, person, said, &["check", "search", "verify", "answer"]).await?;
        let say = Say { slot: "answer".to_owned(), to: Audience::Thread, card, urgency: Urgency::Reply };
        messages::say(&mut tx, &self.ids, origin, &say).await?;
        let mut next = Some(step);
        while let Some(step) = next {
            let output = json!({ "hits": step.position, "considered": 169 });
            next = steps::finish(&mut tx, &step, &output, &Lease::new("preview")).await?;
        }
        tx.commit().await?;
        self.deliver().await
    }

    async fn deliver(&self) -> Outcome<()> {
        while let Some(delivery) = outbox::claim(&self.db, &[Channel::Web]).await? {
            let sent = Sent {
                room: delivery.room.clone(),
                external_id: Some(delivery.message.to_string()),
                html: Some(web::render::html(&delivery.card)),
            };
            outbox::sent(&self.db, &delivery, &sent).await?;
            let _ = self.shown.send(delivery.room.unwrap_or_default());
        }
        Ok(())
    }

    async fn deals(&self, ada: &Person, ben: &Person) -> Outcome<()> {
        let mut tx = self.db.tenant(ada.tenant).begin().await?;
        let (step, origin) = self.plan(&mut tx, ben, "create deals", &["propose"]).await?;
        for (i, (name, stage)) in [
            ("Kontopilot", Stage::Negotiation),
            ("Zahlwerk", Stage::Proposal),
            ("Hanse Payments", Stage::Prospect),
            ("Rheinkasse", Stage::Lost),
            ("Ledgerlane", Stage::Prospect),
        ]
        .into_iter()
        .enumerate()
        {
            let deal = DealId(self.ids.next());
            let began = self.clock.now() - Duration::days(9 - i as i64);
            let start = Change::StartDeal {
                deal,
                partner: PartnerId(self.ids.next()),
                company: CompanyId(format!("de-{i}")),
                name: name.to_owned(),
                fit: Some(91 - 13 * i as u8),
                owner: ben.id,
                approved_by: ada.id,
            };
            changes::apply(&mut tx, &self.ids, (&context(&step, &origin), &step), &start, began).await?;
            if stage != Stage::Prospect {
                let reason = Some("they came in with terms in hand".to_owned());
                let moved = Change::MoveDeal { deal, from: Stage::Prospect, to: stage, reason, by: ben.id };
                changes::apply(
                    &mut tx,
                    &self.ids,
                    (&context(&step, &origin), &step),
                    &moved,
                    began + Duration::hours(30),
                )
                .await?;
                let text = "Called their CFO: wants revenue share, not a fixed fee.".to_owned();
                let note = Change::AddNote { note: NoteId(self.ids.next()), deal, text, by: ben.id };
                changes::apply(
                    &mut tx,
                    &self.ids,
                    (&context(&step, &origin), &step),
                    &note,
                    began + Duration::hours(31),
                )
                .await?;
            }
        }
        steps::finish(&mut tx, &step, &json!({}), &Lease::new("preview")).await?;
        Ok(tx.commit().await?)
    }

    /// Two versions of a contract, really read; the first was accepted.
    async fn contracts(&self, by: &Person) -> Outcome<()> {
        let extractor = Extractor::new()?;
        let document = DocumentId(self.ids.next());
        let mut parent = None;
        for text in [CONTRACT.to_owned(), CONTRACT.replace("thirty (30)", "sixty (60)")] {
            let mut tx = self.db.tenant(by.tenant).begin().await?;
            let (step, origin) =
                self.plan(&mut tx, by, "MSA Nordpay.txt", &["read", "extract", "judge"]).await?;
            let context = context(&step, &origin);
            let sha256 = self.objects.put(by.tenant, text.as_bytes()).await?.to_string();
            let (bytes, text) = (text.len() as u64, ContractText::plain(text));
            let rows = extractor.extract(&text, &Options { all: false, deadline: None }).rows;
            let version = VersionId(self.ids.next());
            let new = NewVersion {
                document,
                version,
                parent,
                deal: None,
                name: "MSA Nordpay.txt".to_owned(),
                sha256,
                bytes,
                kind: "txt".to_owned(),
                clauses: agents::contract::clauses::of(&text.text),
                text,
                notes: vec!["Page 3 is a picture that could not be read.".to_owned()],
                by: by.id,
            };
            let analysis = Analysis {
                id: AnalysisId(self.ids.next()),
                version,
                playbook: 0,
                is_partial: false,
                findings: Playbook::built_in().judge(&rows, &Stance::default()),
                extractions: rows,
            };
            let mut all =
                vec![Change::AddVersion(Box::new(new)), Change::Analyse(Box::new(analysis.clone()))];
            if parent.is_none() {
                all.push(Change::AcceptVersion { version, analysis: analysis.id, by: by.id });
            }
            for change in &all {
                changes::apply(&mut tx, &self.ids, (&context, &step), change, self.clock.now()).await?;
            }
            parent = Some(version);
            steps::finish(&mut tx, &step, &json!({}), &Lease::new("preview")).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn request(&self, by: &Person, said: &str) -> Outcome<()> {
        let mut tx = self.db.tenant(by.tenant).begin().await?;
        let (step, origin) = self.plan(&mut tx, by, said, &["propose", "create"]).await?;
        let open = |approval| Change::OpenApproval {
            approval,
            subject: "create_deals".to_owned(),
            payload: json!({ "companies": [{ "name": "Nordpay", "country": "Germany", "fit": 87 },
                { "name": "Kassenwerk", "country": "Germany", "fit": 81 }], "owner": by.name, "stage": "prospect" }),
            requested_by: by.id,
            expires_at: self.clock.now() + Duration::days(3),
            requirement: domain::approval::Requirement::default(),
        };
        let now = self.clock.now();
        let (first, second) = (ApprovalId(self.ids.next()), ApprovalId(self.ids.next()));
        for approval in [first, second] {
            changes::apply(
                &mut tx,
                &self.ids,
                (&context(&step, &origin), &step),
                &open(approval),
                now - Duration::minutes(12),
            )
            .await?;
        }
        let decided = approvals::get(&mut tx, second).await?;
        let decision = Decision {
            verdict: Verdict::Reject,
            by: by.id,
            by_name: by.name.clone(),
            at: now,
            comment: Some("We have a conflict with their owner.".to_owned()),
        };
        approvals::record(&mut tx, &decided, &decision).await?;
        steps::wait(&mut tx, &step, None).await?;
        Ok(tx.commit().await?)
    }

    async fn failed(&self, person: &Person) -> Outcome<()> {
        let mut tx = self.db.tenant(person.tenant).begin().await?;
        let (step, _) = self.plan(&mut tx, person, "", &["check", "search"]).await?;
        steps::fail(&mut tx, &step, "the directory did not answer three times").await?;
        tx.commit().await?;
        Ok(())
    }

    /// Answers whatever is said on the pages.
    async fn work(&self) -> Outcome<()> {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            let Some(claimed) = inbox::claim(&self.db, false).await? else { continue };
            let workspace = claimed.workspace.clone().unwrap_or_default();
            let inbound = web::decode::decode(&claimed.route, &workspace, &claimed.body, claimed.id)?;
            let mut tx = self.db.tenant(workspace.parse()?).begin().await?;
            let person = people::get(&mut tx, inbound.sender.parse()?).await?.ok_or("nobody")?;
            drop(tx);
            let said = match inbound.content {
                Content::Message { text } => text,
                other => format!("{other:?}"),
            };
            if said.contains("odd") {
                inbox::end(&self.db, &claimed, Ending::Unparsable, "expected value at line 1 column 1")
                    .await?;
                continue;
            }
            let heard = Text::from("This is only a preview; I heard: ").strong(said.as_str());
            self.say(&person, &said, Card::text(heard)).await?;
            inbox::end(&self.db, &claimed, Ending::Done, "").await?;
        }
    }

    fn search(&self) -> Card {
        let names = ["Nordpay", "Kassenwerk", "Zahlwerk <GmbH> & Co", "Spree Acquiring", "Alster Money"];
        let hits = names.iter().zip(1..).map(|(name, rank)| HitLine {
            rank,
            company: format!("c{rank}"),
            name: (*name).to_owned(),
            place: "Germany, Berlin".to_owned(),
            size: if rank == 3 { "unknown".to_owned() } else { "201-500 people".to_owned() },
            fit: 95 - 14 * rank as u8,
            why: "Payments and acquiring; in Germany; size fits".to_owned(),
            evidence: vec![
                EvidenceLine { part: "in Germany".to_owned(), proof: Some("country: DE".to_owned()) },
                EvidenceLine {
                    part: "payments".to_owned(),
                    proof: Some("“Accepts cards and wallets for merchants across Europe.”".to_owned()),
                },
                EvidenceLine {
                    part: "mid cap".to_owned(),
                    proof: (rank != 3).then(|| "size: 201-500".to_owned()),
                },
            ],
        });
        let options = names.iter().zip(1..).map(|(name, rank)| Choice {
            value: format!("c{rank}"),
            label: (*name).to_owned(),
            is_chosen: rank == 1,
        });
        let button =
            |label: &str, verb, value: String, style| Button { label: label.to_owned(), verb, value, style };
        let approval = InboundId(self.ids.next()).to_string();
        let card = Card::titled("5 partners for “payment companies in Germany, mid cap”")
            .and_text(
                Text::from("Understood as ")
                    .strong("payments")
                    .plain(", ")
                    .strong("in Germany")
                    .plain(", ")
                    .strong("mid cap"),
            )
            .with(Block::Progress {
                done: 3,
                total: 4,
                label: "Checking the best 5 of 169 companies".to_owned(),
            })
            .with(Block::Hits { hits: hits.collect() })
            .with(Block::Choices {
                label: "Tick the partners to start deals with.".to_owned(),
                options: options.collect(),
            })
            .with(Block::Buttons {
                buttons: vec![
                    button("Create deals", Verb::CreateDeals, approval.clone(), Style::Primary),
                    button("Reject", Verb::Reject, approval, Style::Danger),
                    button("Help", Verb::Say, "help".to_owned(), Style::Plain),
                ],
            })
            .with(Block::Table {
                columns: vec!["Field".to_owned(), "Value".to_owned()],
                rows: vec![vec!["Searched".to_owned(), "169 companies".to_owned()]],
            })
            .with(Block::Quote { text: "Somebody else's words, as they stood.".to_owned() })
            .with(Block::Link {
                label: "How this search was understood".to_owned(),
                url: "/plans".to_owned(),
            });
        let footer = Footer { text: "Trace and steps".to_owned(), url: Some("/plans".to_owned()) };
        Card { footer: Some(footer), ..card }
    }
}

fn context(step: &Step, origin: &Origin) -> Context {
    Context {
        tenant: step.tenant,
        plan: origin.plan,
        requester: origin.requester,
        conversation: origin.conversation,
        intent: Intent::ListPeople,
        said: String::new(),
        outputs: Vec::new(),
    }
}
