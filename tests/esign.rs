//! A contract is sent for signature, signed, refused, taken back; the vendor stumbles; strangers pretend to be it.

use std::time::Duration;

use tests::conversation::{Conversation, LIMIT, found};
use tests::database::eventually;
use tests::product::client;
use world::docusign::{ACCOUNT, Docusign, Envelope, Fault, INTEGRATION_KEY, USER, sign};
use world::slack::Message;

use crate::contract_story::contract;

const KEY: &str = include_str!("files/docusign.pem");
const HMAC_KEY: &str = "the-key-of-connect";
const NAME: &str = "Reseller Agreement.txt";

/// A desk with a deal whose contract was accepted, and DocuSign connected.
struct Desk {
    talk: Conversation,
    vendor: Docusign,
    deal: String,
}

impl Desk {
    async fn begin(settings: &[(&str, &str)]) -> Self {
        let vendor = Docusign::start(KEY, &["an-older-key", HMAC_KEY]).await.unwrap();
        let talk = Conversation::with(
            |_| (),
            |setting| {
                let setting = setting.with("DEALDESK_ESIGN_SETTLE_S", "3");
                settings.iter().fold(setting, |setting, (name, value)| setting.with(name, *value))
            },
        )
        .await;
        talk.knows(&["lee"]).await;
        let request = talk.proposes().await;
        talk.presses("lee", &request, "Approve").await;
        talk.sees("2 deals created").await;
        let mut owner = talk.database.owner().await;
        let deal = sqlx::query_scalar("SELECT name FROM deals ORDER BY name LIMIT 1").fetch_one(&mut owner);
        let deal: String = deal.await.unwrap();
        let desk = Self { talk, vendor, deal };
        assert!(desk.connects().0);
        desk.accepts().await;
        desk
    }

    /// `dealdesk connect docusign`.
    fn connects(&self) -> (bool, String) {
        let home = self.talk.product.home();
        let (key, hmac) = (home.join("docusign.pem"), home.join("hmac.txt"));
        std::fs::write(&key, KEY).unwrap();
        std::fs::write(&hmac, HMAC_KEY).unwrap();
        let (key, hmac, url) = (key.to_string_lossy(), hmac.to_string_lossy(), self.vendor.url());
        self.talk.product.run(&[
            "connect",
            "docusign",
            "--integration-key",
            INTEGRATION_KEY,
            "--user-id",
            USER,
            "--private-key",
            &key,
            "--hmac-keys",
            &hmac,
            "--oauth-url",
            &url,
        ])
    }

    async fn accepts(&self) {
        let text = format!("for {}", self.deal);
        let file = (NAME, contract(&self.deal));
        assert_eq!(self.talk.slack.user("dana").shares(&text, &[file]).await.unwrap().ack.status, 200);
        let request = self.is_asked("asks to accept this contract").await;
        self.talk.presses("lee", &request, "Approve").await;
        self.reads("Accepted: Reseller").await;
    }

    /// Waits for a request as lee has it.
    async fn is_asked(&self, words: &str) -> Message {
        let asked = self.talk.slack.wait_for("lee being asked", LIMIT, |w| {
            let all = w.dms("lee").into_iter().rev().filter(|m| m.words().contains(words));
            all.into_iter().find(|m| m.buttons().iter().any(|(_, label)| label == "Approve")).cloned()
        });
        found(asked.await)
    }

    /// Waits for what the product writes somewhere, whoever may see it there.
    async fn reads(&self, words: &str) -> Message {
        let read = self.talk.slack.wait_for(words, LIMIT, |w| {
            let private = w.dms("dana").into_iter().chain(w.ephemerals("dana")).rev();
            private
                .filter(|m| m.user == w.setup.bot)
                .find(|m| m.words().contains(words))
                .cloned()
                .or_else(|| w.from_bot().find(|m| m.words().contains(words)).cloned())
        });
        found(read.await)
    }

    /// Dana asks, lee approves; gives the envelope that DocuSign has.
    async fn sends(&self) -> Envelope {
        self.asks().await;
        eventually("an envelope", async || !self.vendor.envelopes().is_empty()).await;
        self.reads("Out for signature").await;
        self.vendor.envelopes().remove(0)
    }

    async fn asks(&self) {
        self.talk.types("dana", "/contract sign Reseller Agreement to ana.silva@partner.example").await;
        let request = self.is_asked("asks to send this contract for signature").await;
        let words = request.words();
        assert!(
            words.contains("Ana Silva <ana.silva@partner.example>") && words.contains("SHA-256"),
            "{words}"
        );
        assert!(self.vendor.envelopes().is_empty(), "nothing is sent before the decision");
        self.talk.presses("lee", &request, "Approve").await;
    }

