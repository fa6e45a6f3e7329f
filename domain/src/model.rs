//! Models: their names, versions, and the aliases that point at versions.

use serde::{Deserialize, Serialize};

/// A model that the registry knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// How well a company fits, 0 to 100.
    PartnerFitScorer,
    /// Which terms and risks a contract has.
    ContractRiskClassifier,
    /// How likely a deal moves on within 30 days.
    DealStagePredictor,
    /// Texts as vectors.
    EmbeddingModel,
}

impl Model {
    /// All models.
    pub const ALL: [Self; 4] = [
        Self::PartnerFitScorer,
        Self::ContractRiskClassifier,
        Self::DealStagePredictor,
        Self::EmbeddingModel,
    ];

    /// The word used in tables and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::PartnerFitScorer => "partner_fit_scorer",
            Self::ContractRiskClassifier => "contract_risk_classifier",
            Self::DealStagePredictor => "deal_stage_predictor",
            Self::EmbeddingModel => "embedding_model",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }

    /// What serves while no version of the tenant's own does.
    pub fn built_in(self) -> &'static str {
        match self {
            Self::PartnerFitScorer => "stated rules",
            Self::ContractRiskClassifier => "weights that come with the program",
            Self::DealStagePredictor => "no prediction",
            Self::EmbeddingModel => "what the search index was built with",
        }
    }
}

/// What points at a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alias {
    /// Serves.
    Champion,
    /// Serves some in its place.
    Challenger,
    /// Computes beside it and is shown to nobody.
    Shadow,
}

impl Alias {
    /// All aliases.
    pub const ALL: [Self; 3] = [Self::Champion, Self::Challenger, Self::Shadow];

    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Champion => "champion",
            Self::Challenger => "challenger",
            Self::Shadow => "shadow",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alias| alias.name() == name)
    }
}

/// A semantic version. Another schema of features is a new major, other data or settings a new minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// Changes with the schema of features.
    pub major: u32,
    /// Changes with every training.
    pub minor: u32,
    /// Changes when the same weights are packed anew.
    pub patch: u32,
}

impl Version {
    /// The version after the newest one of the same schema, or of another.
    #[must_use]
    pub fn after(newest: Option<Self>, is_same_schema: bool) -> Self {
        match newest {
            None => Self { major: 1, minor: 0, patch: 0 },
            Some(held) if is_same_schema => Self { minor: held.minor + 1, patch: 0, ..held },
            Some(held) => Self { major: held.major + 1, minor: 0, patch: 0 },
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl std::str::FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.').map(|part| part.parse::<u32>().map_err(drop));
        let mut next = || parts.next().unwrap_or(Err(()));
        let version = Self { major: next()?, minor: next()?, patch: next()? };
        if version.to_string() == text { Ok(version) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_are_written_and_nothing_else() {
        for good in ["1.0.0", "10.2.33"] {
            assert_eq!(good.parse::<Version>().unwrap().to_string(), good);
        }
        for bad in ["", "1", "1.0", "1.0.0.0", "01.0.0", "a.b.c", "1.0.-1", "1.0.0 "] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }

    #[test]
    fn another_schema_is_a_new_major() {
        let held = "1.4.0".parse().ok();
        assert_eq!(Version::after(held, true).to_string(), "1.5.0");
        assert_eq!(Version::after(held, false).to_string(), "2.0.0");
        assert_eq!(Version::after(None, true).to_string(), "1.0.0");
    }
}
