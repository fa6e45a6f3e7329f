//! What becomes of records that a CRM shows: new ones are taken over, changed ones are merged field by field, late and
//! known ones cost nothing.

use std::collections::{BTreeMap, HashMap};
use std::ops::AddAssign;

use chrono::{DateTime, Utc};
use domain::card::Card;
use domain::change::Change;
use domain::crm::conflict::{Sides, Verdict, judge};
use domain::crm::map::FieldRule;
use domain::crm::{Object, label, person, plain};
use domain::deal::{Facts, Stage, judge_move};
use domain::ids::{DealId, NoteId, PartnerId};
use domain::wording;
use integrations::crm::Record;
use serde_json::json;
use storage::crm::apply::{self, NewDeal, NewPartner};
use storage::crm::{self, Known, Ours, Seen};
use storage::{Error, Tx};
use uuid::Uuid;

use super::Sync;
use crate::guardrail::Gate;

/// A note is cut to so many characters.
const NOTE_MAX: usize = 10_000;
/// A name is cut to so many characters.
const NAME_MAX: usize = 200;

/// What became of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Taken over.
    pub new: u64,
    /// Something of ours changed.
    pub changed: u64,
    /// As known: re-read, or the echo of our own write.
    pub same: u64,
    /// Older than what is known.
    pub late: u64,
    /// Both sides had changed something.
    pub conflicts: u64,
    /// Deleted or merged there.
    pub retired: u64,
}

impl Tally {
    /// Each count with its name.
    pub fn named(self) -> [(&'static str, u64); 6] {
        let Self { new, changed, same, late, conflicts, retired } = self;
        [
            ("new", new),
            ("changed", changed),
            ("same", same),
            ("late", late),
            ("conflict", conflicts),
            ("retired", retired),
        ]
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.same += other.same;
        self.late += other.late;
        self.conflicts += other.conflicts;
        self.retired += other.retired;
    }
}

/// The records of a page that have to be looked at.
struct Sorted<'a> {
    new: Vec<&'a Record>,
    changed: Vec<(&'a Record, Known)>,
    seen: Vec<Seen>,
}

impl Sync {
    /// Makes a page's records ours.
    pub(super) async fn apply(
        &self,
        tx: &mut Tx,
        object: Object,
        records: &[Record],
        now: DateTime<Utc>,
    ) -> Result<Tally, Error> {
        let mut tally = Tally::default();
        if records.is_empty() {
            return Ok(tally);
        }
        let Sorted { new, changed, mut seen } = self.sort(tx, object, records, (&mut tally, now)).await?;
        match object {
            Object::Company => {
                self.merge_companies(tx, &changed, (&mut tally, now)).await?;
                seen.extend(self.add_companies(tx, &new, (&mut tally, now)).await?);
            }
            Object::Deal => {
                let (linked, new) = self.link_deals(tx, new).await?;
                let all: Vec<(&Record, Known)> = changed.iter().cloned().chain(linked).collect();
                self.merge_deals(tx, &all, (&mut tally, now)).await?;
                seen.extend(
                    all.iter().filter(|(_, known)| known.local.is_some()).map(|(r, k)| row(r, k.local)),
                );
                seen.extend(self.add_deals(tx, &new, (&mut tally, now)).await?);
            }
            Object::Note => seen.extend(self.add_notes(tx, &new, (&mut tally, now)).await?),
            Object::Contact => {
                tally.new += new.len() as u64;
                tally.changed += changed.len() as u64;
                seen.extend(new.iter().map(|record| row(record, None)));
            }
        }
        if object != Object::Deal {
            seen.extend(changed.iter().map(|(record, known)| row(record, known.local)));
        }
        crm::keep(tx, (self.provider(), object), &seen, now).await?;
        Ok(tally)
    }

