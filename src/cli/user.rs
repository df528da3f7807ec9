//! The person on whose behalf the program runs.

use nix::unistd::{Uid, User};

/// Whom a record names, and what there is to warn of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) doubt: Option<String>,
}

/// The user that the system knows for the effective user ID. The environment can be set to anything, so it is
/// asked only where the system has no name, and with a warning.
pub(crate) fn of_the_system() -> Person {
    let uid = Uid::effective();
    let known = User::from_uid(uid).ok().flatten().map(|user| user.name);
    from(known, uid.as_raw(), |name| std::env::var(name).ok())
}

fn from(known: Option<String>, uid: u32, environment: impl Fn(&str) -> Option<String>) -> Person {
    let is_name = |name: &String| !name.trim().is_empty();
    if let Some(name) = known.filter(is_name) {
        return Person { name, doubt: None };
    }
    let set = ["USER", "LOGNAME"]
        .iter()
        .find_map(|variable| Some((*variable, environment(variable).filter(is_name)?)));
    let (name, source) = match set {
        Some((variable, name)) => (name, format!("from ${variable}")),
        None => (format!("uid {uid}"), "from the user ID".to_owned()),
    };
    let doubt = format!(
        "the system has no user name for uid {uid}; recorded as {name:?}, {source}: name the person with --by"
    );
    Person { name, doubt: Some(doubt) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_counts_only_where_the_system_has_no_name() {
        let set = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
        };
        let person = |name: &str, doubt: Option<&str>| (name.to_owned(), doubt.map(str::to_owned));
        let of = |known: Option<&str>, pairs| {
            let Person { name, doubt } = from(known.map(str::to_owned), 1234, set(pairs));
            (name, doubt.map(|d| d.split_once("; ").unwrap().1.to_owned()))
        };
        assert_eq!(of(Some("ada"), &[("USER", "mallory")]), person("ada", None));
        assert_eq!(
            of(None, &[("LOGNAME", "ada")]),
            person("ada", Some("recorded as \"ada\", from $LOGNAME: name the person with --by"))
        );
        let unknown =
            person("uid 1234", Some("recorded as \"uid 1234\", from the user ID: name the person with --by"));
        assert_eq!(of(None, &[]), unknown);
        assert_eq!(of(Some(" "), &[("USER", "")]), unknown, "what is blank names nobody");
    }
}
