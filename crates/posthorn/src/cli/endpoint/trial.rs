//! `posthorn endpoint test`: a sample to a saved endpoint, or to an address that is not saved.

use anyhow::bail;
use serde_json::{Map, Value};

use super::set;
use crate::cli::api::segment;

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn endpoint test ep_… --type payment.completed\n  \
    posthorn endpoint test https://example.com/webhooks --type payment.completed --contract payqi")]
pub(super) struct Trial {
    /// A saved endpoint's id, or a URL that is not saved: it is tried once, and its answer shown
    #[arg(value_name = "ID|URL")]
    to: String,

    /// The event's type
    #[arg(long = "type", value_name = "TYPE")]
    kind: String,

    /// Another contract than the merchant's (with a URL)
    #[arg(long)]
    contract: Option<String>,

    /// The secret to sign with (with a URL) [default: one is made]
    #[arg(long)]
    secret: Option<String>,

    /// How the body is printed: js, python or php (with a URL)
    #[arg(long = "body-style", value_name = "STYLE")]
    style: Option<String>,
}

impl Trial {
    /// Where to POST, and what.
    pub(super) fn into_call(self) -> anyhow::Result<(String, Value)> {
        let given = [("contract", self.contract), ("secret", self.secret), ("json", self.style)];
        let mut body = Map::new();
        for (member, value) in given {
            set(&mut body, member, value);
        }
        let saved = self.to.starts_with("ep_");
        if saved && !body.is_empty() {
            bail!(
                "`{}` has settings of its own; --contract, --secret and --body-style go with a URL",
                self.to
            );
        }
        if !saved && !self.to.contains("://") {
            bail!("`{}` is neither an endpoint's id (`ep_…`) nor a URL", self.to);
        }
        set(&mut body, "type", Some(self.kind));
        if saved {
            return Ok((format!("/v1/endpoints/{}/test", segment(&self.to)), body.into()));
        }
        set(&mut body, "url", Some(self.to));
        Ok(("/v1/endpoints/test".to_owned(), body.into()))
    }
}
