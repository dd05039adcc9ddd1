//! The program: it reads its arguments and hands over to one file per command.

mod cli;
mod config;
mod wiring;

/// What is allocated is small, short-lived and freed by another thread than the one that made it: the system's
/// allocator took a fifth of a delivery's CPU. Without huge pages, which would save a few per cent of it and cost 25 MiB.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}
