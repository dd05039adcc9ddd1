//! What can be wrong with a filter, and how to mend it.

/// A filter that cannot be read: what is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}, at {}", if at.is_empty() { "the top" } else { at.as_str() })]
pub struct BadFilter {
    /// Where in the filter, as a JSON pointer (RFC 6901): `/$or/1/product.id`. Empty at the top.
    pub at: String,
    /// What is wrong there.
    pub fault: FilterFault,
}

/// What is wrong with a filter; each message says how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterFault {
    /// Something else than an object.
    #[error("a filter is an object, not {found}: write {{\"path\": value}}")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// A name that is no operator.
    #[error("unknown operator `{name}`: {hint}")]
    UnknownOperator {
        /// The name.
        name: String,
        /// The operator whose name is like it, or all.
        hint: String,
    },
    /// An operator where a path belongs.
    #[error("`{operator}` needs a path around it: write {{\"path\": {{\"{operator}\": …}}}}")]
    NoPath {
        /// The operator.
        operator: &'static str,
    },
    /// `$and`, `$or` or `$not` inside a path.
    #[error("`{combinator}` combines filters, not values: put it around the path")]
    CombinatorInPath {
        /// The combinator.
        combinator: &'static str,
    },
    /// An object to compare with.
    #[error("values are compared one by one: write the path with dots, as in `{path}`")]
    ObjectAsValue {
        /// The path that was probably meant.
        path: String,
    },
    /// A path with nothing before, between or after its dots.
    #[error("a path is member names joined by single dots, as in `product.id`")]
    BadPath,
    /// An operand of the wrong type.
    #[error("`{operator}` takes {wanted}, not {found}")]
    Operand {
        /// The operator.
        operator: &'static str,
        /// What it takes.
        wanted: &'static str,
        /// What it was given.
        found: &'static str,
    },
    /// An empty object or list, which would let through everything or nothing.
    #[error("nothing is asked here: write at least one clause or value, or leave it out")]
    Empty,
    /// More than [`NESTING_MAX`](super::NESTING_MAX) filters inside each other.
    #[error("more than {} filters inside each other: make it flatter", super::NESTING_MAX)]
    TooDeep,
    /// More than [`CLAUSES_MAX`](super::CLAUSES_MAX) clauses.
    #[error("more than {} clauses: use `$in`, or split it over two endpoints", super::CLAUSES_MAX)]
    TooManyClauses,
    /// More than [`VALUES_MAX`](super::VALUES_MAX) values in lists.
    #[error("more than {} values in lists: split it over two endpoints", super::VALUES_MAX)]
    TooManyValues,
    /// A path or string longer than [`STRING_BYTES_MAX`](super::STRING_BYTES_MAX).
    #[error("a path or string of more than {} bytes: shorten it", super::STRING_BYTES_MAX)]
    TooLong,
}
