//! A conversation with the running product in a fake Slack: what people do, what they see, what is left over.

use std::time::Duration;

use domain::clock::Clock;
use sqlx::AssertSqlSafe;
use world::slack::{Message, Sent, Setup, Slack, Trouble};

use crate::database::{Database, eventually};
use crate::product::{Product, Setting};

/// How long anything that people wait for may take.
pub const LIMIT: Duration = Duration::from_secs(40);
/// The room that most conversations are in.
pub const ROOM: &str = "partnerships";
/// What is left to do anywhere; nothing, once a conversation is over.
const OPEN_WORK: &str = "SELECT coalesce(string_agg(what, ', '), '') FROM (
    SELECT 'message in: ' || state || coalesce(', ' || error, '') AS what FROM inbox
    WHERE state IN ('new', 'running', 'failed')
    UNION ALL SELECT 'step ' || action || ': ' || state || coalesce(', ' || error, '') FROM steps
    WHERE state IN ('queued', 'running', 'waiting')
    UNION ALL SELECT 'delivery of ' || slot || ': ' || state || coalesce(', ' || error, '')
    FROM outbox JOIN messages USING (message_id) WHERE state IN ('queued', 'sending', 'failed')
    UNION ALL SELECT 'effect ' || action || ': ' || state || coalesce(', ' || error, '') FROM effects
    WHERE state IN ('queued', 'running', 'failed')) open";

/// A product, its database, and the Slack around it.
pub struct Conversation {
    /// The fake Slack.
    pub slack: Slack,
    /// The program.
    pub product: Product,
    /// Its database.
    pub database: Database,
}

impl Conversation {
    /// Starts everything in Acme's workspace.
    pub async fn begin() -> Self {
        Self::with(|_| (), |setting| setting).await
    }

    /// Starts everything in a workspace and with settings of the test's own.
    pub async fn with(shape: impl FnOnce(&mut Setup), tune: impl FnOnce(Setting) -> Setting) -> Self {
        let database = Database::fresh().await;
        let mut setup = Setup::acme(Clock::system());
        shape(&mut setup);
        let slack = Slack::start(setup.clone()).await.unwrap();
        let setting = Setting::on(&database)
            .with("SLACK_API_URL", slack.api_url())
            .with("SLACK_SIGNING_SECRET", setup.signing_secret)
            .with("SLACK_BOT_TOKEN", setup.bot_token);
        let product = tune(setting).start().await;
        slack.deliver_to(&product.url);
        let talk = Self { slack, product, database };
        eventually("the product knowing the workspace", async || {
            talk.number("SELECT count(*) FROM workspaces WHERE channel = 'slack'").await == 1
        })
        .await;
        talk
    }

    /// Starts everything with Slack sending over connections that the product opens: it has no public address, and
    /// nothing to check a signature with.
    pub async fn by_socket(shape: impl FnOnce(&mut Setup), tune: impl FnOnce(Setting) -> Setting) -> Self {
        let token = Setup::acme(Clock::system()).app_token;
        let closed =
            |setting: Setting| tune(setting.with("SLACK_APP_TOKEN", token).with("SLACK_SIGNING_SECRET", ""));
        let talk = Self::with(shape, closed).await;
        talk.slack.sends_by_socket();
        talk.is_connected().await;
        talk
    }

    /// Waits for both connections to stand.
    pub async fn is_connected(&self) {
        let connected = self
            .slack
            .wait_for("two connections", LIMIT, |_| (self.slack.connections().0 >= 2).then_some(()));
        found(connected.await);
    }

    /// Types a command in the usual room; it is acknowledged.
    pub async fn types(&self, user: &str, line: &str) -> Sent {
        let sent = self.slack.user(user).command(line, ROOM).await.unwrap();
        assert_eq!(sent.ack.status, 200, "{line}: {}", sent.ack.body);
        sent
    }

    /// Presses a button; it is acknowledged.
    pub async fn presses(&self, user: &str, message: &Message, button: &str) {
        let sent = self.slack.user(user).presses(message, button).await.unwrap();
        assert_eq!(sent.ack.status, 200, "{button}: {}", sent.ack.body);
    }

