//! Each shape in which a secret may stand, with one planted in it; and what is none, in all of them.

use super::*;

/// A secret that nothing tells but where it stands: no digits and no prefix of ours.
fn secrets() -> impl Strategy<Value = String> {
    "Zq[a-zA-Z]{6,12}Xw"
}

/// Numbers with the check digit that a card's have, of any brand and none.
fn pans() -> impl Strategy<Value = String> {
    "[0-9]{12,18}".prop_map(|body| {
        let mut last = (0..10).map(|digit| format!("{body}{digit}"));
        last.find(|digits| is_luhn(digits)).unwrap()
    })
}

/// The same, reckoned here again.
fn is_luhn(digits: &str) -> bool {
    let products = digits.chars().rev().enumerate().map(|(at, digit)| {
        let value = digit.to_digit(10).unwrap() * if at % 2 == 1 { 2 } else { 1 };
        value / 10 + value % 10
    });
    products.sum::<u32>().is_multiple_of(10)
}

fn prose() -> impl Strategy<Value = String> {
    "[a-z]{0,6}( [a-z]{1,6}){0,2}"
}

/// A text in all places that are kept: a member, an element, a note of JSON, a form, a query, a path.
fn everywhere(text: &str) -> Vec<String> {
    let json = json!({"note": text, "list": [text], "deep": json!({"a": text}).to_string()});
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("a", text).finish();
    let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let kind = "application/x-www-form-urlencoded";
    vec![
        kept(&json.to_string()),
        plain(body(form.as_bytes(), kind).text().unwrap_or_default()),
        plain(&path(&format!("/v1/a?{form}"))),
        decoded(&path(&format!("/v1/a/{}", encoded.replace('+', "%20")))),
    ]
}

