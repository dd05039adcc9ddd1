//! What holds for all calls, and for all bytes that are none.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

fn owners() -> impl Strategy<Value = Owner> {
    let mode = prop_oneof![Just(Mode::Test), Just(Mode::Live)];
    option::of((1_i64..4, mode).prop_map(|(id, mode)| (MerchantId::from_i64(id), mode)))
}

fn texts() -> impl Strategy<Value = Arc<str>> {
    "[a-c]{0,2}|\\PC{0,12}".prop_map(Into::into)
}

fn bodies() -> impl Strategy<Value = Body> {
    let kept = prop_oneof![
        Just(Kept::Nothing),
        texts().prop_map(Kept::Whole),
        texts().prop_map(Kept::Cut),
    ];
    (any::<u64>(), kept).prop_map(|(bytes, kept)| Body { bytes, kept })
}

fn ids() -> impl Strategy<Value = Arc<str>> {
    let made = (0_i64..1 << 44, any::<u32>(), any::<u64>())
        .prop_map(|(ms, process, number)| MadeId { ms, process, number }.to_string().into());
    prop_oneof![made, texts()]
}

fn asked() -> impl Strategy<Value = Asked> {
    let maybe = || option::of(texts());
    (texts(), texts(), maybe(), maybe(), maybe(), maybe()).prop_map(
        |(method, path, peer, user_agent, idempotency_key, content_type)| Asked {
            method,
            path,
            peer,
            user_agent,
            idempotency_key,
            content_type,
        },
    )
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![
        Just(By::Nobody),
        Just(By::Operator),
        any::<i64>().prop_map(|id| By::Program(ApplicationId::from_i64(id))),
        any::<i64>().prop_map(|id| By::Key(KeyId::from_i64(id))),
    ]
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let when = (ids(), 0_i64..1 << 50, any::<u64>());
    let who = (owners(), by(), asked());
    let told = (any::<u16>(), option::of(texts()), bodies(), bodies(), vec(any::<i64>(), 0..4));
    let call = (when, who, told).prop_map(|((id, us, took_us), (owner, by, asked), told)| {
        let (status, code, request, response, events) = told;
        Call {
            id,
            at: Timestamp::from_microsecond(us).unwrap(),
            took_us,
            owner,
            by,
            asked,
            status,
            code,
            request,
            response,
            events: events.into_iter().map(EventId::from_i64).collect(),
        }
    });
    vec(call, 1..40)
}

proptest! {
    #[test]
    fn what_is_packed_is_unpacked_and_each_owner_has_a_section(calls in calls()) {
        let block = pack(calls.clone(), 1).unwrap();
        prop_assert_eq!(block.calls as usize, calls.len());
        let mut left = calls;
        for section in &block.sections {
            let (at, bytes) = (section.at as usize, section.bytes as usize);
            let read = unpack(&block.body[at..at + bytes]).unwrap();
            prop_assert!(read.iter().all(|call| call.owner == section.owner));
            prop_assert!(read.is_sorted_by_key(|call| call.at));
            for call in read {
                let place = left.iter().position(|other| *other == call);
                prop_assert!(place.is_some());
                left.remove(place.unwrap());
            }
        }
        prop_assert!(left.is_empty());
        prop_assert_eq!(unpack(&block.body).unwrap().len(), block.calls as usize);
    }

    #[test]
    fn whatever_id_a_call_has_its_block_is_found_by_it(calls in calls()) {
        let block = pack(calls.clone(), 1).unwrap();
        let in_block = |ms: i64| (block.first_ms..=block.last_ms).contains(&ms);
        for call in calls {
            // Both are looked for, since nobody can tell by the id alone who made it.
            let by_hash = block.brought.contains(&id_hash(&call.id));
            let by_time = MadeId::read(&call.id).is_some_and(|made| in_block(made.ms));
            prop_assert!(by_hash || by_time, "{}", call.id);
            // Those that we make, and those alone, need no row.
            let ms = call.at.as_millisecond();
            let is_ours = MadeId::read(&call.id).is_some_and(|made| made.ms == ms);
            prop_assert_eq!(MadeId::made_at(&call.id, call.at).is_some(), is_ours);
        }
    }

    #[test]
    fn an_id_that_was_made_for_its_call_takes_no_row(us in 0_i64..1 << 50, number in any::<u64>()) {
        let at = Timestamp::from_microsecond(us).unwrap();
        let made = MadeId { ms: at.as_millisecond(), process: 7, number };
        let block = pack(vec![Call { at, ..call(&made.to_string(), 200) }], 1).unwrap();
        prop_assert_eq!(block.brought, [0_i64; 0]);
    }

    #[test]
    fn what_is_damaged_is_an_error_and_never_a_panic(
        calls in calls(), at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<bool>()
    ) {
        let mut body = pack(calls, 1).unwrap().body;
        let at = at.index(body.len());
        if cut { body.truncate(at) } else { body[at] = to }
        let _either = unpack(&body);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        let _either = unpack(&bytes);
    }

    #[test]
    fn a_made_id_tells_its_time(ms in 0_i64..1 << 44, process in any::<u32>(), number in any::<u64>()) {
        let made = MadeId { ms, process, number };
        prop_assert_eq!(MadeId::read(&made.to_string()), Some(made));
    }

    #[test]
    fn any_text_is_a_made_id_or_none(text in "req_[+0-9a-fA-F]{15,30}|\\PC{0,40}") {
        if let Some(made) = MadeId::read(&text) {
            prop_assert_eq!(made.to_string(), text);
        }
    }
}

