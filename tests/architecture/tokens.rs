//! Rust source as tokens: enough of the grammar to find items, imports and paths in it.

/// A token that matters for paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// An identifier, a keyword or a number.
    Word(String),
    /// `::`
    PathSeparator,
    /// Any other character that is not white space.
    Mark(char),
}

impl Token {
    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(crate) fn is(&self, mark: char) -> bool {
        *self == Self::Mark(mark)
    }
}

/// The tokens of a source without comments, literals and lifetimes.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let text: Vec<char> = source.chars().collect();
    let at = |i: usize| text.get(i).copied().unwrap_or('\0');
    let mut out = Vec::new();
    let mut i = 0;
    while i < text.len() {
        let (c, next) = (text[i], at(i + 1));
        if c == '/' && next == '/' {
            i += text[i..].iter().take_while(|c| **c != '\n').count();
        } else if c == '/' && next == '*' {
            i = block_comment(&text, i);
        } else if let Some(end) = literal(&text, i) {
            i = end;
        } else if c.is_alphanumeric() || c == '_' {
            let length = text[i..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
            out.push(Token::Word(text[i..i + length].iter().collect()));
            i += length;
        } else if c == ':' && next == ':' {
            out.push(Token::PathSeparator);
            i += 2;
        } else {
            if !c.is_whitespace() {
                out.push(Token::Mark(c));
            }
            i += 1;
        }
    }
    out
}

fn block_comment(text: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut i = start;
    while i < text.len() {
        match (text[i], text.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 1),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 1),
            _ => {}
        }
        i += 1;
        if depth == 0 {
            break;
        }
    }
    i
}

/// The end of the string, character, byte literal or lifetime that begins here.
fn literal(text: &[char], start: usize) -> Option<usize> {
    let at = |i: usize| text.get(i).copied().unwrap_or('\0');
    let mut i = start;
    while matches!(at(i), 'b' | 'c' | 'r') && i < start + 2 {
        i += 1;
    }
    let raw = i > start && at(i - 1) == 'r';
    let hashes = if raw { text[i..].iter().take_while(|c| **c == '#').count() } else { 0 };
    let quote = at(i + hashes);
    if raw && quote == '"' {
        let end: String = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
        let end: Vec<char> = end.chars().collect();
        let from = i + hashes + 1;
        let length = text[from..].windows(end.len()).position(|w| w == end)?;
        return Some(from + length + end.len());
    }
    match quote {
        '"' => Some(closing(text, i + 1, '"')),
        '\'' if at(i + 1) == '\\' || at(i + 2) == '\'' => Some(closing(text, i + 1, '\'')),
        '\'' if i == start => {
            Some(i + 1 + text[i + 1..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count())
        }
        _ => None,
    }
}

fn closing(text: &[char], from: usize, quote: char) -> usize {
    let mut i = from;
    while i < text.len() && text[i] != quote {
        i += if text[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}
