//! From output times to SGD steps.

use crate::Error;
use crate::error::check_at_least;

/// Beyond 2^53 a step has no exact time t = step / d in double precision.
const MOST_STEPS: f64 = 9_007_199_254_740_992.0;

/// The step nearest to a time.
pub(super) fn step(time: f64, dimension: usize) -> f64 {
    (time * dimension as f64).round()
}

/// The steps at which the overlaps are recorded, round(t d), counted from that of the `start` time.
///
/// # Errors
/// [`Error::Invalid`] unless the times are finite, at least the start, strictly increasing and at most 2^53 steps away.
pub(super) fn steps(times: &[f64], start: f64, dimension: usize) -> Result<Vec<u64>, Error> {
    let mut steps = Vec::with_capacity(times.len());
    if times.is_empty() {
        return Err(Error::invalid("the number of output times", 0, "at least 1"));
    }
    for (index, &time) in times.iter().enumerate() {
        let name = format!("output time {}", index + 1);
        check_at_least(&name, time, start, false)?;
        if index > 0 && time <= times[index - 1] {
            let bound = format!("greater than output time {index} = {}", times[index - 1]);
            return Err(Error::invalid(name, time, bound));
        }
        let nearest = step(time, dimension);
        if nearest > MOST_STEPS {
            let bound = format!("at most 2^53 / d = {:e}", MOST_STEPS / dimension as f64);
            return Err(Error::invalid(name, time, bound));
        }
        steps.push(nearest as u64 - step(start, dimension) as u64);
    }
    Ok(steps)
}

/// The times nearest to `times` that SGD in `dimension` dimensions passes through, t = step / d, without repetition:
/// solving and simulating at these leaves no difference of up to 1/(2d) between the two clocks.
///
/// ```
/// let times = overlap::whole_steps(&[0.0, 0.001, 0.012, 1.0], 100)?;
/// assert_eq!(times, [0.0, 0.01, 1.0]);
/// # Ok::<(), overlap::Error>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] unless the times are finite, at least 0 and strictly increasing, and d at least 1.
pub fn whole_steps(times: &[f64], dimension: usize) -> Result<Vec<f64>, Error> {
    if dimension == 0 {
        return Err(Error::invalid("dimension", dimension, "at least 1"));
    }
    let mut steps = steps(times, 0.0, dimension)?;
    steps.dedup();
    Ok(steps.into_iter().map(|step| step as f64 / dimension as f64).collect())
}
