//! What can be recorded of a state.

use super::Processes;
use nalgebra::DMatrix;
use overlap_runtime::{Problem, Shape, State};

/// A quantity with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Observable {
    Risk,
    ExcessRisk,
    Specialisation,
    /// M_ri, indices from 0.
    M(usize, usize),
    /// Q_ij.
    Q(usize, usize),
    /// a_i.
    A(usize),
}

/// Forms of the names.
pub(super) const FORMS: &str = "risk, excess_risk, specialisation, M_r_i, Q_i_j, a_i (units counted from 1), \
                                or M, Q, a for all of their entries";

/// What observables need beside the state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) state: State<'a>,
    pub(super) risk: f64,
    pub(super) noise: f64,
    /// P.
    pub(super) teacher_overlaps: &'a DMatrix<f64>,
}

impl<'a> Scene<'a> {
    /// A state at time t.
    pub(super) fn new(problem: &'a Problem, time: f64, state: State<'a>, risk: f64) -> Self {
        let noise = problem.noise() * problem.noise_schedule().factor(time);
        Scene { state, risk, noise, teacher_overlaps: problem.teacher_overlaps() }
    }
}

impl Observable {
    /// The observables of a name, or `None` where no state of `shape` has them.
    pub(super) fn parse(name: &str, shape: Shape) -> Option<Vec<Self>> {
        use Observable::{A, ExcessRisk, M, Q, Risk, Specialisation};
        let Shape { k, p, .. } = shape;
        let one = match name {
            "risk" => Risk,
            "excess_risk" => ExcessRisk,
            "specialisation" => Specialisation,
            "M" => return Some((0..k).flat_map(|r| (0..p).map(move |i| M(r, i))).collect()),
            "Q" => return Some((0..p).flat_map(|i| (i..p).map(move |j| Q(i, j))).collect()),
            "a" => return Some((0..p).map(A).collect()),
            _ => {
                let mut words = name.split('_');
                let kind = words.next()?;
                let units: Option<Vec<usize>> =
                    words.map(|word| word.parse::<usize>().ok()?.checked_sub(1)).collect();
                match (kind, units?.as_slice()) {
                    ("M", &[r, i]) if r < k && i < p => M(r, i),
                    ("Q", &[i, j]) if i < p && j < p => Q(i, j),
                    ("a", &[i]) if i < p => A(i),
                    _ => return None,
                }
            }
        };
        Some(vec![one])
    }

    pub(super) fn name(self) -> String {
        match self {
            Observable::Risk => "risk".to_owned(),
            Observable::ExcessRisk => "excess_risk".to_owned(),
            Observable::Specialisation => "specialisation".to_owned(),
            Observable::M(r, i) => format!("M_{}_{}", r + 1, i + 1),
            Observable::Q(i, j) => format!("Q_{}_{}", i + 1, j + 1),
            Observable::A(i) => format!("a_{}", i + 1),
        }
    }

    pub(super) fn unit(self) -> &'static str {
        match self {
            Observable::Risk => "E[(y - f)^2] / 2, with noise / 2",
            Observable::ExcessRisk => "E[(y - f)^2] / 2, without noise / 2",
            Observable::Specialisation => "largest minus second largest |cosine| with the teachers",
            Observable::M(..) => "w*_r . w_i / d",
            Observable::Q(..) => "w_i . w_j / d",
            Observable::A(_) => "second-layer weight",
        }
    }

    pub(super) fn value(self, scene: &Scene<'_>) -> f64 {
        match self {
            Observable::Risk => scene.risk,
            Observable::ExcessRisk => scene.risk - 0.5 * scene.noise,
            Observable::Specialisation => scene.state.specialisation(scene.teacher_overlaps),
            Observable::M(r, i) => scene.state.m(r, i),
            Observable::Q(i, j) => scene.state.q(i, j),
            Observable::A(i) => scene.state.a(i),
        }
    }

    /// Position in the state vector, of entries of the state.
    pub(super) fn index(self, shape: Shape) -> Option<usize> {
        match self {
            Observable::M(r, i) => Some(shape.m(r, i)),
            Observable::Q(i, j) => Some(shape.q(i, j)),
            Observable::A(i) if shape.trained => Some(shape.a(i)),
            _ => None,
        }
    }
}

impl Processes {
    /// Prefixes of the columns.
    pub(super) fn prefixes(self) -> Vec<&'static str> {
        [(self.ode, "ode"), (self.sgd, "sgd")]
            .into_iter()
            .filter(|(runs, _)| *runs)
            .map(|(_, name)| name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_state_and_read_back() {
        let shape = Shape { k: 2, p: 3, trained: true };
        let all: Vec<String> = ["M", "Q", "a"]
            .iter()
            .flat_map(|name| Observable::parse(name, shape).unwrap())
            .map(Observable::name)
            .collect();
        assert_eq!(all, shape.names());
        for (index, name) in all.iter().enumerate() {
            let found = Observable::parse(name, shape).unwrap();
            assert_eq!(found[0].index(shape), Some(index));
        }
        for wrong in ["M_3_1", "M_1_4", "M_0_1", "Q_1", "a_4", "m_1_1", "M_1_x", "loss", ""] {
            assert_eq!(Observable::parse(wrong, shape), None, "{wrong}");
        }
    }
}
