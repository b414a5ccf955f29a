//! Clipping to the unit square, in fractions of a plot, so that both formats draw the same.

type Point = [f64; 2];

/// The parts of a polyline inside the unit square (Liang-Barsky, segment by segment).
pub(super) fn polyline(points: &[Point]) -> Vec<Vec<Point>> {
    let mut parts: Vec<Vec<Point>> = Vec::new();
    let mut open = false;
    for pair in points.windows(2) {
        let Some((from, to)) = segment(pair[0], pair[1]) else {
            open = false;
            continue;
        };
        match parts.last_mut() {
            Some(part) if open && from == pair[0] => part.push(to),
            _ => parts.push(vec![from, to]),
        }
        open = to == pair[1];
    }
    parts
}

fn segment(from: Point, to: Point) -> Option<(Point, Point)> {
    let (mut start, mut end) = (0.0f64, 1.0f64);
    for axis in 0..2 {
        let step = to[axis] - from[axis];
        if step == 0.0 {
            if !(0.0..=1.0).contains(&from[axis]) {
                return None;
            }
            continue;
        }
        let (a, b) = ((0.0 - from[axis]) / step, (1.0 - from[axis]) / step);
        start = start.max(a.min(b));
        end = end.min(a.max(b));
    }
    let at = |s: f64| [from[0] + s * (to[0] - from[0]), from[1] + s * (to[1] - from[1])];
    // The very end points where nothing is cut off, so that parts can be joined.
    (start <= end)
        .then(|| (if start == 0.0 { from } else { at(start) }, if end == 1.0 { to } else { at(end) }))
}

/// The part of a polygon inside the unit square (Sutherland-Hodgman).
pub(super) fn polygon(points: &[Point]) -> Vec<Point> {
    let mut shape = points.to_vec();
    for (axis, bound, sign) in [(0, 0.0, 1.0), (0, 1.0, -1.0), (1, 0.0, 1.0), (1, 1.0, -1.0)] {
        let inside = |point: &Point| sign * (point[axis] - bound) >= 0.0;
        let mut kept = Vec::with_capacity(shape.len());
        for (index, to) in shape.iter().enumerate() {
            let from = &shape[(index + shape.len() - 1) % shape.len()];
            if inside(from) != inside(to) {
                let s = (bound - from[axis]) / (to[axis] - from[axis]);
                let mut cut = [from[0] + s * (to[0] - from[0]), from[1] + s * (to[1] - from[1])];
                cut[axis] = bound;
                kept.push(cut);
            }
            if inside(to) {
                kept.push(*to);
            }
        }
        shape = kept;
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_across_is_cut_at_the_border() {
        assert_eq!(polyline(&[[-1.0, 0.5], [2.0, 0.5]]), [[[0.0, 0.5], [1.0, 0.5]]]);
        assert_eq!(polyline(&[[0.5, 0.5], [0.5, 1.5], [0.75, 1.5], [0.75, 0.5]]).len(), 2);
        assert!(polyline(&[[-1.0, 0.5], [0.5, 2.0]]).is_empty());
        let inside = vec![[0.1, 0.2], [0.5, 0.9], [0.5, 0.9], [1.0, 0.0]];
        assert_eq!(polyline(&inside), [inside]);
    }

    #[test]
    fn a_polygon_is_cut_to_the_square() {
        let area = |p: &[Point]| {
            let cross = |i: usize| p[i][0] * p[(i + 1) % p.len()][1] - p[i][1] * p[(i + 1) % p.len()][0];
            (0..p.len()).map(cross).sum::<f64>().abs() / 2.0
        };
        let diamond = [[0.5, -0.5], [1.5, 0.5], [0.5, 1.5], [-0.5, 0.5]];
        assert!((area(&polygon(&diamond)) - 1.0).abs() < 1e-12);
        let half = [[0.5, 0.0], [2.0, 0.0], [2.0, 1.0], [0.5, 1.0]];
        assert!((area(&polygon(&half)) - 0.5).abs() < 1e-12);
        assert!(polygon(&[[2.0, 2.0], [3.0, 2.0], [3.0, 3.0]]).is_empty());
    }
}
