//! Sending mails: composing, signing, and handing them to our own mail server.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use mail_auth::common::crypto::{RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{Canonicalization, DkimSigner, Done};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::head::one_line;
use super::kind::OWN_FIELD;

/// How long the server may take for each of its answers.
const PATIENCE: Duration = Duration::from_secs(20);
/// Connections kept open.
const CONNECTIONS: u32 = 4;

/// A mail to send.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    /// From whom, an address.
    pub from: String,
    /// To whom, an address.
    pub to: String,
    /// Where answers shall go, with a token.
    pub reply_to: Option<String>,
    /// The subject.
    pub subject: String,
    /// Its own number, without angle brackets: the same whenever it is sent again.
    pub message_id: String,
    /// The mail it answers.
    pub in_reply_to: Option<String>,
    /// The thread before it, oldest first.
    pub references: Vec<String>,
    /// For those who read plain text.
    pub text: String,
    /// For the others.
    pub html: String,
    /// Name, type and bytes.
    pub files: Vec<(String, String, Vec<u8>)>,
}

/// Why a mail was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It will never be taken: a wrong address, or refused for good.
    #[error("refused: {0}")]
    Refused(String),
    /// It was certainly not sent.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The server may have it.
    #[error("perhaps sent: {0}")]
    Unknown(String),
}

/// What a signature covers: all that a person reads, and what says to which thread a mail belongs.
const SIGNED: [&str; 10] = [
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
];

/// How mails are signed.
pub struct Signing(DkimSigner<RsaKey<Sha256>, Done>);

impl std::fmt::Debug for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signing(..)")
    }
}

impl Signing {
    /// With an RSA key in PEM (PKCS #1 or #8), published under a selector of a domain.
    ///
    /// # Errors
    /// When the key cannot be read.
    pub fn new(selector: &str, domain: &str, pem: &str) -> Result<Self, Failure> {
        let refused = |error: &dyn std::fmt::Display| Failure::NotSent(format!("the signing key: {error}"));
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| refused(&error))?;
        let key = RsaKey::<Sha256>::from_key_der(der).map_err(|error| refused(&error))?;
        let signer = DkimSigner::from_key(key)
            .domain(domain)
            .selector(selector)
            .headers(SIGNED)
            .header_canonicalization(Canonicalization::Relaxed)
            .body_canonicalization(Canonicalization::Relaxed);
        Ok(Self(signer))
    }

    /// The field that goes before a mail, with the end of its line.
    fn field(&self, mail: &[u8]) -> Result<String, Failure> {
        let signature = self.0.sign(mail);
        signature.map(|signature| signature.to_header()).map_err(|error| Failure::NotSent(error.to_string()))
    }
}

/// Our own mail server, which sends on.
#[derive(Debug)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    signing: Option<Signing>,
}

impl Smtp {
    /// At a URL like `smtps://user:password@host` or `smtp://host:587?tls=required`.
    ///
    /// # Errors
    /// When the URL makes no sense.
    pub fn at(url: &str, signing: Option<Signing>) -> Result<Self, Failure> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|error| Failure::NotSent(format!("SMTP_URL: {error}")))?
            .timeout(Some(PATIENCE))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS))
            .build();
        Ok(Self { transport, signing })
    }

    /// Sends a letter.
    ///
    /// # Errors
    /// [`Failure`] says whether to send it again.
    pub async fn send(&self, letter: &Letter, at: SystemTime) -> Result<(), Failure> {
        let message = compose(letter, at)?;
        let mut mail = message.formatted();
        if let Some(signing) = &self.signing {
            let field = signing.field(&mail)?;
            mail.splice(0..0, field.into_bytes());
        }
        match self.transport.send_raw(message.envelope(), &mail).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(Failure::Refused(error.to_string())),
            Err(error) if error.is_timeout() => Err(Failure::Unknown(error.to_string())),
            Err(error) => Err(Failure::NotSent(error.to_string())),
        }
    }
}

