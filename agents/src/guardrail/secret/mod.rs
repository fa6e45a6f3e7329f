//! Secrets: keys that show their issuer by a prefix, and values that a name calls a secret.

mod assignment;
mod curl;
mod issued;
mod issuers;
mod placeholder;
mod value;

pub(super) use assignment::read_assignments;
pub(super) use curl::read_curl;
pub(super) use issued::read_issued;
