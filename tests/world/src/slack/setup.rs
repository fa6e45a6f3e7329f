//! Who and what is in the fake workspace at the start.

use domain::clock::Clock;

/// The workspace at the start; change what a test is about.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Team id.
    pub team: String,
    /// Team name.
    pub team_name: String,
    /// Organisation id, when the app is installed organisation-wide.
    pub organisation: Option<String>,
    /// The app's own user id.
    pub bot: String,
    /// The token that calls must carry.
    pub bot_token: String,
    /// The app's own token, with which connections of Socket Mode are opened.
    pub app_token: String,
    /// What deliveries are signed with.
    pub signing_secret: String,
    /// The app, for installations.
    pub client_id: String,
    /// The app's secret, for installations.
    pub client_secret: String,
    /// The code that `oauth.v2.access` takes, once.
    pub oauth_code: String,
    /// What renews the token, once, when tokens expire.
    pub refresh_token: Option<String>,
    /// Whether the app may write in public channels that it is not in (the scope `chat:write.public`).
    pub writes_in_public: bool,
    /// Whether the app is sent every message of its channels, not only mentions.
    pub hears_channels: bool,
    /// People.
    pub users: Vec<User>,
    /// Channels; direct messages are made when needed.
    pub rooms: Vec<Room>,
    /// Where the time comes from.
    pub clock: Clock,
}

/// A person.
#[derive(Debug, Clone)]
pub struct User {
    /// Slack's id.
    pub id: String,
    /// Short name, by which tests call them.
    pub handle: String,
    /// Shown name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Administers the workspace.
    pub is_admin: bool,
    /// A guest.
    pub is_guest: bool,
    /// A deactivated account.
    pub is_deleted: bool,
    /// Home team, when it is another one.
    pub other_team: Option<String>,
}

/// A channel.
#[derive(Debug, Clone)]
pub struct Room {
    /// Slack's id.
    pub id: String,
    /// Name without `#`.
    pub name: String,
    /// By invitation only.
    pub is_private: bool,
    /// The app was invited.
    pub has_bot: bool,
    /// People of another organisation are in it.
    pub is_shared: bool,
    /// Closed.
    pub is_archived: bool,
    /// Its settings let only some people post.
    pub is_announcements: bool,
    /// Whose direct messages these are; channels have none.
    pub direct_with: Option<String>,
}

impl User {
    /// A member whose id, name and address follow from a handle.
    pub fn named(handle: &str) -> Self {
        let mut name = handle.to_owned();
        if let Some(first) = name.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        Self {
            id: format!("U0{}", handle.to_uppercase()),
            handle: handle.to_owned(),
            name,
            email: format!("{handle}@acme.example"),
            is_admin: false,
            is_guest: false,
            is_deleted: false,
            other_team: None,
        }
    }
}

impl Room {
    /// A public channel with the app in it.
    pub fn named(name: &str) -> Self {
        Self {
            id: format!("C0{}", name.to_uppercase().replace('-', "")),
            name: name.to_owned(),
            is_private: false,
            has_bot: true,
            is_shared: false,
            is_archived: false,
            is_announcements: false,
            direct_with: None,
        }
    }
}

impl Setup {
    /// Acme's workspace: dana (BD), lee (admin, approves), noor (approves), gus (a guest); `#partnerships`, the
    /// private `#legal`, and `#random` without the app.
    pub fn acme(clock: Clock) -> Self {
        Self {
            team: "T0ACME".to_owned(),
            team_name: "Acme BD".to_owned(),
            organisation: None,
            bot: "U0DESK".to_owned(),
            bot_token: "xoxb-world-acme".to_owned(),
            app_token: "xapp-world-acme".to_owned(),
            signing_secret: "world-signing-secret".to_owned(),
            client_id: "1111.2222".to_owned(),
            client_secret: "world-client-secret".to_owned(),
            oauth_code: "world-oauth-code".to_owned(),
            refresh_token: None,
            writes_in_public: false,
            hears_channels: false,
            users: vec![
                User::named("dana"),
                User { is_admin: true, ..User::named("lee") },
                User::named("noor"),
                User { is_guest: true, ..User::named("gus") },
            ],
            rooms: vec![
                Room::named("partnerships"),
                Room { is_private: true, ..Room::named("legal") },
                Room { has_bot: false, ..Room::named("random") },
            ],
            clock,
        }
    }
}
