//! One row of a file, as a company or as the reason why it is not one. Pure.

use chrono::{Datelike, NaiveDate};
use domain::company::{Company, CompanyId, Size};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::mapping::{Field, Fields};
use crate::directory::countries;

/// The oldest company still trading was founded in 578.
const YEAR_MIN: i32 = 500;
const NAME_CHARS_MAX: usize = 500;
/// Spellings of "not known" that spreadsheets export into typed columns.
const UNKNOWN: [&str; 7] = ["n/a", "nan", "null", "none", "-", "unknown", "?"];

/// What rows get when they do not say it, and the last year that makes sense.
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    pub(super) source: String,
    pub(super) year_max: i32,
}

/// Reads the company of a row; the error is a reason for the person who has the file.
pub(super) fn company(mut row: Fields, defaults: &Defaults) -> Result<Company, String> {
    let name = text(&mut row, Field::Name, "name")?.ok_or("the name is missing")?;
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(format!("the name is longer than {NAME_CHARS_MAX} characters"));
    }
    let source = text(&mut row, Field::Source, "src")?.unwrap_or_else(|| defaults.source.clone());
    let country = country(&mut row)?;
    let id = text(&mut row, Field::Id, "id")?
        .unwrap_or_else(|| derived_id(&source, &name, country.as_deref().unwrap_or_default()));
    Ok(Company {
        id: CompanyId(id),
        description: text(&mut row, Field::Description, "description")?,
        sector: text(&mut row, Field::Sector, "sector")?,
        industry_group: text(&mut row, Field::IndustryGroup, "industry_group")?,
        industry: text(&mut row, Field::Industry, "industry")?,
        category: text(&mut row, Field::Category, "category")?.map(|label| label.to_lowercase()),
        state: text(&mut row, Field::State, "state")?,
        city: text(&mut row, Field::City, "city")?,
        domain: web_domain(&mut row)?,
        size: size(&mut row)?,
        founded_year: founded_year(&mut row, defaults.year_max)?,
        status: text(&mut row, Field::Status, "status")?.map(|label| label.to_lowercase()),
        funding_total_usd: amount(&mut row, Field::FundingTotal, "funding_total_usd")?,
        funding_rounds: rounds(&mut row)?,
        last_funding_at: date(&mut row)?,
        tickers: list(&mut row, Field::Tickers, "tickers")?,
        lei: lei(&mut row)?,
        tags: list(&mut row, Field::Tags, "tags")?.into_iter().map(|tag| tag.to_lowercase()).collect(),
        source,
        name,
        country,
    })
}

/// Stable across imports: the same name, country and source give the same id.
fn derived_id(source: &str, name: &str, country: &str) -> String {
    let mut hash = Sha256::new();
    for part in [source, &name.to_lowercase(), country] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    format!("h:{}", &hex::encode(hash.finalize())[..24])
}

/// Trimmed text, with runs of white space made one space.
fn text(row: &mut Fields, field: Field, label: &str) -> Result<Option<String>, String> {
    let raw = match row.take(field) {
        None => return Ok(None),
        Some(Value::String(raw)) => raw,
        Some(Value::Number(number)) => number.to_string(),
        Some(other) => return Err(format!("{label} should be text, not {}", kind(&other))),
    };
    if raw.contains('\0') {
        return Err(format!("{label} contains a NUL character"));
    }
    let clean = raw.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok((!clean.is_empty()).then_some(clean))
}

