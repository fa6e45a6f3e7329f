//! Mails over HTTP are stored once; the page of a request shows to whoever opens it and decides only when told to.

use axum::body::Body;
use axum::http::{Request, header};
use domain::approval::{Approval, State};
use domain::ids::{ApprovalId, ConversationId, InboundId, PlanId};
use domain::inbound::Place as Where;
use domain::intent::Intent;
use domain::person::{Channel, Person, Role};
use serde_json::json;
use storage::steps::Lease;
use storage::{approvals, conversations, inbox, plans};

use super::{Answer, Place, in_ten_minutes};
use crate::mail::Tokens;

const INBOX: &str = "deals@us.example";

async fn place(name: &str) -> Place {
    let folder = std::env::temp_dir().join(format!("dealdesk-mail-{name}-{}", std::process::id()));
    let folder = format!("file://{}", folder.display());
    let settings = [
        ("EMAIL_INBOXES", INBOX),
        ("EMAIL_WEBHOOK_SECRET", "s3cret"),
        ("EMAIL_UPSTREAM", "mx.us.example"),
        ("OBJECT_STORE_URL", &folder),
    ];
    Place::with(&settings).await
}

async fn waiting(place: &Place, channel: Channel, workspace: &str) -> usize {
    let mut tx = place.db.tenant(place.tenant).begin().await.unwrap();
    inbox::unread(&mut tx, channel, workspace).await.unwrap().len()
}

#[tokio::test]
async fn a_mail_by_webhook_is_stored_once_and_only_with_the_secret() {
    let place = place("webhook").await;
    let hand_in = async |secret: &str, query: &str, mail: &'static str| {
        let request = Request::post(format!("/email/inbound{query}"))
            .header(header::AUTHORIZATION, format!("Bearer {secret}"))
            .body(Body::from(mail))
            .unwrap();
        place.send(request).await.status.as_u16()
    };
    let mail = "From: ann@a.example\nMessage-ID: <1@a.example>\n\nhelp\n";
    assert_eq!(hand_in("wrong", "", mail).await, 401);
    assert_eq!(hand_in("", "", mail).await, 401);
    assert_eq!(hand_in("s3cret", "?recipient=eve@us.example", mail).await, 404);
    assert_eq!(waiting(&place, Channel::Email, INBOX).await, 0);
    for recipient in ["", "?recipient=deals%2Bx@us.example"] {
        assert_eq!(hand_in("s3cret", recipient, mail).await, 200);
    }
    assert_eq!(
        hand_in("s3cret", "", "\0\0 not a mail").await,
        200,
        "what cannot be read is kept for a person"
    );
    assert_eq!(waiting(&place, Channel::Email, INBOX).await, 2);
}

/// A request that waits for a decision, and an approver.
async fn request(place: &Place) -> (Approval, Person) {
    let (asker, _) = place.person("Ann", Role::Member).await;
    let (approver, _) = place.person("Bob", Role::Approver).await;
    let mut tx = place.db.tenant(place.tenant).begin().await.unwrap();
    let at = Where { room: asker.id.to_string(), thread: None, is_private: true };
    let id = ConversationId(place.ids.next());
    let workspace = place.tenant.to_string();
    let conversation =
        conversations::at(&mut tx, id, Channel::Web, &workspace, (&at, asker.id)).await.unwrap();
    let (intent, plan) = (Intent::ListApprovals, PlanId(place.ids.next()));
    let drafts = agents::planner::plan(&intent);
    let new = plans::New {
        id: plan,
        conversation: conversation.id,
        requester: asker.id,
        intent: &intent,
        said: "",
        drafts: &drafts,
    };
    let step =
        plans::create(&mut tx, new, &place.ids, &Lease::new("test".to_owned())).await.unwrap().unwrap();
    let payload = json!({ "companies": ["<script>alert(1)</script>"] });
    let id = ApprovalId(place.ids.next());
    let new = approvals::New {
        id,
        plan,
        step: step.id,
        subject: "create_deals",
        payload: &payload,
        requested_by: asker.id,
        requested_at: place.clock.now(),
        expires_at: in_ten_minutes(&place.clock),
        requirement: &domain::approval::Requirement::default(),
    };
    approvals::open(&mut tx, new).await.unwrap();
    let approval = approvals::get(&mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    (approval, approver)
}

async fn decides(place: &Place, path: &str, form: &'static str) -> Answer {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    place.send(request).await
}

#[tokio::test]
async fn a_thousand_visits_of_scanners_change_nothing_and_one_form_decides_once() {
    let place = place("page").await;
    let (approval, approver) = request(&place).await;
    let tokens = Tokens::new(&[7; 32]);
    let path = format!("/mail/decide/{}", tokens.link(place.tenant, &approval, approver.id));
    let web = place.tenant.to_string();
    for i in 0..1000 {
        let method = if i % 2 == 0 { "GET" } else { "HEAD" };
        let request = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
        assert_eq!(place.send(request).await.status, 200);
    }
    assert_eq!(waiting(&place, Channel::Web, &web).await, 0);
    let mut tx = place.db.tenant(place.tenant).begin().await.unwrap();
    assert_eq!(approvals::get(&mut tx, approval.id).await.unwrap().state, State::Open);
    drop(tx);

    let shown = place.get(&path).await;
    assert!(shown.text.contains("&lt;script&gt;") && !shown.text.contains("<script"), "{}", shown.text);
    assert_eq!(decides(&place, &path, "verdict=reject&comment=").await.status, 422);
    assert_eq!(decides(&place, &path, "verdict=perhaps").await.status, 400);
    assert_eq!(waiting(&place, Channel::Web, &web).await, 0);
    for _ in 0..3 {
        assert_eq!(decides(&place, &path, "verdict=approve").await.status, 200);
    }
    assert_eq!(waiting(&place, Channel::Web, &web).await, 1);
}

#[tokio::test]
async fn a_link_holds_for_one_person_and_what_was_asked() {
    let place = place("link").await;
    let (approval, approver) = request(&place).await;
    let tokens = Tokens::new(&[7; 32]);
    let changed = Approval { payload_hash: "another".to_owned(), ..approval.clone() };
    for token in [
        tokens.link(place.tenant, &changed, approver.id),
        Tokens::new(&[8; 32]).link(place.tenant, &approval, approver.id),
        tokens.address(place.tenant, &approval, approver.id),
        InboundId(place.ids.next()).to_string(),
    ] {
        let path = format!("/mail/decide/{token}");
        assert_eq!(place.get(&path).await.status, 404, "{token}");
        assert_eq!(decides(&place, &path, "verdict=approve").await.status, 404, "{token}");
    }
    assert_eq!(waiting(&place, Channel::Web, &place.tenant.to_string()).await, 0);
}
