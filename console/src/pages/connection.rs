//! A CRM's connection: which fields and stages mean the same, changed in place, tried on kept records before it is saved.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use domain::crm::conflict::Policy;
use domain::crm::map::{FieldRule, Map, StageRule};
use domain::crm::preview::{reading, rewritten};
use domain::crm::{Object, PROVIDERS};
use domain::deal::Stage;
use storage::{Tx, connections, crm};

use crate::error::{Failure, page as show};
use crate::intake::{Fields, field};
use crate::pages::connections::label;
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

/// Kept records that a map is tried on.
const TRIED: i64 = 200;
/// Of those that change, how many are shown.
const SHOWN: usize = 25;
/// Empty lines for more stages.
const SPARE: usize = 2;
/// The most stages that a map may have.
const STAGES_MAX: usize = 100;
/// What is ours and may be mapped.
const FIELDS: [(Object, &str); 3] =
    [(Object::Company, "name"), (Object::Deal, "name"), (Object::Deal, "stage")];

#[derive(Template)]
#[template(path = "connection.html")]
struct Page {
    shell: Shell,
    provider: String,
    name: String,
    /// The map as it is kept, which the next change is held against.
    before: String,
    fields: Vec<FieldView>,
    stages: Vec<(String, Option<Stage>)>,
    shown: String,
    tried: Option<Tried>,
}

struct FieldView {
    object: &'static str,
    ours: &'static str,
    theirs: String,
    policy: Policy,
    parked: Option<String>,
}

/// What a dry run found.
struct Tried {
    records: usize,
    differing: usize,
    rows: Vec<TriedRow>,
    written: Vec<(&'static str, String, String)>,
}

struct TriedRow {
    remote: String,
    name: String,
    what: &'static str,
    before: String,
    after: String,
}

/// Shows the maps of a CRM.
pub(crate) async fn page(signed_in: SignedIn, Path(provider): Path<String>) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Connections).await?;
    let map = kept(&mut tx, &provider).await?;
    lay_out(shell, provider, (&map, &map), None)
}

/// Shows what a changed map would make of the records that are kept; nothing is saved.
pub(crate) async fn dry_run(
    signed_in: SignedIn,
    Path(provider): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Connections).await?;
    let before = kept(&mut tx, &provider).await?;
    let after = sent(&fields, &before)?;
    let records = crm::latest(&mut tx, (&provider, Object::Deal), TRIED).await?;
    let tried = try_on(&records, &before, &after);
    lay_out(shell, provider, (&before, &after), Some(tried))
}

/// Saves a changed map.
pub(crate) async fn save(
    signed_in: SignedIn,
    Path(provider): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Failure> {
    super::people::admin(&signed_in)?;
    let mut tx = signed_in.begin().await?;
    kept(&mut tx, &provider).await?;
    let looked_at: Map = field(&fields, "before")
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| Failure::Unusable("The form is incomplete. Load the page again.".into()))?;
    let after = sent(&fields, &looked_at)?;
    let key = (provider.as_str(), signed_in.person.id);
    match connections::set_map(&mut tx, key, (&looked_at, &after), signed_in.now()).await {
        Err(storage::Error::Conflict(_)) => {
            return Err(Failure::Unusable(
                "Somebody else changed this map meanwhile. Load the page again and repeat your change."
                    .into(),
            ));
        }
        saved => saved?,
    }
    tx.commit().await?;
    Ok(Redirect::to(&format!("/connections/{provider}")).into_response())
}

async fn kept(tx: &mut Tx, provider: &str) -> Result<Map, Failure> {
    let all = connections::list(tx).await?;
    let status = all
        .iter()
        .find(|status| status.provider == provider && PROVIDERS.contains(&provider))
        .ok_or(Failure::Missing("connection"))?;
    Ok(connections::map_of(provider, &status.settings)?)
}

fn lay_out(
    shell: Shell,
    provider: String,
    (before, map): (&Map, &Map),
    tried: Option<Tried>,
) -> Result<Response, Failure> {
    let name = label(&provider);
    let mut stages: Vec<_> = map.stages.iter().map(|rule| (rule.theirs.clone(), Some(rule.ours))).collect();
    stages.extend((0..SPARE).map(|_| (String::new(), None)));
    Ok(show(&Page {
        shell: shell.titled(name.clone()),
        before: serde_json::to_string(before)
            .map_err(|error| storage::Error::unreadable("field map", error))?,
        fields: FIELDS.into_iter().map(|(object, ours)| field_view(map, object, ours)).collect(),
        stages,
        shown: map.shown.join(", "),
        provider,
        name,
        tried,
    }))
}

fn field_view(map: &Map, object: Object, ours: &'static str) -> FieldView {
    let rules = if object == Object::Company { &map.company } else { &map.deal };
    let rule = rules.iter().find(|rule| rule.ours == ours);
    FieldView {
        object: object.name(),
        ours,
        theirs: rule.map(|rule| rule.theirs.clone()).unwrap_or_default(),
        policy: rule.map_or(Policy::LatestWins, |rule| rule.policy),
        parked: rule.and_then(|rule| rule.parked.clone()),
    }
}

