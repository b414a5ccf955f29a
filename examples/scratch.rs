//! scratch
overlap::overlap_system!(k = 4, p = 8, act = erf, unroll = never);
fn main() {
    println!("{}", ErfK4P8::EQUATIONS);
    println!("{}", ErfK4P8::EQUATIONS_LATEX);
}
