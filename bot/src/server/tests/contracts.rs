//! The console's pages on contracts: what is shown of kept readings, what is handed in, what is refused.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use domain::change::Change;
use domain::contract::{
    Analysis, CalendarUnit, ContractText, Duration, Extraction, Family, Finding, Given, NewVersion, Quote,
    Side, State, TermKey, Value, Verdict,
};
use domain::ids::{AnalysisId, ConversationId, DocumentId, PersonId, PlanId, VersionId};
use domain::inbound::WebBody;
use domain::intent::Intent;
use domain::person::{Channel, Role};
use domain::plan::{Agent, Context, Draft, Step};
use serde_json::json;
use storage::objects::Objects;
use storage::steps::Lease;
use storage::{Tx, changes, conversations, inbox, plans, reviews};

use super::console::Browser;
use super::{Answer, Place};

const TEXT: &str =
    "1. Either party may end it on thirty days' notice.\n2. The laws of New York govern <it>.\n";

fn quote(words: &str) -> Quote {
    let start = TEXT.find(words).unwrap();
    Quote { text: words.to_owned(), page: 1, start, end: start + words.len() }
}

fn row(term: &str, state: State, said: Option<(Value, Quote)>) -> Extraction {
    let (value, quote) = said.unzip();
    let reason = if state == State::Review { "Two clauses differ." } else { "" };
    Extraction { term: TermKey(term.into()), state, value, quote, confidence: 0.62, reason: reason.into() }
}

fn finding(term: &str, verdict: Verdict, words: Option<&str>) -> Finding {
    Finding {
        term: TermKey(term.into()),
        family: Family::Adm,
        verdict,
        severity: 10,
        side: Side::Unknown,
        reason: format!("Because of {term}."),
        quote: words.map(quote),
    }
}

fn days(count: f64) -> Value {
    Value::Duration(Duration { count, unit: CalendarUnit::Days })
}

/// A team with a contract that was read.
struct Shelf<'p> {
    place: &'p Place,
    by: PersonId,
    version: VersionId,
    analysis: AnalysisId,
    document: DocumentId,
    work: (Context, Step),
}

impl<'p> Shelf<'p> {
    async fn fill(place: &'p Place) -> Self {
        let (ida, _) = place.person("Ida Ink", Role::Member).await;
        let work = work(place, ida.id).await;
        let ids = &place.ids;
        let shelf = Self {
            place,
            by: ida.id,
            version: VersionId(ids.next()),
            analysis: AnalysisId(ids.next()),
            document: DocumentId(ids.next()),
            work,
        };
        shelf.version((shelf.version, None), TEXT).await;
        let thirty = quote("thirty days' notice");
        let analysis = Analysis {
            id: shelf.analysis,
            version: shelf.version,
            playbook: 0,
            is_partial: true,
            extractions: vec![
                row("notice_period_to_terminate_renewal", State::Review, Some((days(30.0), thirty))),
                row(
                    "governing_law",
                    State::Stated,
                    Some((Value::Text("NY <b>".into()), quote("New York govern <it>"))),
                ),
                row("insurance", State::Absent, None),
            ],
            findings: vec![
                finding("notice_period_to_terminate_renewal", Verdict::Unclear, Some("thirty days' notice")),
                finding("governing_law", Verdict::Red, Some("New York govern <it>")),
                finding("insurance", Verdict::Missing, None),
            ],
        };
        shelf.apply(&Change::Analyse(Box::new(analysis))).await;
        shelf
    }

    async fn version(&self, (version, parent): (VersionId, Option<VersionId>), text: &str) {
        let digest = self.originals().put(self.place.tenant, text.as_bytes()).await.unwrap();
        let new = NewVersion {
            document: self.document,
            version,
            parent,
            deal: None,
            name: "MSA \"ü\".html".into(),
            sha256: digest.to_string(),
            bytes: text.len() as u64,
            kind: "txt".into(),
            text: ContractText::plain(text.into()),
            notes: vec!["Page 9 could not be read.".into()],
            by: self.by,
            clauses: Vec::new(),
        };
        self.apply(&Change::AddVersion(Box::new(new))).await;
    }

