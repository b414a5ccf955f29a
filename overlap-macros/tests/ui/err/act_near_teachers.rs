//! `sign` is near, but no activation of students.

overlap::overlap_system!(k = 4, p = 8, act = sin);

fn main() {}
