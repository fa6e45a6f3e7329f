//! What is said about contracts.

use super::hold;

#[test]
fn contracts_are_read_shown_asked_and_linked() {
    hold(&[
        ("analyze https://a.example/msa.pdf", "analyze|https://a.example/msa.pdf|"),
        ("/contract analyze https://a.example/msa.pdf for Adyen", "analyze|https://a.example/msa.pdf|Adyen"),
        (
            "please review the contract https://a.example/x for Acme GmbH",
            "analyze|https://a.example/x|Acme GmbH",
        ),
        ("analysiere <https://a.example/m.pdf>", "analyze|https://a.example/m.pdf|"),
        ("contracts", "contracts"),
        ("list contracts", "contracts"),
        ("contract Adyen", "contract|Adyen"),
        ("show me the contract with Adyen", "contract|Adyen"),
        ("/contract Adyen", "contract|Adyen"),
        ("/contract ask Adyen what is the notice period?", "question|Adyen|what is the notice period?"),
        ("ask Adyen: what is the notice period?", "question|Adyen|what is the notice period?"),
        ("ask \"Master Agreement.pdf\" who owns the IP", "question|Master Agreement.pdf|who owns the IP"),
        (
            "/contract ask Acme Payments GmbH when does it end?",
            "question|Acme Payments GmbH|when does it end?",
        ),
        ("link \"MSA.pdf\" to Adyen", "link|MSA.pdf|Adyen"),
        ("contract link MSA.pdf to Adyen", "link|MSA.pdf|Adyen"),
        ("unlock Plum-Tree.7", "unlock|Plum-Tree.7"),
        ("/contract unlock \"two words\"", "unlock|two words"),
        ("The password is Hunter2!", "unlock|Hunter2!"),
        ("password: Hunter2", "unlock|Hunter2"),
        ("Passwort : äpfel", "unlock|äpfel"),
        ("password managers in Sweden", "?find password managers in Sweden"),
        ("reviews", "reviews"),
        ("contract review queue", "reviews"),
        ("renewals", "renewals"),
        ("/contract renewals", "renewals"),
        ("contract manufacturing companies in Poland", "find|contract manufacturing companies in Poland"),
    ]);
}
