//! What the filter language refuses, and what it says then.

use super::reading::read;
use super::{CLAUSES_MAX, FilterFault, NESTING_MAX, STRING_BYTES_MAX, VALUES_MAX};
use crate::json::parse;

fn complaint(text: &str) -> String {
    read(&parse(text.as_bytes()).unwrap()).unwrap_err().to_string()
}

fn fault(text: &str) -> FilterFault {
    read(&parse(text.as_bytes()).unwrap()).unwrap_err().fault
}

#[test]
fn a_misspelt_operator_is_shown_the_right_one_and_its_place() {
    assert_eq!(
        complaint(r#"{"$or":[{"a":1},{"product.id":{"$inn":["x"]}}]}"#),
        "unknown operator `$inn`: the nearest one is `$in`, at /$or/1/product.id/$inn"
    );
    assert_eq!(
        complaint(r#"{"amount":{"gte":1}}"#),
        "unknown operator `gte`: the nearest one is `$gte`, at /amount/gte"
    );
    assert_eq!(
        complaint(r#"{"a":{"$starts":"x"}}"#),
        "unknown operator `$starts`: there are `$eq`, `$ne`, `$in`, `$nin`, `$gt`, `$gte`, `$lt`, `$lte`, `$exists`, \
         `$prefix`, `$and`, `$or`, `$not`, at /a/$starts"
    );
    assert_eq!(
        complaint(r#"{"$foo":{"a":1}}"#),
        "unknown operator `$foo`: there are `$eq`, `$ne`, `$in`, `$nin`, `$gt`, `$gte`, `$lt`, `$lte`, `$exists`, \
         `$prefix`, `$and`, `$or`, `$not`, at /$foo"
    );
    assert_eq!(
        complaint(r#"{"$nto":{"a":1}}"#),
        "unknown operator `$nto`: the nearest one is `$not`, at /$nto"
    );
}

#[test]
fn a_word_in_the_wrong_place_is_told_where_it_goes() {
    assert_eq!(
        complaint(r#"{"$in":["x"]}"#),
        "`$in` needs a path around it: write {\"path\": {\"$in\": …}}, at /$in"
    );
    assert_eq!(
        complaint(r#"{"a":{"$not":{"$in":["x"]}}}"#),
        "`$not` combines filters, not values: put it around the path, at /a/$not"
    );
    assert_eq!(
        complaint(r#"{"product":{"id":"x"}}"#),
        "values are compared one by one: write the path with dots, as in `product.id`, at /product"
    );
}

#[test]
fn an_operand_of_the_wrong_type_is_refused() {
    for (text, wanted) in [
        (
            r#"{"a":[1]}"#,
            "`$eq` takes a string, a number, true, false or null, not an array, at /a",
        ),
        (r#"{"a":{"$in":"x"}}"#, "`$in` takes a list of plain values, not a string, at /a/$in"),
        (
            r#"{"a":{"$nin":[1,{}]}}"#,
            "`$nin` takes a string, a number, true, false or null, not an object, at /a/$nin/1",
        ),
        (r#"{"a":{"$gt":true}}"#, "`$gt` takes a number or a string, not a boolean, at /a/$gt"),
        (r#"{"a":{"$exists":1}}"#, "`$exists` takes true or false, not a number, at /a/$exists"),
        (r#"{"a":{"$prefix":1}}"#, "`$prefix` takes a string, not a number, at /a/$prefix"),
        (r#"{"$and":{"a":1}}"#, "`$and` takes a list of filters, not an object, at /$and"),
        ("[]", "a filter is an object, not an array: write {\"path\": value}, at the top"),
        (r#"{"$not":null}"#, "a filter is an object, not null: write {\"path\": value}, at /$not"),
    ] {
        assert_eq!(complaint(text), wanted);
    }
}

#[test]
fn what_asks_nothing_is_refused() {
    for text in [
        r#"{"a":{}}"#,
        r#"{"$and":[]}"#,
        r#"{"$or":[{"a":1},{}]}"#,
        r#"{"$not":{}}"#,
        r#"{"a":{"$in":[]}}"#,
    ] {
        assert_eq!(fault(text), FilterFault::Empty, "{text}");
    }
}

#[test]
fn a_path_has_no_empty_segments() {
    for text in [r#"{"":1}"#, r#"{"a..b":1}"#, r#"{".a":1}"#, r#"{"a.":1}"#] {
        assert_eq!(fault(text), FilterFault::BadPath, "{text}");
    }
}

#[test]
fn a_place_is_a_json_pointer() {
    assert!(complaint(r#"{"a/b~c":{"$eq":[]}}"#).ends_with(", at /a~1b~0c/$eq"));
}

#[test]
fn eight_filters_nest_and_the_ninth_is_refused() {
    let nested = |depth: usize| {
        format!("{}{{\"a\":1}}{}", "{\"$not\":".repeat(depth - 1), "}".repeat(depth - 1))
    };
    assert!(read(&parse(nested(NESTING_MAX).as_bytes()).unwrap()).is_ok());
    assert_eq!(fault(&nested(NESTING_MAX + 1)), FilterFault::TooDeep);
}

#[test]
fn a_hundred_clauses_are_read_and_one_more_is_refused() {
    let clauses = |count: usize| {
        let members: Vec<_> = (0..count).map(|at| format!("\"m{at}\":1")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(read(&parse(clauses(CLAUSES_MAX).as_bytes()).unwrap()).is_ok());
    assert_eq!(fault(&clauses(CLAUSES_MAX + 1)), FilterFault::TooManyClauses);
}

#[test]
fn a_thousand_values_are_read_and_one_more_is_refused() {
    let values = |count: usize| format!(r#"{{"a":{{"$in":[{}0]}}}}"#, "0,".repeat(count - 1));
    assert!(read(&parse(values(VALUES_MAX).as_bytes()).unwrap()).is_ok());
    assert_eq!(fault(&values(VALUES_MAX + 1)), FilterFault::TooManyValues);
}

#[test]
fn strings_and_paths_are_bounded() {
    let text = |bytes: usize| "x".repeat(bytes);
    let (fits, long) = (text(STRING_BYTES_MAX), text(STRING_BYTES_MAX + 1));
    assert!(read(&parse(format!(r#"{{"{fits}":"{fits}"}}"#).as_bytes()).unwrap()).is_ok());
    assert_eq!(fault(&format!(r#"{{"{long}":1}}"#)), FilterFault::TooLong);
    assert_eq!(fault(&format!(r#"{{"a":"{long}"}}"#)), FilterFault::TooLong);
    assert_eq!(fault(&format!(r#"{{"a":{{"$in":["{long}"]}}}}"#)), FilterFault::TooLong);
    assert_eq!(fault(&format!(r#"{{"a":{{"$prefix":"{long}"}}}}"#)), FilterFault::TooLong);
}
