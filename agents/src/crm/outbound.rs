//! From us to the CRM: what changed here is written there, after a look at what is there, and once.

use std::collections::HashMap;

use domain::crm::{Object, escaped};
use integrations::CallError;
use integrations::crm::{Record, Write, Written};
use serde::Deserialize;
use serde_json::json;
use storage::crm::{self, Fields, Known, Ours, Seen};
use storage::effects::{self, Held};
use uuid::Uuid;

use super::{Failure, Sync};
use crate::guardrail;

/// What came of a write that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// It is made, and that is written down with what follows from it.
    Kept,
    /// It was not taken this time.
    Later(String),
    /// It will not be taken.
    Never(String),
}

#[derive(Deserialize)]
struct Asked {
    deal: Uuid,
    #[serde(default)]
    fields: Vec<String>,
    note: Option<Uuid>,
}

/// A deal that is to be written, and for which request.
struct Job<'a> {
    held: &'a Held,
    asked: Asked,
}

impl Sync {
    /// Makes writes of one action, in their order. Every one is looked up first, so that one which was made already, or
    /// whose value is there, is not made again.
    pub async fn write(&mut self, held: &[Held]) -> Result<Vec<Came>, Failure> {
        loop {
            let error = match self.write_once(held).await {
                Err(Failure::Call(error)) => error,
                other => return other,
            };
            let blamed =
                [Object::Deal, Object::Company].into_iter().find_map(|object| self.blamed(object, &error));
            match blamed {
                Some((field, why)) if self.park(&field, &why).await? => {}
                _ => return Err(error.into()),
            }
        }
    }

    async fn write_once(&mut self, held: &[Held]) -> Result<Vec<Came>, Failure> {
        let mut came: Vec<Option<Came>> = vec![None; held.len()];
        let mut jobs = Vec::new();
        for (at, held) in held.iter().enumerate() {
            match serde_json::from_value(held.effect.payload.clone()) {
                Ok(asked) => jobs.push((at, Job { held, asked })),
                Err(error) => came[at] = Some(Came::Never(error.to_string())),
            }
        }
        let results = match held[0].effect.action.as_str() {
            "upsert_deal" => self.write_deals(&jobs).await?,
            "upsert_note" => self.write_notes(&jobs).await?,
            other => jobs.iter().map(|_| Came::Never(format!("{other} is not written to a CRM"))).collect(),
        };
        for ((at, _), result) in jobs.iter().zip(results) {
            came[*at] = Some(result);
        }
        Ok(came
            .into_iter()
            .map(|came| came.unwrap_or_else(|| Came::Later("not looked at".to_owned())))
            .collect())
    }

