//! From what was measured to the figures of the table: per delivery, per second, as ratios to the ceiling of the same run.

use super::scene::{Measured, Scene};

/// What a figure is counted in, and how it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Micros,
    Millis,
    PerSecond,
    Bytes,
    Mebibytes,
    Count,
}

/// What a figure is given as a ratio to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    /// The bare loop of the same run.
    Ceiling,
    /// An fsync on the same disk, in the same run.
    Fsync,
}

/// One row of the table: a value per run.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) scene: &'static str,
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    pub(crate) values: Vec<f64>,
    pub(crate) ratios: Option<(Beside, Vec<f64>)>,
    /// What part 3 wants to reach, for the reader to compare.
    pub(crate) bar: &'static str,
}

/// Every row, scene by scene, from every run.
pub(crate) fn figures(scenes: &[Scene], runs: &[Measured]) -> Vec<Figure> {
    let every: Vec<&Measured> = runs.iter().collect();
    let of_scene =
        |scene: Scene| runs.iter().filter(move |run| run.scene == scene).collect::<Vec<_>>();
    let loops = Rows { scene: "the ceiling: a bare sign-and-POST loop", runs: every };
    let mut all = vec![
        loops.row("CPU per delivery", Unit::Micros, |run| micros(run.ceiling.cpu_ns_each)),
        loops.row("deliveries/s", Unit::PerSecond, |run| float(run.ceiling.per_s)),
        loops.row("fsync of a page, p50", Unit::Millis, |run| {
            millis(percentile(&run.fsyncs_ns, 50))
        }),
        loops.row("fsync of a page, p99", Unit::Millis, |run| {
            millis(percentile(&run.fsyncs_ns, 99))
        }),
    ];
    for scene in scenes {
        let rows = Rows { scene: scene.title(), runs: of_scene(*scene) };
        all.extend(match scene {
            Scene::Latency => rows.latency(),
            Scene::One | Scene::FanOut | Scene::Many => rows.throughput(*scene),
        });
        all.extend(rows.truth());
    }
    all
}

struct Rows<'a> {
    scene: &'static str,
    runs: Vec<&'a Measured>,
}

