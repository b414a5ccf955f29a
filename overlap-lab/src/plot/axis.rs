//! Axes: from values to fractions of the plot's width or height, and the ticks.

use overlap_runtime::Error;

/// How an axis spaces its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AxisScale {
    /// Evenly.
    Linear,
    /// By decades; values that are not positive have no place and are left out.
    Log,
}

/// One axis of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Label, with `^{...}` and `_{...}` for super- and subscripts.
    pub label: String,
    /// Spacing.
    pub scale: AxisScale,
    /// First and last value; `None` takes them from the data, with a small margin.
    pub range: Option<(f64, f64)>,
    /// Places and labels of the ticks, as many as there is room for; chosen from the range where there are none.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// A linear axis with the range of the data.
    pub fn linear(label: impl Into<String>) -> Self {
        Axis { label: label.into(), scale: AxisScale::Linear, range: None, ticks: Vec::new() }
    }

    /// A logarithmic axis with the range of the data.
    pub fn log(label: impl Into<String>) -> Self {
        Axis { label: label.into(), scale: AxisScale::Log, range: None, ticks: Vec::new() }
    }

    /// The same, from `low` to `high`.
    pub fn range(self, low: f64, high: f64) -> Self {
        Axis { range: Some((low, high)), ..self }
    }
}

/// Fractions are cut off here: far outside, so that lines to such points keep their slope inside.
const FAR: f64 = 1e6;
/// A range narrower than this, relative to its values, is widened: f64 could not label it.
const NARROWEST: f64 = 1e-9;

/// The values an axis shows: `low < high`, in decades (log10) on a logarithmic axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extent {
    scale: AxisScale,
    low: f64,
    high: f64,
}

/// A mark on an axis; a minor one has no label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// Place, as a fraction of the axis.
    pub(super) place: f64,
    /// Text with markup, e.g. `10^{−3}`.
    pub(super) label: Option<String>,
}

/// The place of a value before the range is known.
fn transform(scale: AxisScale, value: f64) -> Option<f64> {
    match scale {
        AxisScale::Linear => value.is_finite().then_some(value),
        AxisScale::Log => (value > 0.0 && value.is_finite()).then(|| libm::log10(value)),
    }
}

impl Extent {
    /// The range of an axis, from what is given or from data; `margin` is the fraction left free at both ends.
    /// `None` if there is nothing to take it from.
    pub(super) fn new(
        axis: &Axis,
        data: impl Iterator<Item = f64>,
        margin: f64,
    ) -> Result<Option<Self>, Error> {
        let scale = axis.scale;
        if let Some((low, high)) = axis.range {
            let bad = || {
                let least = if scale == AxisScale::Log { " and positive" } else { "" };
                Error::Figure(format!(
                    "the range of the axis \"{}\" = [{low}, {high}], but it must be finite{least} and increase by \
                     more than rounding",
                    axis.label
                ))
            };
            let (low, high) = transform(scale, low).zip(transform(scale, high)).ok_or_else(bad)?;
            let extent = Extent { scale, low, high };
            return if low < high && !extent.is_narrow() { Ok(Some(extent)) } else { Err(bad()) };
        }
        let places = data.filter_map(|value| transform(scale, value));
        let Some((low, high)) = places.fold(None, |range: Option<(f64, f64)>, place| {
            Some(range.map_or((place, place), |(low, high)| (low.min(place), high.max(place))))
        }) else {
            return Ok(None);
        };
        let extent = Extent { scale, low, high };
        let room = if !extent.is_narrow() {
            margin * high - margin * low
        } else if scale == AxisScale::Log {
            0.5
        } else {
            let size = low.abs().max(high.abs());
            if size > 1e-290 { 0.1 * size } else { 1.0 }
        };
        Ok(Some(Extent { low: (low - room).max(-f64::MAX), high: (high + room).min(f64::MAX), ..extent }))
    }

    /// How the axis is spaced.
    pub(super) fn scale(&self) -> AxisScale {
        self.scale
    }

    fn is_narrow(&self) -> bool {
        let size = self.low.abs().max(self.high.abs());
        let width = self.high / 2.0 - self.low / 2.0;
        width < NARROWEST * size || width < if self.scale == AxisScale::Log { NARROWEST } else { 1e-300 }
    }

    /// Where a value lies: 0 at the low end, 1 at the high end; `None` if it has no place on the axis.
    pub(super) fn fraction(&self, value: f64) -> Option<f64> {
        transform(self.scale, value).map(|place| self.place(place))
    }

    /// As [`Self::fraction`], but what a logarithmic axis cannot show lies at its low end.
    pub(super) fn fraction_or_bottom(&self, value: f64) -> f64 {
        self.fraction(value).unwrap_or(0.0)
    }

