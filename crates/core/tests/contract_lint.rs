//! What `posthorn contract lint` says: each kind of fault, with its place and its remedy.

use posthorn_core::contract::{Contract, Encoding, Fault, KeyForm};

const SOUND: &str = r#"name = "acme"
title = "Acme"
language = "en"
https_only = true
body_bytes_max = 2097152
envelope = '''
{
  "id": "$id",
  "type": "$type",
  "data": "$data"
}
'''
headers = [
  ["X-Acme-Signature", "t={timestamp},v1={signature}"],
  ["X-Event-Id", "{id}"],
]

[signature]
content = "{timestamp}.{body}"
key = "utf8"
encoding = "hex"

[retry]
waits = ["1m", "1h"]
timeout = "15s"
exhausted = "FAILED"
pause_after = "never"

[secret]
prefix = "whsec_"
bytes = 32
encoding = "hex"

[[event]]
type = "payment.paid"
description = "Paid"
on = ["payment.succeeded"]
sample = '''{"amount": 10.00}'''

[[vector]]
name = "paid"
secret = "whsec_fake"
now = 1795305600
attempt = 1
delivery = "dlv_1"
json = "js"
event = { id = "evt_1", type = "payment.paid", created = "2026-11-22T00:00:00Z", merchant = "mer_1", data = "{}" }
body = '''{"id":"evt_1"}'''
headers = [["X-Event-Id", "evt_1"]]
"#;

/// What is said when the sound file has `before` changed to `after`.
fn said(before: &str, after: &str) -> Vec<String> {
    assert!(SOUND.contains(before), "the sound file has no {before}");
    let source = SOUND.replacen(before, after, 1);
    let faults = Contract::parse("acme.toml", &source).err().unwrap_or_default();
    faults.iter().map(Fault::to_string).collect()
}

#[test]
fn a_sound_file_has_no_faults() {
    let acme = Contract::parse("acme.toml", SOUND).unwrap();
    assert_eq!((acme.name.as_str(), acme.title.as_str()), ("acme", "Acme"));
    assert_eq!(acme.key_form(), KeyForm::Utf8);
    assert_eq!(acme.secret.encoding, Encoding::Hex);
    assert_eq!(acme.retry.tries(), 3);
    assert_eq!(acme.event("payment.paid").unwrap().sample, b"{\"amount\":10}");
    assert_eq!(&*acme.source, SOUND);
    assert!(!acme.signs_with_all_keys());
}

#[test]
fn broken_toml_is_told_by_line() {
    let said = said("title = \"Acme\"", "title = \"Acme");
    assert!(said[0].starts_with("acme.toml:2:"), "{said:?}");
}

#[test]
fn an_unknown_field_is_refused_with_the_nearest_right_name() {
    assert_eq!(
        said("https_only", "http_only"),
        ["acme.toml:4:1: unknown field `http_only` in the contract; did you mean `https_only`?"]
    );
    assert_eq!(
        said("timeout = \"15s\"", "timeout = \"15s\"\njitter = 0.2"),
        ["acme.toml:26:1: unknown field `jitter` in [retry]; \
             the fields are waits, timeout, exhausted, pause_after"]
    );
}

#[test]
fn a_missing_field_is_told_with_its_table() {
    assert_eq!(
        said("exhausted = \"FAILED\"\n", ""),
        ["acme.toml:23:1: [retry] has no `exhausted`"]
    );
    assert_eq!(said("title = \"Acme\"\n", ""), ["acme.toml:1:1: the contract has no `title`"]);
}

#[test]
fn a_field_of_another_type_is_told() {
    assert_eq!(
        said("https_only = true", "https_only = \"yes\""),
        ["acme.toml:4:14: `https_only` in the contract must be true or false; it is a string"]
    );
    assert_eq!(
        said("[[\"X-Event-Id\", \"evt_1\"]]", "[\"X-Event-Id\", \"evt_1\"]").len(),
        2,
        "each element is no pair"
    );
}

#[test]
fn all_faults_of_a_file_are_told_at_once_in_its_order() {
    let source = SOUND
        .replacen("\"$type\"", "\"$typ\"", 1)
        .replacen("{signature}", "{signatur}", 1)
        .replacen("\"1h\"", "\"1 h\"", 1)
        .replacen("payment.succeeded", "payment.suceeded", 1);
    let faults = Contract::parse("acme.toml", &source).unwrap_err();
    let said: Vec<String> = faults.iter().map(Fault::to_string).collect();
    assert_eq!(
        said,
        [
            "acme.toml:9:11: unknown hole `$typ`; did you mean `$type`?",
            "acme.toml:14:42: unknown hole `{signatur}`; did you mean `{signature}`?",
            "acme.toml:24:16: `1 h` is not a duration; \
             write a whole number and a unit, like `90s`, `15m`, `6h` or `10d`",
            "acme.toml:37:7: unknown transition `payment.suceeded`; \
             did you mean `payment.succeeded`?",
        ]
    );
}

