//! Figures of result tables: what `plot FILE` draws.

use super::{Axis, AxisScale, Colour, Figure, Heat, Panel, Style, heat};
use crate::{Table, Values};
use overlap_runtime::Error;
use std::collections::{BTreeMap, BTreeSet};

/// What of a table is drawn, and how; by default what one most likely wants to see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableFigure {
    /// Column of the horizontal axis. Default: `t`, or the parameter of a sweep that varies fastest, seeds aside.
    pub x: Option<String>,
    /// Columns of the vertical axis; `M`, `Q` and `a` stand for all of their entries. With a heat map the parameter
    /// there. Default: the excess risk, or the first result of a sweep.
    pub y: Vec<String>,
    /// Column that colours a heat map. Default: where two parameters of a sweep vary, its first result.
    pub z: Option<String>,
    /// A parameter with a curve for each of its values.
    pub by: Option<String>,
    /// Axes that are logarithmic, of `x`, `y` and `z`; default those over more than a decade and a half.
    pub log: Vec<String>,
    /// Axes that are linear.
    pub linear: Vec<String>,
    /// Title; default what the table says of itself.
    pub title: Option<String>,
}

/// Axes longer than this are logarithmic.
const LOG_FROM: f64 = 30.0;
/// More curves than this have no legend entries of their own.
const MOST_LABELS: usize = 8;

impl TableFigure {
    /// Draws a table: of a solve, a simulation or a comparison against t, of a sweep against its parameters. Rows that
    /// differ in other parameters only (seeds) are averaged; where one of them has no value, neither has their mean.
    ///
    /// # Errors
    /// [`Error::Figure`] if the table lacks a column, or has nothing to draw.
    pub fn draw(&self, table: &Table) -> Result<Figure, Error> {
        let title = self.title.clone().unwrap_or_else(|| title(table));
        if self.z.is_none()
            && (self.by.is_none() && self.x.is_none() || self.x.as_deref() == Some("t"))
            && table.column("t").is_some()
        {
            return self.curves(table, title);
        }
        let parameters = parameters(table);
        let map = self.z.is_some()
            || (self.by.is_none() && self.x.is_none() && self.y.is_empty() && parameters.len() > 1);
        if map { self.map(table, &parameters, title) } else { self.lines(table, &parameters, title) }
    }

    /// Columns against time.
    fn curves(&self, table: &Table, title: String) -> Result<Figure, Error> {
        let times = numbers(table, "t")?;
        let default = |name: &str| table.column(name).map(|_| name.to_owned());
        let chosen: Vec<String> = if self.y.is_empty() {
            ["excess_risk", "risk_ode", "risk_sgd", "risk"].into_iter().filter_map(default).collect()
        } else {
            self.y.iter().flat_map(|name| group(table, name)).collect()
        };
        // The risk stands for the excess risk where there is no other.
        let chosen: Vec<String> = match chosen.first().map(String::as_str) {
            Some("excess_risk") if self.y.is_empty() => chosen[..1].to_vec(),
            _ => chosen,
        };
        if chosen.is_empty() {
            return Err(Error::Figure("the table has no risk: name columns with --y".into()));
        }
        let mut panel = Panel::new("", Axis::linear("t = steps / d"), Axis::linear(label(table, &chosen)));
        let colours = Colour::series(chosen.len());
        let mut all = Vec::new();
        for (name, colour) in chosen.iter().zip(colours) {
            let values = numbers(table, name)?;
            let spread = table.column(&format!("{name}_std")).map(|column| column.values.numbers());
            let spread = spread.or_else(|| {
                (name == "excess_risk" || name == "risk_sgd")
                    .then(|| table.column("risk_std").map(|column| column.values.numbers()))
                    .flatten()
            });
            let label = if chosen.len() > MOST_LABELS { String::new() } else { name.clone() };
            let rows = |n: &usize| Some((times[*n]?, values[*n]?));
            if let Some(spread) = spread
                && spread.iter().any(Option::is_some)
            {
                let edges: Vec<(f64, f64, f64)> = (0..times.len())
                    .filter_map(|n| Some((times[n]?, values[n]? - spread[n]?, values[n]? + spread[n]?)))
                    .collect();
                let column = |get: fn(&(f64, f64, f64)) -> f64| edges.iter().map(get).collect::<Vec<_>>();
                panel = panel.band(
                    &label,
                    Style::band(colour),
                    column(|e| e.0),
                    column(|e| e.1),
                    column(|e| e.2),
                );
            }
            let (mut x, mut y): (Vec<f64>, Vec<f64>) = (0..times.len()).filter_map(|n| rows(&n)).unzip();
            if name == "excess_risk" {
                let end = resolved(&y);
                x.truncate(end);
                y.truncate(end);
            }
            all.extend(y.iter().copied());
            if !x.is_empty() {
                panel = panel.line(label, Style::line(colour), x, y);
            }
        }
        panel.x.scale = self.scale("x", times.iter().flatten().copied().filter(|time| *time > 0.0));
        panel.y.scale = self.scale("y", all.into_iter());
        Ok(Figure::new(title).panel(panel))
    }

