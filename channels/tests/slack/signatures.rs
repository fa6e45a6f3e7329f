//! No altered request passes.

use channels::slack::verify::verify;
use chrono::{DateTime, Utc};
use domain::clock::Clock;
use proptest::prelude::*;
use secrecy::SecretString;
use world::slack::{Delivery, Setup, Slack};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

async fn genuine() -> (Delivery, SecretString) {
    let setup = Setup::acme(Clock::set_to(now()));
    let secret = SecretString::from(setup.signing_secret.clone());
    let slack = Slack::start(setup).await.unwrap();
    let body = b"team_id=T0ACME&command=%2Fdeal&text=find+payment+firms&trigger_id=1.2".to_vec();
    (slack.signed("/slack/commands", "application/x-www-form-urlencoded", body), secret)
}

/// What a forger changes.
#[derive(Debug, Clone)]
enum Change {
    BodyBit(usize, u8),
    BodyCut(usize),
    BodyMore(Vec<u8>),
    SignatureBit(usize, u8),
    SignatureText(String),
    Time(i64),
    TimeText(String),
    Secret(String),
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), 0..8u8).prop_map(|(at, bit)| Change::BodyBit(at, bit)),
        any::<usize>().prop_map(Change::BodyCut),
        proptest::collection::vec(any::<u8>(), 1..40).prop_map(Change::BodyMore),
        (any::<usize>(), 0..8u8).prop_map(|(at, bit)| Change::SignatureBit(at, bit)),
        "v0=[0-9a-f]{64}|v[0-9]=[0-9a-fA-F]{0,70}|.{0,80}".prop_map(Change::SignatureText),
        any::<i64>().prop_map(Change::Time),
        ".{0,24}".prop_map(Change::TimeText),
        ".{0,40}".prop_map(Change::Secret),
    ]
}

#[test]
fn ten_thousand_altered_requests_are_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (real, secret) = runtime.block_on(genuine());
    let passes = |delivery: &Delivery, secret: &SecretString| {
        let secrets = std::slice::from_ref(secret);
        verify(secrets, &delivery.timestamp, &delivery.signature, &delivery.body, now()).is_ok()
    };
    assert!(passes(&real, &secret), "the genuine request must pass, or the rest shows nothing");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&changes(), |change| {
        let mut forged = real.clone();
        let mut key = secret.clone();
        match change {
            Change::BodyBit(at, bit) => {
                let at = at % forged.body.len();
                forged.body[at] ^= 1 << bit;
            }
            Change::BodyCut(at) => forged.body.truncate(at % forged.body.len()),
            Change::BodyMore(more) => forged.body.extend(more),
            Change::SignatureBit(at, bit) => {
                let mut raw = hex::decode(&forged.signature[3..]).unwrap();
                let at = at % raw.len();
                raw[at] ^= 1 << bit;
                forged.signature = format!("v0={}", hex::encode(raw));
            }
            Change::SignatureText(text) => forged.signature = text,
            Change::Time(time) => forged.timestamp = time.to_string(),
            Change::TimeText(text) => forged.timestamp = text,
            Change::Secret(text) => key = SecretString::from(text),
        }
        let is_changed =
            forged != real || secrecy::ExposeSecret::expose_secret(&key) != "world-signing-secret";
        prop_assume!(is_changed);
        prop_assert!(!passes(&forged, &key));
        Ok(())
    });
    outcome.unwrap();
}