    async fn stage(&self) -> String {
        let mut owner = self.talk.database.owner().await;
        let stage = sqlx::query_scalar("SELECT stage FROM deals WHERE name = $1").bind(&self.deal);
        stage.fetch_one(&mut owner).await.unwrap()
    }

    /// Hands a body in at the webhook.
    async fn receives(&self, account: &str, body: &[u8], signature: &str) -> u16 {
        let url = format!("{}/docusign/connect/{account}", self.talk.product.url);
        let sent = client().post(url).header("X-DocuSign-Signature-1", signature).body(body.to_vec());
        sent.send().await.unwrap().status().as_u16()
    }
}

/// A PDF of a text, one line an operator.
fn pdf(text: &str) -> Vec<u8> {
    let mut stream = "BT /F1 9 Tf 40 800 Td 11 TL\n".to_owned();
    for line in text.lines() {
        let mut row = String::new();
        for word in line.split_whitespace().chain(["\n"]) {
            if word == "\n" || row.len() + word.len() > 95 {
                let safe = row.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
                stream += &format!("({safe}) Tj T*\n");
                row.clear();
            }
            if word != "\n" {
                row += &format!("{}{word}", if row.is_empty() { "" } else { " " });
            }
        }
    }
    stream += "ET";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    let mut file = "%PDF-1.7\n".to_owned();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(file.len());
        file += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let begin = file.len();
    file += &format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    places.iter().for_each(|at| file += &format!("{at:010} 00000 n \n"));
    file += &format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{begin}\n%%EOF\n", objects.len() + 1);
    file.into_bytes()
}

