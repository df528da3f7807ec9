//! CCADB's list of CA certificates as CCADB writes it: its columns, its long fields, its quotes; and what a
//! damaged copy costs.

use std::io::Read;

use certrecall::id::{Fingerprint, SpkiHash};
use certrecall::plan::ca::{Ccadb, Signer};

/// `AllCertificateRecordsCSVFormatV2`, all of it in quotes.
const V2: &str = "CA Owner,Salesforce Record ID,Certificate Name,Parent Salesforce Record ID,Parent Certificate Name,Certificate Record Type,\
    Revocation Status,SHA-256 Fingerprint,Parent SHA-256 Fingerprint,Audits Same as Parent?,Auditor,Standard Audit URL,Standard Audit Type,\
    CP/CPS Same as Parent?,Certificate Policy (CP) URL,Certificate Practice Statement (CPS) URL,CP/CPS Last Updated Date,\
    Test Website URL - Valid,Technically Constrained,Subordinate CA Owner,Full CRL Issued By This CA,JSON Array of Partitioned CRLs,\
    Valid From (GMT),Valid To (GMT),Derived Trust Bits,Chrome Status,Microsoft Status,Mozilla Status,Status of Root Cert,\
    Authority Key Identifier,Subject Key Identifier,Country,TLS Capable,TLS EV Capable,Code Signing Capable,S/MIME Capable";

/// `AllCertificateRecordsCSVFormatV5`, without some of its columns of audits.
const V5: &str = "CA Owner,Salesforce Record ID,Certificate Name,Parent Salesforce Record ID,Parent Certificate Name,Certificate Record Type,\
    Subordinate CA Owner,Apple Status,Chrome Status,Microsoft Status,Mozilla Status,Status of Root Cert,Revocation Status,SHA-256 Fingerprint,\
    Parent SHA-256 Fingerprint,Valid From (GMT),Valid To (GMT),Authority Key Identifier,Subject Key Identifier,Technically Constrained,\
    Trust Bits for Root Cert,EV OIDs for Root Cert,Derived Trust Bits,JSON Array of All Full CRL URLs,JSON Array of Partitioned CRLs,\
    DV ACME Directory URL(s),OV ACME Directory URL(s),EV ACME Directory URL(s),IV ACME Directory URL(s),Audit Firm,Audit Firm Location,\
    Policy Documentation,CA Document Repository,CP Same as Parent,Certificate Policy (CP) URL,CP Effective Date,\
    Test Website URL - Valid,Test Website URL - Expired,Test Website URL - Revoked,TLS Capable,TLS EV Capable,Code Signing Capable,\
    S/MIME Capable,Country";

const ROWS: usize = 12_000;

fn certificate(n: usize) -> Fingerprint {
    Fingerprint::of(format!("certificate {n}").as_bytes())
}

/// Who runs CA `n`, as the list has it.
fn owner(n: usize) -> &'static str {
    [
        "Asseco Data Systems S.A. (previously Unizeto Certum)",
        "AC Camerfirma, S.A.",
        "Amazon \"Trust\" Services",
        "Zentrum für IT",
    ][n % 4]
}

fn partitions(n: usize) -> String {
    let urls: Vec<String> =
        (1..=300).map(|i| format!("\"http://crl.example/{n}/partition-{i}.crl\"")).collect();
    format!("[{}]", urls.join(if n.is_multiple_of(2) { ", " } else { ",\r\n " }))
}

fn field(column: &str, n: usize) -> String {
    let digits = certificate(n).to_string();
    match column {
        "CA Owner" => owner(n).to_owned(),
        "Subordinate CA Owner" if n.is_multiple_of(5) => format!("Sub \"{n}\""),
        "SHA-256 Fingerprint" if n.is_multiple_of(3) => digits
            .as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).unwrap())
            .collect::<Vec<_>>()
            .join(":"),
        "SHA-256 Fingerprint" => digits.to_uppercase(),
        "Revocation Status" => ["", "Not Revoked", "Revoked", "Parent Cert Revoked"][n % 4].to_owned(),
        "JSON Array of Partitioned CRLs" if n.is_multiple_of(100) => partitions(n / 100),
        "JSON Array of All Full CRL URLs" => format!("[\"http://crl.example/{n}.crl\"]"),
        "DV ACME Directory URL(s)" if n.is_multiple_of(2) => {
            format!("https://acme.example/{n}; https://acme.example/all")
        }
        "Subject Key Identifier" => "RGqVZ1V5EU8=".to_owned(),
        // Pasted from a page, as in the real list: one address a line, here more lines than anybody has
        // pasted.
        "Certificate Policy (CP) URL" if n % 1_000 == 7 => "https://ca.example/cp.pdf\n".repeat(60),
        "Audit Firm" | "Auditor" => "Ernst & Young, LLP".to_owned(),
        "Certificate Name" => format!("CA {n}, \"G{}\"", n % 7),
        _ => String::new(),
    }
}