impl Rows<'_> {
    fn throughput(&self, scene: Scene) -> Vec<Figure> {
        let (cpu_bar, rate_bar) = match scene {
            Scene::One => ("3.0; leaner loop: 3.5", "0.40"),
            Scene::FanOut => ("1.8; leaner loop: 2.1", ""),
            Scene::Many => ("5.5", ""),
            Scene::Latency => ("", ""),
        };
        vec![
            self.row("server CPU per delivery", Unit::Micros, cpu_each)
                .beside(Beside::Ceiling, &self.runs, |run| {
                    cpu_each(run) / micros(run.ceiling.cpu_ns_each)
                })
                .bar(cpu_bar),
            self.row("delivered/s, all on the same cores", Unit::PerSecond, delivered_per_s)
                .beside(Beside::Ceiling, &self.runs, |run| {
                    delivered_per_s(run) / float(run.ceiling.per_s)
                })
                .bar(rate_bar),
            self.row("accepted/s while sending", Unit::PerSecond, accepted_per_s).beside(
                Beside::Ceiling,
                &self.runs,
                |run| accepted_per_s(run) / float(run.ceiling.per_s),
            ),
            self.row("202 after, p50", Unit::Millis, |run| {
                millis(percentile(&run.sent.answers_ns, 50))
            }),
            self.row("202 after, p99", Unit::Millis, |run| {
                millis(percentile(&run.sent.answers_ns, 99))
            }),
            self.row("written per delivery", Unit::Bytes, |run| {
                float(run.written_bytes) / float(run.delivered)
            }),
            self.row("memory, at most", Unit::Mebibytes, mebibytes).bar("300 MiB"),
        ]
    }

    fn latency(&self) -> Vec<Figure> {
        let against_fsync = |run: &Measured, durations: &[u64], share| {
            float(percentile(durations, share)) / float(percentile(&run.fsyncs_ns, share))
        };
        vec![
            self.row("server CPU per delivery", Unit::Micros, cpu_each).beside(
                Beside::Ceiling,
                &self.runs,
                |run| cpu_each(run) / micros(run.ceiling.cpu_ns_each),
            ),
            self.row("202 after, p50", Unit::Millis, |run| {
                millis(percentile(&run.sent.answers_ns, 50))
            })
            .beside(Beside::Fsync, &self.runs, |run| against_fsync(run, &run.sent.answers_ns, 50)),
            self.row("202 after, p99", Unit::Millis, |run| {
                millis(percentile(&run.sent.answers_ns, 99))
            })
            .beside(Beside::Fsync, &self.runs, |run| against_fsync(run, &run.sent.answers_ns, 99)),
            self.row("at the receiver after, p50", Unit::Millis, |run| {
                millis(percentile(&run.arrivals.waits_ns, 50))
            })
            .beside(Beside::Fsync, &self.runs, |run| against_fsync(run, &run.arrivals.waits_ns, 50))
            .bar("2 ms"),
            self.row("at the receiver after, p99", Unit::Millis, |run| {
                millis(percentile(&run.arrivals.waits_ns, 99))
            })
            .beside(Beside::Fsync, &self.runs, |run| against_fsync(run, &run.arrivals.waits_ns, 99))
            .bar("fsync p99 + 3 ms"),
            self.row("written per delivery", Unit::Bytes, |run| {
                float(run.written_bytes) / float(run.delivered)
            }),
            self.row("memory, at most", Unit::Mebibytes, mebibytes),
        ]
    }

    /// Without these, the rest would mean nothing.
    fn truth(&self) -> Vec<Figure> {
        vec![
            self.row("deliveries", Unit::Count, |run| float(run.delivered)),
            self.row("missing", Unit::Count, |run| float(run.missing)).bar("0"),
            self.row("duplicates", Unit::Count, |run| float(run.arrivals.duplicates)).bar("0"),
            self.row("strangers", Unit::Count, |run| float(run.arrivals.strangers)).bar("0"),
            self.row("refused with 429 or 503", Unit::Count, |run| float(run.sent.refused)),
        ]
    }

    fn row(&self, name: &'static str, unit: Unit, of: impl Fn(&Measured) -> f64) -> Figure {
        let values = self.runs.iter().map(|run| of(run)).collect();
        Figure { scene: self.scene, name, unit, values, ratios: None, bar: "" }
    }
}

impl Figure {
    fn beside(mut self, what: Beside, runs: &[&Measured], of: impl Fn(&Measured) -> f64) -> Self {
        self.ratios = Some((what, runs.iter().map(|run| of(run)).collect()));
        self
    }

    fn bar(self, bar: &'static str) -> Self {
        Self { bar, ..self }
    }
}

fn cpu_each(run: &Measured) -> f64 {
    float(run.cpu_ns) / 1e3 / float(run.delivered)
}

fn delivered_per_s(run: &Measured) -> f64 {
    float(run.delivered) * 1e9 / float(run.arrivals.last_ns - run.sent.began_ns)
}

fn accepted_per_s(run: &Measured) -> f64 {
    float(run.sent.accepted) * 1e9 / float(run.sent.ended_ns - run.sent.began_ns)
}

fn mebibytes(run: &Measured) -> f64 {
    float(run.resident_max_bytes) / 1024.0 / 1024.0
}

fn micros(ns: u64) -> f64 {
    float(ns) / 1e3
}

fn millis(ns: u64) -> f64 {
    float(ns) / 1e6
}

/// The least value that so many per cent of them do not exceed; 0 of none.
fn percentile(values: &[u64], per_cent: usize) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * per_cent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(0)
}

/// The middle value, or the mean of the middle two; 0 of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
    f64::midpoint(lower, upper)
}

#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
fn float(number: u64) -> f64 {
    number as f64
}
