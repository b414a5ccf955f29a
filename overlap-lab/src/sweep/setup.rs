//! From the parameters of a point to its problem.

use overlap_runtime::internal::builder;
use overlap_runtime::internal::{Entries, FIELDS};
use overlap_runtime::{Error, Problem, ProblemBuilder, Shape, Simulator};
use serde_json::{Map, Value, json};

/// Parameters that stand beside the fields of a problem file: of the initial state, of SGD, and exponents of d.
pub(super) const OWN: [&str; 7] =
    ["dimension", "seed", "data_seed", "variance", "alignment", "kappa", "delta"];

/// What the same parameters are called elsewhere.
pub(super) const ALIASES: [(&str, &str); 11] = [
    ("d", "dimension"),
    ("n", "dimension"),
    ("gamma", "learning_rate"),
    ("lr", "learning_rate"),
    ("gamma_a", "second_layer_rate"),
    ("Delta", "noise"),
    ("sigma", "noise"),
    ("b", "batch"),
    ("seeds", "seed"),
    ("m", "alignment"),
    ("replicas", "replicas in [sgd]"),
];

/// Parameters that are whole numbers.
pub(super) fn is_whole(name: &str) -> bool {
    ["k", "p", "batch", "dimension", "seed", "data_seed"].contains(&name)
}

/// All names of parameters.
pub(super) fn parameters() -> Vec<&'static str> {
    FIELDS.into_iter().chain(OWN).collect()
}

/// Unit or meaning of a parameter.
pub(super) fn unit(name: &str) -> &'static str {
    match name {
        "learning_rate" => "gamma",
        "second_layer_rate" => "gamma_a",
        "noise" => "Delta, variance of the label noise",
        "batch" => "samples a step",
        "dimension" => "d",
        "seed" => "seed of initial weights and data",
        "data_seed" => "seed of data",
        "variance" => "of a student weight at t = 0",
        "alignment" => "initial overlap with the own teacher",
        "k" => "teacher units",
        "p" => "student units",
        "kappa" => "student units are p d^kappa",
        "delta" => "learning rate is learning_rate d^-delta",
        _ => "",
    }
}

/// Why a point cannot be run, and the parameter that is to blame.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub(super) key: Option<String>,
    pub(super) message: String,
}

impl Fault {
    fn new(key: &str, message: impl Into<String>) -> Self {
        Fault { key: Some(key.to_owned()), message: message.into() }
    }
}

/// The problem of a point, its initial weights not drawn yet.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    pub(super) builder: ProblemBuilder,
    pub(super) shape: Shape,
    /// d, of the initial weights and of SGD.
    pub(super) dimension: usize,
    pub(super) data_seed: u64,
    /// γ at this point.
    pub(super) learning_rate: f64,
    /// Whether the initial weights are drawn.
    drawn: bool,
}