fn list(columns: &str, style: csv::QuoteStyle) -> Vec<u8> {
    let columns: Vec<&str> = columns.split(',').map(str::trim).collect();
    let mut writer = csv::WriterBuilder::new().quote_style(style).from_writer(Vec::new());
    writer.write_record(&columns).unwrap();
    (0..ROWS).for_each(|n| writer.write_record(columns.iter().map(|c| field(c, n))).unwrap());
    writer.into_inner().unwrap()
}

fn signer(n: usize) -> Signer {
    Signer { certificate: certificate(n), key: SpkiHash::of(b"no column for it") }
}

#[test]
fn a_list_as_it_is_published_is_read_whole() {
    for (columns, style, acme) in
        [(V2, csv::QuoteStyle::Always, false), (V5, csv::QuoteStyle::Necessary, true)]
    {
        let list = list(columns, style);
        for text in [list.clone(), [b"\xef\xbb\xbf", list.as_slice()].concat()] {
            let read = Ccadb::read(text.as_slice()).unwrap();
            assert_eq!((read.len(), read.bad_rows), (ROWS, 0), "{:?}", read.problems.first());
            for n in 0..ROWS {
                let record = read.of(&signer(n)).unwrap();
                assert_eq!(record.owner, owner(n));
                assert_eq!(record.subordinate_owner, n.is_multiple_of(5).then(|| format!("Sub \"{n}\"")));
                assert_eq!(record.revoked, n % 4 > 1);
                let directories = if acme && n.is_multiple_of(2) { 2 } else { 0 };
                assert_eq!(record.acme.len(), directories, "{:?}", record.acme);
            }
        }
    }
}

#[test]
fn a_quote_that_nothing_closes_is_told_with_its_row_wherever_it_stands() {
    let whole = String::from_utf8(list(V5, csv::QuoteStyle::Necessary)).unwrap();
    let mut from = 0;
    let starts: Vec<usize> = (0..ROWS)
        .map(|n| {
            from += whole[from..].find(&format!(",\"CA {n}, \"\"G")).unwrap();
            whole[..from].rfind('\n').unwrap() + 1
        })
        .collect();
    // Early the bound ends it; near the end the list does.
    for n in [1, 6_000, ROWS - 30, ROWS - 1] {
        let line = whole[..starts[n]].matches('\n').count() + 1;
        let damaged = format!("{}\"{}", &whole[..starts[n]], whole[starts[n]..].replace('"', ""));
        let error = Ccadb::read(damaged.as_bytes()).unwrap_err();
        assert_eq!(error.line, Some(line as u64), "{error}");
        assert!(error.says.contains("fetch the list again"), "{error}");
    }
}

#[test]
fn rows_with_other_numbers_of_fields_are_told() {
    let (a, b, c) = (certificate(1), certificate(2), certificate(3));
    // An open quote that the next row's quote closes; a row cut short; one with a delimiter more, as old
    // lists had behind each row.
    let text =
        format!("CA Owner,SHA-256 Fingerprint,Country\nX,{a},\"Be\nY,{b},\"Ch\"\nZ,{c}\nZ,{c},Spain,\n");
    let read = Ccadb::read(text.as_bytes()).unwrap();
    let told: Vec<u64> = read.problems.iter().map(|p| p.line).collect();
    assert_eq!((read.len(), told), (1, vec![2, 4]), "{:?}", read.problems);
    assert_eq!(read.of(&signer(3)).unwrap().owner, "Z");
    let swallowed = format!("CA Owner,SHA-256 Fingerprint,Country\nX,{a},\"Be\n\"Y, Inc.\",{b},China\n");
    let read = Ccadb::read(swallowed.as_bytes()).unwrap();
    assert_eq!((read.len(), read.bad_rows), (1, 1), "the row that is read is told of: {:?}", read.problems);
    let all = Ccadb::read(format!("CA Owner,SHA-256 Fingerprint,\nX,{a},\nY,{b}, \n").as_bytes()).unwrap();
    assert_eq!((all.len(), all.bad_rows), (2, 0), "a header with a delimiter more");
}

/// A quote and then a text without end.
struct Endless(u64);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let first: &[u8] = b"CA Owner,SHA-256 Fingerprint\n\"";
        if self.0 == 0 {
            buffer[..first.len()].copy_from_slice(first);
            self.0 = first.len() as u64;
            return Ok(first.len());
        }
        buffer.fill(b'\n');
        self.0 += buffer.len() as u64;
        assert!(self.0 < 4 << 20, "read on for the end of a field that has none");
        Ok(buffer.len())
    }
}

#[test]
fn a_list_without_end_is_not_read_to_its_end() {
    let error = Ccadb::read(Endless(0)).unwrap_err();
    assert_eq!(error.line, Some(2), "{error}");
}

#[test]
fn a_list_that_cannot_be_read_to_its_end_says_why() {
    struct Failing(bool);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let rows = format!("CA Owner,SHA-256 Fingerprint\nX,{}\n", certificate(1));
            if std::mem::replace(&mut self.0, true) {
                return Err(std::io::Error::other("the disk is gone"));
            }
            buffer[..rows.len()].copy_from_slice(rows.as_bytes());
            Ok(rows.len())
        }
    }
    let error = Ccadb::read(Failing(false)).unwrap_err();
    assert!(error.says.contains("the disk is gone"), "{error}");
}
