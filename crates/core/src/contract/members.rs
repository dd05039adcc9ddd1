//! Takes canonical JSON apart without reading it: members as they stand, byte for byte.
//!
//! An event's data was parsed and printed once, when it was accepted. A contract that spreads its
//! members over the body only needs to know where each begins and ends.

/// A member's name as it is printed, quotes and escapes included, and its value as it is printed.
pub(super) type Member<'d> = (&'d [u8], &'d [u8]);

/// Goes through the members of an object in canonical bytes. Nothing, for what is no object.
pub(super) struct Members<'d> {
    rest: &'d [u8],
}

impl<'d> Members<'d> {
    pub(super) fn of(canonical: &'d [u8]) -> Self {
        Self { rest: canonical.strip_prefix(b"{").unwrap_or_default() }
    }
}

impl<'d> Iterator for Members<'d> {
    type Item = Member<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        let at_name = self.rest.strip_prefix(b",").unwrap_or(self.rest);
        if at_name.first() != Some(&b'"') {
            return None;
        }
        let (name, after) = at_name.split_at_checked(length(at_name))?;
        let at_value = after.strip_prefix(b":")?;
        let (value, after) = at_value.split_at_checked(length(at_value))?;
        self.rest = after;
        Some((name, value))
    }
}

/// The value at a path of printed names, the first of which is one of these members.
pub(super) fn find<'d>(members: &[Member<'d>], path: &[Box<[u8]>]) -> Option<&'d [u8]> {
    let (first, rest) = path.split_first()?;
    let (_, value) = members.iter().find(|(name, _)| *name == &**first)?;
    rest.iter().try_fold(*value, |value, wanted| {
        Members::of(value).find(|(name, _)| *name == &**wanted).map(|(_, value)| value)
    })
}

/// Whether a printed name is an array index to JavaScript, which prints those first, ascending
/// (ECMA-262, `OrdinaryOwnPropertyKeys`): digits without leading zeros, below 2^32 - 1.
pub(super) fn is_index(name: &[u8]) -> bool {
    let digits = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\""));
    let digits = digits.unwrap_or_default();
    let plain = digits == b"0" || digits.first().is_some_and(|first| *first != b'0');
    plain
        && digits.iter().all(u8::is_ascii_digit)
        && str::from_utf8(digits)
            .is_ok_and(|digits| digits.parse().is_ok_and(|n: u32| n < u32::MAX))
}

/// How many bytes the value at the beginning takes.
fn length(at: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut bytes = at.iter().enumerate();
    while let Some((index, byte)) = bytes.next() {
        match byte {
            b'\\' if in_string => drop(bytes.next()),
            b'"' => {
                in_string = !in_string;
                if !in_string && depth == 0 {
                    return index + 1;
                }
            }
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 1 => depth -= 1,
            b'}' | b']' if depth == 1 => return index + 1,
            b',' | b'}' | b']' if depth == 0 => return index,
            _ => {}
        }
    }
    at.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apart(canonical: &str) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Members::of(canonical.as_bytes()).map(|(name, value)| (text(name), text(value))).collect()
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn members_come_as_they_are_printed() {
        let canonical = r#"{"1":null,"a\"}":"x,\\","b":{"c":[1,{"d":"]"}]},"e":-1.5e+21,"f":[]}"#;
        let expected = [
            ("\"1\"", "null"),
            (r#""a\"}""#, r#""x,\\""#),
            ("\"b\"", r#"{"c":[1,{"d":"]"}]}"#),
            ("\"e\"", "-1.5e+21"),
            ("\"f\"", "[]"),
        ];
        assert_eq!(apart(canonical), owned(&expected));
    }

    #[test]
    fn an_empty_object_and_what_is_no_object_have_no_members() {
        assert_eq!(apart("{}"), []);
        assert_eq!(apart("[\"a\",1]"), []);
        assert_eq!(apart("\"{\""), []);
    }

    #[test]
    fn a_path_leads_through_objects() {
        let path: Vec<Box<[u8]>> = vec![(*b"\"a\"").into(), (*b"\"b\"").into()];
        let members: Vec<_> = Members::of(br#"{"x":{"b":1},"a":{"b":[2]}}"#).collect();
        assert_eq!(find(&members, &path), Some(&b"[2]"[..]));
        let members: Vec<_> = Members::of(br#"{"a":1}"#).collect();
        assert_eq!(find(&members, &path), None);
    }

    #[test]
    fn an_index_is_what_javascript_takes_for_one() {
        for index in ["\"0\"", "\"12\"", "\"4294967294\""] {
            assert!(is_index(index.as_bytes()), "{index}");
        }
        for name in ["\"\"", "\"01\"", "\"-1\"", "\"1.0\"", "\"4294967295\"", "\"+1\"", "\"a\""] {
            assert!(!is_index(name.as_bytes()), "{name}");
        }
    }
}
