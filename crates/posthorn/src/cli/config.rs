//! `posthorn config`: the settings in force, and what every key means.

mod docs;

use ipnet::IpNet;
use posthorn_core::secret::Secret;
use posthorn_server::HostName;
use serde_json::{Map, Value, json};

use super::out::{say, write};
use crate::config::{self, Config, Flags, LogFormat, Pooler};

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
    let nets = |nets: &[IpNet]| -> Vec<String> { nets.iter().map(ToString::to_string).collect() };
    let (cidrs, proxies) = (nets(&config.allow_cidrs), nets(&config.trusted_proxies));
    let names =
        |names: &[HostName]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
    let format = match config.log.format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    let (limits, postgres) = (&config.limits, &config.postgres);
    let pooler = match postgres.pooler {
        Pooler::None => "none",
        Pooler::Transaction => "transaction",
    };
    let url = |url: Option<&Secret>| url.map_or(Shown::NotSet, without_password);
    let value = |value: Value| Shown::Value(value);
    let duration = |value| Shown::Value(posthorn_core::duration::print(value).into());
    let of = |section, key, shown| Setting { section, key, shown };
    vec![
        of("", "listen", value(config.listen.to_string().into())),
        of("", "data", value(path(&config.data).into())),
        of("", "database", url(config.database.as_ref())),
        of("", "sandbox", value(config.sandbox.into())),
        of("", "contract", optional(config.contract.clone())),
        of("", "public_url", optional(config.public_url.as_ref().map(|url| url.0.clone()))),
        of("", "contracts", optional(config.contracts.as_ref().map(path))),
        of("", "admin_key", Shown::Secret(config.admin_key.is_some())),
        of("", "master_key", Shown::Secret(config.master_key.is_some())),
        of("", "master_keys_old", Shown::Secret(!config.master_keys_old.is_empty())),
        of("", "allow_cidrs", value(json!(cidrs))),
        of("", "trusted_proxies", value(json!(proxies))),
        of("", "allow_http", value(config.allow_http.into())),
        of("", "extra_ca", optional(config.extra_ca.as_ref().map(path))),
        of("", "grace", duration(config.grace)),
        of("", "retention", value(config.retention.to_string().into())),
        of("", "request_retention", duration(config.request_retention)),
        of("limits", "in_flight_max", value(limits.in_flight_max.into())),
        of("limits", "merchant_in_flight_max", value(limits.merchant_in_flight_max.into())),
        of("limits", "drain_per_second", value(limits.drain_per_second.into())),
        of("hosts", "test", value(json!(names(&config.hosts.test)))),
        of("hosts", "live", value(json!(names(&config.hosts.live)))),
        of("egress", "addresses", value(json!(config.egress.addresses))),
        of("egress", "announced", value(json!(config.egress.announced))),
        of("postgres", "connections", value(postgres.connections.into())),
        of("postgres", "write_timeout", duration(postgres.write_timeout)),
        of("postgres", "read_timeout", duration(postgres.read_timeout)),
        of("postgres", "pooler", value(pooler.into())),
        of("postgres", "direct", url(postgres.direct.as_ref())),
        of("log", "format", value(format.into())),
        of("log", "level", value(config.log.level.clone().into())),
    ]
}

/// A database's URL as it may be shown: not at all, where a password could stand anywhere in it.
fn without_password(url: &Secret) -> Shown {
    match url::Url::parse(url.expose()) {
        Ok(mut url) if url.has_host() && url.query_pairs().all(|(key, _)| key != "password") => {
            let hidden = url.password().is_none() || url.set_password(Some("***")).is_ok();
            if hidden { Shown::Value(url.to_string().into()) } else { Shown::Secret(true) }
        }
        Ok(_) | Err(_) => Shown::Secret(true),
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

#[cfg(test)]
mod tests {
    use confique::Config as _;
    use confique::meta::FieldKind;

    use super::*;

    #[test]
    fn every_key_is_printed() {
        let config = config::for_a_demo("data".into()).unwrap();
        let printed: Vec<_> =
            settings(&config).iter().map(|setting| (setting.section, setting.key)).collect();
        for field in Config::META.fields {
            let keys = match &field.kind {
                FieldKind::Leaf { .. } => vec![("", field.name)],
                FieldKind::Nested { meta } => {
                    meta.fields.iter().map(|inner| (field.name, inner.name)).collect()
                }
            };
            for key in keys {
                assert!(printed.contains(&key), "{key:?} is not printed");
            }
        }
    }
}
