//! The companies that report to the United States' securities regulator, from EDGAR's public files.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use domain::places::{Place, places};
use domain::words::words;
use serde::Deserialize;

use super::extract::{Choice, ExtractError, Extracted, Row, Sheet, is_vehicle};

/// Where the register is.
pub const URL: &str = "https://www.sec.gov";
/// The listed companies: number, name, ticker, exchange. Some 700 kB.
pub const LISTED_PATH: &str = "/files/company_tickers_exchange.json";
/// Everybody who ever filed, one record each. More than a gigabyte.
pub const ALL_PATH: &str = "/Archives/edgar/daily-index/bulkdata/submissions.zip";
/// The list of listed companies is never larger, bytes.
const LISTED_MAX: u64 = 64 << 20;
/// One filer's record is never larger, bytes.
const RECORD_MAX: u64 = 64 << 20;
/// The part of a record before its filings; most filers are told apart by it.
const HEAD_MAX: u64 = 64 << 10;
/// Who has filed nothing for so long is no longer in business.
const SILENT_DAYS: i64 = 3 * 365;
const TELL_EVERY: u64 = 20_000;
/// Industry codes of vehicles: asset-backed securities, investment offices, blank cheque companies, mineral royalties.
const VEHICLES: [&str; 5] = ["6189", "6726", "6770", "6792", "8880"];

#[derive(Deserialize)]
struct Listed {
    fields: Vec<String>,
    data: Vec<Vec<serde_json::Value>>,
}

/// Writes the listed companies: name and ticker alone are known of them.
///
/// Errors: see [`ExtractError`].
pub fn extract_listed(file: &Path, out: &Path, choice: &Choice) -> Result<Extracted, ExtractError> {
    let damaged = |error: &dyn std::fmt::Display| ExtractError::Damaged(error.to_string());
    let file = File::open(file).map_err(|error| damaged(&error))?;
    let listed: Listed =
        serde_json::from_reader(BufReader::new(file.take(LISTED_MAX))).map_err(|error| damaged(&error))?;
    let at = |name: &'static str| {
        listed.fields.iter().position(|field| field == name).ok_or(ExtractError::Changed(name))
    };
    let (cik, name, ticker) = (at("cik")?, at("name")?, at("ticker")?);
    let mut sheet = Sheet::begin(out, choice.most)?;
    let mut rows: Vec<Row> = vec![];
    let mut known = std::collections::HashMap::new();
    for cells in &listed.data {
        sheet.count();
        let text =
            |at: usize| cells.get(at).and_then(|cell| cell.as_str()).map(str::trim).filter(|t| !t.is_empty());
        let number = cells.get(cik).and_then(serde_json::Value::as_u64);
        let (Some(number), Some(name)) = (number, text(name)) else { continue };
        if is_vehicle(name) {
            continue;
        }
        // A company stands there once for each of its shares.
        let place = *known.entry(number).or_insert_with(|| {
            rows.push(Row { id: id_of(number), src: "sec", name: name.to_owned(), ..Row::default() });
            rows.len() - 1
        });
        rows[place].tickers.extend(text(ticker).map(str::to_owned));
    }
    for row in &rows {
        sheet.add(row)?;
    }
    sheet.finish()
}

