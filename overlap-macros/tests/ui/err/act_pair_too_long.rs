overlap::overlap_system!(k = 1, p = 1, act = hermite(6), teacher_act = erf);

fn main() {}
