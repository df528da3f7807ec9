//! Texts from others, and what is read in them: manifests, times, answers of searches, files about CAs.

use std::collections::HashSet;
use std::fmt::Write as _;

use certrecall::assess::{Decision, Incident, Manifest, Mapping, PathPattern, parse_span};
use certrecall::id::{Fingerprint, SpkiHash};
use certrecall::pki::{self, Object, Parsed, Piece};
use certrecall::plan::ca::{Cas, Ccadb, Issued, Signer};
use certrecall::plan::ct::{self, Asked, Listed};
use certrecall::time::{Time, Written};

use crate::blocks::hold;

/// The first lines of an input that begin with `: `, and the rest with its escapes made real.
pub(crate) fn parts(input: &str) -> (Vec<&str>, Vec<u8>) {
    let options: Vec<&str> = input.lines().map_while(|l| l.strip_prefix(": ")).collect();
    let rest: Vec<&str> = input.lines().skip(options.len()).collect();
    let mut text = rest.join("\n");
    // `: repeat 3 LINE` stands for lines at the end, numbered from 0.
    for repeated in options.iter().filter_map(|o| o.strip_prefix("repeat ")) {
        let (times, line) = repeated.split_once(' ').unwrap();
        (0..times.parse::<usize>().unwrap())
            .for_each(|n| text += &format!("\n{}", line.replace("{n}", &n.to_string())));
    }
    // `: wide 3 ,x` stands for what is added to the first line so often.
    for wide in options.iter().filter_map(|o| o.strip_prefix("wide ")) {
        let (times, more) = wide.split_once(' ').unwrap();
        let first = text.find('\n').unwrap_or(text.len());
        text.insert_str(first, &more.repeat(times.parse().unwrap()));
    }
    let mut out = Vec::new();
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once('\\') {
        out.extend(before.as_bytes());
        (out, rest) = match behind.as_bytes().first() {
            Some(b'x') => {
                ([&out[..], &[u8::from_str_radix(&behind[1..3], 16).unwrap()]].concat(), &behind[3..])
            }
            Some(b'r') => ([&out[..], b"\r"].concat(), &behind[1..]),
            Some(b't') => ([&out[..], b"\t"].concat(), &behind[1..]),
            Some(b'\\') => ([&out[..], b"\\"].concat(), &behind[1..]),
            _ => ([&out[..], b"\\"].concat(), behind),
        };
    }
    out.extend(rest.as_bytes());
    // `: exact` stands for no line end behind the last line.
    if !out.ends_with(b"\r") && !options.contains(&"exact") {
        out.push(b'\n');
    }
    (options, out)
}

pub(crate) fn option<'t>(options: &[&'t str], name: &str) -> Vec<&'t str> {
    options.iter().filter_map(|o| o.strip_prefix(name)).map(str::trim).collect()
}

pub(crate) fn ends(from: Option<Time>, to: Option<Time>) -> String {
    format!(
        "{}..{}",
        from.map(|t| t.to_string()).unwrap_or_default(),
        to.map(|t| t.to_string()).unwrap_or_default()
    )
}

