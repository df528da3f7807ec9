//! The modules of a crate: what each file defines, imports and names by a path, and where such a path leads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::tokens::{Token, tokens};

/// An import under the name that it has in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    path: Vec<String>,
    name: String,
}

/// What one file says, tests left out.
#[derive(Debug, Default)]
pub(crate) struct Module {
    file: PathBuf,
    items: BTreeSet<String>,
    /// Modules declared here, each a file of its own.
    children: BTreeSet<String>,
    /// Those that only tests have.
    test_children: BTreeSet<String>,
    imports: Vec<Import>,
    /// Paths that are written out in the code.
    paths: BTreeSet<Vec<String>>,
}

const ITEMS: &[&str] =
    &["struct", "enum", "trait", "union", "type", "fn", "const", "static", "macro_rules", "mod"];

impl Module {
    pub(crate) fn parse(file: &Path, source: &str) -> Self {
        let mut module = Self { file: file.to_owned(), ..Self::default() };
        module.read(&tokens(source));
        module
    }

    fn read(&mut self, tokens: &[Token]) {
        let mut depth = 0_usize;
        let mut i = 0;
        while i < tokens.len() {
            if let Some(length) = test_attribute(&tokens[i..]) {
                let end = i + length + item_length(&tokens[i + length..]);
                let item = &tokens[i + length..end];
                if let Some(at) = item.iter().position(|t| t.word() == Some("mod")) {
                    self.test_children.extend(item[at + 1].word().map(str::to_owned));
                }
                i = end;
                continue;
            }
            let word = tokens[i].word().unwrap_or_default();
            let next = tokens.get(i + 1).and_then(Token::word);
            match &tokens[i] {
                Token::Mark('{') => depth += 1,
                Token::Mark('}') => depth = depth.saturating_sub(1),
                _ if word == "use" => {
                    i += self.read_use(&tokens[i + 1..], &[]) + 1;
                    continue;
                }
                _ if word == "mod" && tokens.get(i + 2).is_some_and(|t| t.is(';')) => {
                    self.children.extend(next.map(str::to_owned));
                }
                _ if depth == 0 && ITEMS.contains(&word) => {
                    let name = tokens[i + 1..].iter().take(2).find_map(Token::word);
                    self.items.extend(name.filter(|n| !ITEMS.contains(n)).map(str::to_owned));
                }
                Token::Word(_) if tokens.get(i + 1) == Some(&Token::PathSeparator) => {
                    let mut path = vec![word.to_owned()];
                    while let (Some(Token::PathSeparator), Some(segment)) =
                        (tokens.get(i + 1), tokens.get(i + 2).and_then(Token::word))
                    {
                        path.push(segment.to_owned());
                        i += 2;
                    }
                    self.paths.insert(path);
                }
                _ => {}
            }
            i += 1;
        }
    }

    /// Reads one tree of a `use`; returns the number of tokens.
    fn read_use(&mut self, tokens: &[Token], before: &[String]) -> usize {
        let mut path = before.to_vec();
        let mut name = None;
        let mut i = 0;
        while i < tokens.len() {
            match &tokens[i] {
                Token::Word(word) if word == "as" => {
                    name = tokens[i + 1].word();
                    i += 1;
                }
                Token::Word(word) if word == "self" && !path.is_empty() => {}
                Token::Word(word) => path.push(word.clone()),
                Token::Mark('*') => path.push("*".to_owned()),
                Token::Mark('{') => {
                    i += 1;
                    while !tokens[i].is('}') {
                        i += self.read_use(&tokens[i..], &path);
                        i += usize::from(tokens[i].is(','));
                    }
                    return i + 1;
                }
                Token::Mark(_) => break,
                Token::PathSeparator => {}
            }
            i += 1;
        }
        if let Some(name) = name.or_else(|| path.last().map(String::as_str)) {
            self.imports.push(Import { name: name.to_owned(), path });
        }
        i
    }
}

