//! The register of legal entity identifiers: who has one, from GLEIF's daily "golden copy", free for all to use.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use chrono::Datelike;
use csv::StringRecord;
use serde::Deserialize;

use super::extract::{Choice, ExtractError, Extracted, Row, Sheet, is_vehicle};
use crate::call::{CallError, Http};

/// Where the register tells of its newest files.
pub const URL: &str = "https://goldencopy.gleif.org";
/// After so many records somebody is told how far it is.
const TELL_EVERY: u64 = 20_000;

/// A day's copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// When it was published, in the register's spelling.
    pub published: String,
    /// Where the zipped CSV lies.
    pub url: String,
    /// Its length, bytes.
    pub size: Option<u64>,
    /// Entities in it.
    pub records: Option<u64>,
}

impl Copy {
    /// What the file is called here.
    pub fn file_name(&self) -> String {
        let date: String = self.published.chars().filter(char::is_ascii_digit).take(12).collect();
        format!("gleif-{date}.csv.zip")
    }
}

#[derive(Deserialize)]
struct Publishes {
    data: Vec<Publish>,
}

#[derive(Deserialize)]
struct Publish {
    publish_date: String,
    lei2: Section,
}

#[derive(Deserialize)]
struct Section {
    full_file: Formats,
}

#[derive(Deserialize)]
struct Formats {
    csv: Published,
}

#[derive(Deserialize)]
struct Published {
    url: String,
    size: Option<u64>,
    record_count: Option<u64>,
}

/// Asks for the newest copy. The file must lie on `base`'s own host.
pub async fn latest(http: &Http, base: &str) -> Result<Copy, CallError> {
    let base = base.trim_end_matches('/');
    let asked =
        http.client().get(format!("{base}/api/v2/golden-copies/publishes")).query(&[("per_page", "1")]);
    let told: Publishes = http.send(asked).await?.json()?;
    let garbage = |cause: &str| CallError::Garbage { cause: cause.to_owned() };
    let publish = told.data.into_iter().next().ok_or_else(|| garbage("no copy is published"))?;
    let csv = publish.lei2.full_file.csv;
    let host = |url: &str| {
        reqwest::Url::parse(url).ok().map(|url| (url.scheme().to_owned(), url.authority().to_owned()))
    };
    if host(&csv.url).is_none() || host(&csv.url) != host(base) {
        return Err(garbage("the file lies on another host than the register"));
    }
    Ok(Copy { published: publish.publish_date, url: csv.url, size: csv.size, records: csv.record_count })
}

/// Where the columns that we read are.
struct Columns {
    lei: usize,
    name: usize,
    latin: Option<usize>,
    category: usize,
    status: usize,
    registration: Option<usize>,
    city: Option<usize>,
    region: Option<usize>,
    country: usize,
    created: Option<usize>,
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, ExtractError> {
        let at = |name: &str| header.iter().position(|column| column == name);
        let need = |name: &'static str| at(name).ok_or(ExtractError::Changed(name));
        Ok(Self {
            lei: need("LEI")?,
            name: need("Entity.LegalName")?,
            latin: at("Entity.TransliteratedOtherEntityNames.TransliteratedOtherEntityName.1"),
            category: need("Entity.EntityCategory")?,
            status: need("Entity.EntityStatus")?,
            registration: at("Registration.RegistrationStatus"),
            city: at("Entity.HeadquartersAddress.City"),
            region: at("Entity.HeadquartersAddress.Region"),
            country: need("Entity.HeadquartersAddress.Country")?,
            created: at("Entity.EntityCreationDate"),
        })
    }
}

/// Writes the companies of a copy: entities in operation, no funds, branches or persons.
///
/// Errors: see [`ExtractError`].
pub fn extract(
    archive: &Path,
    out: &Path,
    choice: &Choice,
    mut progress: impl FnMut(Extracted),
) -> Result<Extracted, ExtractError> {
    let damaged = |error: std::io::Error| ExtractError::Damaged(error.to_string());
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(archive).map_err(damaged)?))?;
    let is_table = |archive: &zip::ZipArchive<_>, at| {
        archive
            .name_for_index(at)
            .and_then(Result::ok)
            .is_some_and(|name| name.to_lowercase().ends_with(".csv"))
    };
    let at = (0..archive.len()).find(|at| is_table(&archive, *at));
    let at = at.ok_or_else(|| ExtractError::Damaged("the archive holds no table".to_owned()))?;
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(archive.by_index(at)?);
    let damaged = |error: csv::Error| ExtractError::Damaged(error.to_string());
    let columns = Columns::of(table.headers().map_err(damaged)?)?;
    let mut sheet = Sheet::begin(out, choice.most)?;
    let mut record = StringRecord::new();
    while table.read_record(&mut record).map_err(damaged)? {
        sheet.count();
        if let Some(row) = row(&record, &columns, choice) {
            sheet.add(&row)?;
        }
        if sheet.told().read.is_multiple_of(TELL_EVERY) {
            progress(sheet.told());
        }
    }
    sheet.finish()
}

