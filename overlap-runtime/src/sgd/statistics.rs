//! Statistics over the replicas of a list of numbers.

use super::checkpoint::Visit;
use super::setting::{NotFinite, finite};

/// What is computed beyond mean and standard deviation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extent {
    /// The numbers of every single replica.
    pub replicas: bool,
    /// Covariances of all entries.
    pub covariance: bool,
    /// Levels of quantiles, in [0, 1].
    pub quantiles: Vec<f64>,
}

/// Mean, standard deviation (n - 1), standard error; covariance (upper triangle, row by row) and quantiles (level by
/// level) where asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moments {
    pub(super) mean: Vec<f64>,
    pub(super) deviation: Vec<f64>,
    pub(super) error: Vec<f64>,
    pub(super) covariance: Vec<f64>,
    pub(super) quantiles: Vec<Vec<f64>>,
}

impl Moments {
    /// Of `samples`, one list per replica, all equally long. In replica order, so that rounding does not depend on the
    /// threads.
    pub(super) fn of(samples: &[Vec<f64>], extent: &Extent) -> Self {
        let entries = samples.first().map_or(0, Vec::len);
        let mut welford = Welford::new(entries, extent.covariance);
        samples.iter().for_each(|sample| welford.add(sample));
        welford.rescale_overflows(samples);
        let mut quantiles = vec![Vec::with_capacity(entries); extent.quantiles.len()];
        if !extent.quantiles.is_empty() {
            let mut column = Vec::with_capacity(samples.len());
            for entry in 0..entries {
                column.clear();
                column.extend(samples.iter().map(|sample| sample[entry]));
                column.sort_by(f64::total_cmp);
                for (quantiles, &level) in quantiles.iter_mut().zip(&extent.quantiles) {
                    quantiles.push(quantile(&column, level));
                }
            }
        }
        welford.moments(quantiles)
    }

    /// Checks that every number is finite; standard deviations are asked for only where there are several `samples`, the rest
    /// always. `names` has those of the entries.
    pub(super) fn check(&self, names: &[String], samples: usize, levels: &[f64]) -> Result<(), NotFinite> {
        let check = |values: &[f64], end: &str| {
            values
                .iter()
                .zip(names)
                .try_for_each(|(&value, name)| finite(&format!("{name}{end}"), value).map(drop))
        };
        check(&self.mean, "")?;
        for (values, level) in self.quantiles.iter().zip(levels) {
            check(values, &format!("_q{level}"))?;
        }
        if samples < 2 {
            return Ok(());
        }
        check(&self.deviation, "_std")?;
        check(&self.error, "_sem")?;
        let entries = self.mean.len();
        let pairs = (0..entries).flat_map(|i| (i..entries).map(move |j| (i, j)));
        pairs.zip(&self.covariance).try_for_each(|((i, j), &value)| {
            finite(&format!("the covariance of {} and {}", names[i], names[j]), value).map(drop)
        })
    }

    pub(super) fn visit(&mut self, visit: &mut dyn Visit) {
        let Moments { mean, deviation, error, covariance, quantiles } = self;
        for list in [mean, deviation, error, covariance].into_iter().chain(quantiles) {
            visit.numbers(list);
        }
    }
}

/// Of sorted numbers, by linear interpolation between the order statistics (definition 7 of R. J. Hyndman and Y. Fan, Am.
/// Stat. 50, 361, 1996: the default of R and NumPy).
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let place = level * (sorted.len() - 1) as f64;
    let below = (place.floor() as usize).min(sorted.len() - 1);
    let above = (below + 1).min(sorted.len() - 1);
    let (low, high) = (sorted[below], sorted[above]);
    let part = place - below as f64;
    match high - low {
        0.0 => low,
        // Of opposite signs and beyond half the range of doubles.
        gap if gap.is_infinite() => (1.0 - part) * low + part * high,
        gap => low + part * gap,
    }
}

/// Running sums that stay accurate where the spread is small beside the mean (B. P. Welford, Technometrics 4, 419, 1962).
/// Equal samples have deviation 0 exactly.
struct Welford {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
    /// Of the roots of the squares.
    units: Vec<f64>,
    products: Option<Vec<f64>>,
    deltas: Vec<f64>,
}

impl Welford {
    fn new(entries: usize, covariance: bool) -> Self {
        Welford {
            count: 0.0,
            mean: vec![0.0; entries],
            squares: vec![0.0; entries],
            units: vec![1.0; entries],
            products: covariance.then(|| vec![0.0; entries * (entries + 1) / 2]),
            deltas: vec![0.0; entries],
        }
    }

    fn add(&mut self, sample: &[f64]) {
        self.count += 1.0;
        for (entry, &value) in sample.iter().enumerate() {
            let delta = value - self.mean[entry];
            self.mean[entry] += delta / self.count;
            self.squares[entry] += delta * (value - self.mean[entry]);
            self.deltas[entry] = delta;
        }
        if let Some(products) = &mut self.products {
            let share = (self.count - 1.0) / self.count;
            let mut at = 0;
            for (i, first) in self.deltas.iter().enumerate() {
                for second in &self.deltas[i..] {
                    products[at] += share * first * second;
                    at += 1;
                }
            }
        }
    }