/// The length of `#[cfg(test)]`, if that is what begins here.
fn test_attribute(tokens: &[Token]) -> Option<usize> {
    let [first, open, cfg, ..] = tokens else { return None };
    if !first.is('#') || !open.is('[') || cfg.word() != Some("cfg") {
        return None;
    }
    let end = tokens.iter().position(|t| t.is(']'))?;
    let words: Vec<&str> = tokens[3..end].iter().filter_map(Token::word).collect();
    (words == ["test"]).then_some(end + 1)
}

/// The length of an item: up to its `;`, or the end of its braces.
fn item_length(tokens: &[Token]) -> usize {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') if depth == 1 => return i + 1,
            Token::Mark('}') => depth -= 1,
            Token::Mark(';') if depth == 0 => return i + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// All modules of a crate, by their paths from its root.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    modules: BTreeMap<Vec<String>, Module>,
}

/// The files that each file uses, and by which names.
pub(crate) type Graph = BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>;

/// Where a path leads.
enum Target<'a> {
    /// A module itself: what is used of it are the paths through it.
    Module,
    Item(&'a Module),
    Elsewhere,
}

impl Crate {
    /// Follows the declarations of modules from the root; `read` gives the text of a file, if it is there.
    pub(crate) fn load(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Self {
        let mut out = Self::default();
        let folder = root.parent().unwrap_or_else(|| Path::new("")).to_owned();
        let mut open = vec![(Vec::new(), root.to_owned(), folder)];
        while let Some((path, file, folder)) = open.pop() {
            let module = Module::parse(&file, &read(&file).unwrap_or_default());
            for child in module.children.difference(&module.test_children) {
                let mut path = path.clone();
                path.push(child.clone());
                let beside = folder.join(child).with_extension("rs");
                let within = folder.join(child).join("mod.rs");
                let file = if read(&beside).is_some() { beside } else { within };
                open.push((path, file, folder.join(child)));
            }
            out.modules.insert(path, module);
        }
        out
    }

    /// The graph of imports between the files.
    pub(crate) fn graph(&self) -> Graph {
        let mut graph = Graph::new();
        for (place, module) in &self.modules {
            let used = graph.entry(module.file.clone()).or_default();
            let imported = module.imports.iter().map(|i| &i.path);
            for path in imported.chain(&module.paths) {
                if let Target::Item(target) = self.resolve(place, path, 0)
                    && target.file != module.file
                {
                    let name =
                        path.iter().find(|s| s.starts_with(char::is_uppercase)).or_else(|| path.last());
                    used.entry(target.file.clone()).or_default().extend(name.cloned());
                }
            }
        }
        graph
    }

    /// Where a path leads that is written in the module at `place`.
    fn resolve(&self, place: &[String], path: &[String], hops: usize) -> Target<'_> {
        let mut at = place.to_vec();
        let mut rest = path;
        let mut anchored = false;
        while let Some((first, further)) = rest.split_first() {
            match first.as_str() {
                "crate" => at.clear(),
                "super" => drop(at.pop()),
                "self" => {}
                _ => break,
            }
            (rest, anchored) = (further, true);
        }
        let Some(mut module) = self.modules.get(&at) else { return Target::Elsewhere };
        while let Some((first, further)) = rest.split_first() {
            let is_child = module.children.contains(first) && !module.test_children.contains(first);
            let import = module.imports.iter().find(|i| i.name == *first && i.path != path);
            if is_child && !further.is_empty() {
                at.push(first.clone());
                let Some(child) = self.modules.get(&at) else { return Target::Elsewhere };
                (module, rest, anchored) = (child, further, true);
            } else if is_child {
                // Also where an item has the same name: paths through it lead into the module.
                return Target::Module;
            } else if module.items.contains(first) {
                return Target::Item(module);
            } else if let Some(import) = import.filter(|_| hops < 16) {
                let whole: Vec<String> = import.path.iter().chain(further).cloned().collect();
                return self.resolve(&at, &whole, hops + 1);
            } else if anchored {
                return Target::Item(module);
            } else {
                return Target::Elsewhere;
            }
        }
        Target::Module
    }
}
