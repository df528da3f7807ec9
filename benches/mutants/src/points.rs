//! Source text to points: each a place that can be changed in a small way, and how it is switched at run
//! time.

use std::collections::HashMap;
use std::ops::Range;

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Pat, Token};

/// One place and one change of it.
#[derive(Debug, Clone)]
pub struct Point {
    /// Where it is in the file, in octets.
    pub range: Range<usize>,
    /// What is written before the place and behind it; `{K}` stands for the number of the point.
    pub around: (String, String),
    /// For a reader.
    pub says: String,
}

/// The points of one file, and the `const` tokens of functions: a switch is none of what such functions may
/// have.
pub fn of_file(text: &str, enums: &Enums) -> Result<(Vec<Point>, Vec<Range<usize>>), syn::Error> {
    let file = syn::parse_file(text)?;
    let mut walk = Walk { text, enums, own: None, points: Vec::new(), consts: Vec::new() };
    walk.visit_file(&file);
    let Walk { mut points, consts, .. } = walk;
    points.sort_by_key(|p| (p.range.start, std::cmp::Reverse(p.range.end)));
    Ok((points, consts))
}

/// For each value of an enum that carries nothing the one to take in its place: the next.
#[derive(Debug, Default)]
pub struct Enums(HashMap<(String, String), String>);

impl Enums {
    /// Adds those of a file.
    pub fn add(&mut self, text: &str) -> Result<(), syn::Error> {
        for item in syn::parse_file(text)?.items {
            let syn::Item::Enum(item) = item else { continue };
            let names: Vec<String> = item.variants.iter().filter(|v| v.fields.is_empty()).map(|v| v.ident.to_string()).collect();
            for (name, next) in names.iter().zip(names.iter().cycle().skip(1)).filter(|(name, next)| name != next) {
                self.0.insert((item.ident.to_string(), name.clone()), next.clone());
            }
        }
        Ok(())
    }
}

struct Walk<'t> {
    text: &'t str,
    enums: &'t Enums,
    /// The type whose methods are walked.
    own: Option<String>,
    points: Vec<Point>,
    consts: Vec<Range<usize>>,
}

/// Methods that take a predicate.
const PREDICATES: &[&str] = &[
    "all",
    "any",
    "filter",
    "find",
    "is_none_or",
    "is_some_and",
    "partition",
    "position",
    "retain",
    "rposition",
    "skip_while",
    "split",
    "take_while",
];

/// Methods and the ones that take their places.
const INSTEAD: &[(&str, &str)] = &[
    ("min", "max"),
    ("max", "min"),
    ("min_by_key", "max_by_key"),
    ("max_by_key", "min_by_key"),
    ("any", "all"),
    ("all", "any"),
    ("is_some", "is_none"),
    ("is_none", "is_some"),
    ("is_ok", "is_err"),
    ("is_err", "is_ok"),
    ("is_some_and", "is_none_or"),
    ("is_none_or", "is_some_and"),
    ("first", "last"),
    ("last", "first"),
    ("take", "skip"),
    ("skip", "take"),
    ("starts_with", "ends_with"),
    ("split_once", "rsplit_once"),
    ("rsplit_once", "split_once"),
];

/// Methods whose result can be what they are called on.
const PASSED_OVER: &[&str] = &["filter", "or", "or_else", "plus", "rev", "skip", "take", "trim", "chain", "union", "difference", "hull"];

