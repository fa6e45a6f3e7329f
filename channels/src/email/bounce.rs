//! Whether a mail reports that another one could not be delivered, and what it says about that.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::head::{Head, Mailbox};

/// How much of the text is looked at, in bytes: reports say what they are at the beginning.
const LOOK: usize = 8_000;

/// What a report says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounce {
    /// Whom the mail did not reach, lower case, as far as it says so.
    pub recipients: Vec<String>,
    /// The status, e.g. `5.1.1`.
    pub status: Option<String>,
    /// The number of the mail that did not arrive.
    pub original: Option<String>,
}

impl Bounce {
    /// Trying again is of no use. Without a status it counts as such only if it says so elsewhere.
    #[must_use]
    pub fn is_hard(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status.starts_with('5'))
    }
}

/// Names of senders that deliver mail.
const DAEMONS: &[&str] = &[
    "mailer-daemon",
    "mailerdaemon",
    "mailer_daemon",
    "postmaster",
    "post_master",
    "post-master",
    "post.master",
    "mail-daemon",
    "maildaemon",
    "mail delivery",
    "mail deliver",
    "mail administrator",
    "mail.daemon",
    "postoffice",
    "mail_delivery",
    "bounce",
    "bounces",
    "maildelivery",
    "complaints",
    "abuse",
    "mail system",
    "mailsystem",
    "mail_system",
    "delivery subsystem",
    "feedbackloop",
    "feedback",
    "fbl",
    "staff@hotmail",
    "email-abuse",
    "scomp",
    "mxlogic",
    "systemadministrator",
    "system administrator",
    "microsoft outlook",
    "systemadmin",
];

/// Words of subjects that only reports have, lower case.
const SUBJECTS: &[&str] = &[
    "undeliver",
    "delivery status notification",
    "delivery failure",
    "delivery failed",
    "delivery has failed",
    "delivery notification",
    "delivery error",
    "delivery report",
    "delivery problem",
    "delivery delay",
    "delivery unsuccessful",
    "delivery attempts",
    "failure notice",
    "failure delivery",
    "failed delivery",
    "failure notification",
    "failed mail",
    "mail failed",
    "mail delivery",
    "email delivery",
    "message delivery",
    "mail failure",
    "mail error",
    "mail system error",
    "mail could not",
    "mail not delivered",
    "message not delivered",
    "message delayed",
    "mail delayed",
    "not delivered",
    "non delivery",
    "non-delivery",
    "nondeliverable",
    "non deliverable",
    "non remis",
    "non-remis",
    "returned mail",
    "returned message",
    "returned email",
    "returned to",
    "returning message",
    "returning to sender",
    "return to sender",
    "returned:",
    "could not send message",
    "could not be delivered",
    "couldn't be delivered",
    "cannot be delivered",
    "can't be delivered",
    "unable to deliver",
    "unable to send",
    "warning: message",
    "warning: could not",
    "user unknown",
    "unknown user",
    "recipient unknown",
    "no such user",
    "mailbox full",
    "mailbox is full",
    "over quota",
    "quota exceeded",
    "unzustellbar",
    "nicht zustellbar",
    "nicht zugestellt",
    "zustellung",
    "échec de",
    "echec de",
    "non distribu",
    "no se puede entregar",
    "no se ha podido entregar",
    "error de entrega",
    "no entregado",
    "mancata consegna",
    "impossibile recapitare",
    "não entregue",
    "não foi possível entregar",
    "niet bezorgd",
    "onbestelbaar",
    "kan niet worden bezorgd",
    "недоставлен",
    "не доставлен",
    "не может быть доставлен",
    "メールエラー",
    "配信不能",
    "送信エラー",
    "配信エラー",
    "退信",
    "投递失败",
    "系统退信",
    "complaint",
    "abuse report",
    "spam report",
    "email feedback",
    "feedback report",
    "message blocked",
    "message you sent blocked",
    "blocked by",
    "message rejected",
    "mail rejected",
    "rejected mail",
    "mail refused",
    "rejeté",
    "message status - ",
    "dsn:",
    "permanent error",
    "permanent fail",
    "virus found",
    "content violation",
    "violated email policy",
    "hold mail",
    "message undeliver",
    "notification d'état",
];

