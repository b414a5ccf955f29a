//! The unspecialised plateau and how long it takes to leave it: k = p = 2, scale 1 (Saad and Solla 1995).
//!
//! Random students first find the mean direction of the teachers, M_ri = m for all r, i. There the asymmetry
//! s = (M_11 + M_22 - M_12 - M_21)/4, at the start of order d^(-1/2), is unstable: s ~ e^(λt), so that the plateau ends at
//! t = ln(1/|s(0)|)/λ + const. λ is the largest eigenvalue of the generated Jacobian at the plateau.
//!
//! `cargo run --release --example plateau_escape [-- --quick] [-- --out DIR]`

mod support;

use nalgebra::{DMatrix, DVector};
use overlap::plot::{Axis, Colour, Figure, Panel, Style};
use overlap::{
    Ensemble, Error, Event, Initial, PowerLaw, Problem, ProblemBuilder, Scale, Silent, SimulateOptions,
    SolveOptions, State, Table, evaluate, jacobian, linear_times, overlap_system, simulate_until, solve,
    solve_until,
};
use rayon::prelude::*;
use std::process::ExitCode;
use support::Options;

overlap_system!(Committee: k = 2, p = 2, act = erf, jacobian = true);

fn main() -> ExitCode {
    support::main("plateau_escape", experiment)
}

fn experiment(options: &Options) -> Result<(), Error> {
    let plateau = plateau()?;
    let linear = jacobian(&Committee, &plateau, &plateau.initial_state(false))?.by_state;
    let mut rates: Vec<_> = linear.complex_eigenvalues().iter().map(|value| value.re).collect();
    rates.sort_by(|a, b| b.total_cmp(a));
    let (rate, risk) = (rates[0], evaluate(&Committee, &plateau)?.risk);
    println!(
        "Plateau: m = {:.6}, Q_11 = {:.6}, Q_12 = {:.6}, R = {risk:.6}",
        plateau.m()[0],
        plateau.q()[0],
        plateau.q()[1]
    );
    println!("Eigenvalues of the Jacobian there (real parts): {rates:.5?}; one is positive, λ = {rate:.6}");

    let risks = Axis::log("risk R").range(1e-6, 1.0);
    let mut curves = Panel::new("ODE, from |s(0)| =", Axis::linear("t = steps / d"), risks);
    let mut law = Panel::new(
        "When R has fallen to half the plateau's",
        Axis::log("|s(0)|"),
        Axis::linear("escape time t"),
    );
    let mut points = Vec::new();
    for seed in 0..if options.quick { 3 } else { 12 } {
        let drawn = problem().initial(Initial::drawn(10_000, seed)).build()?;
        for (n, colour) in (0..6).zip(Colour::CATEGORIES) {
            let scale = 10f64.powi(-2 * n);
            let (m, mut q) = (drawn.m() * scale, drawn.q().clone());
            q[(0, 1)] *= scale;
            q[(1, 0)] *= scale;
            let problem = problem().initial(Initial::Given { m, q }).build()?;
            let left = |_: f64, _: State<'_>, now: f64| now - 0.5 * risk;
            let times = linear_times(0.0, 600.0, 601)?;
            let left = Event::below(&left).record();
            let (ode, met) =
                solve_until(&Committee, &problem, &times, &SolveOptions::default(), left, &Silent)?;
            let Some(met) = met else { continue };
            points.push((asymmetry(problem.m()).abs(), met.time));
            if seed == 0 {
                let label = format!("{:.0e}}}", asymmetry(problem.m()).abs()).replace("e-", " · 10^{−");
                curves = curves.line(label, Style::line(colour), ode.times().to_vec(), ode.risk().to_vec());
            }
        }
    }
    // e^(λt) is a power of s(0): its exponent is -λ times the slope of t against ln(1/|s(0)|).
    // Others leave before the slowest stable direction, of rate -0.009, has come to rest.
    let small = points.iter().filter(|point| point.0 < 1e-6);
    let powers: Vec<_> = small.map(|&(s, t)| (s, (rate * t).exp())).collect();
    let fit = PowerLaw::fit(&powers)?;
    println!(
        "ODE, {} random starts with |s(0)| < 10⁻⁶: t = {:.4} ln(1/|s(0)|) {:+.2}; linearisation 1/λ = {:.4}; ratio {:.4} ± {:.4} (95 %)",
        powers.len(),
        -fit.exponent() / rate,
        fit.at(1.0).ln() / rate,
        1.0 / rate,
        -fit.exponent(),
        fit.interval().1 - fit.exponent(),
    );
    let (s, t): (Vec<_>, Vec<_>) = points.iter().copied().unzip();
    let ends = [1e-14, 0.05];
    let line = ends.map(|s| fit.at(s).ln() / rate).to_vec();
    law = law.line("fit below 10^{−6}", Style::line(Colour::BLACK).width(1.5), ends.to_vec(), line);
    law = law.points("ODE, random starts", Style::dots(Colour::BLUE), s, t);

    let dimensions: &[usize] = if options.quick { &[100, 1000] } else { &[100, 1000, 10_000, 100_000] };
    let mut table = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    let (mut powers, mut measured) = (Vec::new(), Vec::new());
    for &d in dimensions {
        let found = escapes(d, if options.quick { 8 } else { 32 }, 0.5 * risk)?;
        let count = found.len() as f64;
        let mean = found.iter().map(|(_, t)| t).sum::<f64>() / count;
        let squares = found.iter().map(|(_, t)| (t - mean).powi(2)).sum::<f64>();
        let error = (squares / (count - 1.0) / count).sqrt();
        let typical = (found.iter().map(|(s, _)| s.ln()).sum::<f64>() / count).exp();
        println!(
            "SGD, d = {d:>6}: {count} runs leave at t = {mean:.1} ± {error:.1}, typical |s(0)| = {typical:.1e}"
        );
        powers.push((d as f64, (rate * mean).exp(), (rate * mean).exp() * rate * error));
        measured.push((typical, mean, error));
        for (column, value) in table.iter_mut().zip([d as f64, typical, mean, error]) {
            column.push(value);
        }
    }
    law = law.measured("SGD, mean ± standard error", Style::dots(Colour::VERMILLION).width(7.0), &measured);
    let sgd = PowerLaw::weighted(&powers)?;
    println!("SGD: t grows by {:.2} ln d; λ times that is {sgd}, expected 1/2", sgd.exponent() / rate);
    let mut out = Table::new("plateau_escape", [("lambda", rate.into())]);
    for (name, values) in ["d", "typical_s", "escape", "escape_sem"].into_iter().zip(table) {
        out.push(name, "", values);
    }
    out.save(options.out.join("sgd.csv"))?;
    let title = "Leaving the unspecialised plateau: k = p = 2, erf, γ = 1, Δ = 0";
    options.draw("plateau_escape", &Figure::new(title).panel(curves).panel(law).columns(2))
}

