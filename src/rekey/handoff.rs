//! What to do with a request: commands that can be pasted, and what to do by hand where there is none.
//! `handoff.md` beside the request says it.
//!
//! Flags as of November 2026: certbot 2 and later, lego 5 and 4, acme.sh 3, step 0.28, OpenSSL 3,
//! cert-manager v1.

mod manifest;

use std::fmt::Write as _;
use std::net::IpAddr;

pub use super::ca::{KeyKinds, Next};
use super::change::{Action, Change, OF_THE_CA};
use super::markdown::{code, escape};
use super::model::{ISSUED, KEY, RECORD, REPLACEMENTS, REQUEST};
use super::record::Record;
use crate::plan::ca::{Reach, Sort};
use crate::shell;

/// One way to hand the request over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What it is, for people.
    pub title: String,
    /// Commands, as lists of arguments.
    pub commands: Vec<Vec<String>>,
    /// What to know about it.
    pub says: String,
}

/// How private CAs take a request, by the id of their kind; `{names}` are parameters.
const PRIVATE: &[(&str, &[&str], &str)] = &[
    (
        "openssl",
        &["openssl", "ca", "-config", "{config}", "-notext", "-in", "{request}", "-out", "{issued}"],
        OPENSSL,
    ),
    ("step-ca", &["step", "ca", "sign", "{request}", "{issued}"], STEP),
    (
        "vault",
        &["vault", "write", "-field=certificate", "{mount}/sign/{role}", "csr=@{request}"],
        "OpenBao: bao instead of vault. It prints the certificate.",
    ),
    (
        "ad-cs",
        &["certreq", "-submit", "-config", "{config}", "{request}", "{issued}"],
        "On Windows; config is HOST\\CA. A template: -attrib CertificateTemplate:NAME.",
    ),
    (
        "aws-private-ca",
        &[
            "aws",
            "acm-pca",
            "issue-certificate",
            "--certificate-authority-arn",
            "{arn}",
            "--csr",
            "fileb://{request}",
            "--signing-algorithm",
            "{algorithm}",
            "--validity",
            "Value={days},Type=DAYS",
        ],
        "It prints the ARN of the certificate; fetch it with aws acm-pca get-certificate. Its template decides which of the names asked for it takes over.",
    ),
    (
        "google-cas",
        &[
            "gcloud",
            "privateca",
            "certificates",
            "create",
            "--issuer-pool={pool}",
            "--issuer-location={location}",
            "--csr={request}",
            "--cert-output-file={issued}",
        ],
        "",
    ),
    (
        "cfssl",
        &["cfssl", "sign", "-ca", "{ca}", "-ca-key", "{ca_key}", "-config", "{config}", "{request}"],
        "It prints JSON: cfssljson -bare issued makes files of it.",
    ),
];

const OPENSSL: &str = "The extensions asked for are taken over only with copy_extensions = copy in the CA's configuration: look at them before you confirm.";
const STEP: &str = "Names that the provisioner does not allow are refused. --not-after sets the end, --provisioner the provisioner.";

/// The ways for a replacement whose files lie in `directory`, the most fitting one first.
#[must_use]
pub fn ways(record: &Record, next: &Next, directory: &str) -> Vec<Way> {
    let (request, issued) = (inside(directory, REQUEST), inside(directory, ISSUED));
    let tls = next.sort.is_none_or(|sort| sort == Sort::TlsServer);
    let public = next.reach == Some(Reach::Public);
    let mut out = Vec::new();
    // Of a CA that issues no more nothing is asked.
    if tls && next.retired.is_none() && !record.names.is_empty() && !no_challenge_for_all(record) {
        for server in &next.acme {
            out.extend(acme(record, server, &request, &issued));
        }
    }
    if public {
        return out;
    }
    let known = next.kind.as_deref().and_then(|kind| PRIVATE.iter().find(|(id, ..)| *id == kind));
    // Of a CA that nothing is known of, the commonest ways; whoever runs it knows which.
    let likely = PRIVATE
        .iter()
        .filter(|(id, ..)| known.is_none() && next.kind.is_none() && matches!(*id, "openssl" | "step-ca"));
    for (id, template, says) in known.into_iter().chain(likely) {
        let command = template.iter().map(|word| filled(word, next, &request, &issued, record)).collect();
        let title = match *id {
            "openssl" => "OpenSSL ca",
            "step-ca" => "step-ca",
            other => other,
        };
        out.push(Way { title: title.to_owned(), commands: vec![command], says: (*says).to_owned() });
    }
    out
}

