//! Tells admins, once for each limit, that most of it is spent.

use domain::card::{Audience, Card, Say, Text, Urgency};
use domain::person::Role;
use storage::llm_spending::{Alert, Scope};
use storage::{Db, people};

use domain::ids::TenantId;

/// A message to each admin for each limit of which four fifths are spent. Best effort: the log and the audit tell it too.
pub(super) async fn of(db: &Db, tenant: TenantId, alerts: &[Alert]) -> Vec<Say> {
    if alerts.is_empty() {
        return Vec::new();
    }
    let people = async {
        let mut tx = db.tenant(tenant).begin().await?;
        people::list(&mut tx).await
    };
    let people = people.await.unwrap_or_else(|error| {
        tracing::warn!(error = %error, "no admin hears of a limit");
        Vec::new()
    });
    let mut says = Vec::new();
    for alert in alerts {
        let whose = match alert.scope {
            Scope::Tenant => "your team's limit for language models this month".to_owned(),
            Scope::Person | Scope::Plan => {
                let name =
                    people.iter().find(|person| person.id.0 == alert.subject).map(|person| &person.name);
                format!("{}'s limit for language models today", name.map_or("somebody", String::as_str))
            }
        };
        for admin in people.iter().filter(|person| person.role == Role::Admin) {
            says.push(Say {
                slot: format!("llm-{}-{}", alert.scope.name(), admin.id),
                to: Audience::Person { person: admin.id },
                card: card(&whose, alert),
                urgency: Urgency::Reply,
            });
        }
    }
    says
}

fn card(whose: &str, alert: &Alert) -> Card {
    let said = format!("{} of {} are spent of {whose}.", usd(alert.spent_micro), usd(alert.cap_micro));
    let then = "When it is reached, answers come from the rules alone. Limits: `dealdesk llm limits`.";
    Card::text(Text::default().strong(said)).and_text(Text::with_code(then))
}

/// Micro-dollars in words, e.g. `$0.0312`.
pub fn usd(micro: i64) -> String {
    let (whole, rest) = (micro / 1_000_000, (micro % 1_000_000).abs());
    if rest % 10_000 == 0 {
        format!("${whole}.{:02}", rest / 10_000)
    } else {
        format!("${whole}.{:04}", rest / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_told_in_dollars() {
        assert_eq!([usd(0), usd(20_000_000), usd(31_250)], ["$0.00", "$20.00", "$0.0312"]);
    }
}
