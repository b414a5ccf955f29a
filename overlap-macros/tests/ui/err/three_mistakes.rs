overlap::overlap_system!(k = 4.5, p = -8, act = erf, second_layer = learned);

fn main() {}
