//! Objects in every text form that people and programs put around them: each form, and each form in another
//! one, gives the same objects as the plain file.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use certrecall::finding::Reason;
use certrecall::pki::{Object, Unread};
use certrecall::read::{self, Item, read_bytes};

const CERTIFICATE: &str = include_str!("../../testdata/pkcs7/a.pem");
const BUNDLE: &str = include_str!("../../testdata/incident/uploads/acme/help.acme.example.pem");
const ENCRYPTED: &str = "-----BEGIN RSA PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF

c29tZXRoaW5nIHRoYXQgaXMgbm90IGEga2V5IGJ1dCBsb25nIGVub3VnaCB0byBm
aWxsIHNvbWUgbGluZXMsIGFuZCB3aXRoIHdob2xlIGNpcGhlciBibG9ja3MuLi4u
-----END RSA PRIVATE KEY-----
";

fn base64(bytes: impl AsRef<[u8]>) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

fn fold(text: &str, width: usize, ending: &str) -> String {
    text.as_bytes().chunks(width).map(|c| std::str::from_utf8(c).unwrap()).collect::<Vec<_>>().join(ending)
}

fn wide(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
}

fn hex(bytes: &[u8], before: &str, between: &str) -> String {
    bytes.iter().map(|b| format!("{before}{b:02x}")).collect::<Vec<_>>().join(between)
}

fn percent(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().fold(String::new(), |mut out, b| {
        if keep(b) {
            out.push(char::from(b))
        } else {
            write!(out, "%{b:02X}").unwrap()
        }
        out
    })
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn lines(text: &str, each: impl Fn(usize, &str) -> String) -> String {
    text.lines().enumerate().map(|(i, line)| each(i, line) + "\n").collect()
}

fn dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (i, line) in bytes.chunks(16).enumerate() {
        let shown: String =
            line.iter().map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '.' }).collect();
        writeln!(text, "{:08x}  {:<49} |{shown}|", i * 16, hex(line, "", " ")).unwrap();
    }
    text
}

fn der(pem: &str) -> Vec<u8> {
    let digits: String = pem.lines().filter(|l| !l.starts_with('-')).collect();
    base64_simd::STANDARD.decode_to_vec(digits).unwrap()
}

/// Parts of several lengths, the first of them not the longest.
fn fold_unevenly(text: &str, between: &str) -> String {
    let (mut rest, mut parts) = (text, Vec::new());
    for width in [46, 79, 77, 90, 61, 88].into_iter().cycle() {
        let (part, behind) = rest.split_at(width.min(rest.len()));
        parts.push(part);
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    parts.join(between)
}

fn list(bytes: &[u8], one: impl Fn(u8) -> String) -> String {
    bytes.iter().map(|b| one(*b)).collect::<Vec<_>>().join(", ")
}

fn block(text: &str) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", fold(text, 64, "\n"))
}

fn pem(der: &[u8]) -> String {
    block(&base64(der))
}

/// Quoted-printable, as mail has it (RFC 2045 section 6.7).
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for line in text.split('\n') {
        let mut width = 0;
        for b in line.bytes() {
            let one = if b == b'=' || !(b' '..=b'~').contains(&b) {
                format!("={b:02X}")
            } else {
                char::from(b).to_string()
            };
            if width + one.len() > 75 {
                out.push_str("=\r\n");
                width = 0;
            }
            width += one.len();
            out.push_str(&one);
        }
        out.push_str("\r\n");
    }
    out
}

fn mail(text: &str) -> String {
    format!("Content-Transfer-Encoding: quoted-printable\r\n\r\nHello,\r\n{}\r\n--border--\r\n", quoted(text))
}

