//! `posthorn config`: the settings in force, and what every key means.

mod docs;

use serde_json::json;

use super::out::{say, write};
use crate::config::{self, Config, Flags, LogFormat};

/// Print the settings in force, or explain every key
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  posthorn config print --config /etc/posthorn.toml\n  \
                        posthorn config docs")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print the settings in force as TOML; secrets are not shown
    Print(Box<Flags>),
    /// Explain every key: its meaning, its environment variable, its default
    Docs,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.what {
        What::Print(flags) => print(&config::load(*flags)?),
        What::Docs => write(docs::page()),
    }
    Ok(())
}

/// Every key with its value; TOML, so that it can be a config file.
fn print(config: &Config) {
    let line = |key: &str, value: serde_json::Value| say(format_args!("{key} = {value}"));
    let hidden = |key: &str, is_set: bool| {
        let what = if is_set { "set, not shown" } else { "not set" };
        say(format_args!("# {key}: {what}"));
    };
    let optional = |key: &str, value: Option<String>| match value {
        Some(value) => line(key, value.into()),
        None => say(format_args!("# {key}: not set")),
    };
    let path = |path: &std::path::PathBuf| path.display().to_string();
    line("listen", config.listen.to_string().into());
    line("data", path(&config.data).into());
    optional("database", config.database.clone());
    line("sandbox", config.sandbox.into());
    optional("contracts", config.contracts.as_ref().map(path));
    hidden("admin_key", config.admin_key.is_some());
    hidden("master_key", config.master_key.is_some());
    hidden("master_keys_old", !config.master_keys_old.is_empty());
    let cidrs: Vec<String> = config.allow_cidrs.iter().map(ToString::to_string).collect();
    line("allow_cidrs", json!(cidrs));
    line("allow_http", config.allow_http.into());
    optional("extra_ca", config.extra_ca.as_ref().map(path));
    line("grace", posthorn_core::duration::print(config.grace).into());
    say("\n[limits]");
    line("in_flight_max", config.limits.in_flight_max.into());
    line("merchant_in_flight_max", config.limits.merchant_in_flight_max.into());
    line("drain_per_second", config.limits.drain_per_second.into());
    say("\n[log]");
    let format = match config.log.format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    line("format", format.into());
    line("level", config.log.level.clone().into());
}
