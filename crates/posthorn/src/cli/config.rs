//! `posthorn config`: the settings in force, and what every key means.

mod docs;

use serde_json::{Map, Value, json};

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

#[derive(clap::Args)]
struct PrintArgs {
    #[command(flatten)]
    flags: Flags,
    /// Print JSON, for scripts
    #[arg(long)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print the settings in force as TOML; secrets are not shown
    Print(Box<PrintArgs>),
    /// Explain every key: its meaning, its environment variable, its default
    Docs,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.what {
        What::Print(args) => {
            let settings = settings(&config::load(args.flags)?);
            if args.json { print_json(&settings) } else { print(&settings) }
        }
        What::Docs => write(docs::page()),
    }
    Ok(())
}

/// A setting as it is shown.
struct Setting {
    /// The table of the file that it stands in; empty: none.
    section: &'static str,
    key: &'static str,
    shown: Shown,
}

enum Shown {
    Value(Value),
    NotSet,
    /// A secret: whether there is one.
    Secret(bool),
}

/// Every key with its value, in the order of the config file.
fn settings(config: &Config) -> Vec<Setting> {
    let path = |path: &std::path::PathBuf| path.display().to_string();
    let optional =
        |value: Option<String>| value.map_or(Shown::NotSet, |value| Shown::Value(value.into()));
    let cidrs: Vec<String> = config.allow_cidrs.iter().map(ToString::to_string).collect();
    let format = match config.log.format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    let limits = &config.limits;
    let value = |value: Value| Shown::Value(value);
    let of = |section, key, shown| Setting { section, key, shown };
    vec![
        of("", "listen", value(config.listen.to_string().into())),
        of("", "data", value(path(&config.data).into())),
        of("", "database", optional(config.database.as_deref().map(without_password))),
        of("", "sandbox", value(config.sandbox.into())),
        of("", "contracts", optional(config.contracts.as_ref().map(path))),
        of("", "admin_key", Shown::Secret(config.admin_key.is_some())),
        of("", "master_key", Shown::Secret(config.master_key.is_some())),
        of("", "master_keys_old", Shown::Secret(!config.master_keys_old.is_empty())),
        of("", "allow_cidrs", value(json!(cidrs))),
        of("", "allow_http", value(config.allow_http.into())),
        of("", "extra_ca", optional(config.extra_ca.as_ref().map(path))),
        of("", "grace", value(posthorn_core::duration::print(config.grace).into())),
        of("", "retention", value(config.retention.to_string().into())),
        of("limits", "in_flight_max", value(limits.in_flight_max.into())),
        of("limits", "merchant_in_flight_max", value(limits.merchant_in_flight_max.into())),
        of("limits", "drain_per_second", value(limits.drain_per_second.into())),
        of("log", "format", value(format.into())),
        of("log", "level", value(config.log.level.clone().into())),
    ]
}

/// A database's URL as it may be shown.
fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut url) if url.password().is_some() => {
            let _hidden = url.set_password(Some("***"));
            url.to_string()
        }
        Ok(url) => url.to_string(),
        Err(_) => "set, not shown".to_owned(),
    }
}

/// TOML, so that it can be a config file.
fn print(settings: &[Setting]) {
    let mut section = "";
    for Setting { section: own, key, shown } in settings {
        if *own != section {
            section = own;
            say(format_args!("\n[{section}]"));
        }
        match shown {
            Shown::Value(value) => say(format_args!("{key} = {value}")),
            Shown::NotSet | Shown::Secret(false) => say(format_args!("# {key}: not set")),
            Shown::Secret(true) => say(format_args!("# {key}: set, not shown")),
        }
    }
}

/// An object, with one more for each section; a secret is `{"set": true}` or not.
fn print_json(settings: &[Setting]) {
    let mut all = Map::new();
    for Setting { section, key, shown } in settings {
        let value = match shown {
            Shown::Value(value) => value.clone(),
            Shown::NotSet => Value::Null,
            Shown::Secret(is_set) => json!({ "set": is_set }),
        };
        if section.is_empty() {
            all.insert((*key).to_owned(), value);
        } else if let Value::Object(inner) = all.entry(*section).or_insert_with(|| json!({})) {
            inner.insert((*key).to_owned(), value);
        }
    }
    say(Value::Object(all));
}
