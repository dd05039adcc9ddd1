//! From what was measured to the rows of the table: per delivery, per second, as ratios to the ceiling of the same run.

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
    Ratio,
}

/// One row of the table: a value per run.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) scene: &'static str,
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    pub(crate) values: Vec<f64>,
    /// What the values are compared with, and each run's value as a ratio to it.
    pub(crate) ratios: Option<(&'static str, Vec<f64>)>,
    /// What part 3 wants to reach, for the reader to compare.
    pub(crate) bar: &'static str,
}

/// A row before the runs are put in.
struct Row {
    name: &'static str,
    unit: Unit,
    of: fn(&Measured) -> f64,
    beside: Beside,
    bar: &'static str,
}

/// What a row is given as a ratio to: something of the same run, in the same unit.
enum Beside {
    Nothing,
    Ceiling(fn(&Measured) -> f64),
    Fsync(fn(&Measured) -> f64),
}

/// Every row, scene by scene, from every run.
///
/// `apart`: the database is a process of its own, and has rows of its own.
pub(crate) fn figures(scenes: &[Scene], runs: &[Measured], apart: bool) -> Vec<Figure> {
    let title = "the ceiling: a bare sign-and-POST loop";
    let every: Vec<&Measured> = runs.iter().collect();
    let mut all: Vec<Figure> = CEILING.iter().map(|row| row.figure(title, &every)).collect();
    for scene in scenes {
        let of_scene: Vec<&Measured> = runs.iter().filter(|run| run.scene == *scene).collect();
        let mut rows = rows(*scene);
        if apart {
            rows.splice(1..1, database(*scene));
        }
        all.extend(rows.iter().map(|row| row.figure(scene.title(), &of_scene)));
    }
    all
}

fn rows(scene: Scene) -> Vec<Row> {
    let mut rows = match scene {
        Scene::One => throughput("3.0; leaner loop: 3.5", "0.40"),
        Scene::FanOut => throughput("1.8; leaner loop: 2.1", ""),
        Scene::Many => {
            let mut rows = throughput("5.5", "");
            rows.push(row("memory, idle with them", Unit::Mebibytes, idle).bar("60 MiB"));
            rows
        }
        Scene::Latency => latency(),
        Scene::Restart => vec![
            row("from the start to the first delivery", Unit::Millis, first_delivery).bar("2 s"),
            row("memory, at most", Unit::Mebibytes, mebibytes),
        ],
        Scene::Lists | Scene::LongLists => vec![
            row("a page after, p50", Unit::Millis, answer_p50),
            row("a page after, p99", Unit::Millis, answer_p99).bar("5 ms"),
        ],
    };
    rows.extend(truth());
    rows
}

/// What a PostgreSQL costs, and both together: what part 2 wants to reach.
fn database(scene: Scene) -> [Row; 3] {
    let bar = match scene {
        Scene::One => "235 µs",
        Scene::FanOut => "94 µs",
        Scene::Many | Scene::Latency | Scene::Restart | Scene::Lists | Scene::LongLists => "",
    };
    [
        row("database CPU per delivery", Unit::Micros, database_each)
            .beside(Beside::Ceiling(ceiling_cpu)),
        row("server and database", Unit::Micros, both_each)
            .beside(Beside::Ceiling(ceiling_cpu))
            .bar(bar),
        row("write-ahead log per delivery", Unit::Bytes, log_each),
    ]
}

const CEILING: [Row; 4] = [
    row("CPU per delivery", Unit::Micros, ceiling_cpu),
    row("deliveries/s", Unit::PerSecond, ceiling_rate),
    row("fsync of a page, p50", Unit::Millis, fsync_p50),
    row("fsync of a page, p99", Unit::Millis, fsync_p99),
];

fn throughput(cpu_bar: &'static str, rate_bar: &'static str) -> Vec<Row> {
    vec![
        row("server CPU per delivery", Unit::Micros, cpu_each)
            .beside(Beside::Ceiling(ceiling_cpu))
            .bar(cpu_bar),
        row("of it the writer's thread", Unit::Micros, writer_each)
            .beside(Beside::Ceiling(ceiling_cpu)),
        row("delivered/s, all on the same cores", Unit::PerSecond, delivered_per_s)
            .beside(Beside::Ceiling(ceiling_rate))
            .bar(rate_bar),
        row("accepted/s while sending", Unit::PerSecond, accepted_per_s)
            .beside(Beside::Ceiling(ceiling_rate)),
        row("202 after, p50", Unit::Millis, answer_p50),
        row("202 after, p99", Unit::Millis, answer_p99),
        row("written per delivery", Unit::Bytes, written_each),
        row("memory, at most", Unit::Mebibytes, mebibytes).bar("300 MiB"),
        row("last tenth's speed / first tenth's", Unit::Ratio, steadiness),
    ]
}

