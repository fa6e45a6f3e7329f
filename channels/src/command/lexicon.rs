//! Words that make a sentence a question about companies: what companies are called, what they do, where they are.
//!
//! Only evidence that a search is meant; what the words mean exactly is the discovery agent's business.

use super::words::Words;

static COMPANY_NOUNS: &[&str] = &[
    "company", "companies", "firm", "firms", "partner", "partners", "startup", "startups", "start-up", "start-ups",
    "vendor", "vendors", "supplier", "suppliers", "provider", "providers", "business", "businesses", "agencies",
    "manufacturer", "manufacturers", "makers", "distributor", "distributors", "reseller", "resellers", "insurers",
    "insurer", "banks", "bank", "lenders", "carriers", "retailers", "operators", "developers", "consultancies",
    "consultants", "integrators", "producers", "brokers", "exporters", "importers", "wholesalers", "contractors",
    "enterprises", "corporations", "smes", "unicorns", "brands", "studios", "labs", "hospitals", "utilities",
    "airlines", "funds", "investors", "platforms", "scaleups", "outfits", "players", "competitors", "processors",
    "builders", "chains", "unternehmen", "firmen", "firma", "anbieter", "hersteller", "lieferanten", "banken",
    "entreprises", "entreprise", "societes", "fournisseurs", "partenaires", "banques", "empresas", "empresa",
    "socios", "proveedores", "companias", "bancos", "aziende", "fornitori", "startup-unternehmen",
];

/// Beginnings of words for what companies do; words of three letters or fewer count only as a whole.
static INDUSTRIES: &[&str] = &[
    "payment", "zahlung", "paiement", "pago", "fintech", "logisti", "cyber", "securit", "insur", "versicher", "bank",
    "cloud", "softwar", "saas", "energ", "solar", "wind", "biotech", "pharma", "medic", "medtech", "health", "retail",
    "ecommerc", "e-commerc", "robot", "semicond", "chip", "automoti", "mobilit", "telecom", "telco", "media", "gaming",
    "edtech", "educat", "agri", "agtech", "food", "farm", "mining", "steel", "chemic", "construct", "real-estate",
    "proptech", "travel", "hotel", "hospitality", "shipping", "freight", "aerospac", "defen", "space", "satellit",
    "drone", "analytic", "data", "ai", "ml", "machine-learning", "blockchain", "crypto", "legaltech", "hr", "recruit",
    "marketing", "advert", "adtech", "identit", "kyc", "iot", "batter", "hydrogen", "water", "waste", "recycl",
    "textil", "fashion", "cosmet", "luxury", "machin", "manufactur", "consult", "accounting", "tax", "lending",
    "credit", "broker", "wealth", "insurtech", "invest", "venture", "packag", "paper", "plastic", "diagnost", "device",
    "genom", "wearabl", "video", "streaming", "music", "sport", "fitness", "pet", "beauty", "beverag", "beer", "brew",
    "wine", "coffee", "dairy", "oil", "gas", "nuclear", "utilit", "electri", "railway", "aviation", "airline", "marin",
    "maritim", "warehous", "procurement", "erp", "crm", "api", "devops", "hosting", "network", "optical", "sensor",
    "laser", "photonic", "quantum", "climat", "greentech", "cleantech", "carbon", "remittanc", "checkout", "acquiring",
];

static PLACES: &[&str] = &[
    "germany", "german", "france", "french", "spain", "spanish", "italy", "italian", "poland", "polish", "austria",
    "austrian", "switzerland", "swiss", "netherlands", "dutch", "belgium", "belgian", "luxembourg", "portugal",
    "portuguese", "ireland", "irish", "uk", "british", "britain", "england", "english", "scotland", "wales", "denmark",
    "danish", "sweden", "swedish", "norway", "norwegian", "finland", "finnish", "iceland", "estonia", "estonian",
    "latvia", "lithuania", "lithuanian", "czechia", "czech", "slovakia", "slovenia", "hungary", "hungarian", "romania",
    "romanian", "bulgaria", "croatia", "serbia", "greece", "greek", "turkey", "turkish", "ukraine", "ukrainian",
    "israel", "israeli", "egypt", "morocco", "nigeria", "nigerian", "kenya", "kenyan", "ghana", "uae", "emirates",
    "dubai", "qatar", "india", "indian", "china", "chinese", "japan", "japanese", "korea", "korean", "taiwan",
    "singapore", "indonesia", "malaysia", "thailand", "vietnam", "philippines", "australia", "australian", "zealand",
    "canada", "canadian", "usa", "us", "america", "american", "mexico", "mexican", "brazil", "brazilian", "argentina",
    "chile", "colombia", "peru", "europe", "european", "eu", "emea", "apac", "latam", "asia", "asian", "africa",
    "african", "nordics", "nordic", "scandinavia", "scandinavian", "baltics", "baltic", "benelux", "dach", "balkans",
    "iberia", "gcc", "mena", "berlin", "munich", "hamburg", "frankfurt", "paris", "lyon", "london", "manchester",
    "madrid", "barcelona", "lisbon", "milan", "rome", "vienna", "zurich", "geneva", "amsterdam", "rotterdam",
    "brussels", "copenhagen", "stockholm", "oslo", "helsinki", "warsaw", "krakow", "prague", "budapest", "tallinn",
    "dublin", "york", "boston", "chicago", "texas", "california", "francisco", "seattle", "toronto", "tokyo", "seoul",
    "shanghai", "beijing", "shenzhen", "bangalore", "mumbai", "sydney", "deutschland", "frankreich", "polen",
    "osterreich", "schweiz", "spanien", "allemagne", "pologne", "espagne", "italie", "alemania", "francia", "espana",
    "polonia", "europa", "italia",
];

/// Words that say more about companies: size, age, money, place.
static QUALIFIERS: &[&str] = &[
    "cap", "founded", "funded", "funding", "raised", "headquartered", "based", "listed", "mid-cap", "small-cap",
    "large-cap", "employees", "revenue", "venture-backed", "bootstrapped", "midsize",
];

/// How much in some words speaks for companies.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Evidence {
    pub(super) nouns: u32,
    pub(super) industries: u32,
    pub(super) places: u32,
    pub(super) qualifiers: u32,
}

impl Evidence {
    pub(super) fn is_some(self) -> bool {
        self.kinds() > 0
    }

    /// Of how many kinds it is.
    pub(super) fn kinds(self) -> usize {
        [self.nouns, self.industries, self.places, self.qualifiers].iter().filter(|count| **count > 0).count()
    }
}

pub(super) fn is_company_noun(key: &str) -> bool {
    COMPANY_NOUNS.contains(&key)
}

pub(super) fn is_industry(key: &str) -> bool {
    INDUSTRIES.iter().any(|stem| if stem.len() <= 3 { key == *stem } else { key.starts_with(stem) })
}

/// The evidence from a word on.
pub(super) fn evidence(words: &Words<'_>, from: usize) -> Evidence {
    let mut found = Evidence::default();
    // Questions are short; a pasted text does not become one by its length.
    for key in words.keys(from).take(60) {
        found.nouns += u32::from(is_company_noun(key));
        found.industries += u32::from(is_industry(key));
        found.places += u32::from(PLACES.contains(&key));
        found.qualifiers += u32::from(QUALIFIERS.contains(&key));
    }
    found
}
