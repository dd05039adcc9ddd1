//! What an evaluation may cost: a hundred clauses over an array of half a million elements would
//! otherwise hold up everybody's events.

use std::cell::Cell;

use crate::json::Json;

/// Members of an object that are looked through for the price of one step.
const MEMBERS_A_STEP: usize = 16;

/// Steps that are left.
pub(super) struct Budget(Cell<usize>);

impl Budget {
    pub(super) fn of(steps: usize) -> Self {
        Self(Cell::new(steps + 1))
    }

    /// Pays for looking at a value, or into it by name; `false` once nothing is left.
    pub(super) fn pay(&self, value: &Json) -> bool {
        let members = value.as_object().map_or(0, crate::json::Members::len);
        self.0.set(self.0.get().saturating_sub(1 + members / MEMBERS_A_STEP));
        !self.is_spent()
    }

    pub(super) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}

#[cfg(test)]
mod tests {
    use crate::filter::{Filter, Mismatch, STEPS_MAX};
    use crate::json::{Json, parse};

    fn filter(text: &str) -> Filter {
        Filter::parse(&parse(text.as_bytes()).unwrap()).unwrap()
    }

    /// That many zeros, then a one.
    fn zeros_and_a_one(zeros: usize) -> Json {
        parse(format!(r#"{{"a":[{}1]}}"#, "0,".repeat(zeros)).as_bytes()).unwrap()
    }

    #[test]
    fn a_long_list_is_looked_through_as_far_as_the_budget_goes() {
        let one = filter(r#"{"a.*":1}"#);
        assert!(one.matches(&zeros_and_a_one(STEPS_MAX - 2)));
        assert_eq!(one.explain(&zeros_and_a_one(STEPS_MAX - 2)), Ok(()));
        assert!(!one.matches(&zeros_and_a_one(STEPS_MAX)));
    }

    #[test]
    fn what_is_too_costly_does_not_match_and_says_so() {
        let data = zeros_and_a_one(STEPS_MAX);
        for text in [
            r#"{"a.*":1}"#,
            r#"{"$not":{"a.*":1}}"#,
            r#"{"a.*":{"$ne":2}}"#,
            r#"{"$or":[{"a.*":2},{"a.*":0}]}"#,
        ] {
            assert!(!filter(text).matches(&data), "{text}");
            assert_eq!(filter(text).explain(&data), Err(Mismatch::TooCostly), "{text}");
        }
        let said = Mismatch::TooCostly.to_string();
        assert!(said.starts_with("too costly: "), "{said}");
    }

    #[test]
    fn many_clauses_share_one_budget() {
        let clauses: Vec<_> = (2..102).map(|n| format!(r#"{{"a.*":{n}}}"#)).collect();
        let hundred = filter(&format!(r#"{{"$or":[{}]}}"#, clauses.join(",")));
        let why = |zeros| hundred.explain(&zeros_and_a_one(zeros)).unwrap_err();
        assert!(matches!(why(STEPS_MAX / 200), Mismatch::NoneOf(_)));
        assert_eq!(why(STEPS_MAX / 50), Mismatch::TooCostly);
    }

    #[test]
    fn a_wide_object_costs_more_than_a_narrow_one() {
        let members: Vec<_> = (0..100_000).map(|n| format!(r#""m{n}":0"#)).collect();
        let wide = parse(format!("{{{}}}", members.join(",")).as_bytes()).unwrap();
        let last = r#""m99999":0"#;
        assert!(filter(&format!("{{{last}}}")).matches(&wide));
        let often: Vec<_> = (0..100).map(|_| format!("{{{last}}}")).collect();
        let often = filter(&format!(r#"{{"$and":[{}]}}"#, often.join(",")));
        assert_eq!(often.explain(&wide), Err(Mismatch::TooCostly));
    }
}
