//! A file behind a link from outside, fetched without being led into our own network.
//!
//! Every address that the name has is checked before one is dialled, and only the checked ones can be: the client is
//! given them and asks no name server again. Each redirect starts over.

mod address;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use domain::contract::FILE_BYTES_MAX;
use domain::error::UserError;
use reqwest::Url;

/// Most redirects that are followed.
const REDIRECTS: usize = 3;
/// Time for everything.
const TIME: Duration = Duration::from_secs(15);

/// Why a link was not fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no link, or not one that starts with https.
    #[error("not an https link")]
    Link,
    /// It holds a name and password.
    #[error("the link holds credentials")]
    Credentials,
    /// It leads to another port than 443.
    #[error("the link leads to port {0}")]
    Port(u16),
    /// It leads into a network that is not the internet, or to ourselves.
    #[error("the link leads to {0}, which is not on the internet")]
    Inner(String),
    /// Its name is unknown or its server does not answer.
    #[error("{0} cannot be reached")]
    Away(String),
    /// The server answered that it has no such file, or not for us.
    #[error("the server answered {0}")]
    Status(u16),
    /// More redirects than we follow.
    #[error("too many redirects")]
    Redirects,
    /// Larger than we take.
    #[error("larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// It took too long.
    #[error("not done within {} s", TIME.as_secs())]
    Late,
}

impl Fault {
    /// What the person who sent the link reads.
    pub fn explain(&self) -> UserError {
        let attach = "Please attach the file instead.";
        match self {
            Self::Link => UserError::new("I only fetch links that begin with https://.", attach),
            Self::Credentials => UserError::new("This link holds a password, so I did not use it.", attach),
            Self::Port(port) => UserError::new(format!("I do not fetch from port {port}."), attach),
            Self::Inner(host) => UserError::new(
                format!("{host} is not on the public internet, so I did not fetch from it."),
                "Please attach the file instead, or ask an admin to allow this host.",
            ),
            Self::Away(host) => UserError::new(
                format!("I cannot reach {host}."),
                "Please check the link, or attach the file.",
            ),
            Self::Status(401 | 403) => UserError::new("This link is not open to me.", attach),
            Self::Status(status) => UserError::new(
                format!("The server answered {status} instead of the file."),
                "Please check the link, or attach the file.",
            ),
            Self::Redirects => {
                UserError::new("This link leads from one page to the next without end.", attach)
            }
            Self::TooLarge => UserError::new(
                format!(
                    "The file behind this link is larger than the {} MB I take.",
                    FILE_BYTES_MAX / (1024 * 1024)
                ),
                "Please send it in parts or without its pictures.",
            ),
            Self::Late => UserError::new(
                format!("The file did not arrive within {} seconds.", TIME.as_secs()),
                "Please try again, or attach the file.",
            ),
        }
    }
}

/// Fetches files behind links.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// Origins inside the operator's own network that may be fetched from.
    allowed: Vec<Url>,
    /// Ports besides 443.
    ports: Vec<u16>,
    /// Where this program listens and the name it is reached by: never fetched from.
    own: Option<SocketAddr>,
    own_host: Option<String>,
    /// Time for everything.
    time: Duration,
}

/// A link whose host was looked up and found good.
struct Target {
    url: Url,
    host: String,
    addresses: Vec<SocketAddr>,
}

