//! Powers of d (or of anything else), with their confidence intervals.

use super::student;
use nalgebra::{DMatrix, DVector};
use overlap_runtime::Error;
use overlap_runtime::internal::check_at_least;

/// A power law y = A x^β: a straight line fitted to the logarithms by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerLaw {
    exponent: f64,
    standard_error: f64,
    /// ln A.
    intercept: f64,
    /// Half the width of the 95 % interval in standard errors.
    quantile: f64,
}

impl PowerLaw {
    /// Through points (x, y) that scatter alike around the line in ln y. The interval is Student's, from their scatter; with
    /// two points there is none, and its ends are infinite.
    ///
    /// ```
    /// let law = overlap::PowerLaw::fit(&[(10.0, 0.32), (100.0, 0.099), (1000.0, 0.0315), (10000.0, 0.0101)])?;
    /// let (low, high) = law.interval();
    /// assert!(low < -0.5 && -0.5 < high && high - low < 0.03);
    /// # Ok::<(), overlap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for a number that is not finite and greater than 0, and for fewer than two different x.
    pub fn fit(points: &[(f64, f64)]) -> Result<Self, Error> {
        let weighted: Vec<_> = points.iter().map(|&(x, y)| (x, y, y)).collect();
        let law = Self::weighted(&weighted)?;
        let squares = points.iter().map(|&(x, y)| (y / law.at(x)).ln().powi(2)).sum::<f64>();
        let freedom = points.len() - 2;
        if freedom == 0 {
            return Ok(PowerLaw { standard_error: f64::INFINITY, ..law });
        }
        Ok(PowerLaw {
            standard_error: law.standard_error * (squares / freedom as f64).sqrt(),
            quantile: student::quantile(0.05, freedom),
            ..law
        })
    }

    /// Through points (x, y, standard error of y), each weighted by the inverse variance of ln y. The interval is the normal
    /// one that follows from the standard errors, whatever the scatter.
    ///
    /// # Errors
    /// Those of [`PowerLaw::fit`].
    pub fn weighted(points: &[(f64, f64, f64)]) -> Result<Self, Error> {
        for (number, &(x, y, error)) in points.iter().enumerate() {
            for (name, value) in [("x", x), ("y", y), ("the standard error", error)] {
                check_at_least(&format!("{name} of point {}", number + 1), value, 0.0, true)?;
            }
        }
        let mut different: Vec<f64> = points.iter().map(|point| point.0).collect();
        different.sort_by(f64::total_cmp);
        different.dedup();
        if different.len() < 2 {
            return Err(Error::invalid("the number of different x", different.len(), "at least 2"));
        }
        // Rows weighted by 1 / (standard error of ln y).
        let weight = |n: usize| points[n].1 / points[n].2;
        let rows =
            DMatrix::from_fn(points.len(), 2, |n, unknown| weight(n) * [1.0, points[n].0.ln()][unknown]);
        let values = DVector::from_fn(points.len(), |n, _| weight(n) * points[n].1.ln());
        let qr = rows.qr();
        let fit = qr.r().solve_upper_triangular(&(qr.q().transpose() * values));
        let inverse = qr.r().solve_upper_triangular(&DMatrix::identity(2, 2));
        let (Some(fit), Some(inverse)) = (fit, inverse) else {
            return Err(Error::invalid("the points", "nearly coincident", "far enough apart for a fit"));
        };
        Ok(PowerLaw {
            exponent: fit[1],
            standard_error: inverse.row(1).norm(),
            intercept: fit[0],
            quantile: NORMAL,
        })
    }

    /// The exponent β.
    pub fn exponent(&self) -> f64 {
        self.exponent
    }

    /// Its standard error.
    pub fn standard_error(&self) -> f64 {
        self.standard_error
    }

    /// Its 95 % confidence interval.
    pub fn interval(&self) -> (f64, f64) {
        let half = self.quantile * self.standard_error;
        (self.exponent - half, self.exponent + half)
    }

    /// The law at x.
    pub fn at(&self, x: f64) -> f64 {
        (self.intercept + self.exponent * x.ln()).exp()
    }
}

/// 97.5 % quantile of the normal distribution.
const NORMAL: f64 = 1.959964;

/// `-0.503 (95 %: -0.511 to -0.495)`; the precision is that of the numbers, 3 unless asked for.
impl std::fmt::Display for PowerLaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (digits, (low, high)) = (f.precision().unwrap_or(3), self.interval());
        write!(f, "{:.digits$} (95 %: {low:.digits$} to {high:.digits$})", self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: x = e^0, e^1, e^2, ln y = 0, 1, 5 has slope 5/2 and residuals (1/2, -1, 1/2); Student's 97.5 % quantile with one
    /// degree of freedom is 12.7062.
    #[test]
    fn slope_and_interval_by_hand() {
        let points: Vec<_> =
            [0.0, 1.0, 5.0].iter().enumerate().map(|(n, y)| ((n as f64).exp(), f64::exp(*y))).collect();
        let law = PowerLaw::fit(&points).unwrap();
        assert!((law.exponent() - 2.5).abs() < 1e-12);
        assert!((law.standard_error() - (1.5f64 / 2.0).sqrt()).abs() < 1e-12);
        assert!((law.interval().1 - 2.5 - 12.7062 * 0.75f64.sqrt()).abs() < 1e-3);
        assert!((law.at(1.0) - (-0.5f64).exp()).abs() < 1e-12);
        assert_eq!(format!("{law:.1}"), "2.5 (95 %: -8.5 to 13.5)");
    }

    /// A point without weight does not count; two with relative errors e at ln x = ±1 give the slope an error of e/√2.
    #[test]
    fn weights_are_inverse_variances() {
        let x = |n: f64| n.exp();
        let law =
            PowerLaw::weighted(&[(x(-1.0), 3.0, 0.03), (x(1.0), 12.0, 0.12), (x(0.5), 1.0, 1e9)]).unwrap();
        assert!((law.exponent() - 2.0 * 2f64.ln() / 2.0).abs() < 1e-9);
        assert!((law.standard_error() - 0.01 / 2f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_power_law_is_refused() {
        let message = |points: &[(f64, f64)]| PowerLaw::fit(points).unwrap_err().to_string();
        assert!(message(&[]).contains("at least 2"));
        assert!(message(&[(2.0, 1.0), (2.0, 3.0)]).contains("different x"));
        assert!(message(&[(2.0, 1.0), (3.0, -1.0)]).contains("y of point 2 = -1"));
        assert!(message(&[(2.0, 1.0), (f64::NAN, 1.0)]).contains("x of point 2"));
        assert_eq!(
            PowerLaw::fit(&[(1.0, 1.0), (2.0, 4.0)]).unwrap().interval(),
            (f64::NEG_INFINITY, f64::INFINITY)
        );
    }
}
