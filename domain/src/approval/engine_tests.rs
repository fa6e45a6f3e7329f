//! The policy and the engine: which people a request needs, and that nothing gets around them.

use chrono::{DateTime, Duration, TimeZone, Utc};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::contract::Verdict as Stands;
use crate::ids::TenantId;

const POLICY: &str = r#"
currency = "EUR"
fresh_login_above = 1000000
[groups]
legal = ["lena@acme.example", "Leo", "lars@acme.example"]
finance = ["fay@acme.example"]
[[rules]]
name = "large"
when.amount_above = 100000
stages = [{ name = "Review", need = [{ group = "finance" }] }]
[[rules]]
name = "binding"
when.terms = ["exclusivity", "revenue_profit_sharing"]
stages = [{ name = "Review", need = [{ group = "legal" }] }]
[[rules]]
name = "risky"
when.verdicts = ["red", "escalate"]
stages = [{ name = "Review", need = [{ group = "legal", count = 2 }] }, { name = "Board", need = [{ role = "admin" }] }]
[[rules]]
name = "very large deals"
when.subjects = ["accept_contract"]
when.amount_above = 1000000
stages = [{ name = "Board", need = [{ role = "admin" }] }]
"#;

pub(super) fn policy() -> Policy {
    toml::from_str(POLICY).unwrap()
}

pub(super) fn id(key: u128) -> PersonId {
    PersonId(Uuid::from_u128(key))
}

fn person(key: u128, name: &str, role: Role) -> Person {
    let email = Some(format!("{}@acme.example", name.to_lowercase()));
    Person { id: id(key), tenant: TenantId(Uuid::from_u128(1)), name: name.to_owned(), email, role }
}

pub(super) fn team() -> Vec<Person> {
    vec![
        person(1, "Dana", Role::Approver),
        person(2, "Lena", Role::Approver),
        person(3, "Leo", Role::Approver),
        person(4, "Lars", Role::Approver),
        person(5, "Fay", Role::Approver),
        person(6, "Adam", Role::Admin),
    ]
}

pub(super) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap()
}

pub(super) fn request(requirement: Requirement, delegations: Vec<Delegation>) -> Approval {
    let payload = json!({});
    Approval {
        id: ApprovalId(Uuid::from_u128(7)),
        plan: PlanId(Uuid::from_u128(8)),
        step: StepId(Uuid::from_u128(9)),
        subject: "accept_contract".to_owned(),
        payload_hash: payload_hash(&payload),
        payload,
        requested_by: id(1),
        requested_by_name: "Dana".to_owned(),
        requested_at: noon(),
        expires_at: noon() + Duration::days(1),
        state: State::Open,
        decision: None,
        voided: None,
        requirement,
        votes: Vec::new(),
        delegations,
    }
}

/// What a case needs in one line, e.g. `Review: 1 finance + 2 legal; Board: 1 admin`.
fn needs(facts: &Facts) -> String {
    let needs = policy().requirement(1, facts, &team());
    let stage = |stage: &AskedStage| {
        let mut seats: Vec<String> =
            stage.seats.iter().map(|s| format!("{} {}", s.needed, s.label)).collect();
        seats.sort_by_key(|seat| seat[2..].to_owned());
        format!("{}: {}", stage.name, seats.join(" + "))
    };
    needs.stages.iter().map(stage).collect::<Vec<_>>().join("; ")
}

