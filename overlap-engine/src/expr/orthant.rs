//! E[sign sign sign sign] of four Gaussian fields: its value and its slope.

use super::{Expr, Pool};

/// The pairs of fields, in the order of the correlations.
const PAIRS: [(usize, usize); 6] = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];

impl Pool {
    /// ∂/∂ρ of the pair at `position`: by Price's rule both signs become 2 δ, so the other two fields are conditioned on
    /// these two being zero, (2/π) (1 - ρ²)^(-½) · (2/π) arcsin of what correlation is left.
    pub(super) fn four_signs_slope(&mut self, correlations: [Expr; 6], position: usize) -> Expr {
        let entry = |a: usize, b: usize| {
            let pair = (a.min(b), a.max(b));
            correlations[PAIRS.iter().position(|&known| known == pair).expect("two of four fields")]
        };
        let (i, j) = PAIRS[position];
        let mut others = (0..4).filter(|&field| field != i && field != j);
        let (k, l) = (others.next().expect("two are left"), others.next().expect("two are left"));
        let (one, rho) = (self.integer(1), correlations[position]);
        let square = self.pow(rho, 2, 1);
        let determinant = self.sub(one, square);
        // What is left of the covariance of x and y, times the determinant.
        let mut left = |covariance: Expr, x: usize, y: usize| {
            let (xi, xj, yi, yj) = (entry(x, i), entry(x, j), entry(y, i), entry(y, j));
            let (ii, jj) = (self.mul([xi, yi]), self.mul([xj, yj]));
            let (ij, ji) = (self.mul([rho, xi, yj]), self.mul([rho, xj, yi]));
            let whole = self.mul([covariance, determinant]);
            let minus = self.add([ii, jj]);
            let first = self.sub(whole, minus);
            self.add([first, ij, ji])
        };
        let (kk, kl, ll) = (left(one, k, k), left(entry(k, l), k, l), left(one, l, l));
        let (root_k, root_l, root) = (self.pow(kk, -1, 2), self.pow(ll, -1, 2), self.pow(determinant, -1, 2));
        let cosine = self.mul([kl, root_k, root_l]);
        let angle = self.asin(cosine);
        let (four, pi) = (self.integer(4), self.pi());
        let inverse = self.pow(pi, -2, 1);
        self.mul([four, inverse, root, angle])
    }
}

/// The value: the integral of the slope from independent pairs (1, 2) and (3, 4) to the given correlations between them,
/// with u = sin φ for the part of the way. For checks of derived forms; generated code calls the runtime's.
pub(super) fn four_signs([r12, r13, r14, r23, r24, r34]: [f64; 6]) -> f64 {
    const STEPS: i32 = 400;
    const WIDTH: f64 = 3.3;
    let mut sum = r12.clamp(-1.0, 1.0).asin() * r34.clamp(-1.0, 1.0).asin();
    // Double exponential quadrature on 0 … π/2.
    for step in -STEPS..=STEPS {
        let t = WIDTH * f64::from(step) / f64::from(STEPS);
        let power = (std::f64::consts::PI * t.sinh()).exp();
        let weight = WIDTH / f64::from(STEPS) * std::f64::consts::PI * t.cosh() * power
            / ((1.0 + power) * (1.0 + power));
        let psi = std::f64::consts::FRAC_PI_2 / (1.0 + power);
        let (u, rest) = (psi.cos(), psi.sin());
        for (rho, [ki, kj, li, lj, kl]) in [
            (r13, [r12, u * r23, u * r14, r34, u * r24]),
            (r14, [r12, u * r24, u * r13, r34, u * r23]),
            (r23, [r12, u * r13, u * r24, r34, u * r14]),
            (r24, [r12, u * r14, u * r23, r34, u * r13]),
        ] {
            let r = u * rho;
            let determinant = rest * rest + u * u * (1.0 - rho) * (1.0 + rho);
            let k = determinant - (ki * ki + kj * kj - 2.0 * r * ki * kj);
            let l = determinant - (li * li + lj * lj - 2.0 * r * li * lj);
            let both = kl * determinant - (ki * li + kj * lj - r * (ki * lj + kj * li));
            if k > 1e-15 && l > 1e-15 {
                let angle = (both / (k * l).sqrt()).clamp(-1.0, 1.0).asin();
                sum += weight * std::f64::consts::FRAC_PI_2 * rho * rest / determinant.sqrt() * angle;
            }
        }
    }
    sum * (2.0 / std::f64::consts::PI).powi(2)
}
