//! The splitter as a whole: every form of wrapping, broken neighbours, the strict decoder as oracle, noise.

use proptest::collection::vec;
use proptest::prelude::*;

use super::block::{BlockError, Decoded};
use super::headers::Headers;
use super::*;
use crate::finding::{Code, Codes, Reason};
use crate::pki::der;

/// What a buffer gave: offset, line, label, and the bytes or the reason.
type Seen = (usize, u32, String, Result<Vec<u8>, Reason>);

fn read(buffer: &[u8]) -> Vec<Seen> {
    let mut out = Vec::new();
    let mut end = 0;
    Splitter::new(buffer)
        .map(|block| {
            assert!(
                block.offset >= end && block.end > block.offset && block.end <= buffer.len(),
                "blocks ascend and do not overlap"
            );
            end = block.end;
            let label = String::from_utf8_lossy(&block.name()).into_owned();
            let result = block.decode(&mut out).map(|_| out.clone()).map_err(|e| e.reason);
            (block.offset, block.line, label, result)
        })
        .collect()
}

fn only(text: &[u8]) -> (Vec<u8>, Decoded) {
    let mut out = Vec::new();
    let blocks: Vec<_> = Splitter::new(text).collect();
    assert_eq!(blocks.len(), 1, "{}", String::from_utf8_lossy(text));
    let decoded =
        blocks[0].decode(&mut out).unwrap_or_else(|e| panic!("{e:?} in {}", String::from_utf8_lossy(text)));
    (out, decoded)
}

fn failure(text: &str) -> BlockError {
    let block = Splitter::new(text.as_bytes()).next().expect("a block");
    block.decode(&mut Vec::new()).expect_err("no object")
}

/// A SEQUENCE of one OCTET STRING; about `size` bytes that look random, so that `+` and `/` occur.
fn object(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ size as u64;
    let bytes: Vec<u8> = (0..size)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect();
    der::tlv(der::SEQUENCE, &der::tlv(der::OCTET_STRING, &bytes))
}

