//! `dealdesk companies fetch`: public registers into the directory, over a line that breaks, and again.

use std::io::{Cursor, Write};

use sqlx::postgres::PgPoolOptions;
use tests::database::Database;
use tests::product::Setting;
use world::registers::{Fault, Registers};

/// The columns of GLEIF's table that are read, and some between them that are not.
const HEADER: &str = "LEI,Entity.LegalName,Entity.LegalName.xmllang,\
    Entity.TransliteratedOtherEntityNames.TransliteratedOtherEntityName.1,Entity.LegalAddress.City,\
    Entity.HeadquartersAddress.City,Entity.HeadquartersAddress.Region,Entity.HeadquartersAddress.Country,\
    Entity.EntityCategory,Entity.EntityStatus,Entity.EntityCreationDate,Registration.RegistrationStatus";
const COMPANIES: usize = 3_000;

fn zipped(files: &[(&str, String)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A day's copy: companies of three countries, and beside each a fund that is no company.
fn golden_copy(first_name: &str) -> Vec<u8> {
    let mut table = format!("{HEADER}\r\n");
    for n in 0..COMPANIES {
        let (country, region) = [("DE", "DE-BY"), ("US", "US-TX"), ("JP", "JP-13")][n % 3];
        let name = if n == 0 { first_name.to_owned() } else { format!("Company {n}, Ltd") };
        table += &format!(
            "LEI{n:017},\"{name}\",en,,Elsewhere,Town {n},{region},{country},GENERAL,ACTIVE,2001-02-03T00:00:00Z,ISSUED\r\n\
             FND{n:017},\"Growth {n}\",en,,Elsewhere,Town,{region},{country},FUND,ACTIVE,,ISSUED\r\n"
        );
    }
    table += "OLD00000000000000001,\"Gone AG\",de,,Bonn,Bonn,DE-NW,DE,GENERAL,INACTIVE,,RETIRED\r\n";
    zipped(&[("20261123-0000-gleif-goldencopy-lei2-golden-copy.csv", table)])
}

struct Desk {
    database: Database,
    registers: Registers,
    setting: Setting,
}

impl Desk {
    async fn begin() -> Self {
        let database = Database::fresh().await;
        let registers = Registers::start().await.unwrap();
        let setting = Setting::on(&database)
            .with("DEALDESK_GLEIF_URL", registers.url())
            .with("DEALDESK_SEC_URL", registers.url());
        Self { database, registers, setting }
    }

    async fn fetch(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = self.setting.command();
        command.args(["companies", "fetch"]).args(arguments);
        // On a thread of its own: the registers answer on this one.
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), text + &String::from_utf8_lossy(&output.stderr))
    }

    async fn rows(&self, sql: &'static str) -> Vec<String> {
        let pool = PgPoolOptions::new().connect_lazy_with(self.database.access().system);
        sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap()
    }

    fn partly(&self) -> usize {
        self.registers.ledger().iter().filter(|asked| asked.status == 206).count()
    }
}

#[tokio::test]
async fn a_broken_download_goes_on_and_a_repetition_changes_nothing() {
    let desk = Desk::begin().await;
    let archive = golden_copy("Erste GmbH");
    let third = archive.len() / 3;
    desk.registers.publish("2026-11-23 00:00:00", archive, 2 * COMPANIES as u64 + 1);
    desk.registers.fails(&[Fault::CutAfter(third), Fault::Status(503), Fault::CutAfter(third)]);
    let (done, said) = desk.fetch(&["gleif"]).await;
    assert!(done, "{said}");
    assert!(said.contains("6001 records read, 3000 companies among them"), "{said}");
    assert!(said.contains("3000 new, 0 changed"), "{said}");
    assert_eq!(desk.partly(), 2, "it went on twice: {:?}", desk.registers.ledger());
    let one = "SELECT concat_ws('|', name, country, state, city, founded_year, lei, source) FROM companies
               WHERE id = 'lei:LEI00000000000000001'";
    assert_eq!(desk.rows(one).await, ["Company 1, Ltd|US|TX|Town 1|2001|LEI00000000000000001|gleif"]);

    let (done, said) = desk.fetch(&["gleif"]).await;
    assert!(done && said.contains("0 new, 0 changed, 3000 as before"), "{said}");
    assert_eq!(desk.registers.ledger().last().unwrap().status, 304, "an unchanged file is not fetched again");

    // What somebody knows besides is not lost when the register's own facts change.
    let pool = PgPoolOptions::new().connect_lazy_with(desk.database.access().system);
    let known = "UPDATE companies SET description = 'Makes clocks.' WHERE id = 'lei:LEI00000000000000000'";
    sqlx::query(known).execute(&pool).await.unwrap();
    desk.registers.publish("2026-11-24 00:00:00", golden_copy("Neue GmbH"), 6001);
    let (done, said) = desk.fetch(&["gleif"]).await;
    assert!(done && said.contains("0 new, 1 changed, 2999 as before"), "{said}");
    let first = "SELECT name || ': ' || description FROM companies WHERE id = 'lei:LEI00000000000000000'";
    assert_eq!(desk.rows(first).await, ["Neue GmbH: Makes clocks."]);
}

