//! A company in the directory, which all tenants share.

use serde::{Deserialize, Serialize};

/// Identifies a company across imports, e.g. `fd000001` or `lei:5493001KJTIIGC8Y1R12`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CompanyId(pub String);

impl std::fmt::Display for CompanyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the directory knows of a company. A field that is `None` or empty is unknown, never "no".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// Key in the directory.
    pub id: CompanyId,
    /// The collection it was imported from, e.g. `gleif`.
    #[serde(default, rename = "src")]
    pub source: String,
    /// Name as the company writes it.
    pub name: String,
    /// Free text about what the company does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Broadest industry label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
    /// Middle industry label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub industry_group: Option<String>,
    /// Narrow industry label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
    /// Start-up category, e.g. `software`, `biotech`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// ISO 3166-1 alpha-2 code, upper case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// State or province code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// City as written in the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Web domain without scheme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Size by market capitalisation.
    #[serde(default, rename = "market_cap", skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// Year of foundation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub founded_year: Option<i32>,
    /// Operating status as the source words it, e.g. `operating`, `acquired`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Total raised, US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding_total_usd: Option<f64>,
    /// Number of funding rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding_rounds: Option<i32>,
    /// Date of the last funding round, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_funding_at: Option<String>,
    /// Exchange tickers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickers: Vec<String>,
    /// Legal Entity Identifier (ISO 17442).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lei: Option<String>,
    /// Industry flags of the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// Size bucket by market capitalisation, smallest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Size {
    /// Under 50 million US dollars.
    #[serde(rename = "Nano Cap")]
    Nano,
    /// 50 to 300 million.
    #[serde(rename = "Micro Cap")]
    Micro,
    /// 300 million to 2 billion.
    #[serde(rename = "Small Cap")]
    Small,
    /// 2 to 10 billion.
    #[serde(rename = "Mid Cap")]
    Mid,
    /// 10 to 200 billion.
    #[serde(rename = "Large Cap")]
    Large,
    /// Over 200 billion.
    #[serde(rename = "Mega Cap")]
    Mega,
}

impl Size {
    /// All buckets, smallest first.
    pub const ALL: [Self; 6] = [Self::Nano, Self::Micro, Self::Small, Self::Mid, Self::Large, Self::Mega];

    /// The label of the directory, e.g. `Mid Cap`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Nano => "Nano Cap",
            Self::Micro => "Micro Cap",
            Self::Small => "Small Cap",
            Self::Mid => "Mid Cap",
            Self::Large => "Large Cap",
            Self::Mega => "Mega Cap",
        }
    }

    /// Reads a label of the directory.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.label().eq_ignore_ascii_case(label.trim()))
    }
}
