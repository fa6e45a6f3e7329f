//! The company directory: what we ship, what an import does to the table, and the search that needs no index.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use domain::company::{CompanyId, Size};
use domain::search::Filters;
use sqlx::postgres::{PgPool, PgPoolOptions};
use storage::directory::import::{ImportError, ImportOptions, ImportReport, import, import_file};
use storage::directory::{companies, countries};
use tests::database::Database;

const LAYOUT: &str = "id,name,country,state,city,sector,industry_group,industry,category,market_cap,\
                      founded_year,domain,status,description";

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/directory/companies.csv")
}

fn options(name: &str) -> ImportOptions {
    ImportOptions::new(name, chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap())
}

/// A migrated database of this test's own, and pools in both roles.
struct Directory {
    system: PgPool,
    app: PgPool,
    _database: Database,
}

impl Directory {
    async fn new() -> Self {
        let database = Database::fresh().await;
        let access = database.access();
        let pool = |login| PgPoolOptions::new().max_connections(3).connect_lazy_with(login);
        Self { system: pool(access.system), app: pool(access.app), _database: database }
    }

    async fn import(&self, name: &str, content: &str) -> ImportReport {
        self.try_import(name, content, None).await.unwrap()
    }

    async fn try_import(
        &self,
        name: &str,
        content: &str,
        hash: Option<&str>,
    ) -> Result<ImportReport, ImportError> {
        let options = ImportOptions { content_hash: hash.map(str::to_owned), ..options(name) };
        import(&self.system, Cursor::new(content.to_owned()), &options, |_| ()).await
    }

    async fn names(&self, filters: &Filters) -> Vec<String> {
        let found = companies::search_degraded(&self.app, filters, 10).await.unwrap();
        found.into_iter().map(|company| company.name).collect()
    }
}

#[test]
fn the_shipped_directory_is_sound() {
    let mut file = csv::Reader::from_path(shipped()).unwrap();
    assert_eq!(file.headers().unwrap().iter().collect::<Vec<_>>().join(","), LAYOUT);
    let rows: Vec<csv::StringRecord> = file.records().map(Result::unwrap).collect();
    let distinct = |column: usize| rows.iter().map(|row| row[column].to_owned()).collect::<BTreeSet<_>>();
    assert!(rows.len() >= 240, "{} rows", rows.len());
    assert_eq!(distinct(0).len(), rows.len(), "ids are unique");
    assert_eq!(distinct(1).len(), rows.len(), "names are unique");
    assert!(distinct(2).len() >= 45, "{} countries", distinct(2).len());
    assert!(distinct(7).len() >= 40, "{} industries", distinct(7).len());
    for row in &rows {
        let (name, text) = (&row[1], &row[13]);
        assert_eq!(countries::alpha2(&row[2]), Some(&row[2]), "{name}");
        assert!(row[9].is_empty() || Size::from_label(&row[9]).is_some(), "{name}: {}", &row[9]);
        assert!(text.ends_with('.') && text.matches(". ").count() == 0, "{name}: one sentence");
        assert!((30..=200).contains(&text.len()), "{name}: {} bytes", text.len());
        assert!(row.iter().all(|cell| cell.trim() == cell), "{name}: stray blanks");
    }
}

#[tokio::test]
async fn the_shipped_directory_loads_whole_and_twice_changes_nothing() {
    let directory = Directory::new().await;
    let first = import_file(&directory.system, &shipped(), &options("companies.csv"), |_| ()).await.unwrap();
    assert_eq!((first.bad_total, first.ignored_columns.len()), (0, 0), "{:?}", first.bad);
    assert_eq!(first.inserted, first.read);
    let version = companies::version(&directory.app).await.unwrap();
    let again = import_file(&directory.system, &shipped(), &options("companies.csv"), |_| ()).await.unwrap();
    assert_eq!((again.inserted, again.updated, again.unchanged), (0, 0, first.read));
    assert_eq!(companies::version(&directory.app).await.unwrap(), version, "nothing changed");

    let adyen = companies::get(&directory.app, &[CompanyId("dd0001".to_owned())]).await.unwrap().remove(0);
    assert_eq!(
        (adyen.name.as_str(), adyen.size, adyen.founded_year),
        ("Adyen", Some(Size::Large), Some(2006))
    );
}

