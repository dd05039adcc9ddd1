//! Nothing that opens something, and no card's number, comes through under a name or with a look that is known.

mod shapes;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

const PANS: [&str; 6] = [
    "4242424242424242",
    "5555555555554444",
    "378282246310005",
    "4242 4242 4242 4242",
    "5555-5555-5555-4444",
    "6062826786276634",
];
const KEYS: [&str; 7] = [
    "sk_test_3f9a0c55aa11bb22cc33dd44ee55ff66778899aabbccddee",
    "sk_live_3f9a0c55aa11bb22cc33dd44ee55ff66778899aabbccddee",
    "secret_live_3f9a0c55aa11bb22cc33dd44ee55ff66778899aabbcc",
    "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IGFiYw==",
    "cs_test_Vq3xX-Zk0_1mJc9TAbCdEfGhIjKlMnOpQrStUvWxYz0",
    "at_live_Vq3xX-Zk0_1mJc9TAbCdEfGhIjKlMnOpQrStUvWxYz0",
    "admin_3f9a0c55aa11bb22cc33dd44ee55ff66778899aabbccddee",
];
const NAMES: [&str; 20] = [
    "password",
    "client_secret",
    "clientSecret",
    "access_token",
    "refresh_token",
    "Authorization",
    "code",
    "code_verifier",
    "cvv",
    "cvc",
    "CVV2",
    "security_code",
    "api_key",
    "key",
    "webhook_secret",
    "pin",
    "senha",
    "x_signature",
    "seed_phrase",
    "token",
];
/// A secret that nothing but its name tells.
const PLAIN: &str = "correct-Horse7";
const CODE: &str = "739";

fn words() -> impl Strategy<Value = String> {
    "[a-zA-Z é]{0,6}"
}

fn leaves() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(Value::from),
        words().prop_map(Value::from),
        Just(Value::Null),
        // Card numbers and keys anywhere, also between words.
        (words(), prop::sample::select(&PANS[..]), words())
            .prop_map(|(before, pan, after)| json!(format!("{before} {pan} {after}"))),
        (words(), prop::sample::select(&KEYS[..]), words())
            .prop_map(|(before, key, after)| json!(format!("{before} {key} {after}"))),
        Just(json!(4_242_424_242_424_242_i64)),
    ]
}

/// Members of which some are secret by their name alone.
fn members(
    of: impl Strategy<Value = Value> + Clone + 'static,
) -> impl Strategy<Value = Map<String, Value>> {
    let named = prop::sample::select(&NAMES[..]).prop_map(|name| {
        let secret = if name.to_lowercase().contains("cv") { CODE } else { PLAIN };
        (name.to_owned(), json!(secret))
    });
    let pan = prop::sample::select(&PANS[..]).prop_map(|pan| (pan.to_owned(), json!(1)));
    let other = ("[a-z]{1,4}_[a-z]{1,3}", of);
    vec(prop_oneof![named, pan, other], 0..6).prop_map(|members| members.into_iter().collect())
}

fn bodies() -> impl Strategy<Value = Value> {
    let nested = leaves().boxed().prop_recursive(4, 40, 6, |of| {
        prop_oneof![
            vec(of.clone(), 0..5).prop_map(Value::from),
            members(of.clone()).prop_map(Value::from),
            // JSON in a string, as notes often are.
            members(of).prop_map(|members| json!(Value::from(members).to_string())),
        ]
    });
    members(nested.boxed()).prop_map(Value::from)
}

fn check_clean(kept: &str) -> Result<(), TestCaseError> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    for pan in PANS {
        prop_assert!(!kept.contains(pan) && !kept.contains(&digits(pan)), "{}", kept);
    }
    for key in KEYS {
        prop_assert!(!kept.contains(key), "{}", kept);
    }
    prop_assert!(!kept.contains(PLAIN), "{}", kept);
    prop_assert!(!kept.contains(CODE), "{}", kept);
    Ok(())
}

