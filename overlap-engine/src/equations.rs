//! The equations of a system, derived from the population risk.
//!
//! With E = Σ_n c_n σ(λ_n) + √Δ ζ the risk is R = ½ Σ_nm c_n c_m I2(n, m) + Δ/2. Everything below follows from it:
//! the gradient flow of the first layer, dΩ_ib = -γ Σ_m (∂R/∂Ω_im + ∂R/∂Ω_mi) Ω_mb, that of the second layer,
//! da_i = -γ_a ∂R/∂a_i, and, from the square of one SGD step, the noise term of Q (arXiv 2202.00293; Saad and Solla,
//! Phys. Rev. E 52, 4225, 1995).

use crate::activation::{Activation, Activations};
use crate::expr::{Expr, Pool};
use crate::gaussian::{Covariance, Definition, Expectation, place};
use crate::resolve::{MOST_EXPRESSIONS, along, by_tilting, under};
use crate::symbol::{Index, Kind, Parameter, Symbol};

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

/// The derived equations in terms of index roles. A sum over n or m runs over all nodes; where teachers and students
/// have activations of their own, it is split by kinds of nodes.
#[derive(Debug)]
pub struct Equations<'a> {
    /// The expressions' home.
    pub pool: Pool,
    /// What they were derived for.
    pub activations: Activations<'a>,
    /// Whether I4 has a form of its own where nodes coincide ([`Equations::four_point`]): steps make the general
    /// form a limit there. Then the mass is 1, and `tilted` and `label` hold for different nodes only.
    pub by_coincidence: bool,
    /// Whether an activation has a step, so that two fields that are nearly one have a kink or more in common.
    pub steps: bool,
    /// What depends on one node n: one case, or one for teachers and one for students.
    pub forces: Vec<Force>,
    /// What depends on two nodes n, m: one case, or teacher-teacher, teacher-student and student-student.
    pub pairs: Vec<Pair>,
    /// Gradient flow of the first layer: dΩ_ib = flow_rate · Σ_n c_n (q_ib · own + q_nb · other), of any node b; the
    /// bracket is I3(i, b, n) = E[σ'(λ_i) λ_b σ(λ_n)], as Stein's rule has it. γ s a_i.
    pub flow_rate: Expr,
    /// Gradient flow of the second layer: da_i = readout_rate · Σ_n c_n I2(i, n). γ_a s.
    pub readout_rate: Expr,
    /// Noise of SGD: dQ_jl gains noise.rate · noise.mass · (Σ_nm c_n c_m tilted + Δ label).
    pub noise: Noise,
}

/// Expectations of student i and node n.
#[derive(Debug, Clone, Copy)]
pub struct Force {
    /// The node n: all nodes, teachers or students.
    pub n: Index,
    /// K2(i, n) = E[σ''(λ_i) σ(λ_n)], the pull along the student's own weights.
    pub own: Expr,
    /// J2(i, n) = E[σ'(λ_i) σ'(λ_n)], the pull along the weights of node n.
    pub other: Expr,
    /// I2(i, n).
    pub two_point: Expr,
    /// As in [`Pair`], of i and n.
    pub degenerate: bool,
}

/// Expectations of nodes n and m.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// The node n.
    pub n: Index,
    /// The node m.
    pub m: Index,
    /// I2(n, m).
    pub two_point: Expr,
    /// The summand of the risk, R = Σ_nm risk + Δ/2; teacher-student pairs count twice, as (m, n) is left out.
    pub risk: Expr,
    /// I4(j, l, n, m) / mass, and twice that for teacher-student pairs.
    pub tilted: Expr,
    /// Whether n and m may trade places, so that half of the sum is enough.
    pub symmetric: bool,
    /// Whether n and m may be one node with a step in its activation: then an arcsine's x is ±1, and 1 - x² must be 0 exactly.
    pub degenerate: bool,
}

