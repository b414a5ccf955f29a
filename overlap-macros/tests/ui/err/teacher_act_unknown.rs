overlap::overlap_system!(k = 1, p = 1, act = erf, teacher_act = sgn);

fn main() {}
