//! Tokens of requests: in the address an approver answers to, and in the link to the page where she decides. Each holds
//! for one request, one person and exactly what was asked; whether it was used is told by the request itself.

use domain::approval::Approval;
use domain::ids::{ApprovalId, PersonId, TenantId};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// The first letter of such a token in an address.
const MARK: char = 'a';
const MAC_BYTES: usize = 10;
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Makes and checks tokens.
#[derive(Clone)]
pub(crate) struct Tokens {
    /// Padded to a block, as the code's key is taken.
    key: [u8; 64],
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(..)")
    }
}

/// A token taken apart; not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) approval: ApprovalId,
    /// Named in links, which nobody signs; who answers a mail is known from that mail.
    pub(crate) person: Option<PersonId>,
    mac: [u8; MAC_BYTES],
}

impl Tokens {
    /// With the installation's key.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut padded = [0; 64];
        padded[..32].copy_from_slice(key);
        Self { key: padded }
    }

    /// For the address: `a` and 42 letters, so that it fits before the `@`.
    pub(crate) fn address(&self, tenant: TenantId, approval: &Approval, person: PersonId) -> String {
        let mac = self.mac(b"address", tenant, approval, person);
        format!("{MARK}{}", encode(&[approval.id.0.as_bytes().as_slice(), &mac].concat()))
    }

    /// For the link.
    pub(crate) fn link(&self, tenant: TenantId, approval: &Approval, person: PersonId) -> String {
        let mac = self.mac(b"link", tenant, approval, person);
        encode(&[approval.id.0.as_bytes().as_slice(), person.0.as_bytes(), &mac].concat())
    }

    /// Whether an address' token was made for this request, as it is, and this person.
    pub(crate) fn holds(
        &self,
        claim: &Claim,
        tenant: TenantId,
        approval: &Approval,
        person: PersonId,
    ) -> bool {
        let purpose: &[u8] = if claim.person.is_some() { b"link" } else { b"address" };
        let is_named = claim.person.is_none_or(|named| named == person);
        let state = self.state(purpose, tenant, approval, person);
        is_named && claim.approval == approval.id && state.verify_truncated_left(&claim.mac).is_ok()
    }

    fn state(&self, purpose: &[u8], tenant: TenantId, approval: &Approval, person: PersonId) -> Hmac<Sha256> {
        let mut state = <Hmac<Sha256> as hmac::digest::KeyInit>::new((&self.key).into());
        state.update(b"mail decisions/");
        state.update(purpose);
        for id in [tenant.0, approval.id.0, person.0] {
            state.update(id.as_bytes());
        }
        state.update(approval.payload_hash.as_bytes());
        state
    }

    fn mac(
        &self,
        purpose: &[u8],
        tenant: TenantId,
        approval: &Approval,
        person: PersonId,
    ) -> [u8; MAC_BYTES] {
        let whole = self.state(purpose, tenant, approval, person).finalize().into_bytes();
        std::array::from_fn(|at| whole[at])
    }
}

impl Claim {
    /// From an address' token.
    pub(crate) fn from_address(token: &str) -> Option<Self> {
        let bytes = decode(token.to_ascii_lowercase().strip_prefix(MARK)?)?;
        let (approval, mac) = bytes.split_at_checked(16)?;
        Some(Self {
            approval: ApprovalId(Uuid::from_slice(approval).ok()?),
            person: None,
            mac: mac.try_into().ok()?,
        })
    }

    /// From a link's token.
    pub(crate) fn from_link(token: &str) -> Option<Self> {
        let bytes = decode(token)?;
        let (approval, rest) = bytes.split_at_checked(16)?;
        let (person, mac) = rest.split_at_checked(16)?;
        let person = Some(PersonId(Uuid::from_slice(person).ok()?));
        Some(Self {
            approval: ApprovalId(Uuid::from_slice(approval).ok()?),
            person,
            mac: mac.try_into().ok()?,
        })
    }
}

/// Five bits a letter, letters that survive any mail server.
fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(LETTERS[(held >> bits & 31) as usize]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(char::from(LETTERS[(held << (5 - bits) & 31) as usize]));
    }
    out
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for letter in text.bytes() {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    // What is left over of the last letter must be nothing: each token has one spelling.
    (held == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use domain::approval::{State, payload_hash};
    use domain::ids::{Ids, PlanId, StepId};
    use serde_json::json;

    use super::*;

    fn approval(ids: &Ids) -> Approval {
        let payload = json!({"companies": ["a"]});
        let at = DateTime::<Utc>::UNIX_EPOCH;
        Approval {
            id: ApprovalId(ids.next()),
            plan: PlanId(ids.next()),
            step: StepId(ids.next()),
            subject: "create_deals".into(),
            payload_hash: payload_hash(&payload),
            payload,
            requested_by: PersonId(ids.next()),
            requested_by_name: "Ann".into(),
            requested_at: at,
            expires_at: at,
            state: State::Open,
            decision: None,
            voided: None,
            requirement: domain::approval::Requirement::default(),
            votes: Vec::new(),
            delegations: Vec::new(),
        }
    }

    #[test]
    fn a_token_holds_for_one_request_one_person_and_what_was_asked() {
        let ids = Ids::counted_from(1);
        let (tenant, tokens) = (TenantId(ids.next()), Tokens::new(&[7; 32]));
        let (one, other) = (approval(&ids), approval(&ids));
        let (ann, bob) = (PersonId(ids.next()), PersonId(ids.next()));
        let address = tokens.address(tenant, &one, ann);
        assert!(address.len() <= 44, "{address}");
        let claim = Claim::from_address(&address.to_uppercase()).unwrap();
        assert_eq!(claim.approval, one.id);
        assert!(tokens.holds(&claim, tenant, &one, ann));
        assert!(!tokens.holds(&claim, tenant, &one, bob));
        assert!(!tokens.holds(&claim, tenant, &other, ann));
        assert!(!tokens.holds(&claim, TenantId(ids.next()), &one, ann));
        assert!(!Tokens::new(&[8; 32]).holds(&claim, tenant, &one, ann));
        let changed = Approval { payload_hash: "other".into(), ..one.clone() };
        assert!(!tokens.holds(&claim, tenant, &changed, ann));

        let claim = Claim::from_link(&tokens.link(tenant, &one, ann)).unwrap();
        assert_eq!(claim.person, Some(ann));
        assert!(tokens.holds(&claim, tenant, &one, ann) && !tokens.holds(&claim, tenant, &one, bob));
        let swapped = Claim { person: Some(bob), ..claim };
        assert!(!tokens.holds(&swapped, tenant, &one, bob));
    }

    #[test]
    fn an_altered_token_holds_nothing() {
        let ids = Ids::counted_from(1);
        let (tenant, tokens, one) = (TenantId(ids.next()), Tokens::new(&[7; 32]), approval(&ids));
        let ann = PersonId(ids.next());
        let address = tokens.address(tenant, &one, ann);
        for at in 0..address.len() {
            for letter in ["b", "7", "A", "1", ""] {
                let mut altered = address.clone();
                altered.replace_range(at..=at, letter);
                if altered.eq_ignore_ascii_case(&address) {
                    continue;
                }
                let holds = Claim::from_address(&altered)
                    .is_some_and(|claim| tokens.holds(&claim, tenant, &one, ann));
                assert!(!holds, "{altered}");
            }
        }
    }
}