fn latency() -> Vec<Row> {
    let p50 = || Beside::Fsync(fsync_p50);
    let p99 = || Beside::Fsync(fsync_p99);
    vec![
        row("server CPU per delivery", Unit::Micros, cpu_each).beside(Beside::Ceiling(ceiling_cpu)),
        row("202 after, p50", Unit::Millis, answer_p50).beside(p50()),
        row("202 after, p99", Unit::Millis, answer_p99).beside(p99()),
        row("at the receiver after, p50", Unit::Millis, arrival_p50).beside(p50()).bar("2 ms"),
        row("at the receiver after, p99", Unit::Millis, arrival_p99)
            .beside(p99())
            .bar("fsync p99 + 3 ms"),
        row("written per delivery", Unit::Bytes, written_each),
        row("memory, at most", Unit::Mebibytes, mebibytes),
    ]
}

/// Without these, the rest would mean nothing.
fn truth() -> [Row; 5] {
    [
        row("deliveries", Unit::Count, |run| float(run.delivered)),
        row("missing", Unit::Count, |run| float(run.missing)).bar("0"),
        row("duplicates", Unit::Count, |run| float(run.arrivals.duplicates)).bar("0"),
        row("strangers", Unit::Count, |run| float(run.arrivals.strangers)).bar("0"),
        row("refused with 429 or 503", Unit::Count, |run| float(run.sent.refused)),
    ]
}

const fn row(name: &'static str, unit: Unit, of: fn(&Measured) -> f64) -> Row {
    Row { name, unit, of, beside: Beside::Nothing, bar: "" }
}

impl Row {
    fn beside(self, beside: Beside) -> Self {
        Self { beside, ..self }
    }

    fn bar(self, bar: &'static str) -> Self {
        Self { bar, ..self }
    }

    fn figure(&self, scene: &'static str, runs: &[&Measured]) -> Figure {
        let ratios = |to: fn(&Measured) -> f64| {
            runs.iter().map(|run| (self.of)(run) / to(run)).collect::<Vec<_>>()
        };
        let ratios = match self.beside {
            Beside::Nothing => None,
            Beside::Ceiling(to) => Some(("ceiling", ratios(to))),
            Beside::Fsync(to) => Some(("fsync", ratios(to))),
        };
        let values = runs.iter().map(|run| (self.of)(run)).collect();
        Figure { scene, name: self.name, unit: self.unit, values, ratios, bar: self.bar }
    }
}

fn ceiling_cpu(run: &Measured) -> f64 {
    float(run.ceiling.cpu_ns_each) / 1e3
}

fn ceiling_rate(run: &Measured) -> f64 {
    float(run.ceiling.per_s)
}

fn fsync_p50(run: &Measured) -> f64 {
    millis(percentile(&run.fsyncs_ns, 50))
}

fn fsync_p99(run: &Measured) -> f64 {
    millis(percentile(&run.fsyncs_ns, 99))
}

fn answer_p50(run: &Measured) -> f64 {
    millis(percentile(&run.sent.answers_ns, 50))
}

fn answer_p99(run: &Measured) -> f64 {
    millis(percentile(&run.sent.answers_ns, 99))
}

fn arrival_p50(run: &Measured) -> f64 {
    millis(percentile(&run.arrivals.waits_ns, 50))
}

fn arrival_p99(run: &Measured) -> f64 {
    millis(percentile(&run.arrivals.waits_ns, 99))
}

fn first_delivery(run: &Measured) -> f64 {
    millis(run.arrivals.last_ns().saturating_sub(run.sent.began_ns))
}

fn cpu_each(run: &Measured) -> f64 {
    float(run.cpu_ns) / 1e3 / float(run.delivered)
}

fn database_each(run: &Measured) -> f64 {
    float(run.database.cpu_ns) / 1e3 / float(run.delivered)
}

fn both_each(run: &Measured) -> f64 {
    cpu_each(run) + database_each(run)
}

fn log_each(run: &Measured) -> f64 {
    float(run.database.log_bytes) / float(run.delivered)
}

fn writer_each(run: &Measured) -> f64 {
    float(run.writer_cpu_ns) / 1e3 / float(run.delivered)
}

fn written_each(run: &Measured) -> f64 {
    float(run.written_bytes) / float(run.delivered)
}

fn delivered_per_s(run: &Measured) -> f64 {
    float(run.delivered) * 1e9 / float(run.arrivals.last_ns() - run.sent.began_ns)
}

fn accepted_per_s(run: &Measured) -> f64 {
    float(run.sent.accepted) * 1e9 / float(run.sent.ended_ns - run.sent.began_ns)
}

/// 1 when the last tenth of the deliveries came as fast as the first.
fn steadiness(run: &Measured) -> f64 {
    let (first_ns, last_ns) = run.arrivals.tenths_ns();
    float(first_ns) / float(last_ns.max(1))
}

fn idle(run: &Measured) -> f64 {
    float(run.idle_bytes) / 1024.0 / 1024.0
}

fn mebibytes(run: &Measured) -> f64 {
    float(run.resident_max_bytes) / 1024.0 / 1024.0
}

fn millis(ns: u64) -> f64 {
    float(ns) / 1e6
}

/// The least value that so many per cent of them do not exceed; 0 of none.
pub(crate) fn percentile(values: &[u64], per_cent: usize) -> u64 {
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
