//! Lists and names in sentences, no longer than a person reads.

use std::borrow::Cow;

/// What a sentence names of a list.
const FEW: usize = 10;

/// Characters of a name that come from a manifest.
const LONGEST: usize = 256;

/// The first of a list, joined, and how many more there are: a manifest may have a hundred thousand rows for
/// one file.
pub(crate) fn few(list: &[impl AsRef<str>], separator: &str) -> String {
    let mut out = String::new();
    push_few(&mut out, list, separator);
    out
}

/// Adds the first of a list to a sentence, and how many more there are.
pub(crate) fn push_few(out: &mut String, list: &[impl AsRef<str>], separator: &str) {
    for (i, item) in list.iter().take(FEW).enumerate() {
        out.push_str(if i > 0 { separator } else { "" });
        out.push_str(&cut(item.as_ref()));
    }
    if list.len() > FEW {
        out.push_str(&format!(" and {} more", list.len() - FEW));
    }
}

/// The beginning of a name that is too long for a sentence.
pub(crate) fn cut(name: &str) -> Cow<'_, str> {
    if name.len() <= LONGEST {
        return Cow::Borrowed(name);
    }
    name.char_indices()
        .nth(LONGEST)
        .map_or(Cow::Borrowed(name), |(end, _)| Cow::Owned(format!("{}...", &name[..end])))
}
