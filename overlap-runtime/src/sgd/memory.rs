//! Checks, before a simulation begins, that what it asks for fits into memory: numbers mistyped by some zeros are errors that name
//! them, not aborts or panics.

use super::options::{Algorithm, Precision, SimulateOptions};
use super::setting::Setting;
use super::training;
use crate::Error;
use std::sync::OnceLock;

/// A number of the user, and what is usual: the one furthest beyond is to blame.
struct Quantity {
    name: &'static str,
    value: usize,
    usual: f64,
}

const fn quantity(name: &'static str, value: usize, usual: f64) -> Quantity {
    Quantity { name, value, usual }
}

/// Beside its arrays, for the streams and small vectors of a replica.
const REPLICA_BYTES: f64 = 2048.0;

/// For the direct simulator: weights and inputs, training sets.
pub(super) fn check_weights(setting: &Setting, options: &SimulateOptions) -> Result<(), Error> {
    let (shape, population) = (setting.shape, options.algorithm == Algorithm::Population);
    let (nodes, p) = (shape.nodes() as f64, shape.p as f64);
    let number = if options.precision == Precision::Single { 4.0 } else { 8.0 };
    let mut quantities =
        vec![quantity("dimension", setting.dimension, 1000.0), quantity("replicas", options.replicas, 10.0)];
    if !population {
        quantities.push(quantity("batch", setting.batch, 1.0));
    }
    if let Algorithm::MultiPass { samples } = options.algorithm {
        quantities.push(quantity("samples", samples, 1000.0));
    }
    check(&quantities, &|values| {
        let [dimension, replicas, rest @ ..] = values else { return 0.0 };
        let batch = rest.first().copied().unwrap_or(0.0);
        let samples = rest.get(1).copied().unwrap_or(0.0);
        let own = number * dimension * (p + 2.0 * batch) + training::BYTES as f64 * samples + REPLICA_BYTES;
        // The weights all begin with are drawn in double precision.
        replicas * own + 16.0 * dimension * nodes
    })
}

/// For the reduced simulator: the triangles and draws of all replicas.
pub(super) fn check_chains(setting: &Setting, replicas: usize) -> Result<(), Error> {
    let n = setting.shape.nodes() as f64;
    check(&[quantity("batch", setting.batch, 1.0), quantity("replicas", replicas, 10.0)], &|values| {
        let [batch, replicas] = values else { return 0.0 };
        replicas * (8.0 * (n + 16.0 + batch) * (n + batch) + REPLICA_BYTES)
    })
}

/// For the rows of the result.
pub(super) fn check_rows(setting: &Setting, times: usize, options: &SimulateOptions) -> Result<(), Error> {
    let entries = setting.shape.dim() + 2;
    let covariance = options.covariance;
    let quantities = [
        quantity("the number of output times", times, 1000.0),
        quantity("replicas", options.replicas, 10.0),
        quantity("the number of quantiles", options.quantiles.len(), 10.0),
        quantity("the number of overlaps", entries - 2, 1000.0),
    ];
    check(&quantities, &|values| {
        let [times, replicas, quantiles, overlaps] = values else { return 0.0 };
        let entries = overlaps + 2.0;
        let pairs = if covariance { entries * (entries + 1.0) / 2.0 } else { 0.0 };
        let kept = if options.keep_replicas { *times } else { 1.0 };
        8.0 * (times * ((3.0 + quantiles) * entries + pairs) + kept * replicas * entries)
    })
}

/// Checks that `bytes` of the values fit; if not, the quantity to blame and the largest value that does.
fn check(quantities: &[Quantity], bytes: &dyn Fn(&[f64]) -> f64) -> Result<(), Error> {
    let mut values: Vec<f64> = quantities.iter().map(|quantity| quantity.value as f64).collect();
    if fits(bytes(&values)) {
        return Ok(());
    }
    let excess = |index: &usize| values[*index] / quantities[*index].usual;
    let Some(worst) = (0..values.len()).max_by(|i, j| excess(i).total_cmp(&excess(j))) else { return Ok(()) };
    let (mut low, mut high) = (0, quantities[worst].value);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        values[worst] = middle as f64;
        if fits(bytes(&values)) { low = middle } else { high = middle }
    }
    let others = quantities.iter().enumerate().filter(|(index, other)| *index != worst && other.value > 0);
    let others: Vec<String> = others.map(|(_, other)| format!("{} = {}", other.name, other.value)).collect();
    let others = others.join(", ");
    let bound = if low == 0 {
        format!("smaller, and so must be {others}: together they do not fit into memory")
    } else {
        format!("at most {low} to fit into memory with {others}")
    };
    Err(Error::invalid(quantities[worst].name, quantities[worst].value, bound))
}

/// Whether so many bytes are there and may be had.
fn fits(bytes: f64) -> bool {
    bytes <= machine().min(isize::MAX as f64 / 2.0)
        && Vec::<u8>::new().try_reserve_exact(bytes as usize).is_ok()
}

/// Bytes of this machine, memory and swap, where the system tells (Linux). What can be reserved may be more.
fn machine() -> f64 {
    static BYTES: OnceLock<f64> = OnceLock::new();
    *BYTES.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kilobytes = |name: &str| -> Option<f64> {
            text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
        };
        let swap = kilobytes("SwapTotal:").unwrap_or(0.0);
        kilobytes("MemTotal:").map_or(f64::INFINITY, |memory| 1024.0 * (memory + swap))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_quantity_is_named_with_the_largest_value_that_fits() {
        let bytes = |values: &[f64]| values.iter().product::<f64>() * 1e9;
        let error = check(&[quantity("x", 10, 1.0), quantity("y", usize::MAX, 10.0)], &bytes).unwrap_err();
        let Error::Invalid { quantity: name, value, bound } = error else { panic!("{error}") };
        assert_eq!((name.as_str(), value), ("y", usize::MAX.to_string()));
        let most =
            bound.strip_prefix("at most ").and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
        match most {
            Some(most) => {
                assert!(check(&[quantity("x", 10, 1.0), quantity("y", most, 10.0)], &bytes).is_ok());
                assert!(check(&[quantity("x", 10, 1.0), quantity("y", most + 1, 10.0)], &bytes).is_err());
            }
            None => assert!(bound.contains("together they do not fit"), "{bound}"),
        }
    }
}
