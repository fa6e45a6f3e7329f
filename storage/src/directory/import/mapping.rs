//! Which column of a file is which field of a company.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::ImportError;

/// A field of a company that a column can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Source,
    Name,
    Description,
    Sector,
    IndustryGroup,
    Industry,
    Category,
    Country,
    State,
    City,
    Domain,
    Size,
    FoundedYear,
    Status,
    FundingTotal,
    FundingRounds,
    LastFunding,
    Tickers,
    Lei,
    Tags,
}

/// The field's name in files and in `--map`, then everyday other spellings of it.
const NAMES: [(Field, &[&str]); 21] = [
    (Field::Id, &["id"]),
    (Field::Source, &["src", "source"]),
    (Field::Name, &["name", "company", "company_name"]),
    (Field::Description, &["description"]),
    (Field::Sector, &["sector"]),
    (Field::IndustryGroup, &["industry_group"]),
    (Field::Industry, &["industry"]),
    (Field::Category, &["category"]),
    (Field::Country, &["country", "country_code"]),
    (Field::State, &["state"]),
    (Field::City, &["city"]),
    (Field::Domain, &["domain", "website", "url"]),
    (Field::Size, &["market_cap", "size"]),
    (Field::FoundedYear, &["founded_year", "founded"]),
    (Field::Status, &["status"]),
    (Field::FundingTotal, &["funding_total_usd"]),
    (Field::FundingRounds, &["funding_rounds"]),
    (Field::LastFunding, &["last_funding_at"]),
    (Field::Tickers, &["tickers", "ticker"]),
    (Field::Lei, &["lei"]),
    (Field::Tags, &["tags"]),
];

/// How many ignored columns are remembered, and how many spellings are cached: a file may have any number.
const COLUMNS_KEPT: usize = 200;

impl Field {
    fn named(name: &str) -> Option<Self> {
        let name = plain(name);
        NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(field, _)| *field)
    }
}

/// Lower case, with underscores for spaces and hyphens.
fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

/// The values of one row, by field.
#[derive(Debug, Default)]
pub(super) struct Fields([Option<Value>; NAMES.len()]);

impl Fields {
    /// Keeps the first value given for a field; empty text and JSON null count as not given.
    pub(super) fn set(&mut self, field: Field, value: Value) {
        let empty = match &value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            _ => false,
        };
        let slot = &mut self.0[field as usize];
        if !empty && slot.is_none() {
            *slot = Some(value);
        }
    }

    pub(super) fn take(&mut self, field: Field) -> Option<Value> {
        self.0[field as usize].take()
    }
}

/// Resolves column names to fields, and remembers those that mean nothing to us.
#[derive(Debug)]
pub(super) struct Mapping {
    given: Vec<(String, Field)>,
    masked: Vec<Field>,
    cache: HashMap<String, Option<Field>>,
    ignored: BTreeSet<String>,
}

impl Mapping {
    /// From the pairs (their column, our field), and fields that are left unknown whatever the file says.
    pub(super) fn new(pairs: &[(String, String)], masked: &[String]) -> Result<Self, ImportError> {
        let field = |ours: &String| {
            Field::named(ours).ok_or_else(|| ImportError::UnknownField {
                field: ours.clone(),
                known: NAMES.iter().map(|(_, names)| names[0]).collect::<Vec<_>>().join(", "),
            })
        };
        let given = pairs
            .iter()
            .map(|(theirs, ours)| Ok((plain(theirs), field(ours)?)))
            .collect::<Result<_, ImportError>>()?;
        let masked = masked.iter().map(field).collect::<Result<_, ImportError>>()?;
        Ok(Self { given, masked, cache: HashMap::new(), ignored: BTreeSet::new() })
    }

    /// The field a column fills. A field that the caller mapped is filled by that column alone.
    pub(super) fn field(&mut self, column: &str) -> Option<Field> {
        if let Some(known) = self.cache.get(column) {
            return *known;
        }
        let name = plain(column);
        let found = match self.given.iter().find(|(theirs, _)| *theirs == name) {
            Some((_, field)) => Some(*field),
            None => Field::named(&name).filter(|field| self.given.iter().all(|(_, mapped)| mapped != field)),
        };
        let found = found.filter(|field| !self.masked.contains(field));
        if found.is_none() && self.ignored.len() < COLUMNS_KEPT {
            self.ignored.insert(column.to_owned());
        }
        if self.cache.len() < COLUMNS_KEPT {
            self.cache.insert(column.to_owned(), found);
        }
        found
    }

    /// A column that was mapped by the caller but is not among these.
    pub(super) fn absent_from<'a>(&self, columns: impl Iterator<Item = &'a str>) -> Option<String> {
        let columns: Vec<String> = columns.map(plain).collect();
        self.given.iter().map(|(theirs, _)| theirs).find(|theirs| !columns.contains(theirs)).cloned()
    }

    /// Columns that fill no field, in alphabetical order.
    pub(super) fn ignored(&self) -> Vec<String> {
        self.ignored.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_mapping_wins_over_the_columns_own_name() {
        let mut mapping = Mapping::new(&[("Legal Name".to_owned(), "name".to_owned())], &[]).unwrap();
        assert_eq!(mapping.field("legal-name"), Some(Field::Name));
        assert_eq!(mapping.field("name"), None, "or the two columns would fight over the field");
        assert_eq!(mapping.field("Industry Group"), Some(Field::IndustryGroup));
        assert_eq!(mapping.field("revenue"), None);
        assert_eq!(mapping.ignored(), ["name", "revenue"]);
        assert_eq!(mapping.absent_from(["Name"].into_iter()), Some("legal_name".to_owned()));
    }

    #[test]
    fn a_field_we_do_not_have_is_named_with_those_we_have() {
        let error = Mapping::new(&[("a".to_owned(), "colour".to_owned())], &[]).unwrap_err().to_string();
        assert!(error.contains("colour") && error.contains("industry_group"), "{error}");
    }

    #[test]
    fn a_masked_field_stays_unknown_under_every_name_of_it() {
        let pairs = [("Branche".to_owned(), "industry".to_owned())];
        let mut mapping = Mapping::new(&pairs, &["Industry".to_owned(), "sector".to_owned()]).unwrap();
        assert_eq!((mapping.field("branche"), mapping.field("sector")), (None, None));
        assert_eq!(mapping.field("category"), Some(Field::Category));
        assert!(Mapping::new(&[], &["colour".to_owned()]).unwrap_err().to_string().contains("colour"));
    }
}
