//! What a result was computed from, as the metadata of its file: enough to compute it again.

use overlap_runtime::{Algorithm, Problem, SimulateOptions, SolveOptions, System};
use serde_json::{Value, json};

/// `1 row`, `2 rows`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The declared system.
pub(crate) fn system(system: &dyn System) -> Value {
    let shape = system.shape();
    json!({
        "name": system.name(),
        "k": shape.k,
        "p": shape.p,
        "activation": system.activation().name(),
        "teacher_activation": system.teacher_activation().name(),
        "second_layer": if shape.trained { "trained" } else { "fixed" },
        "instruction_set": overlap_runtime::simd::Level::current().name(),
    })
}

/// The full problem, as a problem file holds it.
pub(crate) fn problem(problem: &Problem) -> Value {
    serde_json::from_str(&problem.to_json()).unwrap_or_default()
}

/// The options of a solve.
pub(crate) fn solve_options(options: &SolveOptions) -> Value {
    json!({ "rtol": options.rtol, "atol": options.atol, "max_steps": options.max_steps, "method": options.method.name() })
}

/// The options of a simulation that its numbers depend on.
pub(crate) fn simulate_options(options: &SimulateOptions, problem: &Problem) -> Value {
    let samples = match options.algorithm {
        Algorithm::MultiPass { samples } => Some(samples),
        _ => None,
    };
    json!({
        "dimension": options.dimension_for(problem),
        "simulator": options.simulator_for(problem).name(),
        "algorithm": options.algorithm.name(),
        "samples": samples,
        "precision": options.precision.name(),
        "quantiles": options.quantiles,
        "replicas": options.replicas,
        "seed": options.seed,
    })
}
