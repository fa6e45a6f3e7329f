//! What our own console, interface and shell wrote into the inbox, as a message in.

use domain::ids::InboundId;
use domain::inbound::{Content, FileAt, Inbound, Place, SharedFile, WebBody};
use domain::person::Channel;

/// The routes under which the console and the shell, the programming interface, and the page behind a
/// signed link in a mail, store messages.
pub const ROUTES: [&str; 3] = ["web", "api", "mail_link"];

/// Why a stored message cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing of ours writes under this route.
    #[error("the web channel has no route {0:?}")]
    Route(String),
    /// The body is not what we write.
    #[error("the body is not a web message")]
    Body(#[from] serde_json::Error),
}

/// Reads a message; the workspace is the tenant's number, under which it was stored. The room is the
/// person, so that everybody has one conversation with us.
pub fn decode(route: &str, workspace: &str, body: &[u8], id: InboundId) -> Result<Inbound, Error> {
    if !ROUTES.contains(&route) {
        return Err(Error::Route(route.to_owned()));
    }
    let (person, content) = match serde_json::from_slice(body)? {
        WebBody::Message { person, text } => (person, Content::Message { text }),
        WebBody::Press { person, verb, value, chosen } => {
            (person, Content::Press { verb, value, chosen, message: None, trigger: None })
        }
        WebBody::File { person, text, name, sha256, bytes } => {
            let file = SharedFile { name, bytes: Some(bytes), at: FileAt::Stored { sha256 } };
            (person, Content::Files { text, files: vec![file] })
        }
        WebBody::Form { person, verb, value, fields } => (person, Content::Form { verb, value, fields }),
    };
    Ok(Inbound {
        id,
        channel: Channel::Web,
        workspace: workspace.to_owned(),
        sender: person.to_string(),
        sender_name: None,
        place: Place { room: person.to_string(), thread: None, is_private: true },
        content,
    })
}

#[cfg(test)]
mod tests {
    use domain::ids::Ids;

    use super::*;

    const PERSON: &str = "00000000-0000-0000-0000-000000000002";

    fn read(body: &str) -> Result<Inbound, Error> {
        decode("web", "tenant", body.as_bytes(), InboundId(Ids::counted_from(3).next()))
    }

    #[test]
    fn a_message_comes_from_the_persons_own_room() {
        let inbound =
            read(&format!(r#"{{"kind":"message","person":"{PERSON}","text":"/deal help"}}"#)).unwrap();
        assert_eq!((inbound.sender.as_str(), inbound.place.room.as_str()), (PERSON, PERSON));
        assert_eq!(inbound.workspace, "tenant");
        assert_eq!(inbound.content, Content::Message { text: "/deal help".into() });
    }

    #[test]
    fn a_press_and_a_form_keep_all_that_was_sent() {
        let press = format!(
            r#"{{"kind":"press","person":"{PERSON}","verb":"create_deals","value":"p","chosen":["a","b"]}}"#
        );
        let Content::Press { chosen, verb, .. } = read(&press).unwrap().content else { panic!("a press") };
        assert_eq!((chosen, verb.as_str()), (vec!["a".to_owned(), "b".to_owned()], "create_deals"));
        let form = format!(
            r#"{{"kind":"form","person":"{PERSON}","verb":"reject","value":"x","fields":[["comment","too early"]]}}"#
        );
        let fields = vec![("comment".to_owned(), "too early".to_owned())];
        let expected = Content::Form { verb: "reject".into(), value: "x".into(), fields };
        assert_eq!(read(&form).unwrap().content, expected);
    }

    #[test]
    fn what_we_did_not_write_is_refused() {
        assert!(matches!(read("{"), Err(Error::Body(_))));
        assert!(matches!(read(r#"{"kind":"message","text":"hi"}"#), Err(Error::Body(_))));
        let id = InboundId(Ids::counted_from(1).next());
        assert!(matches!(decode("events", "tenant", b"{}", id), Err(Error::Route(_))));
    }
}
