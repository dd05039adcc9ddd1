//! `./x bench`: what the server costs, beside the least that it could cost. Nothing is tuned here; this only measures.
//!
//! Everything is on loopback and bounded in count and time. The server is a process of its own, so that its CPU, memory
//! and writes are its own; the generator, the receiver and the bare loop are threads of this one. Read `docs/bench.md`
//! for what each row means.

mod beside;
mod ceiling;
mod clock;
mod disk;
mod figures;
mod fleet;
mod gauge;
mod generator;
mod link;
mod lists;
mod machine;
mod payload;
mod receiver;
mod scene;
mod server;
mod silent;
mod store;
mod table;
mod tally;
mod tickets;

use std::io::{Write, stderr, stdout};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;
use serde_json::json;

use beside::{Company, Compared};
use figures::{Figure, figures};
use machine::Machine;
use receiver::Receiver;
use scene::{Measured, Scene, Size};
use store::Store;

/// Accept and deliver, beside a bare sign-and-POST loop.
#[derive(Debug, Parser)]
#[command(name = "./x bench")]
pub(crate) struct Options {
    /// How often everything is measured; the table has the medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=99))]
    runs: u64,
    /// A smoke run of a few seconds: one run, few events; its numbers mean nothing
    #[arg(long)]
    quick: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    what: What,
    /// Events in each scene, instead of its usual number; sending still stops after 20 s unless --seconds says otherwise
    #[arg(long)]
    events: Option<u64>,
    /// Connections that send, in all; by default 64, and 16 where 200 events a second are sent
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1024))]
    connections: Option<u64>,
    /// How long a scene may send
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    #[command(flatten)]
    on: On,
    /// What cargo passes to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is measured.
#[derive(Debug, clap::Args)]
struct What {
    /// Measure only this; may be repeated
    #[arg(long, value_enum)]
    only: Vec<Scene>,
    /// Measure a healthy endpoint alone and beside others instead; may be repeated
    #[arg(long, value_enum, conflicts_with = "only")]
    beside: Vec<Company>,
    /// Everything there is: the usual, beside each company, started again beside retries that wait, and lists over
    /// many old deliveries; an hour or so
    #[arg(long, conflicts_with_all = ["only", "beside", "old", "waiting"])]
    all: bool,
}

/// What it is measured on.
#[derive(Debug, clap::Args)]
struct On {
    /// Where the server's data is kept while it runs: the disk that is measured
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    disk: PathBuf,
    /// Measure on this PostgreSQL instead of the embedded database: a URL without a database, of a server on this
    /// machine; each scene makes a database of its own there
    #[arg(long)]
    database: Option<String>,
    /// So many servers on one database
    #[arg(long, default_value_t = 1, requires = "database", value_parser = clap::value_parser!(u64).range(1..=64))]
    servers: u64,
    /// Each server on a database of its own: what they cost when they share nothing but the machine
    #[arg(long, requires = "database")]
    apart: bool,
    /// Beside so many old deliveries, in hundreds of thousands; their parts are made first
    #[arg(long, default_value_t = 0)]
    old: u32,
    /// Beside so many deliveries that wait for their retry, in hundreds of thousands
    #[arg(long, default_value_t = 0, conflicts_with = "database")]
    waiting: u32,
}

fn main() -> Result<()> {
    run(&Options::parse()).map(drop)
}

impl On {
    fn store(&self) -> Store<'_> {
        Store {
            disk: &self.disk,
            postgres: self.database.as_deref(),
            servers: usize::try_from(self.servers).unwrap_or(1),
            apart: self.apart,
            old: self.old,
            waiting: self.waiting,
        }
    }
}

impl Options {
    fn runs(&self) -> u64 {
        if self.quick { 1 } else { self.runs }
    }

