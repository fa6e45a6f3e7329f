//! dealdesk
fn main() {}
