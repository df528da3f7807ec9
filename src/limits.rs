//! Every limit of the tool in one place, each with its reason. Input is hostile; a limit reached is a record,
//! never a silence.

/// Limits of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Folders nest at most this deep. Linux ends paths at 4,096 bytes, so deeper trees cannot be named
    /// anyway. `--max-depth`.
    pub depth: usize,
    /// A file is read whole up to this many bytes; text beyond it in windows of this size. `--max-file-size`
    /// bounds the whole file.
    pub window: usize,
    /// Files above this many bytes are recorded as too large. 64 GiB: a log of a busy year; sparse files of
    /// terabytes would take hours.
    pub file_size: u64,
    /// Records of one file that are no objects; what is beyond becomes one record. A log may hold thousands
    /// of broken blocks, never so many; but 100 MiB of BEGIN lines would otherwise be six million records. An
    /// archive is one file with its members; each of these may have one record in any case, and one of what
    /// is beyond. `--max-broken`.
    pub broken: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 512, window: 64 << 20, file_size: 64 << 30, broken: 100_000 }
    }
}

/// One object (a block, a DER file) is at most this large. The largest real CRLs have about 50 MiB.
pub const OBJECT_SIZE: usize = 128 << 20;

/// Standard input is read up to this many bytes, for it is held in memory; a file has its own, larger limit.
pub const STDIN: u64 = 1 << 30;

/// Manifests and lists of compromised keys are read up to this many bytes. A row of a manifest has about 100,
/// so this is ten million uploads.
pub const INPUT: u64 = 1 << 30;

/// Text of one PEM block that lies over the border of two windows is gathered up to this many bytes. Base64
/// makes 4/3 of an object; the rest is for line ends and for prefixes of lines.
pub const BLOCK_TEXT: usize = OBJECT_SIZE / 2 * 3;

/// RSA moduli above this many bits are recorded but not computed with: checking one costs seconds. OpenSSL's
/// own ceiling is 16,384.
pub const RSA_BITS: usize = 16_384;

/// DSA and Diffie-Hellman moduli above this many bits are not computed with (OpenSSL's ceiling is 10,000
/// bits).
pub const DH_BITS: usize = 10_240;

/// RSA signatures of keys up to this many bits are checked with any exponent; with larger keys up to
/// [`RSA_EXPONENT_BITS`]. OpenSSL's limits (`OPENSSL_RSA_SMALL_MODULUS_BITS`, `OPENSSL_RSA_MAX_PUBEXP_BITS`):
/// what is beyond costs seconds, and no program accepts it.
pub const RSA_SMALL_BITS: u32 = 3_072;
/// See [`RSA_SMALL_BITS`].
pub const RSA_EXPONENT_BITS: u32 = 64;

/// Bits of the order of a DSA group that signatures are checked in. FIPS 186-4 section 4.2 has up to 256, and
/// OpenSSL takes no others.
pub const DSA_ORDER_BITS: u32 = 512;

/// Findings on evidence that are told one by one, of each code; the others are counted. A manifest of a
/// million rows may fit no file at all.
pub const FINDINGS_TOLD: u64 = 1_000;

/// Rows of a manifest that are used; each takes some 150 bytes. Ten times what [`INPUT`] has of usual ones.
pub const MANIFEST_ROWS: usize = 100_000_000;

/// Columns that a manifest in CSV can have. Real exports have up to some hundreds; a spreadsheet ends at
/// 16,384.
pub const COLUMNS: usize = 50_000;

/// Bytes of the name of a column, or of a member of a JSON row; a longer one is none that is used.
pub const COLUMN_NAME: usize = 256;

/// A quoted field of a CSV manifest that goes over lines ends within this many bytes, or its quote is taken
/// as never closed. Comments, the only fields with line ends in real exports, are shorter; without a bound
/// each open quote would be looked for to the end of the file.
pub const QUOTED_FIELD: usize = 8 << 10;

/// Of the extensions of one certificate that mean nothing here, so many are kept apart by name and told of
/// one by one; with more, finding `extension-not-read`. Those that do mean something are found behind any
/// number of others. Real certificates have up to 20 in all; names of all that fit into the largest object
/// would take some hundred megabytes, and a record of a replacement as many.
pub const EXTENSIONS: usize = 10_000;

/// Names of one certificate beyond this many are not kept, with finding `extension-not-read`. The CA/B Forum
/// sets none; the largest real ones have about 2,000.
pub const NAMES: usize = 200_000;

