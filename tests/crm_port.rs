//! What every provider of the CRM port has to do, and one story through the running product.

use chrono::Utc;
use domain::crm::Object;
use integrations::CallError;
use integrations::crm::{Wanted, Window, Write, Written};
use secrecy::SecretString;
use tests::conversation::Conversation;
use tests::database::eventually;
use world::crm::{Fake, Fault, Vendor};

use crate::crm_bench::{BOTH, at, crm};

/// What every provider of the port has to do.
#[tokio::test]
async fn both_providers_keep_the_ports_word() {
    for vendor in BOTH {
        let fake = Fake::start(vendor).await.unwrap();
        let crm = crm(&fake, "secret");
        let account = crm.account().await.unwrap();
        assert!(!account.id.is_empty() && account.missing.is_empty(), "{account:?}");
        crm.prepare().await.unwrap();
        let name = if vendor == Vendor::HubSpot { "dealname" } else { "Name" };
        let wanted = Wanted { object: Object::Deal, fields: vec![name.to_owned()] };
        fake.stops_clock(1_800_000_000_000);
        // Ties: more than two pages of either way on one timestamp.
        let ids: Vec<u64> =
            (0..4100).map(|i| fake.make(Object::Deal, &[(name, &i.to_string())], None)).collect();
        let window = Window { since: Some(at(1_800_000_000_000)), until: at(1_800_000_000_000) };
        for is_listed in [true, false] {
            let (mut after, mut seen) = (None::<String>, Vec::new());
            loop {
                let page = if is_listed {
                    crm.list(&wanted, after.as_deref()).await.unwrap()
                } else {
                    crm.changed(&wanted, window, after.as_deref()).await.unwrap()
                };
                seen.extend(page.records.into_iter().map(|record| record.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let all: Vec<String> = ids.iter().map(|id| fake.name(Object::Deal, *id)).collect();
            assert_eq!(seen, all, "{vendor:?}");
        }
        let outside = Window { since: Some(at(1_800_000_000_001)), until: at(1_800_000_000_002) };
        assert!(crm.changed(&wanted, outside, None).await.unwrap().records.is_empty());

        // Written twice, there once; found by our id; one locked record does not keep the others.
        let write = |key: usize| Write {
            id: None,
            external_id: format!("ours-{key}"),
            fields: [(name.to_owned(), format!("Written {key}"))].into(),
            link: None,
        };
        let writes: Vec<Write> = (0..150).map(write).collect();
        fake.locks("ours-77", 1);
        let first = crm.write(Object::Deal, &writes).await.unwrap();
        assert!(matches!(first[77], Written::Later { .. }), "{:?}", first[77]);
        assert_eq!(first.iter().filter(|one| matches!(one, Written::Done { .. })).count(), 149);
        let second = crm.write(Object::Deal, &writes).await.unwrap();
        assert!(second.iter().all(|one| matches!(one, Written::Done { .. })));
        assert_eq!(fake.live(Object::Deal).len(), 4250);
        let found = crm.find(&wanted, &["ours-3".to_owned(), "nobody".to_owned()]).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].external_id.as_deref(), found[0].fields[name].as_str()),
            (Some("ours-3"), "Written 3")
        );
        // By the vendor's id.
        let by_id = Write { id: Some(fake.name(Object::Deal, ids[0])), ..write(900) };
        crm.write(Object::Deal, &[by_id]).await.unwrap();
        assert_eq!(fake.live(Object::Deal).len(), 4250);
        assert_eq!(fake.live(Object::Deal)[&ids[0]].fields[name], "Written 900");

        // Failures are told apart.
        fake.faults(&[Fault::TooMany(7)]);
        let refused = crm.list(&wanted, None).await.unwrap_err();
        assert_eq!(refused, CallError::RateLimited { after_s: 7 });
        fake.faults(&[Fault::Late]);
        let unsure = crm.write(Object::Deal, &writes[..1]).await.unwrap_err();
        assert!(matches!(unsure, CallError::OutcomeUnknown { .. }), "{unsure:?}");
        fake.faults(&[Fault::Garbage]);
        assert!(matches!(crm.list(&wanted, None).await, Err(CallError::Garbage { .. })));
        fake.revokes(false);
        assert!(matches!(crm.list(&wanted, None).await, Err(CallError::Unauthorised { .. })));
    }
}

