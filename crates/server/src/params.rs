//! Ids in paths and parameters in queries, each refused with its name when it means nothing.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts;
use jiff::Timestamp;
use posthorn_core::search::{BadQuestion, Words};

use crate::app::App;
use crate::decode::{listed, nearest};
use crate::problem::{Code, Problem};
use crate::time;

/// The id in a path; what is no id of its kind is simply not found.
pub(crate) struct Id<T>(pub(crate) T);

/// Two ids in a path.
pub(crate) struct Ids<A, B>(pub(crate) A, pub(crate) B);

impl<T: FromStr<Err: Display>> FromRequestParts<App> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        let Path(text) = path.map_err(|_| not_utf8())?;
        found(&text).map(Self)
    }
}

impl<A: FromStr<Err: Display>, B: FromStr<Err: Display>> FromRequestParts<App> for Ids<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let Path((first, second)) = path.map_err(|_| not_utf8())?;
        Ok(Self(found(&first)?, found(&second)?))
    }
}

fn not_utf8() -> Problem {
    Problem::new(Code::NotFound, "the path is not UTF-8")
}

fn found<T: FromStr<Err: Display>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|bad: T::Err| Problem::new(Code::NotFound, bad.to_string()))
}

/// The parameters of a query, as they stand there.
pub(crate) struct Params(Vec<(String, String)>);

impl FromRequestParts<App> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let unreadable = |_| Problem::new(Code::InvalidParameter, "the query cannot be read");
        let Query(pairs) =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(unreadable)?;
        Ok(Self(pairs))
    }
}

impl Params {
    /// Refuses parameters that are not among `known`, and those that stand there twice.
    pub(crate) fn only(self, known: &[&'static str]) -> Result<Self, Problem> {
        for (index, (name, _)) in self.0.iter().enumerate() {
            let shown: String = name.chars().take(80).collect();
            if !known.contains(&name.as_str()) {
                let hint = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "this route has none".to_owned(),
                    None => format!("this route has {}", listed(known)),
                };
                let detail = format!("there is no parameter `{shown}` here; {hint}");
                return Err(Problem::new(Code::InvalidParameter, detail).at(shown));
            }
            if self.0.iter().skip(index + 1).any(|(other, _)| other == name) {
                let detail = format!("`{shown}` stands in the query twice; keep one");
                return Err(Problem::new(Code::InvalidParameter, detail).at(shown));
            }
        }
        Ok(self)
    }

    /// All of them, in their order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// One parameter's text.
    pub(crate) fn text(&self, name: &'static str) -> Option<&str> {
        self.pairs().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// One parameter, read.
    pub(crate) fn get<T: FromStr<Err: Display>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|bad: T::Err| refuse(name, &bad.to_string()))
    }

    /// What is looked for: `q`.
    pub(crate) fn words(&self) -> Result<Option<Words>, Problem> {
        let bad = |bad: BadQuestion| refuse("q", &bad.to_string());
        self.text("q").map(Words::asked).transpose().map_err(bad)
    }

    /// A time.
    pub(crate) fn time(&self, name: &'static str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let unfit = |_| refuse(name, &format!("must be {}", time::WANTED));
        time::read(text).map(Some).map_err(unfit)
    }
}

/// A parameter that means nothing.
pub(crate) fn refuse(name: &'static str, what: &str) -> Problem {
    Problem::new(Code::InvalidParameter, format!("`{name}`: {what}")).at(name)
}