#[test]
fn manifests() {
    hold("manifests.txt", |input| {
        let (options, bytes) = parts(input);
        let mapping = match Mapping::parse(&option(&options, "map")) {
            Ok(mapping) => mapping,
            Err(says) => return says,
        };
        // A line `: next` parts two files.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let pieces: Vec<Vec<u8>> = if text.contains("\n: next\n") {
            text.split("\n: next\n").map(|t| format!("{t}\n").into_bytes()).collect()
        } else {
            vec![bytes]
        };
        let files: Vec<(String, &[u8])> =
            pieces.iter().zip(["m", "n", "o"]).map(|(b, name)| (name.to_owned(), b.as_slice())).collect();
        let mut out = String::new();
        match Manifest::parse_all(&files, &mapping, option(&options, "prefix").first().copied()) {
            Err(error) => writeln!(out, "{error}").unwrap(),
            Ok(manifest) => {
                assert_eq!(manifest.needs_hashes(), manifest.rows.iter().any(|row| row.sha256.is_some()));
                for (at, row) in manifest.rows.iter().enumerate() {
                    if is_left_out(at, manifest.rows.len()) {
                        continue;
                    }
                    let mut line = format!("{}:{}", manifest.names[usize::from(row.file)], row.line);
                    line += &row.path.as_ref().map(|p| format!(" path {p:?}")).unwrap_or_default();
                    line += &row.sha256.map(|h| format!(" hash {}", &h.to_string()[..8])).unwrap_or_default();
                    line += &format!(" {}", ends(row.uploaded.earliest, row.uploaded.latest));
                    line += &row.modified.map(|t| format!(" modified {t}")).unwrap_or_default();
                    line += &row.account.as_ref().map(|a| format!(" account {a:?}")).unwrap_or_default();
                    line += if row.unusable { " unusable" } else { "" };
                    writeln!(out, "{line}").unwrap();
                    if let Some(path) = &row.path {
                        assert!(
                            manifest.rows_for_path(path).any(|r| manifest.rows[r as usize] == *row),
                            "{path}"
                        );
                    }
                    if let Some(hash) = &row.sha256 {
                        assert!(
                            manifest.needs_hashes()
                                && manifest.rows_for_hash(hash).any(|r| manifest.rows[r as usize] == *row)
                        );
                    }
                }
                for (at, f) in manifest
                    .findings
                    .list
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| !is_left_out(*at, manifest.findings.list.len()))
                {
                    writeln!(out, "{at}. {} {}: {}", f.code.as_str(), f.place, f.says).unwrap();
                }
                // What it was taken for, where that is asked for.
                if options.contains(&"taken") {
                    let taken = manifest.taken(&manifest.findings.counts);
                    taken.iter().for_each(|line| writeln!(out, "{line}").unwrap());
                }
            }
        }
        out
    });
}

/// Of very many the first and the last are shown.
fn is_left_out(at: usize, of: usize) -> bool {
    of > 30 && at > 0 && at + 1 < of
}

/// One time a line, as a manifest has it and as `--uploaded` does.
#[test]
fn moments() {
    hold("moments.txt", |input| {
        let mut out = String::new();
        for text in input.lines() {
            let manifest = Manifest::parse("m", format!("path;uploaded_at\na;{text}\n").as_bytes()).unwrap();
            let row = manifest
                .rows
                .first()
                .map_or_else(|| "no row".to_owned(), |r| ends(r.uploaded.earliest, r.uploaded.latest));
            let says: Vec<&str> = manifest.findings.list.iter().map(|f| f.says.as_str()).collect();
            let flag = parse_span(text).map_or_else(|e| e, |s| ends(s.earliest, s.latest));
            let flag = if flag == row { String::new() } else { format!(" | {flag}") };
            writeln!(out, "{text} -> {row} {}{flag}", says.join("; ")).unwrap();
        }
        out
    });
}

fn listed(out: &mut String, listed: &Listed) {
    let Listed { issuer, serial, names, not_before, not_after, crt_sh_id, sha256 } = listed;
    let sha256 = sha256.map(|h| h.to_string()[..8].to_owned());
    let id = crt_sh_id.map(|id| id.to_string());
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    writeln!(
        out,
        "  {issuer:?} {} {} {} id {} sha256 {} {}",
        or(serial),
        names.join(","),
        ends(*not_before, *not_after),
        or(&id),
        or(&sha256),
        listed.address()
    )
    .unwrap();
}

/// A key by its name in these tables.
fn key(name: &str) -> SpkiHash {
    SpkiHash::of(name.as_bytes())
}

/// A text with the hashes that `{key x}` and `{cert x}` stand for.
fn filled(text: &str) -> String {
    let mut out = String::new();
    for (i, part) in text.split("{key ").enumerate() {
        let part = if i == 0 {
            part.to_owned()
        } else {
            part.split_once('}').map(|(name, rest)| key(name).to_string() + rest).unwrap()
        };
        for (i, part) in part.split("{cert ").enumerate() {
            out += &if i == 0 {
                part.to_owned()
            } else {
                part.split_once('}')
                    .map(|(name, rest)| Fingerprint::of(name.as_bytes()).to_string() + rest)
                    .unwrap()
            };
        }
    }
    out
}

#[test]
fn answers_for_one_key() {
    hold("answers.txt", |input| {
        let (_, bytes) = parts(&filled(input));
        let mut out = String::new();
        match ct::read("found.json", &bytes, &[key("k"), key("raw")]) {
            Err(error) => writeln!(out, "{error}").unwrap(),
            Ok(export) => {
                writeln!(
                    out,
                    "{} rows, {} unusable, {} of other keys",
                    export.rows,
                    export.unusable(),
                    export.others()
                )
                .unwrap();
                export.certificates.iter().for_each(|l| listed(&mut out, l));
                export
                    .findings
                    .list
                    .iter()
                    .for_each(|f| writeln!(out, "{} {}: {}", f.code.as_str(), f.place, f.says).unwrap());
            }
        }
        out
    });
}

