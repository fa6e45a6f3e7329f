//! LMTP: a mail server hands mails in. Each recipient hears for itself whether its mail is safe.

use std::io;
use std::sync::Arc;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};

use super::envelope::{Arrival, inbox_of};
use super::structure::BYTES_MAX;

/// The longest command.
const COMMAND_MAX: u64 = 2_048;
/// The most recipients of one mail.
const RECIPIENTS_MAX: usize = 100;
/// After so many commands that make no sense the other side is cut off.
const ERRORS_MAX: u32 = 20;

/// What became of a mail for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is safe with us.
    Stored,
    /// Not now; the server keeps it and tries again.
    Later,
}

/// Talks to one mail server until it ends. `store` is called for each recipient; only what it says is stored is
/// acknowledged.
///
/// # Errors
/// When the connection breaks; nothing that was not acknowledged is lost then, since the server tries again.
pub async fn serve<S, F, D>(stream: S, inboxes: &[String], host: &str, store: F) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Arrival, Arc<Vec<u8>>) -> D,
    D: Future<Output = Taken>,
{
    let mut talk = Talk { stream: BufReader::new(stream), inboxes, mail_from: None, recipients: Vec::new() };
    talk.say(&format!("220 {host} LMTP ready")).await?;
    let mut errors = 0;
    while errors < ERRORS_MAX {
        let Some(line) = talk.command().await? else { return Ok(()) };
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "LHLO" => {
                talk.forget();
                let size = format!("250-SIZE {BYTES_MAX}");
                let lines = [
                    &format!("250-{host}"),
                    &size,
                    "250-8BITMIME",
                    "250-SMTPUTF8",
                    "250-PIPELINING",
                    "250 ENHANCEDSTATUSCODES",
                ];
                talk.say(&lines.join("\r\n")).await?;
            }
            "MAIL" => talk.mail(rest).await?,
            "RCPT" => talk.recipient(rest).await?,
            "DATA" if talk.recipients.is_empty() => talk.say("503 5.5.1 no valid recipients").await?,
            "DATA" => talk.data(&store).await?,
            "RSET" => {
                talk.forget();
                talk.say("250 2.0.0 ok").await?;
            }
            "NOOP" => talk.say("250 2.0.0 ok").await?,
            "VRFY" => talk.say("252 2.5.0 send it and see").await?,
            "QUIT" => return talk.say("221 2.0.0 bye").await,
            _ => {
                errors += 1;
                talk.say("500 5.5.2 unknown command").await?;
            }
        }
    }
    talk.say("421 4.7.0 too many errors").await
}

