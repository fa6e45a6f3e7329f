//! Slack's edges: links to our pages, tokens that expire, installations that end, people whom nobody can reach.

use tests::conversation::{Conversation, LIMIT, found};
use tests::database::eventually;
use tests::post::{Post, field};
use tests::product::client;
use world::slack::{Room, Setup};

const DESK: &str = "https://desk.example";

async fn begin(shape: impl FnOnce(&mut Setup)) -> (Conversation, String) {
    let talk = Conversation::with(shape, |setting| setting.with("DEALDESK_PUBLIC_URL", DESK)).await;
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    let deal: String = {
        let mut owner = talk.database.owner().await;
        sqlx::query_scalar("SELECT deal_id::text FROM deals ORDER BY name")
            .fetch_one(&mut owner)
            .await
            .unwrap()
    };
    (talk, format!("{DESK}/deals/{deal}"))
}

#[tokio::test]
async fn a_link_to_a_deal_is_shown_in_short() {
    let (talk, url) = begin(|_| ()).await;
    let sent = talk.slack.user("dana").links(&url, "partnerships", false).await.unwrap();
    let shown = talk
        .slack
        .wait_for("the link shown", LIMIT, |w| w.unfurls.iter().find(|(at, _, _)| *at == sent.ts).cloned());
    let (_, at, words) = found(shown.await);
    assert_eq!(at, url);
    assert!(words.contains("Computop") && words.contains("Stage"), "{words}");
    let draft = talk.slack.user("dana").links(&url, "partnerships", true).await.unwrap();
    let shown = talk.slack.wait_for("the draft's link shown", LIMIT, |w| {
        w.unfurls.iter().find(|(at, _, _)| *at == draft.ts).cloned()
    });
    found(shown.await);
    talk.ends().await;
}

#[tokio::test]
async fn strangers_shared_rooms_and_foreign_links_show_nothing() {
    let shape = |setup: &mut Setup| setup.rooms.push(Room { is_shared: true, ..Room::named("with-partner") });
    let (talk, url) = begin(shape).await;
    talk.slack.user("gus").links(&url, "partnerships", false).await.unwrap();
    talk.slack.user("noor").links(&url, "partnerships", false).await.unwrap();
    let dana = talk.slack.user("dana");
    dana.links(&url, "with-partner", false).await.unwrap();
    for foreign in [
        format!("{DESK}.evil.example/deals/1"),
        format!("{DESK}/deals/00000000-0000-0000-0000-000000000001"),
        format!("{DESK}/people"),
        format!("{DESK}/deals/../people"),
        "https://elsewhere.example/deals/1".to_owned(),
    ] {
        dana.links(&foreign, "partnerships", false).await.unwrap();
    }
    let done = "SELECT count(*) FROM inbox WHERE state = 'ignored'";
    eventually("all of them looked at", async || talk.number(done).await == 8).await;
    assert_eq!(talk.slack.look(|w| w.unfurls.clone()), []);
    assert_eq!(
        talk.number("SELECT count(*) FROM people WHERE name IN ('Gus', 'Noor')").await,
        0,
        "nobody joins so"
    );
    talk.ends().await;
}

#[tokio::test]
async fn what_is_too_long_for_a_message_comes_whole_in_a_file() {
    let (talk, _) = begin(|_| ()).await;
    let many = "INSERT INTO deals (deal_id, tenant_id, partner_id, plan_id, name, stage, stage_since, owner_id, created_at, updated_at)
        SELECT gen_random_uuid(), tenant_id, partner_id, plan_id, 'A company with a name that is long, number ' || n, 'negotiation', now(),
               owner_id, now(), now() FROM (SELECT * FROM deals LIMIT 1) one, generate_series(1, 60) n";
    talk.changes(many).await;
    talk.changes("UPDATE people SET name = repeat('Dana Maria ', 5) WHERE name = 'Dana'").await;
    talk.types("dana", "/deal list").await;
    let answer = talk.sees("Shortened: there is more than fits here").await;
    let sent = talk.slack.wait_for("the file", LIMIT, |w| {
        w.messages.iter().find(|m| !m.files.is_empty()).cloned().zip(w.uploads.first().cloned())
    });
    let (message, file) = found(sent.await);
    assert_eq!(message.thread, answer.thread.or(Some(answer.ts)));
    let text = String::from_utf8(file.bytes).unwrap();
    assert!(file.name.ends_with(".txt") && text.contains("62 deals"), "{text}");
    assert_eq!(text.matches("number ").count(), 30, "what the card holds, and names in full: {text}");
    talk.ends().await;
}

#[tokio::test]
async fn whoever_cannot_be_reached_in_slack_gets_a_mail_once() {
    let Some(post) = Post::open().await else { return };
    let talk = Conversation::with(|_| (), |setting| post.known_to(setting)).await;
    talk.knows(&["dana"]).await;
    talk.slack
        .look(|w| w.setup.users.iter_mut().filter(|u| u.handle == "dana").for_each(|u| u.is_deleted = true));
    let asked = talk.slack.user("dana").command("/deal find payment companies in Germany", "random").await;
    assert_eq!(asked.unwrap().ack.status, 200);
    eventually("the mail", async || !post.sent().is_empty()).await;
    talk.ends().await;
    let sent = post.sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(field(&sent[0], "To"), "dana@acme.example");
    assert!(sent[0].contains("Computop"), "{}", sent[0]);
}

