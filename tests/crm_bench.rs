//! A tenant that follows a fake CRM, and what the tests of it share.

use std::collections::BTreeMap;
use std::time::Duration;

use agents::crm::{Came, Failure, Followed, Sync};
use chrono::{DateTime, Utc};
use domain::clock::Clock;
use domain::crm::Object;
use domain::crm::map::Map;
use domain::deal::Stage;
use domain::ids::{DealId, Ids, PartnerId};
use integrations::Http;
use integrations::crm::Crm;
use integrations::crm::hubspot::HubSpot;
use integrations::crm::salesforce::Salesforce;
use secrecy::SecretString;
use serde_json::json;
use sqlx::Connection as _;
use storage::connections::{self, New, Secrets};
use storage::crm::apply::{self, NewDeal, NewPartner};
use storage::crm::{self as records, cursors};
use storage::effects;
use storage::seal::Seal;
use tests::database::Database;
use tests::people::HOME;
use world::crm::{Fake, Vendor};

/// Both vendors.
pub(crate) const BOTH: [Vendor; 2] = [Vendor::HubSpot, Vendor::Salesforce];

/// A client of a fake.
pub(crate) fn crm(fake: &Fake, token: &str) -> Crm {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Http::new(Duration::from_secs(20), 64 * 1024 * 1024).unwrap();
    let token = SecretString::from(token);
    match fake.vendor {
        Vendor::HubSpot => Crm::HubSpot(HubSpot::new(http, &fake.origin(), token)),
        Vendor::Salesforce => Crm::Salesforce(Salesforce::new(http, &fake.origin(), token)),
    }
}

/// A tenant that follows a fake CRM.
pub(crate) struct Bench {
    pub(crate) fake: Fake,
    pub(crate) sync: Sync,
    pub(crate) database: Database,
}

impl Bench {
    /// Follows a fresh fake.
    pub(crate) async fn of(vendor: Vendor) -> Self {
        let fake = Fake::start(vendor).await.unwrap();
        let database = Database::fresh().await;
        let db = database.open().await;
        storage::workspaces::create_tenant(&db, HOME, "Home").await.unwrap();
        let crm = crm(&fake, "secret");
        let map = Map::of(crm.name());
        let (ids, clock) = (Ids::random(), Clock::system());
        let mut tx = db.tenant(HOME).begin().await.unwrap();
        let secrets: Secrets = [("token".to_owned(), SecretString::from("secret"))].into();
        let settings = json!({ "origin": fake.origin(), "map": map });
        let new =
            New { provider: crm.name(), account: "42", settings: &settings, secrets: &secrets, by: None };
        connections::connect(&mut tx, &Seal::new(&[7; 32]), &new, clock.now()).await.unwrap();
        apply::introduce(&mut tx, crm.name()).await.unwrap();
        cursors::open(&mut tx, crm.name()).await.unwrap();
        tx.commit().await.unwrap();
        let points = agents::failpoint::FailPoints::default();
        Self { fake, sync: Sync { db, ids, clock, tenant: HOME, crm, map, points }, database }
    }

