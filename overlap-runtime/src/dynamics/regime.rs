//! The high-dimensional regimes of wide networks: width p = p0 d^κ and learning rate γ = γ0 d^-δ on the mean-field scale
//! (Veiga, Stephan, Loureiro, Krzakala, Zdeborová, arXiv 2202.00293).

use crate::error::check_at_least;
use crate::{Error, System, Weighted};
use std::fmt;

/// How width and learning rate grow with the input dimension d.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regime {
    /// κ ≥ 0 in p = p0 d^κ.
    pub kappa: f64,
    /// δ in γ = γ0 d^-δ.
    pub delta: f64,
}

/// What the dynamics becomes for d → ∞.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Region {
    /// κ + δ = 0, with κ = δ = 0 the scaling of Saad and Solla: gradient flow and noise of SGD both.
    BlueLine,
    /// κ + δ > 0: the gradient flow of the population risk; the noise vanishes like d^-(κ+δ).
    Green,
    /// -½ < κ + δ < 0: the noise of SGD alone; the gradient flow vanishes like d^(κ+δ).
    Orange,
    /// κ + δ ≤ -½: one step moves the overlaps too far for them to concentrate, there is no deterministic limit.
    NoLimit,
}

/// Time step and prefactors of a regime at one dimension d.
///
/// A step of SGD moves the overlaps by δt (flow γ F + noise γ² G) on average, with γ = γ0 p / p0, the mean-field scale
/// s = 1/p, and the equations dΩ/dt = γ F + γ² G in t = steps / d.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prefactors {
    /// Time per step of SGD, δt: the regime's own time is τ = steps · δt.
    pub time_step: f64,
    /// Prefactor of the gradient flow.
    pub flow: f64,
    /// Prefactor of the noise of SGD.
    pub noise: f64,
}

/// There is no deterministic limit, and why.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "κ + δ = {sum} is not above -1/2: a single step of SGD moves the student overlaps by about (γ/p)²/d ~ d^{}, which does \
     not vanish as d grows, so that their fluctuations stay and there is no deterministic limit", 0.0 - (1.0 + 2.0 * .sum)
)]
pub struct NoLimit {
    /// κ + δ.
    pub sum: f64,
}

impl Regime {
    /// A regime.
    ///
    /// # Errors
    /// [`Error::Invalid`] if κ is negative or either number is not finite.
    pub fn new(kappa: f64, delta: f64) -> Result<Self, Error> {
        if !(kappa.is_finite() && kappa >= 0.0) {
            return Err(Error::invalid("kappa", kappa, "finite and at least 0"));
        }
        if !delta.is_finite() {
            return Err(Error::invalid("delta", delta, "finite"));
        }
        Ok(Regime { kappa, delta })
    }

    /// κ + δ, which alone decides. A sum within rounding of 0 or -½ is 0 or -½: 0.1 + 0.2 - 0.3 lies on the blue line.
    pub fn sum(self) -> f64 {
        let sum = self.kappa + self.delta;
        let rounding = 4.0 * f64::EPSILON * self.kappa.max(self.delta.abs());
        [0.0, -0.5].into_iter().find(|boundary| (sum - boundary).abs() <= rounding).unwrap_or(sum)
    }

    /// Where the regime lies.
    pub fn region(self) -> Region {
        let sum = self.sum();
        if sum == 0.0 {
            Region::BlueLine
        } else if sum > 0.0 {
            Region::Green
        } else if sum > -0.5 {
            Region::Orange
        } else {
            Region::NoLimit
        }
    }

    /// Width p0 d^κ, rounded, at least 1.
    pub fn width(self, p0: f64, d: f64) -> usize {
        (p0 * d.powf(self.kappa)).round().max(1.0) as usize
    }

    /// Learning rate γ0 d^-δ.
    pub fn learning_rate(self, gamma0: f64, d: f64) -> f64 {
        gamma0 * d.powf(-self.delta)
    }