    fn place(&self, value: f64) -> f64 {
        // Halves, because high - low may exceed the largest f64.
        ((value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)).clamp(-FAR, FAR)
    }

    /// Ticks for an axis of `length` pixels with room for a number every `linear` or `log` pixels.
    pub(super) fn ticks(&self, length: f64, linear: f64, log: f64) -> Vec<Tick> {
        match self.scale {
            AxisScale::Linear => self.linear_ticks((length / linear).max(2.0)),
            AxisScale::Log => self.log_ticks((length / log).max(2.0)),
        }
    }

    /// The ticks of an axis: its own, thinned out evenly where there are too many, or round numbers.
    pub(super) fn axis_ticks(&self, axis: &Axis, length: f64, linear: f64, log: f64) -> Vec<Tick> {
        if axis.ticks.is_empty() {
            return self.ticks(length, linear, log);
        }
        let stride = (axis.ticks.len() as f64 * linear / length).ceil().max(1.0) as usize;
        let own = axis.ticks.iter().enumerate();
        own.filter_map(|(n, (at, label))| {
            let place = self.fraction(*at).filter(|place| (-1e-9..=1.0 + 1e-9).contains(place))?;
            Some(Tick { place, label: n.is_multiple_of(stride).then(|| label.clone()) })
        })
        .collect()
    }

    fn tick(&self, at: f64, label: Option<String>) -> Option<Tick> {
        let place = self.place(at);
        (-1e-9..=1.0 + 1e-9).contains(&place).then_some(Tick { place, label })
    }

    fn linear_ticks(&self, most: f64) -> Vec<Tick> {
        nice_values(self.low, self.high, most)
            .into_iter()
            .filter_map(|(value, label)| self.tick(value, Some(label)))
            .collect()
    }

    fn log_ticks(&self, most: f64) -> Vec<Tick> {
        let (first, last) = (self.low.floor() as i32, self.high.ceil() as i32);
        let decades = self.high - self.low;
        if decades < 0.7 {
            // Too short for 1, 2, 5: round numbers, as on a linear axis.
            let values = nice_values(libm::pow(10.0, self.low), libm::pow(10.0, self.high), most);
            return values
                .into_iter()
                .filter(|(value, _)| *value > 0.0)
                .filter_map(|(value, label)| self.tick(libm::log10(value), Some(label)))
                .collect();
        }
        let fits = |step: &&i32| decades / f64::from(**step) <= most;
        let step = *[1, 2, 3, 5, 10, 20, 50, 100, 200].iter().find(fits).unwrap_or(&500);
        // Below two decades the powers of ten alone would leave an axis with one number or none.
        let short = decades < 2.0;
        let mut ticks = Vec::new();
        for exponent in first..=last {
            let major = exponent.rem_euclid(step) == 0;
            if major || step <= 5 {
                ticks.extend(self.tick(f64::from(exponent), major.then(|| power(1, exponent, short))));
            }
            if step > 1 || decades > 12.0 {
                continue;
            }
            for digit in 2..=9 {
                let label = (short && (digit == 2 || digit == 5)).then(|| power(digit, exponent, short));
                ticks.extend(self.tick(f64::from(exponent) + libm::log10(f64::from(digit)), label));
            }
        }
        ticks
    }
}

/// `digit * 10^exponent` as a label; with `plain`, numbers near 1 are written out.
fn power(digit: i32, exponent: i32, plain: bool) -> String {
    match (digit, exponent) {
        (_, -2..=2) if plain => {
            format!("{:.*}", (-exponent).max(0) as usize, f64::from(digit) * 10f64.powi(exponent))
        }
        (1, _) => minus(&format!("10^{{{exponent}}}")),
        _ => minus(&format!("{digit}×10^{{{exponent}}}")),
    }
}

/// Multiples of 1, 2 or 5 times a power of ten inside `[low, high]`, at most about `most`, with labels.
fn nice_values(low: f64, high: f64, most: f64) -> Vec<(f64, String)> {
    let least = high / most - low / most;
    let exponent = libm::floor(libm::log10(least)) as i32;
    let steps = [(1, exponent), (2, exponent), (5, exponent), (1, exponent + 1)];
    let size = |(digit, exponent): (i32, i32)| f64::from(digit) * libm::pow(10.0, f64::from(exponent));
    // Near the largest f64 the next step may be infinite: then the last finite one.
    let mut finite = steps.into_iter().filter(|step| size(*step).is_finite());
    let Some(step) = finite.clone().find(|step| size(*step) >= least * (1.0 - 1e-9)).or(finite.next_back())
    else {
        return Vec::new();
    };
    let (first, last) = ((low / size(step)).ceil(), (high / size(step)).floor());
    let largest = low.abs().max(high.abs());
    let top = libm::floor(libm::log10(largest)) as i32;
    let label = |value: f64| {
        if value == 0.0 {
            "0".to_string()
        } else if (-4..5).contains(&top) {
            minus(&format!("{value:.*}", (-step.1).max(0) as usize))
        } else {
            let shown =
                format!("{:.*}", (top - step.1).max(0) as usize, value / libm::pow(10.0, f64::from(top)));
            minus(&format!("{shown}×10^{{{top}}}"))
        }
    };
    // `first + n` stays exact: an extent is at least 1e-9 of its values wide.
    let count = (last - first).clamp(0.0, 100.0) as usize;
    if last < first {
        return Vec::new();
    }
    (0..=count).map(|n| (first + n as f64) * size(step)).map(|value| (value, label(value))).collect()
}

