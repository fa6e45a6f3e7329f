//! Domain events: what happened, told to others in a form that does not change under them.
//!
//! Each kind has a version and a fixed set of fields; a field is only ever added. Documents' text, notes' text and
//! comments stay inside: whoever may read them asks for them by their number.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::change::Change;
use crate::ids::{DealId, TenantId};

/// What sort of value a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A number of ours, as a UUID.
    Id,
    /// Text.
    Text,
    /// A whole number.
    Count,
    /// A time, RFC 3339.
    Time,
    /// A list of objects.
    List,
}

impl Shape {
    fn schema(self) -> Value {
        match self {
            Self::Id => json!({ "type": "string", "format": "uuid" }),
            Self::Text => json!({ "type": "string" }),
            Self::Count => json!({ "type": "integer" }),
            Self::Time => json!({ "type": "string", "format": "date-time" }),
            Self::List => json!({ "type": "array", "items": { "type": "object" } }),
        }
    }
}

/// A field of an event.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// Whether it may be missing.
    pub is_optional: bool,
    /// What it means.
    pub says: &'static str,
}

const fn field(name: &'static str, shape: Shape, says: &'static str) -> Field {
    Field { name, shape, is_optional: false, says }
}

const fn maybe(name: &'static str, shape: Shape, says: &'static str) -> Field {
    Field { name, shape, is_optional: true, says }
}

/// A kind of event.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What happened, e.g. `deal.moved`.
    pub name: &'static str,
    /// The version of its fields.
    pub version: u16,
    /// What it means.
    pub says: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
}

use Shape::{Count, Id, List, Text, Time};

/// All kinds, in the order of a deal's life.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "partner.found",
        version: 1,
        says: "A page of companies was shown to somebody who looked for partners.",
        fields: &[
            field("plan", Id, "the search"),
            field("shown_to", Id, "the person who saw it"),
            field("companies", List, "company, fit from 0 to 100, what gave the fit"),
        ],
    },
    Kind {
        name: "approval.opened",
        version: 1,
        says: "Approvers are asked.",
        fields: &[
            field("approval", Id, "the request"),
            field("about", Text, "what it is about, e.g. create_deals"),
            field("requested_by", Id, "the person who asks"),
            field("expires_at", Time, "when it lapses"),
        ],
    },
    Kind {
        name: "approval.voted",
        version: 1,
        says: "Somebody approved, and others are still needed.",
        fields: &[field("approval", Id, "the request"), field("by", Id, "the person who approved")],
    },
    Kind {
        name: "approval.decided",
        version: 1,
        says: "A request was decided.",
        fields: &[
            field("approval", Id, "the request"),
            field("verdict", Text, "approve, reject or send_back"),
            field("by", Id, "the person whose vote settled it"),
        ],
    },
    Kind {
        name: "approval.expired",
        version: 1,
        says: "Nobody decided in time.",
        fields: &[field("approval", Id, "the request")],
    },
    Kind {
        name: "approval.voided",
        version: 1,
        says: "A request was taken back, or what it was about changed.",
        fields: &[field("approval", Id, "the request"), maybe("by", Id, "the person who took it back")],
    },
    Kind {
        name: "deal.started",
        version: 1,
        says: "A company became a partner and a deal with it started.",
        fields: &[
            field("deal", Id, "the deal"),
            field("company", Text, "the company in the directory"),
            field("name", Text, "its name"),
            field("owner", Id, "the person who looks after it"),
            field("approved_by", Id, "the person who let it happen"),
            maybe("fit", Count, "fit from 0 to 100, when it came from a search"),
        ],
    },
    Kind {
        name: "deal.moved",
        version: 1,
        says: "A deal moved to another stage.",
        fields: &[
            field("deal", Id, "the deal"),
            field("from", Text, "the stage before"),
            field("to", Text, "the stage from now on"),
            field("by", Id, "the person who moved it"),
        ],
    },
    Kind {
        name: "deal.stalled",
        version: 1,
        says: "Nothing happened to a deal for two weeks, or it is in its stage for long.",
        fields: &[
            field("deal", Id, "the deal"),
            field("stage", Text, "the stage it is in"),
            field("why", Text, "quiet: nothing happened; slow: longer than usual in its stage"),
            field("days", Count, "for how many days"),
        ],
    },
    Kind {
        name: "deal.noted",
        version: 1,
        says: "A note was written on a deal.",
        fields: &[
            field("deal", Id, "the deal"),
            field("note", Id, "the note"),
            field("by", Id, "the person who wrote it"),
        ],
    },
    Kind {
        name: "contract.added",
        version: 1,
        says: "A version of a contract was kept.",
        fields: &[
            field("document", Id, "the document"),
            field("version", Id, "its version"),
            field("name", Text, "the file's name"),
            field("sha256", Text, "the file's SHA-256, hexadecimal"),
            field("bytes", Count, "the file's size"),
            maybe("deal", Id, "the deal it belongs to"),
            field("by", Id, "the person who sent it"),
        ],
    },
    Kind {
        name: "terms.extracted",
        version: 1,
        says: "A version of a contract was read.",
        fields: &[
            field("analysis", Id, "the reading"),
            field("version", Id, "what was read"),
            field("playbook", Count, "the number of the playbook it was held against"),
            field("terms", Count, "terms looked for"),
            field("findings", Count, "findings"),
        ],
    },
    Kind {
        name: "term.corrected",
        version: 1,
        says: "A person said what a term is.",
        fields: &[
            field("analysis", Id, "the reading"),
            field("term", Text, "the term"),
            field("by", Id, "the person"),
        ],
    },
    Kind {
        name: "contract.accepted",
        version: 1,
        says: "A version of a contract was accepted as it was read.",
        fields: &[
            field("version", Id, "the version"),
            field("analysis", Id, "the reading"),
            field("by", Id, "the person whose approval settled it"),
        ],
    },
];