struct Talk<'a, S> {
    stream: BufReader<S>,
    inboxes: &'a [String],
    mail_from: Option<String>,
    recipients: Vec<String>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<'_, S> {
    fn forget(&mut self) {
        self.mail_from = None;
        self.recipients.clear();
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    /// The next command; none at the end.
    async fn command(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let read = (&mut self.stream).take(COMMAND_MAX).read_until(b'\n', &mut line).await?;
        if read == 0 {
            return Ok(None);
        }
        if !line.ends_with(b"\n") {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a command without an end"));
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
    }

    async fn mail(&mut self, rest: &str) -> io::Result<()> {
        let Some(address) = path(rest, "FROM:") else {
            return self.say("501 5.5.4 MAIL FROM:<address>").await;
        };
        let size = rest
            .split_whitespace()
            .find_map(|word| word.to_ascii_uppercase().strip_prefix("SIZE=")?.parse().ok());
        if size.is_some_and(|size: usize| size > BYTES_MAX) {
            return self.say("552 5.3.4 at most 50 MB are taken").await;
        }
        self.forget();
        self.mail_from = Some(address);
        self.say("250 2.1.0 ok").await
    }

    async fn recipient(&mut self, rest: &str) -> io::Result<()> {
        let Some(address) = path(rest, "TO:") else { return self.say("501 5.5.4 RCPT TO:<address>").await };
        if self.mail_from.is_none() {
            return self.say("503 5.5.1 MAIL first").await;
        }
        if self.recipients.len() >= RECIPIENTS_MAX {
            return self.say("452 4.5.3 too many recipients").await;
        }
        if inbox_of(&address, self.inboxes).is_none() {
            return self.say("550 5.1.1 no such inbox here").await;
        }
        self.recipients.push(address);
        self.say("250 2.1.5 ok").await
    }

    async fn data<D: Future<Output = Taken>>(
        &mut self,
        store: &impl Fn(Arrival, Arc<Vec<u8>>) -> D,
    ) -> io::Result<()> {
        self.say("354 end with a dot on a line").await?;
        let mail = read_data(&mut self.stream).await?.map(Arc::new);
        let recipients = std::mem::take(&mut self.recipients);
        for recipient in recipients {
            let Some(raw) = &mail else {
                self.say("552 5.3.4 at most 50 MB are taken").await?;
                continue;
            };
            let arrival = Arrival { mail_from: self.mail_from.clone(), recipient, ..Arrival::default() };
            match store(arrival, raw.clone()).await {
                Taken::Stored => self.say("250 2.0.0 stored").await?,
                Taken::Later => self.say("451 4.3.0 not now").await?,
            }
        }
        self.forget();
        Ok(())
    }
}

/// The bytes up to the line with a dot, dots at line beginnings undoubled; none if they are too many.
async fn read_data(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut mail = Vec::new();
    let mut is_too_large = false;
    let mut line = Vec::new();
    let mut is_start = true;
    loop {
        line.clear();
        // A piece at a time: a line without an end must not fill the memory.
        if (&mut *stream).take(64 * 1024).read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if is_start && (line == b".\r\n" || line == b".\n") {
            return Ok((!is_too_large).then_some(mail));
        }
        let content = if is_start && line.starts_with(b".") { &line[1..] } else { &line[..] };
        is_start = line.ends_with(b"\n");
        is_too_large |= mail.len() + content.len() > BYTES_MAX;
        if !is_too_large {
            mail.extend_from_slice(content);
        }
    }
}

/// The address in `FROM:<address>`, lower case; empty for `<>`.
fn path(text: &str, word: &str) -> Option<String> {
    let (head, rest) = text.split_at_checked(word.len())?;
    let (address, _) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    let is_odd = |c: char| c.is_control() || c.is_whitespace();
    (head.eq_ignore_ascii_case(word) && !address.contains(is_odd)).then(|| address.to_lowercase())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Says lines to the server; what it answered, and what it stored.
    async fn talk(said: &[u8], taken: Taken) -> (Vec<String>, Vec<(String, Vec<u8>)>) {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let stored = Mutex::new(Vec::new());
        let store = |arrival: Arrival, raw: Arc<Vec<u8>>| {
            stored.lock().unwrap().push((arrival.recipient, raw.to_vec()));
            std::future::ready(taken)
        };
        let inboxes = ["deals@us.example".to_owned()];
        let (mut reading, mut writing) = tokio::io::split(ours);
        let client = async {
            writing.write_all(said).await.unwrap();
            writing.shutdown().await.unwrap();
            let mut answer = String::new();
            reading.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let server = async {
            let _ = serve(theirs, &inboxes, "us.example", store).await;
        };
        let (answer, ()) = tokio::join!(client, server);
        let lines = answer.lines().map(|line| line[..3].to_owned() + &line[3..4]).collect();
        (lines, stored.into_inner().unwrap())
    }

    const HEAD: &str = "LHLO mx\r\nMAIL FROM:<ann@a.example> SIZE=20\r\nRCPT TO:<deals+k3@us.example>\r\n";

    #[tokio::test]
    async fn a_mail_is_stored_before_it_is_acknowledged() {
        let said =
            format!("{HEAD}RCPT TO:<eve@evil.example>\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n");
        let (answers, stored) = talk(said.as_bytes(), Taken::Stored).await;
        assert_eq!(&answers[7..], ["250 ", "250 ", "550 ", "354 ", "250 ", "221 "]);
        assert_eq!(stored, [("deals+k3@us.example".to_owned(), b"Subject: x\r\n\r\n.dot\r\n".to_vec())]);
        let (answers, _) = talk(said.as_bytes(), Taken::Later).await;
        assert_eq!(answers[11], "451 ");
    }

    #[tokio::test]
    async fn what_is_not_mail_for_us_is_refused() {
        let (answers, stored) =
            talk(b"DATA\r\nMAIL FROM:x\r\nRCPT TO:<deals@us.example>\r\nHELO\r\nQUIT\r\n", Taken::Stored)
                .await;
        assert_eq!(answers, ["220 ", "503 ", "501 ", "503 ", "500 ", "221 "]);
        let said = format!("MAIL FROM:<> SIZE={}\r\nQUIT\r\n", BYTES_MAX + 1);
        assert_eq!(talk(said.as_bytes(), Taken::Stored).await.0[1], "552 ");
        assert!(stored.is_empty());
    }

    #[tokio::test]
    async fn a_cut_off_mail_is_not_stored() {
        let said = format!("{HEAD}DATA\r\nSubject: x\r\n\r\nhalf");
        assert!(talk(said.as_bytes(), Taken::Stored).await.1.is_empty());
        let said = format!("{HEAD}DATA\r\n{}\r\n.\r\nQUIT\r\n", "x".repeat(200_000));
        assert_eq!(talk(said.as_bytes(), Taken::Stored).await.1[0].1.len(), 200_002);
    }
}
