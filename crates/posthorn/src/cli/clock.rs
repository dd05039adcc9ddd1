//! `posthorn clock`: a test merchant's time.

use jiff::SignedDuration;
use posthorn_core::duration;

use super::api::{As, Client, Connection};
use super::out::{Ink, ink, say};
use super::table::{card, text};

/// Show or advance the sandbox clock
#[derive(clap::Args)]
#[command(
    long_about = "Show or advance a test merchant's sandbox clock. Advancing steps through everything that \
                  falls due on the way: ten days of retries happen now, in order. Signatures keep real \
                  time.",
    after_help = "Examples:\n  posthorn clock\n  posthorn clock --advance 10d"
)]
pub(crate) struct Args {
    /// How far, as in 90s, 15m, 6h or 10d
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    advance: Option<SignedDuration>,

    #[command(flatten)]
    connection: Connection,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    let path = "/v1/sandbox/clock";
    let Some(advance) = args.advance else {
        let reply = client.get(As::Merchant, path)?;
        client.show(&reply, |reply| card(&reply.value));
        return Ok(());
    };
    let body = serde_json::json!({"advance": duration::print(advance)});
    let reply = client.post(As::Merchant, path, &body)?;
    client.show(&reply, |reply| {
        let value = &reply.value;
        if value.get("attempted").is_none() {
            say(format_args!("{}", ink(Ink::Wait, "it goes on as a job (posthorn job show …)")));
            return card(value);
        }
        let (now, tries) = (text(value, "now"), text(value, "attempted"));
        say(format_args!(
            "it is {} for this merchant; {tries} tries were made on the way",
            ink(Ink::Bold, now)
        ));
    });
    Ok(())
}
