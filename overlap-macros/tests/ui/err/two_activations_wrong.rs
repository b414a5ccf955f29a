overlap::overlap_system!(k = 1, p = 1, act = sign, teacher_act = hermite(7));

fn main() {}
