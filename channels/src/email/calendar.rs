//! Invitations: the parts of an iCalendar file that matter to a deal or to somebody's absence.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// At most so many events are read from one file.
const EVENTS_MAX: usize = 500;
/// The longest kept value, in bytes.
const VALUE_MAX: usize = 4_000;

/// An iCalendar file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    /// What the sender wants: `REQUEST`, `REPLY`, `CANCEL`, …
    pub method: Option<String>,
    /// Its events, in order.
    pub events: Vec<Event>,
}

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Number by which updates name it.
    pub uid: Option<String>,
    /// What it is about.
    pub summary: Option<String>,
    /// Where it is.
    pub location: Option<String>,
    /// Start.
    pub start: Option<Moment>,
    /// End, exclusive.
    pub end: Option<Moment>,
    /// Who invites, a mail address.
    pub organizer: Option<String>,
    /// Who is invited, mail addresses.
    pub attendees: Vec<String>,
    /// `CONFIRMED`, `CANCELLED`, …
    pub status: Option<String>,
    /// Shows its owner as out of office.
    pub is_absence: bool,
}

/// A point in time as the file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// A whole day.
    Day(NaiveDate),
    /// An exact point.
    Exact(DateTime<Utc>),
    /// A time in a zone that is named, or nowhere in particular.
    Local(NaiveDateTime, Option<String>),
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Exact(time) => write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%SZ")),
            Self::Local(time, Some(zone)) => write!(f, "{} {zone}", time.format("%Y-%m-%dT%H:%M:%S")),
            Self::Local(time, None) => write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%S")),
        }
    }
}

/// Whether bytes begin like an iCalendar file.
#[must_use]
pub fn is_calendar(data: &[u8]) -> bool {
    let data = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data).trim_ascii_start();
    data.get(..15).is_some_and(|head| head.eq_ignore_ascii_case(b"BEGIN:VCALENDAR"))
}

/// Reads a file leniently; lines that make no sense are left out. None if it is no calendar.
#[must_use]
pub fn read(text: &str) -> Option<Calendar> {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']);
    if !text.get(..15).is_some_and(|head| head.eq_ignore_ascii_case("BEGIN:VCALENDAR")) {
        return None;
    }
    let mut calendar = Calendar::default();
    let mut event: Option<Event> = None;
    // Alarms in events have values of the same names.
    let mut inner: Option<String> = None;
    for line in unfolded(text) {
        let Some(property) = Property::of(&line) else { continue };
        match (property.name.as_str(), &mut inner, &mut event) {
            ("END", Some(name), _) if property.value.eq_ignore_ascii_case(name) => inner = None,
            (_, Some(_), _) => {}
            ("BEGIN", None, None) if property.value.eq_ignore_ascii_case("VEVENT") => {
                event = Some(Event::default());
            }
            ("BEGIN", None, Some(_)) => inner = Some(property.value.clone()),
            ("BEGIN", None, None) if !property.value.eq_ignore_ascii_case("VCALENDAR") => {
                inner = Some(property.value.clone());
            }
            ("END", None, Some(_)) => calendar.events.extend(event.take()),
            ("METHOD", None, None) => calendar.method = Some(property.value.to_ascii_uppercase()),
            (_, None, Some(event)) => event.take(&property),
            _ => {}
        }
        if calendar.events.len() >= EVENTS_MAX {
            break;
        }
    }
    calendar.events.extend(event);
    Some(calendar)
}

impl Event {
    fn take(&mut self, property: &Property) {
        let text = || Some(unescaped(&property.value)).filter(|text| !text.is_empty());
        match property.name.as_str() {
            "UID" => self.uid = text(),
            "SUMMARY" => self.summary = text(),
            "LOCATION" => self.location = text(),
            "STATUS" => self.status = text(),
            "DTSTART" => self.start = property.moment(),
            "DTEND" => self.end = property.moment(),
            "ORGANIZER" => self.organizer = property.address(),
            "ATTENDEE" => self.attendees.extend(property.address()),
            "X-MICROSOFT-CDO-BUSYSTATUS" => self.is_absence |= property.value.eq_ignore_ascii_case("OOF"),
            _ => {}
        }
    }
}

/// `NAME;PARAMETER=x:value`.
struct Property {
    name: String,
    zone: Option<String>,
    value: String,
}

impl Property {
    fn of(line: &str) -> Option<Self> {
        let mut in_quotes = false;
        let colon = line.char_indices().find_map(|(at, c)| {
            in_quotes ^= c == '"';
            (c == ':' && !in_quotes).then_some(at)
        })?;
        let (head, value) = (&line[..colon], &line[colon + 1..]);
        let mut parts = head.split(';');
        // A group may stand before the name: `A.SUMMARY`.
        let name = parts.next()?.rsplit('.').next()?.trim().to_ascii_uppercase();
        let zone = parts.find_map(|part| {
            let (name, zone) = part.split_once('=')?;
            name.eq_ignore_ascii_case("TZID").then(|| zone.trim_matches('"').to_owned())
        });
        Some(Self { name, zone, value: value.trim().to_owned() })
    }

    fn moment(&self) -> Option<Moment> {
        let value = self.value.as_str();
        if let Ok(day) = NaiveDate::parse_from_str(value, "%Y%m%d") {
            return Some(Moment::Day(day));
        }
        let time = NaiveDateTime::parse_from_str(value.trim_end_matches('Z'), "%Y%m%dT%H%M%S").ok()?;
        Some(match value.ends_with('Z') {
            true => Moment::Exact(time.and_utc()),
            false => Moment::Local(time, self.zone.clone()),
        })
    }

    fn address(&self) -> Option<String> {
        let value = self.value.as_str();
        let is_mail = value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
        let address = if is_mail { &value[7..] } else { value };
        address.contains('@').then(|| address.trim().to_lowercase())
    }
}

/// Lines with their continuations, which begin with a blank.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split(['\n', '\r']).filter(|line| !line.is_empty()) {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) if last.len() + rest.len() <= VALUE_MAX => last.push_str(rest),
            (Some(_), _) => {}
            (None, _) => lines.push(line.chars().take(VALUE_MAX).collect()),
        }
    }
    lines
}

fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(c) => out.push(c),
                None => {}
            },
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}
