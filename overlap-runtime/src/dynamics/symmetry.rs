//! Symmetries of a start: exchanges of units that change nothing. The equations keep them; rounding in the solution of
//! linear equations does not, and where the symmetric state is unstable its errors grow until the units have parted.

use crate::{Parameters, Shape};

/// Entries of the state that stay equal, since an exchange of units takes one to the other: what [`Symmetry::keep`] does.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Symmetry {
    /// Of more than one entry each.
    alike: Vec<Vec<usize>>,
}

/// Most nodes that are tried in the search for one exchange. Starts without symmetry end it at once, and those with it rarely
/// go back; where it is not enough, the exchange counts as none.
const MOST_TRIES: usize = 10_000;

impl Symmetry {
    /// That of a state and its parameters: all permutations of students and of teachers, also of both at once, that leave P, M,
    /// Q, a* and a as they are, to the last bit; and students that are copies of each other, whose Q_ij is their Q_ii.
    pub(super) fn of(shape: Shape, parameters: &Parameters, state: &[f64]) -> Self {
        let graph = Graph::new(shape, parameters, state);
        let n = shape.nodes();
        let mut parent: Vec<usize> = (0..shape.dim()).collect();
        // Permutations that leave the nodes before `base` where they are and take it elsewhere, for every base: with these
        // all others can be made.
        for base in 0..n {
            for target in base + 1..n {
                if let Some(images) = graph.exchange(base, target) {
                    graph.join(&images, &mut parent);
                }
            }
        }
        graph.join_copies(&mut parent);
        let mut classes: Vec<Vec<usize>> = vec![Vec::new(); shape.dim()];
        for entry in 0..shape.dim() {
            classes[root(&mut parent, entry)].push(entry);
        }
        classes.retain(|class| class.len() > 1);
        Symmetry { alike: classes }
    }

    /// Nothing is kept from here on if entries alike of `vector`, the first stage of a solve, differ by more than rounding: the
    /// system treats its units differently.
    pub(super) fn unless_broken_by(&mut self, vector: &[f64]) {
        let largest = vector.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
        let apart = |class: &Vec<usize>| {
            class.iter().any(|&entry| (vector[entry] - vector[class[0]]).abs() > 1e-9 * largest)
        };
        if self.alike.iter().any(apart) {
            self.alike.clear();
        }
    }

    /// Entries alike become their mean, to the last bit; others stay as they are.
    pub(super) fn keep(&self, vector: &mut [f64]) {
        for class in &self.alike {
            let sum: f64 = class.iter().map(|&entry| vector[entry]).sum();
            let mean = sum / class.len() as f64;
            class.iter().for_each(|&entry| vector[entry] = mean);
        }
    }
}

fn root(parent: &mut [usize], mut of: usize) -> usize {
    while parent[of] != of {
        parent[of] = parent[parent[of]];
        of = parent[of];
    }
    of
}

fn unite(parent: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(parent, one), root(parent, other));
    parent[one.max(other)] = one.min(other);
}

/// Nodes, teachers first, with their second layers and overlaps.
struct Graph {
    shape: Shape,
    second: Vec<f64>,
    /// Row by row.
    omega: Vec<f64>,
}

impl Graph {
    fn new(shape: Shape, parameters: &Parameters, state: &[f64]) -> Self {
        let Shape { k, p, trained } = shape;
        let n = shape.nodes();
        let mut second = parameters.a_star.clone();
        second.extend((0..p).map(|i| if trained { state[shape.a(i)] } else { parameters.a[i] }));
        let overlap = |i: usize, j: usize| match (i < k, j < k) {
            (true, true) => parameters.teacher_overlaps[i * k + j],
            (true, false) => state[shape.m(i, j - k)],
            (false, true) => state[shape.m(j, i - k)],
            (false, false) => state[shape.q(i - k, j - k)],
        };
        let omega = (0..n * n).map(|at| overlap(at / n, at % n)).collect();
        Graph { shape, second, omega }
    }

