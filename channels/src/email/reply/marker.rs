//! Lines that introduce another mail: `On 3 May, Ann wrote:` in many languages, dates with addresses, forwarding.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Words for writing, lower case.
const WROTE: &[&str] = &[
    "wrote",
    "writes",
    "schrieb",
    "geschrieben",
    "a écrit",
    "a ecrit",
    "écrit",
    "écrivait",
    "escribió",
    "escribio",
    "escreveu",
    "ha scritto",
    "scritto",
    "schreef",
    "geschreven",
    "skrev",
    "napisał(a)",
    "napisał",
    "napisała",
    "napisal",
    "napsal(a)",
    "napsal",
    "napísal(a)",
    "napísal",
    "написал(а)",
    "написал",
    "написала",
    "написав",
    "пишет",
    "пише",
    "писал",
    "kirjoitti",
    "a scris",
    "írta",
    "yazdı",
    "έγραψε",
    "写道",
    "寫道",
    "写到",
    "님이 작성",
    "のメール",
];

/// Words that begin an introduction, lower case, with the blank after them.
const OPENERS: &[&str] = &[
    "on ",
    "at ",
    "le ",
    "am ",
    "op ",
    "el ",
    "em ",
    "il ",
    "den ",
    "dnia ",
    "w dniu ",
    "dne ",
    "dňa ",
    "pe ",
    "la data de ",
    "în data de ",
    "på ",
    "на ",
    "в ",
    "στις ",
    "在",
    "于",
];

/// Abbreviated and full names of weekdays and months begin dates; four letters tell them.
const DATE_WORDS: &[&str] = &[
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "lun", "mar", "mer", "mié", "mie", "jeu", "jue", "ven",
    "vie", "sam", "sáb", "sab", "dim", "dom", "mo.", "di.", "mi.", "do.", "fr.", "sa.", "so.", "man", "tir",
    "ons", "tor", "fre", "lør", "søn", "mån", "tis", "lör", "sön", "пн", "вт", "ср", "чт", "пт", "сб", "вс",
    "нд", "пон", "вто", "сре", "чет", "пят", "суб", "вос", "jan", "feb", "apr", "may", "jun", "jul", "aug",
    "sep", "oct", "nov", "dec", "янв", "фев", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек",
    "seg", "ter", "qua", "qui", "sex", "pon", "wto", "wt.", "śro", "śr.", "czw", "pią", "pt.", "sob", "nie",
    "vr", "za", "zo", "ma", "di", "wo", "do",
];

/// Stems of what stands between strokes above a forwarded or answered mail.
const FORWARDED: &[&str] = &[
    "forwarded message",
    "original message",
    "reply message",
    "forwarded by",
    "original appointment",
    "ursprüngliche nachricht",
    "ursprungliche nachricht",
    "originalnachricht",
    "original-nachricht",
    "weitergeleitete nachricht",
    "message transféré",
    "message transfere",
    "message d'origine",
    "message d’origine",
    "message original",
    "mensaje original",
    "mensaje reenviado",
    "mensagem original",
    "mensagem encaminhada",
    "messaggio originale",
    "messaggio inoltrato",
    "oorspronkelijk bericht",
    "doorgestuurd bericht",
    "origineel bericht",
    "originalmeddelande",
    "vidarebefordrat",
    "ursprungligt meddelande",
    "oprindelig",
    "oprindelig besked",
    "videresendt",
    "opprinnelig melding",
    "alkuperäinen viesti",
    "wiadomość oryginalna",
    "oryginalna wiadomość",
    "wiadomość przekazana",
    "přeposlaná zpráva",
    "původní zpráva",
    "pôvodná správa",
    "исходное сообщение",
    "пересылаемое сообщение",
    "оригинальное сообщение",
    "пересланное сообщение",
    "原始邮件",
    "原始郵件",
    "转发邮件",
    "轉寄郵件",
    "轉寄的郵件",
    "元のメッセージ",
    "転送メッセージ",
    "원본 메시지",
    "전달된 메시지",
    "orijinal mesaj",
    "eredeti üzenet",
    "mesaj original",
];

/// The same where no strokes are needed, since a colon ends them.
const FORWARDED_PLAIN: &[&str] = &[
    "begin forwarded message",
    "anfang der weitergeleiteten nachricht",
    "anfang der weitergeleiteten e-mail",
    "début du message transféré",
    "début du message réexpédié",
    "inicio del mensaje reenviado",
    "início da mensagem reenviada",
    "início da mensagem encaminhada",
    "inizio messaggio inoltrato",
    "begin doorgestuurd bericht",
    "start på videresendt besked",
    "videresendt besked",
    "vidarebefordrat brev",
    "начало переадресованного сообщения",
    "początek przekazywanej wiadomości",
];

/// Whether a line, without blanks around it, introduces another mail.
pub(super) fn is_marker(line: &str) -> bool {
    let line = line.trim_start_matches(['>', ' ', '\t', '\u{a0}']);
    let has_colon = line.ends_with([':', '：']);
    let interesting = has_colon
        || line.ends_with(['-', '_', '*', '>', ')', ']'])
        || line.ends_with(|c: char| c.is_alphabetic()) && line.contains(|c: char| c.is_ascii_digit());
    if !interesting {
        return false;
    }
    let folded = line.to_lowercase();
    is_forwarding(&folded) || is_introduction(&folded) || is_dated_address(&folded) || is_post(&folded)
}