impl Walk<'_> {
    fn at(&self, node: &impl Spanned) -> Range<usize> {
        node.span().byte_range()
    }

    fn source(&self, node: &impl Spanned) -> &str {
        &self.text[self.at(node)]
    }

    fn add(&mut self, range: Range<usize>, before: impl Into<String>, behind: impl Into<String>, says: impl Into<String>) {
        let says: String = says.into();
        let says = says.split_whitespace().collect::<Vec<_>>().join(" ");
        self.points.push(Point { range, around: (before.into(), behind.into()), says });
    }

    /// The node or, where the switch is on, this text.
    fn instead(&mut self, node: &impl Spanned, mutant: &str) {
        let says = format!("{} -> {mutant}", self.source(node));
        self.add(self.at(node), format!("(if crate::mutated({{K}}) {{ {mutant} }} else {{ "), " })", says);
    }

    fn negated(&mut self, node: &impl Spanned) {
        let says = format!("{} -> negated", self.source(node));
        self.add(self.at(node), "(crate::mutated({K}) ^ (", "))", says);
    }

    /// A condition that always holds, or never.
    fn constant(&mut self, condition: &Expr) {
        let (at, text) = (self.at(condition), self.source(condition).to_owned());
        if has_let(condition) {
            self.add(at, "!crate::mutated({K}) && ", "", format!("if {text} -> if false"));
            return;
        }
        self.add(at.clone(), "!crate::mutated({K}) && (", ")", format!("if {text} -> if false"));
        self.add(at, "crate::mutated({K}) || (", ")", format!("if {text} -> if true"));
    }

    fn arms(&mut self, node: &syn::ExprMatch) {
        for (i, arm) in node.arms.iter().enumerate() {
            let pattern = self.source(&arm.pat).to_owned();
            match &arm.guard {
                Some((_, guard)) => self.constant(guard),
                // Without the arm another one takes its values.
                None if i + 1 < node.arms.len() && node.arms.last().is_some_and(|last| takes_all(last)) => {
                    let end = self.at(&arm.pat).end;
                    self.add(end..end, " if !crate::mutated({K})", "", format!("arm {pattern} -> left out"));
                }
                None => {}
            }
            let other = if i + 1 < node.arms.len() { i + 1 } else { i.saturating_sub(1) };
            let (own, other) = (self.source(&arm.body).to_owned(), self.source(&node.arms[other].body).to_owned());
            if own != other {
                let says = format!("{pattern} => {own} -> {other}");
                self.add(self.at(&arm.body), format!("{{ if crate::mutated({{K}}) {{ {other} }} else {{ "), " } }", says);
            }
        }
    }

    fn method(&mut self, node: &syn::ExprMethodCall) {
        let name = node.method.to_string();
        let receiver = self.source(&node.receiver).to_owned();
        let rest = self.text[self.at(&node.method).end..self.at(node).end].to_owned();
        if let Some((_, other)) = INSTEAD.iter().find(|(one, _)| *one == name) {
            self.instead(node, &format!("{receiver}.{other}{rest}"));
        }
        if name == "is_empty" || name == "contains" || name == "contains_key" {
            self.negated(node);
        }
        if PASSED_OVER.contains(&name.as_str()) {
            self.instead(node, &receiver);
        }
        if name == "then" || name == "then_some" {
            self.negated(&node.receiver);
        }
        if PREDICATES.contains(&name.as_str())
            && let Some(Expr::Closure(closure)) = node.args.first()
        {
            self.negated(&closure.body);
        }
        if name == "push"
            && let Some(value) = node.args.first()
        {
            let value = self.source(value);
            let twice = format!("{{ if crate::mutated({{K}}) {{ {receiver}.push(({value}).clone()); }} ");
            self.add(self.at(node), twice, " }", format!("{} -> twice", self.source(node)));
        }
    }

    /// `matches!` without one of its alternatives.
    fn matches(&mut self, tokens: &TokenStream, node: &syn::ExprMacro) {
        let Ok(parsed) = syn::parse2::<Matches>(tokens.clone()) else { return };
        self.negated(node);
        let Pat::Or(alternatives) = &parsed.pattern else { return };
        let pattern = self.at(&parsed.pattern);
        let whole = self.at(node);
        for case in &alternatives.cases {
            let others: Vec<&str> =
                alternatives.cases.iter().filter(|c| c.span().byte_range() != case.span().byte_range()).map(|c| self.source(c)).collect();
            let mutant = format!("{}{}{}", &self.text[whole.start..pattern.start], others.join(" | "), &self.text[pattern.end..whole.end]);
            self.instead(node, &mutant);
        }
    }
}

/// What `matches!` is given.
struct Matches {
    pattern: Pat,
}

impl Parse for Matches {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.parse::<Expr>()?;
        input.parse::<Token![,]>()?;
        let pattern = Pat::parse_multi_with_leading_vert(input)?;
        input.parse::<TokenStream>()?;
        Ok(Self { pattern })
    }
}

