//! The pictures behind `--figure` and `--overlaps`.

use super::Failure;
use crate::Concentration;
use crate::plot::{self, Series};
use overlap_runtime::{Ensemble, Error, Parameters, System, Trajectory};
use std::path::Path;

/// Checks, before long work, that the picture's format is known.
pub(super) fn check_extension(flag: &str, path: &Path) -> Result<(), Failure> {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    if ["svg", "pdf", "png"].iter().any(|known| extension == *known) {
        return Ok(());
    }
    Err(Failure::Usage(format!("{flag}: {} must end in .svg, .pdf or .png", path.display())))
}

/// The learning curve of the ODE and of SGD where there is one.
pub(super) fn learning_curve(
    path: &Path,
    system: &dyn System,
    ode: &Trajectory,
    sgd: Option<&Ensemble>,
) -> Result<(), Error> {
    plot::learning_curve(&title(system, ode.parameters()), ode, sgd, &[]).save(path)
}

/// The learning curve of SGD alone.
pub(super) fn sgd_curve(path: &Path, system: &dyn System, sgd: &Ensemble) -> Result<(), Error> {
    let nothing = Trajectory::empty(sgd.shape(), sgd.parameters().clone());
    let mut figure = plot::learning_curve(&title(system, sgd.parameters()), &nothing, Some(sgd), &[]);
    for panel in &mut figure.panels {
        panel.series.retain(|series| !matches!(series, Series::Line { x, .. } if x.is_empty()));
    }
    figure.save(path)
}

/// M, Q and, where trained, a over time.
pub(super) fn overlaps(
    path: &Path,
    system: &dyn System,
    ode: &Trajectory,
    sgd: Option<&Ensemble>,
) -> Result<(), Error> {
    plot::overlaps(&title(system, ode.parameters()), ode, sgd).save(path)
}

/// Learning curves in several dimensions, and the deviation from the ODE against d.
pub(super) fn concentration(
    path: &Path,
    system: &dyn System,
    ode: &Trajectory,
    simulations: &[Ensemble],
    concentration: &Concentration,
) -> Result<(), Error> {
    plot::concentration(&title(system, ode.parameters()), ode, simulations, concentration).save(path)
}

fn title(system: &dyn System, parameters: &Parameters) -> String {
    let Parameters { gamma, noise, .. } = parameters;
    format!("{}, γ = {gamma}, Δ = {noise}", system.name())
}
