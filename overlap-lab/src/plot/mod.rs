//! Pictures: one look for every figure, as SVG, PDF and PNG.
//!
//! A [`Figure`] is laid out once, in pixels; all formats draw the same shapes. PNG and PDF need no fonts on the machine (texts are
//! outlines of Noto Sans, which is embedded here); the SVG keeps texts without exponents as
//! texts, in a stack of sans-serif faces. The same figure gives the same bytes.
//!
//! Drawing is our own layout on `tiny-skia` and `ttf-parser`: ready-made plotting crates place SVG shapes on whole
//! pixels, leave out superscripts or take several times as long to compile.
//!
//! ```
//! use overlap::plot::{Axis, Colour, Figure, Panel, Style};
//!
//! let t: Vec<f64> = (0..100).map(|n| 10f64.powf(n as f64 / 25.0 - 1.0)).collect();
//! let risk: Vec<f64> = t.iter().map(|t| 0.1 / (1.0 + t)).collect();
//! let panel = Panel::new("", Axis::log("t = steps / d"), Axis::log("excess risk"))
//!     .line("decay 1/t", Style::line(Colour::BLUE), t, risk);
//! let svg = Figure::new("A toy learning curve").panel(panel).to_svg()?;
//! assert!(svg.starts_with("<svg"));
//! # Ok::<(), overlap::Error>(())
//! ```

mod axis;
mod clip;
mod compose;
mod concentration;
mod heat;
mod layout;
mod legend;
mod measured;
mod paths;
mod pdf;
mod phase_diagram;
mod png;
mod result;
mod scene;
mod style;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub use axis::{Axis, AxisScale};
pub use compose::{Overlay, learning_curve, overlaps};
pub use concentration::concentration;
pub use heat::Heat;
pub use result::TableFigure;
pub use style::{Colour, Dash, Marker, PNG_SCALE, Style, WIDTH};

use overlap_runtime::Error;
use std::path::Path;

/// A page of panels under a title.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Title, with `^{...}` and `_{...}` for super- and subscripts; may be empty.
    pub title: String,
    /// Panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels side by side, 1 to 4; wide ones have rows of their own.
    pub columns: usize,
    /// Whether the panels of a row have one legend, above them all.
    pub shared_legend: bool,
}

/// One plot: two axes and what is drawn between them, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Heading, with markup; may be empty.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is drawn; later ones lie on top.
    pub series: Vec<Series>,
    /// Whether it has a row of its own, as wide as the page.
    pub wide: bool,
}

/// Data and how it is drawn. Series of a panel with the same label share one legend entry; an empty label has none.
///
/// All values must be finite. What a logarithmic axis cannot show is left out: a line has a gap there, and a band
/// whose lower edge is not positive reaches down to the axis.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Series {
    /// A line through (x, y).
    Line {
        /// Legend entry.
        label: String,
        /// Look.
        style: Style,
        /// Horizontal values.
        x: Vec<f64>,
        /// Vertical values, as many.
        y: Vec<f64>,
    },
    /// The area between two lines.
    Band {
        /// Legend entry.
        label: String,
        /// Look.
        style: Style,
        /// Horizontal values.
        x: Vec<f64>,
        /// Lower edge, as many.
        low: Vec<f64>,
        /// Upper edge, as many, nowhere below the lower one.
        high: Vec<f64>,
    },
    /// Markers at (x, y).
    Points {
        /// Legend entry.
        label: String,
        /// Look.
        style: Style,
        /// Horizontal values.
        x: Vec<f64>,
        /// Vertical values, as many.
        y: Vec<f64>,
    },
    /// Texts at (x, y), which is the middle of their baseline; the width of the style is no matter.
    Texts {
        /// Colour.
        style: Style,
        /// Horizontal values.
        x: Vec<f64>,
        /// Vertical values, as many.
        y: Vec<f64>,
        /// As many texts, with markup.
        texts: Vec<String>,
    },
    /// Coloured cells, with a colour bar beside the plot.
    Heat(Heat),
}

impl Series {
    fn label(&self) -> &str {
        match self {
            Series::Line { label, .. } | Series::Band { label, .. } | Series::Points { label, .. } => label,
            Series::Texts { .. } | Series::Heat(_) => "",
        }
    }

    fn style(&self) -> Style {
        match self {
            Series::Line { style, .. }
            | Series::Band { style, .. }
            | Series::Points { style, .. }
            | Series::Texts { style, .. } => *style,
            Series::Heat(_) => Style::line(Colour::BLACK),
        }
    }