    /// Results of a sweep against one parameter.
    fn lines(&self, table: &Table, parameters: &[String], title: String) -> Result<Figure, Error> {
        let x = self.x.clone().or_else(|| parameters.last().cloned()).ok_or_else(|| {
            Error::Figure("no parameter of the table varies: name the horizontal axis with --x".into())
        })?;
        let chosen: Vec<String> = if self.y.is_empty() {
            let first = results(table).first().cloned().into_iter();
            let other = |name: &String| name.strip_prefix("ode_").map(|rest| format!("sgd_{rest}"));
            first
                .flat_map(|name| [other(&name), Some(name)])
                .flatten()
                .filter(|name| table.column(name).is_some())
                .collect()
        } else {
            self.y.iter().flat_map(|name| group(table, name)).collect()
        };
        if chosen.is_empty() {
            return Err(Error::Figure("the table has no results: name columns with --y".into()));
        }
        let horizontal = keys(table, &x)?;
        let by = self.by.as_deref().map(|name| Ok::<_, Error>((name, texts(table, name)?))).transpose()?;
        let groups: Vec<(String, Vec<usize>)> = match &by {
            None => vec![(String::new(), (0..table.rows()).collect())],
            Some((name, values)) => {
                let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
                let mut known: BTreeMap<&str, usize> = BTreeMap::new();
                for (row, value) in values.iter().enumerate() {
                    let group = *known.entry(value).or_insert(groups.len());
                    if group == groups.len() {
                        groups.push((value.clone(), Vec::new()));
                    }
                    groups[group].1.push(row);
                }
                // Few digits are enough, unless they make two values one.
                let mut shorts: Vec<String> = groups.iter().map(|(value, _)| short(value)).collect();
                let distinct: BTreeSet<&String> = shorts.iter().collect();
                if distinct.len() < groups.len() {
                    shorts = groups.iter().map(|(value, _)| value.replace('-', "−")).collect();
                }
                for ((label, _), short) in groups.iter_mut().zip(shorts) {
                    *label = format!("{} = {short}", symbol(name));
                }
                groups
            }
        };
        let curves = groups.len() * chosen.len();
        let colours = Colour::series(curves);
        let mut panel = Panel::new(
            "",
            Axis::linear(label(table, std::slice::from_ref(&x))),
            Axis::linear(label(table, &chosen)),
        );
        let mut all = Vec::new();
        for (n, (name, (group, rows))) in
            chosen.iter().flat_map(|name| groups.iter().map(move |group| (name, group))).enumerate()
        {
            let values = numbers(table, name)?;
            let mut means: BTreeMap<Key, Mean> = BTreeMap::new();
            for &row in rows {
                if let Some(x) = horizontal[row] {
                    means.entry(x).or_default().add(values[row]);
                }
            }
            let (x, y): (Vec<f64>, Vec<f64>) =
                means.iter().filter_map(|(x, mean)| Some((x.0, mean.value()?))).unzip();
            if x.is_empty() {
                continue;
            }
            all.extend(y.iter().copied());
            let label = match (group.as_str(), chosen.len()) {
                ("", _) => name.clone(),
                (group, 1) => group.to_owned(),
                (group, _) => format!("{name}, {group}"),
            };
            let label = if curves > MOST_LABELS && n > 0 && n + 1 < curves { String::new() } else { label };
            let colour = colours[n];
            panel = panel.line(&label, Style::line(colour), x.clone(), y.clone()).points(
                &label,
                Style::dots(colour),
                x,
                y,
            );
        }
        panel.x.scale = self.scale("x", horizontal.iter().flatten().map(|key| key.0));
        panel.y.scale = self.scale("y", all.into_iter());
        panel.title = averaged(parameters, &[Some(&x), self.by.as_ref()]);
        Ok(Figure::new(title).panel(panel))
    }

