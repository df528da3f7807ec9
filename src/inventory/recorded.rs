//! What a case recorded of the files of earlier runs. A file that is gone, that changed or that cannot be
//! read any more takes nothing with it: what it held is put back into the inventory, marked as gone
//! (DESIGN.md 2.9).

mod model;
mod objects;
mod record;
mod restore;

pub use model::{
    Facts, Gone, NoFacts, Recorded, RecordedFile, RecordedKind, RecordedObject, RecordedOfKey, RecordedUnread,
};
pub use objects::content_of;
pub use record::record;
