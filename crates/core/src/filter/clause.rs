//! A filter once it is read: clauses, and whether they hold.

use super::budget::Budget;
use super::value::{OneOf, Scalar};
use crate::json::Json;
use std::cmp::Ordering;
use std::fmt;

/// What must hold of the data.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Clause {
    All(Vec<Clause>),
    Any(Vec<Clause>),
    Not(Box<Clause>),
    Test(Path, Test),
}

/// Where a test looks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    /// As it was written.
    pub(super) text: String,
    pub(super) segments: Vec<Segment>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Segment {
    /// A member's name, or an element's position.
    Name(String),
    /// `*`: any element.
    Any,
}

/// What must hold of the value at a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Equals(Scalar),
    Differs(Scalar),
    In(OneOf),
    NotIn(OneOf),
    Ordered(Order, Scalar),
    Exists(bool),
    Prefix(String),
}

/// How a value must stand to a bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Order {
    More,
    AtLeast,
    Less,
    AtMost,
}

impl Clause {
    /// Whether it holds; means nothing once the budget is spent.
    pub(super) fn holds(&self, data: &Json, budget: &Budget) -> bool {
        match self {
            Clause::All(clauses) => clauses.iter().all(|clause| clause.holds(data, budget)),
            Clause::Any(clauses) => clauses.iter().any(|clause| clause.holds(data, budget)),
            Clause::Not(clause) => !clause.holds(data, budget),
            Clause::Test(path, test) => test.holds(path, data, budget),
        }
    }
}

impl Path {
    /// Whether some value that the path leads to is as wanted. Each is offered until one is, or the
    /// budget is spent.
    pub(super) fn leads_to(
        &self,
        data: &Json,
        budget: &Budget,
        mut wanted: impl FnMut(&Json) -> bool,
    ) -> bool {
        walk(data, &self.segments, &mut |value| budget.pay(value) && wanted(value), budget)
    }
}

fn walk(
    value: &Json,
    segments: &[Segment],
    wanted: &mut dyn FnMut(&Json) -> bool,
    budget: &Budget,
) -> bool {
    match segments.split_first() {
        None => wanted(value),
        Some((Segment::Name(name), rest)) => {
            budget.pay(value)
                && value.step(name).is_some_and(|inner| walk(inner, rest, wanted, budget))
        }
        Some((Segment::Any, rest)) => {
            let items = value.as_array().unwrap_or_default();
            let affordable = items.iter().take_while(|_| !budget.is_spent());
            let mut found = affordable.map(|item| walk(item, rest, wanted, budget));
            found.any(|found| found)
        }
    }
}

impl Test {
    fn holds(&self, path: &Path, data: &Json, budget: &Budget) -> bool {
        match self {
            Test::Equals(value) => path.leads_to(data, budget, |found| value.equals(found)),
            Test::Differs(value) => !path.leads_to(data, budget, |found| value.equals(found)),
            Test::In(values) => path.leads_to(data, budget, |found| values.contains(found)),
            Test::NotIn(values) => !path.leads_to(data, budget, |found| values.contains(found)),
            Test::Ordered(order, bound) => {
                path.leads_to(data, budget, |found| order.holds(bound, found))
            }
            Test::Exists(wanted) => path.leads_to(data, budget, |_| true) == *wanted,
            Test::Prefix(prefix) => path.leads_to(data, budget, |found| {
                found.as_str().is_some_and(|text| text.starts_with(prefix.as_str()))
            }),
        }
    }
}

impl Order {
    fn holds(self, bound: &Scalar, found: &Json) -> bool {
        bound.against(found).is_some_and(|bound_to_found| match self {
            Order::More => bound_to_found == Ordering::Less,
            Order::AtLeast => bound_to_found != Ordering::Greater,
            Order::Less => bound_to_found == Ordering::Greater,
            Order::AtMost => bound_to_found != Ordering::Less,
        })
    }
}

// === in words: after "wanted" and after "is" alike ===

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::Equals(value) => value.fmt(f),
            Test::Differs(value) => write!(f, "anything but {value}"),
            Test::In(values) => write!(f, "one of {values}"),
            Test::NotIn(values) => write!(f, "none of {values}"),
            Test::Ordered(Order::More, bound) => write!(f, "more than {bound}"),
            Test::Ordered(Order::AtLeast, bound) => write!(f, "at least {bound}"),
            Test::Ordered(Order::Less, bound) => write!(f, "less than {bound}"),
            Test::Ordered(Order::AtMost, bound) => write!(f, "at most {bound}"),
            Test::Exists(true) => f.write_str("present"),
            Test::Exists(false) => f.write_str("absent"),
            Test::Prefix(prefix) => {
                write!(f, "a string that starts with {}", Scalar::Text(prefix.clone()))
            }
        }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |clauses: &[Clause], word: &str| {
            clauses.iter().map(ToString::to_string).collect::<Vec<_>>().join(word)
        };
        match self {
            Clause::All(clauses) => f.write_str(&join(clauses, " and ")),
            Clause::Any(clauses) => write!(f, "({})", join(clauses, " or ")),
            Clause::Not(clause) => write!(f, "not ({clause})"),
            Clause::Test(path, test) => write!(f, "{} is {test}", path.text),
        }
    }
}
