//! What surrounds every page: navigation, the signed-in person, what waits for her.

use domain::person::{Person, Role};
use storage::{Tx, approvals};
use uuid::Uuid;

use crate::Console;
use crate::asset;
use crate::error::Failure;

/// Addresses of the embedded files, for templates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assets;

impl Assets {
    pub(crate) fn style(&self) -> &'static str {
        &asset::STYLE.path
    }

    pub(crate) fn script(&self) -> &'static str {
        &asset::SCRIPT.path
    }

    pub(crate) fn htmx(&self) -> &'static str {
        &asset::HTMX.path
    }

    pub(crate) fn icon(&self) -> &'static str {
        &asset::ICON.path
    }
}

/// A page that the navigation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Chat,
    Approvals,
    Deals,
    Contracts,
    Reviews,
    Partners,
    Plans,
    Models,
    People,
    Audit,
    Connections,
    Security,
    Inbox,
}

impl Place {
    const ALL: [Self; 13] = [
        Self::Chat,
        Self::Approvals,
        Self::Deals,
        Self::Contracts,
        Self::Reviews,
        Self::Partners,
        Self::Plans,
        Self::Models,
        Self::People,
        Self::Audit,
        Self::Connections,
        Self::Security,
        Self::Inbox,
    ];

    /// The least role that may see it.
    pub(crate) fn least_role(self) -> Role {
        match self {
            Self::Audit => Role::Approver,
            Self::Inbox | Self::Connections | Self::Security => Role::Admin,
            _ => Role::Viewer,
        }
    }

    pub(crate) fn path(&self) -> &'static str {
        match self {
            Self::Chat => "/",
            Self::Approvals => "/approvals",
            Self::Deals => "/deals",
            Self::Contracts => "/contracts",
            Self::Reviews => "/reviews",
            Self::Partners => "/partners",
            Self::Plans => "/plans",
            Self::Models => "/models",
            Self::People => "/people",
            Self::Audit => "/audit",
            Self::Connections => "/connections",
            Self::Security => "/security",
            Self::Inbox => "/inbox",
        }
    }

    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Chat => "Chat",
            Self::Approvals => "Approvals",
            Self::Deals => "Deals",
            Self::Contracts => "Contracts",
            Self::Reviews => "Reviews",
            Self::Partners => "Partners",
            Self::Plans => "Plans",
            Self::Models => "Models",
            Self::People => "People",
            Self::Audit => "Audit",
            Self::Connections => "Connections",
            Self::Security => "Security",
            Self::Inbox => "Odd messages",
        }
    }

    /// Whether it shows how much waits there.
    pub(crate) fn has_badge(&self) -> bool {
        matches!(self, Self::Approvals)
    }

    /// The strokes of its sign, on a field of 24 by 24.
    pub(crate) fn strokes(&self) -> &'static str {
        match self {
            Self::Chat => "M4 5h16v11H9l-5 4z",
            Self::Approvals => "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4",
            Self::Deals => "M4 5h4v14H4zM10 5h4v9h-4zM16 5h4v6h-4z",
            Self::Contracts => "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 15h6M9 18h3",
            Self::Reviews => "M11 4a7 7 0 100 14 7 7 0 000-14zM16 16l5 5M8 11h6",
            Self::Partners => "M4 20V8l6-4v16M10 20V10h10v10M13 13h1M16 13h1M13 16h1M16 16h1M3 20h18",
            Self::Models => "M4 19h16M6 16v-5M11 16V6M16 16v-8M4 4v15",
            Self::Plans => "M6 6h.01M6 12h.01M6 18h.01M10 6h10M10 12h10M10 18h10",
            Self::People => {
                "M9 11a3 3 0 100-6 3 3 0 000 6zM3 20c0-4 3-6 6-6s6 2 6 6M16 11a3 3 0 000-6M18 14c2 1 3 3 3 6"
            }
            Self::Audit => "M6 3h9l4 4v14H6zM14 3v5h5M9 13h7M9 17h5",
            Self::Connections => "M9 3v5M15 3v5M6 8h12v3a6 6 0 01-12 0zM12 17v4",
            Self::Security => "M7 11V8a5 5 0 0110 0v3M5 11h14v9H5zM12 15v2",
            Self::Inbox => "M12 4l9 16H3zM12 10v4M12 17h.01",
        }
    }
}

/// The frame of a page.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    pub(crate) assets: Assets,
    pub(crate) title: String,
    pub(crate) here: Place,
    pub(crate) person: Person,
    /// Open requests that this person may decide on.
    pub(crate) waiting: i64,
    /// The number of this page as shown: the same form of it, sent twice, counts once.
    pub(crate) once: Uuid,
}

impl Shell {
    /// The frame for a page, if the person may see it.
    pub(crate) async fn new(
        tx: &mut Tx,
        console: &Console,
        person: &Person,
        here: Place,
    ) -> Result<Self, Failure> {
        if person.role < here.least_role() {
            return Err(Failure::NotAllowed(match here.least_role() {
                Role::Admin => "admins",
                _ => "approvers and admins",
            }));
        }
        let waiting = waiting(tx, console, person).await?;
        Ok(Self {
            assets: Assets,
            title: here.label().to_owned(),
            here,
            person: person.clone(),
            waiting,
            once: console.ids.next(),
        })
    }

    /// The same with another title.
    pub(crate) fn titled(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// Whether this is the page that is shown.
    pub(crate) fn is_here(&self, place: &Place) -> bool {
        self.here == *place
    }

    /// The four that fit at the bottom of a telephone.
    pub(crate) fn first_places(&self) -> Vec<Place> {
        Place::ALL[..4].to_vec()
    }

    /// The others.
    pub(crate) fn more_places(&self) -> Vec<Place> {
        Place::ALL[4..].iter().copied().filter(|place| self.person.role >= place.least_role()).collect()
    }
}

/// Open requests that the person may decide on.
pub(crate) async fn waiting(tx: &mut Tx, console: &Console, person: &Person) -> Result<i64, Failure> {
    if person.role < Role::Approver {
        return Ok(0);
    }
    Ok(approvals::count_open(tx, person.id, console.clock.now()).await?)
}