fn inside(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// Whether no ACME challenge validates all names of a request: a wildcard is validated over DNS alone (RFC
/// 8555 section 7.1.3 and BR 3.2.2.4), and an address never is (RFC 8738 section 7).
fn no_challenge_for_all(record: &Record) -> bool {
    record.names.iter().any(|n| n.starts_with("*."))
        && record.names.iter().any(|n| n.parse::<IpAddr>().is_ok())
}

/// One word of a template; a parameter that is not known stands in capitals.
fn filled(word: &str, next: &Next, request: &str, issued: &str, record: &Record) -> String {
    let algorithm = if record.key_algorithm == "ec" { "SHA256WITHECDSA" } else { "SHA256WITHRSA" };
    let days = next.max_days.unwrap_or(365).to_string();
    let mut out = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, behind)) = after.split_once('}') else { break };
        match name {
            "request" => out.push_str(request),
            "issued" => out.push_str(issued),
            "algorithm" => out.push_str(algorithm),
            "days" => out.push_str(&days),
            _ => out.push_str(&next.parameters.get(name).cloned().unwrap_or_else(|| name.to_uppercase())),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Three ACME clients (RFC 8555) for one directory.
fn acme(record: &Record, server: &str, request: &str, issued: &str) -> Vec<Way> {
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    // Over DNS alone, see above.
    let wildcard = record.names.iter().any(|n| n.starts_with("*."));
    let how: &[&str] =
        if wildcard { &["--manual", "--preferred-challenges", "dns"] } else { &["--standalone"] };
    let certbot = [
        words(&["certbot", "certonly", "--csr", request, "--server", server]),
        words(how),
        // What is given to `certrecall complete` needs what stands above the certificate.
        words(&[
            "--fullchain-path",
            issued,
            "--cert-path",
            &format!("{}-cert.pem", issued.trim_end_matches(".pem")),
            "--chain-path",
            &format!("{}-chain.pem", issued.trim_end_matches(".pem")),
        ]),
    ];
    let names = code(&record.names.join(", "));
    let solver: &[&str] = if wildcard { &["--dns", "PROVIDER"] } else { &["--http"] };
    let lego5 = [
        words(&[
            "lego",
            "run",
            "--accept-tos",
            "--email",
            "YOU@example.com",
            "--server",
            server,
            "--csr",
            request,
        ]),
        words(solver),
    ]
    .concat();
    let lego4 = [
        words(&["lego", "--accept-tos", "--email", "YOU@example.com", "--server", server, "--csr", request]),
        words(solver),
        words(&["run"]),
    ]
    .concat();
    let place: &[&str] = if wildcard { &["--dns", "DNS_API"] } else { &["--webroot", "WEBROOT"] };
    let register = words(&["acme.sh", "--register-account", "--server", server, "-m", "YOU@example.com"]);
    let sign =
        [words(&["acme.sh", "--signcsr", "--csr", request, "--server", server]), words(place)].concat();
    vec![
        Way {
            title: format!("certbot, {server}"),
            commands: vec![certbot.concat()],
            says: format!(
                "It takes the names from the request; with -d it wants exactly these: {names}. --webroot -w DIR or a plugin instead of what is there, as you validate. External account: --eab-kid KID --eab-hmac-key KEY."
            ),
        },
        Way {
            title: format!("lego, {server}"),
            commands: vec![lego5, lego4],
            says: "The first is for lego 5, the second for lego 4. External account: --eab with --eab.kid and --eab.hmac (lego 4: --kid and --hmac). It writes .lego/certificates/NAME.crt below the directory where it runs (or --path); NAME is the common name or the first name, with _ for *. Give that file to certrecall complete."
                .to_owned(),
        },
        Way {
            title: format!("acme.sh, {server}"),
            commands: vec![register, sign],
            says: "External account: --eab-kid KID --eab-hmac-key KEY with the first command. It takes the names from the request, and writes fullchain.cer into ~/.acme.sh/NAME, for a key on a curve into ~/.acme.sh/NAME_ecc; NAME is the common name or the first name. Give that file to certrecall complete.".to_owned(),
        },
    ]
}

/// `handoff.md`: everything of [`ways`], the manifest for cert-manager and what to do by hand. `request`: the
/// request in PEM.
#[must_use]
pub fn text(record: &Record, next: &Next, directory: &str, request: &str) -> String {
    let mut out = String::new();
    let operator = next.operator.as_deref();
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "# {}\n",
        if record.subject.is_empty() { "(no subject)".to_owned() } else { code(&record.subject) }
    );
    let names = if record.names.is_empty() {
        "no host names".to_owned()
    } else {
        record.names.iter().map(|n| code(n)).collect::<Vec<_>>().join(", ")
    };
    let others = match manifest::names(request).saturating_sub(record.names.len()) {
        0 => String::new(),
        1 => ", and for 1 name that is not a plain host or address".to_owned(),
        n => format!(", and for {n} names that are not plain hosts or addresses"),
    };
    let place =
        if directory.is_empty() { "beside this file".to_owned() } else { format!("in {}", code(directory)) };
    let _ = writeln!(
        out,
        "The request is `{REQUEST}` {place}; it asks for {names}{others}. The key stays where it is: no CA needs it.\n"
    );
    let issued = inside(directory, ISSUED);
    // What signs itself is its own root, and nobody knows it yet.
    let own_root = next.reach == Some(Reach::SelfSigned);
    let case = directory.rsplit_once(&format!("/{REPLACEMENTS}/")).map(|(case, _)| case);
    let mut complete = vec!["certrecall", "complete", case.unwrap_or("CASE"), &issued];
    if own_root {
        complete.extend(["--root", &issued]);
    }
    let where_to = if case.is_some() { "" } else { ", with the directory of the case as CASE" };
    let _ = writeln!(out, "Then{where_to}, what came back is checked and put together with its key:\n");
    let _ = writeln!(out, "    {}\n", shell::line(&complete));
    if no_challenge_for_all(record) {
        out.push_str("**No ACME order works for this request**: a wildcard is validated over DNS alone (RFC 8555 section 7.1.3), an address never is (RFC 8738 section 7). Ask for two certificates: move this directory out of the case, and make the request again with --san drop:NAME.\n\n");
    }
    if record.waits_for_new_ca {
        out.push_str(
            "**Wait**: the CA of the old certificate is exposed itself. Hand this in at the new one.\n\n",
        );
    }
    if let Some(days) = next.max_days.filter(|_| next.reach == Some(Reach::Public)) {
        let _ = writeln!(out, "A public CA makes it valid for {days} days at most.\n");
    }
    differs(&mut out, record);
    for Way { title, commands, says } in ways(record, next, directory) {
        let _ = writeln!(out, "## {}\n", code(&title));
        commands.iter().for_each(|command| out.push_str(&format!("    {}\n", shell::line(command))));
        let _ = writeln!(out, "\n{}", if says.is_empty() { String::new() } else { format!("{says}\n") });
    }
    by_hand(&mut out, record, next, operator, directory);
    if next.reach != Some(Reach::Public) || !next.acme.is_empty() {
        manifest::manifest(&mut out, record, next, request);
    }
    out
}

