//! Whether a mail's author is who it says: SPF, DKIM and DMARC, or the word of the one server in front of us.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mail_auth::common::verify::VerifySignature as _;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, DkimResult, DmarcResult, MX, MessageAuthenticator, Parameters, RecordSet,
    ResolverCache, SpfOutput, SpfResult, Txt,
};

use super::head::Head;

/// So many answers of each kind are remembered.
const REMEMBERED: usize = 20_000;
/// Signatures beyond this many are not checked: each costs a lookup and a computation.
const SIGNATURES_MAX: usize = 10;

/// How long names of machines are remembered.
const NAMES_HOLD: Duration = Duration::from_mins(5);

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Outcome {
    /// Proved.
    Pass,
    /// Proved wrong.
    Fail,
    /// Probably wrong.
    SoftFail,
    /// The domain says nothing either way.
    Neutral,
    /// Nothing to check, or nobody asked.
    #[default]
    None,
    /// Could not be checked now.
    TempError,
    /// The domain's record cannot be read.
    PermError,
}

impl Outcome {
    /// The word used in tables and output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::None => "none",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pass, Self::Fail, Self::SoftFail, Self::Neutral, Self::None, Self::TempError, Self::PermError]
            .into_iter()
            .find(|outcome| outcome.name().eq_ignore_ascii_case(name))
    }
}

/// What is known about a mail's author.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authentication {
    /// The sending machine may send for the envelope's sender.
    pub spf: Outcome,
    /// A signature of the author's own domain holds.
    pub dkim: Outcome,
    /// One of both, and it is about the author's domain.
    pub dmarc: Outcome,
    /// The author's domain has published that it signs.
    pub has_policy: bool,
}

impl Authentication {
    /// Whether the author's domain vouches for the mail: only then may it decide anything.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.dmarc == Outcome::Pass || self.dkim == Outcome::Pass && !self.has_policy
    }
}

/// How the mail came to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The machine that handed it in.
    pub ip: IpAddr,
    /// What that machine calls itself.
    pub helo: String,
    /// The envelope's sender; empty for `<>`.
    pub mail_from: String,
}

/// Checks mails by looking up the domains' records; remembers those.
pub struct Checker {
    authenticator: MessageAuthenticator,
    /// What we are called in records that ask for it.
    host: String,
    txt: Memory<Box<str>, Txt>,
    mx: Memory<Box<str>, RecordSet<MX>>,
    ipv4: Memory<Box<str>, RecordSet<Ipv4Addr>>,
    ipv6: Memory<Box<str>, RecordSet<Ipv6Addr>>,
    ptr: Memory<IpAddr, RecordSet<Box<str>>>,
}

