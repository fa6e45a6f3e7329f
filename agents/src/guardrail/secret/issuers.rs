//! Keys, tokens and addresses whose issuer is known from their beginning.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use super::super::checksum::entropy;
use super::super::finding::Reading;
use super::placeholder::is_placeholder;

/// Prefix, form of what follows, name of the secret, least entropy of the whole.
struct Issuer(&'static str, &'static str, &'static str, f32);

const ISSUERS: &[Issuer] = &[
    Issuer(
        "A3-",
        r"[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
        "ONEPASSWORD_KEY",
        3.5,
    ),
    Issuer("ops_eyJ", r"[a-zA-Z0-9+/]{200,}={0,3}", "ONEPASSWORD_TOKEN", 4.0),
    Issuer("p8e-", r"[a-f0-9]{32}\b", "ADOBE_CLIENT_SECRET", 2.0),
    Issuer("AGE-SECRET-KEY-1", r"[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}", "AGE_KEY", 0.0),
    Issuer("AKIA", r"[A-Z2-7]{16}\b", "AWS_ACCESS_KEY", 3.0),
    Issuer("ASIA", r"[A-Z2-7]{16}\b", "AWS_ACCESS_KEY", 3.0),
    Issuer("ABIA", r"[A-Z2-7]{16}\b", "AWS_ACCESS_KEY", 3.0),
    Issuer("ACCA", r"[A-Z2-7]{16}\b", "AWS_ACCESS_KEY", 3.0),
    Issuer("A3T", r"[A-Z0-9][A-Z2-7]{16}\b", "AWS_ACCESS_KEY", 3.0),
    Issuer("ABSK", r"[A-Za-z0-9+/]{109,269}={0,2}", "AWS_BEDROCK_KEY", 3.0),
    Issuer("bedrock-api-key-", r"YmVkcm9jay5hbWF6b25hd3MuY29t", "AWS_BEDROCK_KEY", 3.0),
    Issuer("AIza", r"[\w-]{35}(?:[^\w-]|$)", "GCP_API_KEY", 3.4),
    Issuer("GOCSPX-", r"[\w-]{28}", "GCP_CLIENT_SECRET", 3.0),
    Issuer("ya29.", r"[\w-]{20,}", "GCP_ACCESS_TOKEN", 3.0),
    Issuer("LTAI", r"[a-zA-Z0-9]{20}", "ALIBABA_ACCESS_KEY", 3.0),
    Issuer("sk-ant-", r"[a-z]{3,5}\d{2}-[\w-]{80,}", "ANTHROPIC_API_KEY", 3.0),
    Issuer("sk-proj-", r"[\w-]{40,}", "OPENAI_API_KEY", 3.5),
    Issuer("sk-svcacct-", r"[\w-]{40,}", "OPENAI_API_KEY", 3.5),
    Issuer("sk-admin-", r"[\w-]{40,}", "OPENAI_API_KEY", 3.5),
    Issuer("sk-or-v1-", r"[0-9a-f]{64}", "OPENROUTER_API_KEY", 3.0),
    Issuer(
        "sk-",
        r"[a-zA-Z0-9]{20}T3BlbkFJ[a-zA-Z0-9]{20}|[a-zA-Z0-9]{48}\b|[0-9a-f]{32}\b",
        "OPENAI_API_KEY",
        3.0,
    ),
    Issuer("AKCp", r"[A-Za-z0-9]{69}", "ARTIFACTORY_KEY", 4.0),
    Issuer("AKC", r"[a-zA-Z0-9]{10,}", "ARTIFACTORY_KEY", 3.2),
    Issuer("AP", r"[0-9A-F][a-zA-Z0-9]{8,}\b", "ARTIFACTORY_PASSWORD", 3.4),
    Issuer("cmVmd", r"[A-Za-z0-9]{59}\b", "ARTIFACTORY_TOKEN", 3.5),
    Issuer("ATATT3", r"[\w=-]{50,}", "ATLASSIAN_TOKEN", 3.5),
    Issuer("b_", r"[a-z0-9=_-]{44}", "BEAMER_TOKEN", 3.0),
    Issuer("CLOJARS_", r"[a-zA-Z0-9]{60}", "CLOJARS_TOKEN", 2.0),
    Issuer("4b1d", r"[A-Za-z0-9]{38}\b", "CLICKHOUSE_KEY", 3.0),
    Issuer("v1.0-", r"[a-f0-9]{24}-[a-f0-9]{100,}", "CLOUDFLARE_KEY", 2.0),
    Issuer("dapi", r"[a-f0-9]{32}(?:-\d)?\b", "DATABRICKS_TOKEN", 3.0),
    Issuer("dnkey-", r"[a-z0-9=_-]{26}-[a-z0-9=_-]{52}", "DEFINED_NETWORKING_TOKEN", 3.5),
    Issuer("MT", r"[\w-]{22,26}\.[\w-]{6}\.[\w-]{27,38}\b", "DISCORD_TOKEN", 3.5),
    Issuer("OT", r"[\w-]{22,26}\.[\w-]{6}\.[\w-]{27,38}\b", "DISCORD_TOKEN", 3.5),
    Issuer("Nz", r"[\w-]{22,26}\.[\w-]{6}\.[\w-]{27,38}\b", "DISCORD_TOKEN", 3.5),
    Issuer("doo_v1_", r"[a-f0-9]{64}", "DIGITALOCEAN_TOKEN", 3.0),
    Issuer("dop_v1_", r"[a-f0-9]{64}", "DIGITALOCEAN_TOKEN", 3.0),
    Issuer("dor_v1_", r"[a-f0-9]{64}", "DIGITALOCEAN_TOKEN", 3.0),
    Issuer("dp.pt.", r"[a-zA-Z0-9]{43}", "DOPPLER_TOKEN", 2.0),
    Issuer("duffel_", r"(?:test|live)_[\w=-]{43}", "DUFFEL_TOKEN", 2.0),
    Issuer("dt0c01.", r"[a-zA-Z0-9]{24}\.[a-zA-Z0-9]{64}", "DYNATRACE_TOKEN", 3.0),
    Issuer("EZAK", r"[a-zA-Z0-9]{54}", "EASYPOST_KEY", 3.0),
    Issuer("EZTK", r"[a-zA-Z0-9]{54}", "EASYPOST_KEY", 3.0),
    Issuer("EAAC", r"[a-zA-Z0-9]{80,}", "FACEBOOK_TOKEN", 3.5),
    Issuer("|", r"[A-Za-z0-9_-]{27}(?:[^\w-]|$)", "FACEBOOK_TOKEN", 3.5),
    Issuer("EAAM", r"[a-zA-Z0-9]{80,}", "FACEBOOK_TOKEN", 3.5),
    Issuer("EAAA", r"[\w-]{56,62}\b", "SQUARE_TOKEN", 3.5),
    Issuer("sq0", r"(?:atp|csp|idp)-[\w-]{22,60}", "SQUARE_TOKEN", 2.0),
    Issuer("FLWPUBK_TEST-", r"[a-hA-H0-9]{32}-X", "FLUTTERWAVE_KEY", 2.0),
    Issuer("FLWSECK_TEST-", r"[a-hA-H0-9]{12,32}(?:-X)?", "FLUTTERWAVE_KEY", 2.0),
    Issuer("fo1_", r"[\w-]{43}\b", "FLYIO_TOKEN", 3.5),
    Issuer("fm1", r"[ar]_[a-zA-Z0-9+/]{80,}={0,3}", "FLYIO_TOKEN", 3.5),
    Issuer("fm2_", r"[a-zA-Z0-9+/]{80,}={0,3}", "FLYIO_TOKEN", 3.5),
    Issuer("fio-u-", r"[a-zA-Z0-9_=-]{64}", "FRAMEIO_TOKEN", 2.0),
    Issuer("ghp_", r"[0-9a-zA-Z]{36}", "GITHUB_TOKEN", 3.0),
    Issuer("gho_", r"[0-9a-zA-Z]{36}", "GITHUB_TOKEN", 3.0),
    Issuer("ghu_", r"[0-9a-zA-Z]{36}", "GITHUB_TOKEN", 3.0),
    Issuer("ghs_", r"[0-9a-zA-Z]{36}", "GITHUB_TOKEN", 3.0),
    Issuer("ghr_", r"[0-9a-zA-Z]{36}", "GITHUB_TOKEN", 3.0),
    Issuer("github_pat_", r"\w{36,255}", "GITHUB_TOKEN", 3.0),
    Issuer("glpat-", r"[\w.-]{20,}", "GITLAB_TOKEN", 3.0),
    Issuer("glptt-", r"[0-9a-f]{40}|[\w-]{40}\b", "GITLAB_TOKEN", 3.0),
    Issuer("gldt-", r"[\w-]{20,}", "GITLAB_TOKEN", 3.0),
    Issuer("glrt-", r"[\w.-]{20,}", "GITLAB_TOKEN", 3.0),
    Issuer("glcbt-", r"[0-9a-zA-Z]{1,5}_[\w-]{20}", "GITLAB_TOKEN", 3.0),
    Issuer("glffct-", r"[\w-]{20}", "GITLAB_TOKEN", 3.0),
    Issuer("glft-", r"[\w-]{20}", "GITLAB_TOKEN", 3.0),
    Issuer("glimt-", r"[\w-]{25}", "GITLAB_TOKEN", 3.0),
    Issuer("glagent-", r"[\w-]{50}", "GITLAB_TOKEN", 3.0),
    Issuer("gloas-", r"[\w-]{64}", "GITLAB_TOKEN", 3.0),
    Issuer("glsoat-", r"[\w-]{20,}", "GITLAB_TOKEN", 3.0),
    Issuer("GR1348941", r"[\w-]{20}", "GITLAB_TOKEN", 3.0),
    Issuer("_gitlab_session=", r"[0-9a-z]{32}", "GITLAB_TOKEN", 3.0),
    Issuer("glc_", r"[A-Za-z0-9+/]{32,400}={0,3}", "GRAFANA_TOKEN", 3.0),
    Issuer("glsa_", r"[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}", "GRAFANA_TOKEN", 3.0),
    Issuer("eyJrIjoi", r"[A-Za-z0-9]{60,400}={0,3}", "GRAFANA_TOKEN", 3.0),
    Issuer("pat.", r"[a-zA-Z0-9_-]{22}\.[0-9a-zA-Z]{24}\.[0-9a-zA-Z]{20}", "HARNESS_TOKEN", 3.0),
    Issuer("sat.", r"[a-zA-Z0-9_-]{22}\.[0-9a-zA-Z]{24}\.[0-9a-zA-Z]{20}", "HARNESS_TOKEN", 3.0),
    Issuer(".atlasv1.", r"[\w=-]{60,70}", "HASHICORP_TOKEN", 3.5),
    Issuer("hvs.", r"[\w-]{24,}", "VAULT_TOKEN", 3.5),
    Issuer("hvb.", r"[\w-]{100,}", "VAULT_TOKEN", 3.5),
    Issuer("HRKU-AA", r"[\w-]{50,}", "HEROKU_KEY", 3.5),
    Issuer("hf_", r"[a-zA-Z]{34}\b", "HUGGINGFACE_TOKEN", 2.5),
    Issuer("api_org_", r"[a-zA-Z]{34}\b", "HUGGINGFACE_TOKEN", 2.5),
    Issuer("ico-", r"[a-zA-Z0-9]{32}\b", "INFRACOST_TOKEN", 3.0),
    Issuer("s-s4t2", r"(?:ud|af)-[a-f0-9]{64}", "INTRA42_SECRET", 3.0),
    Issuer(
        "ey",
        r"[a-zA-Z0-9]{17,}\.ey[a-zA-Z0-9/_-]{17,}(?:\.[a-zA-Z0-9/_-]{10,}={0,2})?",
        "JSON_WEB_TOKEN",
        3.0,
    ),
    Issuer("ZXlK", r"[a-zA-Z0-9/_+\r\n-]{40,}={0,2}", "JSON_WEB_TOKEN", 2.0),
    Issuer("ZXlKaGJHY2lPaUp", r"[a-zA-Z0-9/_+\r\n-]{40,}={0,2}", "JSON_WEB_TOKEN", 2.0),
    Issuer("lin_api_", r"[a-zA-Z0-9]{40}", "LINEAR_KEY", 2.0),
    Issuer("key-", r"[a-f0-9]{32}\b", "MAILGUN_KEY", 3.0),
    Issuer("pubkey-", r"[a-f0-9]{32}\b", "MAILGUN_KEY", 3.0),
    Issuer("pk.", r"[a-zA-Z0-9]{60}\.[a-zA-Z0-9]{22}", "MAPBOX_TOKEN", 3.0),
    Issuer("NRAK-", r"[a-zA-Z0-9]{27}", "NEW_RELIC_KEY", 3.0),
    Issuer("NRJS-", r"[a-f0-9]{19}", "NEW_RELIC_KEY", 3.0),
    Issuer("NRII-", r"[\w-]{32}", "NEW_RELIC_KEY", 3.0),
    Issuer("ntn_", r"\d{11}[A-Za-z0-9]{35}", "NOTION_TOKEN", 4.0),
    Issuer("npm_", r"[a-zA-Z0-9]{36}", "NPM_TOKEN", 2.0),
    Issuer("API-", r"[A-Z0-9]{26}\b", "OCTOPUS_KEY", 3.0),
    Issuer("sha256~", r"[\w-]{43}", "OPENSHIFT_TOKEN", 3.5),
    Issuer("pplx-", r"[a-zA-Z0-9]{48}", "PERPLEXITY_KEY", 4.0),
    Issuer("pscale_", r"(?:tkn|oauth|pw)_[\w=.-]{32,64}", "PLANETSCALE_SECRET", 3.0),
    Issuer("PMAK-", r"[a-fA-F0-9]{24}-[a-fA-F0-9]{34}", "POSTMAN_TOKEN", 3.0),
    Issuer("pnu_", r"[a-zA-Z0-9]{36}", "PREFECT_TOKEN", 2.0),
    Issuer("pul-", r"[a-f0-9]{40}", "PULUMI_TOKEN", 2.0),
    Issuer("pypi-AgE", r"[\w-]{50,1000}", "PYPI_TOKEN", 3.0),
    Issuer("rdme_", r"[a-z0-9]{70}", "README_TOKEN", 2.0),
    Issuer("rubygems_", r"[a-f0-9]{48}", "RUBYGEMS_TOKEN", 2.0),
    Issuer("tk-us-", r"[\w-]{48}", "SCALINGO_TOKEN", 2.0),
    Issuer("SG.", r"[\w=-]{16,32}\.?[\w=.-]{30,60}", "SENDGRID_KEY", 2.0),
    Issuer("xkeysib-", r"[a-f0-9]{64}-[a-zA-Z0-9]{16}", "SENDINBLUE_KEY", 2.0),
    Issuer("xsmtpsib-", r"[a-f0-9]{64}-[a-zA-Z0-9]{16}", "SENDINBLUE_KEY", 2.0),
    Issuer("sntrys_", r"[\w+/=.-]{50,}", "SENTRY_TOKEN", 4.0),
    Issuer("sntryu_", r"[a-f0-9]{64}\b", "SENTRY_TOKEN", 3.0),
    Issuer("sm_", r"(?:aat|pat|sat)_[a-zA-Z0-9]{16}", "SETTLEMINT_TOKEN", 3.0),
    Issuer("shippo_", r"(?:live|test)_[a-fA-F0-9]{40}", "SHIPPO_TOKEN", 2.0),
    Issuer("shpat_", r"[a-fA-F0-9]{32}", "SHOPIFY_TOKEN", 2.0),
    Issuer("shpca_", r"[a-fA-F0-9]{32}", "SHOPIFY_TOKEN", 2.0),
    Issuer("shppa_", r"[a-fA-F0-9]{32}", "SHOPIFY_TOKEN", 2.0),
    Issuer("shpss_", r"[a-fA-F0-9]{32}", "SHOPIFY_TOKEN", 2.0),
    Issuer("xox", r"[abeoprs](?:\.xox[bp])?-(?:\d-)?[a-zA-Z0-9-]{14,400}", "SLACK_TOKEN", 2.0),
    Issuer("xapp-", r"\d-[A-Z0-9]+-\d+-[a-z0-9]+", "SLACK_TOKEN", 2.0),
    Issuer("hooks.slack.com/", r"(?:services|workflows|triggers)/[A-Za-z0-9+/]{24,}", "SLACK_WEBHOOK", 2.0),
    Issuer("discord.com/api/webhooks/", r"\d{17,20}/[\w-]{60,70}", "DISCORD_WEBHOOK", 2.0),
    Issuer("discordapp.com/api/webhooks/", r"\d{17,20}/[\w-]{60,70}", "DISCORD_WEBHOOK", 2.0),
    Issuer(
        ".webhook.office.com/webhookb2/",
        r"[\w@-]{36,}/IncomingWebhook/[\w/-]{32,}",
        "TEAMS_WEBHOOK",
        2.0,
    ),
    Issuer("sgp_", r"(?:(?:[a-fA-F0-9]{16}|local)_)?[a-fA-F0-9]{40}", "SOURCEGRAPH_TOKEN", 3.0),
    Issuer("sk_live_", r"[a-zA-Z0-9]{10,99}", "STRIPE_KEY", 2.0),
    Issuer("sk_test_", r"[a-zA-Z0-9]{10,99}", "STRIPE_KEY", 2.0),
    Issuer("sk_prod_", r"[a-zA-Z0-9]{10,99}", "STRIPE_KEY", 2.0),
    Issuer("rk_live_", r"[a-zA-Z0-9]{10,99}", "STRIPE_KEY", 2.0),
    Issuer("rk_test_", r"[a-zA-Z0-9]{10,99}", "STRIPE_KEY", 2.0),
    Issuer("rk_prod_", r"[a-zA-Z0-9]{10,99}", "STRIPE_KEY", 2.0),
    Issuer("whsec_", r"[a-zA-Z0-9+/]{24,}={0,2}", "WEBHOOK_SECRET", 3.0),
    Issuer("SK", r"[0-9a-fA-F]{32}\b", "TWILIO_KEY", 3.0),
    Issuer("AC", r"[0-9a-f]{32}\b", "TWILIO_KEY", 3.0),
    Issuer("AAAAAAAAAAAAAAAAAAAAAA", r"[a-zA-Z0-9%]{80,100}", "TWITTER_TOKEN", 3.0),
    Issuer("tfp_", r"[\w=.-]{59}", "TYPEFORM_TOKEN", 2.0),
    Issuer("t1.", r"[A-Z0-9a-z_-]+={0,2}\.[A-Z0-9a-z_-]{86}={0,2}", "YANDEX_TOKEN", 3.0),
    Issuer("AQVN", r"[A-Za-z0-9_-]{35,38}\b", "YANDEX_KEY", 3.0),
    Issuer("YC", r"[a-zA-Z0-9_-]{38}\b", "YANDEX_KEY", 3.5),
    Issuer("8Q~", r"[\w~.-]{31,34}", "AZURE_CLIENT_SECRET", 3.0),
    Issuer("AccountKey=", r"[A-Za-z0-9+/]{86}==", "AZURE_STORAGE_KEY", 3.0),
    Issuer(
        "-----BEGIN ",
        r"(?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[^\x00]{24,16384}?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----",
        "PRIVATE_KEY",
        3.0,
    ),
    Issuer(":AA", r"[A-Za-z0-9_-]{33}\b", "TELEGRAM_TOKEN", 3.0),
    Issuer("gsk_", r"[a-zA-Z0-9]{52}", "GROQ_API_KEY", 3.0),
    Issuer("xai-", r"[a-zA-Z0-9]{80}", "XAI_API_KEY", 3.0),
    Issuer("r8_", r"[a-zA-Z0-9]{37}", "REPLICATE_TOKEN", 3.0),
    Issuer("figd_", r"[\w-]{40,}", "FIGMA_TOKEN", 3.0),
    Issuer("CFPAT-", r"[\w-]{43}", "CONTENTFUL_TOKEN", 3.0),
    Issuer("PAT_", r"[\w-]{40,}", "ACCESS_TOKEN", 3.5),
    Issuer("dckr_pat_", r"[\w-]{27}", "DOCKER_TOKEN", 3.0),
    Issuer("tskey-", r"[a-z]+-[\w-]{20,}", "TAILSCALE_KEY", 3.0),
];

struct Issuers {
    prefixes: AhoCorasick,
    /// Rows that share a prefix start are all tried, longest prefix first.
    rows: Vec<(Regex, &'static Issuer)>,
}

static ISSUED: LazyLock<Option<Issuers>> = LazyLock::new(Issuers::new);

impl Issuers {
    fn new() -> Option<Self> {
        let prefixes =
            AhoCorasick::builder().match_kind(MatchKind::Standard).build(ISSUERS.iter().map(|i| i.0)).ok()?;
        let mut rows = Vec::with_capacity(ISSUERS.len());
        for issuer in ISSUERS {
            let pattern = format!("^(?:{})", issuer.1);
            let form = RegexBuilder::new(&pattern).unicode(false).size_limit(32 << 20).build().ok()?;
            rows.push((form, issuer));
        }
        Some(Self { prefixes, rows })
    }
}

/// Reads every key whose beginning is known.
pub(in super::super) fn read_issued(bytes: &[u8], found: &mut Vec<Reading>) {
    let Some(issuers) = ISSUED.as_ref() else { return };
    for hit in issuers.prefixes.find_overlapping_iter(bytes) {
        let (form, Issuer(prefix, _, name, least)) = &issuers.rows[hit.pattern().as_usize()];
        if !may_begin(bytes, hit.start(), prefix) {
            continue;
        }
        let window = &bytes[hit.end()..(hit.end() + 17_000).min(bytes.len())];
        let Some(tail) = form.find(window) else { continue };
        let mut end = hit.end() + tail.end();
        // These two forms take in one character behind the key, to see that it ends.
        match (*name, *prefix) {
            ("GCP_API_KEY", _) => end = end.min(hit.end() + 35),
            (_, "|") => end = end.min(hit.end() + 27),
            _ => {}
        }
        let start = widen(bytes, hit.start(), name);
        let value = &bytes[start..end];
        let is_odd = match *name {
            "SLACK_TOKEN" => value.iter().filter(|b| b.is_ascii_digit()).count() < 4,
            "AZURE_CLIENT_SECRET" => hit.start() - start != 3,
            "TELEGRAM_TOKEN" => {
                !(8..=10).contains(&(hit.start() - start)) || !value[..8].iter().all(u8::is_ascii_digit)
            }
            "FACEBOOK_TOKEN" if *prefix == "|" => hit.start() - start < 15,
            _ => false,
        };
        if is_odd {
            continue;
        }
        if entropy(&bytes[hit.end()..end]) >= *least && !is_stand_in(&bytes[hit.end()..end], name) {
            found.push(Reading::secret(
                name,
                start,
                end,
                0.95,
                "begins and is built as its issuer makes them",
            ));
        }
    }
}

fn is_stand_in(value: &[u8], name: &str) -> bool {
    !matches!(name, "PRIVATE_KEY" | "AGE_KEY" | "JSON_WEB_TOKEN" | "AWS_BEDROCK_KEY" | "TWITTER_TOKEN")
        && is_placeholder(value)
}

/// A prefix that begins with a letter or digit must not continue a word.
fn may_begin(bytes: &[u8], start: usize, prefix: &str) -> bool {
    let is_wordy = prefix.as_bytes()[0].is_ascii_alphanumeric();
    let Some(before) = start.checked_sub(1).map(|i| bytes[i]) else { return true };
    // A backslash escape (`\nghp_…`) ends in a letter.
    let is_escape = matches!(before, b'n' | b't' | b'r') && start >= 2 && bytes[start - 2] == b'\\';
    !is_wordy
        || prefix == "8Q~"
        || is_escape
        || !(before.is_ascii_alphanumeric() || matches!(before, b'-' | b'_' | b'.'))
}

/// Some keys have their sign in the middle; their beginning is taken in.
fn widen(bytes: &[u8], start: usize, name: &str) -> usize {
    if name == "FACEBOOK_TOKEN" {
        return start
            - bytes[start.saturating_sub(16)..start].iter().rev().take_while(|b| b.is_ascii_digit()).count();
    }
    let reach = match name {
        "AZURE_CLIENT_SECRET" => 4,
        "HASHICORP_TOKEN" | "TELEGRAM_TOKEN" => 14,
        _ => return start,
    };
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'~' | b'-');
    start - bytes[start.saturating_sub(reach)..start].iter().rev().take_while(|b| is_part(b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        let mut found = Vec::new();
        read_issued(text.as_bytes(), &mut found);
        found.iter().map(|r| r.entity).collect()
    }

    #[test]
    fn every_row_compiles() {
        assert!(ISSUED.is_some());
        assert!(ISSUERS.iter().all(|row| !row.0.is_empty()));
    }

    #[test]
    fn keys_and_stand_ins() {
        // Put together here, so that no scanner of this repository takes them for keys.
        let github = format!("token gh{}_{}", "p", "q0mejdevxYuu3zwv0bvslKeiduxLrlrf2fao");
        assert_eq!(names(&github), ["GITHUB_TOKEN"]);
        let stripe = format!("sk_{}_{}", "live", "z849lemprnj9tkiadnq1");
        assert_eq!(names(&stripe), ["STRIPE_KEY"]);
        assert!(names("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx").is_empty());
        assert!(names("the SKILL and the APPLE, AKC and ACCADEMIA").is_empty());
    }
}
