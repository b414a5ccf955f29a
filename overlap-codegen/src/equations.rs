//! The equations of a system, derived from the population risk.
//!
//! With E = Σ_n c_n σ(λ_n) + √Δ ζ the risk is R = ½ Σ_nm c_n c_m I2(n, m) + Δ/2. Everything below follows from it:
//! the gradient flow of the first layer, dΩ_ib = -γ Σ_m (∂R/∂Ω_im + ∂R/∂Ω_mi) Ω_mb, that of the second layer,
//! da_i = -γ_a ∂R/∂a_i, and, from the square of one SGD step, the noise term of Q (arXiv 2202.00293; Saad and Solla,
//! Phys. Rev. E 52, 4225, 1995).

use crate::activation::Activation;
use crate::expr::{Expr, Pool};
use crate::gaussian::{Covariance, Definition, price, rename};
use crate::symbol::{Index, Parameter, Symbol};

/// Students i, j, l.
pub const I: Index = Index::student('i');
/// See [`I`].
pub const J: Index = Index::student('j');
/// See [`I`].
pub const L: Index = Index::student('l');
/// Teacher r.
pub const R: Index = Index::teacher('r');
/// Nodes n, m, b.
pub const N: Index = Index::node('n');
/// See [`N`].
pub const M: Index = Index::node('m');
/// See [`N`].
pub const B: Index = Index::node('b');

/// The derived equations in terms of index roles. A sum over n or m runs over all nodes.
#[derive(Debug)]
pub struct Equations {
    /// The expressions' home.
    pub pool: Pool,
    /// I2(n, m).
    pub two_point: Expr,
    /// The summand of the risk: R = Σ_nm risk + Δ/2.
    pub risk: Expr,
    /// Gradient flow of the first layer: dΩ_ib = flow.rate · Σ_n c_n (q_ib · own + q_nb · other), of any
    /// node b; the bracket is I3(i, b, n) = E[σ'(λ_i) λ_b σ(λ_n)], as Stein's rule has it.
    pub flow: Flow,
    /// Gradient flow of the second layer: da_i = readout.rate · Σ_n c_n I2(i, n).
    pub readout: Readout,
    /// Noise of SGD: dQ_jl gains noise.rate · (Σ_nm c_n c_m I4(j, l, n, m) + Δ J2(j, l)).
    pub noise: Noise,
}

/// Gradient flow of the first layer, see [`Equations`].
#[derive(Debug)]
pub struct Flow {
    /// γ s a_i.
    pub rate: Expr,
    /// K2(i, n) = E[σ''(λ_i) σ(λ_n)], the pull along the student's own weights.
    pub own: Expr,
    /// J2(i, n) = E[σ'(λ_i) σ'(λ_n)], the pull along the weights of node n.
    pub other: Expr,
}

/// Gradient flow of the second layer, see [`Equations`].
#[derive(Debug)]
pub struct Readout {
    /// γ_a s.
    pub rate: Expr,
    /// I2(i, n).
    pub expectation: Expr,
}

/// The noise of SGD, see [`Equations`].
#[derive(Debug)]
pub struct Noise {
    /// γ² s² a_j a_l / b.
    pub rate: Expr,
    /// J2(j, l) = E[σ'(λ_j) σ'(λ_l)], the total mass of the tilted measure.
    pub mass: Expr,
    /// The vectors that tilting subtracts from Ω, and that `cosine` refers to.
    pub vectors: Vec<Definition>,
    /// I4(j, l, n, m) / J2(j, l): the two-point function of σ(λ_n) and σ(λ_m) under the tilted measure.
    pub tilted: Expr,
}

impl Equations {
    /// Derives the equations of an activation.
    ///
    /// # Errors
    /// A sentence that says which expectation has no closed form.
    pub fn derive(activation: &dyn Activation) -> Result<Self, String> {
        let mut pool = Pool::new();
        let two_point = price(&mut pool, activation, (N, 0), (M, 0)).ok_or("I2 has no closed form")?;
        let (c_n, c_m) = (pool.symbol(Symbol::Coefficient(N)), pool.symbol(Symbol::Coefficient(M)));
        let product = pool.mul([c_n, c_m, two_point]);
        let risk = pool.scale(product, (1, 2).into());
        let flow = Self::flow(&mut pool, risk);
        let readout = Self::readout(&mut pool, risk);
        let noise = Self::noise(&mut pool, activation)?;
        if !pool.is_exact() {
            return Err("the constants of the equations grow beyond 128 bits".into());
        }
        Ok(Equations { pool, two_point, risk, flow, readout, noise })
    }