    /// A result of a sweep over two parameters; κ and δ, where both vary, are those of the phase diagram.
    fn map(&self, table: &Table, parameters: &[String], title: String) -> Result<Figure, Error> {
        let plane = ["delta", "kappa"].map(str::to_owned);
        let plane = if plane.iter().all(|name| parameters.contains(name)) { &plane[..] } else { &[] };
        let order = || plane.iter().rev().chain(parameters.iter().rev());
        let x = self.x.clone().or_else(|| order().find(|name| !self.y.contains(name)).cloned());
        let rest = order().find(|name| Some(*name) != x.as_ref());
        let y = self.y.first().cloned().or_else(|| rest.cloned());
        let z = self.z.clone().or_else(|| results(table).first().cloned());
        let (Some(x), Some(y), Some(z)) = (x, y, z) else {
            return Err(Error::Figure(
                "a heat map needs two parameters that vary and a result: name them with --x, --y, --z".into(),
            ));
        };
        let (columns, rows, values) = (keys(table, &x)?, keys(table, &y)?, numbers(table, &z)?);
        let distinct = |values: &[Option<Key>]| -> Vec<Key> {
            let found: BTreeSet<Key> = values.iter().flatten().copied().collect();
            found.into_iter().collect()
        };
        let (xs, ys) = (distinct(&columns), distinct(&rows));
        let mut means = vec![vec![Mean::default(); xs.len()]; ys.len()];
        for row in 0..table.rows() {
            if let (Some(x), Some(y)) = (columns[row], rows[row]) {
                let at = |list: &[Key], value: Key| list.partition_point(|known| *known < value);
                means[at(&ys, y)][at(&xs, x)].add(values[row]);
            }
        }
        let places = |keys: Vec<Key>| -> Vec<f64> { keys.into_iter().map(|key| key.0).collect() };
        let (xs, ys) = (places(xs), places(ys));
        let cells: Vec<Vec<Option<f64>>> =
            means.into_iter().map(|row| row.into_iter().map(Mean::value).collect()).collect();
        let axis = |name: &String, which: &str, values: Vec<f64>| Axis {
            label: label(table, std::slice::from_ref(name)),
            scale: self.scale(which, values.into_iter()),
            range: None,
            ticks: Vec::new(),
        };
        let colours = axis(&z, "z", cells.iter().flatten().flatten().copied().collect());
        let (mut horizontal, mut vertical) = (axis(&x, "x", xs.clone()), axis(&y, "y", ys.clone()));
        let (mut xs, mut ys) = (xs, ys);
        if plane.is_empty() {
            for (which, axis, values) in [("x", &mut horizontal, &mut xs), ("y", &mut vertical, &mut ys)] {
                if !self.chosen(which) && heat::too_thin(values, axis.scale) {
                    one_cell_each(axis, values);
                }
            }
        }
        let mut panel = Panel::new(averaged(parameters, &[Some(&x), Some(&y)]), horizontal, vertical);
        if plane.contains(&x) && plane.contains(&y) {
            panel = with_boundaries(panel, &xs, &ys);
        }
        // Drawn first, wherever it stands.
        panel = panel.heat(Heat { x: xs, y: ys, z: cells, axis: colours });
        Ok(Figure::new(title).panel(panel))
    }

