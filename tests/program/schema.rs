//! What the program writes is held against the JSON Schemas of `docs/schema`, and the lists in these against
//! the code.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Command, Output};

use certrecall::finding::{Code, Reason};
use jsonschema::Validator;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, PublicKeyData as _, RevokedCertParams, SerialNumber, date_time_ymd,
};
use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn schema(name: &str) -> Value {
    let text =
        fs::read_to_string(format!("{ROOT}/docs/schema/{name}.schema.json")).expect("the schema is there");
    serde_json::from_str(&text).expect("the schema is JSON")
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::meta::validate(schema).expect("the schema is one of draft 2020-12");
    jsonschema::draft202012::new(schema).expect("the schema can be used")
}

fn certrecall(arguments: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_certrecall")).args(arguments).output().expect("the program runs")
}

fn assert_valid(validator: &Validator, value: &Value) {
    let errors: Vec<_> =
        validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}

/// How many records [`make_files`] makes for.
const RECORDS: u64 = 14;

/// Files for every kind of record.
fn make_files(folder: &Path) {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file is written");
    let mut authority = CertificateParams::new(Vec::new()).expect("no names are valid names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("a CA");
    let key = KeyPair::generate().expect("a key");
    let names = ["www.example.test", "192.0.2.1", "2001:db8::1"].map(str::to_owned);
    let mut leaf = CertificateParams::new(names).expect("valid names");
    let request = leaf.serialize_request(&key).expect("a request").pem().expect("PEM");
    (leaf.not_before, leaf.not_after) = (date_time_ymd(2015, 1, 1), date_time_ymd(2045, 1, 1));
    leaf.serial_number = Some(SerialNumber::from(0x0a1b_u64));
    let certificate = leaf.signed_by(&key, &authority).expect("a certificate").pem();
    let revoked = RevokedCertParams {
        serial_number: SerialNumber::from(1_u64),
        revocation_time: date_time_ymd(2016, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2016, 1, 1),
        next_update: date_time_ymd(2016, 2, 1),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: vec![revoked],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let list = list.signed_by(&authority).expect("a list").pem().expect("PEM");
    write("bundle.pem", &format!("{}{certificate}{}", key.serialize_pem(), authority.pem()));
    fs::write(folder.join("leaf.der"), certificate_der(&certificate)).expect("a file is written");
    write("request.pem", &request);
    write("list.pem", &list);
    let spki = base64_simd::STANDARD.encode_to_string(key.subject_public_key_info());
    write("public.pem", &format!("-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n"));
    write("parameters.pem", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
    write(
        "locked.pem",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\nAAAAAAAAAAA=\n-----END RSA PRIVATE KEY-----\n",
    );
    let string = |text: &[u8]| [&(text.len() as u32).to_be_bytes()[..], text].concat();
    let public = [string(b"ssh-ed25519"), string(&[7; 32])].concat();
    let locked = [
        string(b"aes256-ctr"),
        string(b"bcrypt"),
        string(b""),
        vec![0, 0, 0, 1],
        string(&public),
        string(&[9; 160]),
    ]
    .concat();
    let locked = base64_simd::STANDARD.encode_to_string([&b"openssh-key-v1\0"[..], &locked].concat());
    write(
        "id_ed25519",
        &format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{locked}\n-----END OPENSSH PRIVATE KEY-----\n"),
    );
    write("broken.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    write("other.pem", "-----BEGIN ZEN MASTER JOKE-----\nAAAA\n-----END ZEN MASTER JOKE-----\n");
    write("notes.txt", "nothing of interest\n");
    let odd = std::ffi::OsStr::from_bytes(b"\xff.pem");
    fs::write(folder.join(odd), &certificate).expect("a file is written");
}

fn certificate_der(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|l| !l.starts_with('-')).collect();
    base64_simd::STANDARD.decode_to_vec(text).expect("base64")
}

#[test]
fn records_of_scan_fit_their_schema() {
    let validator = validator(&schema("scan-record"));
    let folder = tempfile::tempdir().expect("a folder");
    make_files(folder.path());
    let testdata = Path::new(ROOT).join("testdata");
    let output = certrecall(
        &["scan", "--format", "ndjson", "--all"]
            .map(Path::new)
            .iter()
            .copied()
            .chain([folder.path(), &testdata])
            .collect::<Vec<_>>(),
    );
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let mut kinds = BTreeSet::new();
    let mut counted = 0;
    for line in output.stdout.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        let record: Value = serde_json::from_slice(line).expect("a record is JSON");
        assert_valid(&validator, &record);
        kinds.insert(record["kind"].as_str().expect("a kind").to_owned());
        counted += u64::from(record["root"] == json!(0));
        if record["path"] == "id_ed25519" {
            assert_eq!(
                (&record["kind"], &record["key_algorithm"], &record["key_bits"]),
                (&json!("locked"), &json!("ed25519"), &json!(256))
            );
            assert_eq!(record["spki_sha256"].as_str().map(str::len), Some(64));
            assert_eq!(record["findings"], json!(["public-key-not-verified"]));
        }
        let mut more = record;
        more["surprise"] = json!(1);
        assert!(!validator.is_valid(&more), "a field more is refused");
    }
    let all = [
        "certificate",
        "certificate-request",
        "crl",
        "locked",
        "parameters",
        "private-key",
        "public-key",
        "skipped",
        "unreadable",
    ];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), all);
    assert_eq!(counted, RECORDS);
}