/// A form of text around text.
type Form = (&'static str, fn(&str) -> String);

/// Forms that hold any text, also one that is in another form.
const FORMS: &[Form] = &[
    ("plain", |t| t.to_owned()),
    ("CRLF", |t| t.replace('\n', "\r\n")),
    ("JSON", |t| format!("{{\"a\":1,\"pem\":{}}}", json(t))),
    ("JSON with escaped slashes", |t| json(t).replace('/', "\\/")),
    ("JSON in JSON", |t| json(&json(t))),
    ("JSON in JSON in JSON", |t| json(&json(&json(t)))),
    ("YAML block", |t| format!("a: 1\npem: |\n{}b: 2\n", lines(t, |_, l| format!("  {l}")))),
    ("comment #", |t| lines(t, |_, l| format!("# {l}"))),
    ("comment //", |t| lines(t, |_, l| format!("// {l}"))),
    ("quoted mail", |t| lines(t, |_, l| format!("> {l}"))),
    ("syslog", |t| lines(t, |i, l| format!("Nov  1 12:00:{:02} host app[12]: {l}", i % 60))),
    ("docker", |t| {
        lines(t, |i, l| {
            format!(
                "{{\"log\":{},\"stream\":\"stdout\",\"time\":\"2016-11-01T12:00:00.{i:03}Z\"}}",
                json(&format!("{l}\n"))
            )
        })
    }),
    ("C", |t| lines(t, |_, l| format!("  {}", json(&format!("{l}\n"))))),
    ("Java", |t| lines(t, |_, l| format!("    {} +", json(&format!("{l}\n"))))),
    ("XML", |t| {
        format!("<a b=\"{}\"/>", t.replace('&', "&amp;").replace('<', "&lt;").replace('\n', "&#10;"))
    }),
    ("Secret", |t| format!("data:\n  tls.crt: {}\n  z: YQ==\n", base64(t))),
    ("Secret, folded", |t| {
        format!("data:\n  tls.crt: |\n    {}\n  z: YQ==\n", fold(&base64(t), 76, "\n    "))
    }),
    ("Secret of a Secret", |t| format!("data:\n  x: {}\n", base64(base64(t)))),
    ("base64 in three layers", |t| base64(base64(base64(t)))),
    ("base64 of UTF-16", |t| format!("x: {}\n", base64(wide(t, false)))),
    ("base64 of UTF-16 with a mark", |t| format!("x: {}\n", base64(wide(&format!("\u{feff}{t}"), false)))),
    ("base64 of UTF-16BE", |t| format!("x: {}\n", base64(wide(t, true)))),
    ("base64 in string literals", |t| lines(&fold(&base64(t), 64, "\n"), |_, l| format!("    \"{l}\" +"))),
    ("base64 in comments", |t| lines(&fold(&base64(t), 64, "\n"), |_, l| format!("# {l}"))),
    ("base64 in a log", |t| {
        lines(&fold(&base64(t), 64, "\n"), |i, l| format!("Nov  1 12:00:{:02} host app: {l}", i % 60))
    }),
    ("base64 with line ends escaped twice", |t| json(&json(&fold(&base64(t), 76, "\n")))),
    ("part of a mail", |t| {
        format!("Content-Transfer-Encoding: base64\n\n{}\n\n--border--\n", fold(&base64(t), 76, "\n"))
    }),
    ("hexadecimal", |t| hex(t.as_bytes(), "", "")),
    ("hexadecimal in JSON", |t| format!("{{\"pem\":\"{}\"}}", hex(t.as_bytes(), "", ""))),
    ("SQL", |t| format!("INSERT INTO t VALUES (1,X'{}','x');\n", hex(t.as_bytes(), "", ""))),
    ("array of C", |t| {
        format!(
            "unsigned char p[] = {{\n  {}\n}};\nunsigned int p_len = {};\n",
            hex(t.as_bytes(), "0x", ", "),
            t.len()
        )
    }),
    ("array of numbers", |t| format!("{{\"type\":\"Buffer\",\"data\":{:?}}}", t.as_bytes())),
    ("registry of Windows", |t| {
        format!("\"Blob\"=hex:{}\r\n", fold(&hex(t.as_bytes(), "", ","), 75, "\\\r\n  "))
    }),
    ("dump", |t| dump(t.as_bytes())),
];

/// Forms for the text of blocks alone.
const OUTER: &[Form] = &[
    ("byte order mark", |t| format!("\u{feff}{t}")),
    ("CR", |t| t.replace('\n', "\r")),
    ("doubled CR", |t| t.replace('\n', "\r\r\n")),
    ("blank lines", |t| t.replace('\n', "\n\n")),
    ("one line", |t| t.trim().replace("KEY-----\n", "KEY-----\\n").replace('\n', "\\n")),
    ("prefix that looks like a header", |t| lines(t, |_, l| format!("web: {l}"))),
    ("rsyslog", |t| format!("Nov  1 12:00:00 host app: {}\n", t.replace('\n', "#012"))),
    ("colours", |t| lines(t, |_, l| format!("\u{1b}[32m{l}\u{1b}[0m"))),
    ("URL", |t| format!("a=1&pem={}&b=2", percent(t))),
    ("URL, escaped twice", |t| format!("a=1&pem={}&b=2", percent(&percent(t)))),
    ("URL, dashes too", |t| format!("a=1&pem={}&b=2", percent(t).replace('-', "%2D"))),
    ("URL, everything", |t| t.bytes().fold(String::new(), |s, b| s + &format!("%{b:02X}"))),
    ("XML, dashes too", |t| t.replace('-', "&#45;")),
    ("XML, everything", |t| t.bytes().fold(String::new(), |s, b| s + &format!("&#{b};"))),
    ("XML, escaped twice", |t| t.replace('\n', "&amp;#10;")),
    ("JSON, dashes too", |t| json(t).replace('-', "\\u002d")),
    ("pretty dashes", |t| t.replace("-----", "\u{2014}\u{2013}-\u{2014}")),
    ("quoted-printable", mail),
    ("path of a URL", |t| format!("https://host.example/a/{}", base64(t))),
];

/// What a file gave: kinds with the names of their objects, sorted.
fn objects(bytes: &[u8]) -> Vec<String> {
    let mut all: Vec<String> = read_bytes(bytes).iter().map(name).collect();
    all.sort();
    all
}

fn name(item: &Item) -> String {
    match &item.body {
        Ok(Object::Certificate(certificate)) => format!("certificate {}", certificate.sha256),
        Ok(object) => format!("{} {:?}", object.kind(), object.key().and_then(|k| k.spki)),
        Err(Unread::Locked(reason, _)) => format!("locked {reason}"),
        Err(Unread::Skipped(Reason::NoPkiContent, _)) => "nothing".to_owned(),
        Err(other) => format!("{other:?}"),
    }
}

#[test]
fn every_form_gives_the_same_objects() {
    for plain in [CERTIFICATE, BUNDLE, ENCRYPTED] {
        let wanted = objects(plain.as_bytes());
        assert!(!wanted.contains(&"nothing".to_owned()));
        for (form, wrap) in FORMS.iter().chain(OUTER) {
            let text = wrap(plain);
            assert_eq!(objects(text.as_bytes()), wanted, "{form}:\n{text:.600}");
            for big in [false, true] {
                assert_eq!(objects(&wide(&text, big)), wanted, "{form}, UTF-16");
            }
        }
    }
}

/// Forms that only work on whole lines or that cannot be told apart in others.
const ALONE: &[&str] = &["dump", "array of C", "array of numbers", "registry of Windows"];

#[test]
fn forms_in_one_another_give_the_same_objects() {
    let mut missed = BTreeMap::new();
    let mut tried = 0;
    for plain in [CERTIFICATE, BUNDLE] {
        let wanted = objects(plain.as_bytes());
        for (inner, wrap) in FORMS.iter().filter(|(form, _)| !ALONE.contains(form)) {
            for (outer, wrap_again) in FORMS {
                tried += 1;
                let found = objects(wrap_again(&wrap(plain)).as_bytes());
                if found != wanted {
                    missed.insert(format!("{inner} in {outer}"), found.iter().all(|f| f == "nothing"));
                }
            }
        }
    }
    let silent: Vec<_> = missed.iter().filter(|(_, silent)| **silent).map(|(pair, _)| pair).collect();
    assert_eq!(silent, Vec::<&String>::new(), "nothing may be lost without a record");
    assert!(
        missed.len() * 20 <= tried,
        "{} of {tried} pairs are told but not read: {:?}",
        missed.len(),
        missed.keys()
    );
}

/// A form of text or bytes around DER.
type DerForm = (&'static str, fn(&[u8]) -> Vec<u8>);

const DER_FORMS: &[DerForm] = &[
    ("base64", |d| base64(d).into()),
    ("base64 in string literals", |d| {
        lines(&fold(&base64(d), 64, "\n"), |_, l| format!("    \"{l}\" +")).into()
    }),
    ("base64 in a tuple of Python", |d| {
        format!("s = (\n{})\n", lines(&fold(&base64(d), 64, "\n"), |_, l| format!("    b'{l}'"))).into()
    }),
    ("base64 in an array", |d| {
        format!("[\n{}]\n", lines(&fold(&base64(d), 64, "\n"), |_, l| format!("  \"{l}\","))).into()
    }),
    ("base64 in comments", |d| lines(&fold(&base64(d), 64, "\n"), |_, l| format!("// {l}")).into()),
    ("base64 in a log", |d| {
        lines(&fold(&base64(d), 64, "\n"), |i, l| format!("Nov  1 12:00:{i:02} host app: {l}")).into()
    }),
    ("base64 with <br>", |d| fold(&base64(d), 64, "<br>\n").into()),
    ("base64 with line ends escaped twice", |d| json(&json(&fold(&base64(d), 64, "\n"))).into()),
    ("base64 with slashes escaped twice", |d| json(&json(&base64(d)).replace('/', "\\/")).into()),
    ("base64 of a URL, escaped twice", |d| format!("x={}&b=2", percent(&percent(&base64(d)))).into()),
    ("base64 of a URL with line ends", |d| format!("x={}&b=2", percent(&fold(&base64(d), 64, "\n"))).into()),
    ("base64 of base64", |d| format!("x: {}\n", base64(base64(d))).into()),
    ("base64 of hexadecimal", |d| format!("x: {}\n", base64(hex(d, "", ""))).into()),
    ("base64 of UTF-16 of base64", |d| format!("x: {}\n", base64(wide(&base64(d), false))).into()),
    ("base64 of XML", |d| {
        format!(
            "SAMLResponse={}",
            percent(&base64(format!(
                "<x><X509Certificate>\n{}</X509Certificate></x>",
                fold(&base64(d), 76, "\n")
            )))
        )
        .into()
    }),
    ("base64 with an END behind it", |d| format!("{}-----END CERTIFICATE-----\n", base64(d)).into()),
    ("base64 with a word behind it", |d| format!("{}\nword\n", fold(&base64(d), 64, "\n")).into()),
    ("base64 with dashes around it", |d| format!("{}--\n", base64(d)).into()),
    ("base64 of a line end behind DER", |d| format!("x: {}\n", base64([d, b"\n"].concat())).into()),
    ("base64 of a line end before DER", |d| format!("x: {}\n", base64([b"\n", d].concat())).into()),
    ("base64 of DER with a length before it", |d| {
        format!("x: {}\n", base64([&[0, 0, 9, 9], d].concat())).into()
    }),
    ("hexadecimal with a byte order mark", |d| format!("\u{feff}{}", hex(d, "", "")).into()),
    ("hexadecimal in an environment", |d| format!("A=1\nC={}\nB=1\n", hex(d, "", "")).into()),
    ("hexadecimal in a log", |d| format!("debug: cert: {} end\n", hex(d, "", "")).into()),
    ("bytea", |d| format!("1\t\\\\x{}\tx\n", hex(d, "", "")).into()),
    ("array of C", |d| {
        format!("unsigned char x[] = {{\n  {}\n}};\nunsigned int x_len = {};\n", hex(d, "0x", ", "), d.len())
            .into()
    }),
    ("array of numbers", |d| format!("{{\"cafe\":{d:?}}}").into()),
    ("string of escapes", |d| format!("s = b\"{}\"\n", hex(d, "\\x", "")).into()),
    ("strings of escapes", |d| {
        d.chunks(16).fold("s = ".to_owned(), |s, c| s + &format!("b\"{}\"\\\n    ", hex(c, "\\x", ""))).into()
    }),
    ("string of octal escapes", |d| {
        d.iter().fold("s = \"".to_owned(), |s, b| s + &format!("\\{b:03o}")).into()
    }),
    ("string with escapes", |d| format!("s = b'{}'\n", d.escape_ascii()).into()),
    ("configuration of a router", |d| {
        format!(" certificate ca 01\n  {}\n  \tquit\n", fold(&fold(&hex(d, "", ""), 8, " "), 72, "\n  "))
            .into()
    }),
    ("base64 in literals of any length", |d| {
        format!("x = \"{}\";\n", fold_unevenly(&base64(d), "\" +\n      \"")).into()
    }),
    ("base64 in literals on one line", |d| format!("x = '{}';\n", fold_unevenly(&base64(d), "' + '")).into()),
    ("base64 in literals with a blank before it", |d| {
        format!("x = (\" {}\");\n", fold_unevenly(&base64(d), "\"\n  + \"")).into()
    }),
    ("base64 in literals with line ends", |d| {
        format!("x =\n \"{}\\n\";\n", fold_unevenly(&base64(d), "\\n\"\n \"")).into()
    }),
    ("base64 that is appended", |d| {
        format!("s.append(\"{}\");\n", fold_unevenly(&base64(d), "\");\ns.append(\"")).into()
    }),
    ("base64 of text in literals of any length", |d| {
        format!("x = \"{}\";\n", fold_unevenly(&base64(pem(d)), "\" +\n  \"")).into()
    }),
    ("array of Java", |d| format!("byte[] x = {{\n  {}\n}};\n", hex(d, "(byte)0x", ", ")).into()),
    ("array of Java with casts where they must be", |d| {
        format!(
            "byte[] x = {{{}}};\n",
            list(d, |b| if b > 127 { format!("(byte) {b}") } else { b.to_string() })
        )
        .into()
    }),
    ("bytes as Java prints them", |d| {
        format!("[DEBUG] {}: [{}]\n", d.len(), list(d, |b| b.cast_signed().to_string())).into()
    }),
    ("array of Kotlin", |d| {
        format!("val x = byteArrayOf({})\n", list(d, |b| format!("0x{b:X}.toByte()"))).into()
    }),
    ("tokens of Rust", |d| format!("let x = [{}];\n", list(d, |b| format!("{b}u8"))).into()),
    ("array of Rust with a suffix", |d| {
        format!("let x = [48u8, {}];\n", list(&d[1..], |b| b.to_string())).into()
    }),
    ("array of C with casts", |d| format!("char x[] = {{{}}};\n", hex(d, "(unsigned char) 0x", ",")).into()),
    ("array of C with comments behind the lines", |d| {
        let lines: String = d
            .chunks(8)
            .enumerate()
            .map(|(i, c)| format!("  {}, // offset {}\n", hex(c, "0x", ", "), 8 * i))
            .collect();
        format!("x = {{\n{lines}}};\n").into()
    }),
    ("array of C with comments before the lines", |d| {
        let lines: String = d
            .chunks(8)
            .enumerate()
            .map(|(i, c)| format!("  /* {:04x} */ {},\n", 8 * i, hex(c, "0x", ", ")))
            .collect();
        format!("x = {{\n{lines}}};\n").into()
    }),
    ("bytes of an assembler", |d| {
        d.chunks(8).fold("x:\n".to_owned(), |s, c| s + &format!("\t.byte {}\n", hex(c, "0x", ", "))).into()
    }),
    ("array of Visual Basic", |d| {
        format!("Dim x() As Byte = {{{}}}\n", list(d, |b| format!("&H{b:02X}"))).into()
    }),
    ("array of Pascal", |d| format!("x: array of byte = ({});\n", list(d, |b| format!("${b:02X}"))).into()),
    ("binary of Erlang", |d| format!("X = <<{}>>.\n", list(d, |b| format!("16#{b:X}"))).into()),
    ("strings of PHP", |d| {
        d.chunks(16).fold("$x = ".to_owned(), |s, c| s + &format!("\"{}\" .\n    ", hex(c, "\\x", ""))).into()
    }),
    ("bytes with hyphens, as .NET prints them", |d| {
        format!("Certificate: {}\n", hex(d, "", "-").to_uppercase()).into()
    }),
    ("dump with short offsets", |d| lines(&dump(d), |_, l| l[4..].to_owned()).into()),
    ("block of base64 of text", |d| block(&base64(pem(d))).into()),
    ("block of base64 of base64", |d| block(&base64(base64(d))).into()),
    ("dump", |d| dump(d).into()),
    ("dump in comments", |d| lines(&dump(d), |_, l| format!(" * {l}")).into()),
    ("dump in JSON", |d| json(&dump(d)).into()),
    ("base64 in quoted-printable", |d| mail(&base64(d)).into()),
    ("base64 in lines in quoted-printable", |d| mail(&fold(&base64(d), 64, "\n")).into()),
    ("base64 in long lines in quoted-printable", |d| mail(&fold(&base64(d), 76, "\n")).into()),
    ("base64 in an environment in quoted-printable", |d| {
        mail(&format!("A=B\nTLS={}\nB=C", base64(d))).into()
    }),
    ("base64 in JSON in quoted-printable", |d| mail(&format!("{{\"x5c\":[\"{}\"]}}", base64(d))).into()),
    ("hexadecimal in quoted-printable", |d| mail(&hex(d, "", "")).into()),
    ("array of C in quoted-printable", |d| mail(&format!("char x[] = {{{}}};", hex(d, "0x", ", "))).into()),
    ("behind a header", |d| [&b"HEAD\x01\x02"[..], d].concat()),
    ("in a program", |d| [b"MZ", &(0..=255).collect::<Vec<u8>>()[..], d, b"\0\0\0rest"].concat()),
    ("before zeros", |d| [d, &[0; 9]].concat()),
];

#[test]
fn der_in_every_form_gives_the_same_object() {
    let certificate = der(CERTIFICATE);
    let wanted = objects(&certificate);
    for (form, wrap) in DER_FORMS {
        let bytes = wrap(&certificate);
        assert_eq!(objects(&bytes), wanted, "{form}:\n{:.600}", String::from_utf8_lossy(&bytes));
    }
}

/// A public key on P-256, as short as objects are.
fn short_key() -> Vec<u8> {
    let head = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0, 4,
    ];
    [&head[..], &[0x17; 64]].concat()
}

/// Bytes that mean nothing: a linear congruential generator (Knuth's MMIX).
fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

#[test]
fn objects_among_the_tokens_of_a_log() {
    let key = short_key();
    let wide_key =
        wide(&format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", base64(&key)), false);
    for secret in [
        base64(base64(&key)),
        base64(hex(&key, "", "")),
        base64(&wide_key),
        hex(wide_key.as_slice(), "", ""),
        base64([&[9; 60], &key[..]].concat()),
    ] {
        for size in [30, 36, 150, 288, 384] {
            for before in 0..4 {
                let lines: Vec<String> = (0..80)
                    .map(|i| {
                        let token = if i % 20 == before { secret.clone() } else { base64(noise(i, size)) };
                        format!("2016-11-01T12:00:{i:02}Z app token={token} user={i}\n")
                    })
                    .collect();
                let found = objects(lines.concat().as_bytes());
                assert_eq!(found, vec![objects(&key)[0].clone(); 4], "{size} {before} {secret}");
            }
        }
    }
}

#[test]
fn two_lines_of_literals_are_enough() {
    let key = short_key();
    assert_eq!(objects(&key).len(), 1);
    for (line, end) in [("  \"", "\\n\" +\n"), ("\"", "\"\n"), ("# ", "\n")] {
        let text: String = fold(&base64(&key), 64, "\n").lines().map(|l| format!("{line}{l}{end}")).collect();
        assert_eq!(objects(text.as_bytes()), objects(&key), "{text}");
    }
}

#[test]
fn der_behind_der_whatever_lies_between() {
    let certificate = der(CERTIFICATE);
    let one = objects(&certificate);
    for between in [&b""[..], b"\n", b"\r\n", b"\0\0\0", b"JUNK"] {
        let two = [&certificate[..], between, &certificate].concat();
        assert_eq!(objects(&two), [one.clone(), one.clone()].concat(), "{between:?}");
        let behind_text = [CERTIFICATE.as_bytes(), b"some text\n", between, &certificate].concat();
        assert_eq!(objects(&behind_text), [one.clone(), one.clone()].concat(), "behind text, {between:?}");
    }
}

#[test]
fn numbers_and_digits_that_mean_nothing_are_nothing() {
    let signature = format!("30450220{}022100{}", "7a".repeat(32), "9b".repeat(33));
    let hash = format!("3031300d060960864801650304020105000420{}", "5c".repeat(32));
    for text in [
        signature.clone(),
        format!("{{\"signature\":\"{signature}\"}}"),
        format!("{{\"digest\":\"{hash}\"}}"),
        format!("token: {}", base64([0x5a; 200])),
        (0..5000).map(|i| format!("{}, ", i % 256)).collect(),
        "0".repeat(10_000),
        "00000000 ".repeat(2000),
        "deadbeef".repeat(500),
        "-----\u{2014}BEGIN\u{2014}-----".to_owned(),
    ] {
        assert_eq!(objects(text.as_bytes()), ["nothing"], "{text:.200}");
    }
}

#[test]
fn an_object_that_is_cut_short_is_told_whatever_lies_in_it() {
    let mut bytes = der(CERTIFICATE);
    let outer = [&[0x30, 0x82, 0x7f, 0xff, 0x02, 0x01, 0x03], &bytes[..]].concat();
    assert_eq!(objects(&outer).len(), 2, "the certificate, and that what it lies in is cut short");
    bytes.truncate(bytes.len() - 1);
    assert!(matches!(
        read_bytes(&bytes)[..],
        [Item { body: Err(Unread::Unreadable(Reason::BadObject, _)), .. }]
    ));
}

/// The stores of Windows and NSS hold certificates as they are.
#[test]
fn certificates_in_stores_that_are_not_opened() {
    let certificate = der(CERTIFICATE);
    for head in [&b"\0\0\0\0CERT"[..], b"\0\x06\x15\x61", b"kych\0\x01"] {
        let store = [
            head,
            &[0x20, 0, 0, 0, 1, 0, 0, 0, 9, 3, 0, 0],
            &certificate[..],
            &[3, 0, 0, 0, 9],
            &certificate,
        ]
        .concat();
        let found = objects(&store);
        assert_eq!(found.iter().filter(|f| **f == objects(&certificate)[0]).count(), 2, "{found:?}");
        assert_eq!(found.len(), 3, "and that the store was not opened: {found:?}");
    }
}

#[test]
fn ber_that_is_nothing_is_told() {
    // A container of a kind that does not exist, with nothing in it.
    let oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0e, 1, 7, 2];
    let whole = [&[0x30, 0x80][..], &oid, &[0xa0, 0x80, 4, 1, 9, 0, 0, 0, 0]].concat();
    let told = |bytes: &[u8]| read_bytes(bytes).into_iter().map(|item| item.body.err()).collect::<Vec<_>>();
    assert!(
        matches!(told(&whole)[..], [Some(Unread::Skipped(Reason::OtherFormat, _))]),
        "{:?}",
        told(&whole)
    );
    assert!(matches!(told(&whole[..whole.len() - 2])[..], [Some(Unread::Unreadable(Reason::BadObject, _))]));
    assert!(matches!(told(&[0x30, 0x80, b'a', b'b'])[..], [Some(Unread::Skipped(Reason::NoPkiContent, _))]));
}

/// Signs that are digits of base64 too, as many as make a run, right before a marker and behind one.
#[test]
fn a_block_is_found_whatever_signs_stand_before_it() {
    let wanted = objects(CERTIFICATE.as_bytes());
    for sign in ["+", "-", "/", "\\", "%", "+-", "%2B"] {
        for count in [1, 39, 70, 100, 5000] {
            let signs = sign.repeat(count);
            assert_eq!(objects(format!("{signs}{CERTIFICATE}").as_bytes()), wanted, "{count} {sign}");
            assert_eq!(
                objects(format!("{}{signs}{}", CERTIFICATE, CERTIFICATE).as_bytes()).len(),
                2 * wanted.len(),
                "{count} {sign}"
            );
        }
    }
}

/// Source code has markers in it, and files lose their ends.
#[test]
fn what_follows_a_block_without_an_end_is_read() {
    let certificate = der(CERTIFICATE);
    let one = objects(&certificate);
    let object = format!("x = \"{}\";\n", base64(&certificate));
    let cut = CERTIFICATE
        .lines()
        .filter(|l| !l.starts_with("-----END"))
        .map(|l| format!("{l}\n"))
        .collect::<String>();
    for (before, more) in [
        ("read(\"-----BEGIN CERTIFICATE-----\" + PEM.CERTIFICATE_2);\n".to_owned(), false),
        ("read(\"-----BEGIN CERTIFICATE-----\" + keys.ec(\"aQFxyzA\", 12) + tail(PEM_EC, 2)) /* and so on, for all of them */\n".to_owned(), false),
        ("-----BEGIN CERTIFICATE-----\nZQFh words\n".to_owned(), false),
        (cut.clone(), true),
        (lines(&cut, |_, l| format!("# {l}")), true),
        (lines(&cut, |i, l| format!("Nov  1 12:00:{i:02} host app: {l}")), true),
    ] {
        for behind in [&object, CERTIFICATE, &hex(&certificate, "0x", ", ")] {
            let found = objects(format!("{before}\nmore text\n{behind}").as_bytes());
            assert_eq!(found.iter().filter(|f| **f == one[0]).count(), 1 + usize::from(more), "{before}\n{behind:.100}\n{found:?}");
        }
    }
}

/// Bundles whose markers between the certificates were lost, whatever padding each of them ends with.
#[test]
fn objects_one_behind_another_in_a_block() {
    let whole = der(CERTIFICATE);
    // The length of the signature decides on the padding, and nobody looks at what is in it.
    let shorter = |by: u8| {
        let (signature, mut der) = (whole.len() - 73, whole[..whole.len() - usize::from(by)].to_vec());
        assert_eq!(
            (der[..2].to_vec(), der[signature - 2..signature].to_vec()),
            (vec![0x30, 0x82], vec![3, 73])
        );
        der[3] -= by;
        der[signature - 1] -= by;
        der
    };
    let all: Vec<Vec<u8>> = (0..3).map(shorter).collect();
    assert_eq!(
        all.iter().map(|der| der.len() % 3).collect::<std::collections::BTreeSet<_>>().len(),
        3,
        "every padding"
    );
    for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for between in ["\n", "\n\n"] {
            let body =
                order.iter().map(|i| fold(&base64(&all[*i]), 64, "\n")).collect::<Vec<_>>().join(between);
            let text = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
            let mut wanted: Vec<String> = all.iter().flat_map(|der| objects(der)).collect();
            wanted.sort();
            assert_eq!(objects(text.as_bytes()), wanted, "{text}");
            assert_eq!(objects(text.repeat(3).as_bytes()).len(), 9, "the same again");
        }
    }
}

