//! The closed filter language of an endpoint, over an event's data.
//!
//! KrxScale lets an integrator subscribe to some products only; this is that, for every contract,
//! and for any member of the data. A filter is JSON:
//!
//! ```
//! use posthorn_core::{filter::Filter, json::parse};
//!
//! let filter = Filter::parse(&parse(br#"{
//!     "product.id": {"$in": ["prod_1", "prod_2"]},
//!     "amountCents": {"$gte": 1000}
//! }"#)?)?;
//!
//! assert!(filter.matches(&parse(br#"{"product": {"id": "prod_2"}, "amountCents": 1000}"#)?));
//!
//! let why = filter.explain(&parse(br#"{"product": {"id": "prod_9"}}"#)?).unwrap_err();
//! assert_eq!(why.to_string(), r#"product.id is "prod_9", wanted one of "prod_1", "prod_2""#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The language
//! - The members of one object must all hold. `{}` as the whole filter lets everything through.
//! - A name is a **path** relative to the event's data: member names joined by dots. A segment of
//!   digits also indexes an array, `*` stands for any element of an array. A member whose own name
//!   contains a dot cannot be reached.
//! - A plain value (string, number, boolean or null) means `$eq`; an object holds operators, each
//!   of which must hold.
//! - `{"$and": [filter, …]}`, `{"$or": [filter, …]}` and `{"$not": filter}` combine filters.
//!
//! | operator | operand | holds when |
//! |---|---|---|
//! | `$eq` | a plain value | it is there, of the same type, and equal |
//! | `$ne` | a plain value | `$eq` does not hold: different, of another type, or absent |
//! | `$in` | a list of plain values | `$eq` holds for one of them |
//! | `$nin` | a list of plain values | `$in` does not hold |
//! | `$gt` `$gte` `$lt` `$lte` | a number or a string | it is of the same type and in that order |
//! | `$exists` | a boolean | the path leads somewhere (`null` counts), or for `false` nowhere |
//! | `$prefix` | a string | it is a string that starts so |
//!
//! Values of different types never compare: `"1000"` is neither equal to, less nor more than
//! `1000`. Numbers compare as doubles, strings by code point, so that RFC 3339 times of one offset
//! and one precision compare as times. With `*` an operator holds when it holds for *some* element;
//! `$ne`, `$nin` and `$exists: false` when their opposites hold for *none*. Two operators beside
//! each other may be satisfied by two different elements.
//!
//! Bounds: [`NESTING_MAX`], [`CLAUSES_MAX`], [`VALUES_MAX`], [`STRING_BYTES_MAX`],
//! [`STEPS_MAX`].

mod budget;
mod clause;
mod fault;
mod mismatch;
mod reading;
mod value;

pub use fault::{BadFilter, FilterFault};
pub use mismatch::Mismatch;

use crate::json::Json;
use budget::Budget;
use clause::Clause;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How many filters may stand inside each other, the whole counted.
pub const NESTING_MAX: usize = 8;
/// How many clauses (a path with one operator) a filter may have.
pub const CLAUSES_MAX: usize = 100;
/// How many values all `$in` and `$nin` lists of a filter may have together.
pub const VALUES_MAX: usize = 1_000;
/// How long a path or a string in a filter may be, in bytes.
pub const STRING_BYTES_MAX: usize = 1_024;

/// How many values one evaluation may look at; what is more does not match. Looking a name up in a
/// large object counts as several.
pub const STEPS_MAX: usize = 100_000;

/// Which events an endpoint wants, by their data.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    clause: Clause,
    /// As it was written: what the API shows again.
    source: Json,
}

impl Filter {
    /// Reads a filter from its JSON form.
    ///
    /// # Errors
    /// [`BadFilter`] says what is wrong, and where in the filter.
    pub fn parse(source: &Json) -> Result<Filter, BadFilter> {
        Ok(Filter { clause: reading::read(source)?, source: source.clone() })
    }

    /// The filter's JSON form, as it was given to [`Filter::parse`].
    #[must_use]
    pub fn as_json(&self) -> &Json {
        &self.source
    }

    /// Whether an event with this data gets through. One that is too costly to decide does not.
    #[must_use]
    pub fn matches(&self, data: &Json) -> bool {
        self.decide(data) == Some(true)
    }

    /// `None` when it is too costly to say.
    fn decide(&self, data: &Json) -> Option<bool> {
        let budget = Budget::of(STEPS_MAX);
        let holds = self.clause.holds(data, &budget);
        (!budget.is_spent()).then_some(holds)
    }