    /// Takes the sums of entries whose squares are beyond the range of doubles once more, in units of 2^600.
    fn rescale_overflows(&mut self, samples: &[Vec<f64>]) {
        let unit = 2.0_f64.powi(600);
        for entry in 0..self.mean.len() {
            if !self.squares[entry].is_finite() && samples.iter().all(|sample| sample[entry].is_finite()) {
                let mut small = Welford::new(1, false);
                samples.iter().for_each(|sample| small.add(&[sample[entry] / unit]));
                self.mean[entry] = small.mean[0] * unit;
                self.squares[entry] = small.squares[0];
                self.units[entry] = unit;
            }
        }
    }

    fn moments(self, quantiles: Vec<Vec<f64>>) -> Moments {
        let freedom = self.count - 1.0;
        let deviation: Vec<f64> = self
            .squares
            .iter()
            .zip(&self.units)
            .map(|(squares, unit)| (squares / freedom).sqrt() * unit)
            .collect();
        Moments {
            error: deviation.iter().map(|deviation| deviation / self.count.sqrt()).collect(),
            deviation,
            covariance: self.products.unwrap_or_default().iter().map(|product| product / freedom).collect(),
            mean: self.mean,
            quantiles,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definitions, on numbers whose spread is 1e-9 of their mean.
    #[test]
    fn small_spreads_beside_large_means() {
        let value = |n: usize, entry: usize| ((7 * n * n + 3 * n * (entry + 1)) % 11) as f64;
        let samples: Vec<Vec<f64>> =
            (0..40).map(|n| (0..3).map(|entry| 1e9 + value(n, entry)).collect()).collect();
        let extent = Extent { covariance: true, quantiles: vec![0.0, 0.1, 0.5, 1.0], ..Extent::default() };
        let found = Moments::of(&samples, &extent);
        let mean = |entry: usize| (0..40).map(|n| value(n, entry)).sum::<f64>() / 40.0;
        let covariance = |i: usize, j: usize| {
            (0..40).map(|n| (value(n, i) - mean(i)) * (value(n, j) - mean(j))).sum::<f64>() / 39.0
        };
        let mut at = 0;
        for i in 0..3 {
            assert!((found.mean[i] - 1e9 - mean(i)).abs() < 1e-6);
            assert!((found.deviation[i] / covariance(i, i).sqrt() - 1.0).abs() < 1e-6);
            assert!((found.error[i] * 40.0_f64.sqrt() / found.deviation[i] - 1.0).abs() < 1e-14);
            for j in i..3 {
                assert!((found.covariance[at] - covariance(i, j)).abs() < 1e-5);
                at += 1;
            }
            let mut sorted: Vec<f64> = (0..40).map(|n| value(n, i)).collect();
            sorted.sort_by(f64::total_cmp);
            // 39 steps between 40 numbers: a tenth lies nine tenths beyond the third.
            let tenth = sorted[3] + 0.9 * (sorted[4] - sorted[3]);
            let expected = [sorted[0], tenth, 0.5 * (sorted[19] + sorted[20]), sorted[39]];
            for (quantiles, expected) in found.quantiles.iter().zip(expected) {
                assert!((quantiles[i] - 1e9 - expected).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn equal_samples_do_not_deviate() {
        let found = Moments::of(&vec![vec![0.1]; 7], &Extent { quantiles: vec![0.3], ..Extent::default() });
        assert_eq!((found.mean[0], found.deviation[0], found.quantiles[0][0]), (0.1, 0.0, 0.1));
    }

    /// Beyond 1e154 squares overflow, beyond 9e307 differences; the statistics themselves do not.
    #[test]
    fn large_numbers_have_statistics() {
        let samples: Vec<Vec<f64>> =
            [1.0, 2.0, 3.0, 6.0].map(|x| vec![x * 1e200, (x - 3.0) * 0.5e308, x]).into();
        let found = Moments::of(&samples, &Extent { quantiles: vec![0.0, 0.9], ..Extent::default() });
        let (deviation, close) = ((14.0_f64 / 3.0).sqrt(), |x: f64, y: f64| (x / y - 1.0).abs() < 1e-14);
        for (entry, scale) in [1e200, 0.5e308, 1.0].into_iter().enumerate() {
            assert!(close(found.deviation[entry], deviation * scale), "{:?}", found.deviation);
            assert!(close(found.error[entry], deviation / 2.0 * scale));
        }
        assert!(close(found.mean[0], 3e200) && found.mean[1].abs() < 1e293 && found.mean[2] == 3.0);
        let names = ["x", "y", "z"].map(String::from);
        assert_eq!(found.check(&names, 4, &[0.0, 0.9]), Ok(()));
        let wide = [vec![-1.5e308], vec![1.5e308]];
        let found = Moments::of(&wide, &Extent { quantiles: vec![0.75], ..Extent::default() });
        assert!(close(found.quantiles[0][0], 0.75e308) && found.mean[0] == 0.0);
        let error = found.check(&names, 2, &[0.75]).unwrap_err();
        assert_eq!((error.quantity.as_str(), error.value), ("x_std", f64::INFINITY));
        let found = Moments::of(&samples, &Extent { covariance: true, ..Extent::default() });
        let error = found.check(&names, 4, &[]).unwrap_err();
        assert_eq!(error.quantity, "the covariance of x and x");
        let single = Moments::of(&samples[..1], &Extent { covariance: true, ..Extent::default() });
        assert_eq!(single.check(&names, 1, &[]), Ok(()));
    }
}