/// The noise of SGD, see [`Equations`].
#[derive(Debug)]
pub struct Noise {
    /// γ² s² a_j a_l / b.
    pub rate: Expr,
    /// What I4 and J2 have in common: J2(j, l) where both σ' tilt the measure, else 1.
    pub mass: Expr,
    /// J2(j, l) / mass.
    pub label: Expr,
    /// The vectors that tilting subtracts from Ω, and that `tilted` refers to.
    pub vectors: Vec<Definition>,
}

impl<'a> Equations<'a> {
    /// Derives the equations of students and teachers.
    ///
    /// # Errors
    /// A sentence that says which expectation has no closed form.
    pub fn derive(activations: Activations<'a>) -> Result<Self, String> {
        let mut pool = Pool::new();
        match Self::derive_in(&mut pool, activations) {
            Err(_) if pool.len() > MOST_EXPRESSIONS => Err(too_many(activations)),
            Err(message) => Err(message),
            Ok(equations) => Ok(Equations { pool, ..equations }),
        }
    }

    /// [`derive`](Equations::derive) with all expressions in `pool`, not in the result's.
    fn derive_in(pool: &mut Pool, activations: Activations<'a>) -> Result<Self, String> {
        let by_coincidence = has_forms_by_coincidence(activations);
        let steps = has_step(pool, activations.student) || has_step(pool, activations.teacher);
        if let Some(reason) = activations.student.no_student() {
            return Err(reason.into());
        }
        let (gamma, gamma_a) = (
            pool.symbol(Symbol::Parameter(Parameter::Gamma)),
            pool.symbol(Symbol::Parameter(Parameter::GammaA)),
        );
        let (s, a_i) = (pool.symbol(Symbol::Parameter(Parameter::Scale)), pool.symbol(Symbol::Readout(I)));
        let flow_rate = pool.mul([gamma, s, a_i]);
        let readout_rate = pool.mul([gamma_a, s]);
        let (noise, covariance) = Self::noise(pool, activations)?;
        let kinds = activations.kinds();
        let mut forces = Vec::new();
        for &kind in kinds {
            let mut force = Self::force(pool, activations, Index::Role(kind, 'n'), flow_rate)?;
            if by_coincidence {
                // Where both fields are one the derivatives of I2 are 0/0 as they are written; the rules applied to the
                // expectations themselves give the same in a form that is not.
                [force.own, force.other] = pulls(pool, activations, I, force.n)?;
            }
            forces.push(force);
        }
        let mut pairs = Vec::new();
        for (position, &first) in kinds.iter().enumerate() {
            for &second in &kinds[position..] {
                let roles = (Index::Role(first, 'n'), Index::Role(second, 'm'));
                pairs.push(Self::pair(pool, activations, roles, &covariance, noise.mass)?);
            }
        }
        if !pool.is_exact() {
            return Err(INEXACT.into());
        }
        let pool = Pool::new();
        Ok(Equations {
            pool,
            activations,
            by_coincidence,
            steps,
            forces,
            pairs,
            flow_rate,
            readout_rate,
            noise,
        })
    }

    /// dΩ_ib = dw_i·w_b/d with dw_i = -γ d ∂R/∂w_i. The summand f(n, m) of the risk is symmetric, so ∂R/∂q_in is
    /// 2 ∂f(i, n)/∂q_in, and moving q_ii moves w_i twice: dΩ_ib = -γ Σ_n [q_ib · 4 ∂f/∂q_ii + q_nb · 2 ∂f/∂q_in],
    /// which divided by γ s a_i c_n is I3. In the same way da_i = -γ_a ∂R/∂a_i = -γ_a Σ_n 2 ∂f(i, n)/∂c_i · ∂c_i/∂a_i.
    fn force(
        pool: &mut Pool,
        activations: Activations<'_>,
        n: Index,
        flow_rate: Expr,
    ) -> Result<Force, String> {
        let two_point = two_point(pool, activations, I, n)?;
        let gamma = pool.symbol(Symbol::Parameter(Parameter::Gamma));
        let c_n = pool.symbol(Symbol::Coefficient(n));
        let summand = risk_summand(pool, n, two_point);
        let common = pool.mul([flow_rate, c_n]);
        let inverse = pool.pow(common, -1, 1);
        let mut part = |symbol: Symbol, weight: i128| {
            let derivative = pool.differentiate(summand, &symbol);
            let minus_gamma = pool.scale(gamma, (-weight).into());
            pool.mul([minus_gamma, derivative, inverse])
        };
        let own = part(Symbol::overlap(I, I), 4);
        let other = part(Symbol::overlap(I, n), 2);
        let degenerate = may_be_one(pool, activations, I, n);
        Ok(Force { n, own, other, two_point, degenerate })
    }