fn row(record: &StringRecord, columns: &Columns, choice: &Choice) -> Option<Row> {
    let text = |at: usize| record.get(at).map(str::trim).filter(|text| !text.is_empty());
    let maybe = |at: Option<usize>| at.and_then(text);
    if text(columns.category)? != "GENERAL" || text(columns.status)? != "ACTIVE" {
        return None;
    }
    // `LAPSED` only says that the yearly fee was not paid; the others are no longer (or not yet) somebody.
    let registration = maybe(columns.registration).unwrap_or("ISSUED");
    if !["ISSUED", "LAPSED", "PENDING_TRANSFER", "PENDING_ARCHIVAL"].contains(&registration) {
        return None;
    }
    let (lei, legal, country) = (text(columns.lei)?, text(columns.name)?, text(columns.country)?);
    if is_vehicle(legal) || !choice.wants(country) || country.len() != 2 {
        return None;
    }
    let name = match maybe(columns.latin) {
        Some(latin) if !legal.chars().any(|c| c.is_ascii_alphabetic()) => format!("{latin} ({legal})"),
        _ => legal.to_owned(),
    };
    let region =
        maybe(columns.region).and_then(|code| code.split_once('-')).map(|(_, state)| state.to_owned());
    let created = maybe(columns.created).and_then(|date| date.get(..10)?.parse::<chrono::NaiveDate>().ok());
    Some(Row {
        id: format!("lei:{lei}"),
        src: "gleif",
        name,
        country: Some(country.to_owned()),
        // Only these two countries' states are codes that people say.
        state: region.filter(|_| ["US", "CA"].contains(&country)),
        city: maybe(columns.city).map(str::to_owned),
        // The register writes 1900 and earlier for "not known".
        founded_year: created.map(|date| date.year()).filter(|year| *year > 1900),
        lei: Some(lei.to_owned()),
        ..Row::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [&str; 9] = [
        "LEI",
        "Entity.LegalName",
        "Entity.TransliteratedOtherEntityNames.TransliteratedOtherEntityName.1",
        "Entity.HeadquartersAddress.City",
        "Entity.HeadquartersAddress.Region",
        "Entity.HeadquartersAddress.Country",
        "Entity.EntityCategory",
        "Entity.EntityStatus",
        "Entity.EntityCreationDate",
    ];

    fn read(cells: [&str; 9]) -> Option<Row> {
        let columns = Columns::of(&StringRecord::from(HEADER.to_vec())).unwrap();
        row(&StringRecord::from(cells.to_vec()), &columns, &Choice::default())
    }

    #[test]
    fn a_company_is_read_and_others_are_left_out() {
        let acme = [
            "529900T8BM49AURSDO55",
            "アクメ株式会社",
            "Acme K.K.",
            "Tokyo",
            "JP-13",
            "JP",
            "GENERAL",
            "ACTIVE",
            "1998-04-01T00:00:00Z",
        ];
        let row = read(acme).unwrap();
        assert_eq!(
            (row.id.as_str(), row.name.as_str()),
            ("lei:529900T8BM49AURSDO55", "Acme K.K. (アクメ株式会社)")
        );
        assert_eq!((row.country.as_deref(), row.state, row.founded_year), (Some("JP"), None, Some(1998)));
        let with = |at: usize, value| {
            let mut cells = acme;
            cells[at] = value;
            read(cells)
        };
        assert!(with(6, "FUND").is_none() && with(6, "BRANCH").is_none() && with(7, "INACTIVE").is_none());
        assert!(with(1, "Acme Growth Fund").is_none() && with(0, "").is_none());
    }

    #[test]
    fn a_changed_layout_is_named() {
        let without = StringRecord::from(vec!["LEI", "Name"]);
        assert!(matches!(Columns::of(&without), Err(ExtractError::Changed("Entity.LegalName"))));
    }
}