/// A BEGIN label longer than this is text, not a label. The longest in use, `X509 CERTIFICATE REQUEST` and
/// the like, have about 30.
pub const LABEL: usize = 64;

/// Elements of BER nest at most this deep where they are rewritten. A certificate has 10 levels, a PKCS #12
/// file with a signature around it 25.
pub const BER_DEPTH: usize = 64;

/// Objects read from one container; what is beyond becomes one record. The certificates of all public roots
/// ever are below 3,000.
pub const CONTAINED: usize = 100_000;

/// A container in a container, and so on, is opened so many times. Mail is signed, encrypted and signed again
/// (RFC 2634 section 1.1): three.
pub const CONTAINERS_DEEP: u32 = 8;

/// Iterations of a key derivation that are computed; a file that asks for more is told. OpenSSL writes 2,048,
/// careful people a million.
pub const ITERATIONS: u32 = 10_000_000;

/// What a search of CT logs returned is read up to this many bytes. A row of crt.sh has about 500, so this is
/// more than [`SEARCHED`].
pub const CT_EXPORT: u64 = 128 << 20;

/// Certificates of one key that a search of CT logs can have found. crt.sh itself gives up long before; the
/// most certified real keys have some tens of thousands.
pub const SEARCHED: usize = 100_000;

/// Bytes of one row of CCADB's list. Its rows have about 900; its longest fields, lists of partitioned CRLs,
/// are long text areas of Salesforce, which end at 131,072 characters. Eight such fields in one row are more
/// than there will be, and a quote that is not closed ends here.
pub const CCADB_ROW: usize = 1 << 20;

/// Bytes of what a person says of a step, and of who says it: two pages. It is shown wherever the step is.
pub const SAID: usize = 4_096;

/// Text in base64 in base64, and so on, is unwrapped so many times. Secrets that passed through several
/// programs have three; each takes a quarter off, so the time is bounded without it.
pub const WRAPPED_DEEP: u32 = 16;

/// Bytes of certificates of one file that are kept while others of it are asked for: some hundred thousand
/// certificates.
pub const REOPENED: usize = 256 << 20;

/// What may come out of a compressed file or an archive whatever its size: a small file of zeros is no
/// attack. A fuzzer finds bombs all the time, and has better things to do than to unpack them.
pub const INFLATED_ANYWAY: u64 = if cfg!(fuzzing) { 4 << 20 } else { 256 << 20 };

/// Beyond that, so many times the size of the file. DEFLATE ends at 1,032; text has 3 to 20, the logs of a
/// machine that says the same all day 100. What lies in archives within counts too, so that bombs in bombs
/// end here. [`Limits::file_size`] bounds it besides.
pub const INFLATED_RATIO: u64 = 256;

/// Members of one file, those of archives within it included. The largest backups of key stores have some
/// hundred thousand files.
pub const MEMBERS: u64 = 1_000_000;

/// What was found in members of a tar is kept for hard links to them as long as the members have so many
/// bytes together, each at least
/// [`LINKED_EACH`]: some ten thousand small ones.
pub const LINKED: u64 = 64 << 20;
/// See [`LINKED`].
pub const LINKED_EACH: u64 = 4 << 10;
/// And if there is no more than this many records in the member; a bundle of all public roots is told once.
pub const LINKED_ITEMS: usize = 64;

/// An archive within an archive, and so on, is opened so many times; a compressed tar counts twice. Real ones
/// have three: a war in a zip in a backup.
pub const ARCHIVES_DEEP: u32 = 8;

/// Bytes of zips within archives that are held in memory at the same time, for the directory of a zip stands
/// at its end. The largest jars have 200 MB.
pub const MEMBERS_HELD: usize = 256 << 20;

/// Bytes of the name of a member that are kept. Linux ends paths here, so nothing with a longer name could be
/// unpacked.
pub const MEMBER_NAME: usize = 4_096;

/// Bytes of one extended header of a tar: names and times take some hundred. Sparse files have longer ones.
pub const TAR_EXTENSION: u64 = 1 << 20;

/// Parts of a sparse file in a tar. Disk images have thousands.
pub const SPARSE_PIECES: usize = 100_000;

/// Holes of a sparse file in a tar that are read as zeros; a file with more is read without its holes. No
/// object lies in zeros.
pub const HOLES: u64 = 64 << 20;
