//! An endpoint's settings, and what to recover, as flags.

use anyhow::Context;
use serde_json::{Map, Value};

#[derive(clap::Args)]
pub(super) struct Settings {
    /// Which events, with commas, as in 'payment.*,order.shipped' [default: all]
    #[arg(long, value_delimiter = ',')]
    events: Vec<String>,

    /// What it is for
    #[arg(long)]
    description: Option<String>,

    /// A filter on the event's data, as JSON
    #[arg(long, value_name = "JSON")]
    filter: Option<String>,

    /// A header of your own; may be given more than once
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
    headers: Vec<String>,

    /// Another contract than the merchant's
    #[arg(long)]
    contract: Option<String>,

    /// How bodies are printed: js, python or php
    #[arg(long = "body-style", value_name = "STYLE")]
    style: Option<String>,

    /// Deliveries a second, at most
    #[arg(long)]
    rate_limit: Option<u32>,

    /// Deliveries at once, at most
    #[arg(long)]
    concurrency: Option<u32>,
}

impl Settings {
    /// The settings that were given, as the API takes them.
    pub(super) fn into_body(self) -> anyhow::Result<Map<String, Value>> {
        let mut body = Map::new();
        let mut set = |member: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(member.to_owned(), value);
            }
        };
        let filter = self.filter.map(|text| serde_json::from_str(&text)).transpose();
        set("filter", filter.context("--filter is not JSON")?);
        set("events", (!self.events.is_empty()).then(|| self.events.into()));
        set("description", self.description.map(Value::from));
        set("headers", headers(&self.headers)?);
        set("contract", self.contract.map(Value::from));
        set("json", self.style.map(Value::from));
        set("rate_limit", self.rate_limit.map(Value::from));
        set("concurrency", self.concurrency.map(Value::from));
        Ok(body)
    }
}

fn headers(given: &[String]) -> anyhow::Result<Option<Value>> {
    if given.is_empty() {
        return Ok(None);
    }
    let mut headers = Map::new();
    for header in given {
        let (name, value) = header
            .split_once(':')
            .with_context(|| format!("`{header}` is no header: write 'Name: value'"))?;
        headers.insert(name.trim().to_owned(), value.trim().into());
    }
    Ok(Some(headers.into()))
}

#[derive(clap::Args)]
pub(super) struct Recovery {
    /// Events accepted at or after this time, RFC 3339
    #[arg(long)]
    since: String,

    /// Events accepted before this time [default: now]
    #[arg(long)]
    until: Option<String>,

    /// Deliveries in these states, with commas [default: exhausted]
    #[arg(long, value_delimiter = ',')]
    states: Vec<String>,

    /// Events of these types, with commas
    #[arg(long, value_delimiter = ',')]
    types: Vec<String>,
}

impl Recovery {
    /// What was asked for, as the API takes it.
    pub(super) fn into_body(self) -> Map<String, Value> {
        let lists = [("states", self.states), ("types", self.types)];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        let texts = [("since", Some(self.since)), ("until", self.until)];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text?.into())));
        let lists = lists.map(|(name, list)| (name, list.into()));
        texts.chain(lists).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
