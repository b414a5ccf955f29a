//! Points with error bars.

use super::{Panel, Style};

impl Panel {
    /// Adds points (x, y, error) with bars from y - error to y + error; an empty label keeps them out of the legend.
    pub fn measured(mut self, label: impl Into<String>, style: Style, points: &[(f64, f64, f64)]) -> Self {
        for &(x, y, error) in points {
            let bar = Style::line(style.colour).alpha(style.alpha);
            self = self.line("", bar, vec![x, x], vec![y - error, y + error]);
        }
        let (x, y) = points.iter().map(|&(x, y, _)| (x, y)).unzip();
        self.points(label, style, x, y)
    }
}