    async fn write_deals(&mut self, jobs: &[(usize, Job<'_>)]) -> Result<Vec<Came>, Failure> {
        let provider = self.provider();
        let keys: Vec<Uuid> = jobs.iter().map(|(_, job)| job.asked.deal).collect();
        let there = self.look(&keys).await?;
        // Those that begin there with this write, and those whose write broke off before their company was tied to it.
        let is_loose = |key: &Uuid| there.get(key).is_none_or(|is_tied| !is_tied);
        let loose: Vec<Uuid> = keys.iter().copied().filter(is_loose).collect();
        let companies = self.companies_of(&loose).await?;

        let mut tx = self.db.tenant(self.tenant).begin().await?;
        let ours = crm::deals(&mut tx, &keys).await?;
        let known = crm::of_ours(&mut tx, (provider, Object::Deal), &keys).await?;
        drop(tx);
        let mut came: Vec<Option<Came>> = Vec::with_capacity(jobs.len());
        let mut writes = Vec::new();
        for (at, (_, job)) in jobs.iter().enumerate() {
            came.push(None);
            let Some(deal) = ours.get(&job.asked.deal) else {
                came[at] = Some(Came::Never("there is no such deal".to_owned()));
                continue;
            };
            let before = known.get(&job.asked.deal);
            let fields = self.due(deal, before, &job.asked.fields);
            let link = companies.get(&deal.partner.0).map(|id| (Object::Company, id.clone()));
            let link = link.filter(|_| is_loose(&job.asked.deal));
            if fields.is_empty() && before.is_some() && link.is_none() {
                self.done(job.held, None).await?;
                came[at] = Some(Came::Kept);
                continue;
            }
            let write = Write {
                id: before.map(|known| known.remote.clone()),
                external_id: job.asked.deal.to_string(),
                fields,
                link,
            };
            writes.push((at, write));
        }
        self.send(Object::Deal, jobs, writes, (&mut came, &known)).await?;
        Ok(came
            .into_iter()
            .map(|came| came.unwrap_or_else(|| Came::Later("not written".to_owned())))
            .collect())
    }

    /// What of a deal differs from what the CRM has: of a record that is there only the fields that were asked for.
    fn due(&self, deal: &Ours, before: Option<&Known>, asked: &[String]) -> Fields {
        let mine = self.map.deal(&deal.name, deal.stage);
        let is_asked = |theirs: &String| {
            self.map.rules(Object::Deal).any(|rule| rule.theirs == *theirs && asked.contains(&rule.ours))
        };
        mine.into_iter()
            .filter(|(name, value)| match before {
                Some(known) => is_asked(name) && known.base.get(name) != Some(value),
                None => true,
            })
            .collect()
    }

    /// Reads the records of deals as they are now, by their ids and by ours, and makes what changed there ours first.
    /// Gives those that are there, and whether nothing has to be tied to them: a deal that began there has what it has.
    async fn look(&mut self, keys: &[Uuid]) -> Result<HashMap<Uuid, bool>, Failure> {
        let mut tx = self.db.tenant(self.tenant).begin().await?;
        let known = crm::of_ours(&mut tx, (self.provider(), Object::Deal), keys).await?;
        drop(tx);
        let wanted = self.wanted(Object::Deal);
        let ids: Vec<String> = known.values().map(|known| known.remote.clone()).collect();
        let others = keys.iter().filter(|key| !known.contains_key(key)).map(Uuid::to_string);
        let others: Vec<String> = others.collect();
        let mut records: Vec<Record> = Vec::new();
        if !ids.is_empty() {
            records.extend(self.patiently(|| self.crm.read(&wanted, &ids)).await?);
        }
        if !others.is_empty() {
            records.extend(self.patiently(|| self.crm.find(&wanted, &others)).await?);
        }
        let now = self.clock.now();
        let mut tx = self.db.tenant(self.tenant).begin().await?;
        self.apply(&mut tx, Object::Deal, &records, now).await?;
        tx.commit().await?;
        let by_remote: HashMap<&str, Uuid> =
            known.iter().map(|(key, known)| (known.remote.as_str(), *key)).collect();
        let tied = |record: &Record| {
            let ours = record.external_id.as_deref().and_then(|id| id.parse::<Uuid>().ok());
            let key = by_remote.get(record.id.as_str()).copied().or(ours)?;
            Some((key, ours.is_none() || !record.links.is_empty()))
        };
        Ok(records.iter().filter_map(tied).collect())
    }

    /// The CRM's companies of deals' partners; those it does not have are made.
    async fn companies_of(&mut self, deals: &[Uuid]) -> Result<HashMap<Uuid, String>, Failure> {
        let place = (self.provider(), Object::Company);
        let mut tx = self.db.tenant(self.tenant).begin().await?;
        let ours = crm::deals(&mut tx, deals).await?;
        let mut partners: HashMap<Uuid, String> =
            ours.values().map(|deal| (deal.partner.0, deal.partner_name.clone())).collect();
        let keys: Vec<Uuid> = partners.keys().copied().collect();
        let known = crm::of_ours(&mut tx, place, &keys).await?;
        drop(tx);
        let mut ids: HashMap<Uuid, String> =
            known.into_iter().map(|(key, known)| (key, known.remote)).collect();
        partners.retain(|key, _| !ids.contains_key(key));
        if partners.is_empty() {
            return Ok(ids);
        }
        let wanted = self.wanted(Object::Company);
        let keys: Vec<String> = partners.keys().map(Uuid::to_string).collect();
        let mut seen: Vec<Seen> = Vec::new();
        for record in self.patiently(|| self.crm.find(&wanted, &keys)).await? {
            if let Some(key) = record.external_id.as_deref().and_then(|id| id.parse().ok()) {
                partners.remove(&key);
                ids.insert(key, record.id.clone());
                let (version, base) = (record.modified_at, record.fields);
                seen.push(Seen { remote: record.id, local: Some(key), version, base });
            }
        }
        let missing: Vec<(Uuid, Write)> = partners
            .iter()
            .map(|(key, name)| {
                let fields = self.map.company(name);
                (*key, Write { id: None, external_id: key.to_string(), fields, link: None })
            })
            .collect();
        let writes: Vec<Write> = missing.iter().map(|(_, write)| write.clone()).collect();
        if !writes.is_empty() {
            for ((key, write), written) in
                missing.into_iter().zip(self.crm.write(Object::Company, &writes).await?)
            {
                if let Written::Done { id, version } = written {
                    ids.insert(key, id.clone());
                    let version = version.unwrap_or(chrono::DateTime::UNIX_EPOCH);
                    seen.push(Seen { remote: id, local: Some(key), version, base: write.fields });
                }
            }
        }
        let mut tx = self.db.tenant(self.tenant).begin().await?;
        crm::keep(&mut tx, place, &seen, self.clock.now()).await?;
        tx.commit().await?;
        Ok(ids)
    }

    async fn write_notes(&mut self, jobs: &[(usize, Job<'_>)]) -> Result<Vec<Came>, Failure> {
        let (provider, field) = (self.provider(), self.note_field());
        let keys: Vec<Uuid> = jobs.iter().filter_map(|(_, job)| job.asked.note).collect();
        let deals: Vec<Uuid> = jobs.iter().map(|(_, job)| job.asked.deal).collect();
        let wanted = self.wanted(Object::Note);
        let external: Vec<String> = keys.iter().map(Uuid::to_string).collect();
        let there = self.patiently(|| self.crm.find(&wanted, &external)).await?;
        let there: HashMap<String, Record> =
            there.into_iter().filter_map(|record| Some((record.external_id.clone()?, record))).collect();
        let mut came: Vec<Option<Came>> = vec![None; jobs.len()];
        let mut writes = Vec::new();
        let mut tx = self.db.tenant(self.tenant).begin().await?;
        let known = crm::of_ours(&mut tx, (provider, Object::Deal), &deals).await?;
        let texts = crm::notes(&mut tx, &keys).await?;
        drop(tx);
        for (at, (_, job)) in jobs.iter().enumerate() {
            let Some(key) = job.asked.note else { continue };
            let Some(text) = texts.get(&key).map(|text| guardrail::cleaned(text)) else {
                came[at] = Some(Came::Never("there is no such note".to_owned()));
                continue;
            };
            let Some(deal) = known.get(&job.asked.deal) else {
                came[at] = Some(Came::Later("its deal is not in the CRM yet".to_owned()));
                continue;
            };
            let before = there.get(&key.to_string());
            let mut fields = Fields::from([(field.to_owned(), escaped(&text))]);
            if provider == "hubspot" {
                fields.insert("hs_timestamp".to_owned(), job.held.created_at.timestamp_millis().to_string());
            } else {
                fields.insert("Description".to_owned(), text);
                fields.insert("Subject".to_owned(), "Note from Dealdesk".to_owned());
                fields.insert("Status".to_owned(), "Completed".to_owned());
            }
            writes.push((
                at,
                Write {
                    id: before.map(|record| record.id.clone()),
                    external_id: key.to_string(),
                    fields,
                    link: Some((Object::Deal, deal.remote.clone())),
                },
            ));
        }
        self.send(Object::Note, jobs, writes, (&mut came, &HashMap::new())).await?;
        Ok(came
            .into_iter()
            .map(|came| came.unwrap_or_else(|| Came::Never("no note named".to_owned())))
            .collect())
    }

    /// Makes writes and keeps what came of each.
    async fn send(
        &mut self,
        object: Object,
        jobs: &[(usize, Job<'_>)],
        writes: Vec<(usize, Write)>,
        (came, known): (&mut [Option<Came>], &HashMap<Uuid, Known>),
    ) -> Result<(), Failure> {
        if writes.is_empty() {
            return Ok(());
        }
        let all: Vec<Write> = writes.iter().map(|(_, write)| write.clone()).collect();
        let written = self.crm.write(object, &all).await?;
        self.points.pass("crm.written");
        let versions = self.versions(object, &written).await?;
        for ((at, write), written) in writes.into_iter().zip(written) {
            came[at] = Some(match written {
                Written::Done { id, version } => {
                    let key = if object == Object::Deal {
                        jobs[at].1.asked.deal
                    } else {
                        jobs[at].1.asked.note.unwrap_or_default()
                    };
                    let mut base = known.get(&key).map(|known| known.base.clone()).unwrap_or_default();
                    let read = self.wanted(object).fields;
                    base.extend(write.fields.into_iter().filter(|(name, _)| read.contains(name)));
                    for name in read {
                        base.entry(name).or_default();
                    }
                    let version = version
                        .or_else(|| versions.get(&id).copied())
                        .unwrap_or(chrono::DateTime::UNIX_EPOCH);
                    let seen = Seen { remote: id, local: Some(key), version, base };
                    self.done(jobs[at].1.held, Some((object, seen))).await?;
                    Came::Kept
                }
                Written::Later { reason } => Came::Later(reason),
                Written::Refused { reason, field: Some(field) } if self.park(&field, &reason).await? => {
                    Came::Later(reason)
                }
                Written::Refused { reason, .. } => Came::Never(reason),
            });
        }
        Ok(())
    }

    /// When the CRM says that written records changed, where the write itself did not tell: without it an old page could
    /// pass for news.
    async fn versions(
        &self,
        object: Object,
        written: &[Written],
    ) -> Result<HashMap<String, chrono::DateTime<chrono::Utc>>, CallError> {
        let untold = |written: &Written| match written {
            Written::Done { id, version: None } => Some(id.clone()),
            _ => None,
        };
        let ids: Vec<String> = written.iter().filter_map(untold).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let wanted = self.wanted(object);
        let records = self.patiently(|| self.crm.read(&wanted, &ids)).await?;
        Ok(records.into_iter().map(|record| (record.id, record.modified_at)).collect())
    }

    /// Writes down that a write was made, with what the CRM has since.
    async fn done(&self, held: &Held, seen: Option<(Object, Seen)>) -> Result<(), storage::Error> {
        let mut tx = self.db.tenant(self.tenant).begin().await?;
        let result = seen.as_ref().map_or_else(
            || json!({ "same": true }),
            |(object, seen)| json!({ "object": object, "record": seen.remote, "version": seen.version }),
        );
        if let Some((object, seen)) = seen {
            crm::keep(&mut tx, (self.provider(), object), &[seen], self.clock.now()).await?;
        }
        effects::done(&mut tx, held, &result).await?;
        tx.commit().await
    }
}
