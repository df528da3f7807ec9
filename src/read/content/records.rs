//! What was found in one file, in its order.

use crate::finding::{Codes, Reason};
use crate::pki::Unread;
use crate::read::found::Item;
use crate::read::place::INTO;

/// The records of one file.
pub(super) struct Records {
    /// In order.
    pub(super) items: Vec<Item>,
    /// Where each of them lies in the file; what is in a container lies where the container does.
    pub(super) placed: Vec<u64>,
    /// How many of them lie in no container.
    own: u32,
    /// How many containers were opened.
    pub(super) containers: u32,
    /// How many items of the file itself are no objects, the limit of them, and the first one beyond it.
    pub(super) broken: u64,
    pub(super) most_broken: u64,
    pub(super) beyond: Option<Item>,
    /// Whether a private key was among them, or something that may be one.
    pub(super) secret: bool,
}

impl Records {
    /// None yet; so many may be no objects.
    pub(super) const fn new(most_broken: u64) -> Self {
        Self {
            items: Vec::new(),
            placed: Vec::new(),
            own: 0,
            containers: 0,
            broken: 0,
            most_broken,
            beyond: None,
            secret: false,
        }
    }

    /// Puts the items from `first` on into the order of the file, and numbers them anew.
    pub(super) fn sort(&mut self, first: usize) {
        if self.placed[first..].is_sorted() {
            return;
        }
        let mut items: Vec<_> = self.placed.drain(first..).zip(self.items.drain(first..)).collect();
        items.sort_by_key(|(at, _)| *at);
        for (at, item) in items {
            self.placed.push(at);
            self.items.push(item);
        }
        self.number();
    }

    /// Numbers the objects of the file, and its containers in the names of members.
    fn number(&mut self) {
        (self.own, self.containers) = (0, 0);
        let mut last: Option<(Box<str>, Box<str>)> = None;
        for item in &mut self.items {
            let Some(member) = &item.member else {
                item.index = self.own;
                self.own += 1;
                continue;
            };
            let (outer, way) = member.split_at(member.find(INTO).unwrap_or(member.len()));
            let now = match &last {
                Some((old, now)) if **old == *outer => now.clone(),
                _ => {
                    let format = outer.split('#').next().unwrap_or(outer);
                    self.containers += 1;
                    name(format, self.containers - 1).into_boxed_str()
                }
            };
            let renamed = (*now != *outer).then(|| format!("{now}{way}").into());
            last = Some((outer.into(), now));
            if let Some(renamed) = renamed {
                item.member = Some(renamed);
            }
        }
    }

    /// Adds an item of the file itself.
    pub(super) fn push(&mut self, mut item: Item) {
        if matches!(item.body, Err(Unread::Unreadable(..) | Unread::Skipped(..))) {
            self.broken += 1;
            if self.broken > self.most_broken {
                self.beyond.get_or_insert(item);
                return;
            }
        }
        item.index = self.own;
        self.own += 1;
        self.place(item.offset, item);
    }

    /// Adds one record for all that had none of their own, where the first of them lies.
    pub(super) fn push_beyond(&mut self) {
        if let Some(first) = self.beyond.take() {
            let most = self.most_broken;
            let detail = format!(
                "{} more places without an object behind the first {most}; --max-broken raises the limit",
                self.broken - most
            );
            let spot = spot(first.offset, first.line, first.container);
            self.broken = 0;
            self.most_broken = self.most_broken.max(1);
            self.push(Item { body: Err(Unread::Skipped(Reason::TooLarge, detail)), ..spot });
            self.sort(0);
        }
    }

    /// Adds an item that lies at `at` in the file, in a container or not.
    pub(super) fn place(&mut self, at: u64, item: Item) {
        self.placed.push(at);
        self.items.push(item);
    }
}

/// The member name of a container.
pub(super) fn name(format: &str, number: u32) -> String {
    if number == 0 { format.to_owned() } else { format!("{format}#{number}") }
}

/// An item in the making: where something lies, before it is known what it is.
pub(super) fn spot(offset: u64, line: u32, container: &'static str) -> Item {
    let body = Err(Unread::Skipped(Reason::NoPkiContent, String::new()));
    Item { offset, line, findings: Codes::NONE, ..Item::whole_file(body, container) }
}