/// A typographic minus.
fn minus(text: &str) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, axis: Axis, most: f64) -> Vec<(f64, String)> {
        let extent = Extent::new(&axis.range(low, high), std::iter::empty(), 0.0).unwrap().unwrap();
        let ticks = extent.ticks(most, 1.0, 1.0).into_iter();
        ticks.filter_map(|tick| Some((tick.place, tick.label?))).collect()
    }

    fn texts(low: f64, high: f64, axis: Axis, most: f64) -> Vec<String> {
        labels(low, high, axis, most).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn every_decade_has_a_number_where_there_is_room() {
        let ticks = labels(1e-2, 1e3, Axis::log(""), 6.0);
        let expected = ["10^{−2}", "10^{−1}", "10^{0}", "10^{1}", "10^{2}", "10^{3}"];
        for (n, ((place, label), expected)) in ticks.iter().zip(expected).enumerate() {
            assert_eq!(label, expected);
            assert!((place - n as f64 / 5.0).abs() < 1e-12);
        }
        assert_eq!(ticks.len(), 6);
        assert_eq!(texts(1e-6, 1e6, Axis::log(""), 6.0).len(), 7);
        assert_eq!(texts(5e-324, f64::MAX, Axis::log(""), 4.0), ["10^{−200}", "10^{0}", "10^{200}"]);
    }

    #[test]
    fn minor_ticks_stand_at_the_digits() {
        let extent = Extent::new(&Axis::log("").range(1.0, 1e3), std::iter::empty(), 0.0).unwrap().unwrap();
        let ticks = extent.ticks(400.0, 50.0, 50.0);
        assert_eq!(ticks.len(), 4 + 3 * 8);
        let places: Vec<f64> =
            ticks.iter().filter(|tick| tick.label.is_none()).map(|tick| tick.place).collect();
        assert!((places[0] - 2f64.log10() / 3.0).abs() < 1e-12);
        assert!((places[8] - 20f64.log10() / 3.0).abs() < 1e-12);
    }

    #[test]
    fn short_logarithmic_axes_have_numbers_too() {
        assert_eq!(texts(0.5, 11.0, Axis::log(""), 6.0), ["0.5", "1", "2", "5", "10"]);
        assert_eq!(texts(1.0, 3.0, Axis::log(""), 3.0), ["1", "2", "3"]);
        assert_eq!(texts(1e-4, 1.2e-3, Axis::log(""), 6.0), ["10^{−4}", "2×10^{−4}", "5×10^{−4}", "10^{−3}"]);
    }

    #[test]
    fn linear_ticks_are_round_numbers() {
        assert_eq!(texts(-0.5, 1.1, Axis::linear(""), 4.0), ["−0.5", "0", "0.5", "1.0"]);
        assert_eq!(texts(0.0, 3e7, Axis::linear(""), 4.0), ["0", "1×10^{7}", "2×10^{7}", "3×10^{7}"]);
        assert_eq!(texts(0.0, 2.5e-6, Axis::linear(""), 3.0), ["0", "1×10^{−6}", "2×10^{−6}"]);
        assert_eq!(texts(-f64::MAX, f64::MAX, Axis::linear(""), 3.0), ["−1×10^{308}", "0", "1×10^{308}"]);
    }

    #[test]
    fn ranges_come_from_the_data_that_can_be_shown() {
        let extent = |axis: Axis, data: &[f64]| Extent::new(&axis, data.iter().copied(), 0.0).unwrap();
        let log = extent(Axis::log(""), &[0.0, -3.0, 0.01, 100.0]).unwrap();
        assert_eq!((log.low, log.high), (-2.0, 2.0));
        assert_eq!(log.fraction(1.0), Some(0.5));
        assert_eq!(log.fraction(0.0), None);
        let constant = extent(Axis::linear(""), &[5.0, 5.0]).unwrap();
        assert!(constant.low < 5.0 && constant.high > 5.0);
        assert_eq!(extent(Axis::log(""), &[0.0, -1.0]), None);
        assert_eq!(extent(Axis::linear(""), &[]), None);
    }
}