#[tokio::test]
async fn above_two_thousand_records_a_bulk_job_tells_what_became_of_each() {
    let fake = Fake::start(Vendor::Salesforce).await.unwrap();
    let crm = crm(&fake, "secret");
    let write = |key: usize| Write {
        id: None,
        external_id: format!("ours-{key}"),
        fields: [("Name".to_owned(), format!("\"Quoted\", {key}\nand a line"))].into(),
        link: None,
    };
    let writes: Vec<Write> = (0..2500).map(write).collect();
    fake.locks("ours-9", 1);
    fake.leaves_unprocessed(40);
    let written = crm.write(Object::Deal, &writes).await.unwrap();
    assert_eq!(written.len(), 2500);
    assert!(matches!(&written[9], Written::Later { reason } if reason.contains("UNABLE_TO_LOCK_ROW")));
    let later = written.iter().filter(|one| matches!(one, Written::Later { .. })).count();
    assert_eq!(later, 41);
    assert_eq!(fake.live(Object::Deal).len(), 2459);
    assert!(fake.calls().iter().all(|call| !call.contains("composite")));
    let names: Vec<String> =
        fake.live(Object::Deal).values().map(|record| record.fields["Name"].clone()).collect();
    assert!(names.contains(&"\"Quoted\", 0\nand a line".to_owned()));
}

/// Through the running product: connected at the command line, started from chat, moved in the CRM, seen in the thread.
#[tokio::test(flavor = "multi_thread")]
async fn a_deal_lives_in_chat_and_in_the_crm() {
    let fake = Fake::start(Vendor::HubSpot).await.unwrap();
    let talk = Conversation::with(
        |_| (),
        |s| {
            let s = s.with("CRM_TOKEN", "secret").with("CRM_CLIENT_SECRET", "hush");
            s.with("DEALDESK_PUBLIC_URL", "https://desk.example")
        },
    )
    .await;
    let origin = fake.origin();
    let (made, told) = talk.product.run(&["connect", "hubspot", "--origin", &origin]);
    assert!(made && told.contains("Connected to HubSpot"), "{told}");
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    eventually("both deals in the CRM", async || fake.live(Object::Deal).len() == 2).await;
    eventually("their being written down", async || {
        talk.number("SELECT count(*) FROM crm_records WHERE object = 'deal' AND state = 'live'").await == 2
    })
    .await;
    assert!(fake.live(Object::Deal).values().all(|one| one.fields["dealstage"] == "appointmentscheduled"));

    let id = *fake.live(Object::Deal).keys().next().unwrap();
    fake.edit(Object::Deal, id, &[("dealstage", "decisionmakerboughtin")]);
    let body = format!(
        r#"[{{"eventId":1,"portalId":42,"subscriptionType":"deal.propertyChange","objectId":{id}}}]"#
    );
    let uri = "https://desk.example/hubspot/webhook";
    let door = format!("{}/hubspot/webhook", talk.product.url);
    let timestamp = Utc::now().timestamp_millis().to_string();
    let http = reqwest::Client::new();
    let sends = async |signature: &str, body: &str| {
        let request = http.post(&door).body(body.to_owned()).header("x-hubspot-signature-v3", signature);
        request.header("x-hubspot-request-timestamp", &timestamp).send().await.unwrap().status().as_u16()
    };
    let secret = SecretString::from("hush");
    let signature = integrations::crm::hubspot::signature(&secret, (uri, body.as_bytes()), &timestamp);
    assert_eq!(sends(&signature, &body.replace("\"eventId\":1", "\"eventId\":2")).await, 401);
    assert_eq!(sends("", &body).await, 401);
    for _ in 0..50 {
        assert_eq!(sends(&signature, &body).await, 200);
    }
    talk.sees("Prospect → Negotiation, moved in HubSpot.").await;
    assert_eq!(talk.number("SELECT count(*) FROM stage_changes WHERE source = 'hubspot'").await, 1);
    let (shown, told) = talk.product.run(&["sync", "status"]);
    assert!(shown && told.contains("deal"), "{told}");
    let (tried, told) = talk.product.run(&["sync", "dry-run", "hubspot"]);
    assert!(tried && told.contains("→ Negotiation"), "{told}");
    talk.ends().await;
}
