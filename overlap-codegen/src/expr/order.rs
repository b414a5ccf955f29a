//! The canonical order of expressions: by structure, so that it does not depend on what was built before.

use super::{Expr, Node, Pool};
use std::cmp::Ordering;

impl Pool {
    /// Compares two expressions by structure.
    pub(super) fn compare(&self, x: Expr, y: Expr) -> Ordering {
        if x == y {
            return Ordering::Equal;
        }
        match (self.node(x), self.node(y)) {
            (Node::Rational(a), Node::Rational(b)) => a.cmp(b),
            (Node::Symbol(a), Node::Symbol(b)) => a.cmp(b),
            (Node::Asin(a), Node::Asin(b)) => self.compare(*a, *b),
            (Node::FourSigns(a), Node::FourSigns(b)) => {
                let orders = a.iter().zip(b).map(|(a, b)| self.compare(*a, *b));
                orders.fold(Ordering::Equal, Ordering::then)
            }
            (Node::Sum(a, xs), Node::Sum(b, ys)) | (Node::Product(a, xs), Node::Product(b, ys)) => {
                for (x, y) in xs.iter().zip(ys) {
                    let order = self.compare(x.0, y.0).then_with(|| x.1.cmp(&y.1));
                    if order != Ordering::Equal {
                        return order;
                    }
                }
                xs.len().cmp(&ys.len()).then_with(|| a.cmp(b))
            }
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}

fn rank(node: &Node) -> u8 {
    match node {
        Node::Rational(_) => 0,
        Node::Pi => 1,
        Node::Symbol(_) => 2,
        Node::Product(..) => 3,
        Node::Sum(..) => 4,
        Node::Asin(_) => 5,
        Node::FourSigns(_) => 6,
    }
}