/// Sentences that deliverers write, lower case.
const SENTENCES: &[&str] = &[
    "this is an automatically generated delivery status notification",
    "this is a delivery status notification",
    "delivery to the following recipient",
    "delivery to these recipients",
    "delivery has failed",
    "wasn't able to deliver your message",
    "was not able to deliver",
    "unable to deliver",
    "undeliverable",
    "could not be delivered",
    "couldn't be delivered",
    "can't be delivered",
    "cannot be delivered",
    "could not deliver",
    "couldn't deliver",
    "not be delivered to",
    "was undelivered",
    "was not delivered",
    "wasn't delivered",
    "has not been delivered",
    "have not been delivered",
    "did not reach",
    "failed to deliver",
    "delivery failed",
    "delivery failure",
    "fatal errors",
    "transient non-fatal errors",
    "permanent fatal errors",
    "addresses had delivery errors",
    "addresses had permanent",
    "transcript of session follows",
    "message was not sent to the following",
    "following recipients was rejected",
    "following addresses failed",
    "failed addresses follow",
    "recipients failed",
    "recipient(s) failed",
    "message could not be sent",
    "could not be sent to",
    "mailbox is full",
    "mailbox full",
    "user unknown",
    "unknown user",
    "no such user",
    "recipient address rejected",
    "address rejected",
    "unrouteable address",
    "mail transport agent",
    "delivery attempts",
    "has been rejected",
    "was rejected by",
    "message rejected",
    "message was blocked",
    "returned to sender",
    "returning message to sender",
    "reason for the failure",
    "the following message to",
    "diagnostic-code:",
    "final-recipient:",
    "original message follows",
    "konnte nicht zugestellt",
    "nicht zugestellt werden",
    "n'a pas pu être remis",
    "n'a pas pu etre",
    "no se pudo entregar",
    "送信できませんでした",
    "配信できませんでした",
    "宛先不明",
    "見つかりません",
    "届けられません",
    "お届けできません",
    "不正な宛先",
    "退信",
    "не удалось доставить",
    "не может быть доставлено",
    "a message that you sent",
    "message that you sent could",
    "undelivered",
    "nondelivery",
    "temporarily deferred",
    "permanent error",
    "will be retried",
    "still trying to deliver",
    "stored in the system but not yet delivered",
    "mail failed",
    "delivery temporarily",
    "email abuse report",
    "abuse report for",
];

/// What the services that send for others write for programs, lower case.
const NOTICES: &[&str] = &[
    "\"notificationtype\":\"bounce\"",
    "\"notificationtype\":\"complaint\"",
    "\"eventtype\":\"bounce\"",
    "\"eventtype\":\"complaint\"",
    "\"bouncetype\":",
];