    fn pair(
        pool: &mut Pool,
        activations: Activations<'_>,
        (n, m): (Index, Index),
        covariance: &Covariance,
        mass: Expr,
    ) -> Result<Pair, String> {
        let two_point = two_point(pool, activations, n, m)?;
        // Both orders of a teacher and a student.
        let times = if n.kind() == m.kind() { 1 } else { 2 };
        let (c_n, c_m) = (pool.symbol(Symbol::Coefficient(n)), pool.symbol(Symbol::Coefficient(m)));
        let product = pool.mul([c_n, c_m, two_point]);
        let risk = pool.scale(product, (times, 2).into());
        let missing = || missing("I4 = E[σ' σ' σ σ]", activations);
        let tilted = if covariance == &Covariance::default() {
            let factors = vec![(J, 1), (L, 1), (n, 0), (m, 0)];
            let four = by_tilting(pool, activations, &Expectation { factors, fields: vec![] })
                .ok_or_else(missing)?;
            let inverse = pool.pow(mass, -1, 1);
            pool.mul([four, inverse])
        } else {
            let factors = vec![(n, 0), (m, 0)];
            under(pool, activations, covariance, &Expectation { factors, fields: vec![] })
                .ok_or_else(missing)?
        };
        let tilted = pool.scale(tilted, times.into());
        let symmetric = n.kind() == m.kind();
        let degenerate = may_be_one(pool, activations, n, m);
        Ok(Pair { n, m, two_point, risk, tilted, symmetric, degenerate })
    }

    /// E[E² σ'(λ_j) σ'(λ_l)]. Where σ' is one Gaussian both go into the measure, and two factors σ remain.
    fn noise(pool: &mut Pool, activations: Activations<'_>) -> Result<(Noise, Covariance), String> {
        let student = activations.student;
        let mut covariance = Covariance::default();
        let mut vectors = Vec::new();
        let one = pool.integer(1);
        let terms = student.terms(pool).ok_or_else(|| missing("I2 = E[σ σ]", activations))?;
        let (mass, label) = match terms[..] {
            [term] if term.is_error_function() => {
                let mut factors = vec![term.coefficient, term.coefficient];
                for (index, name) in [(J, "u"), (L, "v")] {
                    let width = term.width.expect("just seen");
                    let (mass, vector) = covariance.tilt_named(pool, width, index, name, N);
                    factors.push(mass);
                    vectors.push(vector);
                }
                (pool.mul(factors), one)
            }
            _ => {
                let wanted = Expectation { factors: vec![(J, 1), (L, 1)], fields: vec![] };
                let label = by_tilting(pool, activations, &wanted)
                    .ok_or_else(|| missing("J2 = E[σ' σ']", activations))?;
                (one, label)
            }
        };
        let gamma = pool.symbol(Symbol::Parameter(Parameter::Gamma));
        let s = pool.symbol(Symbol::Parameter(Parameter::Scale));
        let (a_j, a_l) = (pool.symbol(Symbol::Readout(J)), pool.symbol(Symbol::Readout(L)));
        let batch = pool.symbol(Symbol::Parameter(Parameter::Batch));
        let inverse = pool.pow(batch, -1, 1);
        let rate = pool.mul([gamma, gamma, s, s, a_j, a_l, inverse]);
        Ok((Noise { rate, mass, label, vectors }, covariance))
    }

