//! Named places at the boundaries of the work, where a test can end the process as if killed; and agents that panic.

use domain::plan::Agent;

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
pub const SIDE_POINTS: [&str; 5] =
    ["crm.page", "crm.written", "delivery.moved", "effect.claimed", "effect.made"];

/// Before the name of an agent: it panics each time it is given a step.
const PANIC: &str = "panic:";

/// What is armed in this process.
#[derive(Debug, Clone, Default)]
pub struct FailPoints {
    armed: Option<std::sync::Arc<Armed>>,
}

#[derive(Debug)]
enum Armed {
    /// The process ends at a place that is passed so often before it counts.
    End {
        name: String,
        passes: std::sync::atomic::AtomicI64,
    },
    Panic(Agent),
}

impl FailPoints {
    /// Arms `name`, or `name:N` for its N-th passing, or `panic:AGENT`; an empty text arms nothing.
    ///
    /// Errors: there is no such place, no such count, or no such agent.
    pub fn armed(spec: &str) -> Result<Self, String> {
        if spec.is_empty() {
            return Ok(Self::default());
        }
        if let Some(name) = spec.strip_prefix(PANIC) {
            let agent = Agent::from_name(name).ok_or_else(|| format!("there is no agent `{name}`"))?;
            return Ok(Self { armed: Some(Armed::Panic(agent).into()) });
        }
        let (name, passes) = spec.split_once(':').unwrap_or((spec, "1"));
        if !POINTS.contains(&name) && !SIDE_POINTS.contains(&name) {
            return Err(format!("there is no fail point `{name}`; there are {}", POINTS.join(", ")));
        }
        let passes: i64 = passes.parse().map_err(|_| format!("`{passes}` is not a number of passings"))?;
        Ok(Self { armed: Some(Armed::End { name: name.to_owned(), passes: passes.into() }.into()) })
    }

    /// Passes a place; the process ends here, without any tidying, if it is the armed one.
    pub fn pass(&self, place: &str) {
        let Some(Armed::End { name, passes }) = self.armed.as_deref() else { return };
        if name == place && passes.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }

    /// An agent begins a step; it panics if it is the armed one.
    pub(crate) fn begin(&self, agent: Agent) {
        if let Some(Armed::Panic(armed)) = self.armed.as_deref() {
            assert!(*armed != agent, "the fail point in the {} agent", agent.name());
        }
    }
}