    fn originals(&self) -> Objects {
        Objects::in_folder(&self.place.originals.0).unwrap()
    }

    async fn tx(&self) -> Tx {
        self.place.db.tenant(self.place.tenant).begin().await.unwrap()
    }

    async fn apply(&self, change: &Change) {
        let mut tx = self.tx().await;
        let (context, step) = &self.work;
        changes::apply(&mut tx, &self.place.ids, (context, step), change, self.place.clock.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
}

/// A plan whose step the changes belong to.
async fn work(place: &Place, by: PersonId) -> (Context, Step) {
    let mut tx = place.db.tenant(place.tenant).begin().await.unwrap();
    let (plan, id) = (PlanId(place.ids.next()), ConversationId(place.ids.next()));
    let room = domain::inbound::Place { room: by.to_string(), thread: None, is_private: true };
    let team = place.tenant.to_string();
    let conversation = conversations::at(&mut tx, id, Channel::Web, &team, (&room, by)).await.unwrap().id;
    let intent = Intent::ListContracts;
    let drafts = [Draft::new(Agent::Contract, "list_contracts", json!({}))];
    let new =
        plans::New { id: plan, conversation, requester: by, intent: &intent, said: "", drafts: &drafts };
    let step = plans::create(&mut tx, new, &place.ids, &Lease::new("test")).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let context = Context {
        tenant: place.tenant,
        plan,
        requester: by,
        conversation,
        intent,
        said: String::new(),
        outputs: Vec::new(),
    };
    (context, step)
}

impl Browser<'_> {
    /// Sends a form with a file.
    async fn uploads(&self, name: &str, bytes: &[u8], once: &str) -> Answer {
        let mut body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"once\"\r\n\r\n{once}\r\n--b\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let request = Request::post("/contracts/upload")
            .header(header::COOKIE, &self.cookie)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .body(Body::from(body))
            .unwrap();
        self.place.send(request).await
    }

    /// What waits in the inbox, decoded.
    async fn handed_in(&self) -> Vec<WebBody> {
        let mut tx = self.place.db.tenant(self.place.tenant).begin().await.unwrap();
        let team = self.place.tenant.to_string();
        let raw = inbox::unread(&mut tx, Channel::Web, &team).await.unwrap();
        raw.iter().map(|raw| serde_json::from_slice(&raw.body).unwrap()).collect()
    }
}

#[tokio::test]
async fn the_report_shows_text_terms_and_what_could_not_be_read() {
    let place = Place::open().await;
    let shelf = Shelf::fill(&place).await;
    let anna = Browser::open(&place, Role::Viewer).await;
    let list = anna.sees("/contracts").await.text;
    for part in ["MSA &#34;ü&#34;.html", "in review", "1 red", "1 missing", "1 unclear", "Ida Ink"] {
        assert!(list.contains(part), "{part} in {list}");
    }
    let report = anna.sees(&format!("/contracts/{}", shelf.version)).await.text;
    for part in [
        "Page 9 could not be read.",
        "Time ran out",
        "data-q=\"1\"",
        ">New York govern &#60;it&#62;</mark>",
        "NY &#60;b&#62;",
        "62 % sure",
        "Two clauses differ.",
        "Because of governing_law.",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    assert_eq!(report.matches("<article class=\"term\"").count(), 47);
    // A viewer reads; she is offered no form.
    assert!(!report.contains("<form class=\"answer\"") && report.contains("Our position"));
    assert!(!anna.sees("/reviews").await.text.contains("<form class=\"answer\""));
    assert!(!list.contains("type=\"file\""));
}

#[tokio::test]
async fn a_persons_word_replaces_what_was_read_everywhere() {
    let place = Place::open().await;
    let shelf = Shelf::fill(&place).await;
    let anna = Browser::open(&place, Role::Member).await;
    assert!(anna.sees("/reviews").await.text.contains("1 term waits"));
    let term = "notice_period_to_terminate_renewal";
    let extraction = row(term, State::Stated, Some((days(60.0), quote("thirty days' notice"))));
    let finding = Some(finding(term, Verdict::Green, None));
    shelf
        .apply(&Change::AnswerTerm(Box::new(Given {
            analysis: shelf.analysis,
            extraction,
            finding,
            also: Vec::new(),
            by: shelf.by,
        })))
        .await;
    let report = anna.sees(&format!("/contracts/{}", shelf.version)).await.text;
    assert!(
        report.contains("said by Ida Ink") && report.contains("60 days") && !report.contains("30 days<"),
        "{report}"
    );
    assert!(anna.sees("/contracts").await.text.contains("1 green"));
    assert!(anna.sees("/reviews").await.text.contains("Nothing waits for a person"));
}

#[tokio::test]
async fn a_persons_word_also_moves_what_depends_on_it() {
    let place = Place::open().await;
    let shelf = Shelf::fill(&place).await;
    let anna = Browser::open(&place, Role::Member).await;
    assert!(anna.sees("/contracts").await.text.contains("1 red"));
    let says = async |term: &str, mine: Finding, also: Vec<Finding>| {
        let extraction = row(term, State::Absent, None);
        let finding = Some(mine);
        let given = Given { analysis: shelf.analysis, extraction, finding, also, by: shelf.by };
        shelf.apply(&Change::AnswerTerm(Box::new(given))).await;
    };
    let green = |term: &str| finding(term, Verdict::Green, None);
    says("insurance", green("insurance"), vec![green("governing_law")]).await;
    let list = anna.sees("/contracts").await.text;
    assert!(list.contains("2 green") && !list.contains("1 red"), "{list}");
    // Also where a person spoke before: what was said stays, how it stands for us follows.
    let escalated = finding("insurance", Verdict::Escalate, None);
    says("governing_law", green("governing_law"), vec![escalated]).await;
    let list = anna.sees("/contracts").await.text;
    assert!(list.contains("1 green") && !list.contains("2 green"), "{list}");
}

#[tokio::test]
async fn answers_and_claims_go_through_the_inbox() {
    let place = Place::open().await;
    let shelf = Shelf::fill(&place).await;
    let anna = Browser::open(&place, Role::Member).await;
    let form = format!(
        "once=7&analysis={}&term=governing_law&state=stated&value=New+York&quote=The+laws+of+New+York",
        shelf.analysis
    );
    let path = format!("/contracts/{}/answer", shelf.version);
    let first = anna.sends(&path, &form).await;
    assert_eq!(anna.sends(&path, &form).await, first, "a double is one");
    assert!(
        first.starts_with(&format!("/contracts/{}?sent=", shelf.version))
            && first.ends_with("#t-governing_law")
    );
    let mut tx = shelf.tx().await;
    let item = reviews::waiting(&mut tx).await.unwrap()[0].id;
    drop(tx);
    anna.sends(&format!("/reviews/{item}/take"), "once=8").await;
    let sent = anna.handed_in().await;
    assert_eq!(sent.len(), 2, "{sent:?}");
    let WebBody::Form { verb, value, fields, .. } = &sent[0] else { panic!("{sent:?}") };
    let intent = channels::command::form(verb, value, fields).unwrap();
    let Intent::AnswerTerm { analysis, term, stated } = intent else { panic!("{intent:?}") };
    assert_eq!((analysis, term.0.as_str()), (shelf.analysis, "governing_law"));
    assert_eq!(stated.unwrap().quote, "The laws of New York");
    let WebBody::Press { verb, value, chosen, .. } = &sent[1] else { panic!("{sent:?}") };
    let intent = channels::command::press(verb, value, chosen).unwrap();
    assert_eq!(intent, Intent::ClaimReview { review: item });
}

#[tokio::test]
async fn a_file_is_kept_first_and_then_handed_in_once() {
    let place = Place::open().await;
    let anna = Browser::open(&place, Role::Member).await;
    for _ in 0..2 {
        let answer = anna.uploads("C:\\x\\MSA.txt", b"A contract.", "5").await;
        assert_eq!(
            (answer.status, answer.headers[header::LOCATION].to_str().unwrap()),
            (StatusCode::SEE_OTHER, "/#end")
        );
    }
    let sent = anna.handed_in().await;
    let [WebBody::File { name, sha256, bytes, .. }] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((name.as_str(), *bytes), ("MSA.txt", 11));
    let kept =
        Objects::in_folder(&place.originals.0).unwrap().get(place.tenant, sha256.parse().unwrap()).await;
    assert_eq!(kept.unwrap(), b"A contract.");
}

#[tokio::test]
async fn what_is_too_large_empty_or_not_for_the_role_is_refused_and_not_kept() {
    let place = Place::open().await;
    let (anna, vera) = (Browser::open(&place, Role::Member).await, Browser::open(&place, Role::Viewer).await);
    let most = 25 * 1024 * 1024;
    let answer = anna.uploads("a.txt", &vec![b'a'; most + 1], "1").await;
    assert_eq!(
        (answer.status, answer.text.contains("at most 25 MB")),
        (StatusCode::PAYLOAD_TOO_LARGE, true),
        "{}",
        answer.text
    );
    assert_eq!(anna.uploads("a.txt", b"", "2").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(vera.uploads("a.txt", b"x", "3").await.status, StatusCode::FORBIDDEN);
    assert!(anna.handed_in().await.is_empty());
    assert!(std::fs::read_dir(&place.originals.0).unwrap().next().is_none(), "something was kept");
    assert_eq!(anna.uploads("a.txt", &vec![b'a'; most], "4").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_original_is_saved_never_shown() {
    let place = Place::open().await;
    let shelf = Shelf::fill(&place).await;
    let anna = Browser::open(&place, Role::Viewer).await;
    let answer = anna.sees(&format!("/contracts/{}/original", shelf.version)).await;
    assert_eq!(answer.text, TEXT);
    let said = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
    assert_eq!(said("content-type"), "application/octet-stream");
    assert_eq!(said("x-content-type-options"), "nosniff");
    assert!(
        said("content-disposition").starts_with("attachment; filename=\"MSA "),
        "{}",
        said("content-disposition")
    );
    // Another team's person finds nothing.
    let beside = place.beside().await;
    let other = Browser::open(&beside, Role::Admin).await;
    for page in ["", "/original"] {
        let path = format!("/contracts/{}{page}", shelf.version);
        let request = Request::get(path).header(header::COOKIE, &other.cookie).body(Body::empty()).unwrap();
        assert_eq!(beside.send(request).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn two_versions_are_compared_the_older_one_first() {
    let place = Place::open().await;
    let shelf = Shelf::fill(&place).await;
    let second = VersionId(place.ids.next());
    shelf.version((second, Some(shelf.version)), &TEXT.replace("thirty", "sixty")).await;
    let anna = Browser::open(&place, Role::Viewer).await;
    for (one, other) in [(shelf.version, second), (second, shelf.version)] {
        let html = anna.sees(&format!("/contracts/{one}/compare/{other}")).await.text;
        assert!(html.contains("<del>thirty</del>") && html.contains("<ins>sixty</ins>"), "{html}");
        assert!(html.contains("1 changed") && !html.contains("govern"), "{html}");
    }
    let same = anna.sees(&format!("/contracts/{second}/compare/{second}")).await.text;
    assert!(same.contains("It is the same file"));
    let report = anna.sees(&format!("/contracts/{second}")).await.text;
    assert!(report.contains("2 versions") && report.contains(&format!("{}/compare/{second}", shelf.version)));
}

#[tokio::test]
async fn a_position_is_changed_by_approvers_and_kept_under_the_next_number() {
    let place = Place::open().await;
    let shelf = Shelf::fill(&place).await;
    let (anna, ben) =
        (Browser::open(&place, Role::Approver).await, Browser::open(&place, Role::Member).await);
    let html = anna.sees("/playbook").await.text;
    assert_eq!(html.matches("<form class=\"answer\"").count(), 47);
    assert!(html.contains("the built-in playbook"));
    assert!(!ben.sees("/playbook").await.text.contains("<form class=\"answer\""));
    let form = "once=1&base=0&term=insurance&preferred=A&fallback=B&unacceptable=C&offer=&absent=red&otherwise=yellow&note=why";
    anna.sends("/playbook", form).await;
    let sent = anna.handed_in().await;
    let [WebBody::Form { verb, value, fields, .. }] = sent.as_slice() else { panic!("{sent:?}") };
    let intent = channels::command::form(verb, value, fields).unwrap();
    let Intent::EditPosition { base: 0, position, note } = intent else { panic!("{intent:?}") };
    assert_eq!((position.absent, note.as_str()), (Verdict::Red, "why"));
    assert_eq!(
        domain::policy::least_role(&Intent::EditPosition { base: 0, position: position.clone(), note }),
        Role::Approver
    );

    let mut positions = agents::contract::playbook::Playbook::built_in().rows();
    let row = positions.iter_mut().find(|row| row.term.0 == "insurance").unwrap();
    assert!(position.onto(row) && !position.onto(row));
    let save = |number| Change::SavePlaybook {
        number,
        positions: positions.clone(),
        note: "Insurance: why".into(),
        by: shelf.by,
    };
    shelf.apply(&save(1)).await;
    let html = anna.sees("/playbook").await.text;
    assert!(html.contains("playbook 1, the newest") && html.contains("Insurance: why"));
    // The same number again is somebody else's change in between.
    let mut tx = shelf.tx().await;
    let (context, step) = &shelf.work;
    let twice = changes::apply(&mut tx, &place.ids, (context, step), &save(1), place.clock.now()).await;
    assert!(matches!(twice, Err(storage::Error::Conflict("playbook"))), "{twice:?}");
}

/// Notice is due by 2099-12-01, a Tuesday; the contract was accepted in a thread of Ida's.
async fn reminders_come_once_a_stage_until_somebody_looks_after_it(shelf: &Shelf<'_>) {
    let reminded = async |at: &str| {
        crate::duty::remind_once(&shelf.place.db, &shelf.place.ids, at.parse().unwrap()).await.unwrap()
    };
    assert_eq!(reminded("2099-09-01T10:00:00Z").await, 0, "91 days before");
    assert_eq!(reminded("2099-09-02T07:00:00Z").await, 0, "too early in the morning");
    assert_eq!(reminded("2099-09-02T10:00:00Z").await, 1);
    assert_eq!(reminded("2099-10-30T10:00:00Z").await, 0, "the same stage");
    assert_eq!(reminded("2099-11-02T10:00:00Z").await, 1, "29 days before: the 30th was a Sunday");
    let mut tx = shelf.tx().await;
    let mut waiting = plans::recent(&mut tx, 50).await.unwrap();
    drop(tx);
    waiting.retain(|plan| matches!(plan.intent, Intent::RemindRenewal { .. }));
    assert_eq!(waiting.len(), 2);
    let seen = Change::AcknowledgeRenewal { reminder: waiting[0].id, by: shelf.by };
    shelf.apply(&seen).await;
    assert_eq!(reminded("2099-11-30T10:00:00Z").await, 0, "somebody looks after it");
}

#[tokio::test]
async fn accepted_contracts_with_dates_are_in_the_calendar() {
    let place = Place::open().await;
    let shelf = Shelf::fill(&place).await;
    let anna = Browser::open(&place, Role::Viewer).await;
    assert!(anna.sees("/renewals").await.text.contains("No dates yet"));
    let day = |term: &str, day: &str| {
        row(term, State::Stated, Some((Value::Date(day.parse().unwrap()), quote("thirty"))))
    };
    let mut given = vec![day("effective_date", "2020-01-01"), day("expiration_date", "2099-12-31")];
    given.push(row("notice_period_to_terminate_renewal", State::Stated, Some((days(30.0), quote("thirty")))));
    for extraction in given {
        let given =
            Given { analysis: shelf.analysis, extraction, finding: None, also: Vec::new(), by: shelf.by };
        shelf.apply(&Change::AnswerTerm(Box::new(given))).await;
    }
    let accept = Change::AcceptVersion { version: shelf.version, analysis: shelf.analysis, by: shelf.by };
    shelf.apply(&accept).await;
    reminders_come_once_a_stage_until_somebody_looks_after_it(&shelf).await;
    let html = anna.sees("/renewals").await.text;
    assert!(html.contains("2099-12-31") && html.contains("2099-12-01"), "{html}");
    assert!(anna.sees("/contracts").await.text.contains("accepted"));
}
