//! What a line of a mail is.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Anchored, Input, MatchKind, StartKind};

use super::marker;

/// Kinds of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Nothing on it.
    Empty,
    /// Strokes only: what follows is a signature or somebody else's.
    Delimiter,
    /// What a telephone or a program adds, e.g. `Sent from my iPhone`.
    Signature,
    /// Introduces another mail, e.g. `On Monday, Ann wrote:`.
    Marker,
    /// A line of another mail's head, e.g. `From: Ann`.
    Header,
    /// Somebody else's words, marked.
    Quote,
    /// The rest.
    Text,
}

/// Strokes of which delimiters are made.
const STROKES: &str = "-_,=+~#*ᐧ—–―─━═";
/// Introductions are shorter than this, in bytes; longer lines are paragraphs.
const MARKER_MAX: usize = 500;
/// An introduction is broken over so many lines at most.
const MARKER_LINES: usize = 5;

/// Gives each line its kind; an introduction that is broken over several lines becomes one.
pub(super) fn classify(text: &str, most: usize) -> Vec<(Line, String)> {
    let lines: Vec<&str> = text.lines().take(most).collect();
    let fences = fenced(&lines);
    let mut out = Vec::with_capacity(lines.len());
    let mut at = 0;
    while at < lines.len() {
        if fences[at] {
            out.push((Line::Text, lines[at].to_owned()));
            at += 1;
            continue;
        }
        let own = kind(lines[at]);
        if matches!(own, Line::Text | Line::Quote | Line::Header)
            && let Some((joined, count)) = broken_marker(&lines[at..])
        {
            out.push((Line::Marker, joined));
            at += count;
            continue;
        }
        out.push((own, lines[at].to_owned()));
        at += 1;
    }
    out
}

/// Which lines are inside a block of code between two fences.
fn fenced(lines: &[&str]) -> Vec<bool> {
    let mut inside = vec![false; lines.len()];
    let fences: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| line.starts_with("```")).map(|(at, _)| at).collect();
    for pair in fences.chunks_exact(2) {
        inside[pair[0]..=pair[1]].fill(true);
    }
    inside
}

fn kind(line: &str) -> Line {
    let bare = line.trim();
    if bare.is_empty() {
        return Line::Empty;
    }
    if bare.chars().all(|c| STROKES.contains(c)) {
        return Line::Delimiter;
    }
    if bare.len() <= MARKER_MAX {
        if is_signature(bare) {
            return Line::Signature;
        }
        if marker::is_marker(bare) {
            return Line::Marker;
        }
        if is_header(bare) {
            return Line::Header;
        }
    }
    if bare.starts_with(['>', '»']) { Line::Quote } else { Line::Text }
}

/// An introduction over several lines: the joined line and how many they were.
fn broken_marker(lines: &[&str]) -> Option<(String, usize)> {
    let first = lines[0];
    if first.len() > MARKER_MAX || !marker::may_begin(first) {
        return None;
    }
    let mut joined = first.trim_end().to_owned();
    for (at, line) in lines.iter().enumerate().take(MARKER_LINES).skip(1) {
        let next = line.trim();
        let is_open = joined.rfind('<') > joined.rfind('>');
        let next = match next.strip_prefix('>') {
            // The closing bracket of an address was put on the next line, or a quoted introduction goes on.
            Some(rest) if is_open && rest.starts_with(':') => next,
            Some(rest) if joined.trim_start().starts_with('>') || is_open => {
                rest.trim_start_matches(['>', ' '])
            }
            Some(_) => return None,
            None => next,
        };
        if next.is_empty() || joined.len() + next.len() > MARKER_MAX {
            return None;
        }
        joined.push(' ');
        joined.push_str(next);
        if marker::is_marker(joined.trim()) {
            return Some((joined, at + 1));
        }
    }
    None
}

/// Heads of mails in the languages of common clients. A date must have a digit, the rest a letter or digit.
const DATES: &[&str] = &[
    "date",
    "sent",
    "gesendet",
    "datum",
    "envoyé",
    "envoyé le",
    "le",
    "enviado",
    "enviado el",
    "enviado em",
    "enviada",
    "enviada em",
    "enviada el",
    "fecha",
    "data",
    "inviato",
    "verzonden",
    "sendt",
    "dato",
    "skickat",
    "lähetetty",
    "päivämäärä",
    "wysłano",
    "odesláno",
    "odoslané",
    "dátum",
    "trimis",
    "отправлено",
    "дата",
    "надіслано",
    "发送时间",
    "日期",
    "傳送日期",
    "寄件日期",
    "時間",
    "送信日時",
    "日時",
    "보낸 날짜",
    "tarih",
    "gönderme tarihi",
    "gönderildi",
    "elküldve",
];
const TEXTS: &[&str] = &[
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "von",
    "an",
    "betreff",
    "antwort an",
    "de",
    "expéditeur",
    "à",
    "destinataire",
    "répondre à",
    "objet",
    "para",
    "assunto",
    "asunto",
    "responder a",
    "da",
    "a",
    "risposta",
    "rispondi a",
    "oggetto",
    "van",
    "aan",
    "beantwoorden - aan",
    "onderwerp",
    "fra",
    "til",
    "emne",
    "från",
    "till",
    "ämne",
    "lähettäjä",
    "vastaanottaja",
    "aihe",
    "od",
    "do",
    "dw",
    "temat",
    "komu",
    "předmět",
    "predmet",
    "către",
    "subiect",
    "от",
    "от кого",
    "кому",
    "копия",
    "тема",
    "від",
    "发件人",
    "收件人",
    "抄送",
    "主题",
    "寄件者",
    "收件者",
    "主旨",
    "差出人",
    "宛先",
    "件名",
    "보낸 사람",
    "받는 사람",
    "제목",
    "kimden",
    "kime",
    "konu",
    "feladó",
    "címzett",
    "tárgy",
    "kopie",
    "copie",
    "copia",
    "kopi",
    "kopia",
];

