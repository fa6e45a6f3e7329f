//! What is said about who decides.

use super::hold;

#[test]
fn the_policy_is_asked_and_people_stand_in() {
    hold(&[
        ("policy", "policy"),
        ("/approvals policy", "policy"),
        ("approval policy", "policy"),
        ("policy for a 50k deal", "policy a 50k deal"),
        (
            "who must approve a 200k revenue share with exclusivity?",
            "policy a 200k revenue share with exclusivity",
        ),
        ("/approvals who must approve a 200k deal", "policy must approve a 200k deal"),
        ("Who has to approve two deals?", "policy two deals"),
        ("wer genehmigt 50k", "policy 50k"),
        ("find policy administration software in Ireland", "find|policy administration software in Ireland"),
        ("delegate", "delegate"),
        ("/approvals delegates", "delegate"),
        ("delegate to Lee", "delegate|Lee|Days(7)"),
        ("delegate my approvals to Lee Chen for 2 weeks", "delegate|Lee Chen|Days(14)"),
        ("/approvals delegate to lee@a.example until 2026-12-05", "delegate|lee@a.example|Until(2026-12-05)"),
        ("delegiere an Lee für 3 Tage", "delegate|Lee|Days(3)"),
        ("delegate to nobody", "delegate nobody"),
        ("stop delegating", "delegate nobody"),
    ]);
}

#[test]
fn a_room_is_told_what_it_follows() {
    let on = |topics: &str, stage: &str, rhythm: &str| {
        format!("follow|On {{ topics: [{topics}], stage: {stage}, rhythm: {rhythm} }}")
    };
    let cases = [
        ("follow", "follow|Show".to_owned()),
        ("follow nothing", "follow|Off".to_owned()),
        ("unfollow", "follow|Off".to_owned()),
        ("follow deals", on("Deals", "None", "AtOnce")),
        ("follow deals to signed", on("Deals", "Some(Signed)", "AtOnce")),
        ("follow deals to legal review daily", on("Deals", "Some(LegalReview)", "Daily")),
        ("follow contracts and decisions", on("Decisions, Contracts", "None", "AtOnce")),
        ("tell this channel about stalled deals each morning", on("Deals, Stalled", "None", "Daily")),
        ("follow everything", on("Deals, Decisions, Contracts, Stalled", "None", "AtOnce")),
    ];
    let cases: Vec<(&str, &str)> = cases.iter().map(|(said, meant)| (*said, meant.as_str())).collect();
    hold(&cases);
}
