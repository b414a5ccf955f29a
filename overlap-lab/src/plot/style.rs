//! The one look of all figures: colours, strokes, sizes.

/// An opaque colour, 8 bits per channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

impl Colour {
    const fn new(r: u8, g: u8, b: u8) -> Self {
        Colour { r, g, b }
    }

    /// Near-black, for theory lines and text.
    pub const BLACK: Colour = Colour::new(0x22, 0x22, 0x22);
    /// Grey, for what is in the background.
    pub const GREY: Colour = Colour::new(0x77, 0x77, 0x77);
    /// Okabe-Ito blue.
    pub const BLUE: Colour = Colour::new(0x00, 0x72, 0xb2);
    /// Okabe-Ito sky blue.
    pub const SKY: Colour = Colour::new(0x56, 0xb4, 0xe9);
    /// Okabe-Ito bluish green.
    pub const GREEN: Colour = Colour::new(0x00, 0x9e, 0x73);
    /// Okabe-Ito vermillion.
    pub const VERMILLION: Colour = Colour::new(0xd5, 0x5e, 0x00);
    /// Okabe-Ito reddish purple.
    pub const PURPLE: Colour = Colour::new(0xcc, 0x79, 0xa7);
    /// Okabe-Ito orange.
    pub const ORANGE: Colour = Colour::new(0xe6, 0x9f, 0x00);

    /// The categorical palette of Okabe and Ito, without the yellow that fades on white; the first ones differ most.
    pub const CATEGORIES: [Colour; 6] =
        [Colour::BLUE, Colour::VERMILLION, Colour::GREEN, Colour::PURPLE, Colour::ORANGE, Colour::SKY];

    /// `count` colours that can be told apart: [`Colour::CATEGORIES`] while they last, then a dark-to-light sequence
    /// (anchors of viridis), where only the order can be read.
    pub fn series(count: usize) -> Vec<Colour> {
        const ANCHORS: [[f64; 3]; 4] =
            [[68.0, 1.0, 84.0], [49.0, 104.0, 142.0], [53.0, 183.0, 121.0], [200.0, 210.0, 40.0]];
        if count <= Colour::CATEGORIES.len() {
            return Colour::CATEGORIES[..count].to_vec();
        }
        let colour = |index: usize| {
            let place = index as f64 / (count - 1) as f64 * (ANCHORS.len() - 1) as f64;
            let low = (place as usize).min(ANCHORS.len() - 2);
            let mix = |c: usize| {
                (ANCHORS[low][c] + (place - low as f64) * (ANCHORS[low + 1][c] - ANCHORS[low][c])) as u8
            };
            Colour::new(mix(0), mix(1), mix(2))
        };
        (0..count).map(colour).collect()
    }

    /// The colour of a place in [0, 1] from dark to light: viridis, whose order is read alike in print and by colour-blind
    /// eyes.
    pub fn sequence(place: f64) -> Colour {
        const ANCHORS: [[f64; 3]; 9] = [
            [68.0, 1.0, 84.0],
            [71.0, 44.0, 122.0],
            [59.0, 81.0, 139.0],
            [44.0, 113.0, 142.0],
            [33.0, 144.0, 141.0],
            [39.0, 173.0, 129.0],
            [92.0, 200.0, 99.0],
            [170.0, 220.0, 50.0],
            [253.0, 231.0, 37.0],
        ];
        let at = place.clamp(0.0, 1.0) * (ANCHORS.len() - 1) as f64;
        let low = (at as usize).min(ANCHORS.len() - 2);
        let mix = |c: usize| {
            (ANCHORS[low][c] + (at - low as f64) * (ANCHORS[low + 1][c] - ANCHORS[low][c])).round() as u8
        };
        Colour::new(mix(0), mix(1), mix(2))
    }
}

/// Whether a line is drawn through or dashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Dash {
    /// Drawn through.
    #[default]
    Solid,
    /// Dashes of 7 px, gaps of 4 px.
    Dashed,
}

/// How points are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Marker {
    /// A filled disc.
    #[default]
    Dot,
    /// An open circle: theory stays visible through it.
    Ring,
}

/// How one series is drawn. Lengths are CSS pixels at a figure width of [`WIDTH`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Colour of line, area or marker.
    pub colour: Colour,
    /// Opacity in (0, 1].
    pub alpha: f64,
    /// Line width, or the diameter of a marker; in (0, 20].
    pub width: f64,
    /// Dashes of a line.
    pub dash: Dash,
    /// Marker of points.
    pub marker: Marker,
}

impl Style {
    /// A solid line, 2 px wide.
    pub fn line(colour: Colour) -> Self {
        Style { colour, alpha: 1.0, width: 2.0, dash: Dash::Solid, marker: Marker::Dot }
    }

    /// A light area.
    pub fn band(colour: Colour) -> Self {
        Style { alpha: 0.22, ..Style::line(colour) }
    }

    /// Dots of 5 px.
    pub fn dots(colour: Colour) -> Self {
        Style { width: 5.0, ..Style::line(colour) }
    }

    /// Open circles of 7 px.
    pub fn rings(colour: Colour) -> Self {
        Style { width: 7.0, marker: Marker::Ring, ..Style::line(colour) }
    }

    /// The same, `width` px wide.
    pub fn width(self, width: f64) -> Self {
        Style { width, ..self }
    }

    /// The same with opacity `alpha`.
    pub fn alpha(self, alpha: f64) -> Self {
        Style { alpha, ..self }
    }

    /// The same, dashed.
    pub fn dashed(self) -> Self {
        Style { dash: Dash::Dashed, ..self }
    }
}

/// Width of every figure, CSS pixels; a PNG has [`PNG_SCALE`] times as many.
pub const WIDTH: f64 = 900.0;
/// PNG pixels per CSS pixel.
pub const PNG_SCALE: f64 = 2.0;

pub(super) const GRID: Colour = Colour::new(0xe6, 0xe6, 0xe6);
pub(super) const FRAME: Colour = Colour::new(0x66, 0x66, 0x66);
pub(super) const TITLE_SIZE: f64 = 19.0;
pub(super) const HEADING_SIZE: f64 = 16.0;
pub(super) const LABEL_SIZE: f64 = 15.0;
pub(super) const TICK_SIZE: f64 = 13.5;
