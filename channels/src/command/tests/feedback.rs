//! Feedback on companies, and why a fit is what it is.

use super::hold;

#[test]
fn feedback_and_why() {
    hold(&[
        ("feedback good Acme", "good|Acme"),
        ("/deal feedback bad Acme because too small", "bad|Acme|too small"),
        ("feedback bad \"Acme, Inc.\", Beta because wrong region", "bad|Acme, Inc.+Beta|wrong region"),
        ("feedback not for us Acme", "bad|Acme"),
        ("why Adyen", "why|Adyen"),
        ("/deal why Adyen?", "why|Adyen"),
        ("why \"Deutsche Bank AG\"", "why|Deutsche Bank AG"),
        ("explain the fit of Adyen", "why|Adyen"),
    ]);
}

#[test]
fn other_questions_with_why_are_not_about_a_fit() {
    for text in ["why did you reject this?", "why is my deal stuck", "why not"] {
        assert!(!matches!(super::super::understand(text).intent, domain::intent::Intent::ExplainFit { .. }));
    }
}

#[test]
fn a_press_takes_what_is_ticked() {
    use domain::intent::Intent;

    let plan = "0190f3c2-7a10-7c3e-9d2a-0123456789ab";
    let ticked = ["c1".to_owned(), "c2".to_owned(), "c1".to_owned()];
    for (verb, good) in [("good_fit", true), ("not_for_us", false)] {
        let Ok(Intent::GiveFeedback { search, companies, is_good, reason }) =
            super::super::press(verb, plan, &ticked)
        else {
            panic!("{verb} is no feedback");
        };
        assert_eq!(search.map(|plan| plan.to_string()).as_deref(), Some(plan));
        assert_eq!((companies, is_good, reason), (vec!["c1".to_owned(), "c2".to_owned()], good, None));
        let nothing = super::super::press(verb, plan, &[]).unwrap_err();
        assert!(nothing.to_string().contains("Tick at least one company"), "{nothing}");
    }
}
