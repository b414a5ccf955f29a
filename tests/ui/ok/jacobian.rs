use overlap::{Problem, Shape, System, jacobian};

overlap::overlap_system!(k = 1, p = 2, act = erf, jacobian = true);
overlap::overlap_system!(Without: k = 1, p = 2, act = erf, jacobian = false);

fn main() {
    let problem = Problem::builder(1, 2).build().unwrap();
    let state = [0.1, 0.2, 0.5, 0.0, 0.6];
    let found = jacobian(&ErfK1P2, &problem, &state).unwrap();
    assert_eq!(found.by_state.shape(), (5, 5));
    assert_eq!(found.by_parameters.shape(), (5, 3));
    assert_eq!(ErfK1P2.shape().parameter_names(), ["gamma", "Delta", "P_1_1"]);
    assert_eq!(Without.shape(), Shape { k: 1, p: 2, trained: false });
    assert!(jacobian(&Without, &problem, &state).is_err());
}