impl std::fmt::Debug for Checker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checker").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Checker {
    /// With a resolver: the machine's own, or one that answers in tests.
    #[must_use]
    pub fn new(authenticator: MessageAuthenticator, host: &str) -> Self {
        let (txt, mx, ptr) = (Memory::default(), Memory::default(), Memory::default());
        let (ipv4, ipv6) = (Memory::default(), Memory::default());
        Self { authenticator, host: host.to_owned(), txt, mx, ipv4, ipv6, ptr }
    }

    /// With the machine's own resolver; none if it has none that can be read.
    #[must_use]
    pub fn of_system(host: &str) -> Option<Self> {
        MessageAuthenticator::new_system_conf().ok().map(|authenticator| Self::new(authenticator, host))
    }

    /// With the resolver at an address, over UDP and TCP.
    ///
    /// # Errors
    /// When the operating system gives no sockets.
    pub fn asking(resolver: SocketAddr, host: &str) -> std::io::Result<Self> {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()]
            .into_iter()
            .map(|mut connection| {
                connection.port = resolver.port();
                connection
            })
            .collect();
        let server = NameServerConfig::new(resolver.ip(), true, connections);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let mut options = ResolverOpts::default();
        (options.timeout, options.attempts) = (Duration::from_secs(2), 2);
        let authenticator = MessageAuthenticator::new(config, options).map_err(std::io::Error::other)?;
        Ok(Self::new(authenticator, host))
    }

    /// Checks a mail as it came, before anything in it was changed.
    pub async fn check(&self, raw: &[u8], envelope: Option<&Envelope>) -> Authentication {
        let Some(mut message) = AuthenticatedMessage::parse(raw) else { return Authentication::default() };
        // More than one author: a trick, or at least nobody who could be proved.
        let [from] = message.froms() else { return Authentication::default() };
        let domain = from.rsplit_once('@').map_or(String::new(), |(_, domain)| domain.to_ascii_lowercase());
        message.dkim_headers.truncate(SIGNATURES_MAX);
        let signatures = self.authenticator.verify_dkim(self.parameters(&message)).await;
        let spf = match envelope {
            Some(envelope) => self.spf(envelope).await,
            None => SpfOutput::new(domain.clone()).with_result(SpfResult::None),
        };
        let mail_from = envelope.map_or("", |envelope| envelope.mail_from.as_str());
        let mail_from = mail_from.rsplit_once('@').map_or("", |(_, domain)| domain);
        let dmarc = DmarcParameters::new(&message, &signatures, mail_from, &spf);
        let dmarc = self.authenticator.verify_dmarc(self.parameters(dmarc)).await;
        let is_passed = matches!(dmarc.dkim_result(), DmarcResult::Pass)
            || envelope.is_some() && matches!(dmarc.spf_result(), DmarcResult::Pass);
        let has_policy = dmarc.dmarc_record().is_some();
        let dkim = signatures
            .iter()
            .filter(|signature| {
                signature.signature().is_some_and(|signed| signed.domain().eq_ignore_ascii_case(&domain))
            })
            .map(|signature| of_dkim(signature.result()))
            .min_by_key(|outcome| if *outcome == Outcome::Pass { 0 } else { 1 });
        Authentication {
            spf: of_spf(spf.result()),
            dkim: dkim.unwrap_or_default(),
            dmarc: match (is_passed, has_policy) {
                (true, _) => Outcome::Pass,
                (false, true) => Outcome::Fail,
                (false, false) => of_dmarc(dmarc.dkim_result()),
            },
            has_policy,
        }
    }

    /// SPF alone, with what the domain has to say about a refusal.
    pub async fn spf(&self, envelope: &Envelope) -> SpfOutput {
        let parameters =
            || SpfParameters::verify(envelope.ip, &envelope.helo, &self.host, &envelope.mail_from);
        let found = self.authenticator.verify_spf(self.parameters(parameters())).await;
        // Names of machines come with a dot at the end, with which the library does not compare them equal to a
        // record's own name. It asks for names only where a record needs them; then again, without the dots.
        let Some(names) =
            self.ptr.get(&envelope.ip).filter(|names| names.rrset.iter().any(|name| name.ends_with('.')))
        else {
            return found;
        };
        let rrset = names.rrset.iter().map(|name| name.trim_end_matches('.').into()).collect();
        self.ptr.insert(envelope.ip, RecordSet { rrset, ..names }, Instant::now() + NAMES_HOLD);
        self.authenticator.verify_spf(self.parameters(parameters())).await
    }

    #[expect(clippy::type_complexity, reason = "the type is the library's")]
    fn parameters<'a, P>(
        &'a self,
        params: P,
    ) -> Parameters<
        'a,
        P,
        Memory<Box<str>, Txt>,
        Memory<Box<str>, RecordSet<MX>>,
        Memory<Box<str>, RecordSet<Ipv4Addr>>,
        Memory<Box<str>, RecordSet<Ipv6Addr>>,
        Memory<IpAddr, RecordSet<Box<str>>>,
    > {
        Parameters {
            params,
            cache_txt: Some(&self.txt),
            cache_mx: Some(&self.mx),
            cache_ptr: Some(&self.ptr),
            cache_ipv4: Some(&self.ipv4),
            cache_ipv6: Some(&self.ipv6),
        }
    }
}

