//! The canonical order of expressions: by structure, so that it does not depend on what was built before.

use super::{Expr, Node, Pool};
use std::cmp::Ordering;

impl Pool {
    /// Compares two expressions by structure: where they first differ, one pair of parts decides, so that the time is
    /// at most the depth times the width.
    pub(super) fn compare(&self, mut x: Expr, mut y: Expr) -> Ordering {
        while x != y {
            match (self.node(x), self.node(y)) {
                (Node::Rational(a), Node::Rational(b)) => return a.cmp(b),
                (Node::Symbol(a), Node::Symbol(b)) => return a.cmp(b),
                (Node::Asin(a), Node::Asin(b)) => (x, y) = (*a, *b),
                (Node::FourSigns(a), Node::FourSigns(b)) => match a.iter().zip(b).find(|(x, y)| x != y) {
                    Some((p, q)) => (x, y) = (*p, *q),
                    None => return Ordering::Equal,
                },
                (Node::Sum(a, xs), Node::Sum(b, ys)) | (Node::Product(a, xs), Node::Product(b, ys)) => {
                    match xs.iter().zip(ys).find(|(x, y)| x != y) {
                        Some((p, q)) if p.0 == q.0 => return p.1.cmp(&q.1),
                        Some((p, q)) => (x, y) = (p.0, q.0),
                        None => return xs.len().cmp(&ys.len()).then_with(|| a.cmp(b)),
                    }
                }
                (a, b) => return rank(a).cmp(&rank(b)),
            }
        }
        Ordering::Equal
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
