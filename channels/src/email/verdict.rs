//! What a person decided by answering a mail: the first word, exactly, and nothing in the answer that takes it back.
//!
//! A wrong approval is far worse than a question too many, so whatever is not plainly a decision is asked back.

use domain::approval::Verdict;

use super::reply;

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A decision, and the words after it.
    Decided(Verdict, Option<String>),
    /// No decision, or more than one: ask.
    Unclear,
}

/// Words that say yes by themselves.
const APPROVE: &[&str] = &[
    "approve",
    "approved",
    "approving",
    "genehmigt",
    "genehmige",
    "freigegeben",
    "approuvé",
    "approuve",
    "approuvée",
    "j'approuve",
    "validé",
    "validée",
    "aprobado",
    "aprobada",
    "apruebo",
    "aprobar",
];
/// Words that say yes only when nothing but thanks comes with them: they answer other things too.
const YES: &[&str] = &["yes", "ja", "oui", "sí"];
/// Words that say no by themselves.
const REJECT: &[&str] = &[
    "reject",
    "rejected",
    "rejecting",
    "deny",
    "denied",
    "decline",
    "declined",
    "abgelehnt",
    "ablehnen",
    "ablehnung",
    "refusé",
    "refuse",
    "refusée",
    "rejeté",
    "rejetée",
    "rejette",
    "rechazado",
    "rechazada",
    "rechazo",
    "rechazar",
    "denegado",
    "denegada",
];
/// Words that send a request back, by themselves, with what is to change after them.
const CHANGE: &[&str] =
    &["changes", "change", "änderungen", "änderung", "changements", "modifications", "cambios", "zurück"];
/// Words that say no when a stop comes after them.
const NO: &[&str] = &["no", "nein", "non", "nope"];
/// What may stand beside a yes in its sentence.
const FILLERS: &[&str] = &[
    "this",
    "it",
    "that",
    "the",
    "request",
    "deal",
    "contract",
    "thanks",
    "thank",
    "you",
    "please",
    "go",
    "ahead",
    "by",
    "me",
    "from",
    "my",
    "side",
    "so",
    "am",
    "hereby",
    "danke",
    "bitte",
    "vielen",
    "dank",
    "von",
    "mir",
    "hiermit",
    "der",
    "die",
    "das",
    "vertrag",
    "anfrage",
    "merci",
    "beaucoup",
    "s'il",
    "vous",
    "plaît",
    "le",
    "la",
    "ce",
    "contrat",
    "demande",
    "de",
    "ma",
    "part",
    "gracias",
    "muchas",
    "por",
    "mi",
    "parte",
    "el",
    "contrato",
    "solicitud",
    "este",
    "esta",
    "ich",
    "je",
    "yo",
    "i",
    "and",
    "und",
    "et",
    "y",
    "regards",
    "best",
    "cheers",
    "grüße",
    "gruß",
    "mfg",
    "lg",
    "cordialement",
    "saludos",
    "all",
    "good",
];
/// Words that take back, put off, doubt or bind to a condition; also those that say that it is about something else.
const DOUBTS: &[&str] = &[
    // English
    "not",
    "no",
    "never",
    "none",
    "neither",
    "nor",
    "without",
    "cannot",
    "cant",
    "dont",
    "doesnt",
    "wont",
    "isnt",
    "unless",
    "until",
    "till",
    "if",
    "but",
    "however",
    "except",
    "only",
    "once",
    "after",
    "before",
    "when",
    "pending",
    "provided",
    "subject",
    "condition",
    "conditional",
    "conditionally",
    "assuming",
    "wait",
    "hold",
    "stop",
    "pause",
    "later",
    "maybe",
    "perhaps",
    "probably",
    "possibly",
    "should",
    "would",
    "could",
    "might",
    "unsure",
    "though",
    "although",
    "instead",
    "other",
    "yesterday",
    "yesterday's",
    "previous",
    "previously",
    "last",
    "old",
    "already",
    "wrong",
    "mistake",
    "undo",
    "revoke",
    "cancel",
    "withdraw",
    "kidding",
    "joke",
    "who",
    "what",
    "why",
    "unapproved",
    "disapprove",
    "disapproved",
    "disallow",
    "disallowed",
    "partially",
    "partly",
    "almost",
    "need",
    "needs",
    "must",
    "change",
    "changes",
    "yet",
    "hardly",
    "barely",
    "refrain",
    "forget",
    // German
    "nicht",
    "nichts",
    "kein",
    "keine",
    "keinen",
    "keinem",
    "keiner",
    "keinesfalls",
    "nie",
    "niemals",
    "ohne",
    "nein",
    "weder",
    "noch",
    "aber",
    "jedoch",
    "wenn",
    "falls",
    "sofern",
    "sobald",
    "erst",
    "bevor",
    "nachdem",
    "nur",
    "außer",
    "bis",
    "unter",
    "vorbehalt",
    "vorbehaltlich",
    "bedingung",
    "warten",
    "warte",
    "später",
    "vielleicht",
    "eventuell",
    "eigentlich",
    "würde",
    "könnte",
    "sollte",
    "müsste",
    "gestern",
    "gestrige",
    "falsch",
    "irrtum",
    "zurück",
    "stopp",
    "halt",
    "doch",
    "fast",
    "teilweise",
    // French
    "ne",
    "pas",
    "non",
    "jamais",
    "rien",
    "aucun",
    "aucune",
    "sans",
    "ni",
    "mais",
    "si",
    "sauf",
    "seulement",
    "uniquement",
    "quand",
    "lorsque",
    "après",
    "avant",
    "jusqu'à",
    "condition",
    "réserve",
    "réserves",
    "attendre",
    "attendez",
    "attends",
    "peut-être",
    "plus",
    "tard",
    "hier",
    "erreur",
    "annuler",
    "annule",
    "cependant",
    "toutefois",
    "presque",
    "partiellement",
    "guère",
    "faut",
    // Spanish
    "nunca",
    "jamás",
    "ningún",
    "ninguna",
    "ninguno",
    "nada",
    "sin",
    "pero",
    "excepto",
    "salvo",
    "solo",
    "sólo",
    "cuando",
    "después",
    "antes",
    "hasta",
    "condición",
    "siempre",
    "esperar",
    "espera",
    "espere",
    "quizás",
    "quizá",
    "tal",
    "vez",
    "tarde",
    "ayer",
    "todavía",
    "aún",
    "tampoco",
    "error",
    "cancelar",
    "parcialmente",
    "casi",
    "falta",
];

