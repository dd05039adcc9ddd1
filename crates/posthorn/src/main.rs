//! The program: it reads its arguments and hands over to one file per command.

mod cli;
mod config;
mod wiring;

fn main() -> std::process::ExitCode {
    cli::run()
}
