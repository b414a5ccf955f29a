//! Systems whose two parts, gradient flow and noise of SGD, have weights of their own.

use crate::{Activation, Parameters, Shape, System};

/// A system with weights on its two parts: dΩ/dτ = flow γ F + noise γ² G, where dΩ/dt = γ F + γ² G is that of the system
/// itself. A trained second layer belongs to the flow.
///
/// Made by [`Prefactors::of`](crate::Prefactors::of) and [`Limit::of`](crate::Limit::of): the ODE of a regime in its
/// own time, at a finite dimension or in the limit, for every system alike. [`solve`](fn@crate::solve) it as any other;
/// [`simulate`](crate::simulate) refuses it, since SGD has no weights: simulate the system itself, at
/// [`Regime::learning_rate`](crate::Regime::learning_rate).
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted<S> {
    system: S,
    /// Factor of γ inside the right-hand side, and of all of it.
    rate: f64,
    whole: f64,
}

/// A part this much smaller than the other is below rounding, in every digit that is kept.
const NOTHING: f64 = 1.0 / (1u128 << 100) as f64;

impl<S: System> Weighted<S> {
    /// `flow` and `noise` are finite and at least 0.
    pub(crate) fn new(system: S, flow: f64, noise: f64) -> Self {
        // whole · (rate γ F + rate² γ² G): rate is noise / flow, so that one evaluation gives both parts; where one of
        // them is dropped, it is 2^-100 of the other.
        let rate = if flow > 0.0 { (noise / flow).clamp(NOTHING, 1.0 / NOTHING) } else { 1.0 / NOTHING };
        let whole = if rate < 1.0 { flow / rate } else { noise / rate / rate };
        Weighted { system, rate, whole }
    }

    fn at_rate(&self, parameters: &Parameters) -> Parameters {
        let mut parameters = parameters.clone();
        parameters.gamma *= self.rate;
        parameters.gamma_a *= self.rate;
        parameters
    }
}

impl<S: System> System for Weighted<S> {
    fn name(&self) -> &str {
        self.system.name()
    }

    fn shape(&self) -> Shape {
        self.system.shape()
    }

    fn activation(&self) -> Activation {
        self.system.activation()
    }

    fn teacher_activation(&self) -> Activation {
        self.system.teacher_activation()
    }

    fn right_hand_side(&self, parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        self.system.right_hand_side(&self.at_rate(parameters), state, derivative);
        derivative.iter_mut().for_each(|value| *value *= self.whole);
    }

    fn has_jacobian(&self) -> bool {
        self.system.has_jacobian()
    }

    fn jacobian(&self, parameters: &Parameters, state: &[f64], jacobian: &mut [f64]) -> bool {
        let there = self.system.jacobian(&self.at_rate(parameters), state, jacobian);
        if there {
            let shape = self.shape();
            for row in jacobian.chunks_exact_mut(shape.jacobian_columns()) {
                row.iter_mut().for_each(|value| *value *= self.whole);
                // The column of γ, which the system sees multiplied.
                row[shape.dim()] *= self.rate;
            }
        }
        there
    }

    fn describes_sgd(&self) -> bool {
        false
    }

    fn risk(&self, parameters: &Parameters, state: &[f64]) -> f64 {
        self.system.risk(parameters, state)
    }

    fn equations(&self) -> &str {
        self.system.equations()
    }

    fn equations_latex(&self) -> &str {
        self.system.equations_latex()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DynSystem, Error, Problem, Regime, SimulateOptions, evaluate, simulate};

    /// F and G from right-hand sides at two rates, by elimination.
    #[test]
    fn parts_are_weighted() {
        let system = DynSystem::new(2, 3, Activation::Erf, true).unwrap();
        let at = |system: &dyn System, gamma: f64| {
            let problem = Problem::builder(2, 3).learning_rate(gamma).second_layer_rate(gamma).noise(0.1);
            evaluate(system, &problem.build().unwrap()).unwrap()
        };
        let [one, two] = [1.0, 2.0].map(|gamma| at(&system, gamma));
        // one = F + G, two = 2 F + 4 G.
        let (f, g) = (&one.d_q * 2.0 - &two.d_q * 0.5, &two.d_q * 0.5 - &one.d_q);
        let gamma = 1.5;
        for (delta, d) in
            [(0.0, 100.0), (0.5, 100.0), (0.5, f64::INFINITY), (-0.3, 1e4), (-0.3, f64::INFINITY)]
        {
            let regime = Regime::new(0.0, delta).unwrap();
            let (flow, noise, weighted) = if d.is_finite() {
                let found = regime.prefactors(d).unwrap();
                (found.flow, found.noise, found.of(&system))
            } else {
                let found = regime.limit().unwrap();
                (found.flow, found.noise, found.of(&system))
            };
            let found = at(&weighted, gamma);
            let near = |found: f64, known: f64| (found - known).abs() < 1e-14;
            for (found, (f, g)) in found.d_q.iter().zip(f.iter().zip(&g)) {
                let known = flow * gamma * f + noise * gamma * gamma * g;
                assert!(near(*found, known), "δ = {delta}, d = {d}: {found} {known}");
            }
            assert!(found.d_m.iter().zip(&one.d_m).all(|(found, one)| near(*found, flow * gamma * one)));
            assert!(found.d_a.iter().zip(&one.d_a).all(|(found, one)| near(*found, flow * gamma * one)));
            assert_eq!(found.risk, one.risk);
        }
        let nothing = at(&Weighted::new(&system, 0.0, 0.0), gamma);
        assert!(nothing.d_q.iter().all(|value| *value == 0.0));
    }

    #[test]
    fn sgd_of_a_weighted_system_is_refused() {
        let system = DynSystem::new(1, 1, Activation::Erf, false).unwrap();
        let problem = Problem::builder(1, 1).build().unwrap();
        let weighted = Regime::new(0.0, 0.5).unwrap().prefactors(100.0).unwrap().of(&system);
        let options = SimulateOptions::default().dimension(100);
        let error = simulate(&weighted, &problem, &[0.1], &options).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
        assert!(error.to_string().contains("weights") && error.to_string().contains("DynSystem"), "{error}");
        assert!(simulate(&&weighted, &problem, &[0.1], &options).is_err());
        assert!(simulate(&system, &problem, &[0.1], &options).is_ok());
    }
}