    /// Whether the scale of an axis was asked for.
    fn chosen(&self, axis: &str) -> bool {
        self.log.iter().chain(&self.linear).any(|name| name == axis)
    }

    /// Logarithmic where asked for, over more than a decade and a half, and on grids that are evenly spaced so.
    fn scale(&self, axis: &str, values: impl Iterator<Item = f64>) -> AxisScale {
        let named = |list: &[String]| list.iter().any(|name| name == axis);
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let (Some(&low), Some(&high)) = (values.first(), values.last()) else { return AxisScale::Linear };
        let ratios = || values.windows(2).map(|pair| pair[1] / pair[0]);
        let even = values.len() > 2
            && low > 0.0
            && ratios().all(|ratio| (ratio * values[0] / values[1] - 1.0).abs() < 1e-6);
        let log = low > 0.0 && (high > LOG_FROM * low || even);
        if named(&self.log) || (log && !named(&self.linear)) { AxisScale::Log } else { AxisScale::Linear }
    }
}

/// Cells of one width, each with its value at its tick.
fn one_cell_each(axis: &mut Axis, values: &mut [f64]) {
    axis.scale = AxisScale::Linear;
    axis.ticks = values.iter().enumerate().map(|(n, value)| (n as f64, short(&value.to_string()))).collect();
    for (n, value) in values.iter_mut().enumerate() {
        *value = n as f64;
    }
}

/// The mean of values all of which are there.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: f64,
    missing: bool,
}

impl Mean {
    fn add(&mut self, value: Option<f64>) {
        match value {
            Some(value) => (self.sum, self.count) = (self.sum + value, self.count + 1.0),
            // The rest may be another kind of run: those that left the plateau in time.
            None => self.missing = true,
        }
    }

    fn value(self) -> Option<f64> {
        (self.count > 0.0 && !self.missing).then(|| self.sum / self.count)
    }
}

/// A number that can be sorted, and the whole number it stands for where doubles are too coarse.
#[derive(Clone, Copy, PartialEq)]
struct Key(f64, u64);

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

/// The numbers of a column, told apart as its values are.
fn keys(table: &Table, name: &str) -> Result<Vec<Option<Key>>, Error> {
    let wholes = match table.column(name).map(|column| &column.values) {
        Some(Values::Counts(wholes)) => wholes.as_slice(),
        _ => &[],
    };
    // Zeros of both signs are one.
    let key = |(row, number): (usize, Option<f64>)| {
        Some(Key(number? + 0.0, wholes.get(row).copied().unwrap_or_default()))
    };
    Ok(numbers(table, name)?.into_iter().enumerate().map(key).collect())
}

/// The boundaries of the phase diagram over cells at these values of κ and δ, whichever is which.
fn with_boundaries(mut panel: Panel, xs: &[f64], ys: &[f64]) -> Panel {
    let ends = |values: &[f64]| {
        let edges = heat::edges(values, AxisScale::Linear);
        (edges[0], edges[edges.len() - 1])
    };
    let ((left, right), (low, high)) = (ends(xs), ends(ys));
    panel.x = Axis::linear(panel.x.label).range(left, right);
    panel.y = Axis::linear(panel.y.label).range(low, high);
    let style = Style::line(Colour::VERMILLION).width(2.5);
    for (sum, label, style) in [(0.0, "κ + δ = 0", style), (-0.5, "κ + δ = −1/2", style.dashed())] {
        panel = panel.line(label, style, vec![left, right], vec![sum - left, sum - right]);
    }
    panel
}

