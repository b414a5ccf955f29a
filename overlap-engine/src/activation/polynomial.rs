//! σ(x) = Σ_n c_n x^n, and the Hermite polynomials: every expectation is a polynomial in the overlaps (Wick).

use super::{Activation, Term, Variant};
use crate::expr::{Pool, Rational, to_f64};

pub use overlap_layout::MAX_DEGREE;

/// How a polynomial was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Linear,
    Hermite,
    Powers,
}

/// σ(x) = Σ_n c_n x^n.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polynomial {
    coefficients: Vec<Rational>,
    form: Form,
}

impl Polynomial {
    /// σ(x) = x.
    pub fn linear() -> Self {
        Polynomial { coefficients: vec![0.into(), 1.into()], form: Form::Linear }
    }

    /// The Hermite polynomial He_n of the standard normal density: x, x² - 1, x³ - 3x, … for 1 ≤ n ≤ [`MAX_DEGREE`].
    pub fn hermite(n: usize) -> Option<Self> {
        if !(1..=MAX_DEGREE).contains(&n) {
            return None;
        }
        // He_{n+1}(x) = x He_n(x) - n He_{n-1}(x)
        let (mut last, mut current) = (vec![], vec![Rational::ONE]);
        for order in 0..n {
            let mut next = vec![Rational::ZERO];
            next.extend(&current);
            for (power, value) in last.iter().enumerate() {
                next[power] -= Rational::from(order as i128) * value;
            }
            (last, current) = (current, next);
        }
        Some(Polynomial { coefficients: current, form: Form::Hermite })
    }

    /// Σ_n c_n x^n. `None` if the degree is 0 or above [`MAX_DEGREE`].
    pub fn new(mut coefficients: Vec<Rational>) -> Option<Self> {
        while coefficients.last() == Some(&Rational::ZERO) {
            coefficients.pop();
        }
        (2..=MAX_DEGREE + 1)
            .contains(&coefficients.len())
            .then_some(Polynomial { coefficients, form: Form::Powers })
    }

    /// The largest power.
    pub fn degree(&self) -> usize {
        self.coefficients.len() - 1
    }

    fn written(&self, power: impl Fn(usize) -> String) -> String {
        let mut text = String::new();
        for (n, value) in self.coefficients.iter().enumerate().rev() {
            if *value == Rational::ZERO {
                continue;
            }
            let negative = *value < Rational::ZERO;
            let size = to_f64(if negative { -value } else { *value });
            text.push_str(match (text.is_empty(), negative) {
                (true, true) => "-",
                (true, false) => "",
                (false, true) => " - ",
                (false, false) => " + ",
            });
            if size != 1.0 || n == 0 {
                text.push_str(&size.to_string());
                if n > 0 {
                    text.push(' ');
                }
            }
            text.push_str(&power(n));
        }
        text
    }
}

impl Activation for Polynomial {
    fn name(&self) -> String {
        match self.form {
            Form::Linear => "linear".into(),
            Form::Hermite => format!("hermite({})", self.degree()),
            Form::Powers => {
                let values: Vec<String> =
                    self.coefficients.iter().map(|value| to_f64(*value).to_string()).collect();
                format!("polynomial([{}])", values.join(", "))
            }
        }
    }

    fn type_name(&self) -> String {
        match self.form {
            Form::Linear => "Linear".into(),
            Form::Hermite => format!("Hermite{}", self.degree()),
            Form::Powers => "Polynomial".into(),
        }
    }

    fn terms(&self, pool: &mut Pool) -> Option<Vec<Term>> {
        let present = self.coefficients.iter().zip(0..).filter(|(value, _)| **value != Rational::ZERO);
        Some(
            present
                .map(|(value, power)| Term {
                    coefficient: pool.rational(*value.numer(), *value.denom()),
                    power,
                    width: None,
                })
                .collect(),
        )
    }

    fn formula(&self) -> [String; 2] {
        let text = self.written(|n| match n {
            0 => String::new(),
            1 => "x".into(),
            _ => format!("x{}", ['²', '³', '⁴', '⁵', '⁶'][n - 2]),
        });
        let latex = self.written(|n| match n {
            0 => String::new(),
            1 => "x".into(),
            _ => format!("x^{n}"),
        });
        [text, latex]
    }

    fn runtime(&self) -> Variant {
        match self.form {
            Form::Linear => Variant::Plain("Linear"),
            Form::Hermite => Variant::Degree("Hermite", self.degree()),
            Form::Powers => {
                Variant::Polynomial(self.coefficients.iter().map(|value| to_f64(*value)).collect())
            }
        }
    }
}
