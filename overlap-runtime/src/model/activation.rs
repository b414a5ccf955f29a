//! Activations as the simulators and the quadrature evaluate them, and the names problem files give them.

use crate::Error;
use crate::lanes::Simd;
use overlap_layout::MAX_DEGREE;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
use std::fmt;
use std::str::FromStr;

/// The coefficients c_0 … c_6 of a polynomial.
type Coefficients = [f64; MAX_DEGREE + 1];

/// The activation function σ of the units. It is written and read as in `overlap_system!`: `erf`, `erf(gain = 2)`,
/// `hermite(3)`, `linear`, `polynomial([0, 1, 0.5])`, `relu`, `sign`, `tanh`.
///
/// ```
/// use overlap::Activation;
/// let activation: Activation = "hermite(2)".parse()?;
/// assert_eq!((activation.value(3.0), activation.derivative(3.0)), (8.0, 6.0));
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// σ(x) = erf(x / √2).
    Erf,
    /// σ(x) = erf(g x / √2) with gain g > 0.
    ErfGain(f64),
    /// σ(x) = x.
    Linear,
    /// σ(x) = max(x, 0).
    Relu,
    /// σ(x) = sign(x), for teachers.
    Sign,
    /// The Hermite polynomial He_n of the standard normal density, n = 1 … 6: x, x² - 1, x³ - 3x, …
    Hermite(u8),
    /// σ(x) = Σ_n c_n x^n.
    Polynomial([f64; 7]),
    /// σ(x) = tanh(x).
    Tanh,
}

impl Activation {
    /// The name used in `overlap_system!` and in problem files.
    pub fn name(self) -> String {
        self.to_string()
    }

    /// Σ_n c_n x^n; coefficients beyond the degree 6 are left out.
    #[doc(hidden)]
    pub fn polynomial(coefficients: &[f64]) -> Self {
        let mut all = [0.0; MAX_DEGREE + 1];
        for (to, from) in all.iter_mut().zip(coefficients) {
            *to = *from;
        }
        Activation::Polynomial(all)
    }

    /// σ(x).
    pub fn value(self, x: f64) -> f64 {
        match self {
            Activation::Erf => libm::erf(x * FRAC_1_SQRT_2),
            Activation::ErfGain(gain) => libm::erf(gain * x * FRAC_1_SQRT_2),
            Activation::Linear => x,
            Activation::Relu => x.max(0.0),
            Activation::Sign => sign(x),
            Activation::Hermite(n) => horner(&hermite(n), x),
            Activation::Polynomial(coefficients) => horner(&coefficients, x),
            Activation::Tanh => libm::tanh(x),
        }
    }

    /// σ'(x); for `relu` ½ at 0, for `sign` 0 at 0.
    pub fn derivative(self, x: f64) -> f64 {
        // √(2/π) exp(-x²/2)
        let gaussian = |x: f64| FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * libm::exp(-0.5 * x * x);
        match self {
            Activation::Erf => gaussian(x),
            Activation::ErfGain(gain) => gain * gaussian(gain * x),
            Activation::Linear => 1.0,
            Activation::Relu => 0.5 + 0.5 * sign(x),
            Activation::Sign => 0.0,
            Activation::Hermite(n) => horner(&slopes(&hermite(n)), x),
            Activation::Polynomial(coefficients) => horner(&slopes(&coefficients), x),
            Activation::Tanh => {
                let tanh = libm::tanh(x);
                1.0 - tanh * tanh
            }
        }
    }

    /// σ''(x) of a smooth activation; of `relu` and `sign` the part that is a function, 0.
    pub(crate) fn curvature(self, x: f64) -> f64 {
        match self {
            Activation::Erf => -x * self.derivative(x),
            Activation::ErfGain(gain) => -gain * gain * x * self.derivative(x),
            Activation::Linear | Activation::Relu | Activation::Sign => 0.0,
            Activation::Hermite(n) => horner(&slopes(&slopes(&hermite(n))), x),
            Activation::Polynomial(coefficients) => horner(&slopes(&slopes(&coefficients)), x),
            Activation::Tanh => -2.0 * libm::tanh(x) * self.derivative(x),
        }
    }

    /// σ'''(x), likewise.
    pub(crate) fn third_derivative(self, x: f64) -> f64 {
        match self {
            Activation::Erf => (x * x - 1.0) * self.derivative(x),
            Activation::ErfGain(gain) => {
                let square = gain * gain;
                square * (square * x * x - 1.0) * self.derivative(x)
            }
            Activation::Linear | Activation::Relu | Activation::Sign => 0.0,
            Activation::Hermite(n) => horner(&slopes(&slopes(&slopes(&hermite(n)))), x),
            Activation::Polynomial(coefficients) => horner(&slopes(&slopes(&slopes(&coefficients))), x),
            Activation::Tanh => {
                let (tanh, slope) = (libm::tanh(x), self.derivative(x));
                slope * (4.0 * tanh * tanh - 2.0 * slope)
            }
        }
    }

    /// σ(λ) and σ'(λ) of a pack of fields.
    #[inline(always)]
    pub(crate) fn of_pack<S: Simd>(self, s: S, field: S::Pack) -> (S::Pack, S::Pack) {
        match self {
            Activation::Erf => {
                let (erf, gaussian) = s.erf_and_gaussian(field);
                (erf, s.splat(FRAC_2_SQRT_PI * FRAC_1_SQRT_2) * gaussian)
            }
            // One call for all others, so that the loops around erf stay small.
            other => other.of_any_pack(s, field),
        }
    }

