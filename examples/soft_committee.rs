//! A soft committee that trains both layers: k = p = 2, scale 1, as in Goldt et al. (arXiv 1906.08632).
//!
//! With the second layer trained the student first finds the teacher's mean direction (the unspecialised plateau:
//! M_ri equal for all i), then its units specialise on one teacher unit each, and a follows a*. The ODE is compared with
//! SGD from the very same weights.
//!
//! `cargo run --release --example soft_committee [-- --quick] [-- --out DIR]`

mod support;

use overlap::{
    Comparison, Error, Initial, Problem, Scale, SimulateOptions, SolveOptions, log_times, overlap_system,
    plot, simulate_monitored, solve, whole_steps, write_atomically,
};
use std::process::ExitCode;
use support::{Budget, Options};

overlap_system!(
    /// Two students, two teachers, both layers trained.
    SoftCommittee: k = 2, p = 2, act = erf, second_layer = trained
);

fn main() -> ExitCode {
    support::main("soft_committee", experiment)
}

fn experiment(options: &Options) -> Result<(), Error> {
    let (dimension, replicas) = if options.quick { (200, 4) } else { (1000, 16) };
    let problem = Problem::builder(SoftCommittee::K, SoftCommittee::P)
        .student_scale(Scale::Committee)
        .teacher_scale(Scale::Committee)
        .learning_rate(0.5)
        .second_layer_rate(0.5)
        .noise(1e-2)
        .a_star([1.0, 1.5])
        .a([0.5, 0.5])
        .initial(Initial::drawn(dimension, 1))
        .build()?;
    let times = whole_steps(&log_times(1e-1, if options.quick { 1e2 } else { 1e3 }, 81)?, dimension)?;
    let ode = solve(&SoftCommittee, &problem, &times, &SolveOptions::default())?;
    let sgd = simulate_monitored(
        &SoftCommittee,
        &problem,
        &times,
        &SimulateOptions::default().replicas(replicas),
        &Budget::seconds(60),
    )?;
    println!("{}", Comparison::new(&ode, &sgd)?);
    if let Some(end) = ode.state(ode.len() - 1) {
        println!("At t = {}: M = {:.3}a = {:.3}", ode.times()[ode.len() - 1], end.m_matrix(), end.a_vector());
    }

    let title = format!("Soft committee, k = p = 2, both layers trained, d = {dimension}");
    let curve = plot::learning_curve(&title, &ode, Some(&sgd), &[]);
    let overlaps = plot::overlaps(&title, &ode, Some(&sgd));
    write_atomically(options.out.join("ode.csv"), |writer| ode.write_csv(writer))?;
    write_atomically(options.out.join("sgd.csv"), |writer| sgd.write_csv(writer))?;
    options.draw("learning_curve", &curve)?;
    options.draw("overlaps", &overlaps)
}