#[tokio::test]
async fn every_field_comes_back_as_it_went_in() {
    let directory = Directory::new().await;
    let row = serde_json::json!({
        "id": "t\\1", "src": "test", "name": "Tab\\slash \"quoted\" {brace}", "description": "One. Two: naïve 東京",
        "sector": "S", "industry_group": "G", "industry": "I", "category": "c", "country": "JP", "state": "13",
        "city": "Tōkyō", "domain": "a.example", "market_cap": "Mid Cap", "founded_year": 1998,
        "status": "operating", "funding_total_usd": 1234567.5, "funding_rounds": 2,
        "last_funding_at": "2012-11-19", "tickers": ["A,B\"C\\", "null"], "lei": "5493001KJTIIGC8Y1R12",
        "tags": ["real_estate", "mining"],
    });
    let report = directory.import("one.jsonl", &row.to_string()).await;
    assert_eq!((report.inserted, report.bad_total), (1, 0), "{:?}", report.bad);
    let stored = companies::get(&directory.app, &[CompanyId("t\\1".to_owned())]).await.unwrap().remove(0);
    assert_eq!(serde_json::to_value(stored).unwrap(), row);
}

#[tokio::test]
async fn changes_are_told_apart_and_bad_rows_reported() {
    let directory = Directory::new().await;
    directory.import("a.csv", "id,name,country\n1,Ada,DE\n2,Bob,FR\n").await;
    let before = companies::version(&directory.app).await.unwrap();
    let report = directory
        .import("b.csv", "id,name,country,shoe\n1,Ada,DE,9\n2,Bob,ES,8\n3,Cy,XX,7\n4,Dee,IT,6\n4,Dee,PT,6\n")
        .await;
    assert_eq!((report.read, report.inserted, report.updated, report.unchanged), (5, 1, 2, 1));
    assert_eq!((report.bad_total, report.bad[0].line), (1, 4));
    assert!(report.bad[0].reason.contains("unknown country code `XX`"), "{:?}", report.bad);
    assert_eq!(report.ignored_columns, ["shoe"]);
    assert!(companies::version(&directory.app).await.unwrap() > before);
    let ids = ["4", "9", "2"].map(|id| CompanyId(id.to_owned()));
    let found = companies::get(&directory.app, &ids).await.unwrap();
    let places: Vec<_> = found.iter().map(|company| company.country.as_deref()).collect();
    assert_eq!(places, [Some("PT"), Some("ES")], "the later row holds, in the order asked for");
}

#[tokio::test]
async fn an_import_that_broke_off_goes_on_where_it_stopped() {
    let directory = Directory::new().await;
    let rows: String =
        (0..9_000).map(|n| format!("{{\"id\":\"c{n}\",\"name\":\"Company {n}\"}}\n")).collect();
    let cut = std::io::Read::chain(Cursor::new(rows.clone().into_bytes()), Broken);
    let options = ImportOptions { content_hash: Some("same".to_owned()), ..options("big.jsonl") };
    let error = import(&directory.system, cut, &options, |_| ()).await.unwrap_err();
    assert!(matches!(error, ImportError::Read { line: 9_001, .. }), "{error}");
    let stored = companies::count(&directory.app).await.unwrap();
    assert_eq!(stored, 8_000, "the batches before the break are kept");

    let report = directory.try_import("big.jsonl", &rows, Some("same")).await.unwrap();
    assert_eq!((report.resumed_after, report.read, report.inserted), (8_000, 1_000, 1_000));
    assert_eq!(companies::count(&directory.app).await.unwrap(), 9_000);
    let other = directory.try_import("big.jsonl", &rows, Some("other")).await.unwrap();
    assert_eq!((other.resumed_after, other.unchanged), (0, 9_000), "another content starts at its first row");
}

/// A source that fails instead of ending.
struct Broken;