#[test]
fn the_same_broken_block_twice_names_both_lines() {
    let block = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    let details: Vec<String> = read_bytes(block.repeat(3).as_bytes())
        .into_iter()
        .map(|item| match item.body {
            Err(Unread::Unreadable(Reason::BadBase64, detail)) => detail,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        details.iter().map(|d| d.split(':').next().unwrap()).collect::<Vec<_>>(),
        ["line 2", "line 5", "line 8"]
    );
}

#[test]
fn equal_texts_are_read_by_what_stands_before_each() {
    let told = |first: &str| {
        lines(ENCRYPTED, |i, l| format!("Nov  1 12:00:00 host app: {}{l}", if i == 0 { first } else { "" }))
    };
    let (one, other) = (told(""), told("1,name,\""));
    let wanted = objects(one.as_bytes());
    assert_ne!(wanted, objects(other.as_bytes()), "else nothing is tried here");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log"), [&one[..], &one, &one, &other, &other, &one].concat()).unwrap();
    let roots = read::Roots::open(&[folder.path().to_owned()]).unwrap();
    let mut found = Vec::new();
    let consume = |files: Vec<read::Found>| -> Result<(), std::convert::Infallible> {
        found.extend(files.iter().flat_map(|file| &file.items).map(name));
        Ok(())
    };
    read::read(&roots, &read::Options::default(), Vec::new, Vec::push, consume).unwrap();
    assert_eq!(found.iter().filter(|of| **of == wanted[0]).count(), 4, "{found:?}");
}

#[test]
fn objects_in_columns_of_a_table() {
    let key = short_key();
    for secret in [base64(&key), base64(base64(&key)), hex(&key, "", ""), base64(hex(&key, "", ""))] {
        for row in 0..8u64 {
            for between in [" ", "  ", "\t"] {
                let one = |i: u64| {
                    let token = |n: u64| base64(noise(i * 3 + n, 30));
                    let second = if i == row { secret.clone() } else { token(1) };
                    format!("{i:04} {}{between}{second}{between}{} end\n", token(0), token(2))
                };
                let text: String = (0..8).map(one).collect();
                assert_eq!(objects(text.as_bytes()), objects(&key), "{text}");
            }
        }
    }
}

/// Wherever the line ends of the base64 go through the markers.
#[test]
fn text_behind_anything_in_folded_base64() {
    let plain = objects(BUNDLE.as_bytes());
    for before in 0..=120 {
        let bytes = [&noise(7, before)[..], b"\n", BUNDLE.as_bytes()].concat();
        for (width, ending) in [(76, "\n"), (76, "\r\n"), (64, "\n"), (64, "\n# "), (76, "\n> ")] {
            let start = ending.trim_start();
            let text = format!("{start}{}\n", fold(&base64(&bytes), width, ending));
            assert_eq!(objects(text.as_bytes()), plain, "{before} bytes, lines of {width}, {ending:?}");
        }
    }
}
