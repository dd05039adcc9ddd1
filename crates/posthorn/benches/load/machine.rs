//! Where and with what a run was made, so that a number never travels alone.

use std::fs;
use std::process::Command;
use std::thread;

use serde_json::{Value, json};

/// The machine, the compiler and the command.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    cores: usize,
    processor: String,
    kernel: String,
    compiler: String,
    build: &'static str,
    load: String,
    command: String,
}

impl Machine {
    /// This one.
    pub(crate) fn here() -> Self {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = cpus.lines().find_map(|line| line.strip_prefix("model name"));
        let arguments: Vec<String> =
            std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
        Self {
            cores: thread::available_parallelism().map_or(0, usize::from),
            processor: processor
                .map_or("unknown", |name| name.trim_start_matches([' ', '\t', ':']))
                .to_owned(),
            kernel: first_line("/proc/sys/kernel/osrelease"),
            compiler: compiler().unwrap_or_else(|| "unknown".to_owned()),
            build: if cfg!(debug_assertions) {
                "debug: these numbers mean nothing"
            } else {
                "release"
            },
            load: first_line("/proc/loadavg"),
            command: format!("./x bench {}", arguments.join(" ")).trim_end().to_owned(),
        }
    }

    /// Lines for people.
    pub(crate) fn lines(&self) -> String {
        let Self { cores, processor, kernel, compiler, build, load, command } = self;
        format!(
            "{command}\n{cores} cores ({processor}), Linux {kernel}, {compiler}, {build}, load before {load}"
        )
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        json!({
            "command": self.command, "cores": self.cores, "processor": self.processor, "kernel": self.kernel,
            "compiler": self.compiler, "build": self.build, "load_before": self.load,
        })
    }
}

fn first_line(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().lines().next().unwrap_or("unknown").to_owned()
}

fn compiler() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
