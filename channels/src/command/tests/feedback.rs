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
