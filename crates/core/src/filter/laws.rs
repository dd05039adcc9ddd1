//! The laws of logic, which the filter language keeps for any filter and any data.

use super::Filter;
use crate::json::Json;
use proptest::prelude::*;

fn object(members: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    Json::object(members)
}

/// Few values, so that they often meet.
fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-1..3).prop_map(Json::from),
        Just(Json::from(-0.0)),
        prop::sample::select(vec!["", "0", "a", "ab", "é"]).prop_map(Json::from),
    ]
}

fn data() -> impl Strategy<Value = Json> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::vec((prop::sample::select(vec!["a", "b", "0"]), inner), 0..4)
                .prop_map(Json::object),
        ]
    })
}

fn path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "a.b", "a.0", "a.*", "*", "a.*.b", "0", "b.1", "b.*.*"])
}

fn operation() -> impl Strategy<Value = Json> {
    let list = || prop::collection::vec(scalar(), 1..4).prop_map(Json::Array);
    let bound =
        || scalar().prop_filter("bound", |v| matches!(v, Json::Number(_) | Json::String(_)));
    prop_oneof![
        scalar(),
        scalar().prop_map(|v| object([("$eq", v)])),
        scalar().prop_map(|v| object([("$ne", v)])),
        list().prop_map(|v| object([("$in", v)])),
        list().prop_map(|v| object([("$nin", v)])),
        bound().prop_map(|v| object([("$gt", v)])),
        (bound(), bound()).prop_map(|(low, high)| object([("$gte", low), ("$lte", high)])),
        bound().prop_map(|v| object([("$lt", v)])),
        any::<bool>().prop_map(|v| object([("$exists", Json::from(v))])),
        prop::sample::select(vec!["", "a"]).prop_map(|v| object([("$prefix", Json::from(v))])),
    ]
}

/// A filter of at most four levels, so that the laws may wrap it.
fn filter() -> impl Strategy<Value = Json> {
    let clauses = prop::collection::vec((path(), operation()), 1..3).prop_map(Json::object);
    clauses.prop_recursive(3, 12, 3, |inner| {
        let several = || prop::collection::vec(inner.clone(), 1..3).prop_map(Json::Array);
        prop_oneof![
            several().prop_map(|filters| object([("$and", filters)])),
            several().prop_map(|filters| object([("$or", filters)])),
            inner.clone().prop_map(not),
        ]
    })
}

fn not(filter: Json) -> Json {
    object([("$not", filter)])
}

fn both(word: &'static str, left: Json, right: Json) -> Json {
    object([(word, Json::Array(vec![left, right]))])
}

fn lets(filter: &Json, data: &Json) -> bool {
    Filter::parse(filter).unwrap().matches(data)
}

proptest! {
    #[test]
    fn not_both_is_one_not_or_the_other_not(a in filter(), b in filter(), data in data()) {
        let neither_both = not(both("$and", a.clone(), b.clone()));
        prop_assert_eq!(lets(&neither_both, &data), lets(&both("$or", not(a), not(b)), &data));
    }

    #[test]
    fn not_either_is_the_one_not_and_the_other_not(a in filter(), b in filter(), data in data()) {
        let not_either = not(both("$or", a.clone(), b.clone()));
        prop_assert_eq!(lets(&not_either, &data), lets(&both("$and", not(a), not(b)), &data));
    }

    #[test]
    fn not_turns_every_answer_and_twice_turns_it_back(a in filter(), data in data()) {
        prop_assert_eq!(lets(&not(a.clone()), &data), !lets(&a, &data));
        prop_assert_eq!(lets(&not(not(a.clone())), &data), lets(&a, &data));
    }

    #[test]
    fn one_of_a_list_is_equal_to_this_or_to_that(
        path in path(), values in prop::collection::vec(scalar(), 1..5), data in data(),
    ) {
        let is = |value: &Json| object([(path, object([("$eq", value.clone())]))]);
        let or = object([("$or", Json::Array(values.iter().map(is).collect()))]);
        let listed = object([(path, object([("$in", Json::Array(values.clone()))]))]);
        let none = object([(path, object([("$nin", Json::Array(values))]))]);
        prop_assert_eq!(lets(&listed, &data), lets(&or, &data));
        prop_assert_eq!(lets(&none, &data), !lets(&listed, &data));
    }

    #[test]
    fn different_is_not_equal_and_a_plain_value_is_equal(
        path in path(), value in scalar(), data in data(),
    ) {
        let plain = object([(path, value.clone())]);
        let equal = object([(path, object([("$eq", value.clone())]))]);
        let different = object([(path, object([("$ne", value)]))]);
        prop_assert_eq!(lets(&plain, &data), lets(&equal, &data));
        prop_assert_eq!(lets(&different, &data), !lets(&equal, &data));
    }

    #[test]
    fn the_members_of_a_filter_are_anded(
        a in operation(), b in operation(), data in data(),
    ) {
        let together = object([("a", a.clone()), ("b.*", b.clone())]);
        let apart = both("$and", object([("a", a)]), object([("b.*", b)]));
        prop_assert_eq!(lets(&together, &data), lets(&apart, &data));
    }

    #[test]
    fn an_explanation_is_given_exactly_when_there_is_no_match(a in filter(), data in data()) {
        let filter = Filter::parse(&a).unwrap();
        let explained = filter.explain(&data);
        prop_assert_eq!(explained.is_ok(), filter.matches(&data));
        prop_assert!(explained.map_or_else(|why| !why.to_string().is_empty(), |()| true));
    }

    #[test]
    fn a_filter_survives_its_json_form(a in filter()) {
        let filter = Filter::parse(&a).unwrap();
        let carried = serde_json::to_string(&filter).unwrap();
        prop_assert_eq!(serde_json::from_str::<Filter>(&carried).unwrap(), filter);
    }
}