impl Kind {
    /// The kind of a name.
    pub fn of_name(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// The type in an envelope, e.g. `dealdesk.deal.moved.v1`.
    pub fn type_name(&self) -> String {
        format!("dealdesk.{}.v{}", self.name, self.version)
    }

    /// The JSON schema (2020-12) of the event's data.
    pub fn schema(&self) -> Value {
        let mut properties = Map::new();
        for field in self.fields {
            let mut schema = field.shape.schema();
            schema["description"] = json!(field.says);
            properties.insert(field.name.to_owned(), schema);
        }
        let required: Vec<&str> = self.fields.iter().filter(|f| !f.is_optional).map(|f| f.name).collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.type_name(),
            "description": self.says,
            "type": "object",
            "required": required,
            "properties": properties,
        })
    }
}

/// What a change means to others.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The name of its kind.
    pub kind: &'static str,
    /// What it is about, e.g. `deal:…`: events about one subject are told in order.
    pub subject: String,
    /// The deal that the change names.
    pub deal: Option<DealId>,
    /// Its fields.
    pub data: Value,
}

/// What a change means to others; none when it is nobody else's business.
pub fn of(change: &Change) -> Option<Told> {
    if let Some(told) = of_deal(change) {
        return Some(told);
    }
    let (kind, subject, data) = match change {
        Change::ShowHits(shown) => {
            let hit = |hit: &crate::learning::Impression| json!({ "company": hit.company, "fit": hit.fit, "scored_by": hit.scored_by });
            let companies: Vec<Value> = shown.hits.iter().map(hit).collect();
            let data = json!({ "plan": shown.plan, "shown_to": shown.to, "companies": companies });
            ("partner.found", format!("plan:{}", shown.plan), data)
        }
        Change::OpenApproval { approval, subject, requested_by, expires_at, .. } => {
            let expires_at = expires_at.to_rfc3339_opts(SecondsFormat::Secs, true);
            let data = json!({
                "approval": approval, "about": subject, "requested_by": requested_by, "expires_at": expires_at,
            });
            ("approval.opened", format!("approval:{approval}"), data)
        }
        Change::Vote { approval, vote, .. } => {
            let data = json!({ "approval": approval, "by": vote.by });
            ("approval.voted", format!("approval:{approval}"), data)
        }
        Change::Decide { approval, decision, .. } => {
            let data = json!({ "approval": approval, "verdict": decision.verdict, "by": decision.by });
            ("approval.decided", format!("approval:{approval}"), data)
        }
        Change::Expire { approval, .. } => {
            ("approval.expired", format!("approval:{approval}"), json!({ "approval": approval }))
        }
        Change::Void { approval, voided, .. } => {
            let data = with(json!({ "approval": approval }), "by", &voided.by);
            ("approval.voided", format!("approval:{approval}"), data)
        }
        Change::Analyse(analysis) => {
            let data = json!({
                "analysis": analysis.id, "version": analysis.version, "playbook": analysis.playbook,
                "terms": analysis.extractions.len(), "findings": analysis.findings.len(),
            });
            ("terms.extracted", format!("version:{}", analysis.version), data)
        }
        Change::AnswerTerm(given) => {
            let data = json!({ "analysis": given.analysis, "term": given.extraction.term, "by": given.by });
            ("term.corrected", format!("analysis:{}", given.analysis), data)
        }
        Change::AcceptVersion { version, analysis, by } => {
            let data = json!({ "version": version, "analysis": analysis, "by": by });
            ("contract.accepted", format!("version:{version}"), data)
        }
        _ => return None,
    };
    Some(Told { kind, subject, deal: None, data })
}

