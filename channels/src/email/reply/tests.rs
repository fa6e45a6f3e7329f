//! Forms of replies in several languages and clients. The public corpora are read in `channels/tests/email`.

use super::{own_words, strip};

const MAIL: &str = "Please sign the contract.\nIt ends in May.";

/// A reply with the other's mail below an introduction, quoted and not.
fn is_cut(introduction: &str) {
    let quoted: String = MAIL.lines().map(|line| format!("> {line}\n")).collect();
    for below in [quoted.as_str(), MAIL, &format!("\n{quoted}"), &format!("\n{MAIL}")] {
        let text = format!("Agreed, we sign.\n\nAnn\n\n{introduction}\n{below}");
        assert_eq!(strip(&text), "Agreed, we sign.\n\nAnn", "{introduction}");
    }
}

#[test]
fn what_clients_write_above_a_quote_is_known() {
    for introduction in [
        "On Tue, 5 May 2026 at 10:31, Bob Stone <bob@example.com> wrote:",
        "On 5/5/26 10:31 AM, Bob Stone wrote:",
        "On Tue, May 5, 2026 at 10:31 AM Bob\nStone <bob@example.com>\nwrote:",
        "Bob Stone <bob@example.com> wrote:",
        "Am 05.05.26 um 10:31 schrieb Bob Stone:",
        "Am Di., 5. Mai 2026 um 10:31 Uhr schrieb Bob Stone <bob@example.com>:",
        "Bob Stone <bob@example.com> schrieb am Di. 5. Mai 2026 um 10:31:",
        "Am Dienstag, 5. Mai 2026, 10:31:12 MESZ hat Bob Stone <bob@example.com> Folgendes geschrieben:",
        "Le mar. 5 mai 2026 à 10:31, Bob Stone <bob@example.com> a écrit :",
        "Le 05/05/2026 à 10:31, Bob Stone a écrit\u{a0}:",
        "El mar, 5 may 2026 a las 10:31, Bob Stone (<bob@example.com>) escribió:",
        "El 5 de mayo de 2026 10:31, Bob Stone <bob@example.com> escribió:",
        "Il giorno mar 5 mag 2026 alle ore 10:31 Bob Stone <bob@example.com> ha scritto:",
        "Em ter., 5 de mai. de 2026 às 10:31, Bob Stone <bob@example.com> escreveu:",
        "Op di 5 mei 2026 om 10:31 schreef Bob Stone <bob@example.com>:",
        "Den 5. maj 2026 kl. 10.31 skrev Bob Stone <bob@example.com>:",
        "W dniu 5.05.2026 o 10:31, Bob Stone pisze: napisał:",
        "2026-05-05 10:31 GMT+02:00 Bob Stone <bob@example.com>:",
        "-----Original Message-----",
        "-----Ursprüngliche Nachricht-----",
        "-----Message d'origine-----",
        "-----Mensaje original-----",
        "---------- Forwarded message ---------",
        "________________________________\nFrom: Bob Stone <bob@example.com>\nSent: Tuesday, May 5, 2026 10:31 AM\nTo: Ann\nSubject: Contract\n",
        "Von: Bob Stone <bob@example.com>\nGesendet: Dienstag, 5. Mai 2026 10:31\nAn: Ann <ann@example.com>\nBetreff: Vertrag\n",
        "De : Bob Stone <bob@example.com>\nEnvoyé : mardi 5 mai 2026 10:31\nÀ : Ann\nObjet : Contrat\n",
        "De: Bob Stone <bob@example.com>\nEnviado el: martes, 5 de mayo de 2026 10:31\nPara: Ann\nAsunto: Contrato\n",
    ] {
        is_cut(introduction);
    }
}

#[test]
fn signatures_of_telephones_and_below_strokes_are_left_out() {
    for signature in [
        "-- \nAnn Meyer\nACME",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Gesendet mit der GMX Mail App",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Get Outlook for iOS",
        "_____\nACME Ltd, registered in England",
    ] {
        assert_eq!(strip(&format!("We sign.\n\n{signature}\n")), "We sign.", "{signature}");
    }
}

#[test]
fn ones_own_words_stay() {
    for text in [
        "On Monday we wrote to them.\nThey have not answered.",
        "From: now on we use the new template.",
        "I sent from my desk the old version, please look.",
        "The term is 3 years - as on 5 May 2026 agreed.",
        "Points:\n- price\n- term: 12 months",
        "```\n-----\n# a table\n```\nThat is the table.",
        "At 10:30 we meet:\n1. price\n2. term",
    ] {
        assert_eq!(strip(text), text);
    }
}

#[test]
fn answers_between_quotes_keep_what_they_answer() {
    let text = "> Is the term fine?\n\nYes.\n\n> And the price?\n\nNo.";
    assert_eq!(strip(text), text);
    assert_eq!(own_words(text), "Yes.\n\n\nNo.");
}

#[test]
fn odd_texts_do_no_harm() {
    for text in ["", "\n\n\n", ">", "--", "\0\0", "> quote only", "On", "wrote:", "```", ">>>>\n", ":\u{a0}:"]
    {
        let (_, _) = (strip(text), own_words(text));
    }
    let long = format!("{}\n> {}\n{}", "x".repeat(300_000), "y".repeat(300_000), "On 1 May\n".repeat(20_000));
    assert!(strip(&long).starts_with("xxx"));
}
