//! Text encodings around the splitter.
pub(crate) struct Narrowed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) unit: u64,
    pub(crate) skipped: u64,
}
pub(crate) fn to_narrow(_: &[u8]) -> Option<Narrowed> {
    None
}
