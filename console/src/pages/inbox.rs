//! Odd messages: genuine, but not to be understood or not to be dealt with.

use askama::Template;
use axum::response::Response;
use storage::inbox::{self, Odd};

use crate::error::{Failure, page as show};
use crate::moment::Moment;
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

/// How many are listed.
const LISTED_MAX: i64 = 100;

#[derive(Template)]
#[template(path = "inbox.html")]
struct Page {
    shell: Shell,
    odd: Vec<(Odd, Moment)>,
}

/// Lists them, newest first.
pub(crate) async fn page(signed_in: SignedIn) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Inbox).await?;
    let now = signed_in.now();
    let odd = inbox::odd(&mut tx, LISTED_MAX).await?;
    let odd =
        odd.into_iter().map(|odd| (Moment::new(odd.received_at, now), odd)).map(|(m, o)| (o, m)).collect();
    Ok(show(&Page { shell, odd }))
}
