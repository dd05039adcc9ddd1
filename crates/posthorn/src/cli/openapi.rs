//! `posthorn openapi`: the API's description, from the program itself.

use super::out::say;

/// Print the API's OpenAPI 3.1 document, or the same as Markdown
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Markdown for people instead of JSON
    #[arg(long)]
    markdown: bool,

    /// JSON, which it is anyway
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.markdown && !args.json {
        say(posthorn_server::api_markdown().trim_end());
    } else {
        say(posthorn_server::openapi().to_pretty_json()?);
    }
    Ok(())
}