/// Whether a line may be the first of several that make an introduction.
pub(super) fn may_begin(line: &str) -> bool {
    // There is a date or an address in it; most lines have neither.
    if !line.bytes().any(|b| b.is_ascii_digit() || b == b'@') {
        return false;
    }
    let head: String = line
        .trim_start_matches(['>', '<', '-', '*', ' ', '\t'])
        .chars()
        .take(12)
        .flat_map(char::to_lowercase)
        .collect();
    OPENERS.iter().any(|word| head.starts_with(word))
        || begins_with_date(&head)
        || line.contains('@') && line.contains(['<', '(', '['])
        || mentions_writing(&line.to_lowercase()).is_some()
}

fn is_forwarding(line: &str) -> bool {
    let bare = line.trim_matches(['*', ' ']);
    if let Some(words) = bare.strip_suffix([':', '：']) {
        let words = words.trim_end();
        if FORWARDED_PLAIN.contains(&words) {
            return true;
        }
    }
    if !bare.starts_with("--") && !bare.starts_with("__") {
        return false;
    }
    let words = bare.trim_matches(['-', '_', ' ', '\u{a0}']);
    words.len() <= 120 && FORWARDED.iter().any(|stem| words.starts_with(stem))
}

/// The position and length of the last word for writing that stands by itself.
fn mentions_writing(line: &str) -> Option<(usize, usize)> {
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(WROTE).ok());
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    WORDS
        .as_ref()?
        .find_overlapping_iter(line)
        .filter(|found| {
            // Chinese and Korean put no blanks between words.
            let is_spaced = line[found.range()].chars().all(|c| (c as u32) < 0x3000);
            let before = line[..found.start()].chars().next_back();
            let after = line[found.end()..].chars().next();
            !is_spaced || !is_letter(before) && !is_letter(after)
        })
        .map(|found| (found.start(), found.len()))
        .max()
}

fn is_introduction(line: &str) -> bool {
    let Some((at, length)) = mentions_writing(line) else { return false };
    let bare = line.trim_start_matches(['<', '-', '*', ' ']);
    let rest = line[at + length..].trim_matches([':', '：', '>', '*', '-', ' ', '\u{a0}', '_']);
    let is_opened = OPENERS.iter().any(|word| bare.starts_with(word));
    let has_digit = line.bytes().any(|b| b.is_ascii_digit());
    let is_last = rest.is_empty();
    let ends_as_one = line.ends_with([':', '：', '-', '*']) || is_last;
    let has_address = has_address(line);
    if is_opened && has_digit && (ends_as_one || line.ends_with('>')) {
        return true;
    }
    if has_moment(line) && ends_as_one && (line.ends_with([':', '：']) || begins_with_date(bare)) {
        return true;
    }
    // `Ann <ann@example.com> wrote:`, `ann via Forum wrote:`.
    let is_named = has_address || line.contains(" via ") && line.split_whitespace().count() <= 10;
    is_last && line.ends_with([':', '：']) && is_named
}

fn has_address(line: &str) -> bool {
    ['<', '(', '['].into_iter().any(|open| {
        line.split(open).skip(1).any(|rest| {
            let inner = rest.split(['>', ')', ']']).next().unwrap_or_default();
            inner.len() < 200
                && inner.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        })
    })
}

/// A year, a time of day or a date in digits.
fn has_moment(line: &str) -> bool {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).filter(|at| digit(*at)).any(|at| {
        let is_start = at == 0 || !digit(at - 1);
        let is_year = is_start
            && (bytes[at..].starts_with(b"20") || bytes[at..].starts_with(b"19"))
            && digit(at + 2)
            && digit(at + 3)
            && !digit(at + 4);
        let is_pair = |sign: u8| bytes.get(at + 1) == Some(&sign) && digit(at + 2);
        is_year || is_pair(b':') && digit(at + 3) || is_pair(b'/')
    })
}

fn begins_with_date(line: &str) -> bool {
    if line.starts_with(|c: char| c.is_ascii_digit()) {
        return true;
    }
    let word: String = line.chars().take_while(|c| c.is_alphabetic() || *c == '.').collect();
    DATE_WORDS
        .iter()
        .any(|name| if name.len() < 3 { word.trim_end_matches('.') == *name } else { word.starts_with(name) })
}

/// `2013/10/2 Ann <ann@example.com>:`, and Google's form without an address.
fn is_dated_address(line: &str) -> bool {
    if !begins_with_date(line) || !has_moment(line) {
        return false;
    }
    let bare = line.trim_end_matches([':', '：', ' ']);
    let is_addressed = bare.ends_with('>') && has_address(line);
    is_addressed || is_stamped_name(line)
}

/// `2016-03-03 17:21 GMT+01:00 Some One`.
fn is_stamped_name(line: &str) -> bool {
    let mut words = line.trim_end_matches(':').split_whitespace();
    let is_day = words.next().is_some_and(|day| {
        day.len() == 10 && day.bytes().filter(u8::is_ascii_digit).count() == 8 && day.contains(['-', '/'])
    });
    let is_time = words.next().is_some_and(|time| time.contains(':') && time.len() <= 8);
    let is_zone = words.next().is_some_and(|zone| zone.starts_with("gmt") || zone.starts_with("utc"));
    let names = words.filter(|word| word.chars().all(|c| c.is_alphanumeric() || "-._'\"".contains(c)));
    is_day && is_time && is_zone && (1..=6).contains(&names.count())
}

/// `Posted by ann on 01/21/2016`.
fn is_post(line: &str) -> bool {
    line.strip_prefix("posted by ")
        .and_then(|rest| rest.rsplit_once(" on "))
        .is_some_and(|(_, date)| date.len() <= 12 && date.bytes().filter(u8::is_ascii_digit).count() >= 6)
}
