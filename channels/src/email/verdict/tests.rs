//! What decides and what does not, in four languages.

use super::*;

fn decided(text: &str) -> Option<Verdict> {
    match read(text) {
        Answer::Decided(verdict, _) => Some(verdict),
        Answer::Unclear => None,
    }
}

#[test]
fn plain_answers_decide() {
    for text in [
        "Approved",
        "approve",
        "APPROVED!",
        "Approved, thanks",
        "Approve this request.",
        "Yes",
        "Yes, please go ahead",
        "Genehmigt",
        "Freigegeben, danke",
        "Ja.",
        "Genehmigt!\nViele Grüße\nAnn Meyer",
        "Approuvé",
        "J’approuve",
        "Oui, merci",
        "Validé.",
        "Aprobado",
        "Apruebo este contrato, gracias",
        "Sí, gracias",
        "Approved. The margin looks fine.",
        "Approved\n\nOn Mon, 3 May 2026 at 10:00, Dealdesk <d@example.com> wrote:\n> Do not approve if unsure",
        "Approved\n\nSent from my iPhone",
        "Approved\n-- \nNo Name Ltd",
    ] {
        assert_eq!(decided(text), Some(Verdict::Approve), "{text:?}");
    }
    for text in [
        "Rejected: the price is too high",
        "reject - wrong partner",
        "No, the term is too long",
        "Declined. Not now.",
        "Abgelehnt: zu teuer",
        "Nein, der Preis stimmt nicht",
        "Refusé : trop cher",
        "Non, c'est trop long",
        "Rechazado: demasiado caro",
        "No.",
    ] {
        assert_eq!(decided(text), Some(Verdict::Reject), "{text:?}");
    }
}

#[test]
fn the_words_after_a_decision_are_its_comment() {
    let Answer::Decided(_, comment) = read("Rejected: the price is too high.\n> old words") else {
        panic!("decided")
    };
    assert_eq!(comment.as_deref(), Some("the price is too high."));
    assert_eq!(read("Approved"), Answer::Decided(Verdict::Approve, None));
}

/// Thirty phrases in four languages with which somebody does not approve: none may be read as an approval.
#[test]
fn whoever_does_not_approve_is_not_read_as_if() {
    let phrases = [
        "No, don't approve",
        "Not approved",
        "Do not approve this",
        "Disallow",
        "I cannot approve this",
        "Approved? No.",
        "Approved yesterday's numbers, not these",
        "Approve only if legal agrees",
        "approved, but hold the payment",
        "Yes but not yet",
        "Never approve this",
        "Approved unless the client objects",
        "Unapproved",
        "Nicht genehmigt",
        "Genehmigt nicht!",
        "Genehmigt, aber erst nach Prüfung",
        "Ja, aber nicht so",
        "Kann ich nicht genehmigen",
        "Noch nicht freigegeben",
        "Genehmigt unter Vorbehalt",
        "Keinesfalls genehmigt",
        "Non approuvé",
        "Je n'approuve pas",
        "Approuvé sous réserve",
        "Oui mais pas maintenant",
        "Approuvé ? Jamais",
        "Pas validé",
        "No aprobado",
        "Aprobado solo si firma antes",
        "No apruebo",
        "Sí, pero todavía no",
        "Nunca aprobado",
        "Aprobado, salvo el anexo",
    ];
    assert!(phrases.len() >= 30);
    for phrase in phrases {
        assert_ne!(decided(phrase), Some(Verdict::Approve), "{phrase:?}");
    }
}

#[test]
fn what_is_about_something_else_is_asked_back() {
    for text in [
        "",
        "   ",
        "Hi Ann,\napproved",
        "ok",
        "Yes, I got your mail and will look at it tomorrow",
        "Yes.\nI will read it on Monday",
        "Approved the other one last week",
        "approved rejected",
        "Reject or approve?",
        "No problem, approved",
        "No worries",
        "Let me think",
        "> Approved",
        "| approved",
        ">> approve\n\nWhat is this?",
        "I approve",
        "Approval denied",
        "Approve everything except exhibit B",
        "si",
        "Approved.\n\nActually wait",
        "approvedx",
        "A p p r o v e d",
        "Approved by the board? Then send me the minutes",
        "Forget it",
    ] {
        assert_eq!(decided(text), None, "{text:?}");
    }
}

#[test]
fn words_that_are_quoted_never_decide() {
    let quoted = "On 3 May 2026, Dealdesk <d@example.com> wrote:\n> Approved\n> Reject\n";
    assert_eq!(decided(quoted), None);
    let below = "On 3 May 2026, Dealdesk <d@example.com> wrote:\n> Please answer: approve or reject.\n\nRejected: too long";
    assert_eq!(decided(below), Some(Verdict::Reject));
}
