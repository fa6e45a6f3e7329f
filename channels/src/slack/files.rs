//! Files that people share: fetched with our token, and with it from nowhere but Slack.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::{Client, Url, header, redirect};
use secrecy::{ExposeSecret, SecretString};

/// How long a file may take.
const TIME: Duration = Duration::from_secs(20);

/// Why a shared file was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Its address is not Slack's, so our token does not go there.
    #[error("{0} is not an address of Slack's")]
    Foreign(String),
    /// Slack does not give it to us: the scope `files:read` is missing, or we are not in the room.
    #[error("Slack does not give us the file: {0}")]
    Refused(String),
    /// It was deleted.
    #[error("the file is gone")]
    Gone,
    /// Larger than we take.
    #[error("larger than {0} bytes")]
    TooLarge(usize),
    /// Slack is away or broke off; worth another try.
    #[error("the file did not arrive: {0}")]
    Broken(String),
}

/// Fetches shared files; clones share connections.
#[derive(Debug, Clone)]
pub(super) struct Files {
    client: Client,
    /// Where the Web API is: files may come from there too.
    api: Option<Url>,
}

impl Files {
    pub(super) fn new(api_url: &str) -> Result<Self, std::io::Error> {
        // A redirect would carry the token on, or end on a page to sign in.
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(TIME).build();
        Ok(Self { client: client.map_err(std::io::Error::other)?, api: Url::parse(api_url).ok() })
    }

    /// The bytes behind a file's private address, at most `most`.
    pub(super) async fn fetch(
        &self,
        token: &SecretString,
        address: &str,
        most: usize,
    ) -> Result<Vec<u8>, FileError> {
        let url = Url::parse(address).map_err(|_| FileError::Foreign(address.to_owned()))?;
        if !self.is_slack(&url) {
            return Err(FileError::Foreign(url.host_str().unwrap_or_default().to_owned()));
        }
        let broken = |error: reqwest::Error| FileError::Broken(error.without_url().to_string());
        let request = self.client.get(url).bearer_auth(token.expose_secret());
        let answer = request.send().await.map_err(broken)?;
        match answer.status().as_u16() {
            200 => {}
            404 | 410 => return Err(FileError::Gone),
            status @ (429 | 500..) => return Err(FileError::Broken(format!("HTTP {status}"))),
            status => return Err(FileError::Refused(format!("HTTP {status}"))),
        }
        // Without the scope Slack answers 200 with its page to sign in.
        let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_page = kind.is_some_and(|kind| kind.starts_with("text/html"));
        if is_page
            && !address
                .split('?')
                .next()
                .is_some_and(|path| path.ends_with(".html") || path.ends_with(".htm"))
        {
            return Err(FileError::Refused(
                "a page to sign in, so the scope `files:read` is missing".to_owned(),
            ));
        }
        let mut bytes = Vec::new();
        let mut parts = answer.bytes_stream();
        while let Some(part) = parts.next().await {
            let part = part.map_err(broken)?;
            if bytes.len() + part.len() > most {
                return Err(FileError::TooLarge(most));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }

    fn is_slack(&self, url: &Url) -> bool {
        let is_theirs =
            url.host_str().is_some_and(|host| host == "slack.com" || host.ends_with(".slack.com"));
        let is_api = self.api.as_ref().is_some_and(|api| api.origin() == url.origin());
        url.username().is_empty()
            && url.password().is_none()
            && (is_theirs && url.scheme() == "https" || is_api)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_token_goes_to_slack_alone() {
        // What reqwest is built without has to be there before a client is.
        rustls::crypto::ring::default_provider().install_default().ok();
        let files = Files::new("http://127.0.0.1:9/api").unwrap();
        let is_slack = |url: &str| files.is_slack(&Url::parse(url).unwrap());
        for good in [
            "https://files.slack.com/files-pri/T1-F1/msa.pdf",
            "https://files-origin.slack.com/x",
            "http://127.0.0.1:9/files/x",
        ] {
            assert!(is_slack(good), "{good}");
        }
        for bad in [
            "http://files.slack.com/x",
            "https://files.slack.com.evil.example/x",
            "https://evilslack.com/x",
            "https://files.slack.com@evil.example/x",
            "https://user:pw@files.slack.com/x",
            "http://127.0.0.1:10/x",
            "file:///etc/passwd",
        ] {
            assert!(!is_slack(bad), "{bad}");
        }
    }
}
