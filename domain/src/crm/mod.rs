//! CRM rules without any calls: which fields and stages mean the same, who wins when both sides changed, how a walk
//! over a CRM's records goes on.

pub mod conflict;
pub mod map;
pub mod preview;
pub mod walk;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ids::{PersonId, TenantId};

/// The providers of this port.
pub const PROVIDERS: [&str; 2] = ["hubspot", "salesforce"];

/// What a CRM keeps that we follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// A company; here a partner.
    Company,
    /// A person at a company.
    Contact,
    /// A deal.
    Deal,
    /// A note on a deal.
    Note,
}

impl Object {
    /// All, in the order in which they are followed: what others point at comes first.
    pub const ALL: [Self; 4] = [Self::Company, Self::Contact, Self::Deal, Self::Note];

    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Contact => "contact",
            Self::Deal => "deal",
            Self::Note => "note",
        }
    }

    /// Reads the word of the tables.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|object| object.name() == name)
    }
}

/// What people call a provider.
pub fn label(provider: &str) -> &str {
    match provider {
        "hubspot" => "HubSpot",
        "salesforce" => "Salesforce",
        other => other,
    }
}

/// In whose name changes from a CRM are made: one of each tenant and provider, who can do nothing else.
pub fn person(tenant: TenantId, provider: &str) -> PersonId {
    let mut hash = Sha256::new();
    hash.update(tenant.0.as_bytes());
    hash.update(b"crm/");
    hash.update(provider.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    PersonId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The text of a note, which a CRM may keep as HTML: tags go, paragraphs stay lines.
pub fn plain(body: &str) -> String {
    let (mut text, mut is_tag, mut tag) = (String::with_capacity(body.len()), false, String::new());
    for c in body.chars() {
        match (c, is_tag) {
            ('<', false) => {
                is_tag = true;
                tag.clear();
            }
            ('>', true) => {
                is_tag = false;
                let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
                if matches!(name.to_ascii_lowercase().as_str(), "br" | "p" | "div" | "li")
                    && !text.is_empty()
                    && !text.ends_with('\n')
                {
                    text.push('\n');
                }
            }
            (c, true) => tag.push(c),
            (c, false) => text.push(c),
        }
    }
    let pairs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    let text = pairs.iter().fold(text, |text, (from, to)| text.replace(from, to));
    text.trim().to_owned()
}

/// A text as a CRM that keeps HTML has to be given it.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>")
}

/// What tells two writes apart in the ledger of our own writes.
pub fn hash_of<'a>(fields: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    let mut hash = Sha256::new();
    for (name, value) in fields {
        for part in [name.as_bytes(), value.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hex::encode(&hash.finalize()[..16])
}

/// The subject of a deal's effects, by which they stay in order.
pub fn subject_of(deal: Uuid) -> String {
    format!("deal:{deal}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_survives_the_way_there_and_back() {
        for text in ["Ana called: 5 < 6 & 7 > 2", "two\nlines", "&lt;b&gt; as written"] {
            assert_eq!(plain(&escaped(text)), text);
        }
        assert_eq!(plain("<div><p>One</p><p>Two <b>bold</b></p></div>"), "One\nTwo bold");
    }

    #[test]
    fn each_tenant_has_its_own_crm_person() {
        let (a, b) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        assert_eq!(person(a, "hubspot"), person(a, "hubspot"));
        assert_ne!(person(a, "hubspot"), person(b, "hubspot"));
        assert_ne!(person(a, "hubspot"), person(a, "salesforce"));
    }
}
