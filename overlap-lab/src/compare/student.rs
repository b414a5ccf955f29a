//! Student's t, as far as a comparison needs it.

/// The t with P(|T| > t) = `chance` for Student's t with `freedom` degrees of freedom.
pub(super) fn quantile(chance: f64, freedom: usize) -> f64 {
    // With t = √ν tan θ the tail falls monotonically from 1 at θ = 0 to 0 at π/2.
    let (mut low, mut high) = (0.0, std::f64::consts::FRAC_PI_2);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if tail(middle, freedom) > chance {
            low = middle;
        } else {
            high = middle;
        }
    }
    (freedom as f64).sqrt() * (0.5 * (low + high)).tan()
}

/// P(|T| > √ν tan θ), by the finite sums of Abramowitz and Stegun 26.7.3 (ν odd) and 26.7.4 (ν even).
fn tail(theta: f64, freedom: usize) -> f64 {
    let (sin, cos) = theta.sin_cos();
    let odd = freedom % 2 == 1;
    // The first factor of the sum, and the ratios of its terms: cos²θ (m - 1)/m.
    let (mut term, first) = if odd { (cos, 3) } else { (1.0, 2) };
    let mut sum = if freedom > 1 { term } else { 0.0 };
    for m in (first..freedom).step_by(2) {
        term *= cos * cos * (m - 1) as f64 / m as f64;
        sum += term;
    }
    let inside = if odd { std::f64::consts::FRAC_2_PI * (theta + sin * sum) } else { sin * sum };
    1.0 - inside
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against closed forms (ν = 1: Cauchy, ν = 2) and printed tables.
    #[test]
    fn quantiles_match_closed_forms_and_tables() {
        for chance in [0.5_f64, 1e-2, 1e-5] {
            let cauchy = (std::f64::consts::FRAC_PI_2 * chance).tan().recip();
            assert!((quantile(chance, 1) / cauchy - 1.0).abs() < 1e-9);
            let two = (1.0 - chance) * (2.0 / (chance * (2.0 - chance))).sqrt();
            assert!((quantile(chance, 2) / two - 1.0).abs() < 1e-9);
        }
        for (chance, freedom, value) in [
            (0.05, 3, 3.182_446),
            (0.01, 4, 4.604_095),
            (0.01, 7, 3.499_483),
            (0.001, 10, 4.586_894),
            (0.05, 29, 2.045_230),
            (0.01, 100, 2.625_891),
            (0.05, 1_000_000, 1.959_966),
        ] {
            let found = quantile(chance, freedom);
            assert!((found - value).abs() < 2e-6, "{chance} {freedom}: {found}");
        }
    }
}