impl std::io::Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("the disk is gone"))
    }
}

#[tokio::test]
async fn pages_give_every_company_once() {
    let directory = Directory::new().await;
    let rows: String = (0..25).map(|n| format!("{{\"id\":\"c{n}\",\"name\":\"N {n}\"}}\n")).collect();
    directory.import("p.jsonl", &rows).await;
    let mut pages = companies::stream_all(&directory.app, 10);
    let mut sizes = Vec::new();
    let mut ids = BTreeSet::new();
    while let Some(page) = pages.next().await.unwrap() {
        sizes.push(page.len());
        ids.extend(page.into_iter().map(|company| company.id));
    }
    assert_eq!((sizes, ids.len()), (vec![10, 10, 5], 25));
}

#[tokio::test]
async fn the_app_may_read_the_directory_and_not_write_it() {
    let directory = Directory::new().await;
    let content = Cursor::new("name\nA\n");
    let error = import(&directory.app, content, &options("x.csv"), |_| ()).await.unwrap_err();
    assert!(matches!(error, ImportError::Database(_)), "{error}");
    let write = sqlx::query("DELETE FROM companies").execute(&directory.app).await.unwrap_err();
    assert!(write.to_string().contains("permission denied"), "{write}");
    assert_eq!(companies::count(&directory.app).await.unwrap(), 0);
}

#[tokio::test]
async fn the_search_without_index_keeps_every_filter() {
    let directory = Directory::new().await;
    let rows = [
        r#"{"id":"1","name":"Zahlwerk","country":"DE","city":"Berlin","market_cap":"Mid Cap","founded_year":2010,"funding_total_usd":5e6,"description":"Offers card payment processing to shops."}"#,
        r#"{"id":"2","name":"Payfast","country":"FR","city":"Paris","market_cap":"Mid Cap","founded_year":1990,"description":"Offers payment terminals."}"#,
        r#"{"id":"3","name":"Process Plant","country":"DE","tags":["chemical_catalytic"]}"#,
        r#"{"id":"4","name":"Hafen Immobilien","country":"DE","state":"BE","tags":["real_estate"],"status":"operating"}"#,
        r#"{"id":"5","name":"Nowhere Payments","description":"Offers payment cards."}"#,
    ];
    directory.import("s.jsonl", &rows.join("\n")).await;
    let text = |value: &str| vec![value.to_owned()];
    let base = Filters { capability: text("payment processing"), ..Filters::default() };
    for (filters, expected) in [
        (Filters { countries: text("DE"), ..base.clone() }, &["Zahlwerk"][..]),
        (
            Filters { capability: text("payment"), countries_not: text("DE"), ..base.clone() },
            &["Nowhere Payments", "Payfast"],
        ),
        (
            Filters {
                capability: text("payment"),
                sizes: vec![Size::Mid],
                founded_max: Some(2000),
                ..base.clone()
            },
            &["Payfast"],
        ),
        (Filters { capability: text("payment"), funding_min_usd: Some(1e6), ..base.clone() }, &["Zahlwerk"]),
        (Filters { capability: vec![], cities: text("DE-berlin"), ..base.clone() }, &["Zahlwerk"]),
        (
            Filters { capability: vec![], industries: text("real-estate"), ..base.clone() },
            &["Hafen Immobilien"],
        ),
        (
            Filters {
                capability: vec![],
                states: text("DE-BE"),
                status: Some("Operating".to_owned()),
                ..base.clone()
            },
            &["Hafen Immobilien"],
        ),
        (
            Filters {
                capability: vec![],
                countries: text("DE"),
                industries_not: vec!["chemical".to_owned(), "real-estate".to_owned()],
                ..base.clone()
            },
            &["Zahlwerk"],
        ),
        (Filters { capability: text("zahlwrk"), ..base.clone() }, &["Zahlwerk"]),
        (Filters { capability: text("'); DROP TABLE companies; -- \" or !"), ..base.clone() }, &[]),
    ] {
        let mut found = directory.names(&filters).await;
        found.sort();
        assert_eq!(found, expected, "{filters:?}");
    }
}
