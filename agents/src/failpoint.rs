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

/// Places off the main story's way.
pub const SIDE_POINTS: [&str; 1] = ["delivery.moved"];

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
    ///
    /// Errors: there is no such place, or no such count.
    pub fn armed(spec: &str) -> Result<Self, String> {
        if spec.is_empty() {
            return Ok(Self::default());
        }
        let (name, passes) = spec.split_once(':').unwrap_or((spec, "1"));
        if !POINTS.contains(&name) && !SIDE_POINTS.contains(&name) {
            return Err(format!("there is no fail point `{name}`; there are {}", POINTS.join(", ")));
        }
        let passes: i64 = passes.parse().map_err(|_| format!("`{passes}` is not a number of passings"))?;
        Ok(Self { armed: Some(Armed { name: name.to_owned(), passes: passes.into() }.into()) })
    }

    /// Passes a place; the process ends here, without any tidying, if it is the armed one.
    pub fn pass(&self, name: &str) {
        let Some(armed) = &self.armed else { return };
        if armed.name == name && armed.passes.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
}