/// What a server in front of us wrote about a mail. Only the topmost such field counts, and only under that server's
/// name: whoever wrote the mail may have written others below.
#[must_use]
pub fn by_upstream(head: &Head, upstream: &str) -> Authentication {
    let Some(written) = head.other("authentication-results").filter(|_| !upstream.is_empty()) else {
        return Authentication::default();
    };
    let [from] = head.from.as_slice() else { return Authentication::default() };
    if head.from_fields != 1 {
        return Authentication::default();
    }
    let mut parts = without_comments(written).split(';').map(str::to_owned).collect::<Vec<_>>().into_iter();
    let server = parts.next().unwrap_or_default();
    if !server.split_whitespace().next().is_some_and(|name| name.eq_ignore_ascii_case(upstream)) {
        return Authentication::default();
    }
    let mut found = Authentication::default();
    for part in parts {
        let mut words = part.split_whitespace();
        let Some((method, result)) = words.next().and_then(|word| word.split_once('=')) else { continue };
        let Some(outcome) = Outcome::from_name(result) else { continue };
        let property = |name: &str| {
            part.split_whitespace()
                .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
                .map(|value| value.trim_matches('"').trim_start_matches('@').to_ascii_lowercase())
        };
        match method.to_ascii_lowercase().as_str() {
            "spf" => found.spf = outcome,
            "dkim" if property("header.d").is_some_and(|domain| domain == from.domain()) => {
                found.dkim = if found.dkim == Outcome::Pass { Outcome::Pass } else { outcome };
            }
            "dmarc" => {
                found.has_policy = outcome != Outcome::None;
                let is_same = property("header.from").is_some_and(|domain| domain == from.domain());
                found.dmarc = if outcome == Outcome::Pass && !is_same { Outcome::None } else { outcome };
            }
            _ => {}
        }
    }
    found
}

fn without_comments(text: &str) -> String {
    let mut depth = 0_u32;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

fn of_spf(result: SpfResult) -> Outcome {
    match result {
        SpfResult::Pass => Outcome::Pass,
        SpfResult::Fail => Outcome::Fail,
        SpfResult::SoftFail => Outcome::SoftFail,
        SpfResult::Neutral => Outcome::Neutral,
        SpfResult::TempError => Outcome::TempError,
        SpfResult::PermError => Outcome::PermError,
        SpfResult::None => Outcome::None,
    }
}

fn of_dkim(result: &DkimResult) -> Outcome {
    match result {
        DkimResult::Pass => Outcome::Pass,
        DkimResult::Neutral(_) => Outcome::Neutral,
        DkimResult::Fail(_) => Outcome::Fail,
        DkimResult::PermError(_) => Outcome::PermError,
        DkimResult::TempError(_) => Outcome::TempError,
        DkimResult::None => Outcome::None,
    }
}

fn of_dmarc(result: &DmarcResult) -> Outcome {
    match result {
        DmarcResult::Pass => Outcome::Pass,
        DmarcResult::Fail(_) => Outcome::Fail,
        DmarcResult::TempError(_) => Outcome::TempError,
        DmarcResult::PermError(_) => Outcome::PermError,
        DmarcResult::None => Outcome::None,
    }
}

/// Answers of the resolver, for as long as they hold.
struct Memory<K, V>(Mutex<HashMap<K, (V, Instant)>>);

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Hash + Eq, V: Clone> ResolverCache<K, V> for Memory<K, V> {
    fn get<Q>(&self, name: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).filter(|(_, until)| *until > Instant::now()).map(|(value, _)| value.clone())
    }

    fn remove<Q>(&self, name: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name).map(|(value, _)| value)
    }

    fn insert(&self, key: K, value: V, valid_until: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key, (value, valid_until));
    }
}

#[cfg(test)]
mod tests;