#[test]
fn every_combination_of_facts_asks_the_people_that_its_rules_name() {
    let mut cases = 0;
    for subject in ["create_deals", "accept_contract"] {
        for (amount, is_large, is_huge) in [
            (None, false, false),
            (Some(0), false, false),
            (Some(100_000), false, false),
            (Some(100_001), true, false),
            (Some(1_000_000), true, false),
            (Some(1_000_001), true, true),
        ] {
            for currency in [None, Some("EUR"), Some("USD")] {
                for (terms, is_binding) in [
                    (vec![], false),
                    (vec!["governing_law"], false),
                    (vec!["exclusivity"], true),
                    (vec!["governing_law", "revenue_profit_sharing"], true),
                ] {
                    for (verdicts, is_risky) in [
                        (vec![], false),
                        (vec![Stands::Green, Stands::Yellow], false),
                        (vec![Stands::Green, Stands::Red], true),
                        (vec![Stands::Escalate], true),
                    ] {
                        let facts = Facts {
                            subject: subject.to_owned(),
                            amount,
                            currency: currency.map(str::to_owned),
                            terms: terms.iter().map(|term| (*term).to_owned()).collect(),
                            verdicts,
                        };
                        // Another currency cannot be compared, so whatever the amount is counts as more.
                        let is_foreign = amount.is_some() && currency == Some("USD");
                        let mut review = Vec::new();
                        if is_large || is_foreign {
                            review.push("1 finance");
                        }
                        match (is_risky, is_binding) {
                            (true, _) => review.push("2 legal"),
                            (false, true) => review.push("1 legal"),
                            (false, false) => {}
                        }
                        let is_of_board = is_risky || subject == "accept_contract" && (is_huge || is_foreign);
                        let expected = match (review.is_empty(), is_of_board) {
                            (true, _) => "Approval: 1 approver".to_owned(),
                            (false, true) => format!("Review: {}; Board: 1 admin", review.join(" + ")),
                            (false, false) => format!("Review: {}", review.join(" + ")),
                        };
                        assert_eq!(needs(&facts), expected, "{facts:?}");
                        cases += 1;
                    }
                }
            }
        }
    }
    assert_eq!(cases, 576);
}

#[test]
fn a_question_in_plain_words_is_a_case() {
    for (question, amount, terms) in [
        ("who must approve a 200k revenue share with exclusivity?", Some(200_000), 2),
        ("an exclusive deal", None, 1),
        ("€1.5m contract", Some(1_500_000), 0),
        ("250,000 EUR", Some(250_000), 0),
        ("three deals", None, 0),
    ] {
        let facts = policy().facts_in(question);
        assert_eq!((facts.amount, facts.terms.len()), (amount, terms), "{question}: {facts:?}");
    }
    assert_eq!(policy().facts_in("three deals").subject, "create_deals");
    let facts = policy().facts_in("a 200k revenue share with exclusivity");
    assert_eq!(needs(&facts), "Review: 1 finance + 1 legal");
}

#[test]
fn what_is_wrong_with_a_policy_is_said_in_words() {
    assert!(policy().faults().is_empty(), "{:?}", policy().faults());
    for (change, words) in [
        ("group = \"finance\"", "has only 1"),
        ("group = \"tax\"", "names the group tax"),
        ("role = \"member\"", "which may not decide"),
        ("role = \"admin\", group = \"legal\"", "exactly one of"),
        ("person = \"Lena\"", "decides once"),
    ] {
        let text = POLICY.replace("group = \"legal\", count = 2", &format!("{change}, count = 2"));
        let faults = toml::from_str::<Policy>(&text).unwrap().faults();
        assert!(faults.len() == 1 && faults[0].contains(words), "{change}: {faults:?}");
    }
    assert!(toml::from_str::<Policy>("ruels = []").is_err(), "a slip of the pen is no policy");
}

pub(super) fn says(
    asked: &mut Approval,
    who: &Person,
    verdict: Verdict,
) -> Result<Option<Decision>, Refusal> {
    let ruling = decide(asked, who, verdict, Some("because"), noon())?;
    asked.votes.push(ruling.vote);
    asked.decision.clone_from(&ruling.decision);
    Ok(ruling.decision)
}

#[test]
fn somebody_in_two_groups_gives_way_to_somebody_who_is_only_in_one() {
    let seat = |label: &str, people: &[u128]| Seat {
        label: label.to_owned(),
        who: Who::People(people.iter().map(|key| id(*key)).collect()),
        needed: 1,
        also: Vec::new(),
    };
    let stage = AskedStage { name: "Both".to_owned(), seats: vec![seat("a", &[2, 3]), seat("b", &[2])] };
    let mut asked = request(Requirement { stages: vec![stage], ..Requirement::default() }, Vec::new());
    let team = team();
    assert_eq!(says(&mut asked, &team[1], Verdict::Approve), Ok(None));
    assert!(matches!(says(&mut asked, &team[3], Verdict::Approve), Err(Refusal::NotAsked(_))));
    assert!(says(&mut asked, &team[2], Verdict::Approve).unwrap().is_some());
}