#[test]
fn plans_fit_their_schema() {
    let validator = validator(&schema("plan"));
    let folder = tempfile::tempdir().expect("a folder");
    let (uploads, case) = (folder.path().join("uploads"), folder.path().join("case"));
    fs::create_dir(&uploads).expect("a folder");
    make_files(&uploads);
    let manifest = folder.path().join("uploads.csv");
    fs::write(
        &manifest,
        "path,uploaded_at,account\nbundle.pem,2015-06-01T00:00:00Z,acme\ngone.pem,2015-06-01,acme\n",
    )
    .expect("a file is written");
    // Only planned, then with replacements, then without any record of the upload.
    let [output, option] = ["-o", "--manifest"].map(Path::new);
    for arguments in [
        vec![Path::new("plan"), &uploads, output, &case, option, &manifest],
        vec![Path::new("run"), &uploads, output, &case, option, &manifest],
        vec![Path::new("plan"), &uploads, output, &case],
    ] {
        let run = certrecall(&arguments);
        assert_eq!(run.status.code(), Some(3), "{}", String::from_utf8_lossy(&run.stderr));
        let text = fs::read(case.join("plan.json")).expect("the plan is there");
        let plan: Value = serde_json::from_slice(&text).expect("the plan is JSON");
        assert_valid(&validator, &plan);
        let ledger = |part: &str| plan["ledger"][part].as_u64().expect("a number");
        assert_eq!(
            ledger("seen"),
            ledger("read") + ledger("locked") + ledger("unreadable") + ledger("skipped")
        );
        assert_eq!(ledger("seen"), RECORDS, "the same files as in the scan");
        assert!(
            ["keys", "replacements", "steps", "unread"]
                .iter()
                .all(|list| plan[list].as_array().is_some_and(|l| !l.is_empty())),
            "{plan:#}"
        );
        let mut more = plan;
        more["keys"][0]["surprise"] = json!(1);
        assert!(!validator.is_valid(&more), "a field more is refused");
    }
}

#[test]
fn schemas_list_every_finding_and_reason() {
    let codes: Vec<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
    let reasons: Vec<_> = Reason::ALL.iter().map(|r| r.as_str()).collect();
    for name in ["scan-record", "plan"] {
        let definitions = &schema(name)["$defs"];
        assert_eq!(definitions["findings"]["items"]["enum"], json!(codes), "{name}");
        assert_eq!(definitions["reason"]["enum"], json!(reasons), "{name}");
    }
    assert_eq!(schema("plan")["$defs"]["finding"]["properties"]["code"]["enum"], json!(codes));
}
