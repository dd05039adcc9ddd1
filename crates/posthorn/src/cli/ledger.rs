//! `posthorn ledger`: what moved, and the proof that nothing is missing.

use anyhow::bail;
use posthorn_core::json::Json;

use super::api::{As, Client, Connection, query};
use super::merchant::list;
use super::out::{Ink, ink, say};
use super::table::{Column, grid, plain, table};

const COLUMNS: [Column; 7] = [
    ("ID", "id"),
    ("AT", "at"),
    ("FROM", "from"),
    ("TO", "to"),
    ("AMOUNT", "amount"),
    ("CURRENCY", "currency"),
    ("SUBJECT", "subject"),
];
const DIFFERENCES: [Column; 6] = [
    ("MERCHANT", "merchant"),
    ("MODE", "mode"),
    ("ACCOUNT", "account"),
    ("CURRENCY", "currency"),
    ("POSTED", "posted"),
    ("HELD", "held"),
];

/// Look at what moved between accounts, and prove that nothing is missing
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn ledger list             # a merchant's movements, newest first\n  \
    posthorn ledger verify           # all balances, added up again; exits 1 when one differs\n  \
    posthorn ledger verify --json\n\n\
    Amounts are in minor units: cents, drops.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// List a merchant's movements, newest first
    List {
        /// How many
        #[arg(long)]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Add up the ledger of all merchants (with the admin key)
    Verify,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    match &args.what {
        What::List { limit, cursor } => {
            let limit = limit.map(|limit| limit.to_string());
            let query = query(&[("limit", limit.as_deref()), ("cursor", cursor.as_deref())]);
            let reply = client.get(As::Merchant, &format!("/v1/ledger{query}"))?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "nothing has moved yet"));
            Ok(())
        }
        What::Verify => verify(&client),
    }
}

fn verify(client: &Client) -> anyhow::Result<()> {
    let reply = client.get(As::Operator, "/v1/ledger/proof")?;
    client.show(&reply, |reply| print(&reply.value));
    if reply.value.get("holds") == Some(&Json::Bool(true)) {
        return Ok(());
    }
    bail!("the ledger does not hold; stop payouts, keep a backup, and look into what differs")
}

fn print(proof: &Json) {
    let rows = balances(proof);
    grid(&["CURRENCY", "ACCOUNT", "BALANCE"], &rows);
    if rows.is_empty() {
        say(ink(Ink::Dim, "nothing has moved yet"));
    }
    let differences = proof.get("differences").and_then(Json::as_array).unwrap_or_default();
    if !differences.is_empty() {
        say("");
        table(&DIFFERENCES, differences, "");
    }
    if proof.get("holds") == Some(&Json::Bool(true)) {
        say(ink(
            Ink::Good,
            "\nEvery balance is the sum of its movements, and each currency sums to zero.",
        ));
    }
}

/// Every account's balance, and below those of a currency their sum.
fn balances(proof: &Json) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let totals = proof.get("totals").and_then(Json::as_object);
    for (currency, accounts) in totals.iter().flat_map(|totals| totals.iter()) {
        let accounts = accounts.as_object();
        for (account, balance) in accounts.iter().flat_map(|accounts| accounts.iter()) {
            rows.push(vec![currency.to_owned(), account.to_owned(), plain(Some(balance))]);
        }
        let sum = proof.get("sums").and_then(|sums| sums.get(currency));
        rows.push(vec![currency.to_owned(), "together".to_owned(), plain(sum)]);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currencys_accounts_are_followed_by_their_sum() {
        let proof = posthorn_core::json::parse(
            br#"{"totals": {"BRL": {"merchant_pending": 500, "provider_clearing": -500}},
                 "sums": {"BRL": 0}}"#,
        )
        .unwrap();
        let lines: Vec<String> = balances(&proof).iter().map(|row| row.join(" ")).collect();
        assert_eq!(
            lines,
            ["BRL merchant_pending 500", "BRL provider_clearing -500", "BRL together 0"]
        );
    }
}