/// The contract as it comes back: stamped, with a signature and a certificate.
fn signed(text: &str) -> Vec<u8> {
    pdf(&format!(
        "DocuSign Envelope ID: 6F2A1B3C-0000-4444-8888-9C1D2E3F4A5B\n{text}\nDocuSigned by:\nAna Silva\n\
         6F2A1B3C00004444 2026-11-23\nCertificate Of Completion\nStatus: Completed"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_signed_and_the_deal_moves() {
    let desk = Desk::begin(&[]).await;
    let text = String::from_utf8(contract(&desk.deal)).unwrap();
    let envelope = desk.sends().await;
    assert_eq!(envelope.document, text.as_bytes(), "exactly what was accepted");
    assert_eq!(envelope.signers, [("Ana Silva".to_owned(), "ana.silva@partner.example".to_owned())]);
    assert_ne!(desk.stage().await, "signed");

    // Each message comes many times, and in any order.
    desk.vendor.returns(&envelope.id, signed(&text));
    let told = ["delivered", "signed", "completed"].map(|status| {
        desk.vendor.changes(&envelope.id, |envelope| status.clone_into(&mut envelope.status)).unwrap()
    });
    for turn in 0..60 {
        assert_eq!(desk.vendor.tells(&told[(turn * 7 + 2) % 3]).await, Some(200));
    }
    let card = desk.reads("Signed: Reseller Agreement.txt").await.words();
    assert!(card.contains("Its text is that of the accepted version 1"), "{card}");
    assert!(card.contains("is now in Signed") && card.contains("Source: DocuSign"), "{card}");
    assert_eq!(desk.stage().await, "signed");
    assert_eq!(desk.talk.number("SELECT count(*) FROM envelope_messages").await, 3, "each kept once");
    assert_eq!(desk.talk.number("SELECT count(*) FROM versions").await, 2);
    assert_eq!(desk.talk.number("SELECT count(*) FROM acceptances").await, 2, "what is signed is accepted");
    let fetched = desk.vendor.ledger().iter().filter(|call| call.ends_with("combined")).count();
    assert_eq!(fetched, 1);
    desk.talk.types("dana", "/contract sign Reseller Agreement to ana.silva@partner.example").await;
    desk.reads("is signed already").await;
    desk.talk.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_contract_is_sent_from_its_page_with_signers_from_the_crm() {
    let desk = Desk::begin(&[]).await;
    let mut owner = desk.talk.database.owner().await;
    let contacts = r#"
        UPDATE companies SET domain = 'www.partner.example' WHERE id IN (SELECT company_id FROM partners);
        INSERT INTO crm_records (tenant_id, provider, object, remote_id, version, base)
        SELECT t.tenant_id, 'hubspot', 'contact', v.*
        FROM (SELECT tenant_id FROM deals LIMIT 1) t, (VALUES
            ('1', now(), '{"firstname": "Ana", "lastname": "Silva", "email": "Ana.Silva@partner.example"}'::jsonb),
            ('2', now(), '{"firstname": "Eve", "email": "eve@elsewhere.example"}')) v"#;
    sqlx::raw_sql(contacts).execute(&mut owner).await.unwrap();
    let version: String =
        sqlx::query_scalar("SELECT version_id::text FROM versions").fetch_one(&mut owner).await.unwrap();
    let (admin, at) = (desk.talk.product.admin().await, format!("/contracts/{version}"));
    let page = admin.page(&at).await;
    assert!(page.contains("Send for signature") && !page.contains("eve@elsewhere.example"), "{page}");
    assert!(page.contains("Ana Silva &#60;ana.silva@partner.example&#62;"), "{page}");
    let (added, link) = desk.talk.product.run(&["people", "add", "Vi", "--role", "viewer"]);
    assert!(added, "{link}");
    let viewer = desk.talk.product.signed_in(&link).await;
    assert!(!viewer.page(&at).await.contains("Send for signature"));
    let signers = "signers=Ana+Silva+%3Cana.silva%40partner.example%3E".to_owned();
    assert_eq!(viewer.sends(&format!("{at}/sign"), signers.clone()).await.status(), 403);
    assert_eq!(admin.sends(&format!("{at}/sign"), "signers=Ana".to_owned()).await.status(), 400);

    assert_eq!(admin.sends(&format!("{at}/sign"), signers).await.status(), 303);
    let request = desk.is_asked("asks to send this contract for signature").await;
    assert!(request.words().contains("Ana Silva <ana.silva@partner.example>"), "{}", request.words());
    assert!(desk.vendor.envelopes().is_empty(), "nothing is sent before the decision");
    desk.talk.presses("lee", &request, "Approve").await;
    eventually("an envelope", async || !desk.vendor.envelopes().is_empty()).await;
    let page = admin.page(&at).await;
    assert!(page.contains("out for signature") && !page.contains("Ask to send it"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_text_is_told_and_not_accepted() {
    let desk = Desk::begin(&[]).await;
    let envelope = desk.sends().await;
    let text = String::from_utf8(contract(&desk.deal)).unwrap().replace("sixty", "ninety");
    desk.vendor.returns(&envelope.id, signed(&text));
    assert_eq!(desk.vendor.moves(&envelope.id, "completed").await, Some(200));
    let card = desk.reads("Signed: Reseller Agreement.txt").await.words();
    assert!(card.contains("differs from the accepted version 1 in 1 place"), "{card}");
    assert!(card.contains("`sixty` became `ninety`"), "{card}");
    assert_eq!(desk.stage().await, "signed");
    assert_eq!(desk.talk.number("SELECT count(*) FROM acceptances").await, 1);
    desk.talk.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_takes_the_deal_back_to_the_table() {
    let desk = Desk::begin(&[]).await;
    let envelope = desk.sends().await;
    desk.talk.changes("UPDATE deals SET stage = 'legal_review'").await;
    assert_eq!(desk.vendor.declines(&envelope.id, "Ana Silva", "The fee is too high.").await, Some(200));
    let card = desk.reads("Not signed: Reseller Agreement.txt").await.words();
    assert!(
        card.contains("Ana Silva: The fee is too high.") && card.contains("back in Negotiation"),
        "{card}"
    );
    assert_eq!(desk.stage().await, "negotiation");
    desk.talk.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_before_the_line_broke_is_not_sent_again() {
    let desk = Desk::begin(&[]).await;
    desk.vendor.set_lag(Duration::from_millis(1_800));
    desk.vendor.fails("POST envelopes", &[Fault::BreakAfter]);
    desk.vendor.fails("GET envelopes", &[Fault::RateLimited]);
    desk.asks().await;
    desk.reads("Out for signature").await;
    let looks = desk.vendor.ledger().iter().filter(|call| *call == "GET envelopes").count();
    assert!(looks >= 2, "{:?}", desk.vendor.ledger());
    assert_eq!(desk.vendor.envelopes().len(), 1, "{:?}", desk.vendor.ledger());
    desk.talk.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_is_away_or_busy_is_tried_again() {
    let desk = Desk::begin(&[]).await;
    desk.vendor.fails("POST oauth/token", &[Fault::Status(503)]);
    desk.vendor.fails("POST envelopes", &[Fault::RateLimited, Fault::Status(503), Fault::Garbage]);
    desk.asks().await;
    desk.reads("Out for signature").await;
    assert_eq!(desk.vendor.envelopes().len(), 1, "{:?}", desk.vendor.ledger());
    desk.talk.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_message_told_is_asked_for_and_a_contract_is_taken_back() {
    let desk = Desk::begin(&[("DEALDESK_ESIGN_POLL_S", "1")]).await;
    desk.vendor.set_silent(true);
    let envelope = desk.sends().await;
    desk.talk.types("dana", "/contract nudge Reseller Agreement").await;
    eventually("a reminder", async || desk.vendor.envelopes()[0].resent == 1).await;
    desk.talk.types("dana", "/contract void Reseller Agreement because the fee changed").await;
    let card = desk.reads("No longer to be signed").await.words();
    assert!(card.contains("the fee changed"), "{card}");
    assert_eq!(desk.vendor.envelopes()[0].voided_reason.as_deref(), Some("the fee changed"));

    // Once it is back it can be sent again; DocuSign tells nothing, and is asked.
    desk.talk.types("dana", "/contract sign Reseller Agreement to bo@partner.example").await;
    let request = desk.is_asked("bo@partner.example").await;
    desk.talk.presses("lee", &request, "Approve").await;
    eventually("another envelope", async || desk.vendor.envelopes().len() == 2).await;
    let second = desk.vendor.envelopes().remove(1);
    assert_ne!(second.id, envelope.id);
    desk.vendor.returns(&second.id, signed(&String::from_utf8(contract(&desk.deal)).unwrap()));
    assert_eq!(desk.vendor.moves(&second.id, "completed").await, None);
    desk.reads("Signed: Reseller Agreement.txt").await;
    assert_eq!(desk.stage().await, "signed");
    desk.talk.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_told_with_the_reason() {
    let desk = Desk::begin(&[]).await;
    desk.talk.types("dana", "/contract sign Reseller Agreement to nobody").await;
    desk.reads("is no mail address").await;
    desk.talk.types("dana", "/contract sign Reseller Agreement to bounces@partner.example").await;
    let request = desk.is_asked("bounces@partner.example").await;
    desk.talk.presses("lee", &request, "Approve").await;
    let card = desk.reads("Not sent for signature").await.words();
    assert!(card.contains("email address for the recipient is invalid"), "{card}");
    // It stays among those that failed, where an admin may look at it.
    let failed = "SELECT count(*) FROM effects WHERE state = 'failed' AND error LIKE '%invalid%'";
    assert_eq!(desk.talk.number(failed).await, 1);
    desk.talk.changes("DELETE FROM effects WHERE state = 'failed'").await;
    desk.talk.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_consent_stops_the_connection_until_somebody_connects_again() {
    let desk = Desk::begin(&[]).await;
    desk.vendor.set_consent(false);
    let (connected, said) = desk.connects();
    assert!(!connected && said.contains("/oauth/auth?response_type=code"), "{said}");
    desk.asks().await;
    let revoked = "SELECT count(*) FROM connections WHERE state = 'revoked'";
    eventually("the connection being stopped", async || desk.talk.number(revoked).await == 1).await;
    assert!(desk.talk.product.run(&["connect", "list"]).1.contains("not allowed this app"));
    desk.vendor.set_consent(true);
    let (connected, said) = desk.connects();
    assert!(connected, "{said}");
    desk.reads("Out for signature").await;
    assert_eq!(desk.vendor.envelopes().len(), 1);
    desk.talk.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_and_what_cannot_be_read_is_kept() {
    let desk = Desk::begin(&[]).await;
    let envelope = desk.sends().await;
    let told =
        desk.vendor.changes(&envelope.id, |envelope| "completed".clone_into(&mut envelope.status)).unwrap();
    let body = told.body.to_string();
    let good = sign(HMAC_KEY, body.as_bytes());
    assert_eq!(desk.receives(ACCOUNT, body.as_bytes(), &sign("another-key", body.as_bytes())).await, 401);
    assert_eq!(desk.receives(ACCOUNT, body.as_bytes(), "").await, 401);
    assert_eq!(desk.receives("acc-9999", body.as_bytes(), &good).await, 401, "somebody else's account");
    assert_eq!(desk.receives(ACCOUNT, format!("{body} ").as_bytes(), &good).await, 401, "another body");
    assert_eq!(desk.talk.number("SELECT count(*) FROM envelope_messages").await, 0);

    let garbage = b"\x00\xffnot json";
    assert_eq!(desk.receives(ACCOUNT, garbage, &sign(HMAC_KEY, garbage)).await, 200);
    let other = br#"{"event":"envelope-completed","data":{"envelopeId":"other","envelopeSummary":{"status":"completed"}}}"#;
    assert_eq!(desk.receives(ACCOUNT, other, &sign(HMAC_KEY, other)).await, 200);
    let ignored = "SELECT count(*) FROM envelope_messages WHERE ignored IS NOT NULL";
    eventually("both being read", async || desk.talk.number(ignored).await == 2).await;
    assert_ne!(desk.stage().await, "signed");
    desk.talk.ends().await;
}
