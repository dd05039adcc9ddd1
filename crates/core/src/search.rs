//! Words that things are found by: what people write, told apart by neither case nor accents.
//!
//! `João Silva <joao@example.com>` has the words `joao`, `silva`, `example` and `com`. Whoever looks for `JOÃO sil` finds it: each
//! word that is looked for must begin one of its words.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The most letters of a word that are looked at; what comes after them does not tell it from another.
const WORD_CHARS_MAX: usize = 40;
/// The most words of one thing.
const WORDS_MAX: usize = 2000;
/// The most words that can be looked for together.
pub const ASKED_MAX: usize = 10;

/// The words of a thing, or of a question: each once, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(Vec<String>);

/// A question that cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadQuestion {
    /// There is nothing to look for.
    #[error("must have a letter or a digit to look for")]
    Empty,
    /// There is too much.
    #[error("must have at most {ASKED_MAX} words")]
    Long,
}

impl Words {
    /// The words of some texts.
    #[must_use]
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut words: Vec<String> = texts.into_iter().flat_map(folded).take(WORDS_MAX).collect();
        words.sort_unstable();
        words.dedup();
        Self(words)
    }

    /// The words of a question.
    pub fn asked(question: &str) -> Result<Self, BadQuestion> {
        let words = Self::of([question]);
        match words.0.len() {
            0 => Err(BadQuestion::Empty),
            1..=ASKED_MAX => Ok(words),
            _ => Err(BadQuestion::Long),
        }
    }

    /// Whether each word of a question begins a word of this.
    #[must_use]
    pub fn answer(&self, question: &Self) -> bool {
        let begins = |asked: &String| self.0.iter().any(|word| word.starts_with(asked.as_str()));
        question.0.iter().all(begins)
    }

    /// Each word: letters and digits of any script.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

fn folded(text: &str) -> Vec<String> {
    let plain: String = text.nfkd().filter(|letter| !is_combining_mark(*letter)).collect();
    let lower = plain.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric());
    let cut = |word: &str| word.chars().take(WORD_CHARS_MAX).collect();
    words.filter(|word| !word.is_empty()).map(cut).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        Words::of([text]).iter().map(str::to_owned).collect()
    }

    #[test]
    fn words_are_folded_as_people_look_for_them() {
        assert_eq!(
            words("João da SILVA <joao@example.com>"),
            ["com", "da", "example", "joao", "silva"]
        );
        assert_eq!(words("Ｆｕｌｌ ﬁne №5"), ["fine", "full", "no5"]);
    }

    #[test]
    fn a_question_has_something_to_look_for_and_not_too_much() {
        assert_eq!(Words::asked(" -_% "), Err(BadQuestion::Empty));
        assert_eq!(Words::asked("a b c d e f g h i j k"), Err(BadQuestion::Long));
        assert!(Words::asked("a b c d e f g h i j").is_ok());
    }

    proptest! {
        #[test]
        fn the_beginning_of_each_word_finds_a_text(text in "\\PC{1,60}", letters in 1_usize..10) {
            let all = Words::of([text.as_str()]);
            let begun = all.iter().take(ASKED_MAX).map(|word| word.chars().take(letters).collect());
            let begun: Vec<String> = begun.collect();
            if let Ok(question) = Words::asked(&begun.join(" ")) {
                prop_assert!(all.answer(&question), "{question:?}");
            }
        }

        #[test]
        fn a_word_is_letters_and_digits_alone(text in "\\PC{0,60}") {
            for word in Words::of([text.as_str()]).iter() {
                prop_assert!(word.chars().all(char::is_alphanumeric), "{word:?}");
                prop_assert!(word.chars().count() <= WORD_CHARS_MAX);
            }
        }

        #[test]
        fn case_and_accents_tell_nothing_apart(text in "[a-zA-ZáéíóúâêôãõçÁÉÍÓÚ ]{1,40}") {
            prop_assert_eq!(Words::of([text.as_str()]), Words::of([text.to_uppercase().as_str()]));
        }
    }
}