#[test]
fn answers_for_several_keys() {
    hold("sorted.txt", |input| {
        let filled = filled(input);
        let (options, bytes) = parts(&filled);
        let mut asked: Vec<Asked> = option(&options, "key")
            .iter()
            .map(|k| Asked { key: key(k), names: vec![key(k)], known: Vec::new() })
            .collect();
        for known in option(&options, "known") {
            let parts: Vec<&str> = known.split('|').collect();
            let at: usize = parts[0].trim().parse().unwrap();
            asked[at].known.push(Listed {
                issuer: parts[1].to_owned(),
                serial: (!parts[2].is_empty()).then(|| parts[2].to_owned()),
                names: vec!["known.example".to_owned()],
                not_before: None,
                not_after: None,
                crt_sh_id: None,
                sha256: parts.get(3).map(|name| Fingerprint::of(name.as_bytes())),
            });
        }
        let mut out = String::new();
        match ct::read_sorted("found.json", &bytes, &asked) {
            Err(error) => writeln!(out, "{error}").unwrap(),
            Ok(mut sorted) => {
                let unplaced = sorted.unplaced();
                writeln!(out, "unplaced {}, incomplete {}", unplaced.len(), sorted.is_incomplete()).unwrap();
                let elsewhere: HashSet<String> =
                    unplaced.into_iter().filter(|id| id.contains("elsewhere")).collect();
                sorted.settle(&elsewhere);
                for (at, answer) in sorted.answers.iter().enumerate() {
                    writeln!(out, "key {at}: {}", sorted.why_open(at).unwrap_or_else(|| "closed".to_owned()))
                        .unwrap();
                    answer.certificates.iter().for_each(|l| listed(&mut out, l));
                }
                writeln!(out, "settled, incomplete {}", sorted.is_incomplete()).unwrap();
                sorted
                    .findings
                    .list
                    .iter()
                    .for_each(|f| writeln!(out, "{} {}: {}", f.code.as_str(), f.place, f.says).unwrap());
            }
        }
        out
    });
}

/// A file about CAs, and what it makes of issuers: `: issuer HOSTS | NAME`.
#[test]
fn files_about_cas() {
    let builtin = Cas::builtin().unwrap();
    hold("cas.txt", |input| {
        let filled = filled(input);
        let (options, bytes) = parts(&filled);
        let text = String::from_utf8(bytes).unwrap();
        let mut out = String::new();
        let cas = Cas::parse("cas.toml", &text).and_then(|cas| builtin.clone().with(cas));
        let cas = match cas {
            Ok(cas) => cas,
            Err(error) => return error.to_string(),
        };
        let ccadb = option(&options, "ccadb").join("\n");
        let ccadb = (!ccadb.is_empty()).then(|| Ccadb::read(ccadb.as_bytes()).unwrap());
        for line in option(&options, "issuer") {
            let parts: Vec<&str> = line.split('|').map(str::trim).collect();
            let hosts: Vec<String> = parts[0].split_whitespace().map(str::to_owned).collect();
            let chain: Vec<Signer> = parts
                .get(2)
                .map(|name| Signer { key: key(name), certificate: Fingerprint::of(name.as_bytes()) })
                .into_iter()
                .collect();
            let key_id = parts.get(3).map(|text| text.as_bytes());
            let issued = Issued { issuer: parts[1], hosts: &hosts, chain: &chain, authority_key_id: key_id };
            let found = cas.identify(&issued, ccadb.as_ref());
            let operator = found.operator.map_or("-", |o| &o.id);
            let public = if found.publicly_known { ", publicly known" } else { "" };
            writeln!(
                out,
                "{line} -> {operator}, {}{public}: {} {}",
                found.confidence.as_str(),
                found.because,
                found.acme.join(" ")
            )
            .unwrap();
            writeln!(out, "    {}", Cas::proof_wordings(found.operator, parts[1]).join(" / ")).unwrap();
        }
        out
    });
}