#[test]
fn a_name_and_a_language_have_a_form() {
    assert_eq!(
        said("name = \"acme\"", "name = \"Acme Inc\""),
        ["acme.toml:1:8: `Acme Inc` is no contract name; \
             use up to 64 lower-case letters, digits and `-`"]
    );
    assert_eq!(
        said("\"en\"", "\"English\""),
        ["acme.toml:3:12: `English` is no language tag; \
             write one like `en` or `pt-BR` (BCP 47)"]
    );
}

#[test]
fn numbers_have_bounds() {
    assert_eq!(
        said("2097152", "12"),
        ["acme.toml:5:18: `body_bytes_max` in the contract must be a whole number \
             from 1024 to 16777216"]
    );
    assert_eq!(said("attempt = 1", "attempt = 0").len(), 1);
    assert_eq!(said("2097152", "2_097_152"), Vec::<String>::new());
}

// === the envelope ===

#[test]
fn an_envelope_that_is_not_json_is_told_where_it_breaks() {
    assert_eq!(
        said("\"$type\",", "\"$type\""),
        ["acme.toml:10:3: the envelope is not valid JSON: expected `,` or `}`: \
             separate members and elements with commas, name and value with a colon"]
    );
}

#[test]
fn an_envelope_is_an_object() {
    let envelope =
        "'''\n{\n  \"id\": \"$id\",\n  \"type\": \"$type\",\n  \"data\": \"$data\"\n}\n'''";
    assert_eq!(
        said(envelope, "'\"$data\"'"),
        ["acme.toml:6:13: the envelope is a string, not an object"]
    );
}

#[test]
fn a_strange_hole_is_refused_with_all_the_right_ones() {
    assert_eq!(
        said("\"$type\"", "\"$customer_name\""),
        ["acme.toml:9:11: unknown hole `$customer_name`; the holes are \
             $id $type $created $created_unix $attempt $merchant $data $signature $data.path"]
    );
}

#[test]
fn a_hole_is_the_whole_of_a_string() {
    assert_eq!(
        said("\"$type\"", "\"acme.$type\""),
        ["acme.toml:9:11: `acme.$type` mixes text with a hole; a hole is the whole of a string"]
    );
    assert_eq!(said("\"$type\"", "\"R$ 10\""), Vec::<String>::new());
}

#[test]
fn a_path_has_no_empty_names_and_stands_in_no_list() {
    assert_eq!(
        said("\"$type\"", "\"$data.a..b\""),
        ["acme.toml:9:11: `$data.a..b` has an empty name in its path"]
    );
    assert_eq!(
        said("\"$type\"", "[\"$data.a\"]"),
        ["acme.toml:9:13: `$data.a` stands in a list; \
             a part of the data is the value of a member, which is left out without it"]
    );
}

#[test]
fn a_signature_is_the_last_member() {
    assert_eq!(
        said("\"$type\"", "\"$signature\""),
        ["acme.toml:9:11: `$signature` is not the last member of the envelope; \
             a receiver takes it off the end of the body before it verifies"]
    );
}

#[test]
fn a_member_that_javascript_would_move_to_the_front_is_refused() {
    assert_eq!(
        said("\"type\":", "\"7\":"),
        ["acme.toml:9:3: member \"7\" is an index to JavaScript, which prints it first; \
             give it another name"]
    );
}

#[test]
fn only_the_data_is_spread() {
    assert_eq!(
        said("\"type\": \"$type\"", "\"...\": \"$type\""),
        ["acme.toml:9:3: only `$data` can be spread; write `\"...\": \"$data\"`"]
    );
}

#[test]
fn a_member_named_twice_is_refused() {
    let said = said("\"type\":", "\"id\":");
    assert!(said[0].contains("duplicate name \"id\""), "{said:?}");
}

// === headers and signature ===

#[test]
fn a_header_has_a_name_and_a_value_that_http_can_carry() {
    assert_eq!(said("X-Event-Id", "X Event"), ["acme.toml:15:4: `X Event` is no header name"]);
    assert_eq!(
        said("X-Event-Id", "Content-Length"),
        ["acme.toml:15:4: header `Content-Length` belongs to the connection and is not a \
             contract's"]
    );
    assert_eq!(
        said("\"{id}\"", "\"é{id}\""),
        ["acme.toml:15:4: header `X-Event-Id` must have a value of visible ASCII, \
             without spaces at its ends"]
    );
}

#[test]
fn a_header_stands_once_whatever_its_case() {
    assert_eq!(
        said("X-Event-Id", "x-acme-SIGNATURE"),
        ["acme.toml:15:4: header `x-acme-SIGNATURE` stands in the list twice"]
    );
}

#[test]
fn the_body_is_part_of_what_is_signed() {
    assert_eq!(
        said("{timestamp}.{body}", "{timestamp}"),
        ["acme.toml:19:12: the signed content has no `{body}`; \
             a body that is not signed can be changed"]
    );
}

