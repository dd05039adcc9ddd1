//! Files that are wrong about payments, and what is said of them.

use posthorn_core::contract::{Contract, Fault};

use crate::contract;

/// What is said when `before` in a contract's file is changed to `after`.
fn said(name: &str, before: &str, after: &str) -> String {
    let source = &contract(name).source;
    assert!(source.contains(before), "{name} has no {before}");
    let source = source.replacen(before, after, 1);
    let faults = Contract::parse("x.toml", &source).err().unwrap_or_default();
    let place = |fault: &Fault| {
        let line = source.lines().nth(fault.line - 1).unwrap_or_default();
        let there: String = line.chars().skip(fault.column - 1).take(24).collect();
        format!("{fault} <- {there}")
    };
    faults.iter().map(place).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_misspelt_hole_is_told_with_its_line_and_the_nearest_right_name() {
    insta::assert_snapshot!(said("payqi", "\"$amount\"", "\"$ammount\""), @r#"
    x.toml:69:13: unknown hole `$ammount`; did you mean `$amount`? <- "$ammount",
    "#);
    insta::assert_snapshot!(
        said("pagtracker", "\"$leg.transaction\"", "\"$leg.txid\""),
        @r#"
        x.toml:230:101: unknown hole `$leg.txid`; did you mean `$leg.id`? <- "$leg.txid"}
        "#
    );
    insta::assert_snapshot!(said("payqi", "\"$pay_address\"", "\"to $pay_address\""), @r#"
    x.toml:72:18: `to $pay_address` mixes text with a hole; a hole is the whole of a string <- "to $pay_address",
    "#);
}

#[test]
fn a_leg_stands_in_a_list_of_one_object() {
    insta::assert_snapshot!(said("payqi", "\"$pay_address\"", "\"$leg.name\""), @r#"
    x.toml:72:18: `$leg.name` stands outside a leg; a list of exactly one object is repeated for each leg of a split <- "$leg.name",
    "#);
    insta::assert_snapshot!(said("payqi", "\"metadata\": \"$metadata\"", "\"...\": \"$id\""), @r#"
    x.toml:76:3: only `$metadata` can be spread here; write `"...": "$metadata"` <- "...": "$id"
    "#);
}

#[test]
fn every_state_has_a_word() {
    insta::assert_snapshot!(said("payqi", "disputed = \"disputed\"\n", ""), @r#"
    x.toml:80:1: [payment.status] has no `disputed` <- [payment.status]
    "#);
    insta::assert_snapshot!(said("payqi", "disputed = \"disputed\"", "dispute = \"disputed\""), @r#"
    x.toml:80:1: [payment.status] has no `disputed` <- [payment.status]
    x.toml:89:1: unknown field `dispute` in [payment.status]; did you mean `disputed`? <- dispute = "disputed"
    "#);
    insta::assert_snapshot!(said("payqi", "disputed = \"disputed\"", "disputed = \"\""), @r#"
    x.toml:89:12: `disputed` in [payment.status] must not be empty <- ""
    "#);
    insta::assert_snapshot!(said("krxscale", "[payment.status_v2]", "[payment.status_v3]"), @r#"
    x.toml:79:19: `$status_v2` has no words; add a table [payment.status_v2] <- $status_v2",
    x.toml:114:10: unknown field `status_v3` in [payment]; did you mean `status_v2`? <- status_v3]
    "#);
    insta::assert_snapshot!(said("krxscale", "card = \"credit_card\"", "cards = \"credit_card\""), @r#"
    x.toml:130:1: unknown field `cards` in [payment.method]; did you mean `card`? <- cards = "credit_card"
    "#);
}

#[test]
fn units_ids_and_sandbox_times_have_a_form() {
    insta::assert_snapshot!(said("payqi", "units = \"major\"", "units = \"mayor\""), @r#"
    x.toml:65:9: unknown units "mayor"; did you mean "major"? <- "mayor"
    "#);
    insta::assert_snapshot!(said("payqi", "payment = \"pay_\"", "payment = \"Pay-\""), @r#"
    x.toml:96:11: `Pay-` is no form of ids; write "uuid", or a prefix like "pay_": up to 16 lower-case letters and digits, and `_` at the end <- "Pay-"
    "#);
    insta::assert_snapshot!(said("payqi", "payment = \"pay_\"", "paymnt = \"pay_\""), @r#"
    x.toml:96:1: unknown field `paymnt` in [payment.id]; did you mean `payment`? <- paymnt = "pay_"
    "#);
    insta::assert_snapshot!(said("techcorp", "after = \"5s\"", "after = \"5 s\""), @r#"
    x.toml:49:22: `5 s` is not a duration; write a whole number and a unit, like `90s`, `15m`, `6h` or `10d` <- "5 s"
    "#);
}

#[test]
fn a_provider_has_rails_that_carry_its_methods() {
    insta::assert_snapshot!(said("payqi", "rails = [\"xrpl\"]", "rails = [\"xrp\"]"), @r#"
    x.toml:98:1: no rail of provider `xrpl` carries `xrp`; add "xrpl" to `rails` <- [[provider]]
    x.toml:100:10: unknown name `xrp` in `rails`; did you mean `xrpl`? <- "xrp"]
    "#);
    insta::assert_snapshot!(said("sentinelgate", "rails = [\"cards\", \"mpesa\"]", "rails = [\"cards\"]"), @r#"
    x.toml:115:1: no rail of provider `BUNI` carries `mobile_money`; add "mpesa" to `rails` <- [[provider]]
    "#);
    insta::assert_snapshot!(said("payqi", "assets = [\"XRP\"]\n", ""), @"x.toml:98:1: [[provider]] has no `assets` <- [[provider]]");
    insta::assert_snapshot!(said("payqi", "methods = [\"xrp\"]", "methods = [\"xrp\", \"paper\"]"), @r#"
    x.toml:101:19: unknown name `paper` in `methods`; there are card, pix, boleto, mobile_money, bank_transfer, xrp <- "paper"]
    "#);
    insta::assert_snapshot!(said("sentinelgate", "BUN{date}{digits}", "BUN{date}"), @r#"
    x.toml:121:14: the reference has no `{digits}`; two payments would share it <- BUN{date}"
    "#);
    insta::assert_snapshot!(said("sentinelgate", "BUN{date}{digits}", "BUN{day}{digits}"), @r#"
    x.toml:121:17: unknown hole `{day}`; did you mean `{date}`? <- {day}{digits}"
    "#);
    insta::assert_snapshot!(said("sentinelgate", "name = \"BUNI\"", "name = \"KAREENHUB\""), @r#"
    x.toml:123:1: provider `KAREENHUB` stands in the contract twice; remove one of them <- [[provider]]
    "#);
    insta::assert_snapshot!(said("sentinelgate", "name = \"BUNI\"", "name = \"BUNI\"\ndefault = true"), @r#"
    x.toml:115:1: two providers are the default one; one is taken where a merchant names none <- [[provider]]
    "#);
}

#[test]
fn a_sample_shows_only_what_is_sent() {
    insta::assert_snapshot!(said("payqi", "\"status\": \"created\", \"pay_address\"", "\"status\": \"created\", \"fee\": 1, \"pay_address\""), @r#"
    x.toml:123:10: `sample` has `fee`, which the event's data never has; take it out, or add it to `data` <- '''{"id": "pay_abc123",
    "#);
    insta::assert_snapshot!(said("pagtracker", "\"cliente\": {\"nome\": \"João Silva\"", "\"cliente\": {\"cpf\": \"João Silva\""), @r#"
    x.toml:159:10: `sample` has `cliente.cpf`, which the event's data never has; take it out, or add it to `data` <- '''{"id": "5f3c8a10-7b1e
    "#);
}

#[test]
fn what_a_checkout_waits_for_is_named_rightly() {
    insta::assert_snapshot!(said("payqi", "abandoned_after = \"30m\"", "abandonned_after = \"30m\""), @r#"
    x.toml:53:1: unknown field `abandonned_after` in [checkout]; did you mean `abandoned_after`? <- abandonned_after = "30m"
    "#);
    insta::assert_snapshot!(said("payqi", "expires_after = \"24h\"", "expires_after = \"400d\""), @r#"
    x.toml:54:17: `400d` is longer than 365d <- "400d"
    "#);
    let told = "on = [\"payment.created\"]";
    insta::assert_snapshot!(said("krxscale", told, "on = []"), @r#"
    x.toml:63:1: `announces_payment` needs one event on `payment.created`, not 0; it is the payment's first, and is sent once <- [checkout]
    "#);
}