#[test]
fn lists_of_ccadb() {
    hold("ccadb.txt", |input| {
        let filled = filled(input);
        let (options, bytes) = parts(&filled);
        let mut out = String::new();
        match Ccadb::read(bytes.as_slice()) {
            Err(error) => writeln!(out, "{error}").unwrap(),
            Ok(list) => {
                writeln!(
                    out,
                    "{} records, {} bad rows, empty {}",
                    list.len(),
                    list.bad_rows,
                    list.is_empty()
                )
                .unwrap();
                for name in option(&options, "cert") {
                    let signer = Signer { key: key(name), certificate: Fingerprint::of(name.as_bytes()) };
                    match list.of(&signer) {
                        None => writeln!(out, "{name}: none").unwrap(),
                        Some(r) => writeln!(
                            out,
                            "{name}: {} owner {} revoked {} {}",
                            r.operator(),
                            r.owner,
                            r.revoked,
                            r.acme.join(" ")
                        )
                        .unwrap(),
                    }
                }
                for id in option(&options, "id") {
                    writeln!(
                        out,
                        "identifier {id}: {}",
                        list.owner_of_identifier(id.as_bytes()).unwrap_or("none")
                    )
                    .unwrap();
                }
                for (at, p) in
                    list.problems.iter().enumerate().filter(|(at, _)| !is_left_out(*at, list.problems.len()))
                {
                    writeln!(out, "{at}. line {}: {}", p.line, p.says).unwrap();
                }
            }
        }
        out
    });
}

#[test]
fn profiles() {
    hold("profiles.txt", |input| match Incident::from_toml("profile.toml", input) {
        Ok(i) => format!(
            "{} {:?} {} {:?} {} {}",
            i.name,
            i.title,
            i.cutoff,
            i.summary,
            i.advice.len(),
            i.sources.len()
        ),
        Err(error) => error.to_string(),
    });
}

/// A pattern, then a path a line, or a way into archives.
#[test]
fn patterns() {
    hold("patterns.txt", |input| {
        let (first, paths) = input.split_once('\n').unwrap_or((input, ""));
        match PathPattern::parse(first) {
            Err(error) => error.to_string(),
            Ok(pattern) => {
                // The first moment at which it is 2018-06-01 somewhere.
                let now = Written::parse("2018-06-01").unwrap().span().earliest.unwrap();
                let date = |path: &str| match path.split_once("!/") {
                    Some((path, member)) => pattern.look_within(path, member, now),
                    None => pattern.look(path),
                };
                paths.lines().map(|path| format!("{path} -> {:?}\n", date(path))).collect()
            }
        }
    });
}

/// What `--clear` and `--misuse` are given, one a line.
#[test]
fn decisions() {
    hold("decisions.txt", |input| {
        let at = Time::from_unix(0);
        let of = |text: &str| {
            let shown = |(key, d): (SpkiHash, Decision)| {
                let record = serde_json::to_string(&d).unwrap();
                assert_eq!(serde_json::from_str::<Decision>(&record).unwrap(), d);
                format!("{key} {record}")
            };
            let (clear, misuse) =
                (Decision::clear(text, at).map(shown), Decision::misuse(text, at).map(shown));
            format!("{text}\n  {}\n  {}\n", clear.unwrap_or_else(|e| e), misuse.unwrap_or_else(|e| e))
        };
        filled(input).lines().map(of).collect::<String>().replace(&key("k").to_string(), "<key k>")
    });
}

/// Mozilla's roots and who runs them, as far as that is known.
#[test]
fn roots() {
    hold("roots.txt", |_| {
        let cas = Cas::builtin().unwrap();
        let of = |der: &[u8]| {
            let Ok(Parsed::Object(Piece { body: Object::Certificate(root), .. })) = pki::read_der(der) else {
                panic!("not a certificate")
            };
            let key = root.key.spki.unwrap();
            assert!(cas.is_public_root(&key) && cas.anchors().have(&key));
            let chain = [Signer { key, certificate: root.sha256 }];
            let found =
                cas.identify(&Issued { issuer: &root.subject, chain: &chain, ..Issued::default() }, None);
            assert!(found.publicly_known);
            format!(
                "{} -> {} {}\n",
                root.subject,
                found.operator.map_or("-", |o| &o.id),
                found.confidence.as_str()
            )
        };
        let mut all: Vec<String> =
            webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|root| of(root)).collect();
        all.sort_unstable();
        let mut more = cas.clone();
        let own = crate::common::pki::private_ca();
        assert!(
            !cas.is_public_root(&own.key.spki())
                && !more.add_root(b"not a certificate")
                && more.add_root(&own.der)
        );
        assert!(more.is_public_root(&own.key.spki()) && more.anchors().have(&own.key.spki()));
        all.concat()
    });
}
