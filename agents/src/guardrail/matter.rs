//! What a finding is, as a team's rules see it: by the harm that a leak of it does.

use domain::screening::{Matter, Seen};

use super::{Family, Finding};

/// Values that move money.
const PAYMENT: [&str; 5] = ["CREDIT_CARD", "IBAN_CODE", "CRYPTO", "ABA_ROUTING_NUMBER", "US_BANK_NUMBER"];
/// Numbers that stand for a person before the state or a doctor.
const IDENTITY: [&str; 18] = [
    "US_SSN",
    "US_ITIN",
    "US_PASSPORT",
    "US_DRIVER_LICENSE",
    "UK_NHS",
    "UK_NINO",
    "IN_AADHAAR",
    "DK_CPR",
    "SE_PERSONNUMMER",
    "SG_NRIC_FIN",
    "IT_FISCAL_CODE",
    "ZA_ID_NUMBER",
    "BR_CPF",
    "CA_SIN",
    "AU_TFN",
    "AU_MEDICARE",
    "DE_ID_CARD",
    "KR_DRIVER_LICENSE",
];
/// Values by which a person or a machine is reached or found.
const CONTACT: [&str; 8] = [
    "EMAIL_ADDRESS",
    "PHONE_NUMBER",
    "TR_PHONE_NUMBER",
    "IP_ADDRESS",
    "MAC_ADDRESS",
    "STREET_ADDRESS",
    "UK_POSTCODE",
    "PERSON",
];

/// What a finding is to the rules; none for what harms nobody (a date, a company's number in a register).
pub(crate) fn seen(finding: &Finding) -> Option<Seen> {
    let is = |list: &[&str]| list.contains(&finding.entity);
    let matter = match finding.family {
        Family::Secret => Matter::Secret,
        _ if is(&PAYMENT) => Matter::Payment,
        _ if is(&IDENTITY) => Matter::Identity,
        _ if is(&CONTACT) => Matter::Contact,
        _ => return None,
    };
    Some(Seen { matter, score: finding.score })
}
