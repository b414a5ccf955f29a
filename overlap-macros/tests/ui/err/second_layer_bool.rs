overlap::overlap_system!(k = 4, p = 8, act = erf, second_layer = true);

fn main() {}
