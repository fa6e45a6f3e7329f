//! Mails that pretend: whatever a forger writes, however it knows an approver's secret address, nothing is decided.

use tests::conversation::Conversation;
use tests::database::eventually;
use tests::post::{PROVED, Post, field, mail};

/// Ways to look like Ann in the head of a mail; `evil.example` is the forger's own domain.
const SENDERS: [&str; 10] = [
    "From: Ann <ann@a.example>",
    "From: ann@a.example",
    "From: \"Ann <ann@a.example>\" <bot@evil.example>",
    "From: Ann <bot@evil.example>\r\nFrom: Ann <ann@a.example>",
    "From: Ann <ann@a.example>\r\nFrom: Bot <bot@evil.example>",
    "From: Ann <ann@a.example>, Bot <bot@evil.example>",
    "From: Bot <bot@evil.example>\r\nSender: Ann <ann@a.example>\r\nReply-To: ann@a.example",
    "From: Ann <ann@\u{430}.example>",
    "From: (ann@a.example) <bot@evil.example> (Ann)",
    "From: =?utf-8?q?Ann_=3Cann=40a=2Eexample=3E?= <bot@evil.example>",
];

/// What the server in front says, above what the forger claims it said.
const PROOFS: [&str; 10] = [
    "",
    "Authentication-Results: mx.us.example; dmarc=fail header.from=a.example\r\n",
    "Authentication-Results: mx.us.example; dmarc=none header.from=a.example\r\n",
    "Authentication-Results: mx.us.example; spf=pass smtp.mailfrom=evil.example; dmarc=fail header.from=a.example\r\n",
    "Authentication-Results: mx.us.example; dmarc=fail header.from=a.example\r\nAuthentication-Results: mx.us.example; dmarc=pass header.from=a.example\r\n",
    "Authentication-Results: mx.evil.example; dmarc=pass header.from=a.example\r\n",
    "Authentication-Results: mx.us.example.evil.example; dmarc=pass header.from=a.example\r\n",
    "Authentication-Results: (mx.us.example; dmarc=pass) mx.evil.example; dmarc=pass header.from=a.example\r\n",
    "Authentication-Results: mx.us.example; dkim=pass header.d=evil.example; dmarc=pass header.from=evil.example\r\n",
    "ARC-Authentication-Results: i=1; mx.us.example; dmarc=pass header.from=a.example\r\nX-Authentication-Results: mx.us.example; dmarc=pass\r\n",
];

const WORDS: [&str; 5] =
    ["approve", "Yes", "approved\r\n\r\nAnn", "freigegeben", "Content-Type: text/plain\r\n\r\napprove"];

#[tokio::test]
async fn five_hundred_forged_senders_decide_nothing() {
    let Some(post) = Post::open().await else { return };
    let talk = Conversation::with(|_| (), |setting| post.known_to(setting)).await;
    for arguments in [
        ["people", "add", "Ann", "--email", "ann@a.example"].as_slice(),
        &["people", "role", "Ann", "approver"],
    ] {
        let (went_well, said) = talk.product.run(arguments);
        assert!(went_well, "{said}");
    }
    talk.proposes().await;
    eventually("Ann is asked by mail", async || post.sent().len() == 1).await;
    let asked = post.sent().remove(0);
    // The worst case: the address that only Ann knows is known.
    let address = field(&asked, "Reply-To");
    let address = address.trim_start_matches('<').trim_end_matches('>');

    let mut forged = 0;
    for sender in SENDERS {
        for proof in PROOFS {
            for words in WORDS {
                forged += 1;
                let id = format!("forged{forged}");
                let whole = mail(&id, proof, words).replace("From: Ann <ann@a.example>", sender);
                post.into_door(address, &whole).await;
            }
        }
    }
    assert_eq!(forged, 500);
    let open = "SELECT count(*) FROM inbox WHERE channel = 'email' AND state IN ('new', 'running')";
    eventually("all are read", async || talk.number(open).await == 0).await;
    let stored = "SELECT count(*) FROM inbox WHERE channel = 'email'";
    assert_eq!(talk.number(stored).await, 500, "each was kept");
    assert_eq!(talk.number("SELECT count(*) FROM approvals WHERE state <> 'open'").await, 0);
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 0);
    assert_eq!(post.sent().len(), 1, "nobody was answered");

    // The same words from Ann decide.
    post.into_door(address, &mail("ann", PROVED, WORDS[0])).await;
    talk.sees("2 deals created").await;
}