    fn overlap(&self, i: usize, j: usize) -> f64 {
        self.omega[i * self.shape.nodes() + j]
    }

    /// A permutation that leaves the nodes before `base` where they are and takes `base` to `target`.
    fn exchange(&self, base: usize, target: usize) -> Option<Vec<usize>> {
        let n = self.shape.nodes();
        let mut images: Vec<usize> = (0..base).collect();
        let mut used: Vec<bool> = (0..n).map(|node| node < base).collect();
        if !self.fits(&images, target) {
            return None;
        }
        images.push(target);
        used[target] = true;
        let mut tries = 0;
        self.complete(&mut images, &mut used, &mut tries).then_some(images)
    }

    /// Finds images for the nodes that have none yet.
    fn complete(&self, images: &mut Vec<usize>, used: &mut [bool], tries: &mut usize) -> bool {
        let (n, node) = (used.len(), images.len());
        if node == n {
            return true;
        }
        // Itself, or what is taken from its place, where it can be: most exchanges are of two.
        let swapped = images.iter().position(|&image| image == node);
        for image in swapped.into_iter().chain([node]).chain(0..n) {
            *tries += 1;
            if *tries > MOST_TRIES {
                return false;
            }
            if used[image] || !self.fits(images, image) {
                continue;
            }
            images.push(image);
            used[image] = true;
            if self.complete(images, used, tries) {
                return true;
            }
            images.pop();
            used[image] = false;
        }
        false
    }

    /// Whether the next node can go to `image` when those before it go to `images`.
    fn fits(&self, images: &[usize], image: usize) -> bool {
        let node = images.len();
        (node < self.shape.k) == (image < self.shape.k)
            && self.second[node] == self.second[image]
            && self.overlap(node, node) == self.overlap(image, image)
            && images
                .iter()
                .enumerate()
                .all(|(other, &of_other)| self.overlap(other, node) == self.overlap(of_other, image))
    }

    /// Notes that the entries of the state are alike which a permutation takes to each other.
    fn join(&self, images: &[usize], parent: &mut [usize]) {
        let Shape { k, p, trained } = self.shape;
        let shape = self.shape;
        let mut alike = |one: usize, other: usize| unite(parent, one, other);
        let image = |i: usize| images[k + i] - k;
        for i in 0..p {
            for r in 0..k {
                alike(shape.m(r, i), shape.m(images[r], image(i)));
            }
            for j in i..p {
                alike(shape.q(i, j), shape.q(image(i), image(j)));
            }
            if trained {
                alike(shape.a(i), shape.a(image(i)));
            }
        }
    }