impl Fetcher {
    /// With the origins (`https://files.example.internal`, several with commas) and ports that the operator allows
    /// besides the public internet on port 443, and with where this program listens and is reached.
    ///
    /// # Errors
    /// When one of them is no origin or no port.
    pub fn new(allowed: &str, ports: &str, listen: &str, public_url: &str) -> anyhow::Result<Self> {
        let items = |text: &str| {
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let origin = |item: &String| {
            let url = Url::parse(item).ok().filter(|url| {
                let is_bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
                matches!(url.scheme(), "https" | "http") && url.has_host() && is_bare
            });
            url.with_context(|| {
                format!("{item} in fetch.allow_hosts is not like https://HOST or https://HOST:PORT")
            })
        };
        let port = |item: &String| item.parse().with_context(|| format!("{item} in fetch.ports is no port"));
        Ok(Self {
            allowed: items(allowed).iter().map(origin).collect::<Result<_, _>>()?,
            ports: items(ports).iter().map(port).collect::<Result<_, _>>()?,
            own: listen.parse().ok(),
            own_host: Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned)),
            time: TIME,
        })
    }

    /// The file behind a link. What it is has to be told from its bytes: what the server says is not looked at.
    pub async fn fetch(&self, link: &str) -> Result<Vec<u8>, Fault> {
        tokio::time::timeout(self.time, self.follow(link)).await.unwrap_or(Err(Fault::Late))
    }

    /// A client for one address of a customer's, which leads nowhere else: its name was looked up, each address it has was
    /// checked, and no other can be dialled.
    pub async fn way_to(&self, link: &str) -> Result<(Url, reqwest::Client), Fault> {
        let target = self.check(Url::parse(link.trim()).map_err(|_| Fault::Link)?).await?;
        let client = client(&target)?;
        Ok((target.url, client))
    }

    async fn follow(&self, link: &str) -> Result<Vec<u8>, Fault> {
        let mut url = Url::parse(link.trim()).map_err(|_| Fault::Link)?;
        for _ in 0..=REDIRECTS {
            let target = self.check(url).await?;
            let answer = dial(&target).await?;
            let status = answer.status();
            if status.is_redirection() && status.as_u16() != 304 {
                let next =
                    answer.headers().get(reqwest::header::LOCATION).and_then(|next| next.to_str().ok());
                url =
                    target.url.join(next.ok_or(Fault::Status(status.as_u16()))?).map_err(|_| Fault::Link)?;
                continue;
            }
            if status.as_u16() != 200 {
                return Err(Fault::Status(status.as_u16()));
            }
            return download(answer, &target.host).await;
        }
        Err(Fault::Redirects)
    }

    /// Looks the host of a link up and checks the link and every address.
    async fn check(&self, url: Url) -> Result<Target, Fault> {
        let is_allowed = self.allowed.iter().any(|allowed| allowed.origin() == url.origin());
        if url.scheme() != "https" && !(is_allowed && url.scheme() == "http") {
            return Err(Fault::Link);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Fault::Credentials);
        }
        let host = url.host_str().ok_or(Fault::Link)?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().ok_or(Fault::Link)?;
        if port != 443 && !is_allowed && !self.ports.contains(&port) {
            return Err(Fault::Port(port));
        }
        let found =
            tokio::net::lookup_host((host.as_str(), port)).await.map_err(|_| Fault::Away(host.clone()))?;
        let addresses: Vec<SocketAddr> = found.collect();
        if addresses.is_empty() {
            return Err(Fault::Away(host));
        }
        let may =
            |address: &SocketAddr| !self.is_own(*address) && (is_allowed || address::is_public(address.ip()));
        let is_own_name =
            self.own_host.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(&host)) && !is_allowed;
        // One bad address among good ones is an attempt to be dialled by chance.
        if is_own_name || !addresses.iter().all(may) {
            return Err(Fault::Inner(host));
        }
        Ok(Target { url, host, addresses })
    }

    /// Whether an address is where this program listens.
    fn is_own(&self, address: SocketAddr) -> bool {
        self.own.is_some_and(|own| {
            let is_here = own.ip().is_unspecified() && is_inner(address.ip());
            own.port() == address.port() && (is_here || own.ip() == address.ip())
        })
    }
}

/// Whether an address may be one of this machine: only those outside the internet can be told by their look.
fn is_inner(address: IpAddr) -> bool {
    !address::is_public(address)
}

/// A client that knows the checked addresses and no others.
fn client(target: &Target) -> Result<reqwest::Client, Fault> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(Duration::from_secs(5))
        .timeout(TIME)
        .user_agent("dealdesk")
        .resolve_to_addrs(&target.host, &target.addresses)
        .build()
        .map_err(|_| Fault::Away(target.host.clone()))
}

/// Asks for a file at the checked addresses and no others.
async fn dial(target: &Target) -> Result<reqwest::Response, Fault> {
    let away = |_| Fault::Away(target.host.clone());
    let answer = client(target)?.get(target.url.clone()).send().await.map_err(away)?;
    // What was dialled is what was checked, whatever the client did.
    match answer.remote_addr() {
        Some(dialled) if target.addresses.iter().any(|checked| checked.ip() == dialled.ip()) => Ok(answer),
        _ => Err(Fault::Inner(target.host.clone())),
    }
}

/// The body, as far as it may be long.
async fn download(mut answer: reqwest::Response, host: &str) -> Result<Vec<u8>, Fault> {
    if answer.content_length().is_some_and(|length| length > FILE_BYTES_MAX as u64) {
        return Err(Fault::TooLarge);
    }
    let mut bytes = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > FILE_BYTES_MAX => return Err(Fault::TooLarge),
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Ok(bytes),
            Err(_) => return Err(Fault::Away(host.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests;