    /// Waits for a message of the product with these words.
    pub async fn sees(&self, words: &str) -> Message {
        found(self.slack.wait_for_words(words, LIMIT).await)
    }

    /// Waits for a message with these words that only one person sees.
    pub async fn is_told(&self, user: &str, words: &str) -> Message {
        let what = format!("{user} being told {words:?}");
        let told = self.slack.wait_for(&what, LIMIT, |w| {
            w.ephemerals(user).into_iter().rev().find(|m| m.words().contains(words)).cloned()
        });
        found(told.await)
    }

    /// Makes people known to the product, so that requests reach them in private too.
    pub async fn knows(&self, users: &[&str]) {
        for user in users {
            self.types(user, "/deal help").await;
            self.is_told(user, "What you can say").await;
        }
    }

    /// Dana searches, and gets the answer with partners to tick.
    pub async fn finds(&self) -> Message {
        self.types("dana", "/deal find payment companies in Germany").await;
        let answer = self.sees("for “payment companies in Germany”").await;
        assert!(answer.choices().len() >= 2, "{}", answer.words());
        answer
    }

    /// Dana searches and asks for two deals; gives the request that approvers see.
    pub async fn proposes(&self) -> Message {
        let answer = self.finds().await;
        let ticks: Vec<String> = answer.choices().into_iter().take(2).map(|(value, _)| value).collect();
        let ticks: Vec<&str> = ticks.iter().map(String::as_str).collect();
        let sent = self.slack.user("dana").ticks_and_presses(&answer, &ticks, "Create deals").await;
        assert_eq!(sent.unwrap().ack.status, 200);
        // Copies in private may come first.
        let request = self.slack.wait_for("the request in the thread", LIMIT, |w| {
            w.from_bot().find(|m| m.thread.is_some() && m.words().contains("asks to create")).cloned()
        });
        found(request.await)
    }

    /// A number from the database, as its owner.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut owner = self.database.owner().await;
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut owner).await.unwrap()
    }

    /// A text from the database, as its owner.
    pub async fn text(&self, sql: &str) -> String {
        let mut owner = self.database.owner().await;
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut owner).await.unwrap()
    }

    /// Changes the database behind the product's back, as its owner.
    pub async fn changes(&self, sql: &str) {
        let mut owner = self.database.owner().await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut owner).await.unwrap();
    }

    /// What is left to do, in words; empty once everything is done.
    pub async fn open_work(&self) -> String {
        open_work(&self.database).await
    }

    /// The end of every conversation: nothing is left to do, no message was posted twice, the audit chain holds.
    pub async fn ends(&self) {
        is_quiet(&self.database).await;
        let (holds, told) = self.product.run(&["audit", "verify"]);
        assert!(holds, "{told}");
        assert_eq!(doubles(&self.slack), [""; 0], "{}", self.slack.transcript());
    }
}

/// What is left to do, in words.
async fn open_work(database: &Database) -> String {
    let mut owner = database.owner().await;
    sqlx::query_scalar(OPEN_WORK).fetch_one(&mut owner).await.unwrap()
}

/// Waits until nothing is left to do; says what is if that does not come.
pub async fn is_quiet(database: &Database) {
    let begun = std::time::Instant::now();
    loop {
        let open = open_work(database).await;
        if open.is_empty() {
            return;
        }
        assert!(begun.elapsed() < LIMIT, "left to do: {open}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Words of messages that were posted more than once.
pub fn doubles(slack: &Slack) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    slack.look(|w| {
        let keyed = w.messages.iter().filter_map(|m| m.key().map(|key| (key.to_owned(), m.words())));
        keyed.filter(|(key, _)| !seen.insert(key.clone())).map(|(_, words)| words).collect()
    })
}

/// What was waited for, or the whole transcript.
pub fn found<T>(waited: Result<T, Trouble>) -> T {
    waited.unwrap_or_else(|trouble| panic!("{trouble}"))
}
