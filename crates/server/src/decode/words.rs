//! What serde says of a value that does not fit, in the words of those who send JSON: no name of a
//! Rust type leaves the server.

/// The most characters of a value that an error repeats.
const SHOWN_CHARS_MAX: usize = 80;

/// serde's words, made plain; what is not serde's own stays.
pub(super) fn plain(what: &str) -> String {
    if let Some(rest) = what.strip_prefix("unknown variant ") {
        let Some((given, allowed)) = rest.split_once(", expected ") else {
            return format!("{} is not allowed here", cut(rest));
        };
        return format!("must be {allowed}; this is {}", cut(given));
    }
    let misfit = ["invalid type: ", "invalid value: ", "invalid length "];
    let misfit = misfit.iter().find_map(|prefix| what.strip_prefix(prefix));
    match misfit.and_then(|misfit| misfit.rsplit_once(", expected ")) {
        Some((given, wanted)) => {
            format!("must be {}; this is {}", wanted_of(wanted), given_of(given))
        }
        None if what == "number out of range" => "must be a smaller number".to_owned(),
        None => what.to_owned(),
    }
}

/// The same without the value: only what was wanted, and of what kind the value is.
pub(super) fn without_value(what: &str) -> String {
    let told = plain(what);
    let Some((wanted, given)) = told.rsplit_once("; this is ") else {
        return if told.ends_with(" is not allowed here") {
            "is not allowed here".to_owned()
        } else {
            told
        };
    };
    let kinds = ["an array", "an object", "`null`", "the number", "the string"];
    let kind = kinds.iter().find(|kind| given.starts_with(**kind));
    kind.map_or_else(
        || wanted.to_owned(),
        |kind| format!("{wanted}; this is {}", kind.replace("the ", "a ")),
    )
}

/// What was wanted: Rust's types as people know them, our own words as they are.
fn wanted_of(wanted: &str) -> String {
    let whole = |from: &dyn std::fmt::Display, to: &dyn std::fmt::Display| {
        format!("a whole number from {from} to {to}")
    };
    match wanted {
        "u8" => whole(&0, &u8::MAX),
        "u16" => whole(&0, &u16::MAX),
        "u32" => whole(&0, &u32::MAX),
        "u64" | "usize" => whole(&0, &u64::MAX),
        "i8" => whole(&i8::MIN, &i8::MAX),
        "i16" => whole(&i16::MIN, &i16::MAX),
        "i32" => whole(&i32::MIN, &i32::MAX),
        "i64" | "isize" => whole(&i64::MIN, &i64::MAX),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a borrowed string" | "a character" | "string or map" => "a string".to_owned(),
        "a sequence" => "an array".to_owned(),
        "a map" => "an object".to_owned(),
        "unit" => "`null`".to_owned(),
        own if own.starts_with("struct ") || own.starts_with("map with ") => "an object".to_owned(),
        own if own.starts_with("tuple ") || own.starts_with("a tuple ") => "an array".to_owned(),
        own if own.starts_with("enum ") => "a string".to_owned(),
        own => own.to_owned(),
    }
}

/// What was given, by JSON's names.
fn given_of(given: &str) -> String {
    let kinds = [("integer ", "the number "), ("floating point ", "the number "), ("boolean ", "")];
    let named = kinds.iter().find_map(|(theirs, ours)| Some((ours, given.strip_prefix(theirs)?)));
    if let Some((kind, value)) = named {
        return format!("{kind}{}", cut(value));
    }
    match given {
        "sequence" => "an array".to_owned(),
        "map" => "an object".to_owned(),
        "null" | "unit value" => "`null`".to_owned(),
        own if own.starts_with("string ") => format!("the {}", cut(own)),
        own => cut(own),
    }
}

/// A text that may be long, short enough for an error.
fn cut(text: &str) -> String {
    let mut left = text.chars();
    let shown: String = left.by_ref().take(SHOWN_CHARS_MAX).collect();
    if left.next().is_some() { format!("{shown}…") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    enum Kind {
        A,
        B,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only its type matters")]
        inner: bool,
    }

    fn told<'a, T: Deserialize<'a> + std::fmt::Debug>(json: &'a str) -> String {
        let error = serde_json::from_str::<T>(json).unwrap_err().to_string();
        plain(error.rsplit_once(" at line ").unwrap().0)
    }

    #[test]
    fn no_type_of_ours_stands_in_what_is_told() {
        assert_eq!(
            told::<u16>("-1"),
            "must be a whole number from 0 to 65535; this is the number `-1`"
        );
        assert_eq!(
            told::<i32>("1.5"),
            "must be a whole number from -2147483648 to 2147483647; this is the number `1.5`"
        );
        assert_eq!(told::<f64>("true"), "must be a number; this is `true`");
        assert_eq!(
            told::<bool>("\"yes\""),
            "must be `true` or `false`; this is the string \"yes\""
        );
        assert_eq!(told::<Vec<bool>>("{}"), "must be an array; this is an object");
        assert_eq!(told::<Inner>("5"), "must be an object; this is the number `5`");
        assert_eq!(told::<String>("null"), "must be a string; this is `null`");
        assert_eq!(told::<Kind>("\"C\""), "must be `A` or `B`; this is `C`");
    }

    #[test]
    fn a_long_value_is_not_repeated_whole() {
        let long = format!("\"{}\"", "x".repeat(5000));
        assert!(told::<bool>(&long).len() < 200);
        assert!(told::<Kind>(&long).len() < 200);
    }
}
