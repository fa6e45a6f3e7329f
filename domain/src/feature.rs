//! The eight features of a partner: names, and values of which each may be missing.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One of the features that scorers read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Size by market capitalisation: 1 (nano) to 6 (mega).
    CompanySizeBucket,
    /// How much its trades are those of our partners: 0 to 1.
    IndustryMatchScore,
    /// US dollars raised in the last 24 months; 0 when its rounds are known and older.
    RecentFundingAmount,
    /// Share of its tags and our partners' common tags that are the same: 0 to 1.
    TechStackOverlap,
    /// 1 in a country where many of our partners are, less in their region, 0 elsewhere.
    GeographicFit,
    /// Stage moves in 30 days for each open deal.
    #[serde(rename = "deal_velocity_30d")]
    DealVelocity30d,
    /// Severity of what was found in its contracts, a finding counting half after 180 days.
    ContractRiskHistory,
    /// How much went on with the partner in 30 days: 0 to 1.
    PartnerEngagementScore,
}

/// A value for each feature, in the order of [`Feature::ALL`]; none is missing, never zero.
pub type Values = [Option<f64>; 8];

impl Feature {
    /// All features, in the order of [`Values`].
    pub const ALL: [Self; 8] = [
        Self::CompanySizeBucket,
        Self::IndustryMatchScore,
        Self::RecentFundingAmount,
        Self::TechStackOverlap,
        Self::GeographicFit,
        Self::DealVelocity30d,
        Self::ContractRiskHistory,
        Self::PartnerEngagementScore,
    ];

    /// Those that what happens to deals and contracts changes; they are computed anew at once.
    pub const LIVE: [Self; 3] =
        [Self::DealVelocity30d, Self::ContractRiskHistory, Self::PartnerEngagementScore];

    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::CompanySizeBucket => "company_size_bucket",
            Self::IndustryMatchScore => "industry_match_score",
            Self::RecentFundingAmount => "recent_funding_amount",
            Self::TechStackOverlap => "tech_stack_overlap",
            Self::GeographicFit => "geographic_fit",
            Self::DealVelocity30d => "deal_velocity_30d",
            Self::ContractRiskHistory => "contract_risk_history",
            Self::PartnerEngagementScore => "partner_engagement_score",
        }
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::CompanySizeBucket => "size of the company",
            Self::IndustryMatchScore => "same trades as your partners",
            Self::RecentFundingAmount => "money raised in 24 months",
            Self::TechStackOverlap => "same tags as your partners",
            Self::GeographicFit => "where your partners are",
            Self::DealVelocity30d => "pace of its deals",
            Self::ContractRiskHistory => "risks in its contracts",
            Self::PartnerEngagementScore => "how much goes on with it",
        }
    }

    /// Reads the word of the tables.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.name() == name)
    }

    /// Its place in [`Values`].
    pub fn place(self) -> usize {
        self as usize
    }
}

/// A value of the store, with its times.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Whose.
    pub entity: String,
    /// Which.
    pub feature: Feature,
    /// The value; none is missing.
    pub value: Option<f64>,
    /// Since when it holds.
    pub event_at: DateTime<Utc>,
    /// When we learnt it.
    pub created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_places_and_json_agree() {
        for (place, feature) in Feature::ALL.into_iter().enumerate() {
            assert_eq!(feature.place(), place);
            assert_eq!(Feature::from_name(feature.name()), Some(feature));
            assert_eq!(serde_json::to_value(feature).unwrap(), feature.name());
        }
    }
}