    /// Whether an event with this data gets through, and if not, why.
    ///
    /// # Errors
    /// [`Mismatch`] is about the first clause, in the filter's order, that does not hold.
    pub fn explain(&self, data: &Json) -> Result<(), Mismatch> {
        match self.decide(data) {
            Some(true) => Ok(()),
            Some(false) => {
                let why = self.clause.explain(data, &Budget::of(STEPS_MAX)).err();
                Err(why.unwrap_or(Mismatch::TooCostly))
            }
            None => Err(Mismatch::TooCostly),
        }
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.source.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Filter::parse(&Json::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod refusals;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Style, parse};

    fn json(text: &str) -> Json {
        parse(text.as_bytes()).unwrap()
    }

    fn filter(text: &str) -> Filter {
        Filter::parse(&json(text)).unwrap()
    }

    fn lets(text: &str, data: &str) -> bool {
        filter(text).matches(&json(data))
    }

    fn why(text: &str, data: &str) -> String {
        filter(text).explain(&json(data)).unwrap_err().to_string()
    }

    #[test]
    fn an_integrator_hears_only_of_their_two_products() {
        let mine = r#"{"product.id": {"$in": ["prod_1", "prod_2"]}}"#;
        assert!(lets(mine, r#"{"product":{"id":"prod_2","name":"Curso"}}"#));
        assert!(!lets(mine, r#"{"product":{"id":"prod_3"}}"#));
        assert!(!lets(mine, r#"{"product":"prod_1"}"#));
        assert!(!lets(mine, r#"{"subscription":{"id":"prod_1"}}"#));
    }

    #[test]
    fn every_member_of_a_filter_must_hold() {
        let large_cards = r#"{"method": "card", "amountCents": {"$gte": 1000, "$lt": 5000}}"#;
        assert!(lets(large_cards, r#"{"method":"card","amountCents":1000}"#));
        assert!(lets(large_cards, r#"{"method":"card","amountCents":4999.99}"#));
        assert!(!lets(large_cards, r#"{"method":"card","amountCents":5000}"#));
        assert!(!lets(large_cards, r#"{"method":"pix","amountCents":2000}"#));
    }

    #[test]
    fn values_of_different_types_never_compare() {
        for operator in ["$eq", "$gt", "$gte", "$lt", "$lte"] {
            let (number, text) = (r#"{"a":1000}"#, r#"{"a":"1000"}"#);
            assert!(!lets(&format!(r#"{{"a":{{"{operator}":1000}}}}"#), text), "{operator}");
            assert!(!lets(&format!(r#"{{"a":{{"{operator}":"1000"}}}}"#), number), "{operator}");
        }
        assert!(!lets(r#"{"a":0}"#, r#"{"a":false}"#));
        assert!(!lets(r#"{"a":null}"#, r#"{"a":[]}"#));
        assert!(!lets(r#"{"a":{"$prefix":"1"}}"#, r#"{"a":1000}"#));
    }

    #[test]
    fn not_equal_holds_for_what_is_absent_or_of_another_type() {
        for data in ["{}", r#"{"a":"y"}"#, r#"{"a":1}"#, r#"{"a":null}"#, "null"] {
            assert!(lets(r#"{"a":{"$ne":"x"}}"#, data), "{data}");
            assert!(lets(r#"{"a":{"$nin":["x","z"]}}"#, data), "{data}");
        }
        assert!(!lets(r#"{"a":{"$ne":"x"}}"#, r#"{"a":"x"}"#));
        assert!(!lets(r#"{"a":{"$nin":["x","z"]}}"#, r#"{"a":"z"}"#));
    }

    #[test]
    fn null_is_there_and_what_is_absent_is_not_null() {
        assert!(lets(r#"{"a":{"$exists":true}}"#, r#"{"a":null}"#));
        assert!(lets(r#"{"a":null}"#, r#"{"a":null}"#));
        assert!(!lets(r#"{"a":null}"#, "{}"));
        assert!(lets(r#"{"a":{"$exists":false}}"#, "{}"));
        assert!(!lets(r#"{"a":{"$exists":false}}"#, r#"{"a":null}"#));
    }

    #[test]
    fn times_compare_as_strings() {
        let since = r#"{"paidAt": {"$gte": "2026-03-01T00:00:00Z"}}"#;
        assert!(lets(since, r#"{"paidAt":"2026-03-01T00:00:00Z"}"#));
        assert!(!lets(since, r#"{"paidAt":"2026-02-28T23:59:59Z"}"#));
    }

    #[test]
    fn a_path_reaches_into_lists() {
        let data = r#"{"items":[{"sku":"a-1","n":1},{"sku":"b-2","n":9}],"0":"zero"}"#;
        assert!(lets(r#"{"items.1.sku":"b-2"}"#, data));
        assert!(!lets(r#"{"items.2.sku":"b-2"}"#, data));
        assert!(lets(r#"{"items.*.sku":{"$prefix":"b-"}}"#, data));
        assert!(!lets(r#"{"items.*.sku":{"$prefix":"c-"}}"#, data));
        assert!(lets(r#"{"0":"zero"}"#, data));
        assert!(!lets(r#"{"*":"zero"}"#, data), "an object's members are not elements");
    }

    #[test]
    fn any_element_means_some_for_a_claim_and_none_for_its_denial() {
        let data = r#"{"tags":["new","vip"]}"#;
        assert!(lets(r#"{"tags.*":"vip"}"#, data));
        assert!(!lets(r#"{"tags.*":{"$ne":"vip"}}"#, data));
        assert!(lets(r#"{"tags.*":{"$nin":["old"]}}"#, data));
        assert!(lets(r#"{"tags.*":{"$exists":false}}"#, r#"{"tags":[]}"#));
    }

    #[test]
    fn filters_combine() {
        let pix_or_large =
            r#"{"$or":[{"method":"pix"},{"amount":{"$gt":100}}],"$not":{"test":true}}"#;
        assert!(lets(pix_or_large, r#"{"method":"pix","amount":1}"#));
        assert!(lets(pix_or_large, r#"{"method":"card","amount":101}"#));
        assert!(!lets(pix_or_large, r#"{"method":"card","amount":100}"#));
        assert!(!lets(pix_or_large, r#"{"method":"pix","test":true}"#));
        assert!(lets(r#"{"$and":[{"a":1},{"b":2}]}"#, r#"{"a":1,"b":2}"#));
        assert!(!lets(r#"{"$and":[{"a":1},{"b":2}]}"#, r#"{"a":1}"#));
    }

    #[test]
    fn an_empty_filter_lets_everything_through() {
        assert!(lets("{}", "{}"));
        assert!(lets("{}", "null"));
    }

    #[test]
    fn the_first_clause_that_fails_says_why() {
        let mine =
            r#"{"method":"pix","product.id":{"$in":["prod_1","prod_2"]},"amount":{"$gt":9}}"#;
        assert_eq!(
            why(mine, r#"{"method":"pix","product":{"id":"prod_9"},"amount":1}"#),
            r#"product.id is "prod_9", wanted one of "prod_1", "prod_2""#
        );
        assert_eq!(why(mine, "{}"), r#"method is absent, wanted "pix""#);
        assert_eq!(
            why(mine, r#"{"method":"pix","product":{"id":"prod_1"},"amount":9}"#),
            "amount is 9, wanted more than 9"
        );
    }

    #[test]
    fn every_operator_says_what_it_wanted() {
        assert_eq!(why(r#"{"a":{"$ne":1}}"#, r#"{"a":1}"#), "a is 1, wanted anything but 1");
        assert_eq!(
            why(r#"{"a":{"$nin":[1,null]}}"#, r#"{"a":1}"#),
            "a is 1, wanted none of null, 1"
        );
        assert_eq!(why(r#"{"a":{"$gte":2}}"#, r#"{"a":1}"#), "a is 1, wanted at least 2");
        assert_eq!(
            why(r#"{"a":{"$lt":"b"}}"#, r#"{"a":"c"}"#),
            r#"a is "c", wanted less than "b""#
        );
        assert_eq!(why(r#"{"a":{"$lte":0}}"#, r#"{"a":"0"}"#), r#"a is "0", wanted at most 0"#);
        assert_eq!(why(r#"{"a":{"$exists":true}}"#, "{}"), "a is absent, wanted present");
        assert_eq!(
            why(r#"{"a":{"$exists":false}}"#, r#"{"a":{}}"#),
            "a is an object, wanted absent"
        );
        assert_eq!(
            why(r#"{"a.*":{"$prefix":"x"}}"#, r#"{"a":["p","q",[],4,5]}"#),
            r#"a.* is "p", "q", an array and 2 more, wanted a string that starts with "x""#
        );
    }

    #[test]
    fn combined_filters_say_why_too() {
        assert_eq!(
            why(r#"{"$or":[{"a":1},{"b":{"$exists":true}}]}"#, r#"{"a":2}"#),
            "nothing in $or matches: a is 2, wanted 1; b is absent, wanted present"
        );
        assert_eq!(
            why(r#"{"$not":{"a":1,"$or":[{"b":2},{"b":3}]}}"#, r#"{"a":1,"b":3}"#),
            "$not rules out: a is 1 and (b is 2 or b is 3)"
        );
        assert_eq!(
            why(r#"{"$not":{"$not":{"a":1}}}"#, r#"{"a":2}"#),
            "$not rules out: not (a is 1)"
        );
    }

    #[test]
    fn long_values_and_lists_are_cut_short_in_a_reason() {
        let long = "é".repeat(500);
        let reason = why(r#"{"a":1}"#, &format!(r#"{{"a":"{long}"}}"#));
        assert_eq!(reason, format!("a is \"{}…\", wanted 1", "é".repeat(60)));
        let reason = why(r#"{"a":{"$in":[1,2,3,4,5,6,7,8,9,10,11,12]}}"#, "{}");
        assert_eq!(reason, "a is absent, wanted one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more");
    }

    #[test]
    fn serde_carries_a_filter_as_it_was_written() {
        let text = r#"{"a":{"$in":["b","a","b"]},"c":1,"d":{"$eq":1}}"#;
        let carried: Filter = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&carried).unwrap(), text);
        assert_eq!(carried, filter(text));
        assert_eq!(carried.as_json().to_vec(Style::Js), text.as_bytes());
        let refused = serde_json::from_str::<Filter>(r#"{"a":{"$inn":[]}}"#).unwrap_err();
        assert!(refused.to_string().starts_with("unknown operator `$inn`"), "{refused}");
    }
}
