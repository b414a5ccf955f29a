//! Text with `^{...}` and `_{...}`, and its width in the embedded font.

use std::sync::LazyLock;
use ttf_parser::Face;

/// Noto Sans (Apache 2.0), so that neither layout nor PNG depend on the fonts of a machine.
static FACE: LazyLock<Face<'static>> = LazyLock::new(|| {
    // The bytes are constant: the tests open them, no input of a user reaches this.
    Face::parse(ttf_noto_sans::REGULAR, 0).expect("the embedded font is a font")
});

/// Size of super- and subscripts, relative to the text.
pub(super) const SCRIPT: f64 = 0.72;

/// A piece of text on one level.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) level: Level,
}

/// Where a span sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Base,
    Super,
    Sub,
}

impl Level {
    /// Height of its baseline above that of the text, in units of the text size.
    pub(super) fn rise(self) -> f64 {
        match self {
            Level::Base => 0.0,
            Level::Super => 0.38,
            Level::Sub => -0.18,
        }
    }

    /// Its size relative to the text.
    pub(super) fn scale(self) -> f64 {
        if self == Level::Base { 1.0 } else { SCRIPT }
    }
}

pub(super) fn face() -> &'static Face<'static> {
    &FACE
}

/// Splits `10^{-3}` or `M_{ri}` into spans; control characters become spaces, unbalanced braces stay as they are.
pub(super) fn parse(source: &str) -> Vec<Span> {
    let clean: String = source.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut spans = Vec::new();
    let mut base = String::new();
    let mut rest = clean.as_str();
    while let Some(c) = rest.chars().next() {
        let level = if rest.starts_with("^{") { Level::Super } else { Level::Sub };
        if (rest.starts_with("^{") || rest.starts_with("_{"))
            && let Some(end) = rest.find('}')
        {
            if !base.is_empty() {
                spans.push(Span { text: std::mem::take(&mut base), level: Level::Base });
            }
            spans.push(Span { text: rest[2..end].to_string(), level });
            rest = &rest[end + 1..];
        } else {
            base.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    if !base.is_empty() {
        spans.push(Span { text: base, level: Level::Base });
    }
    spans
}

/// Width of the spans at a text size, in the same unit as the size.
pub(super) fn width(spans: &[Span], size: f64) -> f64 {
    let advance = |span: &Span| span.text.chars().map(advance).sum::<f64>() * span.level.scale();
    spans.iter().map(advance).sum::<f64>() * size
}

/// Advance of a character at size 1; one the font lacks counts (and is drawn) as its empty box.
pub(super) fn advance(c: char) -> f64 {
    let glyph = FACE.glyph_index(c).unwrap_or_default();
    f64::from(FACE.glyph_hor_advance(glyph).unwrap_or(0)) / f64::from(FACE.units_per_em())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_split_and_nothing_is_lost() {
        let span = |text: &str, level| Span { text: text.into(), level };
        assert_eq!(
            parse("a 10^{−3} M_{ri}"),
            [
                span("a 10", Level::Base),
                span("−3", Level::Super),
                span(" M", Level::Base),
                span("ri", Level::Sub)
            ]
        );
        assert_eq!(parse("x^{2"), [span("x^{2", Level::Base)]);
        assert_eq!(parse("a_b ^2"), [span("a_b ^2", Level::Base)]);
        assert_eq!(parse("two\nlines"), [span("two lines", Level::Base)]);
        assert_eq!(parse(""), []);
    }

    #[test]
    fn the_font_has_the_symbols_of_the_field() {
        for c in "γΔΩσλαηκδεμπ√½±×−–→≤≥≈∞*·".chars() {
            assert!(FACE.glyph_index(c).is_some(), "{c}");
        }
    }

    #[test]
    fn width_adds_up_and_scales() {
        // Digits of Noto Sans are all 1171/2048 em wide.
        assert!((width(&parse("10"), 2048.0) - 2.0 * 1171.0).abs() < 1e-9);
        assert!((width(&parse("1^{0}"), 2048.0) - 1171.0 * (1.0 + SCRIPT)).abs() < 1e-9);
    }
}
