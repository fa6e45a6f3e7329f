//! `dealdesk doctor`: checks everything that is configured and says what to do.

use std::process::ExitCode;

use agents::llm::usd;
use secrecy::ExposeSecret;
use storage::{checkup, llm_spending};

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::line;
use crate::config::Config;

/// One check's outcome.
struct Finding {
    what: &'static str,
    /// What was seen, or what is wrong and the way out.
    outcome: Result<String, String>,
}

/// Ends with failure if anything that is configured does not work.
pub(crate) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let mut findings = vec![home(&config), files(&config).await, documents(&config).await, links(&config)];
    match App::open(config, Owner::Shared).await {
        Err(error) => findings.push(Finding {
            what: "database",
            outcome: Err(format!("{error:#}. Check DATABASE_URL, or run scripts/setup run")),
        }),
        Ok(app) => {
            findings.extend(database(&app).await);
            findings.push(directory(&app).await);
            findings.push(slack(&app).await);
            findings.push(discord(&app).await);
            findings.push(llm(&app).await);
            app.close().await?;
        }
    }
    let mut is_well = true;
    for finding in findings {
        let (mark, text) = match finding.outcome {
            Ok(text) => ("ok  ", text),
            Err(text) => {
                is_well = false;
                ("FAIL", text)
            }
        };
        line(&format!("{mark}  {:12} {text}", finding.what))?;
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn home(config: &Config) -> Finding {
    let home = &config.home;
    let written = std::fs::create_dir_all(home).and_then(|()| {
        let probe = home.join(".doctor");
        std::fs::write(&probe, b"ok")?;
        std::fs::remove_file(probe)
    });
    let outcome = match written {
        Ok(()) => Ok(home.display().to_string()),
        Err(error) => {
            Err(format!("cannot write to {}: {error}. Name another with DEALDESK_HOME", home.display()))
        }
    };
    Finding { what: "data folder", outcome }
}

/// Whether originals can be kept.
async fn files(config: &Config) -> Finding {
    let kept = async {
        let objects = config.objects()?;
        let digest = objects.put(HOME_TENANT, b"doctor").await?;
        objects.get(HOME_TENANT, digest).await?;
        objects.remove(HOME_TENANT, digest).await?;
        anyhow::Ok(objects.place().to_owned())
    };
    let outcome =
        kept.await.map_err(|error| format!("{error:#}. Check OBJECT_STORE_URL and the AWS_ variables"));
    Finding { what: "files", outcome }
}

/// Whether PDFs and scans can be read.
async fn documents(config: &Config) -> Finding {
    let read = async {
        let page = include_bytes!("page.pdf");
        let reading = config.reader()?.read(page, None).await?;
        anyhow::ensure!(reading.text.text == "A page.", "a page was read wrongly: {}", reading.text.text);
        anyhow::Ok(reading.notes)
    };
    let outcome = match read.await {
        Ok(notes) if notes.is_empty() => Ok("PDFs are read by pdfium".to_owned()),
        Ok(_) => Ok("PDFs are read by pdftotext; scripts/setup run fetches the better pdfium".to_owned()),
        Err(error) => {
            Err(format!("{error:#}. Run scripts/setup run, or name the library with DEALDESK_PDFIUM"))
        }
    };
    let scans = if config.engines().tesseract.is_some() {
        "scans by Tesseract"
    } else {
        "scans are left to people: install tesseract-ocr"
    };
    Finding { what: "documents", outcome: outcome.map(|text| format!("{text}, {scans}")) }
}

/// Which links are followed.
fn links(config: &Config) -> Finding {
    let outcome = match config.fetcher() {
        Ok(_) if config.fetch.allow_hosts.is_empty() => Ok("the public internet only".to_owned()),
        Ok(_) => Ok(format!("the public internet and {}", config.fetch.allow_hosts)),
        Err(error) => Err(format!("{error:#}. Check DEALDESK_FETCH_ALLOW_HOSTS and DEALDESK_FETCH_PORTS")),
    };
    Finding { what: "links", outcome }
}

async fn database(app: &App) -> Vec<Finding> {
    let server = match checkup::server(&app.db).await {
        Ok(seen) => seen,
        Err(error) => {
            let outcome = Err(agents::desk::chain(&error));
            return vec![Finding { what: "database", outcome }];
        }
    };
    let role = if let Some(login) = &server.strong_login {
        Err(format!(
            "the login {login} is a superuser or bypasses row-level security. Use a plain one in DATABASE_URL \
             (docs/operations.md, The database)"
        ))
    } else if server.app_is_bound {
        Ok("row-level security binds the application's role".to_owned())
    } else {
        Err("the application's role owns tables or bypasses row-level security. Use a plain role".to_owned())
    };
    let skew = (server.now - app.clock.now()).num_milliseconds().abs();
    let clock = if skew < 2_000 {
        Ok(format!("{skew} ms from the database's"))
    } else {
        Err(format!("{skew} ms from the database's. Set both by NTP: signatures are valid for 300 s"))
    };
    let missing = if server.has_trigrams { "" } else { ", without pg_trgm: names are searched less well" };
    vec![
        Finding { what: "database", outcome: Ok(format!("Postgres {}{missing}", server.version)) },
        Finding { what: "roles", outcome: role },
        Finding { what: "clock", outcome: clock },
    ]
}

async fn directory(app: &App) -> Finding {
    let outcome = match app.desk.directory.refresh().await {
        Ok(_) => match storage::directory::companies::count(app.db.directory()).await {
            Ok(0) => Err("no companies. Load some: dealdesk companies import FILE".to_owned()),
            Ok(count) => Ok(format!("{count} companies, the search index is current")),
            Err(error) => Err(agents::desk::chain(&error)),
        },
        Err(error) => Err(agents::desk::chain(&error)),
    };
    Finding { what: "directory", outcome }
}

async fn slack(app: &App) -> Finding {
    let what = "slack";
    let settings = &app.config.slack;
    let (has_secret, app_token) = (!settings.secrets().is_empty(), settings.app_token());
    let Some(token) = app.members().own_token() else {
        let by_oauth = !settings.client_id.is_empty();
        let outcome = match (&app_token, has_secret) {
            (Some(_), _) if !by_oauth => Err("SLACK_APP_TOKEN is set but SLACK_BOT_TOKEN is not".to_owned()),
            (None, true) if !by_oauth => {
                Err("SLACK_SIGNING_SECRET is set but SLACK_BOT_TOKEN is not".to_owned())
            }
            (Some(_), _) | (None, true) => mode(app).await,
            (None, false) => {
                Ok("not connected (set SLACK_APP_TOKEN and SLACK_BOT_TOKEN; docs/slack.md)".to_owned())
            }
        };
        return Finding { what, outcome };
    };
    let outcome = match app.slack.auth_test(&token).await {
        Ok(_) if app_token.is_none() && !has_secret => Err(
            "the token works, but nothing is heard without SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP)"
                .to_owned(),
        ),
        Ok(_) if !token.expose_secret().starts_with("xoxb-") => {
            Err("SLACK_BOT_TOKEN is not a bot token (xoxb-…)".to_owned())
        }
        Ok(team) => {
            mode(app).await.map(|mode| format!("{} ({}), as {}; {mode}", team.name, team.id, team.bot_user))
        }
        Err(error) => Err(format!("{error}. Check SLACK_BOT_TOKEN and SLACK_API_URL")),
    };
    Finding { what, outcome }
}

/// How Slack's messages reach us.
async fn mode(app: &App) -> Result<String, String> {
    let settings = &app.config.slack;
    let Some(token) = settings.app_token() else {
        return Ok(format!(
            "over HTTP at {}/slack/…, which Slack must be able to reach",
            app.config.public_url()
        ));
    };
    if !token.expose_secret().starts_with("xapp-") {
        return Err("SLACK_APP_TOKEN is not an app-level token (xapp-…)".to_owned());
    }
    match app.slack.socket_address(&token).await {
        Ok(_) if settings.secrets().is_empty() => Ok("in Socket Mode".to_owned()),
        Ok(_) => Ok("in Socket Mode, and over HTTP as well".to_owned()),
        Err(error) => Err(format!(
            "{error}. Check SLACK_APP_TOKEN: an app-level token with connections:write, and Socket Mode switched on"
        )),
    }
}

/// Whether language models can be asked, and how much of the month is left. Nothing is asked: that would cost.
async fn llm(app: &App) -> Finding {
    let what = "models";
    let Some(settings) = app.desk.llm.settings() else {
        let outcome =
            Ok("language models are asked for nothing (DEALDESK_LLM_USES and a key; docs/llm.md)".to_owned());
        return Finding { what, outcome };
    };
    let unpriced = settings.uses.iter().find_map(|used| {
        let plan = settings.table.plan(used.name())?;
        let mut known = plan.routes.iter().filter(|route| settings.providers.contains_key(&route.vendor));
        (!known.any(|route| route.price.is_some())).then_some(used.name())
    });
    if let Some(used) = unpriced {
        let outcome = Err(format!(
            "no configured provider has a model with a price for {used}. Check DEALDESK_LLM_TABLE, or              DEALDESK_LLM_COMPATIBLE_MODEL and _PRICE"
        ));
        return Finding { what, outcome };
    }
    let month = async {
        let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
        let rules = llm_spending::rules(&mut tx).await?;
        let cap = rules.month_micro.unwrap_or(settings.caps.tenant_month_micro);
        let month = llm_spending::month(&mut tx, app.clock.now().date_naive()).await?;
        Ok::<_, storage::Error>((month.map_or(0, |month| month.spent_micro), cap))
    };
    let outcome = match month.await {
        Ok((spent, cap)) if spent.saturating_mul(5) >= cap.saturating_mul(4) => Err(format!(
            "{} of this month's {} are spent. Raise the limit: dealdesk llm limits --month-cents N",
            usd(spent),
            usd(cap)
        )),
        Ok((spent, cap)) => {
            let who: Vec<&str> = settings.providers.keys().map(|vendor| vendor.name()).collect();
            let on: Vec<&str> = settings.uses.iter().map(|used| used.name()).collect();
            let (who, on) = (who.join(", "), on.join(", "));
            Ok(format!("{who} for {on}; {} of this month's {} spent", usd(spent), usd(cap)))
        }
        Err(error) => Err(agents::desk::chain(&error)),
    };
    Finding { what, outcome }
}

async fn discord(app: &App) -> Finding {
    let what = "discord";
    let settings = &app.config.discord;
    let Some(client) = &app.discord else {
        let outcome = if settings.public_key.trim().is_empty() {
            Ok("not connected (set DISCORD_PUBLIC_KEY, DISCORD_BOT_TOKEN and DISCORD_APPLICATION_ID)"
                .to_owned())
        } else {
            Err("DISCORD_PUBLIC_KEY is set but DISCORD_BOT_TOKEN is not".to_owned())
        };
        return Finding { what, outcome };
    };
    let outcome = match client.guilds().await {
        Err(error) => Err(format!("{error}. Check DISCORD_BOT_TOKEN and DISCORD_API_URL")),
        Ok(_) if settings.public_key.trim().is_empty() => {
            Err("the token works, but without DISCORD_PUBLIC_KEY no command or button is accepted".to_owned())
        }
        Ok(guilds) => crate::discord::served(&settings.guilds(), &guilds).map(|served| {
            served.iter().map(|g| format!("{} ({})", g.name, g.id)).collect::<Vec<_>>().join(", ")
        }),
    };
    Finding { what, outcome }
}