/// Installs the product into the workspace as an admin does with a browser.
async fn installs(talk: &Conversation) {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let begun = browser.get(format!("{}/slack/install", talk.product.url)).send().await.unwrap();
    let cookie = begun.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let to = begun.headers()["location"].to_str().unwrap().to_owned();
    let state = to.split_once("&state=").unwrap().1.split('&').next().unwrap().to_owned();
    let back = format!("{}/slack/oauth?code=world-oauth-code&state={state}", talk.product.url);
    let done = browser.get(back).header("cookie", cookie).send().await.unwrap();
    assert_eq!(done.status(), 200, "{}", done.text().await.unwrap());
}

async fn by_oauth(shape: impl FnOnce(&mut Setup)) -> Conversation {
    let tune = |setting: tests::product::Setting| {
        setting
            .with("SLACK_CLIENT_ID", "1111.2222")
            .with("SLACK_CLIENT_SECRET", "world-client-secret")
            .with("SLACK_TENANTS", "shared")
    };
    let talk = Conversation::with(shape, tune).await;
    installs(&talk).await;
    talk
}

#[tokio::test]
async fn a_token_that_expires_is_renewed_in_time_and_kept_sealed() {
    let talk = by_oauth(|setup| setup.refresh_token = Some("xoxe-first".to_owned())).await;
    let soon = "SELECT count(*) FROM workspaces WHERE token_expires_at > now() + interval '11 hours'";
    assert_eq!(talk.number(soon).await, 1);
    let old = talk.slack.look(|w| w.setup.bot_token.clone());
    talk.changes("UPDATE workspaces SET token_expires_at = now() + interval '5 minutes'").await;
    eventually("the token being renewed", async || talk.number(soon).await == 1).await;
    let (new, refresh) =
        talk.slack.look(|w| (w.setup.bot_token.clone(), w.setup.refresh_token.clone().unwrap()));
    assert_ne!(old, new, "the old token works no more");
    talk.types("dana", "/deal find payment companies in Germany").await;
    talk.sees("for “payment companies in Germany”").await;
    let renewals =
        talk.slack.calls().into_iter().filter(|call| call.args["grant_type"] == "refresh_token").count();
    assert_eq!(renewals, 1, "one process renews it once");
    for secret in [new, refresh] {
        let plain = format!(
            "SELECT count(*) FROM workspaces WHERE position('{secret}'::bytea IN token || refresh_token) > 0"
        );
        assert_eq!(talk.number(&plain).await, 0);
        assert!(!talk.product.log().contains(&secret));
    }
    talk.ends().await;
}

#[tokio::test]
async fn an_installation_that_ended_is_written_to_no_more() {
    for event in [
        serde_json::json!({"type": "app_uninstalled"}),
        serde_json::json!({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0DESK"]}}),
    ] {
        let talk = by_oauth(|_| ()).await;
        let request = talk.proposes().await;
        talk.slack.event(&event).await.unwrap();
        let removed = "SELECT count(*) FROM workspaces WHERE state = 'removed' AND token IS NULL";
        eventually("the end being noted", async || talk.number(removed).await == 1).await;
        let before = talk.slack.calls().len();
        // Decided in the console: the copies in Slack are left as they are, and nothing is tried again.
        talk.changes("UPDATE people SET role = 'admin'").await;
        let admin = talk.product.admin().await;
        let approval: String = {
            let mut owner = talk.database.owner().await;
            sqlx::query_scalar("SELECT approval_id::text FROM approvals").fetch_one(&mut owner).await.unwrap()
        };
        let fields = format!("approval={approval}&verdict=approve&verb=approve&value={approval}");
        admin.sends("/approvals/decide", fields).await;
        let given_up = "SELECT count(*) FROM outbox WHERE state = 'failed'";
        eventually("its messages being given up", async || talk.number(given_up).await > 0).await;
        let waiting = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')";
        eventually("nothing waiting", async || talk.number(waiting).await == 0).await;
        assert_eq!(talk.slack.calls().len(), before, "{:?}", talk.slack.calls().last());
        assert_eq!(talk.slack.current(&request).unwrap().edits, request.edits);
        let again = talk.types("dana", "/deal help").await;
        assert!(
            again.ack.body.contains("On it") || again.ack.body.contains("has not joined"),
            "{}",
            again.ack.body
        );
        client();
    }
}

#[tokio::test]
async fn an_organisation_wide_installation_works_and_its_guests_do_not() {
    let talk =
        Conversation::with(|setup| setup.organisation = Some("E0ACME".to_owned()), |setting| setting).await;
    talk.slack.look(|w| {
        w.setup
            .users
            .iter_mut()
            .filter(|user| user.handle == "noor")
            .for_each(|user| user.other_team = Some("T0PARTNER".to_owned()));
    });
    for outsider in ["gus", "noor"] {
        talk.types(outsider, "/deal find payment companies in Germany").await;
        talk.is_told(outsider, "not yet a member").await;
        talk.slack.user(outsider).opens_home().await.unwrap();
        let home =
            talk.slack.wait_for("a home", LIMIT, |w| Some(w.home(outsider)).filter(|home| !home.is_empty()));
        assert!(found(home.await).contains("not yet a member"));
    }
    assert_eq!(talk.number("SELECT count(*) FROM plans").await, 0);
    assert_eq!(talk.number("SELECT count(*) FROM workspaces WHERE external_id = 'E0ACME'").await, 1);
    talk.ends().await;
}
