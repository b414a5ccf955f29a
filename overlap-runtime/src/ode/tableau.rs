//! The embedded Runge-Kutta methods: Butcher tableaux without their zeros.
//!
//! Coefficients of E. Hairer, S. P. Nørsett, G. Wanner, *Solving Ordinary Differential Equations I* (2nd ed., 1993), section
//! II.5, and of their code DOP853, after J. R. Dormand and P. J. Prince (1980) and P. J. Prince and J. R. Dormand (1981).

/// Σ weight · k_stage, stages counted from 0.
pub(super) type Combination = &'static [(usize, f64)];

/// An embedded method.
#[derive(Debug)]
pub(super) struct Tableau {
    /// Combination of the earlier stages at each stage after the first.
    pub(super) stages: &'static [Combination],
    /// Place of each stage after the first in the step, in [0, 1].
    pub(super) nodes: &'static [f64],
    /// The new state; the last row of `stages` where the method is first-same-as-last.
    pub(super) solution: Combination,
    /// Error estimates, as combinations of all stages; the second one empty where there is only one.
    pub(super) errors: [Combination; 2],
}

/// Of methods that are no explicit Runge-Kutta methods.
pub(super) static NONE: Tableau = Tableau { stages: &[], nodes: &[], solution: &[], errors: [&[], &[]] };

/// Order 5(4), 7 stages, the last of which is the first one of the next step.
pub(super) static DOPRI5: Tableau = Tableau {
    stages: &[
        &[(0, 1.0 / 5.0)],
        &[(0, 3.0 / 40.0), (1, 9.0 / 40.0)],
        &[(0, 44.0 / 45.0), (1, -56.0 / 15.0), (2, 32.0 / 9.0)],
        &[(0, 19372.0 / 6561.0), (1, -25360.0 / 2187.0), (2, 64448.0 / 6561.0), (3, -212.0 / 729.0)],
        &[
            (0, 9017.0 / 3168.0),
            (1, -355.0 / 33.0),
            (2, 46732.0 / 5247.0),
            (3, 49.0 / 176.0),
            (4, -5103.0 / 18656.0),
        ],
        DOPRI5_SOLUTION,
    ],
    nodes: &[1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0],
    solution: DOPRI5_SOLUTION,
    errors: [
        &[
            (0, 71.0 / 57600.0),
            (2, -71.0 / 16695.0),
            (3, 71.0 / 1920.0),
            (4, -17253.0 / 339200.0),
            (5, 22.0 / 525.0),
            (6, -1.0 / 40.0),
        ],
        &[],
    ],
};

const DOPRI5_SOLUTION: Combination =
    &[(0, 35.0 / 384.0), (2, 500.0 / 1113.0), (3, 125.0 / 192.0), (4, -2187.0 / 6784.0), (5, 11.0 / 84.0)];

/// Order 8(5,3), 12 stages, with two error estimates.
pub(super) static DOP853: Tableau = Tableau {
    stages: &[
        &[(0, 0.05260015195876773)],
        &[(0, 0.0197250569845379), (1, 0.0591751709536137)],
        &[(0, 0.02958758547680685), (2, 0.08876275643042054)],
        &[(0, 0.2413651341592667), (2, -0.8845494793282861), (3, 0.924834003261792)],
        &[(0, 0.037037037037037035), (3, 0.17082860872947386), (4, 0.12546768756682242)],
        &[(0, 0.037109375), (3, 0.17025221101954405), (4, 0.06021653898045596), (5, -0.017578125)],
        &[
            (0, 0.03709200011850479),
            (3, 0.17038392571223998),
            (4, 0.10726203044637328),
            (5, -0.015319437748624402),
            (6, 0.008273789163814023),
        ],
        &[
            (0, 0.6241109587160757),
            (3, -3.3608926294469414),
            (4, -0.868219346841726),
            (5, 27.59209969944671),
            (6, 20.154067550477894),
            (7, -43.48988418106996),
        ],
        &[
            (0, 0.47766253643826434),
            (3, -2.4881146199716677),
            (4, -0.590290826836843),
            (5, 21.230051448181193),
            (6, 15.279233632882423),
            (7, -33.28821096898486),
            (8, -0.020331201708508627),
        ],
        &[
            (0, -0.9371424300859873),
            (3, 5.186372428844064),
            (4, 1.0914373489967295),
            (5, -8.149787010746927),
            (6, -18.52006565999696),
            (7, 22.739487099350505),
            (8, 2.4936055526796523),
            (9, -3.0467644718982196),
        ],
        &[
            (0, 2.273310147516538),
            (3, -10.53449546673725),
            (4, -2.0008720582248625),
            (5, -17.9589318631188),
            (6, 27.94888452941996),
            (7, -2.8589982771350235),
            (8, -8.87285693353063),
            (9, 12.360567175794303),
            (10, 0.6433927460157636),
        ],
    ],
    nodes: &[
        0.05260015195876773,
        0.0789002279381516,
        0.1183503419072274,
        0.2816496580927726,
        0.3333333333333333,
        0.25,
        0.3076923076923077,
        0.6512820512820513,
        0.6,
        0.8571428571428571,
        1.0,
    ],
    solution: &[
        (0, 0.054293734116568765),
        (5, 4.450312892752409),
        (6, 1.8915178993145003),
        (7, -5.801203960010585),
        (8, 0.3111643669578199),
        (9, -0.1521609496625161),
        (10, 0.20136540080403034),
        (11, 0.04471061572777259),
    ],
    errors: [
        &[
            (0, 0.01312004499419488),
            (5, -1.2251564463762044),
            (6, -0.4957589496572502),
            (7, 1.6643771824549864),
            (8, -0.35032884874997366),
            (9, 0.3341791187130175),
            (10, 0.08192320648511571),
            (11, -0.022355307863886294),
        ],
        &[
            (0, -0.18980075407240762),
            (5, 4.450312892752409),
            (6, 1.8915178993145003),
            (7, -5.801203960010585),
            (8, -0.42268232132379197),
            (9, -0.1521609496625161),
            (10, 0.20136540080403034),
            (11, 0.022651792198360825),
        ],
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a Runge-Kutta method sum to its nodes; the solution has weight one and the errors none.
    #[test]
    fn rows_are_consistent() {
        for tableau in [&DOPRI5, &DOP853] {
            let sum = |row: Combination| row.iter().map(|(_, weight)| weight).sum::<f64>();
            assert_eq!(tableau.stages.len(), tableau.nodes.len());
            for (row, node) in tableau.stages.iter().zip(tableau.nodes) {
                assert!((sum(row) - node).abs() < 1e-14, "{row:?} {node}");
            }
            assert!((sum(tableau.solution) - 1.0).abs() < 1e-14);
            for error in tableau.errors {
                assert!(sum(error).abs() < 1e-14, "{error:?}");
            }
        }
    }

    /// Quadrature conditions Σ b c^(q-1) = 1/q up to the order, and not beyond: a mistyped digit breaks them.
    #[test]
    fn solutions_have_their_order() {
        for (tableau, order) in [(&DOPRI5, 5), (&DOP853, 8)] {
            let node = |stage: usize| if stage == 0 { 0.0 } else { tableau.nodes[stage - 1] };
            let moment = |q: i32| {
                tableau.solution.iter().map(|&(stage, weight)| weight * node(stage).powi(q - 1)).sum::<f64>()
                    - 1.0 / f64::from(q)
            };
            for q in 1..=order {
                assert!(moment(q).abs() < 1e-14, "{q}: {:e}", moment(q));
            }
            assert!(moment(order + 1).abs() > 1e-6);
        }
    }
}
