//! What a laid-out figure consists of: plain shapes at pixel positions, which SVG, PDF and PNG draw alike.

use super::style::Colour;
use super::text::Span;

/// A page of shapes, drawn in order. Positions are CSS pixels from the top left.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) items: Vec<Item>,
}

/// One shape.
#[derive(Debug, Clone)]
pub(super) enum Item {
    Line {
        points: Vec<[f64; 2]>,
        stroke: Stroke,
    },
    Area {
        points: Vec<[f64; 2]>,
        colour: Colour,
        alpha: f64,
    },
    /// `ring` is the width of the outline of an open circle; a disc has none.
    Dot {
        centre: [f64; 2],
        radius: f64,
        ring: Option<f64>,
        colour: Colour,
        alpha: f64,
    },
    Text {
        at: [f64; 2],
        size: f64,
        anchor: Anchor,
        vertical: bool,
        colour: Colour,
        spans: Vec<Span>,
    },
}

/// How a line is drawn: round joins, flat ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub(super) colour: Colour,
    pub(super) alpha: f64,
    pub(super) width: f64,
    pub(super) dash: &'static [f64],
}

/// The part of a text that sits at its position (on the baseline).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    /// The part of the text's width before its position.
    pub(super) fn share(self) -> f64 {
        match self {
            Anchor::Start => 0.0,
            Anchor::Middle => 0.5,
            Anchor::End => 1.0,
        }
    }
}