pub(super) fn delegation(from: u128, to: u128) -> Delegation {
    Delegation {
        from: id(from),
        from_name: format!("Person {from}"),
        from_role: Role::Approver,
        to: id(to),
        starts_at: noon() - Duration::hours(1),
        ends_at: noon() + Duration::hours(1),
    }
}

#[test]
fn a_delegate_decides_once_in_the_others_place_and_never_for_the_requester() {
    let team = team();
    let facts = Facts { terms: vec!["exclusivity".to_owned()], ..Facts::default() };
    let needs = policy().requirement(1, &facts, &team);
    let mut asked = request(needs.clone(), vec![delegation(2, 5), delegation(5, 2)]);
    let decision = says(&mut asked, &team[4], Verdict::Approve).unwrap().unwrap();
    assert_eq!(decision.by_name, "Fay for Person 2");
    let mut asked = request(needs, vec![delegation(1, 5), delegation(5, 2)]);
    for who in [&team[4], &team[1]] {
        assert_eq!(says(&mut asked, who, Verdict::Approve), Err(Refusal::StandsInForRequester));
    }
    assert!(says(&mut asked, &team[2], Verdict::Approve).unwrap().is_some());
}

#[test]
fn a_large_request_takes_a_fresh_sign_in() {
    let team = team();
    let facts = Facts { amount: Some(2_000_000), ..Facts::default() };
    let asked = request(policy().requirement(1, &facts, &team), Vec::new());
    let voter = |is_fresh| Voter { person: &team[4], is_fresh };
    assert_eq!(decide(&asked, voter(false), Verdict::Approve, None, noon()), Err(Refusal::LoginTooOld));
    assert!(decide(&asked, voter(true), Verdict::Approve, None, noon()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 3_000, ..ProptestConfig::default() })]

    /// Anybody may press at any time, several on the same state; a vote is kept only on the state it was judged on.
    #[test]
    fn whatever_people_press_there_is_one_decision_and_nobody_decides_for_herself(
        requester in 1_u128..7,
        amount in prop::option::of(0_u64..2_000_000),
        is_binding in any::<bool>(),
        is_risky in any::<bool>(),
        handed_on in prop::collection::vec((1_u128..7, 1_u128..7), 0..5),
        presses in prop::collection::vec((0_usize..6, 0_usize..6, prop::bool::weighted(0.9)), 1..20),
    ) {
        let team = team();
        let facts = Facts {
            subject: "accept_contract".to_owned(),
            amount,
            terms: is_binding.then(|| "exclusivity".to_owned()).into_iter().collect(),
            verdicts: is_risky.then_some(Stands::Red).into_iter().collect(),
            currency: None,
        };
        let delegations: Vec<Delegation> =
            handed_on.into_iter().filter(|(a, b)| a != b).map(|(a, b)| delegation(a, b)).collect();
        let mut asked = request(policy().requirement(1, &facts, &team), delegations);
        asked.requested_by = id(requester);
        let kept_away = reached_since(&asked.delegations, id(requester), (noon(), noon()));
        let mut decisions = 0;
        for (one, other, is_approval) in presses {
            let verdict = if is_approval { Verdict::Approve } else { Verdict::Reject };
            let seen = asked.clone();
            for who in [&team[one], &team[other]] {
                let voter = Voter { person: who, is_fresh: true };
                let Ok(ruling) = decide(&seen, voter, verdict, Some("why"), noon()) else { continue };
                if ruling.vote.number != asked.votes.len() || asked.decision.is_some() {
                    continue;
                }
                prop_assert!(!kept_away.contains(&ruling.vote.by) && !kept_away.contains(&ruling.vote.right_of()));
                asked.votes.push(ruling.vote);
                decisions += usize::from(ruling.decision.is_some());
                asked.decision = ruling.decision;
            }
        }
        prop_assert!(decisions <= 1);
        for (at, vote) in asked.votes.iter().enumerate() {
            let before = &asked.votes[..at];
            prop_assert!(before.iter().all(|v| v.by != vote.by && v.right_of() != vote.right_of()));
        }
        if asked.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Approve) {
            for (at, stage) in asked.requirement.stages.iter().enumerate() {
                let taken = asked.requirement.taken(at, &asked.votes);
                let needed: Vec<usize> = stage.seats.iter().map(|seat| seat.needed).collect();
                prop_assert_eq!(taken, needed);
            }
        }
    }
}
