//! Contracts over the programming interface.

use axum::body::Body;
use axum::http::{Request, header};
use domain::person::Role;
use storage::objects::Digest;

use super::{Answer, Place, api};

/// Sends a body of some kind.
async fn posts(place: &Place, token: &str, (path, kind): (&str, &str), body: Vec<u8>) -> Answer {
    let request = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body))
        .unwrap();
    place.send(request).await
}

const RAW: (&str, &str) = ("/v1/analyze-contract?name=..%2FMSA.docx", "application/octet-stream");

#[tokio::test]
async fn a_link_is_stored_when_it_may_be_fetched_and_its_deal_is_there() {
    let place = Place::open().await;
    let (_, token) = place.person("Anna", Role::Member).await;
    let body = r#"{"pdf_url":"https://example.com/msa.pdf"}"#;
    let answer = place.send(api::request("POST", "/v1/analyze-contract", &token, body)).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert!(api::is_stored(&place, answer.json()["plan"].as_str().unwrap()).await);
    for (body, word) in [
        (r#"{"pdf_url":"http://example.com/msa.pdf"}"#, "https"),
        (r#"{"pdf_url":"https://example.com/msa.pdf for Other"}"#, "https"),
        (r#"{"pdf_url":" "}"#, "empty"),
        (r#"{"pdf_url":"https://example.com/msa.pdf","deal":"Nobody"}"#, "no deal"),
    ] {
        let answer = place.send(api::request("POST", "/v1/analyze-contract", &token, body)).await;
        assert!(answer.problem(422).contains(word), "{body}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_file_is_kept_before_the_call_is_answered() {
    let place = Place::open().await;
    let (_, token) = place.person("Anna", Role::Member).await;
    let file = b"This Agreement lasts two years.".to_vec();
    let answer = posts(&place, &token, RAW, file.clone()).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(place.objects.get(place.tenant, Digest::of(&file)).await.unwrap(), file);
    assert!(api::is_stored(&place, answer.json()["plan"].as_str().unwrap()).await);

    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nTwo years.\r\n--x--\r\n";
    let kind = ("/v1/analyze-contract", "multipart/form-data; boundary=x");
    let answer = posts(&place, &token, kind, form.into()).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(place.objects.get(place.tenant, Digest::of(b"Two years.")).await.unwrap(), b"Two years.");
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_and_nothing_is_stored() {
    let place = Place::open().await;
    let (_, token) = place.person("Anna", Role::Member).await;
    let (_, viewer) = place.person("Vera", Role::Viewer).await;
    let large = vec![b' '; 25 * 1024 * 1024 + 1];
    assert!(posts(&place, &token, RAW, large.clone()).await.problem(413).contains("25 MB"));
    // Beyond what the route reads at all.
    let much_larger = vec![b' '; 27 * 1024 * 1024];
    assert!(posts(&place, &token, RAW, much_larger).await.problem(413).contains("25 MB"));
    assert!(posts(&place, &token, RAW, Vec::new()).await.problem(422).contains("empty"));
    posts(&place, &viewer, RAW, b"x".to_vec()).await.problem(403);
    posts(&place, "dd_nobody", RAW, b"x".to_vec()).await.problem(401);
    let form = ("/v1/analyze-contract", "multipart/form-data; boundary=x");
    let other = "--x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\ny\r\n--x--\r\n";
    assert!(posts(&place, &token, form, other.into()).await.problem(422).contains("`other`"));
    assert!(place.objects.get(place.tenant, Digest::of(b"x")).await.is_err());
    assert!(place.objects.get(place.tenant, Digest::of(&large)).await.is_err());
}
