//! Deals proposed with companies that are known already.

use super::super::understand;
use super::{brief, hold};

#[test]
fn deals_are_proposed_with_companies() {
    hold(&[
        ("new", "propose|"),
        ("/deal new", "propose|"),
        ("new deal", "propose|"),
        ("propose", "propose|"),
        ("propose Adyen", "propose|Adyen"),
        ("new deal with Adyen", "propose|Adyen"),
        ("create a deal with \"Fish & Chips Ltd\"", "propose|Fish & Chips Ltd"),
        ("start a deal with N26 please", "propose|N26"),
        ("neuer deal", "propose|"),
        ("propose a deal with Adyen", "propose|Adyen"),
        ("propose \"Deal\"", "propose|Deal"),
        ("propose A Company", "propose|A Company"),
    ]);
    // Only alone is it a command.
    for text in ["new deals", "new banks in Spain", "new payment partners in Berlin"] {
        assert!(!brief(&understand(text)).starts_with("propose"), "{text}");
    }
}