/// What was written by its numbers, as it reads.
fn plain(text: &str) -> String {
    decoded(&text.replace('+', " "))
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// A time that a body may have.
fn times() -> impl Strategy<Value = i64> {
    // Those from 3000 on begin as cards do.
    1_000_000_000_000_i64..1_799_999_999_999
}

proptest! {
    #[test]
    fn whoever_is_let_in_by_a_url_is_not_kept(
        user in secrets(), password in secrets(), odd in "[/:@!$]?", before in prose(),
        scheme in prop::sample::select(&["https", "postgres", "amqp", "x-a+b"][..]),
        count in 1_usize..4,
    ) {
        let url = format!("{scheme}://{user}:{password}{odd}{password}@db.example:5432/shop");
        let text = vec![format!("{before} {url}"); count].join(" and ");
        for kept in everywhere(&text).into_iter().chain(everywhere(&url)) {
            prop_assert!(!kept.contains(&user) && !kept.contains(&password), "{}", kept);
            prop_assert!(kept.contains("@db.example:5432/shop"), "{}", kept);
        }
        let url = format!("{scheme}://{user}@db.example");
        for kept in everywhere(&url) {
            prop_assert!(!kept.contains(&user), "{}", kept);
        }
    }

    #[test]
    fn what_is_told_behind_a_url_is_not_kept(
        secret in secrets(), before in prose(), query in "(\\?a=[a-z]{1,3})?", count in 1_usize..4,
    ) {
        let url = format!("https://a.example/back{query}#state=x&access_token={secret}");
        let text = vec![format!("{before} {url}"); count].join(" and ");
        for kept in everywhere(&text).into_iter().chain(everywhere(&format!("/back#id_token={secret}"))) {
            prop_assert!(!kept.contains(&secret), "{}", kept);
        }
        let kept = path(&format!("/back{query}#access_token={secret}")).into_owned();
        prop_assert!(!kept.contains(&secret), "{}", kept);
        let url = format!("https://a.example/?x=1&password={secret}");
        let text = vec![format!("{before} {url}"); count].join(" and ");
        for kept in everywhere(&text) {
            prop_assert!(!kept.contains(&secret), "{}", kept);
        }
    }

    #[test]
    fn a_value_beside_a_secrets_name_is_not_kept(
        secret in secrets(),
        name in prop::sample::select(&["cvv", "password", "X-Auth", "client_secret", "userPin", "code"][..]),
        naming in prop::sample::select(&["name", "Key", "FIELD", "id", "label", "field_name"][..]),
        valued in prop::sample::select(&["value", "Val", "DATA", "fieldValue"][..]),
    ) {
        let pair = json!({naming: name, valued: secret});
        let nested = json!({naming: name, valued: [secret]});
        for value in [
            json!({"fields": [{"name": "a", "value": 1}, pair.clone()]}), pair, nested,
            json!({"headers": [[name, secret], ["Accept", "*/*"]]}), json!([name, secret]),
        ] {
            let kept = kept(&value.to_string());
            prop_assert!(!kept.contains(&secret), "{}", kept);
            let noted = self::kept(&json!({"notes": value.to_string()}).to_string());
            prop_assert!(!noted.contains(&secret), "{}", noted);
            prop_assert!(names_a_secret(value.to_string().as_bytes()));
        }
    }

    #[test]
    fn a_secret_is_known_by_the_first_or_the_last_word_of_its_name(
        secret in secrets(),
        name in prop::sample::select(&[
            "x_auth", "X-Auth", "card_pan", "panNumber", "otp_code", "pin_code", "pincode", "user_pin", "userPIN",
            "totp", "mfaCode", "mfa_code", "auth_code", "security_code", "password_confirmation", "cvv2", "pwd",
            "db_pwd", "pass", "user_pass", "passcode", "pass2", "verification_code", "session_cookie", "signing_key",
        ][..]),
    ) {
        // A code has digits, whatever else.
        let secret = format!("{secret}7");
        let kept = kept(&json!({name: secret}).to_string());
        prop_assert!(!kept.contains(&secret), "{}", kept);
        let form = body(format!("{name}={secret}").as_bytes(), "application/x-www-form-urlencoded");
        prop_assert!(!form.text().unwrap_or_default().contains(&secret));
    }

    #[test]
    fn a_number_with_a_cards_check_digit_is_not_kept_in_any_groups(
        pan in pans(), sizes in vec(3_usize..7, 6), joint in prop::sample::select(&[' ', '-', '.'][..]),
        before in prose(), after in prose(),
    ) {
        prop_assume!(pan.len() != 13 || !pan.starts_with(['1', '2', '3']));
        prop_assume!(pan.len() != 14 || !pan.starts_with("20"));
        prop_assume!(posthorn_rails::pix::Key::parse(&pan).is_err());
        let mut grouped = String::new();
        let mut left = &pan[..];
        for size in sizes {
            let (group, rest) = left.split_at(size.min(left.len()));
            grouped.push_str(group);
            left = rest;
            if left.is_empty() { break; }
            grouped.push(joint);
        }
        grouped.push_str(left);
        let singles: Vec<String> = pan.chars().map(String::from).collect();
        let singles = singles.join(&joint.to_string());
        for text in [&pan, &grouped, &singles] {
            for text in [text.clone(), format!("{before} {text} {after}"), format!("n{text}x")] {
                for kept in everywhere(&text) {
                    prop_assert!(!digits(&kept).contains(&pan), "{}", kept);
                    prop_assert!(digits(&kept).len() <= 2, "{}", kept);
                }
            }
        }
    }

    #[test]
    fn a_number_of_a_known_brand_is_not_kept_in_a_longer_run(
        pan in prop::sample::select(&["4242424242424242", "5555555555554444", "378282246310005", "6062826786276634"][..]),
        before in "[0-9]{0,9}", after in "[0-9]{0,9}",
    ) {
        for kept in everywhere(&format!("{before}{pan}{after}")) {
            prop_assert!(digits(&kept).len() <= 2, "{}", kept);
        }
    }

    #[test]
    fn a_number_in_pieces_of_a_list_is_not_kept(
        pan in prop::sample::select(&["4242424242424242", "5555555555554444", "4000000000000002"][..]),
        other in pans(),
    ) {
        let groups = |text: &str| -> Vec<String> {
            text.as_bytes().chunks(4).map(|four| String::from_utf8(four.to_vec()).unwrap()).collect()
        };
        let numbers = |texts: &[String]| texts.iter().map(|text| text.parse::<u32>().unwrap()).collect::<Vec<_>>();
        let each: Vec<String> = pan.chars().map(String::from).collect();
        for list in [
            json!(groups(pan)), json!(numbers(&groups(pan))), json!(each), json!(numbers(&each)),
        ] {
            let kept = kept(&json!({"a": [list, 7]}).to_string());
            prop_assert_eq!(kept, "{\"a\":[\"[redacted]\",7]}");
        }
        prop_assume!(other.len() > 14);
        let each: Vec<String> = other.chars().map(String::from).collect();
        for list in [json!(groups(&other)), json!(each), json!(numbers(&each))] {
            prop_assert_eq!(kept(&list.to_string()), "\"[redacted]\"");
        }
    }

    #[test]
    fn what_is_ordinary_stands_byte_for_byte(
        ms in times(), amount in 0_i64..1_000_000_000, id in any::<i64>(), uuid in any::<[u8; 16]>(),
        name in prop::sample::select(&[
            "idempotency_key", "postal_code", "country_code", "currency_code", "error_code", "reason_code", "sort_code",
            "product_key", "public_key", "publishable_key", "pix_key", "card_token", "otp_length", "auth_method",
            "pin_attempts", "discount_code", "compass", "spin", "japan", "author", "passenger", "cid",
        ][..]),
        text in "[f-o]{5,9}",
    ) {
        let id = posthorn_core::id::EventId::from_i64(id.saturating_abs()).to_string();
        let at = jiff::Timestamp::from_millisecond(ms).unwrap();
        let compact = at.strftime("%Y%m%d%H%M%S").to_string();
        let uuid = format!("{:032x}", u128::from_be_bytes(uuid) | (0xa << 124) | (0xa << 100) | (0xa << 76) | (0xa << 52) | (0xa << 28) | 0xa);
        let text = format!(
            r#"{{"id":"{id}","created":{ms},"at":"{at}","when":"{ms}","stamp":"{compact}","amount":{amount},"amounts":[{amount},7],"{name}":"{text}","fields":[{{"name":"{text}","value":"{amount}"}}],"pair":["{text}","{amount}"],"hash":"{uuid}","url":"https://a.example:8080/{id}?x={amount}#top","price":"{amount}.90","code":"not_found"}}"#
        );
        prop_assert_eq!(kept(&text), text);
    }
}

#[test]
fn of_a_url_all_is_kept_but_who_is_let_in() {
    let shown = |text: &str| text_of(text, 0);
    assert_eq!(shown("https://user:password@host/a?b=c"), "https://[redacted]@host/a?b=c");
    assert_eq!(
        shown("from postgres://a:b/c@db:5432/x to amqp://d@e, see https://f.example/@g"),
        "from postgres://[redacted]@db:5432/x to amqp://[redacted]@e, see https://f.example/@g"
    );
    assert_eq!(
        shown("https://a.example/#access_token=x&y, thanks"),
        "https://a.example/#[redacted] thanks"
    );
    assert_eq!(
        shown("https://a.example:80/#top http://[::1]/a@b"),
        "https://a.example:80/#top http://[::1]/a@b"
    );
    assert_eq!(path("/v1/go/https://a:b@c/d"), "/v1/go/https://[redacted]@c/d");
    assert_eq!(path("/v1/go?to=https%3A%2F%2Fa:b@c"), "/v1/go?to=https%3A%2F%2F%5Bredacted%5D%40c");
}

#[test]
fn urls_in_urls_are_followed_so_far_and_no_further() {
    for piece in ["://?a=", "/?a=", "a://b/", "a://b#c ", "://", "# ", "? ", "%"] {
        let text = piece.repeat(64 * 1024 / piece.len());
        assert!(kept(&json!({"a": text, "b": "c"}).to_string()).len() > 3);
        assert!(!path(&text).is_empty());
    }
}

#[test]
fn what_has_the_form_of_something_else_is_no_number() {
    for text in [
        "E12345678202611231440abcDEF12345",
        "36123456000199",
        "-23.1000000000000008",
        "2026-11-23 12:00:00",
        "203.0.113.7 192.168.100.200",
        "req_019e2f4b8c09f3c21aa2a",
    ] {
        assert_eq!(hidden(text), text);
    }
    assert_eq!(
        kept(r#"{"card":{"cid":"1234"},"cid":"customer-7","x":4102444799}"#),
        r#"{"card":{"cid":"[redacted]"},"cid":"customer-7","x":4102444799}"#
    );
    assert_eq!(
        kept(r#"["authorization_code","refresh_token"]"#),
        r#"["authorization_code","refresh_token"]"#
    );
    assert_eq!(
        hidden("order 12, 9999 9999 9999 9995 and 7"),
        "order 12, **** **** **** **** and 7"
    );
}

#[test]
fn the_platforms_own_names_of_secrets_are_known() {
    for name in [
        "segredo",
        "webhook_secret",
        "api_secret",
        "client_secret",
        "cvv",
        "hmac_key",
        "refresh_token",
    ] {
        let body = json!({"url": "https://a.example", name: "um_segredo_muito_seguro"}).to_string();
        assert!(!kept(&body).contains("um_segredo"), "{name}: {}", kept(&body));
        assert!(names_a_secret(body.as_bytes()), "{name}");
    }
}

#[test]
fn many_names_of_secrets_in_one_object_cost_no_more_than_one() {
    // Each beside each would be millions of comparisons, and a second body of the kind would wait for this one.
    let mut members: Vec<String> = (0..2600).map(|n| format!("\"{n} val\":{}", 100 + n)).collect();
    members.extend((0..2300).map(|n| format!("\"{n} id\":\"password {n}\"")));
    let kept = kept(&format!("{{{}}}", members.join(",")));
    // What is kept of a body ends long before all of them.
    assert!(kept.matches(" val\":\"[redacted]\"").count() > 100, "{kept}");
    assert!(!kept.contains(" val\":1"), "{kept}");
}

#[test]
fn what_stands_beside_a_name_is_still_of_its_own() {
    let kept = kept(r#"{"id":"code","secret_value":"not_found","token_data":"number"}"#);
    assert_eq!(kept, r#"{"id":"code","secret_value":"[redacted]","token_data":"[redacted]"}"#);
}

#[test]
fn json_in_strings_is_followed_so_far_and_no_further() {
    // Digits alone, which no text shows as a card's.
    let mut text = "[4,2,4,2,4,2,4,2,4,2,4,2,4,2,4,2]".to_owned();
    for _ in 0..6 {
        text = json!([text]).to_string();
        assert!(!kept(&text).contains("4,2,4,2"), "{}", kept(&text));
    }
}

#[test]
fn what_merely_begins_like_json_and_lists_of_marks_stay() {
    for ordinary in [
        json!({"title": "[Promo] Camiseta"}),
        json!({"ratings": [5, 4, 3, 5, 1, 2, 5, 5, 4, 3, 2, 5, 4, 5, 5, 3, 4, 5, 2, 1, 5, 5, 4]}),
        json!({"barcode": "23793381286008200000445000050000297420000002000"}),
    ] {
        assert_eq!(kept(&ordinary.to_string()), ordinary.to_string());
    }
}
