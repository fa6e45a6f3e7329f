//! The company directory, which all tenants share: its table, its imports, its search index.

pub mod companies;
pub mod countries;
pub mod import;
