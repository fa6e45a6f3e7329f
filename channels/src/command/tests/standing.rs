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
