//! Payments, payouts and the ledger from a terminal.

use serde_json::Value;

use crate::program::{Server, run, word_in};

#[test]
fn a_payment_is_made_paid_and_sent_back_and_the_ledger_holds() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let pix = ["payment", "create", "10000", "BRL", "--method", "pix", "--reference", "order-1"];
    let made = server.run(&pix).sound();
    let id = word_in(&made, "pay_");
    assert!(made.starts_with(&format!("{id}  pending  10000 BRL\n")), "{made}");
    let paid = server.run(&["payment", "force", &id, "succeed"]).sound();
    assert!(paid.starts_with(&format!("{id}  succeeded")), "{paid}");
    let back = server.run(&["payment", "refund", &id, "--amount", "2500"]).sound();
    assert!(back.starts_with(&format!("{id}  partially_refunded")), "{back}");
    let listed = server.run(&["payment", "list", "--state", "partially_refunded"]).sound();
    assert!(listed.contains(&id) && listed.contains("order-1"), "{listed}");
    let moved = server.run(&["ledger", "list"]).sound();
    assert!(moved.contains(&id) && moved.contains("provider_clearing"), "{moved}");
    let proof = server.run(&["ledger", "verify"]).sound();
    assert!(proof.contains("BRL       together") && proof.contains("sums to zero"), "{proof}");
    let proof = server.run(&["ledger", "verify", "--json"]).sound();
    let proof: Value = serde_json::from_str(&proof).expect("one JSON document");
    assert_eq!(proof["sums"]["BRL"], 0);
}

#[test]
fn a_reserved_card_is_captured_or_called_off() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let card = ["--card", "4242424242424242", "--card-expires", "12/2040", "--hold"];
    let create = ["payment", "create", "10000", "USD", "--method", "card"];
    let hold = || word_in(&server.run(&[&create[..], &card].concat()).sound(), "pay_");
    let (taken, released) = (hold(), hold());
    assert!(server.run(&["payment", "capture", &taken]).sound().contains("  succeeded  "));
    assert!(server.run(&["payment", "cancel", &released]).sound().contains("  canceled  "));
    let shown = server.run(&["payment", "get", &released]).sound();
    assert!(shown.contains("  canceled  10000 USD"), "{shown}");
    let said = server.run(&["payment", "capture", &released]).failed();
    assert!(said.contains("(409 "), "{said}");
}

#[test]
fn a_payout_of_what_is_not_there_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let said = server.run(&["payout", "create", "5000", "KES", "254712345678"]).failed();
    assert!(said.contains("(402 Insufficient balance)"), "{said}");
    assert_eq!(server.run(&["payout", "list"]).sound(), "no payouts yet\n");
    let said = server.run(&["payout", "get", "po_nonsense"]).failed();
    assert!(said.contains("(404 "), "{said}");
}

#[test]
fn an_event_is_caused_by_what_its_payer_would_do() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    let create = ["payment", "create", "10000", "BRL", "--method", "pix"];
    let id = word_in(&server.run(&create).sound(), "pay_");
    let cause = |event: &str| server.run(&["trigger", event, "--payment", &id]);
    assert_eq!(
        cause("payment.succeeded").sound(),
        format!("caused payment.succeeded  {id} is succeeded\n")
    );
    assert!(cause("payment.refunded").sound().contains("is refunded"));
    assert!(cause("payment.suceeded").failed().contains("did you mean `payment.succeeded`?"));
    assert!(cause("payment.partially_refunded").failed().contains("--amount MINOR"));
    assert!(cause("order.shipped").failed().contains("without --payment"));
    assert!(cause("payment.failed").failed().contains("(409 "));
}

#[test]
fn a_card_needs_its_last_month() {
    let card = ["payment", "create", "1", "USD", "--method", "card", "--card", "4242424242424242"];
    let said = run(&card);
    assert_eq!(said.code, Some(2), "{said:#?}");
    assert!(said.err.contains("--card-expires <MM/YYYY>"), "{said:#?}");
}
