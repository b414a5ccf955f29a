//! `plot`: a figure of a result file.

use super::args::Plot;
use super::commands::Session;
use super::{Failure, figure};
use crate::Table;
use crate::plot::TableFigure;

impl Session<'_, '_> {
    pub(super) fn plot(&mut self, flags: &Plot) -> Result<(), Failure> {
        let out = flags.out.clone().unwrap_or_else(|| flags.file.with_extension("svg"));
        figure::check_extension("--out", &out)?;
        overlap_runtime::check_writable(&out).map_err(|error| Failure::Failed(format!("--out {error}")))?;
        let wanted = TableFigure {
            x: flags.x.clone(),
            y: flags.y.clone(),
            z: flags.z.clone(),
            by: flags.by.clone(),
            log: flags.log.clone(),
            linear: flags.linear.clone(),
            title: flags.title.clone(),
        };
        wanted.draw(&Table::read(&flags.file)?)?.save(&out)?;
        self.remark(&format!("wrote {}", out.display()));
        Ok(())
    }
}