/// As [`text`], where the usual spellings of "not known" also count as absent.
fn typed(row: &mut Fields, field: Field, label: &str) -> Result<Option<String>, String> {
    let value = text(row, field, label)?;
    Ok(value.filter(|value| !UNKNOWN.contains(&value.to_lowercase().as_str())))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn country(row: &mut Fields) -> Result<Option<String>, String> {
    let Some(code) = typed(row, Field::Country, "country")? else { return Ok(None) };
    match countries::alpha2(&code) {
        Some(known) => Ok(Some(known.to_owned())),
        None => Err(format!("unknown country code `{code}`; expected one like DE or DEU")),
    }
}

fn size(row: &mut Fields) -> Result<Option<Size>, String> {
    let Some(label) = typed(row, Field::Size, "market_cap")? else { return Ok(None) };
    // `mid`, `mid-cap`, `MidCap` and `Mid Cap` are the same label.
    let word = label.to_lowercase().replace(['-', '_', ' '], "");
    let word = word.strip_suffix("cap").unwrap_or(&word);
    match Size::from_label(&format!("{word} cap")) {
        Some(size) => Ok(Some(size)),
        None => Err(format!("unknown size label `{label}`; expected one like Mid Cap")),
    }
}

fn founded_year(row: &mut Fields, year_max: i32) -> Result<Option<i32>, String> {
    let Some(given) = typed(row, Field::FoundedYear, "founded_year")? else { return Ok(None) };
    // A whole date says the year too; spreadsheets turn years into `2009.0`.
    let year = NaiveDate::parse_from_str(&given, "%Y-%m-%d")
        .map(|day| day.year())
        .or_else(|_| given.strip_suffix(".0").unwrap_or(&given).parse::<i32>())
        .map_err(|_| format!("founded_year `{given}` is not a year"))?;
    if (YEAR_MIN..=year_max).contains(&year) {
        Ok(Some(year))
    } else {
        Err(format!("founded_year {year} is not between {YEAR_MIN} and {year_max}"))
    }
}

fn amount(row: &mut Fields, field: Field, label: &str) -> Result<Option<f64>, String> {
    let Some(given) = typed(row, field, label)? else { return Ok(None) };
    let digits = given.trim_start_matches('$').replace([',', '_', ' '], "");
    match digits.parse::<f64>() {
        Ok(amount) if amount.is_finite() && amount >= 0.0 => Ok(Some(amount)),
        Ok(_) => Err(format!("{label} `{given}` is out of range")),
        Err(_) => Err(format!("{label} `{given}` is not a number")),
    }
}

fn rounds(row: &mut Fields) -> Result<Option<i32>, String> {
    let Some(count) = amount(row, Field::FundingRounds, "funding_rounds")? else { return Ok(None) };
    if count.fract() == 0.0 && count <= 1000.0 {
        // In range and whole, as just checked.
        Ok(Some(count as i32))
    } else {
        Err(format!("funding_rounds {count} is not a count"))
    }
}

fn date(row: &mut Fields) -> Result<Option<String>, String> {
    let Some(given) = typed(row, Field::LastFunding, "last_funding_at")? else { return Ok(None) };
    // A time of day behind the date is of no use here.
    let day = given.get(..10).unwrap_or(&given).replace('/', "-");
    match NaiveDate::parse_from_str(&day, "%Y-%m-%d") {
        Ok(day) => Ok(Some(day.to_string())),
        Err(_) => Err(format!("last_funding_at `{given}` is not a date like 2012-11-19")),
    }
}

fn web_domain(row: &mut Fields) -> Result<Option<String>, String> {
    let Some(given) = typed(row, Field::Domain, "domain")? else { return Ok(None) };
    let lower = given.to_lowercase();
    let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    if host.contains('.') && !host.contains(char::is_whitespace) && !host.contains('@') {
        Ok(Some(host.to_owned()))
    } else {
        Err(format!("domain `{given}` is not a web domain"))
    }
}

fn lei(row: &mut Fields) -> Result<Option<String>, String> {
    let Some(given) = typed(row, Field::Lei, "lei")? else { return Ok(None) };
    let code = given.to_uppercase();
    // The shape alone: a few identifiers in the official register fail their own check digits.
    let (body, check) = code.split_at_checked(18).unwrap_or_default();
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    if code.len() == 20 && body.chars().all(upper) && check.chars().all(|c| c.is_ascii_digit()) {
        Ok(Some(code))
    } else {
        Err(format!("lei `{given}` is not a valid Legal Entity Identifier"))
    }
}

/// A JSON list of text, or one text with commas, semicolons or bars between.
fn list(row: &mut Fields, field: Field, label: &str) -> Result<Vec<String>, String> {
    let parts = match row.take(field) {
        None => return Ok(Vec::new()),
        Some(Value::String(joined)) => joined.split([',', ';', '|']).map(str::to_owned).collect(),
        Some(Value::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Value::String(part) => Ok(part),
                other => Err(format!("{label} should be a list of text, but holds {}", kind(&other))),
            })
            .collect::<Result<Vec<_>, _>>()?,
        Some(other) => return Err(format!("{label} should be a list, not {}", kind(&other))),
    };
    if parts.iter().any(|part| part.contains('\0')) {
        return Err(format!("{label} contains a NUL character"));
    }
    Ok(parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect())
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
