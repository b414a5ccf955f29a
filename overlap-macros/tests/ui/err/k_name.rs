const TEACHERS: usize = 4;
overlap::overlap_system!(k = TEACHERS, p = 8, act = erf);

fn main() {}
