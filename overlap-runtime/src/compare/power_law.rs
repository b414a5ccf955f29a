//! Powers of d (or of anything else), with their confidence intervals.

use super::student;
use crate::Error;
use crate::error::check_at_least;
use nalgebra::{DMatrix, DVector};

/// A power law y = A x^β: a straight line fitted to the logarithms by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerLaw {
    exponent: f64,
    standard_error: f64,
    /// ln A.
    intercept: f64,
    /// (C, ω).
    correction: (f64, f64),
    /// Half the width of the 95 % interval in standard errors.
    quantile: f64,
}

impl PowerLaw {
    /// Through points (x, y) that scatter alike around the line in ln y. The interval is Student's, from their scatter; with
    /// two points there is none, and its ends are infinite.
    ///
    /// ```
    /// let law = overlap_runtime::PowerLaw::fit(&[(10.0, 0.32), (100.0, 0.099), (1000.0, 0.0315), (10000.0, 0.0101)])?;
    /// let (low, high) = law.interval();
    /// assert!(low < -0.5 && -0.5 < high && high - low < 0.03);
    /// # Ok::<(), overlap_runtime::Error>(())
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
        least_squares(points, None)
    }

    /// As [`weighted`](Self::weighted), with the leading correction to scaling: y = A x^β exp(C x^-ω), which is
    /// A x^β (1 + C x^-ω) where x^-ω is small. The interval of β allows for what C is not known of.
    ///
    /// ```
    /// let point = |x: f64| (x, x.powf(-0.5) * (1.0 + 0.3 / x), 1e-3 * x.powf(-0.5));
    /// let points = [10.0, 20.0, 50.0, 100.0, 1000.0].map(point);
    /// let [plain, corrected] = [
    ///     overlap_runtime::PowerLaw::weighted(&points)?,
    ///     overlap_runtime::PowerLaw::corrected(&points, 1.0)?,
    /// ];
    /// assert!(plain.interval().1 < -0.5 && corrected.interval().1 > -0.5);
    /// # Ok::<(), overlap_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for a number, or an ω, that is not finite and greater than 0, and for fewer than three different x.
    pub fn corrected(points: &[(f64, f64, f64)], omega: f64) -> Result<Self, Error> {
        least_squares(points, Some(check_at_least("omega", omega, 0.0, true)?))
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

    /// The law at x, with its correction where it has one.
    pub fn at(&self, x: f64) -> f64 {
        let (c, omega) = self.correction;
        (self.intercept + self.exponent * x.ln() + c * x.powf(-omega)).exp()
    }
}

/// The straight line through (ln x, ln y), with C x^-ω beside it where there is an ω.
fn least_squares(points: &[(f64, f64, f64)], omega: Option<f64>) -> Result<PowerLaw, Error> {
    for (number, &(x, y, error)) in points.iter().enumerate() {
        for (name, value) in [("x", x), ("y", y), ("the standard error", error)] {
            check_at_least(&format!("{name} of point {}", number + 1), value, 0.0, true)?;
        }
    }
    let unknowns = if omega.is_some() { 3 } else { 2 };
    let mut different: Vec<f64> = points.iter().map(|point| point.0).collect();
    different.sort_by(f64::total_cmp);
    different.dedup();
    if different.len() < unknowns {
        let bound = format!("at least {unknowns}");
        return Err(Error::invalid("the number of different x", different.len(), bound));
    }
    // Rows weighted by 1 / (standard error of ln y).
    let weight = |n: usize| points[n].1 / points[n].2;
    let rows = DMatrix::from_fn(points.len(), unknowns, |n, unknown| {
        let x = points[n].0;
        weight(n) * [1.0, x.ln(), omega.map_or(0.0, |omega| x.powf(-omega))][unknown]
    });
    let values = DVector::from_fn(points.len(), |n, _| weight(n) * points[n].1.ln());
    let qr = rows.qr();
    let fit = qr.r().solve_upper_triangular(&(qr.q().transpose() * values));
    let inverse = qr.r().solve_upper_triangular(&DMatrix::identity(unknowns, unknowns));
    let (Some(fit), Some(inverse)) = (fit, inverse) else {
        return Err(Error::invalid("the points", "nearly coincident", "far enough apart for a fit"));
    };
    Ok(PowerLaw {
        exponent: fit[1],
        standard_error: inverse.row(1).norm(),
        intercept: fit[0],
        correction: omega.map_or((0.0, 0.0), |omega| (fit[2], omega)),
        quantile: NORMAL,
    })
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

    /// Points on the law itself give it back; its standard error is that of many fits to scattered points: 0.0055 by
    /// Cramer's rule for these x, ω = ½ and relative errors of 0.4 %.
    #[test]
    fn a_correction_is_found() {
        let x = [30.0, 50.0, 100.0, 200.0, 300.0, 500.0, 1000.0];
        let points = x.map(|x: f64| {
            let y = 3.0 * x.powf(-0.5) * (0.2 * x.powf(-0.5)).exp();
            (x, y, 0.004 * y)
        });
        let law = PowerLaw::corrected(&points, 0.5).unwrap();
        assert!(
            (law.exponent() + 0.5).abs() < 1e-12 && (law.at(60.0) / 0.397_428_55 - 1.0).abs() < 1e-6,
            "{law:?}"
        );
        assert!((law.standard_error() - 0.010_782_82 / 1.96).abs() < 1e-6);
        assert!(PowerLaw::corrected(&points[..2], 0.5).unwrap_err().to_string().contains("at least 3"));
        assert!(PowerLaw::corrected(&points, 0.0).is_err());
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
