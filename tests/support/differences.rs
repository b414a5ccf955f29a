//! Derivatives by differences.

/// f'(0) by central differences, extrapolated (Romberg) from steps h, h/2, … to an error of order h¹²; and how far the
/// last two extrapolations are apart.
pub(crate) fn derivative(mut f: impl FnMut(f64) -> Vec<f64>) -> (Vec<f64>, f64) {
    const LEVELS: i32 = 6;
    let mut rows: Vec<Vec<f64>> = Vec::new();
    let mut apart = 0.0;
    for level in 0..LEVELS {
        let h = 0.04 / f64::from(1 << level);
        let (above, below) = (f(h), f(-h));
        let mut best: Vec<f64> = above.iter().zip(&below).map(|(x, y)| (x - y) / (2.0 * h)).collect();
        let mut next = vec![best.clone()];
        for (order, row) in rows.iter().enumerate() {
            let factor = f64::powi(4.0, order as i32 + 1);
            best = best.iter().zip(row).map(|(x, y)| x + (x - y) / (factor - 1.0)).collect();
            next.push(best.clone());
        }
        if let Some(last) = rows.last() {
            apart = last.iter().zip(&best).fold(0.0_f64, |most, (x, y)| most.max((x - y).abs()));
        }
        rows = next;
    }
    (rows.pop().unwrap(), apart)
}