fn pem(label: &str, bytes: &[u8], width: usize) -> String {
    let text = base64_simd::STANDARD.encode_to_string(bytes);
    let lines: Vec<_> =
        text.as_bytes().chunks(width).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Puts something around each line.
fn each_line(pem: &str, wrap: impl Fn(usize, &str) -> String) -> String {
    pem.lines().enumerate().map(|(i, line)| wrap(i, line)).collect()
}

fn percent(pem: &str, blank: &str) -> String {
    pem.replace('%', "%25")
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
        .replace('\n', "%0A")
        .replace(' ', blank)
}

type Form = (&'static str, fn(&str) -> String);

/// Every wrapping, as a function of a well-formed block.
const FORMS: &[Form] = &[
    ("plain", |p| p.to_owned()),
    ("crlf", |p| p.replace('\n', "\r\n")),
    ("cr", |p| p.replace('\n', "\r")),
    ("mixed", |p| p.replacen('\n', "\r\n", 3).replacen("\n-", "\r-", 1)),
    ("mark", |p| format!("\u{feff}{p}")),
    ("no final newline", |p| p.trim_end().to_owned()),
    ("trailing blanks", |p| p.replace('\n', " \t \n")),
    ("blank lines", |p| p.replace('\n', "\n\n")),
    ("one line", |p| p.replace('\n', "")),
    ("one line with blanks", |p| p.replace('\n', " ")),
    ("indented", |p| each_line(p, |_, l| format!("    {l}\n"))),
    ("tabs", |p| each_line(p, |_, l| format!("\t{l}\n"))),
    ("yaml", |p| format!("tls.crt: |\n{}other: x\n", each_line(p, |_, l| format!("  {l}\n")))),
    ("folded", |p| format!("cert: \"{}\"\n", each_line(p, |_, l| format!("{l}\n\n  ")))),
    ("mail", |p| each_line(p, |_, l| format!("> {l}\n"))),
    ("mail without blank", |p| each_line(p, |_, l| format!(">{l}\n"))),
    ("deep mail", |p| each_line(p, |_, l| format!("> > {l}\r\n"))),
    ("html mail", |p| each_line(p, |_, l| format!("&gt; {l}<br>\n"))),
    ("hash", |p| each_line(p, |_, l| format!("# {l}\n"))),
    ("slashes", |p| each_line(p, |_, l| format!("// {l}\n"))),
    ("tight slashes", |p| each_line(p, |_, l| format!("//{l}\n"))),
    ("stars", |p| format!("/*\n{} */\n", each_line(p, |_, l| format!(" * {l}\n")))),
    ("star on the first line", |p| {
        each_line(p, |i, l| format!("{}{l}\n", if i == 0 { "/* " } else { " * " }))
    }),
    ("diff", |p| each_line(p, |_, l| format!("+{l}\n"))),
    ("changing diff", |p| each_line(p, |i, l| format!("{}{l}\n", ['+', ' ', ' '][i % 3]))),
    ("csv", |p| format!("1,\"{p}\",x\n")),
    ("json", |p| format!("{{\"a\": \"{}\"}}\n", p.replace('\n', "\\n"))),
    ("json crlf slash", |p| format!("{{\"a\": \"{}\"}}\n", p.replace('/', "\\/").replace('\n', "\\r\\n"))),
    ("json in json", |p| format!("\"{{\\\"a\\\": \\\"{}\\\"}}\"\n", p.replace('\n', "\\\\n"))),
    ("json unicode", |p| p.replace('+', "\\u002B").replace('=', "\\u003d").replace('\n', "\\u000a")),
    ("hex escapes", |p| p.replace('=', "\\x3d").replace('\n', "\\x0a")),
    ("octal escapes", |p| p.replace('\n', "\\012")),
    ("backtick", |p| p.replace('\n', "`r`n")),
    ("java", |p| each_line(p, |_, l| format!("    \"{l}\\n\" +\n"))),
    ("c", |p| each_line(p, |_, l| format!("\"{l}\\r\\n\"\n"))),
    ("php", |p| each_line(p, |_, l| format!("  '{l}' . \n"))),
    ("basic", |p| each_line(p, |_, l| format!("  \"{l}\" & vbCrLf & _\n"))),
    ("python", |p| each_line(p, |_, l| format!("    b'{l}\\n'\n"))),
    ("array", |p| format!("[\n{}]\n", each_line(p, |_, l| format!("  \"{l}\",\n")))),
    ("continued", |p| each_line(p, |_, l| format!("{l}\\n\\\n"))),
    ("html", |p| p.replace('\n', "<br/>\n")),
    ("html on one line", |p| format!("<p>{}</p>\n", p.replace('\n', "<br>"))),
    ("xml", |p| p.replace('\n', "&#13;\n")),
    ("xml feeds", |p| p.replace('\n', "&#xA;").replace('+', "&#43;")),
    ("url", |p| percent(p, "%20")),
    ("form", |p| percent(p, "+")),
    ("sloppy url", |p| p.replace(' ', "%20").replace('\n', "%0A")),
    ("twice in a url", |p| percent(p, "%20").replace("%0A", "%250A").replace("%2B", "%252B")),
    ("quoted-printable", |p| p.replace('=', "=3D").replace('\n', "=0A=\n")),
    ("zero bytes", |p| p.replace('\n', "\n\0")),
    ("fixed log", |p| each_line(p, |i, l| format!("2016-10-06T00:17:{:02}.669Z stdout F {l}\n", i % 60))),
    ("log", |p| each_line(p, |i, l| format!("Oct 6 00:17 app[{}]: INFO {l}\n", i * 37))),
    ("numbered", |p| each_line(p, |i, l| format!("{}: {l}\n", i + 8))),
    ("container log", |p| {
        each_line(p, |i, l| {
            format!("{{\"log\":\"{l}\\n\",\"stream\":\"stdout\",\"time\":\"2016-10-06T00:17:09.{i}Z\"}}\n")
        })
    }),
    ("table", |p| each_line(p, |i, l| format!("| {i} | {l} | ok |\n"))),
    ("lower case", |p| {
        p.replace("BEGIN CERTIFICATE", "begin certificate").replace("END CERTIFICATE", "end certificate")
    }),
    ("four dashes", |p| p.replace("-----", "----")),
    ("six dashes", |p| p.replace("-----", "------")),
    ("blanks around words", |p| {
        p.replace("-----BEGIN ", "----- BEGIN ").replace("CERTIFICATE-----", "CERTIFICATE -----")
    }),
    ("damaged end", |p| p.replace("-----END CERTIFICATE-----", "-----END CERTIFICATE---")),
    ("zero-width blanks", |p| p.replace('\n', "\u{200b}\n")),
    ("text in front", |p| p.replacen("-----\n", "-----\nSubject of it, in words\n", 1)),
];

#[test]
fn every_form_of_every_length() {
    for (name, form) in FORMS {
        for size in [40, 41, 42, 300, 301, 302, 1500] {
            let bytes = object(size);
            let text = form(&pem("CERTIFICATE", &bytes, 64));
            let seen = read(text.as_bytes());
            assert_eq!(seen.len(), 1, "{name} {size}");
            assert_eq!(seen[0].3.as_deref(), Ok(&bytes[..]), "{name} {size}\n{text}");
            assert_eq!(seen[0].2, "CERTIFICATE", "{name}");
        }
    }
}

#[test]
fn lines_of_every_width() {
    let bytes = object(700);
    for width in [1, 3, 4, 60, 63, 64, 65, 76, 77, 5000] {
        let text = pem("CERTIFICATE", &bytes, width);
        for text in [text.replace('\n', "\r\n"), text] {
            assert_eq!(
                only(text.as_bytes()),
                (
                    bytes.clone(),
                    Decoded {
                        headers: Headers::default(),
                        findings: Codes::NONE,
                        by_prefix: false,
                        reach: None
                    }
                ),
                "{width}"
            );
        }
    }
}

#[test]
fn markers_on_one_line_and_at_any_column() {
    let (a, b) = (object(50), object(60));
    let text = format!("x{}{}y", pem("CERTIFICATE", &a, 64).trim_end(), pem("X509 CRL", &b, 64).trim_end());
    let seen = read(text.as_bytes());
    let second = text.rfind("-----BEGIN").expect("written above");
    assert_eq!(seen, [(1, 1, "CERTIFICATE".into(), Ok(a)), (second, 4, "X509 CRL".into(), Ok(b))]);
}

#[test]
fn an_encrypted_key_keeps_its_headers() {
    let bytes: Vec<u8> = object(200).into_iter().take(160).collect();
    let text = pem("RSA PRIVATE KEY", &bytes, 64);
    let text =
        text.replacen("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233\n\n", 1);
    let forms: [fn(&str) -> String; 9] = [
        |p| p.to_owned(),
        |p| p.replace("\n\n", "\n"),
        |p| p.replace('\n', "\r\n"),
        |p| p.replace('\n', "\\n"),
        |p| p.replace('\n', " "),
        |p| each_line(p, |_, l| format!("    {l}\n")),
        |p| each_line(p, |_, l| format!("+{l}\n")),
        |p| each_line(p, |_, l| format!("> {l}\n")),
        |p| each_line(p, |_, l| format!("\"{l}\\n\" +\n")),
    ];
    for form in forms {
        let text = form(&text);
        let (out, decoded) = only(text.as_bytes());
        assert_eq!(out, bytes, "{text}");
        assert_eq!(
            decoded.headers,
            Headers { encrypted: true, dek_info: Some("AES-128-CBC,00112233".into()) },
            "{text}"
        );
    }
}

#[test]
fn contents_that_are_not_der() {
    let field =
        |bytes: &[u8]| [&u32::try_from(bytes.len()).expect("small").to_be_bytes()[..], bytes].concat();
    let fields = [
        field(b"none"),
        field(b"none"),
        field(b""),
        vec![0, 0, 0, 1],
        field(&object(50)),
        field(&object(90)),
    ];
    let ssh = [&b"openssh-key-v1\0"[..], &fields.concat()].concat();
    for (label, text) in [
        ("OPENSSH PRIVATE KEY", pem("OPENSSH PRIVATE KEY", &ssh, 70)),
        ("OPENSSH PRIVATE KEY", each_line(&pem("OPENSSH PRIVATE KEY", &ssh, 70), |_, l| format!("+{l}\n"))),
        (
            "PGP PUBLIC KEY BLOCK",
            pem("PGP PUBLIC KEY BLOCK", &ssh, 64)
                .replacen("-----\n", "-----\nVersion: x\n\n", 1)
                .replace("\n-----END", "\n=aB3d\n-----END"),
        ),
        ("AGE ENCRYPTED FILE", pem("AGE ENCRYPTED FILE", &ssh, 64)),
        ("AGE ENCRYPTED FILE", pem("AGE ENCRYPTED FILE", &ssh, 64).replace('\n', "\\n")),
        ("AGE ENCRYPTED FILE", each_line(&pem("AGE ENCRYPTED FILE", &ssh, 64), |_, l| format!("+{l}\n"))),
        (
            "SSH2 PUBLIC KEY",
            pem("SSH2 PUBLIC KEY", &ssh, 70)
                .replace("-----B", "---- B")
                .replace("-----E", "---- E")
                .replace("KEY-----", "KEY ----")
                .replacen("----\n", "----\nComment: \"a \\\nb\"\n", 1),
        ),
    ] {
        assert_eq!(read(text.as_bytes())[0].2, label);
        assert_eq!(only(text.as_bytes()).0, ssh, "{text}");
    }
}

#[test]
fn padding_and_labels_that_are_wrong() {
    let bytes = object(40);
    let good = pem("CERTIFICATE", &bytes, 64);
    assert!(good.contains('='));
    for text in [good.replace('=', ""), good.replace('=', "=="), good.replace("\n-----END", "=\n-----END")] {
        let (out, decoded) = only(text.as_bytes());
        assert_eq!((out, decoded.findings), (bytes.clone(), Codes::from_iter([Code::BadPadding])), "{text}");
    }
    let (out, decoded) = only(good.replace("END CERTIFICATE", "END PRIVATE KEY").as_bytes());
    assert_eq!((out, decoded.findings), (bytes, Codes::from_iter([Code::LabelDiffers])));
}

#[test]
fn blocks_without_end() {
    let (a, b) = (object(40), object(300));
    let open = |bytes| pem("CERTIFICATE", bytes, 64).replace("-----END CERTIFICATE-----\n", "");
    for form in [
        |t: String| t,
        |t: String| t.replace('\n', "\\n"),
        |t: String| each_line(&t, |_, l| format!("> {l}\n")),
    ] {
        let text = form(format!("{}and more text\n{}", open(&a), pem("CERTIFICATE", &b, 64)));
        let seen = read(text.as_bytes());
        assert_eq!(
            seen.iter().map(|s| s.3.clone()).collect::<Vec<_>>(),
            [Ok(a.clone()), Ok(b.clone())],
            "{text}"
        );
    }
    assert!(only(open(&b).as_bytes()).1.findings.contains(Code::MissingEnd));
    let cut = &open(&b)[..200];
    assert_eq!(
        failure(cut),
        BlockError { reason: Reason::MissingEnd, detail: "line 1: BEGIN without END".into() }
    );
}

#[test]
fn mentions_in_prose_swallow_nothing() {
    let bytes = object(100);
    let good = pem("CERTIFICATE", &bytes, 64);
    for prose in [
        "It begins with -----BEGIN CERTIFICATE----- as usual.\n",
        "if strings.Contains(s, \"-----BEGIN CERTIFICATE-----\") {\n",
        "from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----\n",
        "-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN \" + name + \"-----\n",
    ] {
        let seen = read(format!("{prose}{good}{prose}{good}").as_bytes());
        assert_eq!(seen.iter().filter(|s| s.3.as_ref() == Ok(&bytes)).count(), 2, "{prose}");
        assert!(seen.iter().all(|s| s.3.is_err() || s.3.as_ref() == Ok(&bytes)), "{prose}");
    }
}

#[test]
fn failures_name_the_line_and_no_secrets() {
    assert_eq!(
        failure("\n-----BEGIN CERTIFICATE-----\nMIIB\nMI!B\n-----END CERTIFICATE-----").detail,
        "line 4: '!' is not base64 here"
    );
    assert_eq!(
        failure("-----BEGIN PRIVATE KEY-----\r\nMIIB\r\nMI!B\r\n-----END PRIVATE KEY-----").detail,
        "line 3: this is not base64"
    );
    assert_eq!(failure("-----BEGIN X-----\nMI!B\n-----END X-----").detail, "line 2: this is not base64");
    assert_eq!(
        failure("-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----").reason,
        Reason::EmptyBlock
    );
    assert_eq!(
        failure("-----BEGIN CERTIFICATE-----\nA: b\n\n-----END CERTIFICATE-----").reason,
        Reason::EmptyBlock
    );
    assert_eq!(failure("-----BEGIN CERTIFICATE-----").reason, Reason::MissingEnd);
}

#[test]
fn hostile_text_yields_blocks_that_do_not_overlap() {
    // `read` asserts that blocks ascend without overlap: each byte belongs to one block at most, so the work
    // is linear.
    let markers = "-----BEGIN A-----".repeat(50_000);
    assert_eq!(read(markers.as_bytes()).len(), 50_000);
    let dashes = "-".repeat(1 << 20);
    assert_eq!(read(dashes.as_bytes()), []);
    for tail in ["A", "\\n", "\"", "%41", "&#1", "<", "\n> ", "Q: r\n", "\\"] {
        let open = format!("-----BEGIN CERTIFICATE-----\n{}", tail.repeat(100_000));
        assert_eq!(read(open.as_bytes()).len(), 1, "{tail}");
        assert_eq!(read(format!("{open}-----END X-----").as_bytes()).len(), 1, "{tail}");
    }
    let far = format!("{}{}-----END A-----", "-----BEGIN A-----\n".repeat(1000), "x".repeat(100_000));
    assert_eq!(read(far.as_bytes()).len(), 1000);
}

const LABELS: [&str; 7] = [
    "CERTIFICATE",
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "X509 CRL",
    "CERTIFICATE REQUEST",
    "PUBLIC KEY",
];

fn strict(text: &str) -> Vec<(String, Vec<u8>)> {
    use rustls_pemfile::Item;
    rustls_pemfile::read_all(&mut text.as_bytes())
        .map(|item| {
            let (label, bytes) = match item.expect("well-formed") {
                Item::X509Certificate(d) => (0, d.to_vec()),
                Item::Pkcs8Key(d) => (1, d.secret_pkcs8_der().to_vec()),
                Item::Pkcs1Key(d) => (2, d.secret_pkcs1_der().to_vec()),
                Item::Sec1Key(d) => (3, d.secret_sec1_der().to_vec()),
                Item::Crl(d) => (4, d.to_vec()),
                Item::Csr(d) => (5, d.to_vec()),
                Item::SubjectPublicKeyInfo(d) => (6, d.to_vec()),
                other => panic!("{other:?}"),
            };
            (LABELS[label].to_owned(), bytes)
        })
        .collect()
}

/// Text of lines without dashes.
fn noise() -> impl Strategy<Value = String> {
    "([ -,.-~]{0,40}\n){0,4}"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_strict_decoder(
        objects in vec((0usize..LABELS.len(), vec(any::<u8>(), 0..400), noise()), 0..6),
        width in prop_oneof![Just(64usize), Just(76), 1usize..200],
        crlf in any::<bool>(),
    ) {
        let text: String = objects.iter().map(|(l, bytes, noise)| format!("{noise}{}", pem(LABELS[*l], &der::tlv(der::SEQUENCE, bytes), width))).collect();
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let ours: Vec<_> = read(text.as_bytes()).into_iter().map(|s| (s.2, s.3.expect("well-formed"))).collect();
        prop_assert_eq!(ours, strict(&text));
    }

    #[test]
    fn no_object_is_lost_in_noise(objects in vec((0..FORMS.len(), 40usize..900, noise()), 1..5)) {
        let mut text = String::new();
        let mut wanted = Vec::new();
        for (form, size, noise) in objects {
            let bytes = object(size);
            text.push_str(&noise);
            let (name, form) = FORMS[form];
            let block = form(&pem("CERTIFICATE", &bytes, 64));
            let dashes = if name == "six dashes" { 1 } else { 0 };
            let begin = text.len() + block.find("----").expect("every form has dashes") + dashes;
            text.push_str(&block);
            text.push('\n');
            wanted.push((begin, bytes));
        }
        let seen = read(text.as_bytes());
        prop_assert_eq!(seen.len(), wanted.len());
        for ((offset, line, _, result), (begin, bytes)) in seen.into_iter().zip(wanted) {
            prop_assert_eq!(offset, begin);
            let before = text[..begin].replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(line as usize, before.matches('\n').count() + 1);
            prop_assert_eq!(result, Ok(bytes));
        }
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in vec(prop_oneof![
        Just(b"-----BEGIN CERTIFICATE-----".to_vec()),
        Just(b"-----END CERTIFICATE-----".to_vec()),
        Just(b"-----BEGIN X-----Proc-Type: 4,ENCRYPTED\n".to_vec()),
        Just(b"MIIB".to_vec()),
        "[-\\\\%&<\"'=+/n0-9a-f;#xu\r\n ]{0,12}".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..12),
    ], 0..40)) {
        read(&bytes.concat());
    }
}