/// What the request has otherwise than the old certificate, so that nobody finds out by a name that is not
/// served.
fn differs(out: &mut String, record: &Record) {
    /// The others are in the record.
    const SHOWN: usize = 50;
    // Of some that is kept there is more to say.
    let as_it_was = |c: &Change| {
        c.action == Action::Kept && matches!(c.reason.as_str(), "byte by byte" | "byte by byte, critical")
    };
    let differs = |c: &&Change| !as_it_was(c) && !OF_THE_CA.contains(&c.what.as_str());
    let all: Vec<&Change> = record.changes.iter().filter(differs).collect();
    if all.is_empty() {
        return;
    }
    out.push_str("## Not as in the old certificate, or to be known\n\n");
    for Change { what, action, reason } in all.iter().take(SHOWN) {
        let _ = writeln!(out, "- {action}: {}: {}", code(what), escape(reason));
    }
    if all.len() > SHOWN {
        let _ = writeln!(out, "- and {} more, in `{RECORD}`", all.len() - SHOWN);
    }
    out.push('\n');
}

fn by_hand(out: &mut String, record: &Record, next: &Next, operator: Option<&str>, directory: &str) {
    let who = operator
        .map_or_else(|| if next.issuer.is_empty() { "the CA".to_owned() } else { code(&next.issuer) }, code);
    let _ = writeln!(out, "## By hand\n");
    match next.reach {
        Some(Reach::Public) if next.retired.is_some() => {
            let why = escape(next.retired.as_deref().unwrap_or_default());
            let _ = writeln!(
                out,
                "Order the certificate at another CA than {who} ({why}), and paste the request there; choose no key of theirs. Deploy it before the old one is revoked."
            );
        }
        Some(Reach::Public) => {
            let _ = writeln!(
                out,
                "1. Log in where the old certificate was ordered: at {who}, or at the reseller it was bought from."
            );
            out.push_str("2. Reissue or replace the old order, not renew it: paste the request, and choose no key of theirs.\n");
            out.push_str("3. Ask whether the old certificate is revoked by that, and when: some CAs do it by themselves after a day or three. Deploy the new one before.\n");
        }
        Some(Reach::SelfSigned) => {
            out.push_str("Nobody issued the old certificate: it signed itself. Better ask a CA of your own; or sign the request with its own key, and give the new certificate to whoever trusts the old one:\n\n");
            let [request, key, issued] = [REQUEST, KEY, ISSUED].map(|name| inside(directory, name));
            let command = [
                "openssl",
                "x509",
                "-req",
                "-in",
                &request,
                "-key",
                &key,
                "-copy_extensions",
                "copyall",
                "-days",
                "365",
                "-out",
                &issued,
            ];
            let _ = writeln!(out, "    {}", shell::line(&command));
        }
        _ => {
            let _ = writeln!(
                out,
                "Give the request to whoever runs {who}, over a channel where it cannot be swapped: its SHA-256 (DER) is {}.",
                record.request_sha256
            );
        }
    }
    out.push('\n');
}
