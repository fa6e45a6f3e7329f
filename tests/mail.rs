//! The mail channel between a real IMAP server and a real SMTP server: a mail is answered once, in its thread, and a
//! forged one not at all.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tests::database::{Database, eventually};
use tests::peers::{Peer, free_port};
use tests::product::{Product, Setting};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What the server in front of us says of a mail whose author is proved.
const PROVED: &str = "Authentication-Results: mx.us.example; dmarc=pass header.from=a.example\r\n";

struct Post {
    product: Product,
    _peers: Vec<Peer>,
    /// The mailbox server's own way in.
    into_mailbox: u16,
    /// Ours.
    into_us: u16,
    sent: PathBuf,
}

impl Post {
    /// None, with a printed line, where the peers are not here.
    async fn open(database: &Database) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("dealdesk-post-{}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).unwrap();
        let (imap, smtp, ours) = (free_port().await, free_port().await, free_port().await);
        let place = folder.join("dovecot").display().to_string();
        let mailboxes = Peer::beside("dovecot.sh", imap, &[&place]).await?;
        let sent = folder.join("sent");
        let relay = Peer::beside("aiosmtpd.sh", smtp, &[&sent.display().to_string()]).await?;
        let product = Setting::on(database)
            .with("SLACK_BOT_TOKEN", "")
            .with("EMAIL_INBOXES", "deals@us.example")
            .with("IMAP_URL", format!("imap://deals:pass@127.0.0.1:{imap}"))
            .with("SMTP_URL", format!("smtp://127.0.0.1:{smtp}"))
            .with("EMAIL_LMTP_LISTEN", format!("127.0.0.1:{ours}"))
            .with("EMAIL_UPSTREAM", "mx.us.example")
            .start()
            .await;
        Some(Self { product, _peers: vec![mailboxes, relay], into_mailbox: imap + 1, into_us: ours, sent })
    }

    /// The mails that were sent, whole.
    fn sent(&self) -> Vec<String> {
        let read = |folder: &Path| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| std::fs::read_to_string(entry.path()).unwrap()).collect::<Vec<_>>()
        };
        read(&self.sent.join("new"))
    }
}

/// Hands a mail in by LMTP.
async fn deliver(port: u16, recipient: &str, mail: &str) {
    let mut line = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let body = mail.replace("\r\n", "\n").replace('\n', "\r\n");
    let said = format!(
        "LHLO test\r\nMAIL FROM:<ann@a.example>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n{body}\r\n.\r\nQUIT\r\n"
    );
    for part in said.split_inclusive("\r\n").collect::<Vec<_>>() {
        line.write_all(part.as_bytes()).await.unwrap();
    }
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("\r\n250 2.") || answer.contains("Saved"), "{answer}");
}

fn mail(id: &str, proof: &str, text: &str) -> String {
    format!(
        "{proof}From: Ann <ann@a.example>\r\nTo: deals@us.example\r\nSubject: Hello\r\nMessage-ID: <{id}@a.example>\r\n\r\n{text}\r\n"
    )
}

#[tokio::test]
async fn a_mail_is_answered_once_in_its_thread_and_a_forged_one_never() {
    let database = Database::fresh().await;
    let Some(post) = Post::open(&database).await else { return };
    let (added, said) = post.product.run(&["people", "add", "Ann", "--email", "ann@a.example"]);
    assert!(added, "{said}");

    deliver(post.into_mailbox, "deals", &mail("forged", "", "help")).await;
    let first = mail("1", PROVED, "help");
    deliver(post.into_mailbox, "deals", &first).await;
    eventually("an answer", async || !post.sent().is_empty()).await;
    let answer = &post.sent()[0];
    for field in [
        "In-Reply-To: <1@a.example>",
        "To: ann@a.example",
        "Subject: Re: Hello",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(answer.contains(field), "{field} in {answer}");
    }
    assert!(!answer.contains("forged"));

    // The same mail by another way is the same; an answer to ours belongs to the thread.
    deliver(post.into_us, "deals@us.example", &first).await;
    let ours = answer.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().to_owned();
    let second = mail("2", PROVED, "help")
        .replace("Subject: Hello", &format!("In-Reply-To: {ours}\r\nSubject: Re: Hello"));
    deliver(post.into_us, "deals@us.example", &second).await;
    eventually("a second answer", async || post.sent().len() == 2).await;
    let whole = post.sent().concat();
    assert!(
        whole.contains("In-Reply-To: <2@a.example>")
            && whole.contains("References: <1@a.example> <2@a.example>"),
        "{whole}"
    );

    // What we sent comes back, and so does a machine's answer: nobody is answered.
    deliver(post.into_us, "deals@us.example", answer).await;
    let away =
        mail("3", PROVED, "help").replace("Subject: Hello", "Auto-Submitted: auto-replied\r\nSubject: Away");
    deliver(post.into_us, "deals@us.example", &away).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(post.sent().len(), 2, "{}", post.sent().concat());
}