    /// Notes that Q_ij, Q_ii and Q_jj are alike of students i and j with the same weights.
    fn join_copies(&self, parent: &mut [usize]) {
        let Shape { k, p, .. } = self.shape;
        for i in 0..p {
            for j in i + 1..p {
                let same = |node| self.overlap(k + i, node) == self.overlap(k + j, node);
                if self.second[k + i] == self.second[k + j] && (0..k + p).all(same) {
                    unite(parent, self.shape.q(i, j), self.shape.q(i, i));
                    unite(parent, self.shape.q(i, j), self.shape.q(j, j));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, DynSystem, Initial, Problem, ProblemBuilder};
    use nalgebra::DMatrix;

    fn classes(k: usize, p: usize, trained: bool, builder: ProblemBuilder) -> Vec<Vec<String>> {
        let system = DynSystem::new(k, p, Activation::Erf, trained).unwrap();
        let problem = builder.build().unwrap();
        let (shape, parameters) =
            (crate::System::shape(&system), Parameters::new(&system, &problem).unwrap());
        let symmetry = Symmetry::of(shape, &parameters, &problem.initial_state(trained));
        let names = shape.names();
        symmetry.alike.iter().map(|class| class.iter().map(|&entry| names[entry].clone()).collect()).collect()
    }

    fn informed(k: usize, p: usize, alignment: f64) -> ProblemBuilder {
        Problem::builder(k, p).initial(Initial::informed(alignment))
    }

    #[test]
    fn entries_alike_by_hand() {
        // All students and all teachers alike.
        assert_eq!(
            classes(2, 2, true, informed(2, 2, 0.0)),
            [vec!["M_1_1", "M_1_2", "M_2_1", "M_2_2"], vec!["Q_1_1", "Q_2_2"], vec!["a_1", "a_2"]]
        );
        // Student i belongs to teacher i: only both together.
        assert_eq!(
            classes(2, 2, false, informed(2, 2, 0.3)),
            [["M_1_1", "M_2_2"], ["M_1_2", "M_2_1"], ["Q_1_1", "Q_2_2"]]
        );
        // A second layer of teachers that differs leaves students alike.
        assert_eq!(
            classes(2, 2, false, informed(2, 2, 0.0).a_star([1.0, 2.0])),
            [["M_1_1", "M_1_2"], ["M_2_1", "M_2_2"], ["Q_1_1", "Q_2_2"]]
        );
        assert_eq!(
            classes(1, 2, true, informed(1, 2, 0.0).a([1.0, 2.0])),
            Vec::<Vec<String>>::new(),
            "students with second layers of their own"
        );
        // Students 1 and 2 are the same one, 3 is another.
        let initial = Initial::Given {
            m: DMatrix::from_row_slice(1, 3, &[0.1, 0.1, 0.2]),
            q: DMatrix::from_row_slice(3, 3, &[1.0, 1.0, 0.3, 1.0, 1.0, 0.3, 0.3, 0.3, 0.5]),
        };
        assert_eq!(
            classes(1, 3, false, Problem::builder(1, 3).initial(initial)),
            [vec!["M_1_1", "M_1_2"], vec!["Q_1_1", "Q_1_2", "Q_2_2"], vec!["Q_1_3", "Q_2_3"]]
        );
        assert_eq!(classes(3, 4, false, Problem::builder(3, 4)), Vec::<Vec<String>>::new(), "a drawn start");
    }

    /// Four students in a ring: turns keep it, exchanges of two neighbours do not.
    #[test]
    fn exchanges_of_more_than_two_units_are_found() {
        let ring = DMatrix::from_fn(4, 4, |i, j| [1.0, 0.2, 0.1, 0.2][(4 + i - j) % 4]);
        let initial = Initial::Given { m: DMatrix::zeros(1, 4), q: ring };
        assert_eq!(
            classes(1, 4, false, Problem::builder(1, 4).initial(initial)),
            [
                vec!["M_1_1", "M_1_2", "M_1_3", "M_1_4"],
                vec!["Q_1_1", "Q_2_2", "Q_3_3", "Q_4_4"],
                vec!["Q_1_2", "Q_1_4", "Q_2_3", "Q_3_4"],
                vec!["Q_1_3", "Q_2_4"]
            ]
        );
    }

    #[test]
    fn large_starts_are_searched_at_once() {
        let all = classes(8, 40, false, informed(8, 40, 0.0));
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [320, 40, 780]);
        assert_eq!(classes(8, 40, false, informed(8, 40, 0.2)).len(), 5);
        assert!(classes(8, 40, false, Problem::builder(8, 40)).is_empty());
    }

    #[test]
    fn systems_whose_units_differ_are_left_alone() {
        let symmetry = || Symmetry { alike: vec![vec![0, 1]] };
        let after = |vector: &[f64]| {
            let mut symmetry = symmetry();
            symmetry.unless_broken_by(vector);
            symmetry
        };
        assert_eq!(after(&[1.0, 1.0 + 1e-15, 0.0]), symmetry());
        assert_eq!(after(&[1.0, 1.1, 0.0]), Symmetry::default());
        let mut vector = [1.0, 3.0, 5.0];
        symmetry().keep(&mut vector);
        assert_eq!(vector, [2.0, 2.0, 5.0]);
    }
}
