//! A real mail server on either side of the product: a mailbox it reads, a relay it sends by, and its own door.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::peers::{Peer, free_port};
use crate::product::Setting;

/// The product's inbox.
pub const INBOX: &str = "deals@us.example";
/// What the server in front of the product says of a mail of `a.example` whose author is proved.
pub const PROVED: &str = "Authentication-Results: mx.us.example; dmarc=pass header.from=a.example\r\n";

/// The servers around the product.
pub struct Post {
    mailboxes: Option<Peer>,
    mailboxes_port: u16,
    relay: Peer,
    door: u16,
    folder: PathBuf,
}

impl Post {
    /// None, with a printed line, where the peers are not here.
    pub async fn open() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("dealdesk-post-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).unwrap();
        let mailboxes_port = free_port().await;
        let mailboxes = Some(mailboxes(&folder, mailboxes_port).await?);
        let sent = folder.join("sent").display().to_string();
        let relay = Peer::beside("aiosmtpd.sh", free_port().await, &[&sent]).await?;
        Some(Self { mailboxes, mailboxes_port, relay, door: free_port().await, folder })
    }

    /// Stops the server of the mailbox; connections to it end.
    pub async fn close_mailbox(&mut self) {
        if let Some(server) = self.mailboxes.take() {
            server.end().await;
        }
    }

    /// Starts it again, on the same port with the same mails.
    pub async fn open_mailbox(&mut self) {
        self.mailboxes = mailboxes(&self.folder, self.mailboxes_port).await;
    }

    /// Makes the stopped server number its mails anew, as after a restore.
    pub fn forget_numbers(&self) {
        let mailbox = self.folder.join("dovecot/mail/deals");
        for entry in std::fs::read_dir(mailbox).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("dovecot") {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
    }

    /// Tells the product of them.
    #[must_use]
    pub fn known_to(&self, setting: Setting) -> Setting {
        setting
            .with("EMAIL_INBOXES", INBOX)
            .with("IMAP_URL", format!("imap://deals:pass@127.0.0.1:{}", self.mailboxes_port))
            .with("SMTP_URL", format!("smtp://127.0.0.1:{}", self.relay.port))
            .with("EMAIL_LMTP_LISTEN", format!("127.0.0.1:{}", self.door))
            .with("EMAIL_UPSTREAM", "mx.us.example")
    }

    /// Puts a mail into the mailbox that the product reads.
    pub async fn into_mailbox(&self, mail: &str) {
        // The server's own way in is beside its mailbox.
        deliver(self.mailboxes_port + 1, "deals", mail).await;
    }

    /// Hands a mail in at the product's own door.
    pub async fn into_door(&self, recipient: &str, mail: &str) {
        deliver(self.door, recipient, mail).await;
    }

    /// The mails that the product sent, whole.
    pub fn sent(&self) -> Vec<String> {
        let read = |folder: &Path| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| std::fs::read_to_string(entry.path()).unwrap()).collect::<Vec<_>>()
        };
        read(&self.folder.join("sent/new"))
    }
}

async fn mailboxes(folder: &Path, port: u16) -> Option<Peer> {
    Peer::beside("dovecot.sh", port, &[&folder.join("dovecot").display().to_string()]).await
}

/// Hands a mail in by LMTP.
async fn deliver(port: u16, recipient: &str, mail: &str) {
    let mut line = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let body = mail.replace("\r\n", "\n").replace('\n', "\r\n");
    let said = format!(
        "LHLO test\r\nMAIL FROM:<ann@a.example>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n{body}\r\n.\r\nQUIT\r\n"
    );
    line.write_all(said.as_bytes()).await.unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("\r\n250 2.") || answer.contains("Saved"), "{answer}");
}

/// A mail to the inbox.
#[must_use]
pub fn mail(id: &str, proof: &str, text: &str) -> String {
    format!(
        "{proof}From: Ann <ann@a.example>\r\nTo: {INBOX}\r\nSubject: Hello\r\nMessage-ID: <{id}@a.example>\r\n\r\n{text}\r\n"
    )
}

/// A field of a mail's head; folded lines are put together.
#[must_use]
pub fn field(mail: &str, name: &str) -> String {
    let head = mail.replace("\r\n", "\n");
    let head = head.split("\n\n").next().unwrap_or_default().replace("\n ", " ").replace("\n\t", " ");
    let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
}