fn problem() -> ProblemBuilder {
    Problem::builder(2, 2).student_scale(Scale::Committee).teacher_scale(Scale::Committee).learning_rate(1.0)
}

fn asymmetry(m: &DMatrix<f64>) -> f64 {
    (m[(0, 0)] + m[(1, 1)] - m[(0, 1)] - m[(1, 0)]) / 4.0
}

/// The symmetric fixed point: the ODE from a symmetric start, then Newton's method.
fn plateau() -> Result<Problem, Error> {
    let at = |m: f64, q: f64, c: f64| {
        let (m, q) = (DMatrix::from_element(2, 2, m), DMatrix::from_row_slice(2, 2, &[q, c, c, q]));
        problem().initial(Initial::Given { m, q }).build()
    };
    let near = solve(&Committee, &at(0.1, 0.5, 0.1)?, &[100.0], &SolveOptions::default())?;
    let shape = near.shape();
    let mut state = DVector::from_row_slice(near.state(0).map_or(&[], |state| state.as_slice()));
    for _ in 0..8 {
        let here = at(state[shape.m(0, 0)], state[shape.q(0, 0)], state[shape.q(0, 1)])?;
        let slope = evaluate(&Committee, &here)?;
        let mut f = DVector::zeros(shape.dim());
        for (r, i) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            f[shape.m(r, i)] = slope.d_m[(r, i)];
            f[shape.q(r, i)] = slope.d_q[(r, i)];
        }
        let jacobian = jacobian(&Committee, &here, state.as_slice())?.by_state;
        state -= jacobian.lu().solve(&f).ok_or_else(|| Error::Figure("singular".into()))?;
    }
    at(state[shape.m(0, 0)], state[shape.q(0, 0)], state[shape.q(0, 1)])
}

/// |s(0)| of runs of SGD in d dimensions, each from weights of its own, and when they fall below a risk.
fn escapes(d: usize, runs: u64, below: f64) -> Result<Vec<(f64, f64)>, Error> {
    let times = linear_times(0.5, 1000.0, 2000)?;
    let escape = |seed| {
        let problem = problem().initial(Initial::drawn(d, seed)).build()?;
        let asked = SimulateOptions::default().seed(seed);
        let stop = |sgd: &Ensemble| sgd.risk().last().is_some_and(|risk| *risk < below);
        let sgd = simulate_until(&Committee, &problem, &times, &asked, &stop, &Silent)?;
        Ok((asymmetry(problem.m()).abs(), sgd.times()[sgd.len() - 1]))
    };
    (0..runs).into_par_iter().map(escape).collect()
}
