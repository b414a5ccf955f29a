//! Roots of Gram determinants in place of roots of tilted variances, which would wait for other roots.

use super::code::{Call, Straight, push};
use crate::expr::{Expr, Node, Rational};
use crate::schedule::Value;
use crate::schedule::parts::symbols;
use crate::symbol::Symbol;
use std::collections::HashMap;

/// A variance under tilting as a quotient of Gram determinants, w + q_ll - u_jl² = Λ / (w + q_jj): its root then waits for
/// no other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gram {
    variance: Expr,
    over: Expr,
    under: Expr,
    pub(super) stage: usize,
}

impl Straight<'_> {
    /// Whether a variance is a [`Gram`], and then the stage that its root is known after.
    pub(super) fn quotient_of_determinants(
        &mut self,
        variance: Expr,
        calls: &mut Vec<(Call, usize)>,
        stage_of: &mut HashMap<Expr, usize>,
    ) -> Option<usize> {
        if let Some(known) = self.grams.iter().find(|gram| gram.variance == variance) {
            return Some(known.stage);
        }
        let Node::Sum(constant, terms) = self.pool.node(variance).clone() else { return None };
        let (tilts, plain): (Vec<_>, Vec<_>) =
            terms.into_iter().partition(|&(term, _)| self.mentions_vectors(term));
        // After one vector; determinants of more fields lose digits.
        let [(square, weight)] = tilts[..] else { return None };
        let Node::Product(_, vector) = self.pool.node(square).clone() else { return None };
        let [(vector, exponent)] = vector[..] else { return None };
        let Node::Symbol(symbol) = self.pool.node(vector).clone() else { return None };
        let body = self.body(&symbol).filter(|&body| exponent == 2.into() && !self.mentions_vectors(body))?;
        let Node::Product(_, factors) = self.pool.node(body).clone() else { return None };
        let &(under, _) = factors.iter().find(|(_, exponent)| *exponent == (-1, 2).into())?;
        let pool = &mut *self.pool;
        let constant = pool.rational(*constant.numer(), *constant.denom());
        let plain: Vec<Expr> = plain.into_iter().map(|(term, weight)| pool.scale(term, weight)).collect();
        let before = pool.add(plain.into_iter().chain([constant]));
        let (whole, square) = (pool.mul([before, under]), pool.mul([body, body, under]));
        let square = pool.scale(square, weight);
        let over = pool.add([whole, square]);
        let mut stage = 0;
        for part in [over, under] {
            let own = 1 + self.collect(part, calls, stage_of);
            push(calls, Call::Root(part), own);
            stage = stage.max(own);
        }
        self.grams.push(Gram { variance, over, under, stage });
        Some(stage)
    }

    fn mentions_vectors(&self, expr: Expr) -> bool {
        symbols(self.pool, expr).iter().any(|symbol| matches!(symbol, Symbol::Defined(..)))
    }

    /// 1/√(over / under) = under / √under / √over.
    pub(super) fn root_of_quotient(&mut self, Gram { variance, over, under, .. }: Gram) {
        let roots = [over, under].map(|part| self.pool.pow(part, -1, 2));
        let [root_over, root_under] = roots.map(|root| self.value(root));
        let under = self.value(under);
        let value = self.temporary(Value::product([under, root_under, root_over]));
        let root = self.pool.pow(variance, -1, 2);
        self.values.insert(root, value);
    }

    /// The factors of a product, 1/√(over / under) / √under as 1/√over.
    pub(super) fn merge_roots(&self, factors: &[(Expr, Rational)]) -> Vec<(Expr, Rational)> {
        let (mut factors, root) = (factors.to_vec(), Rational::new(-1, 2));
        for Gram { variance, over, under, .. } in &self.grams {
            let both = [(*variance, root), (*under, root)];
            if both.iter().all(|factor| factors.contains(factor)) {
                factors.retain(|factor| !both.contains(factor));
                factors.push((*over, root));
            }
        }
        factors
    }
}