fn is_header(line: &str) -> bool {
    let line = line.trim_start_matches(['*', ' ', '\t', '\u{a0}']);
    let Some(colon) = line.find([':', '：']).filter(|at| *at <= 40) else { return false };
    let name = line[..colon].trim_end_matches(['*', ' ', '\u{a0}']);
    let value = line[colon..].trim_start_matches([':', '：']);
    let folded = name.to_lowercase();
    if DATES.contains(&folded.as_str()) {
        return value.bytes().any(|b| b.is_ascii_digit());
    }
    TEXTS.contains(&folded.as_str()) && value.chars().any(char::is_alphanumeric)
}

/// Beginnings of what telephones and programs add, lower case; the last of each is what else must be in the line.
const SIGNATURES: &[(&str, &str)] = &[
    ("sent from ", ""),
    ("sent via ", ""),
    ("sent with ", ""),
    ("sent by ", ""),
    ("from my ", ""),
    ("get outlook for ", ""),
    ("get [outlook for ", ""),
    ("envoyé depuis ", ""),
    ("envoyé de mon ", ""),
    ("envoyé à partir de ", ""),
    ("obtenez outlook pour ", ""),
    ("von meinem ", "gesendet"),
    ("von meiner ", "gesendet"),
    ("von mobil", "gesendet"),
    ("diese nachricht wurde von ", "gesendet"),
    ("gesendet von ", ""),
    ("gesendet mit ", ""),
    ("gesendet über ", ""),
    ("holen sie sich outlook ", ""),
    ("outlook für ", "herunterladen"),
    ("inviato da ", ""),
    ("inviato dal ", ""),
    ("enviado desde ", ""),
    ("enviado do ", ""),
    ("enviado de ", ""),
    ("enviado a través de ", ""),
    ("enviado via ", ""),
    ("obtener outlook para ", ""),
    ("obter o outlook para ", ""),
    ("verzonden met ", ""),
    ("verzonden vanaf ", ""),
    ("verstuurd vanaf ", ""),
    ("verzonden via ", ""),
    ("outlook voor ", ""),
    ("sendt fra ", ""),
    ("sendt med ", ""),
    ("skickat från ", ""),
    ("från min ", ""),
    ("lähetetty ", ""),
    ("wysłane z ", ""),
    ("wysłano z ", ""),
    ("odesláno z ", ""),
    ("отправлено с ", ""),
    ("отправлено из ", ""),
    ("надіслано з ", ""),
    ("從我的 ", "傳送"),
    ("从我的", "发送"),
    ("发自我的", ""),
    ("發自我的", ""),
    ("iphoneから送信", ""),
    ("나의 iphone에서 보냄", ""),
    ("iphone'umdan gönderildi", ""),
    ("trimis de pe ", ""),
];
/// Words of excuse that may follow after a comma; anything else makes it a sentence.
const EXCUSES: &[&str] =
    &["excus", "typo", "brief", "brev", "sorry", "pardon", "apolog", "forgive", "please"];

fn is_signature(line: &str) -> bool {
    if line.len() > 200 {
        return false;
    }
    let bare = line.trim_start_matches(['(', '<', '*', '_', '[', '-', ' ']);
    let head: String = bare.chars().take(32).flat_map(char::to_lowercase).collect();
    let found = BEGINNINGS.as_ref().and_then(|words| words.find(Input::new(&head).anchored(Anchored::Yes)));
    let by_table = found.is_some_and(|found| {
        let (start, also) = SIGNATURES[found.pattern().as_usize()];
        let folded = bare.to_lowercase();
        folded.contains(also) && !continues(folded.get(start.len()..).unwrap_or_default())
    });
    by_table || is_from_mobile(bare)
}

static BEGINNINGS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = SIGNATURES.iter().map(|(start, _)| *start);
    AhoCorasick::builder()
        .start_kind(StartKind::Anchored)
        .match_kind(MatchKind::LeftmostLongest)
        .build(words)
        .ok()
});

/// Whether words after a comma make a sentence of it.
fn continues(rest: &str) -> bool {
    match rest.split_once(", ") {
        Some((_, clause)) => !EXCUSES.iter().any(|word| clause.contains(word)),
        None => rest.chars().count() > 100 && !rest.contains("://"),
    }
}

/// `Ann from mobile`.
fn is_from_mobile(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next().is_some_and(|name| name.chars().all(char::is_alphanumeric))
        && words.next().is_some_and(|word| word.eq_ignore_ascii_case("from"))
        && words.next().is_some_and(|word| word.to_ascii_lowercase().starts_with("mobile"))
}
