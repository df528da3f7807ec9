//! What becomes of a name.

/// What becomes of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// It is asked for as it is.
    Kept,
    /// It is asked for in another form.
    Written {
        /// The tag of the `GeneralName`.
        tag: u8,
        /// Its content.
        content: Vec<u8>,
        /// Why, a clause.
        reason: &'static str,
    },
    /// It is not asked for, for this reason.
    LeftOut(String),
}