/// `mean over κ, d`: parameters that vary, seeds aside, and are on no axis.
fn averaged(parameters: &[String], shown: &[Option<&String>]) -> String {
    let seeds = ["seed", "data_seed"];
    let others =
        parameters.iter().filter(|name| !shown.contains(&Some(*name)) && !seeds.contains(&name.as_str()));
    let others: Vec<&str> = others.map(|name| symbol(name)).collect();
    if others.is_empty() { String::new() } else { format!("mean over {}", others.join(", ")) }
}

fn missing(table: &Table, name: &str) -> Error {
    let names: Vec<_> = table.columns().iter().map(|column| column.name.as_str()).take(40).collect();
    Error::Figure(format!("there is no column {name}: the columns are {}", names.join(", ")))
}

fn numbers(table: &Table, name: &str) -> Result<Vec<Option<f64>>, Error> {
    let column = table.column(name).ok_or_else(|| missing(table, name))?;
    // What is infinite has no place in a figure.
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let numbers: Vec<_> = column.values.numbers().into_iter().map(finite).collect();
    if numbers.iter().all(Option::is_none) {
        return Err(Error::Figure(format!("column {name} has no numbers")));
    }
    Ok(numbers)
}

fn texts(table: &Table, name: &str) -> Result<Vec<String>, Error> {
    let column = table.column(name).ok_or_else(|| missing(table, name))?;
    Ok((0..table.rows()).map(|row| column.values.text(row)).collect())
}

/// The columns a name stands for.
fn group(table: &Table, name: &str) -> Vec<String> {
    if table.column(name).is_some() {
        return vec![name.to_owned()];
    }
    let entry = |column: &&str| {
        let rest = column.strip_prefix(name).and_then(|rest| rest.strip_prefix('_'));
        rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '_'))
    };
    let found: Vec<String> =
        table.columns().iter().map(|column| column.name.as_str()).filter(entry).map(str::to_owned).collect();
    if found.is_empty() { vec![name.to_owned()] } else { found }
}

/// Parameters of a sweep with more than one value, seeds only if there is nothing else.
fn parameters(table: &Table) -> Vec<String> {
    let names =
        table.metadata.get("parameters").and_then(|names| names.as_array()).cloned().unwrap_or_default();
    let varies = |name: &String| {
        table.column(name).is_some_and(|column| {
            if let Values::Counts(wholes) = &column.values {
                return wholes.iter().any(|whole| *whole != wholes[0]);
            }
            let numbers = column.values.numbers();
            numbers.iter().all(Option::is_some) && numbers.iter().any(|value| *value != numbers[0])
        })
    };
    let all: Vec<String> =
        names.iter().filter_map(|name| name.as_str().map(str::to_owned)).filter(varies).collect();
    let seeds = |name: &&String| !["seed", "data_seed"].contains(&name.as_str());
    let found: Vec<String> = all.iter().filter(seeds).cloned().collect();
    if found.is_empty() { all } else { found }
}

/// Results of a sweep that have numbers, the end time aside.
fn results(table: &Table) -> Vec<String> {
    let result =
        |name: &&str| (name.starts_with("ode_") || name.starts_with("sgd_")) && !name.ends_with("_t_end");
    let has = |name: &&str| {
        table.column(name).is_some_and(|column| {
            !matches!(column.values, Values::Text(_)) && column.values.numbers().iter().any(Option::is_some)
        })
    };
    let names: Vec<&str> =
        table.columns().iter().map(|column| column.name.as_str()).filter(result).filter(has).collect();
    // Excess risks show more than risks.
    let better = names.iter().find(|name| name.ends_with("_excess_risk")).copied();
    better
        .into_iter()
        .chain(names.iter().copied().filter(|name| Some(*name) != better))
        .map(str::to_owned)
        .collect()
}