proptest! {
    #[test]
    fn of_a_body_no_secret_and_no_card_is_kept(value in bodies()) {
        // The security code is not to stand there by chance.
        let text = value.to_string();
        let others = text.matches("739").count() - text.matches("\"739").count();
        prop_assume!(others == 0);
        for kind in ["application/json", "application/x-www-form-urlencoded", "text/plain", ""] {
            let kept = body(text.as_bytes(), kind);
            check_clean(kept.text().unwrap_or_default())?;
            let kept = body(format!(" \r\n{text}").as_bytes(), kind);
            check_clean(kept.text().unwrap_or_default())?;
        }
        // Nor of one that was sent where none belongs.
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        for sent in [&text, &encoded, &format!("a=1&{text}"), &format!("{encoded}=1")] {
            let kept = path(&format!("/v1/payments?{sent}")).into_owned();
            check_clean(kept.split_once('?').map_or("", |(_, query)| query))?;
            let kept = body(format!("a=1&{sent}").as_bytes(), "application/x-www-form-urlencoded");
            check_clean(kept.text().unwrap_or_default())?;
        }
    }

    #[test]
    fn of_a_form_or_a_query_neither(members in members(leaves().boxed())) {
        let pairs_in = members.iter().map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            (name.clone(), value)
        });
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs_in).finish();
        prop_assume!(form.matches("739").count() == form.matches("=739").count());
        let kept = body(form.as_bytes(), "application/x-www-form-urlencoded; charset=utf-8");
        let plain = |text: &str| {
            let pairs = form_urlencoded::parse(text.as_bytes());
            pairs.flat_map(|(name, value)| [name, value]).collect::<Vec<_>>().join(";")
        };
        check_clean(&plain(kept.text().unwrap_or_default()))?;
        let path = path(&format!("/v1/payments?{form}")).into_owned();
        check_clean(&plain(path.split_once('?').map_or("", |(_, query)| query)))?;
    }

    #[test]
    fn any_bytes_are_kept_or_not(bytes in vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        let _either = body(&bytes, "application/json");
        let _either = body(&bytes, "application/x-www-form-urlencoded");
        let _either = path(&text);
        prop_assert_eq!(masked(&masked(&text)).into_owned(), masked(&text).into_owned());
        prop_assert_eq!(hidden(&hidden(&text)).into_owned(), hidden(&text).into_owned());
    }
}

fn kept(text: &str) -> String {
    body(text.as_bytes(), "application/json").text().unwrap_or("nothing").to_owned()
}

#[test]
fn what_is_no_secret_stands_as_it_was_sent() {
    for text in [
        r#"{"type":"payment.confirmed","data":{"amount":1990,"customer":"João"}}"#,
        r#"{"detail":"there is no such endpoint","code":"not_found","status":404}"#,
        r#"{"token_type":"Bearer","expires_in":900,"scope":"payments"}"#,
        r#"{"card_token":"tok_01h2x3","last4":"4242","bin":"424242"}"#,
        r#"{"created":1795435200000,"pix_key":"loja@example.com","postal_code":"01310-100"}"#,
        r#"[1,"two",null,true]"#,
    ] {
        assert_eq!(kept(text), text);
    }
}

#[test]
fn secrets_are_known_by_their_names_wherever_these_stand() {
    let text = r#"{"card":{"number":"4242424242424241","cvv":739,"code":"739"},"keys":{"test":{"api_key":"x"}},"secrets":[{"a":1}],"n":4242424242424242,"big":4242424242424242424,"notes":"{\"cvv\":\"739\"}","broken":"{\"cvv\":\"739","url":"https://a.example/?token=abc&x=1"}"#;
    assert_eq!(
        kept(text),
        r#"{"card":{"number":"[redacted]","cvv":"[redacted]","code":"[redacted]"},"keys":{"test":{"api_key":"[redacted]"}},"secrets":"[redacted]","n":"[redacted]","big":"[redacted]","notes":"{\"cvv\":\"[redacted]\"}","broken":"[redacted]","url":"https://a.example/?token=[redacted]&x=1"}"#
    );
}

#[test]
fn what_cannot_be_read_is_not_kept() {
    for text in ["{\"cvv\":\"739\"", "cvv=739", "<xml/>", "\u{fffd}", "{\"a\":1,\"a\":2}"] {
        assert_eq!(kept(text), "nothing", "{text}");
    }
}

#[test]
fn json_that_is_called_a_form_is_read_as_json() {
    let form = |text: &str| {
        let kept = body(text.as_bytes(), "application/x-www-form-urlencoded");
        kept.text().unwrap_or("nothing").to_owned()
    };
    assert_eq!(form(r#"{"cvv":"739","a":"b&c"}"#), r#"{"cvv":"[redacted]","a":"b&c"}"#);
    assert_eq!(form("\n [\"a\"]"), r#"["a"]"#);
    assert_eq!(form(r#"{"cvv":"739""#), "nothing");
    assert_eq!(form(r"a=1&b%7B=2&horse&c=3"), "a=1&[redacted]");
    assert_eq!(form("a=1&b[0]=2&c=3"), "a=1&[redacted]&c=3");
    assert_eq!(form(&format!("{}=1&c=3", "x".repeat(129))), "[redacted]&c=3");
    assert_eq!(path(r#"/v1/a?{"cvv":"7&39"}"#), "/v1/a?[redacted]");
}

#[test]
fn of_a_path_numbers_of_cards_and_secrets_in_its_query_are_taken_out() {
    assert_eq!(path("/v1/events?limit=5&cursor=a%20b"), "/v1/events?limit=5&cursor=a%20b");
    assert_eq!(path("/v1/cards/4242%204242%204242%204242"), "/v*/cards/**** **** **** ****");
    assert_eq!(path("/pay/x4242424242424242"), "/pay/x****************");
    assert_eq!(path("/a?api_key=abc&b"), "/a?api_key=[redacted]&b");
}
