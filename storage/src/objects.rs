//! Originals: files kept by their content's hash, in a folder or in S3.

use std::fmt;
use std::path::Path as Folder;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::TenantId;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a file: its name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// What can go wrong between us and the object store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The setting names no store that we know.
    #[error("OBJECT_STORE_URL is {0}; expected s3://BUCKET, s3://BUCKET/FOLDER or file:///FOLDER")]
    Url(String),
    /// There is no such file for this tenant.
    #[error("no such file: {0}")]
    Missing(Digest),
    /// What is kept is not what was put there.
    #[error("the kept file {0} was changed or damaged")]
    Damaged(Digest),
    /// The store cannot be reached or refuses; the same call may work later.
    #[error("the object store does not answer as it should")]
    Store(#[source] object_store::Error),
    /// The folder cannot be used.
    #[error("the folder for files cannot be used")]
    Folder(#[source] std::io::Error),
}

/// Where originals are kept. Cheap to copy.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    place: String,
}

impl Objects {
    /// In a folder, which is made when missing and closed to other accounts.
    ///
    /// # Errors
    /// [`Error::Folder`] when it cannot be made.
    pub fn in_folder(folder: &Folder) -> Result<Self, Error> {
        use std::os::unix::fs::PermissionsExt;
        std::fs::create_dir_all(folder).map_err(Error::Folder)?;
        let closed = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder, closed).map_err(Error::Folder)?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(Error::Store)?.with_fsync(true);
        Ok(Self { store: Arc::new(store), place: folder.display().to_string() })
    }

    /// At a URL: `s3://BUCKET[/FOLDER]` or `file:///FOLDER`. `environment` gives the standard `AWS_…` variables (keys,
    /// region, `AWS_ENDPOINT_URL` for a store of one's own; plain HTTP only when that URL says so).
    ///
    /// # Errors
    /// [`Error::Url`] when the URL names no store, [`Error::Store`] when the settings do not fit together.
    pub fn at(url: &str, environment: impl Iterator<Item = (String, String)>) -> Result<Self, Error> {
        if let Some(folder) = url.strip_prefix("file://").filter(|folder| folder.starts_with('/')) {
            return Self::in_folder(Folder::new(folder));
        }
        let rest = url.strip_prefix("s3://").ok_or_else(|| Error::Url(url.to_owned()))?;
        let (bucket, folder) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(Error::Url(url.to_owned()));
        }
        let mut client = ClientOptions::new()
            .with_timeout(Duration::from_secs(60))
            .with_connect_timeout(Duration::from_secs(5));
        let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
        for (name, value) in environment.filter(|(name, value)| name.starts_with("AWS_") && !value.is_empty())
        {
            let Ok(key) = AmazonS3ConfigKey::from_str(&name.to_ascii_lowercase()) else { continue };
            if key == AmazonS3ConfigKey::Endpoint && value.starts_with("http://") {
                client = client.with_allow_http(true);
            }
            builder = builder.with_config(key, value);
        }
        let retry =
            RetryConfig { max_retries: 3, retry_timeout: Duration::from_secs(30), ..RetryConfig::default() };
        let store = builder.with_client_options(client).with_retry(retry).build().map_err(Error::Store)?;
        let store: Arc<dyn ObjectStore> = match folder.trim_matches('/') {
            "" => Arc::new(store),
            folder => Arc::new(PrefixStore::new(store, folder)),
        };
        Ok(Self { store, place: url.to_owned() })
    }

    /// Where it is, for people.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Keeps a file. Whole or not at all; keeping the same bytes again changes nothing, and mends a damaged copy.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing is kept then.
    pub async fn put(&self, tenant: TenantId, bytes: &[u8]) -> Result<Digest, Error> {
        let digest = Digest::of(bytes);
        let payload = bytes.to_vec().into();
        self.store.put(&path(tenant, digest), payload).await.map_err(Error::Store)?;
        Ok(digest)
    }

    /// A kept file, its hash checked.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`] when it is not what was put, [`Error::Store`].
    pub async fn get(&self, tenant: TenantId, digest: Digest) -> Result<Vec<u8>, Error> {
        let failed = |error| match error {
            object_store::Error::NotFound { .. } => Error::Missing(digest),
            error => Error::Store(error),
        };
        let found = self.store.get(&path(tenant, digest)).await.map_err(failed)?;
        let bytes = found.bytes().await.map_err(failed)?;
        if Digest::of(&bytes) == digest { Ok(bytes.into()) } else { Err(Error::Damaged(digest)) }
    }

    /// Forgets a file whose time is over; one that is not there is forgotten already.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn remove(&self, tenant: TenantId, digest: Digest) -> Result<(), Error> {
        match self.store.delete(&path(tenant, digest)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::Store(error)),
        }
    }
}

