//! The object store against a real S3 server, where one is named: `DEALDESK_TEST_OBJECT_STORE_URL` and `AWS_…`.

use domain::ids::TenantId;
use storage::objects::{Digest, Error, Objects};
use uuid::Uuid;

const ONE: TenantId = TenantId(Uuid::from_u128(1));
const OTHER: TenantId = TenantId(Uuid::from_u128(2));

#[tokio::test]
async fn s3_keeps_originals_like_a_folder() {
    let Ok(url) = std::env::var("DEALDESK_TEST_OBJECT_STORE_URL") else {
        println!("skipped: DEALDESK_TEST_OBJECT_STORE_URL names no S3 server");
        return;
    };
    // The client takes its TLS from the program.
    let _ = tests::product::client();
    let objects = Objects::at(&url, std::env::vars()).unwrap();
    let bytes: Vec<u8> = (0..6_000_000_u32).map(|at| (at % 251) as u8).collect();
    let digest = objects.put(ONE, &bytes).await.unwrap();
    assert_eq!(objects.put(ONE, &bytes).await.unwrap(), digest);
    assert_eq!(objects.get(ONE, digest).await.unwrap(), bytes);
    assert!(matches!(objects.get(OTHER, digest).await, Err(Error::Missing(_))));
    assert!(matches!(objects.get(ONE, Digest::of(b"never put")).await, Err(Error::Missing(_))));
    objects.remove(ONE, digest).await.unwrap();
    objects.remove(ONE, digest).await.unwrap();
    assert!(matches!(objects.get(ONE, digest).await, Err(Error::Missing(_))));
}
