//! The renewal calendar: when accepted contracts end or renew, and by when notice must be given.

use askama::Template;
use axum::response::Response;
use chrono::NaiveDate;
use domain::ids::{DealId, VersionId};
use storage::renewals::{self, Dated};

use crate::error::{Failure, page as show};
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

/// Notice that is due within so many days is marked.
const SOON_DAYS: i64 = 30;

#[derive(Template)]
#[template(path = "renewals.html")]
struct Page {
    shell: Shell,
    lines: Vec<Line>,
}

struct Line {
    version: VersionId,
    name: String,
    deal: Option<(DealId, String)>,
    ends_on: String,
    what: &'static str,
    renewed: u32,
    notice_by: Option<String>,
    /// A class and a word on how near it is.
    mark: Option<(&'static str, String)>,
}

/// Shows it, the next date first.
pub(crate) async fn page(signed_in: SignedIn) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Contracts).await?;
    let today = signed_in.now().date_naive();
    let mut dated = renewals::calendar(&mut tx, today).await?;
    // What is over stands behind what comes.
    dated.sort_by_key(|dated| (dated.renewal.ends_on < today, next(dated, today)));
    let lines = dated.into_iter().map(|dated| line(dated, today)).collect();
    Ok(show(&Page { shell: shell.titled("Renewals"), lines }))
}

/// The date that comes up next; the last one of what is over.
fn next(dated: &Dated, today: NaiveDate) -> NaiveDate {
    dated.renewal.notice_by.filter(|day| *day >= today).unwrap_or(dated.renewal.ends_on)
}

fn line(dated: Dated, today: NaiveDate) -> Line {
    let Dated { accepted, deal, renewal } = dated;
    let what = match (renewal.is_tacit, renewal.ends_on < today) {
        (true, _) => "renews by itself",
        (false, true) => "ended",
        (false, false) => "ends",
    };
    let left = renewal.notice_by.map(|day| (day - today).num_days());
    let mark = match left {
        Some(days) if days < 0 => Some(("red", "notice is too late for this term".to_owned())),
        Some(0) => Some(("red", "today is the last day".to_owned())),
        Some(1) => Some(("yellow", "1 day left".to_owned())),
        Some(days) if days <= SOON_DAYS => Some(("yellow", format!("{days} days left"))),
        _ => None,
    };
    let mark = mark.filter(|_| renewal.ends_on >= today);
    Line {
        version: accepted.version,
        name: accepted.name,
        deal,
        ends_on: renewal.ends_on.to_string(),
        what,
        renewed: renewal.renewed,
        notice_by: renewal.notice_by.map(|day| day.to_string()),
        mark,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Days, TimeZone, Utc};
    use domain::contract::renewal::Renewal;
    use domain::ids::{AnalysisId, DocumentId, Ids};
    use storage::acceptances::Accepted;

    use super::*;

    fn dated(ends_in: i64, notice_in: Option<i64>, is_tacit: bool) -> (Line, NaiveDate) {
        let ids = Ids::counted_from(1);
        let today: NaiveDate = "2026-11-23".parse().unwrap();
        let day = |n: i64| today + chrono::Duration::days(n);
        let accepted = Accepted {
            version: VersionId(ids.next()),
            document: DocumentId(ids.next()),
            name: "MSA".to_owned(),
            deal: None,
            analysis: AnalysisId(ids.next()),
            sha256: String::new(),
            by_name: "Lee".to_owned(),
            at: Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap(),
        };
        let renewal = Renewal { ends_on: day(ends_in), is_tacit, notice_by: notice_in.map(day), renewed: 0 };
        let dated = Dated { accepted, deal: None, renewal };
        let next = next(&dated, today);
        (line(dated, today), next)
    }

    #[test]
    fn what_is_near_is_marked_in_words() {
        let mark =
            |ends, notice| dated(ends, notice, true).0.mark.map(|(class, word)| format!("{class}: {word}"));
        assert_eq!(mark(90, Some(31)), None);
        assert_eq!(mark(90, Some(30)).as_deref(), Some("yellow: 30 days left"));
        assert_eq!(mark(90, Some(0)).as_deref(), Some("red: today is the last day"));
        assert_eq!(mark(90, Some(-1)).as_deref(), Some("red: notice is too late for this term"));
        assert_eq!(mark(-1, Some(-90)), None);
        assert_eq!(mark(90, None), None);
    }

    #[test]
    fn the_next_date_is_the_notice_while_it_can_be_given() {
        let today: NaiveDate = "2026-11-23".parse().unwrap();
        assert_eq!(dated(90, Some(10), true).1, today + Days::new(10));
        assert_eq!(dated(90, Some(-10), true).1, today + Days::new(90));
        assert_eq!(dated(-3, None, false).0.what, "ended");
        assert_eq!(dated(3, None, false).0.what, "ends");
    }
}
