//! Named places at the boundaries of the work, where a test can end the process as if killed.

/// Every place, in the order the work passes them.
pub const POINTS: [&str; 10] = [
    "intake.stored",
    "worker.claimed",
    "worker.planned",
    "worker.committed",
    "step.began",
    "step.ended",
    "step.committed",
    "delivery.claimed",
    "delivery.sent",
    "delivery.recorded",
];

/// Which place is armed in this process, and how often it is passed before it counts.
#[derive(Debug, Clone, Default)]
pub struct FailPoints {
    armed: Option<std::sync::Arc<Armed>>,
}

#[derive(Debug)]
struct Armed {
    name: String,
    passes: std::sync::atomic::AtomicI64,
}

impl FailPoints {
    /// Arms `name`, or `name:N` for its N-th passing; an empty text arms nothing.
    pub fn armed(spec: &str) -> Self {
        if spec.is_empty() {
            return Self::default();
        }
        let (name, passes) = spec.split_once(':').unwrap_or((spec, "1"));
        let armed = Armed { name: name.to_owned(), passes: passes.parse().unwrap_or(1).into() };
        Self { armed: Some(armed.into()) }
    }

    /// Passes a place; the process ends here, without any tidying, if it is the armed one.
    pub fn pass(&self, name: &str) {
        let Some(armed) = &self.armed else { return };
        if armed.name == name && armed.passes.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
}