    /// dΩ_ib = dw_i·w_b/d with dw_i = -γ d ∂R/∂w_i. The summand f(n, m) of the risk is symmetric, so ∂R/∂q_in is
    /// 2 ∂f(i, n)/∂q_in, and moving q_ii moves w_i twice: dΩ_ib = -γ Σ_n [q_ib · 4 ∂f/∂q_ii + q_nb · 2 ∂f/∂q_in],
    /// which divided by γ s a_i c_n is I3.
    fn flow(pool: &mut Pool, risk: Expr) -> Flow {
        let summand = rename(pool, risk, &own_student);
        // c_i = -s a_i of the student itself; c_n stays, whatever node n is.
        let summand = with_own_readout(pool, summand);
        let gamma = pool.symbol(Symbol::Parameter(Parameter::Gamma));
        let (s, a_i) = (pool.symbol(Symbol::Parameter(Parameter::Scale)), pool.symbol(Symbol::Readout(I)));
        let rate = pool.mul([gamma, s, a_i]);
        let c_n = pool.symbol(Symbol::Coefficient(N));
        let mut part = |symbol: Symbol, weight: i128| {
            let derivative = pool.differentiate(summand, &symbol);
            let minus_gamma = pool.scale(gamma, (-weight).into());
            let common = pool.mul([rate, c_n]);
            let inverse = pool.pow(common, -1, 1);
            pool.mul([minus_gamma, derivative, inverse])
        };
        let own = part(Symbol::overlap(I, I), 4);
        let other = part(Symbol::overlap(I, N), 2);
        Flow { rate, own, other }
    }

    /// da_i = -γ_a ∂R/∂a_i = -γ_a Σ_n 2 ∂f(i, n)/∂c_i · ∂c_i/∂a_i.
    fn readout(pool: &mut Pool, risk: Expr) -> Readout {
        let derivative = pool.differentiate(risk, &Symbol::Coefficient(N));
        let summand = rename(pool, derivative, &own_student);
        let c_n = pool.symbol(Symbol::Coefficient(N));
        let inverse = pool.pow(c_n, -1, 1);
        let twice = pool.scale(summand, 2.into());
        let expectation = pool.mul([twice, inverse]);
        let (gamma_a, s) = (
            pool.symbol(Symbol::Parameter(Parameter::GammaA)),
            pool.symbol(Symbol::Parameter(Parameter::Scale)),
        );
        let rate = pool.mul([gamma_a, s]);
        Readout { rate, expectation }
    }

    /// E[E² σ'(λ_j) σ'(λ_l)] by tilting: both σ' go into the measure, two factors σ remain.
    fn noise(pool: &mut Pool, activation: &dyn Activation) -> Result<Noise, String> {
        let weight = activation.weight(pool).ok_or_else(|| {
            format!(
                "I4 = E[σ' σ' σ σ] of `{}` has no closed form: its σ' is not a Gaussian",
                activation.name()
            )
        })?;
        let mut covariance = Covariance::default();
        covariance.tilt(pool, weight, J, "u", N);
        covariance.tilt(pool, weight, L, "v", N);
        let mass = covariance.mass(pool);
        let (q_nn, q_nm, q_mm) =
            (covariance.entry(pool, N, N), covariance.entry(pool, N, M), covariance.entry(pool, M, M));
        let tilted = activation.two_point(pool, q_nn, q_nm, q_mm);
        let gamma = pool.symbol(Symbol::Parameter(Parameter::Gamma));
        let s = pool.symbol(Symbol::Parameter(Parameter::Scale));
        let (a_j, a_l) = (pool.symbol(Symbol::Readout(J)), pool.symbol(Symbol::Readout(L)));
        let batch = pool.symbol(Symbol::Parameter(Parameter::Batch));
        let inverse = pool.pow(batch, -1, 1);
        let rate = pool.mul([gamma, gamma, s, s, a_j, a_l, inverse]);
        Ok(Noise { rate, mass, vectors: covariance.vectors, tilted })
    }

    /// Whether the tilted two-point function is unchanged when n and m trade places, so that half the sum is enough.
    pub fn tilted_is_symmetric(&mut self) -> bool {
        let swapped = rename(&mut self.pool, self.noise.tilted, &|index| match index {
            N => M,
            M => N,
            other => other,
        });
        swapped == self.noise.tilted
    }
}

/// The summand of nodes n, m becomes that of student i and node n.
fn own_student(index: Index) -> Index {
    match index {
        N => I,
        M => N,
        other => other,
    }
}

fn with_own_readout(pool: &mut Pool, expr: Expr) -> Expr {
    pool.substitute(expr, &mut |pool, symbol| {
        (*symbol == Symbol::Coefficient(I)).then(|| {
            let (s, a) = (pool.symbol(Symbol::Parameter(Parameter::Scale)), pool.symbol(Symbol::Readout(I)));
            let product = pool.mul([s, a]);
            pool.scale(product, (-1).into())
        })
    })
}
