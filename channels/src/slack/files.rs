//! Files that people share: fetched with our token, and with it from nowhere but Slack.

use std::time::Duration;

use reqwest::{Client, Url, header, redirect};
use secrecy::{ExposeSecret, SecretString};

use crate::file::{self, FileError};

/// How long a file may take.
const TIME: Duration = Duration::from_secs(20);

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
        let request = self.client.get(url).bearer_auth(token.expose_secret());
        let answer = file::given(request.send().await)?;
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
        file::read(answer, most).await
    }

    /// Gives a file to an address that Slack named for it; our token stays here.
    pub(super) async fn give(&self, address: &str, bytes: Vec<u8>) -> Result<(), FileError> {
        let url = Url::parse(address).map_err(|_| FileError::Foreign(address.to_owned()))?;
        if !self.is_slack(&url) {
            return Err(FileError::Foreign(url.host_str().unwrap_or_default().to_owned()));
        }
        file::given(self.client.post(url).body(bytes).send().await).map(drop)
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