#[test]
fn what_is_signed_must_reach_the_receiver() {
    assert_eq!(
        said("t={timestamp},v1={signature}", "{signature}"),
        ["acme.toml:18:1: `{timestamp}` is signed, but no header carries it; \
             a receiver could not verify"]
    );
    assert_eq!(
        said("t={timestamp},v1={signature}", "t={timestamp}"),
        ["acme.toml:18:1: nothing carries the signature; \
             put `{signature}` into a header, or `$signature` last in the envelope"]
    );
}

#[test]
fn words_of_a_closed_set_are_corrected() {
    assert_eq!(
        said("encoding = \"hex\"", "encoding = \"hexx\""),
        ["acme.toml:21:12: unknown encoding \"hexx\"; did you mean \"hex\"?"]
    );
    assert_eq!(
        said("key = \"utf8\"", "key = \"rsa-pkcs1\""),
        ["acme.toml:20:7: unknown key \"rsa-pkcs1\"; it is one of \"utf8\", \"standard\""]
    );
    assert_eq!(
        said("json = \"js\"", "json = \"ruby\""),
        ["acme.toml:46:8: unknown json style \"ruby\"; it is one of js, python, php"]
    );
}

#[test]
fn how_a_signature_is_written_holds_the_signature() {
    assert_eq!(
        said("encoding = \"hex\"", "encoding = \"hex\"\nhmac = \"v1\""),
        ["acme.toml:22:9: `hmac` has no `{mac}`"]
    );
    assert_eq!(
        said("encoding = \"hex\"", "encoding = \"hex\"\njoin = \"\""),
        ["acme.toml:22:8: `join` is empty; \
             leave it out when a header has room for one signature"]
    );
}

#[test]
fn ed25519_belongs_to_standard_keys_and_standard_secrets_have_their_form() {
    assert_eq!(
        said("encoding = \"hex\"", "encoding = \"hex\"\ned25519 = \"v1a,{mac}\""),
        ["acme.toml:18:1: `ed25519` is given, but keys are \"utf8\"; \
             only `key = \"standard\"` has Ed25519 keys"]
    );
    assert_eq!(
        said("key = \"utf8\"", "key = \"standard\""),
        [
            "acme.toml:18:1: [signature] has no `ed25519`",
            "acme.toml:29:1: these secrets are not standard keys; \
             use prefix `whsec_`, 24 to 64 bytes, encoding base64",
        ]
    );
}

// === retry, catalogue, vectors ===

#[test]
fn waits_and_timeouts_have_bounds() {
    assert_eq!(said("\"1h\"", "\"31d\""), ["acme.toml:24:16: `31d` is longer than 30d"]);
    assert_eq!(said("\"15s\"", "\"61s\""), ["acme.toml:25:11: `61s` is longer than 1m"]);
    assert_eq!(
        said("\"15s\"", "\"0s\""),
        ["acme.toml:25:11: a duration here must be longer than nothing"]
    );
    assert_eq!(said("\"never\"", "\"5d\""), Vec::<String>::new());
    assert_eq!(said("\"never\"", "\"always\"").len(), 1);
}

#[test]
fn a_schedule_is_bounded() {
    let waits = vec!["\"1m\""; 65].join(", ");
    assert_eq!(said("\"1m\", \"1h\"", &waits), ["acme.toml:23:1: 65 waits are more than 64"]);
}

#[test]
fn an_event_stands_in_the_catalogue_once_with_sound_sample_data() {
    let again =
        "[[event]]\ntype = \"payment.paid\"\ndescription = \"Paid\"\nsample = '{}'\n[[vector]]";
    assert_eq!(
        said("[[vector]]", again),
        ["acme.toml:40:1: event `payment.paid` stands in the catalogue twice; \
             remove one of them"]
    );
    assert_eq!(
        said("{\"amount\": 10.00}", "[]"),
        ["acme.toml:38:13: `sample` is an array, not a JSON object"]
    );
    let said = said("{\"amount\": 10.00}", "{\"amount\": 10.}");
    assert!(said[0].starts_with("acme.toml:38:2"), "{said:?}");
    assert!(said[0].contains("`sample` is not valid JSON: not a JSON number"), "{said:?}");
}

#[test]
fn an_event_type_is_one_that_events_can_have() {
    let said = said("type = \"payment.paid\"", "type = \"payment paid\"");
    assert!(said[0].starts_with("acme.toml:35:8: `payment paid` is not an event type"), "{said:?}");
}

#[test]
fn a_contract_without_events_is_refused() {
    let source = SOUND.replacen("[[event]]", "[event]", 1);
    let faults = Contract::parse("acme.toml", &source).unwrap_err();
    assert!(faults[0].what.contains("`event` in the contract must be a list of tables"));
}

#[test]
fn a_vectors_time_is_rfc_3339() {
    assert_eq!(
        said("2026-11-22T00:00:00Z", "yesterday"),
        ["acme.toml:47:58: `yesterday` is no RFC 3339 time"]
    );
}