    /// Time step and prefactors at dimension d. One step of SGD moves the overlaps by (1/d)(γ/p) F + (1/d)(γ/p)² G on
    /// average, and γ/p = (γ0/p0) d^-(κ+δ); the larger power of d goes into the time step.
    ///
    /// # Errors
    /// [`NoLimit`].
    pub fn prefactors(self, d: f64) -> Result<Prefactors, NoLimit> {
        let sum = self.sum();
        let ratio = d.powf(-sum);
        match self.region() {
            Region::BlueLine | Region::Green => {
                Ok(Prefactors { time_step: ratio / d, flow: 1.0, noise: ratio })
            }
            Region::Orange => Ok(Prefactors { time_step: ratio * ratio / d, flow: 1.0 / ratio, noise: 1.0 }),
            Region::NoLimit => Err(NoLimit { sum }),
        }
    }

    /// The prefactors for d → ∞, with the time step as a power of d.
    ///
    /// # Errors
    /// [`NoLimit`].
    pub fn limit(self) -> Result<Limit, NoLimit> {
        let sum = self.sum();
        match self.region() {
            Region::BlueLine => Ok(Limit { time_step_power: -1.0, flow: 1.0, noise: 1.0 }),
            Region::Green => Ok(Limit { time_step_power: -(1.0 + sum), flow: 1.0, noise: 0.0 }),
            Region::Orange => Ok(Limit { time_step_power: -(1.0 + 2.0 * sum), flow: 0.0, noise: 1.0 }),
            Region::NoLimit => Err(NoLimit { sum }),
        }
    }
}

/// What is left of a regime for d → ∞.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// δt = d^power.
    pub time_step_power: f64,
    /// Prefactor of the gradient flow, 0 or 1.
    pub flow: f64,
    /// Prefactor of the noise of SGD, 0 or 1.
    pub noise: f64,
}

impl Prefactors {
    /// The classical limit γ = ε γ0 with ε → 0 at fixed d and p: δt = ε/d, gradient flow, and noise with prefactor ε.
    /// [`Limit::GRADIENT_FLOW`] is what remains for ε = 0.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless ε and d are finite and greater than 0.
    pub fn classical(epsilon: f64, d: f64) -> Result<Self, Error> {
        check_at_least("epsilon", epsilon, 0.0, true)?;
        check_at_least("d", d, 0.0, true)?;
        Ok(Prefactors { time_step: epsilon / d, flow: 1.0, noise: epsilon })
    }

    /// SGD's time t = steps / d at the regime's own time τ = steps · δt.
    pub fn steps_over_d(self, tau: f64, d: f64) -> f64 {
        tau / (self.time_step * d)
    }

    /// The ODE at this dimension in the regime's own time, to be solved for a problem with γ = γ0 p / p0.
    ///
    /// ```
    /// use overlap::{Activation, DynSystem, Problem, Regime, SolveOptions, solve};
    /// let system = DynSystem::new(1, 1, Activation::Erf, false)?;
    /// let problem = Problem::builder(1, 1).noise(1e-2).build()?;
    /// let regime = Regime::new(0.0, 0.5)?;
    /// let times = [0.0, 10.0, 100.0];
    /// let at_100 = solve(&regime.prefactors(100.0).expect("green").of(&system), &problem, &times, &SolveOptions::default())?;
    /// let limit = solve(&regime.limit().expect("green").of(&system), &problem, &times, &SolveOptions::default())?;
    /// assert!(limit.excess_risk()[2] < at_100.excess_risk()[2]);
    /// # Ok::<(), overlap::Error>(())
    /// ```
    pub fn of<S: System>(self, system: S) -> Weighted<S> {
        Weighted::new(system, self.flow, self.noise)
    }
}

impl Limit {
    /// The gradient flow of the population risk: what the green region and the classical limit have in common. There
    /// δt is d^-(1+κ+δ) or ε/d; the power given here is that of fixed γ.
    pub const GRADIENT_FLOW: Limit = Limit { time_step_power: -1.0, flow: 1.0, noise: 0.0 };