    /// Tells new, changed, known and late records apart; retires what is deleted or merged.
    async fn sort<'a>(
        &self,
        tx: &mut Tx,
        object: Object,
        records: &'a [Record],
        (tally, now): (&mut Tally, DateTime<Utc>),
    ) -> Result<Sorted<'a>, Error> {
        let place = (self.provider(), object);
        let ids = records.iter().flat_map(|record| record.merged.iter().chain([&record.id]));
        let ids: Vec<String> = ids.cloned().collect();
        let known = crm::known(tx, place, &ids).await?;
        let mut sorted = Sorted { new: Vec::new(), changed: Vec::new(), seen: Vec::new() };
        // The same record may stand on a page twice: the newest counts.
        let mut newest: BTreeMap<&str, &Record> = BTreeMap::new();
        for record in records {
            let place = newest.entry(&record.id).or_insert(record);
            if record.modified_at > place.modified_at {
                *place = record;
            }
        }
        for record in newest.into_values() {
            let before = known.get(&record.id);
            if record.is_archived {
                let state = if record.merged_into.is_some() { "merged" } else { "archived" };
                if before.is_some_and(|known| known.is_live) {
                    tally.retired +=
                        self.retire(tx, object, (std::slice::from_ref(&record.id), state), now).await?;
                }
                continue;
            }
            let losers: Vec<&Known> =
                record.merged.iter().filter_map(|id| known.get(id)).filter(|known| known.is_live).collect();
            if !losers.is_empty() {
                let gone: Vec<String> = losers.iter().map(|known| known.remote.clone()).collect();
                tally.retired += self.retire(tx, object, (&gone, "merged"), now).await?;
            }
            match before {
                Some(before) if record.modified_at < before.version => tally.late += 1,
                // What a note could not be attached to may be known by now.
                Some(before) if before.local.is_none() && object == Object::Note => sorted.new.push(record),
                Some(before) if before.is_live && before.base == record.fields => {
                    tally.same += 1;
                    if record.modified_at > before.version {
                        sorted.seen.push(row(record, before.local));
                    }
                }
                Some(before) => sorted.changed.push((record, before.clone())),
                // What a merge made anew goes on with what was known of the records that it was made of.
                None => match losers.iter().find(|known| known.local.is_some()) {
                    Some(loser) => sorted.changed.push((record, (*loser).clone())),
                    None => sorted.new.push(record),
                },
            }
        }
        Ok(sorted)
    }

    /// Ends the following of records; deals of ours stay, and their threads hear of it.
    pub(super) async fn retire(
        &self,
        tx: &mut Tx,
        object: Object,
        (gone, state): (&[String], &str),
        now: DateTime<Utc>,
    ) -> Result<u64, Error> {
        let place = (self.provider(), object);
        let known = crm::known(tx, place, gone).await?;
        let retired = crm::retire(tx, place, gone, state).await?;
        if retired > 0 {
            let subject = format!("connection:{}", self.provider());
            let detail = json!({ "object": object, "state": state, "records": gone });
            apply::note_down(tx, self.provider(), ("crm.retired", &subject), detail, now).await?;
        }
        if object == Object::Deal {
            for known in known.values().filter(|known| known.is_live) {
                let Some(deal) = known.local else { continue };
                let slot = format!("crm-{}-{state}", self.provider());
                let place = (DealId(deal), slot.as_str());
                let there = label(self.provider());
                let card = |name: &str| wording::crm_retired(name, there, state == "merged");
                self.tell(tx, place, card).await?;
            }
        }
        Ok(retired)
    }

    async fn add_companies(
        &self,
        tx: &mut Tx,
        new: &[&Record],
        (tally, now): (&mut Tally, DateTime<Utc>),
    ) -> Result<Vec<Seen>, Error> {
        let names: Vec<String> = new.iter().map(|record| self.company_name(record).to_lowercase()).collect();
        // Who was taken up here already, told by our own id or by the name.
        let mut by_name: HashMap<String, PartnerId> =
            apply::unlinked(tx, self.provider(), &names).await?.into_iter().collect();
        let ours: Vec<Uuid> = new.iter().filter_map(|record| external(record)).collect();
        let ours: HashMap<Uuid, String> = apply::partner_names(tx, &ours).await?.into_iter().collect();
        let (mut seen, mut partners) = (Vec::new(), Vec::new());
        for record in new {
            let by_id = external(record).filter(|id| ours.contains_key(id));
            let name = self.company_name(record);
            match by_id.or_else(|| by_name.remove(&name.to_lowercase()).map(|partner| partner.0)) {
                Some(partner) => seen.push(row(record, Some(partner))),
                None => partners.push((record, self.partner(&record.id, name))),
            }
        }
        let all: Vec<NewPartner> = partners.iter().map(|(_, partner)| partner.clone()).collect();
        let made: HashMap<String, PartnerId> =
            apply::add_partners(tx, &all, now).await?.into_iter().collect();
        for (record, partner) in partners {
            seen.push(row(record, made.get(&partner.company).map(|id| id.0)));
        }
        tally.new += new.len() as u64;
        self.note_import(tx, Object::Company, new, now).await?;
        Ok(seen)
    }

    fn partner(&self, remote: &str, name: String) -> NewPartner {
        let company = format!("{}/{remote}", self.provider());
        NewPartner { id: PartnerId(self.ids.next()), company, name }
    }

    async fn merge_companies(
        &self,
        tx: &mut Tx,
        changed: &[(&Record, Known)],
        (tally, now): (&mut Tally, DateTime<Utc>),
    ) -> Result<(), Error> {
        let keys: Vec<Uuid> = changed.iter().filter_map(|(_, known)| known.local).collect();
        let names: HashMap<Uuid, String> = apply::partner_names(tx, &keys).await?.into_iter().collect();
        for (record, known) in changed {
            let Some((id, name)) = known.local.and_then(|id| Some((id, names.get(&id)?))) else { continue };
            tally.changed += 1;
            for rule in self.map.rules(Object::Company) {
                let theirs = value(record, rule);
                // When a partner was renamed here is not kept: the CRM counts as later.
                let sides = Sides {
                    base: known.base.get(&rule.theirs).map(String::as_str),
                    ours: Some(name),
                    theirs,
                    ours_at: DateTime::UNIX_EPOCH,
                    theirs_at: record.modified_at,
                    is_pinned: known.pinned.contains(&rule.ours),
                };
                let verdict = judge(rule.policy, sides);
                self.note_conflict(tx, (rule, sides, verdict), &format!("partner:{id}"), (tally, now))
                    .await?;
                if matches!(verdict, Verdict::Theirs { .. }) && !theirs.is_empty() {
                    apply::rename(tx, false, id, &cut(theirs, NAME_MAX)).await?;
                }
            }
        }
        Ok(())
    }

    /// Deals that are ours, written by us while the answer was lost.
    async fn link_deals<'a>(
        &self,
        tx: &mut Tx,
        new: Vec<&'a Record>,
    ) -> Result<(Vec<(&'a Record, Known)>, Vec<&'a Record>), Error> {
        let keys: Vec<Uuid> = new.iter().filter_map(|record| external(record)).collect();
        let ours = if keys.is_empty() { HashMap::new() } else { crm::deals(tx, &keys).await? };
        let (mut linked, mut rest) = (Vec::new(), Vec::new());
        for record in new {
            match external(record).filter(|id| ours.contains_key(id)) {
                Some(id) => {
                    let known = Known {
                        remote: record.id.clone(),
                        local: Some(id),
                        version: record.modified_at,
                        base: crm::Fields::new(),
                        is_live: true,
                        pinned: Vec::new(),
                    };
                    linked.push((record, known));
                }
                None => rest.push(record),
            }
        }
        Ok((linked, rest))
    }

    async fn add_deals(
        &self,
        tx: &mut Tx,
        new: &[&Record],
        (tally, now): (&mut Tally, DateTime<Utc>),
    ) -> Result<Vec<Seen>, Error> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let partners = self.partners_of(tx, new, now).await?;
        let mut seen = Vec::with_capacity(new.len());
        let mut deals = Vec::with_capacity(new.len());
        for record in new {
            let name =
                self.deal_value(record, "name").filter(|name| !name.is_empty()).unwrap_or("Unnamed deal");
            let stage = self.deal_value(record, "stage").and_then(|word| self.map.stage_of(word));
            let id = DealId(self.ids.next());
            let Some(partner) = partners.get(company_of(record).unwrap_or(&record.id)) else { continue };
            let (name, stage) = (cut(name, NAME_MAX), stage.unwrap_or(Stage::Prospect));
            deals.push(NewDeal { id, partner: *partner, name, stage });
            seen.push(row(record, Some(id.0)));
        }
        let by = person(self.tenant, self.provider());
        apply::add_deals(tx, (self.provider(), by), &deals, now).await?;
        tally.new += deals.len() as u64;
        self.note_import(tx, Object::Deal, new, now).await?;
        Ok(seen)
    }

    /// The partners of deals, by their company in the CRM. A company that was not seen yet, and a deal that has none, get
    /// a partner of the deal's name, which the company's own name replaces later.
    async fn partners_of(
        &self,
        tx: &mut Tx,
        new: &[&Record],
        now: DateTime<Utc>,
    ) -> Result<HashMap<String, PartnerId>, Error> {
        let place = (self.provider(), Object::Company);
        let companies: Vec<String> =
            new.iter().filter_map(|record| company_of(record)).map(ToOwned::to_owned).collect();
        let known = crm::known(tx, place, &companies).await?;
        let mut partners: HashMap<String, PartnerId> =
            known.into_iter().filter_map(|(id, known)| Some((id, PartnerId(known.local?)))).collect();
        let (mut missing, mut stubs) = (BTreeMap::new(), BTreeMap::new());
        for record in new {
            let name = self.deal_value(record, "name").filter(|name| !name.is_empty()).unwrap_or("Unnamed");
            let partner = |key: &str| self.partner(key, cut(name, NAME_MAX));
            match company_of(record) {
                Some(company) if partners.contains_key(company) => {}
                Some(company) => {
                    missing.entry(company.to_owned()).or_insert_with(|| partner(company));
                    stubs.insert(company.to_owned(), ());
                }
                None => {
                    missing.insert(record.id.clone(), partner(&format!("deal/{}", record.id)));
                }
            }
        }
        let all: Vec<NewPartner> = missing.values().cloned().collect();
        let made: HashMap<String, PartnerId> =
            apply::add_partners(tx, &all, now).await?.into_iter().collect();
        for (key, partner) in &missing {
            if let Some(id) = made.get(&partner.company) {
                partners.insert(key.clone(), *id);
            }
        }
        let stub = |company: &String| Seen {
            remote: company.clone(),
            local: partners.get(company).map(|id| id.0),
            version: DateTime::UNIX_EPOCH,
            base: crm::Fields::new(),
        };
        let stubs: Vec<Seen> = stubs.keys().map(stub).collect();
        crm::keep(tx, place, &stubs, now).await?;
        Ok(partners)
    }

    async fn merge_deals(
        &self,
        tx: &mut Tx,
        changed: &[(&Record, Known)],
        (tally, now): (&mut Tally, DateTime<Utc>),
    ) -> Result<(), Error> {
        let keys: Vec<Uuid> = changed.iter().filter_map(|(_, known)| known.local).collect();
        let ours = if keys.is_empty() { HashMap::new() } else { crm::deals(tx, &keys).await? };
        for (record, known) in changed {
            let Some(deal) = known.local.and_then(|id| ours.get(&id)) else { continue };
            tally.changed += 1;
            let mine = self.map.deal(&deal.name, deal.stage);
            let mut kept = Vec::new();
            for rule in self.map.rules(Object::Deal) {
                let theirs = value(record, rule);
                let sides = Sides {
                    base: known.base.get(&rule.theirs).map(String::as_str),
                    ours: mine.get(&rule.theirs).map(String::as_str),
                    theirs,
                    ours_at: if rule.ours == "stage" { deal.stage_since } else { deal.updated_at },
                    theirs_at: record.modified_at,
                    is_pinned: known.pinned.contains(&rule.ours),
                };
                let verdict = judge(rule.policy, sides);
                let subject = format!("deal:{}", deal.id);
                self.note_conflict(tx, (rule, sides, verdict), &subject, (tally, now)).await?;
                match verdict {
                    Verdict::Same => {}
                    Verdict::Ours { .. } => kept.push(rule.ours.clone()),
                    Verdict::Theirs { .. } => self.take(tx, deal, (rule, theirs), now).await?,
                }
            }
            if !kept.is_empty() {
                let cause = format!("{}/{}", record.id, record.modified_at.timestamp_micros());
                let payload = json!({ "deal": deal.id, "fields": kept });
                let place = (self.provider(), "upsert_deal");
                crm::ask(tx, &self.ids, place, (deal.id.0, &cause), payload).await?;
            }
        }
        Ok(())
    }

    /// Says something in a deal's thread, once the guardrail read it.
    async fn tell(
        &self,
        tx: &mut Tx,
        place: (DealId, &str),
        card: impl FnOnce(&str) -> Card,
    ) -> Result<(), Error> {
        let gate = Gate::on(tx, None).await?;
        let screened = |name: &str| {
            let mut card = card(name);
            gate.screen(&mut card);
            card
        };
        apply::tell(tx, &self.ids, place, screened).await
    }

    /// Takes the CRM's value of one field of a deal.
    async fn take(
        &self,
        tx: &mut Tx,
        deal: &Ours,
        (rule, theirs): (&FieldRule, &str),
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (provider, subject) = (self.provider(), format!("deal:{}", deal.id));
        if rule.ours == "name" {
            if theirs.is_empty() || theirs == deal.name {
                return Ok(());
            }
            let detail = json!({ "from": deal.name, "to": theirs });
            apply::rename(tx, true, deal.id.0, &cut(theirs, NAME_MAX)).await?;
            return apply::note_down(tx, provider, ("deal.renamed", &subject), detail, now).await;
        }
        let Some(to) = self.map.stage_of(theirs) else {
            let detail = json!({ "theirs": theirs, "ours": deal.stage, "why": "no stage here means that" });
            return apply::note_down(tx, provider, ("crm.stage_unknown", &subject), detail, now).await;
        };
        if to == deal.stage {
            return Ok(());
        }
        let reason = format!("moved in {}", label(provider));
        let facts = Facts {
            stage: deal.stage,
            has_owner: deal.has_owner,
            has_fit: deal.has_fit,
            has_contract: deal.has_contract,
            // A deal that began in the CRM is led there: its people may do there what an approver may here.
            mover_is_approver: !deal.has_fit && !deal.has_owner,
        };
        if let Err(refused) = judge_move(facts, to, Some(&reason)) {
            let detail = json!({ "theirs": to, "ours": deal.stage, "why": refused.text });
            apply::note_down(tx, provider, ("crm.move_held", &subject), detail, now).await?;
            let slot = format!("crm-held-{}", to.name());
            let moved = (deal.stage, to);
            let card = |name: &str| wording::crm_held(name, label(provider), moved, &refused.text);
            return self.tell(tx, (deal.id, &slot), card).await;
        }
        let by = person(self.tenant, provider);
        let change = Change::MoveDeal { deal: deal.id, from: deal.stage, to, reason: Some(reason), by };
        let seq = apply::move_deal(tx, &self.ids, provider, &change, now).await?;
        let slot = format!("crm-{provider}-{seq}");
        let moved = (deal.stage, to);
        self.tell(tx, (deal.id, &slot), |name| wording::crm_moved(name, label(provider), moved)).await
    }

    async fn add_notes(
        &self,
        tx: &mut Tx,
        new: &[&Record],
        (tally, now): (&mut Tally, DateTime<Utc>),
    ) -> Result<Vec<Seen>, Error> {
        let deals: Vec<String> =
            new.iter().flat_map(|record| &record.links).map(|(_, id)| id.clone()).collect();
        let deals = crm::known(tx, (self.provider(), Object::Deal), &deals).await?;
        let keys: Vec<Uuid> = new.iter().filter_map(|record| external(record)).collect();
        let ours = crm::notes(tx, &keys).await?;
        let by = person(self.tenant, self.provider());
        let mut seen = Vec::with_capacity(new.len());
        for record in new {
            let deal = record.links.iter().find_map(|(_, id)| deals.get(id)).and_then(|known| known.local);
            let text = plain(record.fields.get(self.note_field()).map_or("", String::as_str));
            let mut note = None;
            let is_ours = external(record).filter(|id| ours.contains_key(id));
            match (is_ours, deal) {
                (Some(id), _) => note = Some(id),
                (None, Some(deal)) if !text.is_empty() => {
                    let id = self.ids.next();
                    let text = cut(&text, NOTE_MAX);
                    apply::add_note(tx, (NoteId(id), DealId(deal)), (by, &text), now).await?;
                    let subject = format!("deal:{deal}");
                    let detail = json!({ "note": id, "record": record.id });
                    apply::note_down(tx, self.provider(), ("deal.noted", &subject), detail, now).await?;
                    note = Some(id);
                    tally.new += 1;
                }
                _ => {}
            }
            seen.push(row(record, note));
        }
        Ok(seen)
    }

    async fn note_import(
        &self,
        tx: &mut Tx,
        object: Object,
        new: &[&Record],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if new.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = new.iter().map(|record| record.id.as_str()).collect();
        let subject = format!("connection:{}", self.provider());
        let detail = json!({ "object": object, "records": ids });
        apply::note_down(tx, self.provider(), ("crm.imported", &subject), detail, now).await
    }

    /// Writes down, with all values, that both sides had changed a field, or that a pinned one was changed there.
    async fn note_conflict(
        &self,
        tx: &mut Tx,
        (rule, sides, verdict): (&FieldRule, Sides<'_>, Verdict),
        subject: &str,
        (tally, now): (&mut Tally, DateTime<Utc>),
    ) -> Result<(), Error> {
        let kept = match verdict {
            Verdict::Theirs { is_conflict: true } => "theirs",
            Verdict::Ours { .. } => "ours",
            _ => return Ok(()),
        };
        tally.conflicts += 1;
        let detail = json!({
            "field": rule.ours, "base": sides.base, "ours": sides.ours, "theirs": sides.theirs, "kept": kept,
            "policy": rule.policy.name(), "pinned": sides.is_pinned,
        });
        apply::note_down(tx, self.provider(), ("crm.conflict", subject), detail, now).await
    }

    fn company_name(&self, record: &Record) -> String {
        let rule = self.map.rules(Object::Company).find(|rule| rule.ours == "name");
        let name = rule.map_or("", |rule| value(record, rule)).trim();
        if name.is_empty() { "Unnamed company".to_owned() } else { cut(name, NAME_MAX) }
    }

    fn deal_value<'a>(&self, record: &'a Record, ours: &str) -> Option<&'a str> {
        self.map.rules(Object::Deal).find(|rule| rule.ours == ours).map(|rule| value(record, rule))
    }
}

fn row(record: &Record, local: Option<Uuid>) -> Seen {
    Seen { remote: record.id.clone(), local, version: record.modified_at, base: record.fields.clone() }
}

fn value<'a>(record: &'a Record, rule: &FieldRule) -> &'a str {
    record.fields.get(&rule.theirs).map_or("", String::as_str)
}

fn external(record: &Record) -> Option<Uuid> {
    record.external_id.as_deref().and_then(|id| id.parse().ok())
}

fn company_of(record: &Record) -> Option<&str> {
    record.links.iter().find(|(object, _)| *object == Object::Company).map(|(_, id)| id.as_str())
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