    /// I4(j, l, n, m) of nodes by role where some have the direction of others, `firsts` being the first of each
    /// direction: exact where those are one node, and to first order in the angle between them.
    ///
    /// # Panics
    /// Without forms by coincidence.
    pub fn four_point_along(&mut self, nodes: [Index; 4], firsts: [Index; 4]) -> Expr {
        assert!(self.by_coincidence, "forms by coincidence");
        let [j, l, n, m] = nodes;
        let factors = vec![(j, 1), (l, 1), (n, 0), (m, 0)];
        let wanted = Expectation { factors, fields: vec![] };
        let first_of = |index| match nodes.iter().position(|&node| node == index) {
            Some(position) => firsts[position],
            None => index,
        };
        let bare = (j != l && firsts[0] == firsts[1]).then_some([j, l]);
        along(&mut self.pool, self.activations, &wanted, &first_of, bare)
            .expect("the general case has a form")
    }

    /// I4(j, l, n, m) / mass of these nodes, in any order: roles, or definite ones, of which equal ones are one field.
    pub fn four_point(&mut self, [j, l, n, m]: [Index; 4]) -> Expr {
        if self.by_coincidence {
            let factors = vec![(j, 1), (l, 1), (n, 0), (m, 0)];
            let wanted = Expectation { factors, fields: vec![] };
            return by_tilting(&mut self.pool, self.activations, &wanted)
                .expect("the general case has a form");
        }
        let (pair, n, m) = self.ordered(n, m);
        let four = place(&mut self.pool, pair.tilted, &[(J, j), (L, l), (pair.n, n), (pair.m, m)]);
        // Both orders of a teacher and a student are in one case.
        if pair.n.kind() == pair.m.kind() { four } else { self.pool.scale(four, (1, 2).into()) }
    }

    /// E[σ'(λ_j) σ'(λ_l) Π σ(λ_n)] of these nodes, of which equal ones are one field, without named intermediates: to be
    /// differentiated.
    pub(crate) fn whole(&mut self, [j, l]: [Index; 2], nodes: &[Index]) -> Expr {
        let factors = [(j, 1), (l, 1)].into_iter().chain(nodes.iter().map(|&n| (n, 0))).collect();
        by_tilting(&mut self.pool, self.activations, &Expectation { factors, fields: vec![] })
            .expect("the general case has a form")
    }

    /// J2(j, l) / mass of these nodes.
    pub fn label(&mut self, j: Index, l: Index) -> Expr {
        if self.by_coincidence {
            let wanted = Expectation { factors: vec![(j, 1), (l, 1)], fields: vec![] };
            return by_tilting(&mut self.pool, self.activations, &wanted)
                .expect("the general case has a form");
        }
        place(&mut self.pool, self.noise.label, &[(J, j), (L, l)])
    }

    /// I2(n, m) of these nodes, in any order.
    pub fn two_point(&mut self, n: Index, m: Index) -> Expr {
        let (pair, n, m) = self.ordered(n, m);
        place(&mut self.pool, pair.two_point, &[(pair.n, n), (pair.m, m)])
    }

    /// K2(i, n), J2(i, n) and I2(i, n) of student i and node n, of which equal ones are one field: to be differentiated.
    ///
    /// # Panics
    /// Without forms by coincidence.
    pub fn at_coincidence(&mut self, i: Index, n: Index) -> [Expr; 3] {
        assert!(self.by_coincidence, "forms by coincidence");
        let (pool, activations) = (&mut self.pool, self.activations);
        let two_point = two_point(pool, activations, i, n).expect("the general case has a form");
        let [own, other] = pulls(pool, activations, i, n).expect("the general case has a form");
        [own, other, two_point]
    }

    /// The case of one node.
    pub fn force_of(&self, n: Index) -> Force {
        *self.forces.iter().find(|force| matches(force.n, n)).expect("a case for every kind")
    }

