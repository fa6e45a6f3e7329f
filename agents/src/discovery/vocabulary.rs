//! Words of questions that are no industry and no place.

use domain::words::Word;

/// Words that carry nothing to search for.
pub const NOISE: &[&str] = &[
    "a", "an", "the", "and", "or", "of", "to", "by", "on", "at", "as", "is", "are", "be", "been", "being", "has",
    "have", "had", "do", "does", "did", "can", "could", "should", "would", "will", "we", "i", "me", "my", "our", "us",
    "you", "your", "it", "its", "their", "them", "they", "which", "what", "whose", "where", "when", "how", "there",
    "any", "all", "some", "every", "each", "more", "most", "many", "few", "only", "also", "please", "find", "show",
    "list", "get", "give", "search", "looking", "look", "need", "want", "wanted", "seek", "seeking", "suggest",
    "identify", "recommend", "discover", "company", "companie", "firm", "business", "businesse", "vendor",
    "provider", "supplier", "player", "partner", "partnership", "prospect", "target", "lead", "organisation",
    "organization", "enterprise", "group", "corporation", "maker", "producer", "operator", "developer", "specialist",
    "manufacture", "offering", "offer", "providing", "provide", "providers", "making", "make", "producing", "produce",
    "selling", "sell", "doing", "develop", "developing", "building", "build", "built", "run", "running", "operate", "operating", "work",
    "working", "specializing", "specialising", "specialized", "specialised", "focused", "focusing", "focus",
    "active", "involved", "engaged", "dealing", "deal", "solution", "service", "product", "system", "platform",
    "tool", "technologie", "industry", "sector", "space", "market", "field", "area", "domain", "category", "segment",
    "vertical", "leading", "top", "best", "good", "great", "major", "biggest", "innovative", "promising", "interesting", "potential", "new",
    "global", "globally", "worldwide", "international", "internationally", "local", "national", "regional",
    "country", "countrie", "region", "city", "state", "headquartered", "headquarter", "hq", "based", "located",
    "across", "around", "near", "within", "throughout", "inside", "over", "into", "than", "then", "like", "such",
    "about", "via", "using", "use", "listed", "public", "publicly", "traded", "quoted", "private", "privately",
    "held", "independent", "right", "now", "currently", "today", "preferably", "ideally", "maybe", "possible",
    "possibly", "size", "sized", "cap", "caps", "capitalization", "capitalisation", "stock", "stocks", "shares",
    "firmen", "firma", "unternehmen", "anbieter", "suche", "suchen", "finde", "entreprise", "societe",
    "fournisseur", "empresa", "proveedor", "companias", "compania", "aziende", "azienda", "societa", "bedrijven", "bedrijf", "im",
    "und", "oder", "mit", "der", "die", "das", "den", "aus", "fur", "von", "et", "ou", "de", "du", "des", "la", "le",
    "les", "en", "au", "aux", "y", "o", "el", "los", "las", "del", "con", "para", "il", "lo", "gli", "di", "e", "nel", "van", "het", "ten",
    "s", "t", "etc", "ie", "eg", "vs", "per", "approximately", "roughly", "up", "founded", "established", "started",
    "raised", "raising", "raise", "funding", "funded", "fund", "venture", "backed", "total", "usd", "dollar", "eur", "euro", "money", "capital",
    "year", "old", "older", "young", "younger", "mature", "company's", "one", "two", "three", "five", "ten", "cooperate", "collaborate", "collaboration",
    "team", "up", "hello", "hi", "hey", "thanks", "thank", "dealdesk", "bot", "could", "who", "name", "names", "candidate", "shortlist", "potentially", "related", "else", "both", "either",
];

/// Words for young companies.
pub const STARTUP: &[&str] = &["startup", "startups", "scaleup", "scaleups", "startupunternehmen", "jungunternehmen"];

/// Words for an industry so broad that, beside a narrower one, they add nothing.
pub const GENERIC: &[&str] = &[
    "tech", "technology", "technologies", "manufacturing", "manufacturer", "manufacturers", "industrial", "industrials", "distribution",
    "it", "holding", "holdings", "trader", "traders", "trading", "engineering", "exploration", "fabrication", "training", "web", "internet",
    "resources", "properties", "property", "consulting", "consultants", "equipment", "digital", "maker", "medical", "health", "carriers", "devices",
    "storage", "stores", "shops", "chain", "developers", "developer",
];

const STATUS: &[(&str, &str)] = &[
    ("still operating", "operating"),
    ("currently operating", "operating"),
    ("still active", "operating"),
    ("still in business", "operating"),
    ("in operation", "operating"),
    ("still alive", "operating"),
    ("still independent", "operating"),
    ("still running", "operating"),
    ("been acquired", "acquired"),
    ("got acquired", "acquired"),
    ("acquired", "acquired"),
    ("taken over", "acquired"),
    ("bought out", "acquired"),
    ("closed down", "closed"),
    ("shut down", "closed"),
    ("closed", "closed"),
    ("defunct", "closed"),
    ("went bust", "closed"),
    ("bankrupt", "closed"),
    ("out of business", "closed"),
    ("went public", "ipo"),
    ("gone public", "ipo"),
    ("ipo", "ipo"),
    ("ipoed", "ipo"),
];

/// An operating status at this word of a question, and how many words it takes.
pub fn status_at(parts: &[Word], at: usize) -> Option<(&'static str, usize)> {
    STATUS.iter().find_map(|(said, status)| {
        let said: Vec<&str> = said.split(' ').collect();
        let fits = said.iter().enumerate().all(|(nth, want)| parts.get(at + nth).is_some_and(|have| have.folded == *want));
        fits.then_some((*status, said.len()))
    })
}