    /// Horizontal values and the one or two columns of vertical ones; none of a heat map.
    fn columns(&self) -> (&[f64], Vec<&[f64]>) {
        match self {
            Series::Line { x, y, .. } | Series::Points { x, y, .. } | Series::Texts { x, y, .. } => {
                (x, vec![y])
            }
            Series::Band { x, low, high, .. } => (x, vec![low, high]),
            Series::Heat(_) => (&[], Vec::new()),
        }
    }
}

impl Panel {
    /// A panel without data.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Panel { title: title.into(), x, y, series: Vec::new(), wide: false }
    }

    /// The same, in a row of its own and as wide as the page.
    pub fn wide(self) -> Self {
        Panel { wide: true, ..self }
    }

    /// Adds a line; an empty label keeps it out of the legend.
    pub fn line(mut self, label: impl Into<String>, style: Style, x: Vec<f64>, y: Vec<f64>) -> Self {
        self.series.push(Series::Line { label: label.into(), style, x, y });
        self
    }

    /// Adds a band; an empty label keeps it out of the legend.
    pub fn band(
        mut self,
        label: impl Into<String>,
        style: Style,
        x: Vec<f64>,
        low: Vec<f64>,
        high: Vec<f64>,
    ) -> Self {
        self.series.push(Series::Band { label: label.into(), style, x, low, high });
        self
    }

    /// Adds a heat map, with its colour bar.
    pub fn heat(mut self, heat: Heat) -> Self {
        self.series.push(Series::Heat(heat));
        self
    }

    /// Adds a text at (x, y).
    pub fn text(mut self, text: impl Into<String>, colour: Colour, x: f64, y: f64) -> Self {
        let (style, texts) = (Style::line(colour), vec![text.into()]);
        self.series.push(Series::Texts { style, x: vec![x], y: vec![y], texts });
        self
    }

    /// Adds points; an empty label keeps them out of the legend.
    pub fn points(mut self, label: impl Into<String>, style: Style, x: Vec<f64>, y: Vec<f64>) -> Self {
        self.series.push(Series::Points { label: label.into(), style, x, y });
        self
    }
}

impl Figure {
    /// A figure without panels, to be drawn in one column.
    pub fn new(title: impl Into<String>) -> Self {
        Figure { title: title.into(), panels: Vec::new(), columns: 1, shared_legend: false }
    }

    /// Adds a panel.
    pub fn panel(mut self, panel: Panel) -> Self {
        self.panels.push(panel);
        self
    }

    /// The same, with `columns` panels side by side.
    pub fn columns(self, columns: usize) -> Self {
        Figure { columns, ..self }
    }

    /// The same, with one legend for the panels of a row.
    pub fn shared_legend(self) -> Self {
        Figure { shared_legend: true, ..self }
    }

    /// The figure as an SVG document, [`WIDTH`] wide.
    ///
    /// # Errors
    /// [`Error::Figure`] if there is nothing to draw, a value is not finite, columns of a series differ in length,
    /// a range does not increase, or a logarithmic axis is asked to show a series without a positive value.
    pub fn to_svg(&self) -> Result<String, Error> {
        Ok(svg::document(&layout::scene(self)?, &self.title))
    }

    /// The figure as a PNG file, [`PNG_SCALE`] times [`WIDTH`] pixels wide.
    ///
    /// # Errors
    /// Those of [`Figure::to_svg`].
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        png::file(&layout::scene(self)?)
    }

    /// The figure as a PDF file of one page, for papers and talks: [`WIDTH`] CSS pixels, 675 pt, wide; texts are outlines.
    ///
    /// # Errors
    /// Those of [`Figure::to_svg`].
    pub fn to_pdf(&self) -> Result<Vec<u8>, Error> {
        Ok(pdf::file(&layout::scene(self)?, &self.title))
    }

    /// Writes `path` as SVG, PDF or PNG, by its extension. The file appears whole or not at all; one that was there
    /// before stays until then.
    ///
    /// # Errors
    /// Those of [`Figure::to_svg`]; [`Error::Figure`] for another extension; [`Error::Io`] if `path` cannot be
    /// written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        let bytes = match extension.as_str() {
            "svg" => self.to_svg()?.into_bytes(),
            "pdf" => self.to_pdf()?,
            "png" => self.to_png()?,
            _ => {
                return Err(Error::Figure(format!(
                    "the extension of {} is \"{extension}\", but it must be svg, pdf or png",
                    path.display()
                )));
            }
        };
        overlap_runtime::write_atomically(path, |writer| {
            writer.write_all(&bytes).map_err(Error::io(path, "write"))
        })
    }
}