/// The changes that name a deal.
fn of_deal(change: &Change) -> Option<Told> {
    let (kind, deal, data) = match change {
        Change::StartDeal { deal, company, name, fit, owner, approved_by, .. } => {
            let data = json!({
                "deal": deal, "company": company, "name": name, "owner": owner, "approved_by": approved_by,
            });
            ("deal.started", *deal, with(data, "fit", fit))
        }
        Change::MoveDeal { deal, from, to, by, .. } => {
            ("deal.moved", *deal, json!({ "deal": deal, "from": from, "to": to, "by": by }))
        }
        Change::AddNote { note, deal, by, .. } => {
            ("deal.noted", *deal, json!({ "deal": deal, "note": note, "by": by }))
        }
        Change::AddVersion(new) => {
            let data = json!({
                "document": new.document, "version": new.version, "name": new.name, "sha256": new.sha256,
                "bytes": new.bytes, "by": new.by,
            });
            let (subject, data) = (format!("document:{}", new.document), with(data, "deal", &new.deal));
            return Some(Told { kind: "contract.added", subject, deal: new.deal, data });
        }
        _ => return None,
    };
    Some(Told { kind, subject: format!("deal:{deal}"), deal: Some(deal), data })
}

/// Adds a field that may be missing.
fn with(mut data: Value, name: &str, value: &Option<impl Serialize>) -> Value {
    if let Some(value) = value {
        data[name] = json!(value);
    }
    data
}

/// An event as it is kept and told.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number: the same whenever and to whomever it is told.
    pub id: Uuid,
    /// Whose.
    pub tenant: TenantId,
    /// Its place among the tenant's events; there are gaps.
    pub seq: i64,
    /// What happened, e.g. `deal.moved`.
    pub kind: String,
    /// The version of its fields.
    pub version: u16,
    /// What it is about, e.g. `deal:…`.
    pub subject: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Its fields.
    pub data: Value,
}

impl Event {
    /// The event in a CloudEvents 1.0 envelope (structured mode).
    pub fn envelope(&self) -> Value {
        json!({
            "specversion": "1.0",
            "id": self.id,
            "source": format!("/dealdesk/{}", self.tenant),
            "type": format!("dealdesk.{}.v{}", self.kind, self.version),
            "subject": self.subject,
            "time": self.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            "datacontenttype": "application/json",
            // An extension attribute (the CloudEvents "Sequence" extension): place among the tenant's events.
            "sequence": format!("{:020}", self.seq),
            "data": self.data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::Stage;
    use crate::ids::{NoteId, PersonId};

    fn fits(told: &Told) {
        let kind = Kind::of_name(told.kind).unwrap();
        let data = told.data.as_object().unwrap();
        for field in kind.fields {
            match data.get(field.name) {
                None => assert!(field.is_optional, "{} has no {}", told.kind, field.name),
                Some(value) => {
                    let is_right = match field.shape {
                        Id => value.as_str().is_some_and(|text| Uuid::parse_str(text).is_ok()),
                        Text => value.is_string(),
                        Count => value.is_u64(),
                        Time => value.as_str().is_some_and(|t| DateTime::parse_from_rfc3339(t).is_ok()),
                        List => value.as_array().is_some_and(|all| all.iter().all(Value::is_object)),
                    };
                    assert!(is_right, "{}: {} is {value}", told.kind, field.name);
                }
            }
        }
        for name in data.keys() {
            assert!(kind.fields.iter().any(|field| field.name == name), "{} has {name} too", told.kind);
        }
    }

    #[test]
    fn what_is_told_fits_its_kind_and_holds_no_prose() {
        let id = Uuid::from_u128(7);
        let (deal, by) = (DealId(id), PersonId(id));
        let moved = Change::MoveDeal {
            deal,
            from: Stage::Prospect,
            to: Stage::Qualified,
            reason: Some("they called".to_owned()),
            by,
        };
        let noted =
            Change::AddNote { note: NoteId(id), deal, text: "call Ana at +49 30 1234".to_owned(), by };
        for change in [&moved, &noted] {
            let told = of(change).unwrap();
            fits(&told);
            assert!(!told.data.to_string().contains("call"), "{}", told.data);
            assert_eq!(told.deal, Some(deal));
        }
        assert!(of(&Change::EndDelegation { person: by }).is_none());
    }

    #[test]
    fn each_kind_has_a_schema_of_its_own() {
        let mut names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
        for kind in KINDS {
            let schema = kind.schema();
            assert_eq!(schema["properties"].as_object().unwrap().len(), kind.fields.len());
        }
    }
}