/// Whether a mail reports a failed delivery or a complaint; `kinds` are the types of its parts.
#[must_use]
pub fn is_bounce(head: &Head, text: &str, kinds: &[String]) -> bool {
    if is_declared(head, kinds) {
        return true;
    }
    let subject = head.subject.to_lowercase();
    let about_delivery = mentions(&SUBJECT_WORDS, &subject);
    let by_daemon = head.from.iter().chain(&head.sender).any(is_daemon) || head.from.is_empty();
    let without_return =
        head.return_path.as_deref().is_some_and(|path| path.is_empty() || path.starts_with("mailer-daemon"));
    if (by_daemon || without_return) && about_delivery {
        return true;
    }
    let mut end = text.len().min(LOOK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // Lines are broken anywhere; a sentence goes over them.
    let look = text[..end].to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    if mentions(&NOTICE_WORDS, &look) {
        return true;
    }
    let says_so = mentions(&SENTENCE_WORDS, &look);
    let by_program = head.other("auto-submitted").is_some_and(|value| !value.eq_ignore_ascii_case("no"));
    let has_original = kinds.iter().any(|kind| kind == "text/rfc822-headers");
    let is_about = about_delivery && !is_answer(&subject);
    says_so && (by_daemon || without_return || by_program || has_original || is_about)
}

static SUBJECT_WORDS: Words = Words::new(|| AhoCorasick::new(SUBJECTS).ok());
static SENTENCE_WORDS: Words = Words::new(|| AhoCorasick::new(SENTENCES).ok());
static NOTICE_WORDS: Words = Words::new(|| AhoCorasick::new(NOTICES).ok());

/// A list to look for all at once; none if it could not be built.
type Words = LazyLock<Option<AhoCorasick>>;

fn mentions(words: &Words, text: &str) -> bool {
    words.as_ref().is_some_and(|words| words.is_match(text))
}

/// Fields and parts that mark a report as one.
fn is_declared(head: &Head, kinds: &[String]) -> bool {
    const REPORTS: &[&str] =
        &["message/delivery-status", "message/feedback-report", "message/global-delivery-status"];
    if kinds.iter().any(|kind| REPORTS.contains(&kind.as_str())) {
        return true;
    }
    if head.content_type == "multipart/report"
        && matches!(head.report_type.as_deref(), Some("delivery-status" | "feedback-report"))
    {
        return true;
    }
    const FIELDS: &[&str] = &[
        "x-failed-recipients",
        "x-ms-exchange-message-is-ndr",
        "x-sendgrid-bounce",
        "x-aol-scoll",
        "x-hmxmroriginalrecipient",
    ];
    FIELDS.iter().any(|field| head.other(field).is_some())
        || head.others.iter().any(|(name, value)| name == "received" && value.contains("invoked for bounce"))
}

fn is_daemon(from: &Mailbox) -> bool {
    let name = from.name.as_deref().unwrap_or_default().to_lowercase();
    DAEMONS.iter().any(|daemon| {
        from.local().starts_with(daemon) || name.contains(daemon) || from.address.starts_with(daemon)
    })
}

fn is_answer(subject: &str) -> bool {
    ["re:", "aw:", "fw:", "fwd:", "sv:", "tr:", "wg:"].iter().any(|mark| subject.starts_with(mark))
}

/// Reads what a report says, from its machine-readable part or else its text.
#[must_use]
pub fn read(head: &Head, report: &str) -> Bounce {
    let mut bounce = Bounce::default();
    if let Some(failed) = head.other("x-failed-recipients") {
        bounce.recipients.extend(failed.split(',').map(|address| address.trim().to_lowercase()));
    }
    for line in report.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "final-recipient" | "original-recipient" => {
                let address = value.rsplit(';').next().unwrap_or_default();
                let address = address.trim().trim_matches(['<', '>']).to_lowercase();
                if address.contains('@')
                    && !bounce.recipients.contains(&address)
                    && bounce.recipients.len() < 100
                {
                    bounce.recipients.push(address);
                }
            }
            "status" if bounce.status.is_none() => bounce.status = status(value),
            "message-id" if bounce.original.is_none() => {
                bounce.original = Some(value.trim_matches(['<', '>']).to_owned()).filter(|id| !id.is_empty());
            }
            _ => {}
        }
    }
    bounce.status = bounce.status.or_else(|| report.split_whitespace().take(2_000).find_map(status));
    bounce
}

/// `5.1.1`, with something after it or not.
fn status(word: &str) -> Option<String> {
    let word = word.trim_start_matches(['(', '#', '[', '<']);
    let code: String = word.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let parts: Vec<&str> = code.trim_end_matches('.').split('.').collect();
    let is_status = parts.len() == 3
        && matches!(parts[0], "2" | "4" | "5")
        && parts[1..].iter().all(|part| !part.is_empty() && part.len() <= 3);
    is_status.then(|| parts.join("."))
}
