//! The word of the server in front of us.

use super::*;
use crate::email::head::Mailbox;

fn head(fields: &[&str], from: &str) -> Head {
    let others =
        fields.iter().map(|value| ("authentication-results".to_owned(), (*value).to_owned())).collect();
    let from = vec![Mailbox { name: None, address: from.to_owned() }];
    Head { others, from, from_fields: 1, ..Head::default() }
}

const PASS: &str = "mx.us.example; spf=pass smtp.mailfrom=a.example; dkim=pass header.d=a.example; dmarc=pass (p=none) header.from=a.example";

#[test]
fn only_the_topmost_word_of_the_pinned_server_counts() {
    let proved =
        |fields: &[&str], upstream: &str| by_upstream(&head(fields, "ann@a.example"), upstream).is_proved();
    assert!(proved(&[PASS], "mx.us.example"));
    assert!(!proved(&[PASS], ""), "nobody is pinned");
    assert!(!proved(&[PASS], "mx.other.example"));
    assert!(
        !proved(&["mx.evil.example; dmarc=fail header.from=a.example", PASS], "mx.us.example"),
        "a forged one below"
    );
    assert!(!proved(&["mx.us.example; dmarc=fail header.from=a.example", PASS], "mx.us.example"));
    assert!(
        !proved(&["mx.us.example (dmarc=pass header.from=a.example); none"], "mx.us.example"),
        "a comment"
    );
    assert!(
        !proved(&["mx.us.example; dmarc=pass header.from=b.example"], "mx.us.example"),
        "about another domain"
    );
    assert!(
        !proved(&["mx.us.example; spf=pass smtp.mailfrom=a.example"], "mx.us.example"),
        "the envelope alone"
    );
}

#[test]
fn two_authors_are_nobody() {
    let mut head = head(&[PASS], "ann@a.example");
    head.from_fields = 2;
    assert!(!by_upstream(&head, "mx.us.example").is_proved());
    head.from_fields = 1;
    head.from.push(Mailbox { name: None, address: "eve@evil.example".to_owned() });
    assert!(!by_upstream(&head, "mx.us.example").is_proved());
}