    /// The limiting ODE in the regime's own time, to be solved for a problem with γ = γ0 p / p0: see
    /// [`Prefactors::of`].
    pub fn of<S: System>(self, system: S) -> Weighted<S> {
        Weighted::new(system, self.flow, self.noise)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Region::BlueLine => "blue line: gradient flow and noise of SGD",
            Region::Green => "green: gradient flow",
            Region::Orange => "orange: noise of SGD",
            Region::NoLimit => "no deterministic limit",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 200 x 200 grid of κ in [0, 1], δ in [-1, 1], on exact sixty-fourths so that the lines are hit, against the table
    /// of the paper in whole numbers.
    #[test]
    fn every_point_of_the_phase_diagram() {
        let mut seen = [0; 4];
        for k in 0..200_i32 {
            for l in -100..100_i32 {
                let regime = Regime::new(f64::from(k) / 64.0, f64::from(l) / 64.0).unwrap();
                let known = match k + l {
                    0 => Region::BlueLine,
                    sum if sum > 0 => Region::Green,
                    sum if sum > -32 => Region::Orange,
                    _ => Region::NoLimit,
                };
                assert_eq!(regime.region(), known, "{regime:?}");
                seen[known as usize] += 1;
            }
        }
        assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
    }

    /// The same with decimal fractions, whose sums are rounded: 200 x 200 points in steps of 0.01.
    #[test]
    fn rounding_does_not_move_the_boundaries() {
        for k in 0..200_i32 {
            for l in -150..50_i32 {
                // 0.1 + 0.2 rather than 0.3: steps added up, as a grid would.
                let kappa: f64 = std::iter::repeat_n(0.01, k as usize).sum();
                let regime = Regime::new(kappa, f64::from(l) / 100.0).unwrap();
                let known = match k + l {
                    0 => Region::BlueLine,
                    sum if sum > 0 => Region::Green,
                    sum if sum > -50 => Region::Orange,
                    _ => Region::NoLimit,
                };
                assert_eq!(regime.region(), known, "{regime:?}");
            }
        }
        for off in [1e-12, -1e-12] {
            let [zero, half] = [0.0, -0.5].map(|delta| Regime::new(0.0, delta + off).unwrap().region());
            let known =
                if off > 0.0 { [Region::Green, Region::Orange] } else { [Region::Orange, Region::NoLimit] };
            assert_eq!([zero, half], known);
        }
    }

    /// Prefactors, whatever the region, are those of one step of SGD: δt · flow = γ/(p d) and δt · noise = (γ/p)²/d for
    /// γ0 = p0; and they tend to the limit.
    #[test]
    fn prefactors_are_those_of_a_step() {
        for (kappa, delta) in
            [(0.0, 0.0), (0.5, -0.5), (0.25, 0.0), (0.0, 0.5), (0.0, -0.375), (0.125, -0.25)]
        {
            let regime = Regime::new(kappa, delta).unwrap();
            let limit = regime.limit().unwrap();
            for d in [10.0_f64, 1e3, 1e6] {
                let found = regime.prefactors(d).unwrap();
                let ratio = d.powf(-(kappa + delta));
                assert!((found.time_step * found.flow * d / ratio - 1.0).abs() < 1e-12);
                assert!((found.time_step * found.noise * d / (ratio * ratio) - 1.0).abs() < 1e-12);
                assert!((found.time_step.ln() / d.ln() - limit.time_step_power).abs() < 1e-12);
            }
            let far = regime.prefactors(1e60).unwrap();
            assert!((far.flow - limit.flow).abs() < 1e-6 && (far.noise - limit.noise).abs() < 1e-6);
        }
        let none = Regime::new(0.0, -0.5).unwrap();
        assert!(none.prefactors(100.0).unwrap_err().to_string().contains("no deterministic limit"));
        assert!(none.limit().is_err());
        assert!(Regime::new(0.0, -1.0).unwrap().limit().unwrap_err().to_string().contains("~ d^1,"));
        assert!(none.limit().unwrap_err().to_string().contains("~ d^0,"));
        assert!(Regime::new(-0.1, 0.0).is_err() && Regime::new(0.0, f64::NAN).is_err());
        let classical = Prefactors::classical(1e-3, 50.0).unwrap();
        assert_eq!(classical, Prefactors { time_step: 2e-5, flow: 1.0, noise: 1e-3 });
        assert!((classical.steps_over_d(3.0, 50.0) - 3e3).abs() < 1e-9);
        assert!(
            Prefactors::classical(0.0, 50.0).is_err() && Prefactors::classical(1.0, f64::INFINITY).is_err()
        );
    }

    #[test]
    fn width_and_rate() {
        let regime = Regime::new(0.5, -0.25).unwrap();
        assert_eq!(regime.width(2.0, 100.0), 20);
        assert!((regime.learning_rate(3.0, 16.0) - 6.0).abs() < 1e-12);
    }
}