/// The map of a form. What is parked stays so unless its field was changed or is to be tried again.
fn sent(fields: &Fields, before: &Map) -> Result<Map, Failure> {
    let mut map = Map { company: Vec::new(), deal: Vec::new(), stages: stages(fields)?, shown: Vec::new() };
    for (name, theirs) in fields {
        let (rules, known, ours) = match name.split_once('.') {
            Some(("company", ours)) if !ours.contains('.') => (&mut map.company, &before.company, ours),
            Some(("deal", ours)) if !ours.contains('.') => (&mut map.deal, &before.deal, ours),
            _ => continue,
        };
        let theirs = theirs.trim();
        if theirs.is_empty() {
            continue;
        }
        let policy = field(fields, &format!("{name}.policy"))
            .and_then(Policy::from_name)
            .ok_or_else(|| Failure::Unusable("Choose who wins from the list.".into()))?;
        let is_again = field(fields, &format!("{name}.again")).is_some();
        let parked = known.iter().find(|rule| rule.ours == ours && rule.theirs == theirs && !is_again);
        rules.push(FieldRule {
            ours: ours.to_owned(),
            theirs: theirs.to_owned(),
            policy,
            parked: parked.and_then(|rule| rule.parked.clone()),
        });
    }
    let shown = field(fields, "shown").unwrap_or_default();
    map.shown =
        shown.split(',').map(str::trim).filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect();
    map.check().map_err(|error| Failure::Unusable(error.to_string()))?;
    Ok(map)
}

fn stages(fields: &Fields) -> Result<Vec<StageRule>, Failure> {
    let all = |name: &'static str| {
        fields.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim().to_owned())
    };
    let mut rules = Vec::new();
    for (theirs, ours) in all("stage_theirs").zip(all("stage_ours")) {
        if theirs.is_empty() {
            continue;
        }
        if theirs.chars().count() > 200 || rules.len() == STAGES_MAX {
            return Err(Failure::Unusable(format!(
                "A stage's name has at most 200 characters, and there are at most {STAGES_MAX} stages."
            )));
        }
        let ours = Stage::from_name(&ours)
            .ok_or_else(|| Failure::Unusable(format!("Choose what {theirs:?} means here.")))?;
        rules.push(StageRule { theirs, ours });
    }
    Ok(rules)
}

fn try_on(records: &[crm::Known], before: &Map, after: &Map) -> Tried {
    let word = |word: Option<&str>| word.map_or("not written".to_owned(), ToOwned::to_owned);
    let mut rows = Vec::new();
    let mut differing = 0;
    for record in records {
        let is_before = rows.len();
        for what in ["name", "stage"] {
            let (was, will) = (reading(before, what, &record.base), reading(after, what, &record.base));
            if was != will {
                let name = reading(before, "name", &record.base).words();
                let remote = record.remote.clone();
                rows.push(TriedRow { remote, name, what, before: was.words(), after: will.words() });
            }
        }
        differing += usize::from(rows.len() > is_before);
    }
    rows.truncate(SHOWN);
    let written = rewritten(before, after)
        .into_iter()
        .map(|(stage, was, will)| (stage.label(), word(was), word(will)))
        .collect();
    Tried { records: records.len(), differing, rows, written }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(extra: &[(&str, &str)]) -> Fields {
        let base = [
            ("company.name", "name"),
            ("company.name.policy", "system_of_record_wins"),
            ("deal.stage", "dealstage"),
            ("deal.stage.policy", "human_wins"),
            ("stage_theirs", "lead"),
            ("stage_ours", "prospect"),
            ("stage_theirs", ""),
            ("stage_ours", ""),
        ];
        base.iter().chain(extra).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_form_is_a_map_and_what_is_unknown_is_refused_in_words() {
        let before = Map::of("hubspot");
        let map = sent(&form(&[("shown", "amount, closedate")]), &before).unwrap();
        assert_eq!(map.stages, [StageRule { theirs: "lead".to_owned(), ours: Stage::Prospect }]);
        assert_eq!(map.shown, ["amount", "closedate"]);
        assert_eq!(map.deal.len(), 1, "a field without a counterpart is left out");
        for (extra, words) in [
            (&[("deal.colour", "colour"), ("deal.colour.policy", "human_wins")][..], "no field colour"),
            (&[("deal.name", "na me"), ("deal.name.policy", "human_wins")], "cannot be the name"),
            (&[("deal.name", "x"), ("deal.name.policy", "whoever")], "who wins"),
            (&[("stage_theirs", "won"), ("stage_ours", "nowhere")], "means here"),
        ] {
            let refused = sent(&form(extra), &before).unwrap_err();
            assert!(matches!(&refused, Failure::Unusable(text) if text.contains(words)), "{refused:?}");
        }
    }

    #[test]
    fn a_parked_field_stays_parked_until_it_is_to_be_tried_again() {
        let mut before = Map::of("hubspot");
        before.park("dealstage", "No such property");
        assert!(sent(&form(&[]), &before).unwrap().deal[0].parked.is_some());
        assert_eq!(sent(&form(&[("deal.stage.again", "on")]), &before).unwrap().deal[0].parked, None);
    }
}
