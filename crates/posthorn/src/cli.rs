//! The command line: one file per command; this one only knows their names.

mod api;
mod application;
mod backup;
mod clock;
mod config;
mod contract;
mod delivery;
mod demo;
mod doctor;
mod endpoint;
mod event;
mod export;
mod import;
mod incident;
mod job;
mod key;
mod ledger;
mod listen;
mod login;
mod logs;
mod master_key;
mod merchant;
mod migrate;
mod openapi;
mod out;
mod payment;
mod payout;
mod receiver;
mod request;
mod serve;
mod table;
mod transfer;
mod trigger;

use std::process::ExitCode;

use clap::Parser;
use clap::builder::FalseyValueParser;

/// Self-hosted payments gateway and webhook platform: events in, signed webhooks out.
#[derive(Parser)]
#[command(
    name = "posthorn",
    version,
    max_term_width = 100,
    help_template = "{about}\n\n{usage-heading} {usage}\n\n{before-help}Options:\n{options}{after-help}",
    before_help = GROUPS,
    after_help = "Start here:\n  posthorn demo               the whole story in one process, in seconds\n  \
                  posthorn serve --sandbox    a server to try, with merchants and keys\n\n\
                  `posthorn COMMAND --help` explains a command, with examples.",
    disable_help_subcommand = false,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Cli {
    /// No colours (also: the environment variable `NO_COLOR`)
    #[arg(long, global = true, env = "NO_COLOR", hide_env = true, value_parser = FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    no_color: bool,

    #[command(subcommand)]
    command: Command,
}

/// Every command, by what it is for; a test sees to it that none is forgotten.
const GROUPS: &str = "\
Run a server:
  serve        Start the server
  demo         Tell the whole story in one process, and exit
  migrate      Bring the database up to date, or say what that would do
  backup       Copy the embedded database while the server goes on
  restore      Put a copy of the embedded database into a data directory
  export       Write out everything in the embedded database, to be imported elsewhere
  import       Move what `export` wrote into a PostgreSQL database
  doctor       Look for what is wrong with a database and its settings
  master-key   Rotate the key that seals secrets in the database
  config       Print the settings in force, or explain every key

Develop against it:
  listen       Forward a merchant's test events to a local URL
  receiver     Receive webhooks from any sender, well or in any bad way
  trigger      Make an event happen in the sandbox
  contract     List, show, lint, sign and verify contracts, offline
  clock        Show or advance the sandbox clock
  openapi      Print the API's OpenAPI document

The API from a terminal:
  merchant     Create, list and change merchants
  key          Create, list and revoke API keys
  application  Create, list and delete applications that use OAuth 2
  login        Invite, list and delete users, who can let applications in
  payment      Make payments, capture, cancel and refund them
  payout       Send a merchant's money to its bank or its telephone
  ledger       Look at what moved between accounts, and prove that nothing is missing
  endpoint     Create and look after endpoints
  event        Send events, and ask why they were or were not sent
  delivery     Look at deliveries and attempts; send again
  job          Watch and cancel recoveries and other long work
  incident     Tell of trouble on the status page
  request      Look for calls of the last days: what was sent, what was answered
  help         Explain a command";

#[derive(clap::Subcommand)]
enum Command {
    Serve(serve::Args),
    Demo(demo::Args),
    Listen(listen::Args),
    Receiver(receiver::Args),
    Trigger(trigger::Args),
    Contract(contract::Args),
    Merchant(merchant::Args),
    Key(key::Args),
    Application(application::Args),
    Login(login::Args),
    Payment(payment::Args),
    Payout(payout::Args),
    Ledger(ledger::Args),
    Endpoint(endpoint::Args),
    Event(event::Args),
    Delivery(delivery::Args),
    Job(job::Args),
    Incident(incident::Args),
    Request(request::Args),
    Clock(clock::Args),
    Migrate(migrate::Args),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Export(export::Args),
    Import(import::Args),
    Doctor(doctor::Args),
    Openapi(openapi::Args),
    Config(config::Args),
    MasterKey(master_key::Args),
}

/// Reads the arguments and runs the command. Exits 0 when all is well, 1 when it is not, 2 when the
/// arguments make no sense.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    if cli.no_color {
        out::no_colours();
    }
    let done = match cli.command {
        Command::Serve(args) => serve::run(args),
        Command::Demo(args) => demo::run(&args),
        Command::Listen(args) => listen::run(&args),
        Command::Receiver(args) => receiver::run(args),
        Command::Trigger(args) => trigger::run(&args),
        Command::Contract(args) => contract::run(args),
        Command::Merchant(args) => merchant::run(args),
        Command::Key(args) => key::run(args),
        Command::Application(args) => application::run(args),
        Command::Login(args) => login::run(args),
        Command::Payment(args) => payment::run(args),
        Command::Payout(args) => payout::run(args),
        Command::Ledger(args) => ledger::run(&args),
        Command::Endpoint(args) => endpoint::run(args),
        Command::Event(args) => event::run(args),
        Command::Delivery(args) => delivery::run(args),
        Command::Job(args) => job::run(args),
        Command::Incident(args) => incident::run(args),
        Command::Request(args) => request::run(args),
        Command::Clock(args) => clock::run(&args),
        Command::Migrate(args) => migrate::run(args),
        Command::Backup(args) => backup::back_up(args),
        Command::Restore(args) => backup::restore(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Openapi(args) => openapi::run(&args),
        Command::Config(args) => config::run(args),
        Command::MasterKey(args) => master_key::run(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out::complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_grouped_help_names_every_command_and_no_other() {
        let command = Cli::command();
        let mut named: Vec<&str> = GROUPS
            .lines()
            .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
            .filter(|name| *name != "help")
            .collect();
        let mut known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        named.sort_unstable();
        known.sort_unstable();
        assert_eq!(named, known);
    }

    #[test]
    fn the_arguments_make_sense_to_clap() {
        Cli::command().debug_assert();
    }
}