fn id_of(number: u64) -> String {
    format!("cik:{number:010}")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filer {
    cik: serde_json::Value,
    #[serde(default)]
    entity_type: Option<String>,
    #[serde(default)]
    sic: Option<String>,
    #[serde(default)]
    sic_description: Option<String>,
    name: String,
    #[serde(default)]
    tickers: Vec<Option<String>>,
    #[serde(default)]
    lei: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    website: Option<String>,
    #[serde(default)]
    addresses: Addresses,
    #[serde(default)]
    filings: Option<Filings>,
}

#[derive(Default, Deserialize)]
struct Addresses {
    #[serde(default)]
    business: Option<Address>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    #[serde(default)]
    city: Option<String>,
    #[serde(default)]
    state_or_country: Option<String>,
    #[serde(default)]
    state_or_country_description: Option<String>,
    #[serde(default)]
    country: Option<String>,
}

#[derive(Deserialize)]
struct Filings {
    recent: Recent,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recent {
    #[serde(default)]
    filing_date: Vec<String>,
}

impl Filer {
    /// Whether this is a company in business rather than a person, a fund or a vehicle.
    fn is_company(&self) -> bool {
        let sic = self.sic.as_deref().unwrap_or_default();
        self.entity_type.as_deref() == Some("operating")
            && !sic.is_empty()
            && !VEHICLES.contains(&sic)
            && !is_vehicle(&self.name)
    }

    fn filed_after(&self, limit: NaiveDate) -> bool {
        let dates = self.filings.iter().flat_map(|filings| &filings.recent.filing_date);
        dates.filter_map(|date| date.parse::<NaiveDate>().ok()).max().is_some_and(|last| last >= limit)
    }

    fn number(&self) -> Option<u64> {
        match &self.cik {
            serde_json::Value::String(text) => text.trim().parse().ok(),
            other => other.as_u64(),
        }
    }

    fn row(self) -> Option<Row> {
        let full =
            |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let id = id_of(self.number()?);
        let (country, state, city) = match self.addresses.business {
            Some(address) => seat(&address),
            None => (None, None, None),
        };
        let tickers = self.tickers.into_iter().flatten().filter(|ticker| !ticker.is_empty()).collect();
        Some(Row {
            id,
            src: "sec",
            description: full(self.description),
            country,
            state,
            city,
            domain: full(self.website),
            tickers,
            lei: full(self.lei).filter(|lei| lei.len() == 20),
            tags: full(self.sic_description).into_iter().collect(),
            name: self.name,
            ..Row::default()
        })
    }
}

/// Country, state and city: American states by their code, the others by the name of the country.
fn seat(address: &Address) -> (Option<String>, Option<String>, Option<String>) {
    let text = |text: &Option<String>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let city = text(&address.city);
    let code = text(&address.state_or_country);
    if let Some(code) = code.filter(|code| places().state("US", code) != code) {
        return (Some("US".to_owned()), Some(code), city);
    }
    let named = text(&address.country).or_else(|| text(&address.state_or_country_description));
    // `Ontario, Canada` is told with its province.
    let country = named.and_then(|named| country(named.rsplit(',').next().unwrap_or(&named)));
    (country, None, city)
}

fn country(name: &str) -> Option<String> {
    let parts = words(name);
    if parts.is_empty() {
        return None;
    }
    match places().at(name, &parts, 0)? {
        (Place::Country(code), taken) if taken == parts.len() => Some(code.clone()),
        _ => None,
    }
}

/// Writes the companies among all who ever filed: those in operation that filed in the last three years.
///
/// Errors: see [`ExtractError`].
pub fn extract_all(
    archive: &Path,
    out: &Path,
    (choice, now): (&Choice, DateTime<Utc>),
    mut progress: impl FnMut(Extracted),
) -> Result<Extracted, ExtractError> {
    let damaged = |error: std::io::Error| ExtractError::Damaged(error.to_string());
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(archive).map_err(damaged)?))?;
    let limit = (now - Duration::days(SILENT_DAYS)).date_naive();
    let mut sheet = Sheet::begin(out, choice.most)?;
    for at in 0..archive.len() {
        // Old filings of those with very many lie in files of their own.
        let is_filer = archive.name_for_index(at).and_then(Result::ok).is_some_and(|name| {
            name.starts_with("CIK") && name.ends_with(".json") && !name.contains("-submissions-")
        });
        if !is_filer {
            continue;
        }
        sheet.count();
        let mut text = Vec::new();
        archive.by_index(at)?.take(HEAD_MAX).read_to_end(&mut text).map_err(damaged)?;
        if let Some(head) = head(&text)
            && serde_json::from_slice::<Filer>(&head).is_ok_and(|filer| !filer.is_company())
        {
            continue;
        }
        if text.len() as u64 == HEAD_MAX {
            text.clear();
            archive.by_index(at)?.take(RECORD_MAX).read_to_end(&mut text).map_err(damaged)?;
        }
        let Ok(filer) = serde_json::from_slice::<Filer>(&text) else { continue };
        if filer.is_company() && filer.filed_after(limit) {
            let row = filer.row().filter(|row| choice.wants(row.country.as_deref().unwrap_or_default()));
            row.iter().try_for_each(|row| sheet.add(row))?;
        }
        if sheet.told().read.is_multiple_of(TELL_EVERY) {
            progress(sheet.told());
        }
    }
    if sheet.told().read == 0 {
        return Err(ExtractError::Damaged("the archive holds no filers".to_owned()));
    }
    sheet.finish()
}

/// What stands before the list of filings, closed to be read by itself.
fn head(text: &[u8]) -> Option<Vec<u8>> {
    const MARK: &[u8] = b"\"filings\"";
    let at = text.windows(MARK.len()).position(|window| window == MARK)?;
    let mut head = text[..at].to_vec();
    while head.last().is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b',') {
        head.pop();
    }
    head.push(b'}');
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(code: &str, named: &str) -> (Option<String>, Option<String>, Option<String>) {
        seat(&Address {
            city: Some("Somewhere".to_owned()),
            state_or_country: Some(code.to_owned()),
            state_or_country_description: Some(named.to_owned()),
            country: None,
        })
    }

    #[test]
    fn seats_are_told_as_edgar_writes_them() {
        let seat = |country: &str, state: Option<&str>| {
            (Some(country.to_owned()), state.map(str::to_owned), Some("Somewhere".to_owned()))
        };
        assert_eq!(address("CA", "CA"), seat("US", Some("CA")));
        assert_eq!(address("DE", "DE"), seat("US", Some("DE")));
        assert_eq!(address("2M", "Germany"), seat("DE", None));
        assert_eq!(address("A6", "Ontario, Canada"), seat("CA", None));
        assert_eq!(address("X0", "United Kingdom"), seat("GB", None));
        assert_eq!(address("ZZ", "Atlantis").0, None);
    }

    #[test]
    fn the_head_of_a_record_is_read_alone() {
        let text = br#"{"cik":"320193","entityType":"operating","sic":"3571","name":"Apple Inc.", "filings":{"recent":{"fil"#;
        let filer: Filer = serde_json::from_slice(&head(text).unwrap()).unwrap();
        assert!(filer.is_company());
        assert_eq!(filer.row().unwrap().id, "cik:0000320193");
    }
}
