//! An object's members in ECMAScript's property order.
//!
//! `JSON.stringify` prints integer-like names first, ascending, then the others as they were
//! inserted (ECMA-262, `OrdinaryOwnPropertyKeys`). Receivers that re-serialise a body before they
//! verify it therefore change the order of a body that is not already in it.

use super::Json;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// The largest integer-like name, 2^32 - 2: one more and ECMAScript takes it for an ordinary name
/// (ECMA-262, "array index").
const ARRAY_INDEX_MAX: u32 = u32::MAX - 1;

/// Up to this many members, comparing names one by one is faster than hashing them.
const SCAN_MAX: usize = 16;

/// An object's members: each name once, in ECMAScript's property order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Members {
    /// Integer-like names ascending, then the others in insertion order.
    entries: Vec<(String, Json)>,
    /// How many of the entries have integer-like names.
    indexed: usize,
}

impl Members {
    /// No members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Name and value of each member, in property order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Json)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The names, in property order.
    #[must_use]
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_str())
    }

    /// The value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        let at = self.find(name).ok()?;
        self.entries.get(at).map(|(_, value)| value)
    }

    /// The value of that name, to change.
    #[must_use]
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        let at = self.find(name).ok()?;
        self.entries.get_mut(at).map(|(_, value)| value)
    }

    /// Sets a member and answers what it was before; as in JavaScript, a name that was there keeps
    /// its place.
    pub fn insert(&mut self, name: impl Into<String>, value: Json) -> Option<Json> {
        let name = name.into();
        match self.find(&name) {
            Ok(_) => self.get_mut(&name).map(|old| std::mem::replace(old, value)),
            Err(at) => {
                self.indexed += usize::from(array_index(&name).is_some());
                self.entries.insert(at, (name, value));
                None
            }
        }
    }

    /// Takes a member out; the others keep their order.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        let at = self.find(name).ok()?;
        self.indexed -= usize::from(array_index(name).is_some());
        Some(self.entries.remove(at).1)
    }

    /// Whether the names are exactly 0, 1, 2 … in order: what PHP prints as a list. True when empty.
    pub(super) fn is_list(&self) -> bool {
        self.indexed == self.entries.len()
            && self.names().zip(0..).all(|(name, at)| array_index(name) == Some(at))
    }

    /// Where the name is (`Ok`) or belongs (`Err`).
    fn find(&self, name: &str) -> Result<usize, usize> {
        let (indexed, named) = self.entries.split_at(self.indexed);
        if let Some(index) = array_index(name) {
            return indexed.binary_search_by_key(&Some(index), |(name, _)| array_index(name));
        }
        let at = named.iter().position(|(other, _)| other == name);
        at.map(|at| self.indexed + at).ok_or(self.entries.len())
    }
}

impl FromIterator<(String, Json)> for Members {
    /// Of two members with one name the last value counts, in the first one's place.
    fn from_iter<I: IntoIterator<Item = (String, Json)>>(entries: I) -> Self {
        let mut members = Members::new();
        for (name, value) in entries {
            members.insert(name, value);
        }
        members
    }
}

