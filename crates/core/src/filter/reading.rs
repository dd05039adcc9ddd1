//! From a filter's JSON form to its clauses, within bounds.

use super::clause::{Clause, Order, Path, Segment, Test};
use super::value::{OneOf, Scalar};
use super::{BadFilter, CLAUSES_MAX, FilterFault, NESTING_MAX, STRING_BYTES_MAX, VALUES_MAX};
use crate::json::{Json, Members};

/// Reads a whole filter.
pub(super) fn read(source: &Json) -> Result<Clause, BadFilter> {
    if source.as_object().is_some_and(Members::is_empty) {
        return Ok(Clause::All(Vec::new()));
    }
    Reading { clauses: 0, values: 0 }.filter(source, Place { at: "", nesting: 1 })
}

/// A word of the language that starts with `$`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Word {
    And,
    Or,
    Not,
    Eq,
    Ne,
    In,
    Nin,
    Gt,
    Gte,
    Lt,
    Lte,
    Exists,
    Prefix,
}

/// Every word, as it is written.
const WORDS: [(&str, Word); 13] = [
    ("$eq", Word::Eq),
    ("$ne", Word::Ne),
    ("$in", Word::In),
    ("$nin", Word::Nin),
    ("$gt", Word::Gt),
    ("$gte", Word::Gte),
    ("$lt", Word::Lt),
    ("$lte", Word::Lte),
    ("$exists", Word::Exists),
    ("$prefix", Word::Prefix),
    ("$and", Word::And),
    ("$or", Word::Or),
    ("$not", Word::Not),
];

/// The word of that name; or the fault that names the one it was meant to be, or all.
fn word(name: &str) -> Result<(&'static str, Word), FilterFault> {
    if let Some(known) = WORDS.into_iter().find(|(word, _)| *word == name) {
        return Ok(known);
    }
    let words = WORDS.map(|(word, _)| word);
    let distance = |word: &str| strsim::damerau_levenshtein(word, name);
    let alike = |word: &&str| distance(word) <= 2 && 2 * distance(word) < word.len();
    let hint = match words.into_iter().filter(alike).min_by_key(|word| distance(word)) {
        Some(nearest) => format!("the nearest one is `{nearest}`"),
        None => format!("there are {}", words.map(|word| format!("`{word}`")).join(", ")),
    };
    Err(FilterFault::UnknownOperator { name: name.to_owned(), hint })
}

/// Where in the filter the reading is.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// A JSON pointer.
    at: &'a str,
    nesting: usize,
}

impl Place<'_> {
    fn refuse<T>(self, fault: FilterFault) -> Result<T, BadFilter> {
        Err(BadFilter { at: self.at.to_owned(), fault })
    }

    /// The pointer to a member or element of this place (RFC 6901, section 3).
    fn under(self, name: &str) -> String {
        format!("{}/{}", self.at, name.replace('~', "~0").replace('/', "~1"))
    }
}

/// Counts what is bounded while the filter is read.
struct Reading {
    clauses: usize,
    values: usize,
}

impl Reading {
    /// A filter: an object whose members must all hold.
    fn filter(&mut self, source: &Json, place: Place<'_>) -> Result<Clause, BadFilter> {
        let Some(members) = source.as_object() else {
            return place.refuse(FilterFault::NotAnObject { found: source.kind() });
        };
        if members.is_empty() {
            return place.refuse(FilterFault::Empty);
        }
        if place.nesting > NESTING_MAX {
            return place.refuse(FilterFault::TooDeep);
        }
        let mut clauses = Vec::new();
        for (name, value) in members.iter() {
            if name.len() > STRING_BYTES_MAX {
                return place.refuse(FilterFault::TooLong);
            }
            let at = place.under(name);
            let here = Place { at: &at, nesting: place.nesting };
            if name.starts_with('$') {
                clauses.push(self.combined(name, value, here)?);
            } else {
                self.tests(name, value, here, &mut clauses)?;
            }
        }
        Ok(one_or(clauses, Clause::All))
    }

    /// `$and`, `$or` or `$not`.
    fn combined(
        &mut self,
        name: &str,
        value: &Json,
        place: Place<'_>,
    ) -> Result<Clause, BadFilter> {
        let (name, word) = word(name).or_else(|fault| place.refuse(fault))?;
        match word {
            Word::And => Ok(one_or(self.filters(name, value, place)?, Clause::All)),
            Word::Or => Ok(one_or(self.filters(name, value, place)?, Clause::Any)),
            Word::Not => {
                let inner = self.filter(value, Place { nesting: place.nesting + 1, ..place })?;
                Ok(Clause::Not(Box::new(inner)))
            }
            Word::Eq
            | Word::Ne
            | Word::In
            | Word::Nin
            | Word::Gt
            | Word::Gte
            | Word::Lt
            | Word::Lte
            | Word::Exists
            | Word::Prefix => place.refuse(FilterFault::NoPath { operator: name }),
        }
    }

    /// The filters that `$and` or `$or` combines.
    fn filters(
        &mut self,
        operator: &'static str,
        value: &Json,
        place: Place<'_>,
    ) -> Result<Vec<Clause>, BadFilter> {
        let Some(items) = value.as_array() else {
            let (wanted, found) = ("a list of filters", value.kind());
            return place.refuse(FilterFault::Operand { operator, wanted, found });
        };
        if items.is_empty() {
            return place.refuse(FilterFault::Empty);
        }
        let filter = |(index, item): (usize, &Json)| {
            let at = place.under(&index.to_string());
            self.filter(item, Place { at: &at, nesting: place.nesting + 1 })
        };
        items.iter().enumerate().map(filter).collect()
    }