    #[inline(never)]
    fn of_any_pack<S: Simd>(self, s: S, field: S::Pack) -> (S::Pack, S::Pack) {
        let mut values = [0.0; crate::lanes::MAX_LANES];
        s.store(field, &mut values, 0);
        let mut slopes = values;
        for (value, slope) in values.iter_mut().zip(&mut slopes).take(S::LANES) {
            (*value, *slope) = (self.value(*value), self.derivative(*slope));
        }
        (s.load(&values, 0), s.load(&slopes, 0))
    }
}

fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

fn horner(coefficients: &Coefficients, x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

fn slopes(coefficients: &Coefficients) -> Coefficients {
    std::array::from_fn(|n| if n < MAX_DEGREE { (n + 1) as f64 * coefficients[n + 1] } else { 0.0 })
}

/// He_n by its recursion He_{n+1}(x) = x He_n(x) - n He_{n-1}(x).
fn hermite(n: u8) -> Coefficients {
    let (mut last, mut current) = ([0.0; MAX_DEGREE + 1], [0.0; MAX_DEGREE + 1]);
    current[0] = 1.0;
    for order in 0..usize::from(n).min(MAX_DEGREE) {
        let next = std::array::from_fn(|power| {
            let raised = if power > 0 { current[power - 1] } else { 0.0 };
            raised - order as f64 * last[power]
        });
        (last, current) = (current, next);
    }
    current
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Activation::Erf => write!(f, "erf"),
            Activation::ErfGain(gain) => write!(f, "erf(gain = {gain})"),
            Activation::Linear => write!(f, "linear"),
            Activation::Relu => write!(f, "relu"),
            Activation::Sign => write!(f, "sign"),
            Activation::Hermite(n) => write!(f, "hermite({n})"),
            Activation::Polynomial(coefficients) => {
                let degree = coefficients.iter().rposition(|c| *c != 0.0).unwrap_or(0);
                let values: Vec<String> = coefficients[..=degree].iter().map(f64::to_string).collect();
                write!(f, "polynomial([{}])", values.join(", "))
            }
            Activation::Tanh => write!(f, "tanh"),
        }
    }
}

impl FromStr for Activation {
    type Err = Error;

    /// Reads a name.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the activations there are.
    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || {
            Error::invalid(
                "activation",
                format!("{text:?}"),
                r#""erf", "erf(gain = 2)", "hermite(3)", "linear", "polynomial([0, 1, 0.5])", "relu", "sign" or "tanh""#,
            )
        };
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let inside = |before: &str, after: &str| compact.strip_prefix(before)?.strip_suffix(after);
        let finite = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
        let found = match compact.as_str() {
            "erf" => Some(Activation::Erf),
            "linear" => Some(Activation::Linear),
            "relu" => Some(Activation::Relu),
            "sign" => Some(Activation::Sign),
            "tanh" => Some(Activation::Tanh),
            _ => None,
        };
        let gain = || inside("erf(gain=", ")").and_then(finite).filter(|gain| *gain > 0.0);
        let degree =
            || inside("hermite(", ")")?.parse().ok().filter(|n| (1..=MAX_DEGREE).contains(&usize::from(*n)));
        let polynomial = || {
            let values: Option<Vec<f64>> = inside("polynomial([", "])")?.split(',').map(finite).collect();
            values
                .filter(|values| values.len() <= MAX_DEGREE + 1)
                .map(|values| Activation::polynomial(&values))
        };
        found
            .or_else(|| {
                gain().map(|gain| if gain == 1.0 { Activation::Erf } else { Activation::ErfGain(gain) })
            })
            .or_else(|| degree().map(Activation::Hermite))
            .or_else(polynomial)
            .ok_or_else(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Activation; 9] = [
        Activation::Erf,
        Activation::ErfGain(1.5),
        Activation::Linear,
        Activation::Relu,
        Activation::Sign,
        Activation::Hermite(1),
        Activation::Hermite(4),
        Activation::Polynomial([0.0, -1.0, 0.25, 0.0, 0.0, 0.0, 0.0]),
        Activation::Tanh,
    ];

    #[test]
    fn names_read_back() {
        for activation in ALL {
            assert_eq!(activation.name().parse::<Activation>().unwrap(), activation);
        }
        for wrong in [
            "",
            "Erf",
            "erf()",
            "erf(gain=-1)",
            "erf(gain=inf)",
            "hermite(0)",
            "hermite(7)",
            "polynomial([x])",
        ] {
            let error = wrong.parse::<Activation>().unwrap_err().to_string();
            assert!(error.contains("hermite(3)"), "{wrong}: {error}");
        }
    }

    #[test]
    fn hermite_polynomials_are_the_known_ones() {
        let x = 1.7_f64;
        let known = [x, x * x - 1.0, x.powi(3) - 3.0 * x, x.powi(4) - 6.0 * x * x + 3.0];
        for (n, value) in (1..).zip(known) {
            assert!((Activation::Hermite(n).value(x) - value).abs() < 1e-14);
        }
    }

    /// Central differences with one step of Richardson's extrapolation: 1e-10 at this step.
    #[test]
    fn derivatives_are_slopes() {
        let slope = |f: &dyn Fn(f64) -> f64, x: f64| {
            let central = |h: f64| (f(x + h) - f(x - h)) / (2.0 * h);
            (4.0 * central(5e-4) - central(1e-3)) / 3.0
        };
        for activation in ALL {
            for x in [-1.3, -0.4, 0.2, 0.9, 2.1] {
                let first = slope(&|x| activation.value(x), x);
                let second = slope(&|x| activation.derivative(x), x);
                assert!((activation.derivative(x) - first).abs() < 1e-9, "{activation} at {x}");
                assert!((activation.curvature(x) - second).abs() < 1e-9, "{activation} at {x}");
                let third = slope(&|x| activation.curvature(x), x);
                assert!((activation.third_derivative(x) - third).abs() < 1e-9, "{activation} at {x}");
            }
        }
    }
}