fn call(id: &str, status: u16) -> Call {
    Call {
        id: id.into(),
        at: "2026-11-23T12:00:00Z".parse().unwrap(),
        took_us: 812,
        owner: Some((MerchantId::from_i64(1), Mode::Test)),
        by: By::Key(KeyId::from_i64(3)),
        asked: Asked {
            method: "POST".into(),
            path: "/v1/events".into(),
            peer: Some("203.0.113.7".into()),
            user_agent: Some("acme-shop/1.4".into()),
            idempotency_key: None,
            content_type: Some("application/json".into()),
        },
        status,
        code: None,
        request: Body { bytes: 512, kept: Kept::Nothing },
        response: Body { bytes: 90, kept: Kept::Nothing },
        events: Vec::new(),
    }
}

#[test]
fn a_call_that_was_accepted_takes_thirty_bytes_among_many() {
    let mut us = 1_795_435_200_000_000_i64;
    let calls: Vec<Call> = (0_u64..5000)
        .map(|number| {
            us += 60 + i64::try_from(number * 7919 % 37).unwrap();
            let at = Timestamp::from_microsecond(us).unwrap();
            let ms = at.as_millisecond();
            let id = MadeId { ms, process: 0x9f3c_21aa, number }.to_string();
            let event =
                ((ms - crate::id::EPOCH_MS) << 22) + (i64::try_from(number % 16).unwrap() << 10);
            let took_us = 900 + number * 6151 % 4000;
            Call { at, took_us, events: vec![EventId::from_i64(event)], ..call(&id, 202) }
        })
        .collect();
    let bytes = pack(calls, 1).unwrap().body.len();
    assert!(bytes < 30 * 5000, "{} bytes a call", bytes / 5000);
}

#[test]
fn a_long_body_is_cut_between_two_letters() {
    let text = "é".repeat(BODY_KEPT_BYTES_MAX);
    let kept = Kept::of(&text);
    assert!(matches!(&kept, Kept::Cut(text) if text.len() == BODY_KEPT_BYTES_MAX));
    assert_eq!(Kept::of("short"), Kept::Whole("short".into()));
}

#[test]
fn calls_are_looked_for_by_what_they_are() {
    let mut failed = call("req_mine", 404);
    failed.code = Some("not_found".into());
    failed.response.kept = Kept::of(r#"{"detail":"Não há"}"#);
    let takes = |wanted: Wanted| wanted.takes(&failed);
    let status = |text: &str| Wanted { status: Some(text.parse().unwrap()), ..Wanted::default() };
    assert!(takes(Wanted::default()) && takes(status("404")) && takes(status("4xx")));
    assert!(!takes(status("5xx")) && !takes(status("400")));
    for bad in ["", "6xx", "0xx", "99", "600", "+404", "xx", "4x"] {
        assert!(bad.parse::<Statuses>().is_err(), "{bad}");
    }
    let text = |text: &str| Wanted::default().with_text(Some(text));
    assert!(
        takes(text("NÃO")) && takes(text("Acme")) && takes(text("MINE")) && takes(text("Not_F"))
    );
    assert!(!takes(text("elsewhere")));
    let path = |path: &str| Wanted { path: Some(path.into()), ..Wanted::default() };
    assert!(takes(path("/v1/ev")) && !takes(path("/events")));
    let at = |text: &str| Some(text.parse().unwrap());
    assert!(takes(Wanted { after: at("2026-11-23T12:00:00Z"), ..Wanted::default() }));
    assert!(!takes(Wanted { before: at("2026-11-23T12:00:00Z"), ..Wanted::default() }));
}
