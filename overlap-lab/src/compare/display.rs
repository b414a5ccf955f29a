//! The comparison as a table and a sentence.

use super::{Comparison, FALSE_ALARM, Verdict};
use crate::describe::counted;

/// Rows of the table that `Display` prints; the file has all.
const TABLE_ROWS: usize = 24;

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "SGD in {}, {}, beside the ODE",
            format_args!("d = {}", counted(self.dimension, "dimension")),
            counted(self.replicas, "replica")
        )?;
        writeln!(
            f,
            "{:>10}  {:>12}  {:>12}  {:>9}  {:>9}  {:>9}  {:<8}  {:>6}",
            "t", "risk (ODE)", "risk (SGD)", "std", "sem", "max |ΔΩ|", "of", "z"
        )?;
        let stride = self.rows.len().div_ceil(TABLE_ROWS).max(1);
        // Counted from the end, so that the last row is among them.
        for (_, row) in
            self.rows.iter().enumerate().filter(|(i, _)| (self.rows.len() - 1 - i).is_multiple_of(stride))
        {
            writeln!(
                f,
                "{:>10}  {:>12.5e}  {:>12.5e}  {:>9.2e}  {:>9.2e}  {:>9.2e}  {:<8}  {:>6.2}",
                format!("{:.4}", row.time),
                row.ode_risk,
                row.sgd_risk,
                row.risk_standard_deviation,
                row.risk_standard_error,
                row.deviation,
                row.deviating,
                row.deviation_z,
            )?;
        }
        if stride > 1 {
            writeln!(f, "(one row in {stride} of {})", self.rows.len())?;
        }
        match (self.verdict(), self.worst()) {
            (Verdict::Undecided, _) | (_, None) => {
                write!(f, "Undecided: a standard error needs at least 2 replicas and one time.")
            }
            (verdict, Some(worst)) => {
                let word = if verdict == Verdict::Agree { "agree" } else { "DIFFER" };
                write!(
                    f,
                    "SGD and ODE {word}: beyond a bias of {:.1e} (of order 1/d), the largest deviation is {:.2} standard \
                     errors ({} at t = {}); in {} comparisons chance exceeds {:.2} with probability {FALSE_ALARM}.",
                    self.bias, worst.z, worst.z_of, worst.time, self.comparisons, self.threshold
                )
            }
        }
    }
}