impl IntoIterator for Members {
    type Item = (String, Json);
    type IntoIter = std::vec::IntoIter<(String, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// Gathers members as a text lists them, and knows a name that it has seen, in constant time.
#[derive(Default)]
pub(super) struct Gathering {
    entries: Vec<(String, Json)>,
    /// Hashes of the names, once there are more than [`SCAN_MAX`].
    hashes: HashSet<u64>,
    hasher: RandomState,
}

impl Gathering {
    /// Whether a member of that name is there already.
    pub(super) fn holds(&self, name: &str) -> bool {
        let may_hold = self.hashes.is_empty() || self.hashes.contains(&self.hasher.hash_one(name));
        may_hold && self.entries.iter().any(|(other, _)| other == name)
    }

    /// Adds a member whose name is new.
    pub(super) fn push(&mut self, name: String, value: Json) {
        if !self.hashes.is_empty() {
            self.hashes.insert(self.hasher.hash_one(&name));
        }
        self.entries.push((name, value));
        if self.entries.len() == SCAN_MAX {
            let hash = |(name, _): &(String, Json)| self.hasher.hash_one(name);
            self.hashes.extend(self.entries.iter().map(hash));
        }
    }

    /// The members, put in property order.
    pub(super) fn finish(mut self) -> Members {
        let indexed = self.entries.iter().filter(|(name, _)| array_index(name).is_some()).count();
        if indexed > 0 {
            self.entries.sort_by_key(|(name, _)| array_index(name).unwrap_or(u32::MAX));
        }
        Members { entries: self.entries, indexed }
    }
}

/// The integer that a name stands for, if ECMAScript sorts it as one: 0 to 2^32 - 2, written
/// without sign or leading zeros.
pub(super) fn array_index(name: &str) -> Option<u32> {
    match name.as_bytes() {
        b"0" => Some(0),
        [b'1'..=b'9', rest @ ..] if rest.len() < 10 && rest.iter().all(u8::is_ascii_digit) => {
            name.parse().ok().filter(|index| *index <= ARRAY_INDEX_MAX)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(members: &Members) -> Vec<&str> {
        members.names().collect()
    }

    #[test]
    fn integer_like_names_come_first_and_ascend() {
        let mut members = Members::new();
        for name in ["b", "10", "9", "a", "4294967295", "4294967294", "01", "-1", "0"] {
            members.insert(name, Json::Null);
        }
        assert_eq!(
            names(&members),
            ["0", "9", "10", "4294967294", "b", "a", "4294967295", "01", "-1"]
        );
    }

    #[test]
    fn a_member_set_again_keeps_its_place() {
        let mut members = Members::new();
        members.insert("a", Json::from(1));
        members.insert("b", Json::from(2));
        assert_eq!(members.insert("a", Json::from(3)), Some(Json::from(1)));
        assert_eq!(names(&members), ["a", "b"]);
        assert_eq!(members.get("a"), Some(&Json::from(3)));
    }

    #[test]
    fn a_removed_member_leaves_the_others_where_they_were() {
        let mut members: Members =
            ["7", "x", "3", "y"].map(|name| (name.to_owned(), Json::Null)).into_iter().collect();
        assert_eq!(members.remove("3"), Some(Json::Null));
        assert_eq!(members.remove("x"), Some(Json::Null));
        assert_eq!(members.remove("z"), None);
        assert_eq!(names(&members), ["7", "y"]);
        assert_eq!(members.get("7"), Some(&Json::Null));
    }

    #[test]
    fn gathering_and_inserting_give_the_same_order() {
        let listed = ["z", "2", "a", "1", "4294967295", "", "0"];
        let mut gathering = Gathering::default();
        for name in listed {
            gathering.push(name.to_owned(), Json::Null);
        }
        let inserted: Members =
            listed.map(|name| (name.to_owned(), Json::Null)).into_iter().collect();
        assert_eq!(gathering.finish(), inserted);
    }

    #[test]
    fn a_gathering_knows_its_names_before_and_after_it_starts_to_hash() {
        let mut gathering = Gathering::default();
        for at in 0..3 * SCAN_MAX {
            let name = format!("n{at}");
            assert!(!gathering.holds(&name), "{name} is new");
            gathering.push(name.clone(), Json::Null);
            assert!(gathering.holds(&name), "{name} was pushed");
            assert!(gathering.holds("n0"));
        }
    }

    #[test]
    fn only_names_that_count_up_from_zero_make_a_list() {
        let list = |names: &[&str]| {
            names.iter().map(|n| ((*n).to_owned(), Json::Null)).collect::<Members>().is_list()
        };
        assert!(list(&[]));
        assert!(list(&["1", "0"]), "property order puts 0 first");
        assert!(!list(&["1", "2"]));
        assert!(!list(&["0", "a"]));
        assert!(!list(&["a"]));
    }
}