#[tokio::test]
async fn a_smaller_choice_is_always_the_same() {
    let desk = Desk::begin().await;
    desk.registers.publish("2026-11-23 00:00:00", golden_copy("Erste GmbH"), 6001);
    let (done, said) = desk.fetch(&["gleif", "--most", "100", "--countries", "DE,JP"]).await;
    assert!(
        done && said.contains("2000 companies among them, 100 chosen") && said.contains("100 new"),
        "{said}"
    );
    let (_, said) = desk.fetch(&["gleif", "--most", "100", "--countries", "DE,JP"]).await;
    assert!(said.contains("100 as before"), "{said}");
    let shares =
        "SELECT country || count(*) FROM companies WHERE source = 'gleif' GROUP BY country ORDER BY 1";
    let shares = desk.rows(shares).await;
    assert!(shares[0].starts_with("DE") && shares.len() == 2, "{shares:?}");
}

#[tokio::test]
async fn garbage_is_refused_and_forgotten() {
    let desk = Desk::begin().await;
    desk.registers.publish("2026-11-23 00:00:00", golden_copy("Erste GmbH"), 6001);
    desk.registers.fails(&[Fault::Garbage]);
    let (done, said) = desk.fetch(&["gleif"]).await;
    assert!(!done && said.contains("damaged") && said.contains("run this again"), "{said}");
    assert_eq!(desk.rows("SELECT id FROM companies WHERE source = 'gleif'").await.len(), 0);
    let (done, said) = desk.fetch(&["gleif"]).await;
    assert!(done && said.contains("3000 new"), "the next run fetches it anew: {said}");

    // A server that never answers ends the command with a reason, and keeps what came.
    desk.registers.publish("2026-11-24 00:00:00", golden_copy("Neue GmbH"), 6001);
    desk.registers.fails(&[Fault::CutAfter(1_000)]);
    desk.registers.fails(&[Fault::Status(500); 4]);
    let (done, said) = desk.fetch(&["gleif"]).await;
    assert!(!done && said.contains("run this again to go on"), "{said}");
    let (done, said) = desk.fetch(&["gleif"]).await;
    assert!(done && said.contains("1 changed"), "{said}");
    let last = desk.registers.ledger().pop().unwrap();
    assert_eq!((last.status, last.range.as_deref()), (206, Some("bytes=1000-")));
}

/// A filer as EDGAR writes it.
fn filer(cik: u64, name: &str, kind: &str, filed: &str) -> (String, String) {
    let text = serde_json::json!({
        "cik": format!("{cik:010}"), "entityType": kind, "sic": "7372",
        "sicDescription": "Services-Prepackaged Software", "ownerOrg": "06 Technology", "name": name,
        "tickers": ["TCK"], "exchanges": ["Nasdaq"], "lei": null, "description": "", "website": "",
        "addresses": {"mailing": {}, "business": {"street1": "1 Road", "city": "BERLIN", "stateOrCountry": "2M",
            "stateOrCountryDescription": "Germany", "isForeignLocation": 1}},
        "filings": {"recent": {"accessionNumber": ["1"], "filingDate": [filed], "form": ["20-F"]}, "files": []},
    });
    (format!("CIK{cik:010}.json"), text.to_string())
}

#[tokio::test]
async fn the_secs_filers_become_companies() {
    let desk = Desk::begin().await;
    let listed = r#"{"fields":["cik","name","ticker","exchange"],"data":[[1750,"AAR CORP","AIR","NYSE"],
        [77,"Soft SE","SFT","Nasdaq"],[77,"Soft SE","SFTA","Nasdaq"],[9,"Gold Trust","GLD","NYSE"]]}"#;
    desk.registers.put("files/company_tickers_exchange.json", listed.as_bytes().to_vec());
    let (done, said) = desk.fetch(&["sec", "--listed"]).await;
    assert!(!done && said.contains("--contact"), "{said}");
    let (done, said) = desk.fetch(&["sec", "--listed", "--contact", "bd@acme.example"]).await;
    assert!(done && said.contains("2 new"), "{said}");
    assert!(desk.registers.ledger()[0].agent.ends_with("bd@acme.example"));

    let year = chrono::Datelike::year(&chrono::Utc::now());
    let filers = [
        filer(77, "Soft SE", "operating", &format!("{year}-01-02")),
        filer(78, "Dead Inc", "operating", "2003-05-05"),
        filer(79, "Somebody Rich", "other", &format!("{year}-01-02")),
        ("CIK0000000077-submissions-001.json".to_owned(), "{}".to_owned()),
    ];
    let files: Vec<(&str, String)> =
        filers.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    desk.registers.put("Archives/edgar/daily-index/bulkdata/submissions.zip", zipped(&files));
    let (done, said) = desk.fetch(&["sec", "--contact", "bd@acme.example"]).await;
    assert!(done && said.contains("3 records read, 1 companies among them"), "{said}");
    let row = "SELECT concat_ws('|', name, country, city, tickers, tags) FROM companies WHERE id = 'cik:0000000077'";
    assert_eq!(desk.rows(row).await, ["Soft SE|DE|BERLIN|{TCK}|{\"services-prepackaged software\"}"]);
    assert_eq!(desk.rows("SELECT id FROM companies WHERE source = 'sec' ORDER BY 1").await.len(), 2);
}