    /// Each company in turn, each run alone and beside it.
    fn compare(&self, companies: &[Company]) -> Result<Vec<Figure>> {
        let size = if self.quick {
            beside::Size { probe: 500, seconds: 1, small: true }
        } else {
            beside::Size { probe: 40_000, seconds: 10, small: false }
        };
        let mut all: Vec<Compared> = Vec::new();
        for run in 1..=self.runs() {
            for company in companies {
                let title = company.title();
                let note = format!("run {run} of {}: alone, then {title}\n", self.runs());
                stderr().write_all(note.as_bytes())?;
                let round = u64::try_from(all.len())? * 6 + 1;
                all.push(company.measure(size, round, self.on.store())?);
            }
        }
        Ok(companies.iter().flat_map(|company| beside::figures(*company, &all)).collect())
    }

    /// Each scene in turn, in each run after the ceiling.
    fn measure(&self, scenes: &[Scene], store: Store<'_>) -> Result<Outcome> {
        let runs = self.runs();
        let receiver = Receiver::start()?;
        let mut measured = Vec::new();
        let mut round = 0;
        for run in 1..=runs {
            for scene in scenes {
                let note = format!("run {run} of {runs}: the ceiling, then {}\n", scene.title());
                stderr().write_all(note.as_bytes())?;
                measured.push(scene.measure(&receiver, self.size(*scene), round, store)?);
                round += 3;
            }
        }
        let figures = figures(scenes, &measured, store.postgres.is_some());
        Ok((figures, nothing_lost(&measured)))
    }

    /// Everything there is.
    fn measure_all(&self) -> Result<Outcome> {
        let store = self.on.store();
        let (few, many) = if self.quick { (1, 1) } else { (10, 100) };
        let usual = self.measure(&Scene::USUAL, store)?;
        let restart = self.measure(&[Scene::Restart], Store { waiting: few, ..store })?;
        let lists =
            self.measure(&[Scene::Lists, Scene::LongLists], Store { old: many, ..store })?;
        let compared = self.compare(&Company::ALL)?;
        let figures = [usual.0, restart.0, lists.0, compared].concat();
        Ok((figures, usual.1.and(restart.1).and(lists.1)))
    }

    fn print(&self, machine: &Machine, figures: &[Figure]) -> Result<()> {
        let runs = self.runs();
        let printed = if self.json {
            let all =
                json!({"machine": machine.json(), "runs": runs, "figures": table::json(figures)});
            format!("{all:#}\n")
        } else {
            format!("{}, {runs} runs\n\n{}", machine.lines(), table::text(figures))
        };
        Ok(stdout().write_all(printed.as_bytes())?)
    }

    fn size(&self, scene: Scene) -> Size {
        let usual = scene.size(self.quick);
        let connections = self.connections.and_then(|count| usize::try_from(count).ok());
        Size {
            events: self.events.unwrap_or(usual.events),
            connections: connections.unwrap_or(usual.connections),
            sending: Duration::from_secs(self.seconds),
            ..usual
        }
    }
}

/// What was measured, and whether nothing was lost.
type Outcome = (Vec<Figure>, Result<()>);

/// Measures, prints the table, and fails when anything was lost or came twice.
pub(crate) fn run(options: &Options) -> Result<Vec<Figure>> {
    let machine = Machine::here();
    let (figures, sound) = if options.what.all {
        options.measure_all()?
    } else if options.what.beside.is_empty() {
        let scenes =
            if options.what.only.is_empty() { &Scene::USUAL[..] } else { &options.what.only };
        options.measure(scenes, options.on.store())?
    } else {
        (options.compare(&options.what.beside)?, Ok(()))
    };
    options.print(&machine, &figures)?;
    sound?;
    Ok(figures)
}

fn nothing_lost(measured: &[Measured]) -> Result<()> {
    for run in measured {
        let (missing, arrivals) = (run.missing, &run.arrivals);
        ensure!(
            missing + arrivals.duplicates + arrivals.strangers == 0,
            "{}: {missing} missing, {} duplicates, {} strangers",
            run.scene.title(),
            arrivals.duplicates,
            arrivals.strangers
        );
    }
    Ok(())
}
