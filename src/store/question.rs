//! The question of a case: every option that can change what is seen, a verdict, a deadline or an authority,
//! with the hash of each file that an option names. It is stored in the case, so that a later run judges by
//! the same rules, and reports each difference.

mod option;
mod resolve;
mod stored;

pub use option::{OptionName, Scope};
pub use resolve::Resolved;
pub use stored::{
    Change, Content, Given, Question, QuestionError, Raw, StoredRoot, StoredRootKind, Value, name,
};