fn takes_all(arm: &syn::Arm) -> bool {
    let takes_all = match &arm.pat {
        Pat::Wild(_) => true,
        Pat::Ident(name) => name.subpat.is_none() && name.ident.to_string().starts_with(|c: char| c.is_ascii_lowercase()),
        _ => false,
    };
    takes_all && arm.guard.is_none()
}

fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| a.path().is_ident("cfg") && matches!(&a.meta, syn::Meta::List(list) if list.tokens.to_string() == "test"))
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        if !is_test(&node.attrs) {
            visit::visit_item_mod(self, node);
        }
    }

    fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
        let syn::Type::Path(path) = &*node.self_ty else { return };
        let before = std::mem::replace(&mut self.own, path.path.segments.last().map(|s| s.ident.to_string()));
        visit::visit_item_impl(self, node);
        self.own = before;
    }

    fn visit_signature(&mut self, node: &'ast syn::Signature) {
        self.consts.extend(node.constness.iter().map(|c| c.span().byte_range()));
    }

    // None of these holds a switch.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_item_macro(&mut self, _: &'ast syn::ItemMacro) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}

    fn visit_expr(&mut self, node: &'ast Expr) {
        match node {
            Expr::Binary(binary) => {
                let (left, right) = (self.source(&binary.left).to_owned(), self.source(&binary.right).to_owned());
                let other = match binary.op {
                    BinOp::Lt(_) => "<=",
                    BinOp::Le(_) => "<",
                    BinOp::Gt(_) => ">=",
                    BinOp::Ge(_) => ">",
                    BinOp::Eq(_) => "!=",
                    BinOp::Ne(_) => "==",
                    BinOp::And(_) => "||",
                    BinOp::Or(_) => "&&",
                    BinOp::Add(_) => "-",
                    BinOp::Sub(_) => "+",
                    BinOp::Mul(_) | BinOp::Div(_) | BinOp::Rem(_) => "+",
                    _ => "",
                };
                if !other.is_empty() && !has_let(node) {
                    self.instead(node, &format!("({left}) {other} ({right})"));
                }
            }
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Not(_)) => self.negated(node),
            Expr::If(branch) => self.constant(&branch.cond),
            Expr::Match(found) => self.arms(found),
            Expr::MethodCall(call) => self.method(call),
            Expr::Call(call) => {
                if matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Some")) {
                    self.instead(node, "None");
                }
            }
            Expr::Lit(literal) => match &literal.lit {
                syn::Lit::Int(number) => self.instead(node, &format!("{number} + 1")),
                syn::Lit::Bool(value) => self.instead(node, if value.value { "false" } else { "true" }),
                _ => {}
            },
            Expr::Path(path) => {
                let parts: Vec<String> = path.path.segments.iter().map(|s| s.ident.to_string()).collect();
                if let [.., of, name] = parts.as_slice() {
                    let of = if of == "Self" { self.own.clone().unwrap_or_default() } else { of.clone() };
                    if let Some(other) = self.enums.0.get(&(of, name.clone())) {
                        let text = self.source(node);
                        let mutant = format!("{}{other}", text.strip_suffix(name.as_str()).unwrap_or(text));
                        self.instead(node, &mutant);
                    }
                }
            }
            Expr::Macro(called) if called.mac.path.is_ident("matches") => self.matches(&called.mac.tokens, called),
            _ => {}
        }
        match node {
            // The length of an array is no run-time value.
            Expr::Repeat(repeat) => self.visit_expr(&repeat.expr),
            Expr::Range(_) | Expr::Let(_) => visit::visit_expr(self, node),
            _ => visit::visit_expr(self, node),
        }
    }

    fn visit_stmt(&mut self, node: &'ast syn::Stmt) {
        if let syn::Stmt::Expr(expr, Some(_)) = node {
            let is_left_out = match expr {
                Expr::MethodCall(_) | Expr::Assign(_) => true,
                Expr::Binary(binary) => matches!(binary.op, BinOp::AddAssign(_) | BinOp::SubAssign(_) | BinOp::BitOrAssign(_)),
                _ => false,
            };
            if is_left_out {
                let says = format!("{} -> left out", self.source(node));
                self.add(self.at(node), "if !crate::mutated({K}) { ", " }", says);
            }
        }
        visit::visit_stmt(self, node);
    }
}
