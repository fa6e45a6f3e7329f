//! Facts from providers: paid for once, the second asked when the first fails, never over the budget, contradictions told.

use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use tests::database::Database;
use tests::product::Setting;
use world::enrichment::Providers;

struct Desk {
    database: Database,
    providers: Providers,
    setting: Setting,
}

impl Desk {
    /// Both providers connected; a match costs a cent, and `budget` dollars may be spent.
    async fn begin(budget: &str) -> Self {
        let database = Database::fresh().await;
        let providers = Providers::start().await.unwrap();
        let setting = Setting::on(&database);
        let desk = Self { database, providers, setting };
        let key = std::env::temp_dir().join(format!("dealdesk-key-{}-{budget}", std::process::id()));
        std::fs::write(&key, "a-key\n").unwrap();
        let (key, url) = (key.to_string_lossy().into_owned(), desk.providers.url());
        for provider in ["peopledatalabs", "apollo"] {
            let arguments = [
                "connect",
                provider,
                "--key",
                &key,
                "--base-url",
                &url,
                "--budget-usd",
                budget,
                "--cost-micros",
                "400000",
            ];
            let (done, said) = desk.runs(&arguments).await;
            assert!(done, "{said}");
        }
        desk
    }

    async fn runs(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = self.setting.command();
        command.args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), text + &String::from_utf8_lossy(&output.stderr))
    }

    async fn enriches(&self, domain: &str) -> (bool, String) {
        self.runs(&["companies", "enrich", domain]).await
    }

    async fn number(&self, sql: &'static str) -> i64 {
        let mut owner = self.database.owner().await;
        sqlx::query_scalar(sql).fetch_one(&mut owner).await.unwrap()
    }

    fn knows_acme(&self) {
        let company = json!({ "status": 200, "likelihood": 9, "name": "acme", "display_name": "Acme GmbH", "founded": 1999,
            "employee_count": 120, "location": { "locality": "berlin", "country": "germany" } });
        self.providers.knows("pdl", "acme.example", company);
    }
}

const SPENT: &str = "SELECT coalesce(sum(cost_micros), 0)::bigint FROM enrichment_calls";

#[tokio::test]
async fn a_company_is_paid_for_once_even_when_many_ask() {
    let desk = Desk::begin("50").await;
    desk.knows_acme();
    let many = (0..5).map(|_| desk.enriches("https://www.Acme.example/about"));
    for (done, said) in futures_util::future::join_all(many).await {
        assert!(done && said.contains("founded      1999  (peopledatalabs, 90 %"), "{said}");
    }
    assert_eq!(desk.providers.ledger(), ["pdl acme.example"]);
    assert_eq!(desk.number(SPENT).await, 400_000);
    let kept = "SELECT extract(day FROM expires_at - fetched_at)::bigint FROM enrichments";
    assert_eq!(desk.number(kept).await, 30);
}

#[tokio::test]
async fn the_second_is_asked_when_the_first_fails_or_knows_nothing() {
    let desk = Desk::begin("50").await;
    let beta = json!({ "organization": { "name": "Beta Ltd", "founded_year": 2005, "country": "France" } });
    desk.providers.knows("apollo", "beta.example", beta.clone());
    desk.providers.knows("apollo", "gamma.example", beta);
    let (done, said) = desk.enriches("beta.example").await;
    assert!(
        done && said.contains("peopledatalabs knows nothing") && said.contains("Beta Ltd  (apollo, 60 %"),
        "{said}"
    );
    let kept = "SELECT extract(day FROM expires_at - fetched_at)::bigint FROM enrichments WHERE NOT is_match";
    assert_eq!(desk.number(kept).await, 3, "that it knows nothing is kept for less");
    desk.providers.fails("pdl", 503);
    let (done, said) = desk.enriches("gamma.example").await;
    assert!(done && said.contains("Beta Ltd  (apollo"), "{said}");
    assert_eq!(desk.number(SPENT).await, 800_000, "only matches cost");
    let (done, _) = desk.enriches("nobody.example").await;
    assert!(!done);
}

#[tokio::test]
async fn contradictions_with_the_directory_are_told_and_counted() {
    let desk = Desk::begin("50").await;
    desk.knows_acme();
    let pool = PgPoolOptions::new().connect_lazy_with(desk.database.access().system);
    let known = "INSERT INTO companies (id, source, name, country, founded_year, domain, updated_at)
                 VALUES ('x:1', 'gleif', 'Acme GmbH', 'FR', 1999, 'acme.example', now())";
    sqlx::query(known).execute(&pool).await.unwrap();
    let (done, said) = desk.enriches("acme.example").await;
    assert!(done && said.contains("! country: peopledatalabs says DE, directory (gleif) says FR"), "{said}");
    assert!(said.contains("1 of 3 comparable facts are contradicted"), "{said}");
}

#[tokio::test]
async fn the_budget_is_never_passed_however_many_ask() {
    let desk = Desk::begin("1").await;
    let domains: Vec<String> = (0..8).map(|n| format!("c{n}.example")).collect();
    for domain in &domains {
        let company = json!({ "status": 200, "likelihood": 5, "name": "c", "display_name": "C" });
        desk.providers.knows("pdl", domain, company);
    }
    let asked = domains.iter().map(|domain| desk.enriches(domain));
    let said = futures_util::future::join_all(asked).await;
    assert_eq!(said.iter().filter(|(done, _)| *done).count(), 2, "{said:?}");
    assert!(
        said.iter().any(|(_, said)| said.contains("the budget of 30 days is used up (0.80 USD)")),
        "{said:?}"
    );
    assert_eq!(desk.number(SPENT).await, 800_000);
    assert_eq!(desk.providers.ledger().len(), 2);
}
