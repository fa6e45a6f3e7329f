//! Files that people share: Discord gives them to whoever has the address, so no token of ours goes along.

use reqwest::{Client, Url};

use crate::file::{self, FileError};

/// The bytes behind a shared file's address, at most `most`. `api` is where the programming interface is: files may
/// come from there too.
pub(super) async fn fetch(
    client: &Client,
    api: &Url,
    address: &str,
    most: usize,
) -> Result<Vec<u8>, FileError> {
    let url = Url::parse(address).map_err(|_| FileError::Foreign("that".to_owned()))?;
    if !is_discords(&url, api) {
        return Err(FileError::Foreign(url.host_str().unwrap_or_default().to_owned()));
    }
    file::read(file::given(client.get(url).send().await)?, most).await
}

fn is_discords(url: &Url, api: &Url) -> bool {
    let is_theirs = matches!(url.host_str(), Some("cdn.discordapp.com" | "media.discordapp.net"))
        && url.scheme() == "https"
        && url.port().is_none();
    url.username().is_empty() && url.password().is_none() && (is_theirs || url.origin() == api.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_from_discord_alone() {
        let api = Url::parse("http://127.0.0.1:9/api/v10").unwrap();
        let is = |url: &str| is_discords(&Url::parse(url).unwrap(), &api);
        for good in ["https://cdn.discordapp.com/attachments/1/2/a.pdf", "http://127.0.0.1:9/files/x"] {
            assert!(is(good), "{good}");
        }
        for bad in [
            "http://cdn.discordapp.com/x",
            "https://cdn.discordapp.com.evil.example/x",
            "https://cdn.discordapp.com:8443/x",
            "https://u:p@cdn.discordapp.com/x",
            "http://127.0.0.1:10/x",
            "http://169.254.169.254/latest",
        ] {
            assert!(!is(bad), "{bad}");
        }
    }
}
