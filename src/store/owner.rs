//! Whether a directory belongs to the user that runs this.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::unistd::{Gid, Uid, User, getgroups};

use super::error::Error;
use crate::files::Access;

/// Whether the case at `directory` belongs to the user that runs this. Root is a user like any other here:
/// what it writes its owner could not use.
///
/// # Errors
/// [`Error::NotOwner`] if it does not, and is not shared with a group of that user.
pub(super) fn check(directory: &Path, access: Access) -> Result<bool, Error> {
    let meta = fs::metadata(directory).map_err(|error| Error::Io { path: directory.to_owned(), error })?;
    if meta.uid() == Uid::effective().as_raw() {
        return Ok(true);
    }
    let group = Gid::from_raw(meta.gid());
    let is_member = || Gid::effective() == group || getgroups().is_ok_and(|groups| groups.contains(&group));
    if access == Access::Group && is_member() {
        Ok(false)
    } else {
        Err(not_owner(directory, meta.uid(), false))
    }
}

pub(super) fn not_owner(path: &Path, uid: u32, shared: bool) -> Error {
    let name = User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name);
    Error::NotOwner {
        path: path.to_owned(),
        owner: name.unwrap_or_else(|| format!("with the ID {uid}")),
        shared,
    }
}
