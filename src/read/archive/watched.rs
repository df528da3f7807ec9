//! What is found in the member of a tar that is being read, for hard links to it.

use std::sync::Arc;

use super::member::Way;
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::Unread;
use crate::read::found::Item;

/// What was found in one member.
#[derive(Clone, Default)]
pub(in crate::read) enum Known {
    /// No object and no key.
    #[default]
    Nothing,
    /// These, in a file with this hash.
    Items(Arc<(Vec<Item>, Option<Fingerprint>)>),
    /// More than is kept, or an archive.
    Much,
}

/// What was found in the member of a tar that is being read.
#[derive(Default)]
pub(in crate::read) struct Watched {
    way: Way,
    known: Known,
}

impl Watched {
    /// Notes what is handed on.
    pub(in crate::read) fn notice(&mut self, way: &Way, items: &[Item], hash: Option<Fingerprint>) {
        if self.way.is_none()
            || !items.iter().any(|item| matches!(item.body, Ok(_) | Err(Unread::Locked(..))))
        {
            return;
        }
        let fits =
            matches!(self.known, Known::Nothing) && self.way == *way && items.len() <= limits::LINKED_ITEMS;
        self.known = if fits { Known::Items(Arc::new((items.to_vec(), hash))) } else { Known::Much };
    }

    /// Begins to watch what is found in the member that lies there; what was watched before is given back.
    pub(super) fn watch(&mut self, way: &Way) -> Self {
        std::mem::replace(self, Self { way: way.clone(), known: Known::Nothing })
    }

    /// Ends it: what was found.
    pub(super) fn end(&mut self, outer: Self) -> Known {
        let known = std::mem::replace(self, outer).known;
        if !matches!(known, Known::Nothing) && self.way.is_some() {
            // This tar is a member of another one.
            self.known = Known::Much;
        }
        known
    }
}