impl Setup {
    /// From the values of all parameters that are given; `system` has the default k and p.
    pub(super) fn new(values: Map<String, Value>, system: Shape) -> Result<Self, Fault> {
        let mut values = values;
        let mut initial = match values.remove("initial") {
            None => Map::new(),
            Some(Value::Object(fields)) => fields,
            Some(other) => {
                return Err(Fault::new("initial", format!("initial = {other}, but it must be a table")));
            }
        };
        for name in ["variance", "alignment"] {
            if let Some(value) = values.remove(name) {
                initial.insert(name.to_owned(), value);
            }
        }
        let dimension = values.remove("dimension");
        let seed = values.remove("seed");
        let drawn = !initial.contains_key("alignment") && !values.contains_key("M");
        if drawn {
            for (name, value) in [("dimension", &dimension), ("seed", &seed)] {
                if let Some(value) = value {
                    initial.insert(name.to_owned(), value.clone());
                }
            }
        }
        let whole = |name: &str, value: Option<&Value>, least: u64, default: u64| match value {
            None => Ok(default),
            Some(value) => value.as_u64().filter(|whole| *whole >= least).ok_or_else(|| {
                Fault::new(
                    name,
                    format!("{name} = {value}, but it must be a whole number of at least {least}"),
                )
            }),
        };
        let dimension =
            whole("dimension", dimension.as_ref().or(initial.get("dimension")), 1, 1000)? as usize;
        let seed = whole("seed", seed.as_ref().or(initial.get("seed")), 0, 0)?;
        let data_seed = whole("data_seed", values.remove("data_seed").as_ref(), 0, seed)?;

        let units = |name: &str, default: usize| whole(name, values.get(name), 1, default as u64);
        let (k, mut p) = (units("k", system.k)?, units("p", system.p)?);
        if let Some(kappa) = values.remove("kappa") {
            let kappa = number("kappa", &kappa)?;
            let width = (p as f64 * libm::pow(dimension as f64, kappa)).round();
            if !(1.0..=1024.0).contains(&width) {
                let message = format!(
                    "kappa = {kappa}, but p = {p} d^kappa = {width} at d = {dimension} must be between 1 and 1024"
                );
                return Err(Fault::new("kappa", message));
            }
            p = width as u64;
        }
        values.insert("k".to_owned(), json!(k));
        values.insert("p".to_owned(), json!(p));
        let mut learning_rate =
            values.get("learning_rate").map_or(Ok(1.0), |value| number("learning_rate", value))?;
        if let Some(delta) = values.remove("delta") {
            learning_rate *= libm::pow(dimension as f64, -number("delta", &delta)?);
            values.insert("learning_rate".to_owned(), json!(learning_rate));
        }
        let shape = Shape { k: k as usize, p: p as usize, trained: system.trained };
        if !initial.is_empty() {
            values.insert("initial".to_owned(), Value::Object(initial));
        }
        let builder = builder(Entries::of(values), None).map_err(fault)?;
        Ok(Setup { builder, shape, dimension, data_seed, learning_rate, drawn })
    }

    /// Checks the problem without drawing weights, and whether SGD with a `simulator` can start from it.
    pub(super) fn check(&self, simulator: Option<Simulator>, until: f64) -> Result<Problem, Fault> {
        let problem = self.builder.clone().check().map_err(fault)?;
        if !self.shape.trained && problem.second_layer_rate().is_some_and(|rate| rate != 0.0) {
            let message = "second_layer_rate must be 0 for a system whose second layer is fixed \
                           (declare it with second_layer = trained)";
            return Err(Fault::new("second_layer_rate", message));
        }
        let nodes = self.shape.nodes();
        if let Some(simulator) = simulator
            && self.dimension < nodes
            && (!self.drawn || simulator == Simulator::Reduced)
        {
            let message =
                format!("dimension = {}, but it must be at least k + p = {nodes} for SGD", self.dimension);
            return Err(Fault::new("dimension", message));
        }
        let most = (1u64 << f64::MANTISSA_DIGITS) as f64;
        if simulator.is_some() && until * self.dimension as f64 > most {
            let message = format!("until = {until} is more than 2^53 steps of SGD at d = {}", self.dimension);
            return Err(Fault::new("record.until", message));
        }
        Ok(problem)
    }

    /// The problem, with its initial weights.
    pub(super) fn problem(&self) -> Result<Problem, Error> {
        self.builder.clone().build()
    }
}

fn number(name: &str, value: &Value) -> Result<f64, Fault> {
    value.as_f64().ok_or_else(|| Fault::new(name, format!("{name} = {value}, but it must be a number")))
}

/// Finds the parameter in an error of the library.
fn fault(error: Error) -> Fault {
    let quantity = match &error {
        Error::Invalid { quantity, .. } | Error::Shape { quantity, .. } => quantity.as_str(),
        Error::NotPositiveSemidefinite { matrix: "P", .. } => "P",
        Error::NotPositiveSemidefinite { .. } => "M",
        Error::Mismatch { quantity, .. } => quantity,
        _ => "",
    };
    let message = match &error {
        Error::File { message, .. } => message.clone(),
        other => other.to_string(),
    };
    let quantity = quantity.rsplit(" of ").next().unwrap_or_default();
    let names = parameters();
    // `P_1_2` is an entry of P, `a_star_3` of a_star.
    let key = names.iter().filter(|name| {
        quantity.strip_prefix(**name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    });
    Fault { key: key.max_by_key(|name| name.len()).map(|name| (*name).to_owned()), message }
}
