//! Secrets at rest: AES-256-GCM, bound to the place they are kept at.

use aes_gcm::aead::{Aead, Generate, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use domain::ids::TenantId;
use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;

/// The first byte of a sealed value: which key and layout it uses.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;

/// The installation's key.
#[derive(Clone)]
pub struct Seal(Aes256Gcm);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(..)")
    }
}

impl Seal {
    /// From 32 secret bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)))
    }

    /// Seals a secret for one place, e.g. `workspaces/slack/T024`; it opens nowhere else.
    pub fn seal(&self, tenant: TenantId, place: &str, secret: &SecretString) -> Result<Vec<u8>, Error> {
        let nonce = Nonce::generate();
        let aad = aad(tenant, place);
        let sealed = self
            .0
            .encrypt(&nonce, Payload { msg: secret.expose_secret().as_bytes(), aad: &aad })
            .map_err(|_| Error::Sealed)?;
        Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// Opens a value sealed for the same place.
    pub fn open(&self, tenant: TenantId, place: &str, sealed: &[u8]) -> Result<SecretString, Error> {
        let (version, rest) = sealed.split_first().ok_or(Error::Sealed)?;
        if *version != VERSION || rest.len() < NONCE_BYTES {
            return Err(Error::Sealed);
        }
        let (nonce, body) = rest.split_at(NONCE_BYTES);
        let nonce = Nonce::try_from(nonce).map_err(|_| Error::Sealed)?;
        let aad = aad(tenant, place);
        let opened = self.0.decrypt(&nonce, Payload { msg: body, aad: &aad }).map_err(|_| Error::Sealed)?;
        String::from_utf8(opened).map(SecretString::from).map_err(|_| Error::Sealed)
    }
}

fn aad(tenant: TenantId, place: &str) -> Vec<u8> {
    [tenant.0.as_bytes().as_slice(), place.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::Ids;

    #[test]
    fn a_sealed_secret_opens_only_where_it_belongs() {
        let ids = Ids::counted_from(1);
        let (tenant, other) = (TenantId(ids.next()), TenantId(ids.next()));
        let seal = Seal::new(&ids.secret());
        let sealed = seal.seal(tenant, "workspaces/slack/T1", &"xoxb-1".into()).unwrap();

        let opened = seal.open(tenant, "workspaces/slack/T1", &sealed).unwrap();
        assert_eq!(opened.expose_secret(), "xoxb-1");
        assert!(seal.open(other, "workspaces/slack/T1", &sealed).is_err());
        assert!(seal.open(tenant, "workspaces/slack/T2", &sealed).is_err());
        for i in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[i] ^= 1;
            assert!(seal.open(tenant, "workspaces/slack/T1", &altered).is_err(), "byte {i}");
        }
    }
}
