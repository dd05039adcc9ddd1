//! What a receiver can do wrong, as a table: when it begins, what it says, what it does then.
//!
//! A behaviour is chosen by the path of a request, so that one receiver is as many bad receivers as
//! a test needs. Its parameters stand in the query.

mod endless;
mod framing;
mod leaving;
mod waiting;
mod words;

use std::time::Duration;

use url::form_urlencoded;

/// A whole answer, which leaves the connection open.
pub(super) const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// When a behaviour begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Before a byte is read: at once where `--misbehave` chose it; where a path did, when the
    /// request has come, which is looked at and left unread.
    Connected,
    /// When the head of a request is read, and its body is not.
    Head,
    /// When the request is read.
    Whole,
}

/// What a behaviour says first.
#[derive(Debug, Clone, Copy)]
pub(super) enum Say {
    /// These bytes.
    Bytes(&'static [u8]),
    /// What the wish asks for.
    Made(fn(&Wish) -> Vec<u8>),
}

/// What a behaviour does when it has said that.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// Takes the next request.
    Keep,
    /// Ends the connection.
    Close,
    /// Ends the connection when something more comes, without an answer.
    CloseNext,
    /// Ends the connection with a reset.
    Reset,
    /// Nothing, until the sender hangs up.
    Hang,
    /// Says these bytes over and over, as fast as they are taken.
    Flood(&'static [u8]),
    /// Says these bytes over and over, one each `ms`.
    Drip(&'static [u8]),
    /// Says these bytes one each `ms`, and takes the next request.
    DripOnce(&'static [u8]),
    /// Says these bytes when `ms` have passed, and takes the next request.
    Later(&'static [u8]),
}

/// One way to behave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Behaviour {
    /// Its name, which is a path without its first slash.
    pub(super) name: &'static str,
    /// What it does, in a line.
    pub(super) does: &'static str,
    /// When it begins.
    pub(super) when: When,
    /// What it says first.
    pub(super) say: Say,
    /// What it does then.
    pub(super) then: Then,
}

/// Says `bytes` to a whole request.
const fn says(
    name: &'static str,
    does: &'static str,
    bytes: &'static [u8],
    then: Then,
) -> Behaviour {
    Behaviour { name, does, when: When::Whole, say: Say::Bytes(bytes), then }
}

/// Says what is made of the wish to a whole request.
const fn makes(name: &'static str, does: &'static str, made: fn(&Wish) -> Vec<u8>) -> Behaviour {
    Behaviour { name, does, when: When::Whole, say: Say::Made(made), then: Then::Keep }
}

impl Behaviour {
    /// The same, begun at another moment.
    const fn at(self, when: When) -> Self {
        Self { when, ..self }
    }
}

/// Behaviours of one kind.
pub(super) struct Group {
    /// What they have in common.
    pub(super) title: &'static str,
    /// In the order in which they are listed.
    pub(super) all: &'static [Behaviour],
}

/// What is done where nothing else is asked for.
static WELL: Behaviour = says("well", "Answers 200", OK, Then::Keep);

/// Any status; listed as one.
static STATUS: Behaviour =
    makes("NNN", "Answers with these three digits as status (?retry-after= ?body=)", words::status);

/// Every behaviour, by kind.
pub(super) static GROUPS: [Group; 7] = [
    Group { title: "Answers", all: words::ANSWERS },
    Group { title: "Waiting", all: waiting::ALL },
    Group { title: "Too much", all: endless::ALL },
    Group { title: "Lengths, chunks and encodings", all: framing::ALL },
    Group { title: "Hanging up", all: leaving::ALL },
    Group { title: "Redirects", all: leaving::REDIRECTS },
    Group { title: "Not quite HTTP", all: words::BROKEN },
];

/// Every behaviour and what it does.
pub(super) fn listed() -> impl Iterator<Item = &'static Behaviour> {
    [&WELL, &STATUS].into_iter().chain(GROUPS.iter().flat_map(|group| group.all))
}

/// A wish for a behaviour: a path and its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    /// The path without its slashes at either end.
    pub(super) path: String,
    parameters: Vec<(String, String)>,
}

impl Wish {
    /// Reads `/drip?ms=50`.
    pub(super) fn read(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { path: path.trim_matches('/').to_owned(), parameters }
    }

    /// The behaviour that it names.
    pub(super) fn behaviour(&self) -> Option<&'static Behaviour> {
        let digits = self.path.bytes().all(|byte| byte.is_ascii_digit());
        if digits && self.path.len() == 3 {
            return Some(&STATUS);
        }
        listed().find(|behaviour| behaviour.name == self.path)
    }

    /// A parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter that is a number.
    fn number(&self, name: &str) -> Option<u64> {
        self.parameter(name)?.parse().ok()
    }

    /// How long one step of it takes.
    pub(super) fn step(&self) -> Duration {
        Duration::from_millis(self.number("ms").unwrap_or(100).max(1))
    }
}

/// A behaviour and what was asked of it.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    /// What to do.
    pub(super) behaviour: Behaviour,
    /// With which parameters.
    pub(super) wish: Wish,
}

impl Chosen {
    /// What a wish names.
    pub(super) fn of(wish: Wish) -> Option<Self> {
        Some(Self { behaviour: *wish.behaviour()?, wish })
    }

    /// An ordinary answer.
    pub(super) fn well() -> Self {
        Self { behaviour: WELL, wish: Wish::read("well") }
    }

    /// An ordinary answer with this text.
    pub(super) fn saying(text: &str) -> Self {
        let text = form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let wish = Wish::read(&format!("200?body={text}"));
        Self { behaviour: STATUS, wish }
    }

    /// What it says first.
    pub(super) fn words(&self) -> Vec<u8> {
        match self.behaviour.say {
            Say::Bytes(bytes) => bytes.to_vec(),
            Say::Made(made) => made(&self.wish),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_behaviour_has_a_name_of_its_own_and_is_found_by_it() {
        let names: BTreeSet<&str> = listed().map(|one| one.name).collect();
        assert_eq!(names.len(), listed().count());
        for behaviour in listed().filter(|one| one.name != "NNN") {
            let found = Wish::read(&format!("/{}?ms=1", behaviour.name)).behaviour();
            assert_eq!(found.expect("it is listed").name, behaviour.name);
            assert!(!behaviour.does.is_empty(), "{}", behaviour.name);
        }
    }

    #[test]
    fn three_digits_are_a_status_and_nothing_else_is() {
        let status = |path: &str| Wish::read(path).behaviour().map(|one| one.name);
        assert_eq!(status("/429?retry-after=Sun%2C+06"), Some("NNN"));
        assert_eq!(status("/000"), Some("NNN"));
        assert_eq!(
            (status("/42"), status("/4290"), status("/"), status("/shop")),
            (None, None, None, None)
        );
        let words = Chosen::of(Wish::read("/429?retry-after=-1&body=no")).unwrap().words();
        let expected = "HTTP/1.1 429 Asked For\r\nretry-after: -1\r\ncontent-length: 2\r\n\r\nno";
        assert_eq!(String::from_utf8(words).unwrap(), expected);
    }
}
