//! A tenant with the people that most tests need.

use domain::ids::{Ids, PersonId, TenantId};
use domain::person::{Person, Role};
use storage::{Db, people, workspaces};
use uuid::Uuid;

/// The tenant that a fresh installation has.
pub const HOME: TenantId = TenantId(Uuid::from_u128(1));

/// Makes a tenant with dana (member), lee and noor (approvers).
pub async fn team(db: &Db, tenant: TenantId, ids: &Ids) -> [Person; 3] {
    workspaces::create_tenant(db, tenant, "Acme BD").await.unwrap();
    let person = |name: &str, role| Person {
        id: PersonId(ids.next()),
        tenant,
        name: name.to_owned(),
        email: Some(format!("{}@example.test", name.to_lowercase())),
        role,
    };
    let team = [person("Dana", Role::Member), person("Lee", Role::Approver), person("Noor", Role::Approver)];
    let mut tx = db.tenant(tenant).begin().await.unwrap();
    for person in &team {
        people::add(&mut tx, person).await.unwrap();
    }
    tx.commit().await.unwrap();
    team
}