    /// The case of two nodes, and the nodes in its order.
    fn ordered(&self, n: Index, m: Index) -> (Pair, Index, Index) {
        let of = |n, m| self.pairs.iter().copied().find(|pair| matches(pair.n, n) && matches(pair.m, m));
        match of(n, m) {
            Some(pair) => (pair, n, m),
            None => (of(m, n).expect("a case for every two kinds"), m, n),
        }
    }
}

/// f(i, n) = ½ c_i c_n I2(i, n) with c_i = -s a_i, a summand of the risk.
pub(crate) fn risk_summand(pool: &mut Pool, n: Index, two_point: Expr) -> Expr {
    let (s, a_i) = (pool.symbol(Symbol::Parameter(Parameter::Scale)), pool.symbol(Symbol::Readout(I)));
    let c_n = pool.symbol(Symbol::Coefficient(n));
    let product = pool.mul([s, a_i, c_n, two_point]);
    pool.scale(product, (-1, 2).into())
}

/// K2(i, n) = E[σ''(λ_i) σ(λ_n)] and J2(i, n) = E[σ'(λ_i) σ'(λ_n)].
fn pulls(pool: &mut Pool, activations: Activations<'_>, i: Index, n: Index) -> Result<[Expr; 2], String> {
    let mut form = |order| {
        let wanted = Expectation { factors: vec![(i, 2 - order), (n, order)], fields: vec![] };
        by_tilting(pool, activations, &wanted).ok_or_else(|| missing("I3 = E[σ' λ σ]", activations))
    };
    Ok([form(0)?, form(1)?])
}

/// Whether the general form of I4 is 0/0 where nodes coincide: a step in σ', or bare fields that Stein's rule contracts
/// with the step of a teacher.
fn has_forms_by_coincidence(activations: Activations<'_>) -> bool {
    let mut pool = Pool::new();
    let terms = activations.student.terms(&mut pool).unwrap_or_default();
    let linear = terms.iter().all(|term| term.width.is_none() && term.power <= 1);
    let one_gaussian = matches!(&terms[..], [term] if term.is_error_function());
    has_step(&mut pool, activations.student)
        || (!linear && !one_gaussian && has_step(&mut pool, activations.teacher))
}

/// Whether an activation has an error function of width 0, a step.
fn has_step(pool: &mut Pool, activation: &dyn Activation) -> bool {
    let (zero, terms) = (pool.integer(0), activation.terms(pool).unwrap_or_default());
    terms.iter().any(|term| term.width == Some(zero))
}

/// Whether two roles can be one node with a step.
fn may_be_one(pool: &mut Pool, activations: Activations<'_>, n: Index, m: Index) -> bool {
    let teacher = |index: Index| index.kind() == Kind::Teacher;
    teacher(n) == teacher(m) && has_step(pool, activations.of(n))
}

/// Whether `role` may take the place of `index`.
fn matches(role: Index, index: Index) -> bool {
    role.kind() == Kind::Node || role.kind() == index.kind()
}

fn two_point(pool: &mut Pool, activations: Activations<'_>, n: Index, m: Index) -> Result<Expr, String> {
    by_tilting(pool, activations, &Expectation { factors: vec![(n, 0), (m, 0)], fields: vec![] })
        .ok_or_else(|| missing("I2 = E[σ σ]", activations))
}

/// What is said where constants have no exact value.
pub const INEXACT: &str = "the constants of the equations grow beyond 128 bits";

fn too_many(activations: Activations<'_>) -> String {
    let [student, teacher] = [activations.student, activations.teacher].map(|activation| activation.name());
    format!(
        "the equations of `{student}` students and `{teacher}` teachers take more than {MOST_EXPRESSIONS} expressions: \
         lower the degree"
    )
}

fn missing(what: &str, activations: Activations<'_>) -> String {
    let name = |activation: &dyn Activation| format!("`{}`", activation.name());
    let whose = if activations.agree() {
        name(activations.student)
    } else {
        format!("{} students and {} teachers", name(activations.student), name(activations.teacher))
    };
    format!("{what} of {whose} has no closed form")
}
