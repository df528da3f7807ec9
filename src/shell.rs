//! Words and command lines for a POSIX shell (XCU section 2.2), to be read by people and pasted by them.

use std::borrow::Cow;

/// One word: plain where nothing in it means anything to a shell, else in single quotes. It comes back from
/// the shell as it was; a NUL byte, which no argument can hold, is left out.
#[must_use]
pub fn quote(word: &str) -> Cow<'_, str> {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/' | ':' | '@' | '+' | ',');
    // An equals sign means something in the first word of a command alone.
    let plain = |c: char| plain(c) || c == '=';
    if !word.is_empty() && word.chars().all(plain) && !word.starts_with('=') {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\0', "").replace('\'', "'\\''")))
}

/// A whole command.
#[must_use]
pub fn line<S: AsRef<str>>(command: &[S]) -> String {
    command
        .iter()
        .enumerate()
        .map(|(at, word)| if at == 0 { first(word.as_ref()) } else { quote(word.as_ref()) })
        .collect::<Vec<_>>()
        .join(" ")
}

/// The first word: with `=` in it, it would be an assignment.
fn first(word: &str) -> Cow<'_, str> {
    if word.contains('=') && !word.contains('\'') { Cow::Owned(format!("'{word}'")) } else { quote(word) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// What a shell makes of a line.
    fn read_back(line: &str) -> Vec<String> {
        let out = Command::new("sh").args(["-c", &format!("printf '%s\\0' {line}")]).output().unwrap();
        assert!(out.status.success(), "{line}");
        let text = String::from_utf8(out.stdout).unwrap();
        text.strip_suffix('\0').unwrap().split('\0').map(str::to_owned).collect()
    }

    #[test]
    fn simple_words_stay_legible() {
        assert_eq!(line(&["openssl", "req", "-in", "a b/request.pem"]), "openssl req -in 'a b/request.pem'");
        assert_eq!(line(&["A=b", "x=y", ""]), "'A=b' x=y ''");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn words_come_back_from_a_shell(words in proptest::collection::vec(any::<String>(), 1..8), nasty in "[ \n\t'\"$`\\\\!*?~#&;|<>(){}\\[\\]=-]{0,24}") {
            let words: Vec<String> = words.into_iter().chain([nasty]).map(|w| w.replace('\0', "")).collect();
            prop_assert_eq!(read_back(&line(&words)), words);
        }
    }
}