    /// The vendor's name.
    pub(crate) fn provider(&self) -> &'static str {
        self.sync.crm.name()
    }

    /// Walks one object to the end, if it can.
    pub(crate) async fn try_follow(&mut self, object: Object) -> Result<Followed, Failure> {
        let key = (HOME, self.provider(), object);
        let lease = cursors::claim(&self.sync.db, key).await.unwrap().expect("nobody else follows");
        let followed = self.sync.follow(&lease).await;
        cursors::release(&self.sync.db, HOME, &lease).await.unwrap();
        followed
    }

    /// Walks one object to the end.
    pub(crate) async fn follow(&mut self, object: Object) -> Followed {
        self.try_follow(object).await.unwrap()
    }

    /// Walks every object to the end.
    pub(crate) async fn follow_all(&mut self) {
        for object in Object::ALL {
            self.follow(object).await;
        }
    }

    /// Makes what was asked for until nothing waits.
    pub(crate) async fn drain(&mut self) {
        for _ in 0..2000 {
            let held = effects::claim(&self.sync.db, &[self.provider()], 100).await.unwrap();
            if held.is_empty() {
                if effects::depth(&self.sync.db).await.unwrap() == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
            match self.sync.write(&held).await {
                Ok(came) => {
                    for (one, came) in held.iter().zip(came) {
                        match came {
                            Came::Kept => {}
                            Came::Later(why) => {
                                effects::put_back(&self.sync.db, one, 0.0, false, &why).await.unwrap();
                            }
                            Came::Never(why) => effects::fail(&self.sync.db, one, &why).await.unwrap(),
                        }
                    }
                }
                Err(error) => {
                    for one in &held {
                        effects::put_back(&self.sync.db, one, 0.0, true, &error.to_string()).await.unwrap();
                    }
                }
            }
        }
        panic!("writes are never done");
    }

    /// The fields' names at the vendor: name and stage.
    pub(crate) fn names(&self) -> (&'static str, &'static str) {
        match self.fake.vendor {
            Vendor::HubSpot => ("dealname", "dealstage"),
            Vendor::Salesforce => ("Name", "StageName"),
        }
    }

    /// A word of the vendor for a stage.
    pub(crate) fn word(&self, stage: Stage) -> String {
        self.sync.map.word_for(stage).unwrap().to_owned()
    }

    /// A person there makes a company.
    pub(crate) fn company(&self, name: &str) -> u64 {
        let field = if self.fake.vendor == Vendor::HubSpot { "name" } else { "Name" };
        self.fake.make(Object::Company, &[(field, name)], None)
    }

    /// A person there makes a deal.
    pub(crate) fn deal(&self, name: &str, stage: Stage, company: Option<u64>) -> u64 {
        let (named, staged) = self.names();
        let word = self.word(stage);
        let link = company.map(|id| (Object::Company, id));
        self.fake.make(Object::Deal, &[(named, name), (staged, &word)], link)
    }

    /// A person there moves a deal.
    pub(crate) fn move_there(&self, id: u64, stage: Stage) {
        let word = self.word(stage);
        self.fake.edit(Object::Deal, id, &[(self.names().1, &word)]);
    }

    /// A person here moves a deal, and the CRM is to hear of it.
    pub(crate) async fn move_here(&self, deal: DealId, from: Stage, to: Stage) {
        let mut tx = self.sync.db.tenant(HOME).begin().await.unwrap();
        let change = domain::change::Change::MoveDeal {
            deal,
            from,
            to,
            reason: None,
            by: domain::crm::person(HOME, self.provider()),
        };
        let now = self.sync.clock.now();
        apply::move_deal(&mut tx, &self.sync.ids, self.provider(), &change, now).await.unwrap();
        let cause = self.sync.ids.next().to_string();
        let payload = json!({ "deal": deal, "fields": ["stage"] });
        let place = (self.provider(), "upsert_deal");
        records::ask(&mut tx, &self.sync.ids, place, (deal.0, &cause), payload).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Deals that began here, and are to be written there.
    pub(crate) async fn begin_here(&self, count: usize) -> Vec<DealId> {
        let mut tx = self.sync.db.tenant(HOME).begin().await.unwrap();
        let now = self.sync.clock.now();
        let mut all = Vec::new();
        for at in 0..count {
            let partner = PartnerId(self.sync.ids.next());
            let new = NewPartner { id: partner, company: format!("c{at}"), name: format!("Company {at}") };
            apply::add_partners(&mut tx, &[new], now).await.unwrap();
            let id = DealId(self.sync.ids.next());
            all.push(id);
            let deal = NewDeal { id, partner, name: format!("Deal {at}"), stage: Stage::Prospect };
            let by = domain::crm::person(HOME, self.provider());
            apply::add_deals(&mut tx, (self.provider(), by), &[deal], now).await.unwrap();
            let payload = json!({ "deal": id, "fields": ["name", "stage"] });
            let place = (self.provider(), "upsert_deal");
            records::ask(&mut tx, &self.sync.ids, place, (id.0, "start"), payload).await.unwrap();
        }
        tx.commit().await.unwrap();
        all
    }

    /// The answer to a question to the database.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        let mut owner = self.database.owner().await;
        let number = sqlx::query_scalar(sql).fetch_one(&mut owner).await.unwrap();
        owner.close().await.unwrap();
        number
    }

    /// Name and stage of every followed deal, by the vendor's id.
    pub(crate) async fn here(&self) -> BTreeMap<String, (String, String)> {
        let mut owner = self.database.owner().await;
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT r.remote_id, d.name, d.stage FROM crm_records r JOIN deals d ON d.deal_id = r.local_id
             WHERE r.object = 'deal' AND r.state = 'live'",
        )
        .fetch_all(&mut owner)
        .await
        .unwrap();
        rows.into_iter().map(|(id, name, stage)| (id, (name, stage))).collect()
    }

    /// Name and stage of every deal there, in our words.
    pub(crate) fn there(&self) -> BTreeMap<String, (String, String)> {
        let (named, staged) = self.names();
        let of = |(id, record): (u64, world::crm::Record)| {
            let stage = self.sync.map.stage_of(&record.fields[staged]).unwrap();
            (self.fake.name(Object::Deal, id), (record.fields[named].clone(), stage.name().to_owned()))
        };
        self.fake.live(Object::Deal).into_iter().map(of).collect()
    }

    /// Our deal of a record.
    pub(crate) async fn ours(&self, id: u64) -> DealId {
        let key = [self.fake.name(Object::Deal, id)];
        let mut tx = self.sync.db.tenant(HOME).begin().await.unwrap();
        let known = records::known(&mut tx, (self.provider(), Object::Deal), &key).await.unwrap();
        DealId(known[&key[0]].local.unwrap())
    }
}

/// A time, ms since 1970.
pub(crate) fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap()
}
