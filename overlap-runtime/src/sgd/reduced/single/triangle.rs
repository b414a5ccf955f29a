//! Keeping L a triangle.

use super::sum_of_lanes;
use crate::lanes::Simd;
use crate::sgd::normals::LANES;

/// Householder LQ of the students' part: back to a triangle with a positive diagonal, the other columns zero. `columns`
/// are those of L, `width` numbers each; `reflected` has room for one row.
#[inline(always)]
pub(super) fn compress<S: Simd>(
    s: S,
    columns: &mut [f64],
    reflected: &mut [f64],
    [k, p]: [usize; 2],
    width: usize,
) {
    for i in 0..p {
        let part = &mut columns[(k + i) * width..];
        let v = &mut reflected[..part.len() / width];
        for (v, column) in v.iter_mut().zip(part.chunks_exact(width)) {
            *v = column[i];
        }
        let pivot = v[0];
        let norm = sum_of_squares(v).sqrt();
        if norm == 0.0 {
            continue;
        }
        // v = x + sign(x_0) |x| e_0 and H = 1 - β v vᵀ with β = 1/(|x| (|x| + |x_0|)).
        v[0] = pivot + norm.copysign(pivot);
        let beta = s.splat(1.0 / (norm * (norm + pivot.abs())));
        // H leaves -sign(x_0) |x| on the diagonal; the column's sign is free.
        let flip = s.splat(-1.0_f64.copysign(pivot));
        // Packs that hold rows above only have nothing but zeros here.
        for at in (i / S::LANES * S::LANES..width).step_by(S::LANES) {
            let (mut even, mut odd) = (s.splat(0.0), s.splat(0.0));
            let pairs = part.chunks_exact(2 * width).zip(v.chunks_exact(2));
            for (pair, v) in pairs {
                even = s.add_mul(even, s.load(pair, at), s.splat(v[0]));
                odd = s.add_mul(odd, s.load(pair, width + at), s.splat(v[1]));
            }
            if v.len() % 2 == 1 {
                let last = v.len() - 1;
                even = s.add_mul(even, s.load(part, last * width + at), s.splat(v[last]));
            }
            let dot = beta * (even + odd);
            for (column, &v) in part.chunks_exact_mut(width).zip(&*v) {
                s.store(s.sub_mul(s.load(column, at), dot, s.splat(v)), column, at);
            }
            s.store(flip * s.load(part, at), part, at);
        }
        part[i] = norm;
    }
    // What rounding has left where the triangle is zero.
    for (c, column) in columns[k * width..].chunks_exact_mut(width).enumerate().take(p) {
        for row in &mut column[..c] {
            *row = 0.0;
        }
    }
    columns[(k + p) * width..].fill(0.0);
}

/// By eights.
#[inline(always)]
fn sum_of_squares(numbers: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    for eight in numbers.chunks(LANES) {
        for (lane, x) in lanes.iter_mut().zip(eight) {
            *lane += x * x;
        }
    }
    sum_of_lanes(&lanes)
}
