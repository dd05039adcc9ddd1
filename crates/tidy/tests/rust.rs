//! Just enough of a Rust scanner for the rules: it tells code from comments, strings and test modules, and finds where
//! braces close. A parser would be exact and slow to build; these rules need neither types nor expansion.

/// The code alone: comments and the insides of strings and characters become spaces, every line keeps its number.
pub(crate) fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => comment_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' if !continues_word(bytes, at) => raw_string_end(bytes, at),
            b'\'' => character_end(text, at),
            _ => at,
        };
        for byte in &mut code[at..end.max(at)] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(code).expect("whole characters were replaced")
}

/// Code with every `#[cfg(test)]` item blanked out too.
pub(crate) fn code_without_tests(text: &str) -> String {
    let mut code = code_of(text).into_bytes();
    let mut from = 0;
    while let Some(at) = find(&code, from, "#[cfg(test)]") {
        let end = item_end(&code, at + "#[cfg(test)]".len());
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        from = end;
    }
    String::from_utf8(code).expect("only code was replaced")
}

/// Where the item that starts here ends: after its closing brace, or after the semicolon if it has no body.
pub(crate) fn item_end(code: &[u8], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.iter().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => return at + 1,
            b'{' if depth == 0 => return brace_end(code, at),
            _ => {}
        }
    }
    code.len()
}

/// The positions at which this word stands alone.
pub(crate) fn words(code: &str, word: &str) -> Vec<usize> {
    let bytes = code.as_bytes();
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(|&at| !continues_word(bytes, at))
        .filter(|&at| !bytes.get(at + word.len()).is_some_and(|&byte| is_word(byte)))
        .collect()
}

/// The identifier that begins here, if one does.
pub(crate) fn identifier_at(code: &str, at: usize) -> &str {
    let rest = &code[at..];
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    &rest[..end.unwrap_or(rest.len())]
}

/// The number of the line that holds this position, from 1.
pub(crate) fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

fn find(code: &[u8], from: usize, what: &str) -> Option<usize> {
    code[from..]
        .windows(what.len())
        .position(|window| window == what.as_bytes())
        .map(|at| at + from)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn continues_word(bytes: &[u8], at: usize) -> bool {
    // `br"…"` is a raw string too: a lone `b` before the `r` does not make it part of a word.
    let before = at.checked_sub(1).map(|before| bytes[before]);
    let lone_b = before == Some(b'b') && !at.checked_sub(2).is_some_and(|at| is_word(bytes[at]));
    before.is_some_and(is_word) && !lone_b
}

fn brace_end(code: &[u8], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at + 1,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    find(bytes, from, "\n").unwrap_or(bytes.len())
}

fn comment_end(bytes: &[u8], from: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = from;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn raw_string_end(bytes: &[u8], from: usize) -> usize {
    let hashes = bytes[from + 1..].iter().take_while(|&&byte| byte == b'#').count();
    if bytes.get(from + 1 + hashes) != Some(&b'"') {
        return from;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    find(bytes, from + 2 + hashes, &close).map_or(bytes.len(), |at| at + close.len())
}

/// A character's end, or the start again when this is a lifetime.
fn character_end(text: &str, from: usize) -> usize {
    let rest = &text[from + 1..];
    if rest.starts_with('\\') {
        return rest[2..].find('\'').map_or(text.len(), |at| from + 1 + 2 + at + 1);
    }
    let Some(letter) = rest.chars().next() else { return from };
    let close = from + 1 + letter.len_utf8();
    if text[close..].starts_with('\'') { close + 1 } else { from }
}

#[test]
fn comments_and_strings_are_not_code() {
    let text = "let a = \"fn x {\"; // fn y\n/* fn /* z */ } */ let r = r#\"}\"\"#; let c = '{'; fn b<'a>() {}";
    let code = code_of(text);
    assert_eq!(code.len(), text.len());
    assert_eq!(code.matches("fn").count(), 1);
    assert_eq!(code.matches(['{', '}']).count(), 2);
    assert!(code.contains("fn b<'a>() {}"));
}

#[test]
fn a_test_module_is_not_product_code() {
    let code = code_without_tests("fn a() {}\n#[cfg(test)]\nmod tests { fn b() { } }\nfn c() {}");
    assert!(code.contains("fn a") && code.contains("fn c") && !code.contains("fn b"));
}

#[test]
fn a_word_stands_alone() {
    assert_eq!(words("fn fnord(a: fn()) my_fn", "fn"), [0, 12]);
    assert_eq!(identifier_at("crate::money::Amount", 7), "money");
    assert_eq!(line_of("a\nb\nc", 4), 3);
}
