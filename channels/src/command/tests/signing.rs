//! What is said about signing => intent.

use domain::contract::signing::Handling;
use domain::intent::Intent;

use super::hold;

/// The intent in a few words.
pub(super) fn brief(intent: &Intent) -> String {
    match intent {
        Intent::SendForSignature { document, signers } => format!("sign|{document}|{}", signers.join(",")),
        Intent::HandleEnvelope { document, handling: Handling::Void { reason } } => {
            format!("void|{document}|{reason}")
        }
        Intent::HandleEnvelope { document, .. } => format!("nudge|{document}"),
        other => other.name().to_owned(),
    }
}

#[test]
fn signing_is_said() {
    hold(&[
        ("sign Adyen to ana@adyen.example", "sign|Adyen|ana@adyen.example"),
        (
            "/contract sign Reseller Agreement to ana@x.example, bo@x.example",
            "sign|Reseller Agreement|ana@x.example,bo@x.example",
        ),
        (
            "sign \"Terms to Sign\" to ana@x.example and bo@x.example",
            "sign|Terms to Sign|ana@x.example,bo@x.example",
        ),
        ("send for signature MSA to Ana Silva <ana@x.example>", "sign|MSA|Ana Silva <ana@x.example>"),
        ("sign MSA to <mailto:ana@x.example|ana@x.example>", "sign|MSA|ana@x.example"),
        ("sign MSA", "sign|MSA|"),
        ("sign MSA to nobody", "sign|MSA|nobody"),
        ("void Adyen because the fee changed", "void|Adyen|the fee changed"),
        ("/contract void Reseller Agreement because of the fee", "void|Reseller Agreement|of the fee"),
        ("void Adyen", "void|Adyen|"),
        ("nudge Adyen", "nudge|Adyen"),
        ("/contract nudge Reseller Agreement", "nudge|Reseller Agreement"),
    ]);
}