/// The symbol of a parameter, where it has one.
fn symbol(name: &str) -> &str {
    match name {
        "learning_rate" | "learning_rate_effective" => "γ",
        "second_layer_rate" => "γ_{a}",
        "noise" => "Δ",
        "dimension" => "d",
        "batch" => "b",
        "kappa" => "κ",
        "delta" => "δ",
        "p_effective" => "p",
        other => other,
    }
}

/// Three digits are enough of a number in a legend.
fn short(value: &str) -> String {
    let Ok(number) = value.parse::<f64>() else { return value.to_owned() };
    let rounded: f64 = format!("{number:.2e}").parse().unwrap_or(number);
    if rounded != 0.0 && !(1e-3..1e5).contains(&rounded.abs()) {
        let text = format!("{rounded:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = if digits == "1" { String::new() } else { format!("{digits}×") };
        return format!("{digits}10^{{{exponent}}}").replace('-', "−");
    }
    rounded.to_string().replace('-', "−")
}

/// What stands at an axis: words and the symbol, or the column's name with its unit.
fn label(table: &Table, names: &[String]) -> String {
    let [name] = names else { return String::new() };
    let words = match name.as_str() {
        "learning_rate" | "learning_rate_effective" => "learning rate",
        "second_layer_rate" => "second-layer rate",
        "noise" => "label noise",
        "dimension" => "dimension",
        "batch" => "batch size",
        "excess_risk" => return "excess risk R − Δ/2".to_owned(),
        "risk" => return "risk R".to_owned(),
        _ => "",
    };
    if !words.is_empty() {
        return format!("{words} {}", symbol(name));
    }
    let Some((process, rest)) = name.split_once('_').filter(|(process, _)| ["ode", "sgd"].contains(process))
    else {
        return symbol(name).to_owned();
    };
    let (rest, time) =
        rest.split_once('@').map_or((rest, String::new()), |(rest, time)| (rest, format!(" at {time}")));
    let unit = table.column(name).map_or("", |column| column.unit.as_str());
    let what = match rest {
        "excess_risk" => "excess risk R − Δ/2".to_owned(),
        "risk" => "risk R".to_owned(),
        event if unit.starts_with("t = ") || unit.starts_with("gamma") => {
            let clock = unit.replace("gamma", "γ").replace("^2", "^{2}");
            format!("{}, {clock}", event.replace('_', " "))
        }
        other => other.to_owned(),
    };
    format!("{}: {what}{time}", process.to_uppercase())
}

/// `ErfK4P8, γ = 8, Δ = 0.001`, or the name of a sweep.
fn title(table: &Table) -> String {
    let about = &table.metadata;
    let text = |value: Option<&serde_json::Value>| value.and_then(|value| value.as_str()).map(str::to_owned);
    if let Some(name) = text(about.get("name")) {
        return name;
    }
    let system = text(about.get("system").and_then(|system| system.get("name")));
    let problem = about.get("problem");
    let number = |key: &str, symbol: &str| {
        problem
            .and_then(|problem| problem.get(key))
            .and_then(|value| value.as_f64())
            .map(|value| format!("{symbol} = {value}"))
    };
    [system, number("learning_rate", "γ"), number("noise", "Δ")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

/// Number of excess risks before they first fall to what rounding leaves of them, as
/// [`Trajectory::resolved`](overlap_runtime::Trajectory::resolved) counts.
fn resolved(excess_risk: &[f64]) -> usize {
    let largest = excess_risk.iter().copied().fold(0.0, f64::max);
    let rounding = |risk: &f64| *risk <= 64.0 * f64::EPSILON * largest;
    if largest > 0.0 {
        excess_risk.iter().position(rounding).unwrap_or(excess_risk.len())
    } else {
        excess_risk.len()
    }
}
