//! Forms of the console: what is handed in, and that a form sent twice counts once.

use axum::body::Body;
use axum::http::{Request, header};
use domain::person::{Channel, Role};
use storage::credentials::{self, Kind};
use storage::inbox;

use super::{Answer, Place, in_ten_minutes};

/// A browser in which a person is signed in.
pub(super) struct Browser<'p> {
    pub(super) place: &'p Place,
    pub(super) cookie: String,
}

impl<'p> Browser<'p> {
    pub(super) async fn open(place: &'p Place, role: Role) -> Self {
        let (person, _) = place.person("Anna", role).await;
        let secret = ::console::new_secret(&place.ids);
        let mut tx = place.db.tenant(place.tenant).begin().await.unwrap();
        let until = Some(in_ten_minutes(&place.clock));
        credentials::issue(&mut tx, person.id, Kind::Session, &secret, until).await.unwrap();
        tx.commit().await.unwrap();
        Self { place, cookie: format!("{}={secret}", ::console::SESSION_COOKIE) }
    }

    pub(super) async fn sees(&self, path: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, &self.cookie).body(Body::empty()).unwrap();
        let answer = self.place.send(request).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer
    }

    /// Sends a form; where it leads.
    pub(super) async fn sends(&self, path: &str, form: &str) -> String {
        let request = Request::post(path)
            .header(header::COOKIE, &self.cookie)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        let answer = self.place.send(request).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text);
        answer.headers[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// The number of the page, as its forms carry it.
    async fn page_number(&self, path: &str) -> String {
        let html = self.sees(path).await.text;
        let (_, rest) = html.split_once("name=\"once\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// How many messages wait in the inbox.
    async fn stored(&self) -> usize {
        let mut tx = self.place.db.tenant(self.place.tenant).begin().await.unwrap();
        let team = self.place.tenant.to_string();
        inbox::unread(&mut tx, Channel::Web, &team).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_form_sent_twice_counts_once() {
    let place = Place::open().await;
    let anna = Browser::open(&place, Role::Member).await;
    let form = format!("text=my+deals&once={}", anna.page_number("/").await);
    anna.sends("/chat/say", &form).await;
    anna.sends("/chat/say", &form).await;
    assert_eq!(anna.stored().await, 1);
    // The same words on a page shown anew are said again, and other words are never a double.
    let again = format!("text=my+deals&once={}", anna.page_number("/").await);
    anna.sends("/chat/say", &again).await;
    anna.sends("/chat/say", &again.replace("my+deals", "help")).await;
    assert_eq!(anna.stored().await, 3);
    // A form without a number is taken as it comes.
    anna.sends("/chat/say", "text=help").await;
    anna.sends("/chat/say", "text=help").await;
    assert_eq!(anna.stored().await, 5);
}

#[tokio::test]
async fn two_people_on_pages_of_one_number_are_two() {
    let place = Place::open().await;
    let (anna, ben) = (Browser::open(&place, Role::Member).await, Browser::open(&place, Role::Member).await);
    anna.sends("/chat/say", "text=help&once=7").await;
    ben.sends("/chat/say", "text=help&once=7").await;
    assert_eq!(anna.stored().await, 2);
}

#[tokio::test]
async fn a_decision_sent_twice_leads_to_the_one_that_is_stored() {
    let place = Place::open().await;
    let ada = Browser::open(&place, Role::Approver).await;
    let form = format!("approval={}&verdict=approve&once=4", place.ids.next());
    let first = ada.sends("/approvals/decide", &form).await;
    let second = ada.sends("/approvals/decide", &form).await;
    assert_eq!((ada.stored().await, &second), (1, &first));
    // The page it leads to waits for a message that is there.
    assert!(ada.sees(&second).await.text.contains("being carried out"));
}
