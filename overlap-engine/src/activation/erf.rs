//! σ(x) = erf(g x/√2): with g = 1 the activation of Saad and Solla (Phys. Rev. E 52, 4225, 1995).

use super::{Activation, Term, Variant};
use crate::expr::{Expr, Pool, Rational, to_f64};

/// σ(x) = erf(g x/√2) with gain g > 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erf {
    /// The gain g.
    pub gain: Rational,
}

impl Erf {
    /// g = 1.
    pub const UNIT: Erf = Erf { gain: Rational::new_raw(1, 1) };

    fn has_gain(&self) -> bool {
        self.gain != Rational::ONE
    }
}

impl Activation for Erf {
    fn name(&self) -> String {
        if self.has_gain() { format!("erf(gain = {})", to_f64(self.gain)) } else { "erf".into() }
    }

    fn type_name(&self) -> String {
        if self.has_gain() {
            format!("Erf{}", to_f64(self.gain).to_string().replace('.', "_"))
        } else {
            "Erf".into()
        }
    }

    /// One error function of width 1/g².
    fn terms(&self, pool: &mut Pool) -> Option<Vec<Term>> {
        let gain = pool.rational(*self.gain.numer(), *self.gain.denom());
        let width: Expr = pool.pow(gain, -2, 1);
        Some(vec![Term { coefficient: pool.integer(1), power: 0, width: Some(width) }])
    }

    fn formula(&self) -> [String; 2] {
        if self.has_gain() {
            let gain = to_f64(self.gain);
            [format!("erf({gain} x/√2)"), format!("\\operatorname{{erf}}({gain}\\,x/\\sqrt{{2}})")]
        } else {
            ["erf(x/√2)".into(), "\\operatorname{erf}(x/\\sqrt{2})".into()]
        }
    }

    fn runtime(&self) -> Variant {
        if self.has_gain() { Variant::Number("ErfGain", to_f64(self.gain)) } else { Variant::Plain("Erf") }
    }
}
