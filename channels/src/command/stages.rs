//! How people call the stages of a deal.

use domain::deal::Stage;

use super::words::Words;

/// A spelling of a stage. A weak one counts only after "move … to", as it means other things elsewhere.
struct Spelling {
    words: &'static str,
    stage: Stage,
    is_weak: bool,
}

const fn strong(words: &'static str, stage: Stage) -> Spelling {
    Spelling { words, stage, is_weak: false }
}

const fn weak(words: &'static str, stage: Stage) -> Spelling {
    Spelling { words, stage, is_weak: true }
}

static SPELLINGS: &[Spelling] = &[
    strong("prospect", Stage::Prospect),
    strong("prospects", Stage::Prospect),
    strong("prospecting", Stage::Prospect),
    weak("lead", Stage::Prospect),
    weak("leads", Stage::Prospect),
    weak("new", Stage::Prospect),
    weak("interessent", Stage::Prospect),
    strong("qualified", Stage::Qualified),
    weak("qualify", Stage::Qualified),
    strong("qualification", Stage::Qualified),
    strong("qualifying", Stage::Qualified),
    strong("qualifiziert", Stage::Qualified),
    strong("qualifie", Stage::Qualified),
    strong("calificado", Stage::Qualified),
    strong("proposal", Stage::Proposal),
    strong("proposals", Stage::Proposal),
    strong("proposed", Stage::Proposal),
    weak("propose", Stage::Proposal),
    weak("offer", Stage::Proposal),
    weak("offered", Stage::Proposal),
    weak("pitch", Stage::Proposal),
    weak("angebot", Stage::Proposal),
    weak("offre", Stage::Proposal),
    weak("propuesta", Stage::Proposal),
    strong("negotiation", Stage::Negotiation),
    strong("negotiations", Stage::Negotiation),
    strong("negotiating", Stage::Negotiation),
    weak("negotiate", Stage::Negotiation),
    weak("negotiated", Stage::Negotiation),
    weak("talks", Stage::Negotiation),
    weak("terms", Stage::Negotiation),
    strong("verhandlung", Stage::Negotiation),
    strong("verhandlungen", Stage::Negotiation),
    strong("negociation", Stage::Negotiation),
    strong("negociacion", Stage::Negotiation),
    strong("negoziazione", Stage::Negotiation),
    strong("legal review", Stage::LegalReview),
    strong("legal", Stage::LegalReview),
    strong("legal check", Stage::LegalReview),
    strong("contract review", Stage::LegalReview),
    weak("review", Stage::LegalReview),
    weak("lawyers", Stage::LegalReview),
    weak("contract", Stage::LegalReview),
    strong("rechtsprufung", Stage::LegalReview),
    weak("recht", Stage::LegalReview),
    strong("juridique", Stage::LegalReview),
    strong("revision legal", Stage::LegalReview),
    strong("signed", Stage::Signed),
    weak("sign", Stage::Signed),
    weak("signature", Stage::Signed),
    weak("signing", Stage::Signed),
    strong("won", Stage::Signed),
    strong("closed won", Stage::Signed),
    weak("win", Stage::Signed),
    strong("unterschrieben", Stage::Signed),
    strong("unterzeichnet", Stage::Signed),
    weak("signe", Stage::Signed),
    strong("firmado", Stage::Signed),
    strong("live", Stage::Live),
    weak("active", Stage::Live),
    strong("launched", Stage::Live),
    weak("go live", Stage::Live),
    weak("running", Stage::Live),
    weak("aktiv", Stage::Live),
    weak("actif", Stage::Live),
    weak("activo", Stage::Live),
    strong("renewal", Stage::Renewal),
    strong("renewals", Stage::Renewal),
    weak("renew", Stage::Renewal),
    strong("renewing", Stage::Renewal),
    strong("up for renewal", Stage::Renewal),
    strong("verlangerung", Stage::Renewal),
    strong("renouvellement", Stage::Renewal),
    strong("renovacion", Stage::Renewal),
    strong("ended", Stage::Ended),
    weak("end", Stage::Ended),
    weak("finished", Stage::Ended),
    strong("terminated", Stage::Ended),
    strong("expired", Stage::Ended),
    strong("lost", Stage::Lost),
    strong("closed lost", Stage::Lost),
    weak("dead", Stage::Lost),
    strong("verloren", Stage::Lost),
    weak("perdu", Stage::Lost),
    weak("perdido", Stage::Lost),
    strong("on hold", Stage::OnHold),
    strong("paused", Stage::OnHold),
    weak("hold", Stage::OnHold),
];

/// More spellings that all mean "rests".
const AT_REST: [&str; 8] =
    ["onhold", "parked", "pause", "pausiert", "en attente", "en espera", "in attesa", "holding"];

/// The stage of some words, compared without case, accents, hyphens and underscores.
fn stage_of(words: &str, with_weak: bool) -> Option<Stage> {
    let words = words.replace(['_', '-'], " ");
    if with_weak && AT_REST.contains(&words.as_str()) {
        return Some(Stage::OnHold);
    }
    SPELLINGS.iter().find(|s| s.words == words && (with_weak || !s.is_weak)).map(|s| s.stage)
}

/// The stage that stands at a place and how many words it takes, `the` and `stage` around it included.
pub(super) fn stage_at(words: &Words<'_>, at: usize, with_weak: bool) -> Option<(Stage, usize)> {
    let lead = words.longest_at(at, &["the", "a", "stage", "the stage", "status", "phase"]).unwrap_or(0);
    for lead in if lead > 0 { vec![0, lead] } else { vec![0] } {
        for count in (1..=3).rev().filter(|count| at + lead + count <= words.len()) {
            let from = at + lead;
            // Punctuation inside a phrase ends it: "live, review next week" is Live.
            if (from..from + count - 1).any(|i| words.raw(i).ends_with([',', ';', ':', '.'])) {
                continue;
            }
            let phrase = words.keys(from).take(count).collect::<Vec<_>>().join(" ");
            if let Some(stage) = stage_of(&phrase, with_weak) {
                let tail = usize::from(matches!(words.key(from + count), "stage" | "phase" | "status"));
                return Some((stage, lead + count + tail));
            }
        }
    }
    None
}

/// The spelling nearest to a misspelt stage, and how near, 0 to 1.
pub(super) fn nearest(words: &str) -> Option<(Stage, f64)> {
    let words = words.replace(['_', '-'], " ");
    SPELLINGS
        .iter()
        .filter_map(|s| super::suggest::likeness(&words, s.words).map(|near| (s.stage, near)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
}