/// Where a tenant's file is: each tenant has a folder of its own, so that equal files of two are two.
fn path(tenant: TenantId, digest: Digest) -> Path {
    let name = digest.to_string();
    Path::from_iter(["tenants", &tenant.to_string(), "originals", &name[..2], &name])
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::TenantId;

    const ONE: TenantId = TenantId(uuid::Uuid::from_u128(1));
    const OTHER: TenantId = TenantId(uuid::Uuid::from_u128(2));

    /// A folder that goes away at the end.
    struct Home(std::path::PathBuf);

    impl Home {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("dealdesk-objects-{name}-{}", std::process::id())))
        }

        fn files(&self) -> Vec<std::path::PathBuf> {
            let mut found = Vec::new();
            let mut folders = vec![self.0.clone()];
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(folder).unwrap().flatten() {
                    if entry.path().is_dir() { folders.push(entry.path()) } else { found.push(entry.path()) }
                }
            }
            found
        }
    }

    impl Drop for Home {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).ok();
        }
    }

    #[tokio::test]
    async fn what_was_put_comes_back_and_twice_is_once() {
        let home = Home::new("twice");
        let objects = Objects::in_folder(&home.0).unwrap();
        let digest = objects.put(ONE, b"a contract").await.unwrap();
        assert_eq!(objects.put(ONE, b"a contract").await.unwrap(), digest);
        assert_eq!(objects.get(ONE, digest).await.unwrap(), b"a contract");
        assert_eq!(home.files().len(), 1);
        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
    }

    #[tokio::test]
    async fn one_tenant_does_not_see_anothers_file_by_its_hash() {
        let home = Home::new("tenants");
        let objects = Objects::in_folder(&home.0).unwrap();
        let digest = objects.put(ONE, b"secret").await.unwrap();
        assert!(
            matches!(objects.get(OTHER, digest).await, Err(Error::Missing(missing)) if missing == digest)
        );
        objects.remove(OTHER, digest).await.unwrap();
        assert_eq!(objects.get(ONE, digest).await.unwrap(), b"secret");
        objects.remove(ONE, digest).await.unwrap();
        assert!(matches!(objects.get(ONE, digest).await, Err(Error::Missing(_))));
    }

    #[tokio::test]
    async fn a_changed_file_is_refused_and_mended_by_putting_it_again() {
        let home = Home::new("damaged");
        let objects = Objects::in_folder(&home.0).unwrap();
        let digest = objects.put(ONE, b"net 30").await.unwrap();
        std::fs::write(&home.files()[0], b"net 90").unwrap();
        assert!(matches!(objects.get(ONE, digest).await, Err(Error::Damaged(_))));
        objects.put(ONE, b"net 30").await.unwrap();
        assert_eq!(objects.get(ONE, digest).await.unwrap(), b"net 30");
    }

    #[tokio::test]
    async fn many_at_once_leave_one_whole_file() {
        let home = Home::new("race");
        let objects = Objects::in_folder(&home.0).unwrap();
        let bytes = vec![7_u8; 300_000];
        let put = || objects.put(ONE, &bytes);
        let (one, two, three, four) = tokio::join!(put(), put(), put(), put());
        for kept in [one, two, three, four] {
            assert_eq!(kept.unwrap(), Digest::of(&bytes));
        }
        assert_eq!(home.files().len(), 1);
        assert_eq!(objects.get(ONE, Digest::of(&bytes)).await.unwrap(), bytes);
    }

    #[test]
    fn a_url_that_names_no_store_is_refused_with_the_way_out() {
        for url in ["", "s3://", "gs://bucket", "file://relative", "/folder"] {
            let error = Objects::at(url, std::iter::empty()).unwrap_err();
            assert!(matches!(error, Error::Url(_)), "{url}: {error}");
            assert!(error.to_string().contains("s3://BUCKET"));
        }
    }
}