/// Reads an answer. `text` is the text of the mail as it came: quotes and signature are left out here.
#[must_use]
pub fn read(text: &str) -> Answer {
    let own = reply::own_words(text);
    let folded = own.to_lowercase().replace(['’', '‘', '`', '´'], "'");
    let words: Vec<&str> = words(&folded);
    let Some(first) = words.first().copied() else { return Answer::Unclear };
    let says = |list: &[&str]| words[1..].iter().any(|word| list.contains(word));
    let about_yes = says(APPROVE) || says(YES);
    let about_no = says(REJECT) || says(NO);
    if APPROVE.contains(&first) || YES.contains(&first) {
        let is_doubted = about_no || is_doubtful(&folded, &words[1..]);
        let sentence = words_of_first_sentence(&folded);
        let is_plain = sentence[1..].iter().all(|word| FILLERS.contains(word));
        let is_enough = APPROVE.contains(&first) || words[1..].iter().all(|word| FILLERS.contains(word));
        if is_doubted || !is_plain || !is_enough {
            return Answer::Unclear;
        }
        return Answer::Decided(Verdict::Approve, comment(&own));
    }
    if CHANGE.contains(&first) && !about_yes && !about_no && !folded.contains('?') {
        return comment(&own).map_or(Answer::Unclear, |what| Answer::Decided(Verdict::SendBack, Some(what)));
    }
    let is_reject = REJECT.contains(&first) || NO.contains(&first) && is_stopped(&folded, first);
    if !is_reject || about_yes || folded.contains('?') {
        return Answer::Unclear;
    }
    Answer::Decided(Verdict::Reject, comment(&own))
}

fn is_doubtful(text: &str, words: &[&str]) -> bool {
    let negated = |word: &str| word.ends_with("n't") || word.starts_with("n'") || word.starts_with("un-");
    text.contains(['?', '¿']) || words.iter().any(|word| DOUBTS.contains(word) || negated(word))
}

/// Words with their apostrophes and inner hyphens.
fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '-')
        .map(|word| word.trim_matches(['\'', '-']))
        .filter(|word| !word.is_empty())
        .collect()
}

fn words_of_first_sentence(text: &str) -> Vec<&str> {
    let text = text.trim_start();
    let end = text.find(['.', '!', '\n', ';', ':']).unwrap_or(text.len());
    let found = words(&text[..end]);
    if found.is_empty() { words(text) } else { found }
}

/// Whether a word at the beginning stands by itself.
fn is_stopped(text: &str, word: &str) -> bool {
    let rest = text.trim_start().strip_prefix(word).unwrap_or_default();
    rest.is_empty()
        || rest.starts_with(['.', ',', '!', ':', ';', '\n', '-', '–', '—'])
        || rest.starts_with(" -")
}

/// What is said after the first word, if anything.
fn comment(own: &str) -> Option<String> {
    let own = own.trim();
    let end = own.find(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '-')).unwrap_or(own.len());
    let rest = own[end..].trim_start_matches(|c: char| !c.is_alphanumeric() && !"(\"«„“".contains(c)).trim();
    (!rest.is_empty()).then(|| rest.to_owned())
}

#[cfg(test)]
mod tests;