    /// The tests of one path.
    fn tests(
        &mut self,
        path: &str,
        value: &Json,
        place: Place<'_>,
        clauses: &mut Vec<Clause>,
    ) -> Result<(), BadFilter> {
        let path = read_path(path).or_else(|fault| place.refuse(fault))?;
        let Some(members) = value.as_object() else {
            let test = Test::Equals(scalar("$eq", value, place)?);
            return self.push(clauses, path, test, place);
        };
        if members.is_empty() {
            return place.refuse(FilterFault::Empty);
        }
        for (name, operand) in members.iter() {
            let at = place.under(name);
            let here = Place { at: &at, ..place };
            if !name.starts_with('$') && word(&format!("${name}")).is_err() {
                let path = format!("{}.{name}", path.text);
                return place.refuse(FilterFault::ObjectAsValue { path });
            }
            let (name, word) = word(name).or_else(|fault| here.refuse(fault))?;
            let test = self.test(name, word, operand, here)?;
            self.push(clauses, path.clone(), test, here)?;
        }
        Ok(())
    }

    fn push(
        &mut self,
        clauses: &mut Vec<Clause>,
        path: Path,
        test: Test,
        place: Place<'_>,
    ) -> Result<(), BadFilter> {
        self.clauses += 1;
        if self.clauses > CLAUSES_MAX {
            return place.refuse(FilterFault::TooManyClauses);
        }
        clauses.push(Clause::Test(path, test));
        Ok(())
    }

    /// An operator with its operand.
    fn test(
        &mut self,
        operator: &'static str,
        word: Word,
        operand: &Json,
        place: Place<'_>,
    ) -> Result<Test, BadFilter> {
        let wrong =
            |wanted| place.refuse(FilterFault::Operand { operator, wanted, found: operand.kind() });
        match word {
            Word::And | Word::Or | Word::Not => {
                place.refuse(FilterFault::CombinatorInPath { combinator: operator })
            }
            Word::Eq => Ok(Test::Equals(scalar(operator, operand, place)?)),
            Word::Ne => Ok(Test::Differs(scalar(operator, operand, place)?)),
            Word::In => Ok(Test::In(self.one_of(operator, operand, place)?)),
            Word::Nin => Ok(Test::NotIn(self.one_of(operator, operand, place)?)),
            Word::Gt => Ok(Test::Ordered(Order::More, bound(operator, operand, place)?)),
            Word::Gte => Ok(Test::Ordered(Order::AtLeast, bound(operator, operand, place)?)),
            Word::Lt => Ok(Test::Ordered(Order::Less, bound(operator, operand, place)?)),
            Word::Lte => Ok(Test::Ordered(Order::AtMost, bound(operator, operand, place)?)),
            Word::Exists => {
                operand.as_bool().map_or_else(|| wrong("true or false"), |b| Ok(Test::Exists(b)))
            }
            Word::Prefix => match scalar(operator, operand, place)? {
                Scalar::Text(prefix) => Ok(Test::Prefix(prefix)),
                Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => wrong("a string"),
            },
        }
    }

    /// The list of `$in` or `$nin`.
    fn one_of(
        &mut self,
        operator: &'static str,
        operand: &Json,
        place: Place<'_>,
    ) -> Result<OneOf, BadFilter> {
        let Some(items) = operand.as_array() else {
            let (wanted, found) = ("a list of plain values", operand.kind());
            return place.refuse(FilterFault::Operand { operator, wanted, found });
        };
        if items.is_empty() {
            return place.refuse(FilterFault::Empty);
        }
        self.values += items.len();
        if self.values > VALUES_MAX {
            return place.refuse(FilterFault::TooManyValues);
        }
        let item = |(index, item): (usize, &Json)| {
            let at = place.under(&index.to_string());
            scalar(operator, item, Place { at: &at, ..place })
        };
        Ok(OneOf::new(items.iter().enumerate().map(item).collect::<Result<_, _>>()?))
    }
}

/// A clause alone, or several as one.
fn one_or(mut clauses: Vec<Clause>, several: fn(Vec<Clause>) -> Clause) -> Clause {
    match clauses.pop() {
        Some(only) if clauses.is_empty() => only,
        Some(last) => {
            clauses.push(last);
            several(clauses)
        }
        None => several(clauses),
    }
}

fn read_path(text: &str) -> Result<Path, FilterFault> {
    let segment = |segment: &str| match segment {
        "" => Err(FilterFault::BadPath),
        "*" => Ok(Segment::Any),
        name => Ok(Segment::Name(name.to_owned())),
    };
    let segments = text.split('.').map(segment).collect::<Result<_, _>>()?;
    Ok(Path { text: text.to_owned(), segments })
}

fn scalar(operator: &'static str, operand: &Json, place: Place<'_>) -> Result<Scalar, BadFilter> {
    if operand.as_str().is_some_and(|text| text.len() > STRING_BYTES_MAX) {
        return place.refuse(FilterFault::TooLong);
    }
    Scalar::of(operand).map_or_else(
        || {
            let wanted = "a string, a number, true, false or null";
            place.refuse(FilterFault::Operand { operator, wanted, found: operand.kind() })
        },
        Ok,
    )
}

fn bound(operator: &'static str, operand: &Json, place: Place<'_>) -> Result<Scalar, BadFilter> {
    if matches!(operand, Json::Number(_) | Json::String(_)) {
        return scalar(operator, operand, place);
    }
    let (wanted, found) = ("a number or a string", operand.kind());
    place.refuse(FilterFault::Operand { operator, wanted, found })
}