/// The letter as a mail. It says that a program wrote it, and that it is ours: two programs that answer each other
/// stop here.
///
/// # Errors
/// [`Failure::Refused`] when an address is none.
pub fn compose(letter: &Letter, at: SystemTime) -> Result<Message, Failure> {
    let mailbox = |address: &str| {
        address.parse::<Mailbox>().map_err(|error| Failure::Refused(format!("{address}: {error}")))
    };
    let mut builder = Message::builder()
        .from(mailbox(&letter.from)?)
        .to(mailbox(&letter.to)?)
        .subject(one_line(&letter.subject))
        .date(at)
        .message_id(Some(bracketed(&letter.message_id)))
        .header(Automatic)
        .header(Ours);
    if let Some(reply_to) = &letter.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    if let Some(id) = &letter.in_reply_to {
        builder = builder.in_reply_to(bracketed(id));
    }
    if !letter.references.is_empty() {
        let all: Vec<String> = letter.references.iter().map(|id| bracketed(id)).collect();
        builder = builder.references(all.join(" "));
    }
    let body = MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone());
    let composed = if letter.files.is_empty() {
        builder.multipart(body)
    } else {
        let parts = letter
            .files
            .iter()
            .fold(MultiPart::mixed().multipart(body), |parts, file| parts.singlepart(attachment(file)));
        builder.multipart(parts)
    };
    composed.map_err(|error| Failure::Refused(error.to_string()))
}

fn attachment((name, kind, bytes): &(String, String, Vec<u8>)) -> SinglePart {
    let kind = ContentType::parse(kind).unwrap_or(ContentType::TEXT_PLAIN);
    Attachment::new(one_line(name)).body(bytes.clone(), kind)
}

/// A number in angle brackets, with nothing in it that could end the line.
fn bracketed(id: &str) -> String {
    let id: String = id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).collect();
    format!("<{id}>")
}

/// `Auto-Submitted: auto-generated`.
#[derive(Clone)]
struct Automatic;

impl Header for Automatic {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The field by which we know our own mail.
#[derive(Clone)]
struct Ours;

impl Header for Ours {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str(OWN_FIELD)
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "1".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::{self, Kind, Reading};

    fn letter() -> Letter {
        Letter {
            from: "deals@us.example".into(),
            to: "ann@a.example".into(),
            reply_to: Some("deals+k3@us.example".into()),
            subject: "Re: Contract\r\nBcc: eve@evil.example".into(),
            message_id: "2@us.example".into(),
            in_reply_to: Some("1@a.example".into()),
            references: vec!["0@a.example".into(), "1@a.example>\r\nBcc: <eve".into()],
            text: "Hello".into(),
            html: "<p>Hello</p>".into(),
            files: vec![("répo\nrt.pdf".into(), "application/pdf".into(), b"%PDF-".to_vec())],
        }
    }

    #[test]
    fn what_we_send_is_read_as_ours_with_its_thread_and_nothing_smuggled_in() {
        let raw = compose(&letter(), SystemTime::UNIX_EPOCH).unwrap().formatted();
        let mail = email::read(&raw, &Reading::default());
        assert_eq!(mail.kind, Kind::Own);
        assert_eq!(mail.head.message_id.as_deref(), Some("2@us.example"));
        assert_eq!(mail.head.in_reply_to, ["1@a.example"]);
        assert_eq!(mail.head.subject, "Re: Contract Bcc: eve@evil.example");
        assert!(!mail.head.others.iter().any(|(name, _)| name == "bcc"));
        assert_eq!(mail.text, "Hello");
        assert_eq!(mail.attachments[0].data.as_ref(), b"%PDF-");
        assert_eq!(mail.head.other("auto-submitted"), Some("auto-generated"));
    }

    #[test]
    fn an_address_that_is_none_is_refused_for_good() {
        let wrong = Letter { to: "ann@a.example, eve@evil.example".into(), ..letter() };
        assert!(matches!(compose(&wrong, SystemTime::UNIX_EPOCH), Err(Failure::Refused(_))));
    }
}
