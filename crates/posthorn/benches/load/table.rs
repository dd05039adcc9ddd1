//! The one table, for people and for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use super::figures::{Figure, Unit, median};

/// The table as text: median, spread, ratio with its spread, and what part 3 wants.
pub(crate) fn text(figures: &[Figure]) -> String {
    let mut out = format!(
        "{:<38} {:>12} {:>21}  {:<30} {}\n",
        "", "median", "min–max", "ratio (min–max)", "to reach"
    );
    let mut scene = "";
    for figure in figures {
        if figure.scene != scene {
            scene = figure.scene;
            writeln!(out, "{scene}").expect("a String takes everything");
        }
        let (least, most) = spread(&figure.values);
        let spread = format!("{}–{}", figure.unit.bare(least), figure.unit.bare(most));
        let line = format!(
            "  {:<36} {:>12} {:>21}  {:<30} {}",
            figure.name,
            figure.unit.full(median(&figure.values)),
            spread,
            ratio(figure),
            figure.bar
        );
        writeln!(out, "{}", line.trim_end()).expect("a String takes everything");
    }
    out
}

/// The table as JSON: every value of every run, in the figure's own unit.
pub(crate) fn json(figures: &[Figure]) -> Value {
    figures.iter().map(row).collect()
}

fn row(figure: &Figure) -> Value {
    let ratio = figure
        .ratios
        .as_ref()
        .map(|(beside, ratios)| json!({"to": beside, "median": median(ratios), "runs": ratios}));
    json!({
        "scene": figure.scene, "figure": figure.name, "unit": figure.unit.name(), "to_reach": figure.bar,
        "median": median(&figure.values), "runs": figure.values, "ratio": ratio,
    })
}

fn ratio(figure: &Figure) -> String {
    let Some((beside, ratios)) = &figure.ratios else { return String::new() };
    let (least, most) = spread(ratios);
    format!("{:.2} × {} ({least:.2}–{most:.2})", median(ratios), beside)
}

fn spread(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    (least.min(most), most)
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Micros => "µs",
            Self::Millis => "ms",
            Self::PerSecond => "/s",
            Self::Bytes => "B",
            Self::Mebibytes => "MiB",
            Self::Count | Self::Ratio => "",
        }
    }

    fn bare(self, value: f64) -> String {
        match self {
            Self::Micros | Self::Mebibytes => format!("{value:.1}"),
            Self::Millis | Self::Ratio => format!("{value:.2}"),
            Self::PerSecond | Self::Bytes | Self::Count => format!("{value:.0}"),
        }
    }

    fn full(self, value: f64) -> String {
        format!("{} {}", self.bare(value), self.name()).trim_end().to_owned()
    }
}
