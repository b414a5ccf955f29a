use overlap::{System, overlap_system};

fn main() {
    overlap_system!(k = 1, p = 1, act = erf);
    overlap_system!(k = 1, p = 2, act = erf);
    overlap_system!(Again: k = 1, p = 2, act = erf);
    let systems: [&dyn System; 3] = [&ErfK1P1, &ErfK1P2, &Again];
    assert_eq!(systems.map(|system| system.shape().p), [1, 2, 2]);
}
