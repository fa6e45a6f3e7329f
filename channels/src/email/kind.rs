//! What sort of mail it is; only one sort is ever answered.

use super::bounce;
use super::head::{Head, Mailbox};

/// Sorts of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// From a person: the only sort that is acted on and answered.
    Message,
    /// A report that a mail was not delivered, or a complaint.
    Bounce,
    /// Written by a program: out of office, read receipts, notifications.
    AutoReply,
    /// To everybody on a list.
    List,
    /// Ours, come back.
    Own,
    /// Cannot be read; kept for a person to see.
    Unparsable,
}

impl Kind {
    /// All sorts.
    pub const ALL: [Self; 6] =
        [Self::Message, Self::Bounce, Self::AutoReply, Self::List, Self::Own, Self::Unparsable];

    /// The word used in tables and output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Bounce => "bounce",
            Self::AutoReply => "auto_reply",
            Self::List => "list",
            Self::Own => "own",
            Self::Unparsable => "unparsable",
        }
    }
}

/// The field by which we know our own mail.
pub const OWN_FIELD: &str = "X-Dealdesk";

/// Sorts a mail. `ours` are the addresses we send from; `kinds` the types of its parts.
#[must_use]
pub fn of(head: &Head, text: &str, kinds: &[String], ours: &[String]) -> Kind {
    if is_own(head, ours) {
        Kind::Own
    } else if is_vacation(head) {
        Kind::AutoReply
    } else if bounce::is_bounce(head, text, kinds) {
        Kind::Bounce
    } else if is_automatic(head) {
        Kind::AutoReply
    } else if is_list(head) {
        Kind::List
    } else {
        Kind::Message
    }
}

fn is_own(head: &Head, ours: &[String]) -> bool {
    let is_ours = |mailbox: &Mailbox| {
        let plain = without_token(&mailbox.address);
        ours.iter().any(|own| own.eq_ignore_ascii_case(&plain))
    };
    head.other(&OWN_FIELD.to_ascii_lowercase()).is_some() || head.from.iter().chain(&head.sender).any(is_ours)
}

fn without_token(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{domain}", local.split('+').next().unwrap_or_default()),
        None => address.to_owned(),
    }
}

/// Beginnings of subjects that programs write for people who are away, lower case.
const AWAY: &[&str] = &[
    "out of office",
    "out of the office",
    "out-of-office",
    "automatic reply",
    "automatic response",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto:",
    "auto response",
    "auto-response",
    "autoresponse",
    "autoresponder",
    "automated reply",
    "vacation",
    "on vacation",
    "away from",
    "i am away",
    "i'm away",
    "abwesenheit",
    "abwesend",
    "automatische antwort",
    "réponse automatique",
    "reponse automatique",
    "absence du bureau",
    "absent du bureau",
    "message d'absence",
    "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina",
    "ausente de la oficina",
    "risposta automatica",
    "fuori sede",
    "fuori ufficio",
    "resposta automática",
    "resposta automatica",
    "fora do escritório",
    "automatisch antwoord",
    "afwezig",
    "autosvar",
    "automatiskt svar",
    "automatisk svar",
    "frånvaro",
    "automaattinen vastaus",
    "odpowiedź automatyczna",
    "automatická odpověď",
    "автоответ",
    "自動返信",
    "自动回复",
    "自動回覆",
    "不在通知",
    "frånvarande",
    "ich bin nicht im büro",
];

/// Whether a mail says that its author is away, whatever its words say about deliveries.
#[must_use]
pub fn is_vacation(head: &Head) -> bool {
    let subject = head.subject.to_lowercase();
    let begins = AWAY.iter().any(|words| subject.starts_with(words));
    let is_reply = head
        .other("auto-submitted")
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("auto-replied"));
    const FIELDS: &[&str] = &[
        "x-autoreply",
        "x-autorespond",
        "x-autoreply-from",
        "x-vacation",
        "x-auto-reply",
        "x-autoresponder",
    ];
    let is_marked =
        FIELDS.iter().any(|field| head.other(field).is_some_and(|value| !value.eq_ignore_ascii_case("no")));
    let about_delivery = head.content_type == "multipart/report";
    !about_delivery
        && (begins || is_reply && is_marked || is_marked && !head.subject.is_empty() && !by_daemon(head))
}

fn by_daemon(head: &Head) -> bool {
    head.from.iter().any(|from| from.local().starts_with("mailer-daemon") || from.local() == "postmaster")
}

fn is_automatic(head: &Head) -> bool {
    let lower = |name| head.other(name).map(str::to_ascii_lowercase);
    let submitted =
        lower("auto-submitted").is_some_and(|value| !value.starts_with("no") && !value.is_empty());
    let precedence = lower("precedence");
    let precedence =
        matches!(precedence.as_deref(), Some("auto_reply" | "auto-reply" | "autoreply" | "junk"));
    let is_receipt = head.report_type.as_deref() == Some("disposition-notification")
        || head.content_type == "message/disposition-notification";
    let exchange = head.other("x-ms-exchange-inbox-rules-loop").is_some()
        || lower("x-ms-exchange-generated-message-source").is_some_and(|source| source.contains("agent"));
    submitted || precedence || is_receipt || exchange || head.other("x-fc-machinegenerated").is_some()
}

fn is_list(head: &Head) -> bool {
    const FIELDS: &[&str] = &[
        "list-id",
        "list-post",
        "list-unsubscribe",
        "list-subscribe",
        "mailing-list",
        "x-mailing-list",
        "x-mailman-version",
        "x-beenthere",
        "x-loop",
    ];
    let is_bulk = head
        .other("precedence")
        .is_some_and(|value| value.eq_ignore_ascii_case("list") || value.eq_ignore_ascii_case("bulk"));
    is_bulk || FIELDS.iter().any(|field| head.other(field).is_some())
}

/// Whether an answer may be sent: to people only, who wait for one.
#[must_use]
pub fn may_answer(kind: Kind, head: &Head) -> bool {
    const SILENT: &[&str] = &[
        "noreply",
        "no-reply",
        "no_reply",
        "donotreply",
        "do-not-reply",
        "do_not_reply",
        "nepasrepondre",
        "mailer-daemon",
    ];
    let to = head.reply_to.first().or(head.from.first());
    let is_silent = |to: &Mailbox| SILENT.iter().any(|name| to.local().starts_with(name));
    let is_bouncing = head.return_path.as_deref().is_some_and(str::is_empty);
    kind == Kind::Message && !is_bouncing && to.is_some_and(|to| to.address.contains('@') && !is_silent(to))
}
