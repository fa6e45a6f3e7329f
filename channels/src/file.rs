//! Files that people share on a channel: what came back is judged and read alike on all.

use futures_util::StreamExt;
use reqwest::Response;

/// Why a shared file was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Its address is not the channel's, so nothing of ours goes there.
    #[error("{0} is not an address of the channel's")]
    Foreign(String),
    /// The channel does not give it to us: a scope is missing, or we are not in the room.
    #[error("we are not given the file: {0}")]
    Refused(String),
    /// It was deleted.
    #[error("the file is gone")]
    Gone,
    /// Larger than we take.
    #[error("larger than {0} bytes")]
    TooLarge(usize),
    /// The channel is away or broke off; worth another try.
    #[error("the file did not arrive: {0}")]
    Broken(String),
}

/// What came back, if it is the file.
pub(crate) fn given(answer: reqwest::Result<Response>) -> Result<Response, FileError> {
    let answer = answer.map_err(broken)?;
    match answer.status().as_u16() {
        200 => Ok(answer),
        404 | 410 => Err(FileError::Gone),
        status @ (429 | 500..) => Err(FileError::Broken(format!("HTTP {status}"))),
        status => Err(FileError::Refused(format!("HTTP {status}"))),
    }
}

/// Its bytes, at most `most`.
pub(crate) async fn read(answer: Response, most: usize) -> Result<Vec<u8>, FileError> {
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

/// Without the address, which may hold a secret.
fn broken(error: reqwest::Error) -> FileError {
    FileError::Broken(error.without_url().to_string())
}
