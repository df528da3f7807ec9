#!/bin/bash
# Fills fuzz/corpus with seeds from testdata: whole files for `scan`, their PEM bodies for `der` and `labelled`; for `answers` files with the byte of
# their reader before them, and a few written here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
corpus=fuzz/corpus
mkdir -p "$corpus"/{answers,archive,der,incident,labelled,manifest,scan}

# Names by content, so that files of equal name do not displace each other and a second run adds nothing.
put() {
    local sum
    sum=$(sha256sum "$2")
    cp "$2" "$corpus/$1/${sum:0:16}"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
label_byte() {
    case "$1" in
    "CERTIFICATE") echo '\x00' ;;
    "TRUSTED CERTIFICATE") echo '\x01' ;;
    "X509 CRL") echo '\x02' ;;
    *"CERTIFICATE REQUEST") echo '\x03' ;;
    "ENCRYPTED PRIVATE KEY") echo '\x05' ;;
    "OPENSSH PRIVATE KEY") echo '\x06' ;;
    *"PRIVATE KEY") echo '\x04' ;;
    *"PUBLIC KEY") echo '\x07' ;;
    *"PARAMETERS") echo '\x08' ;;
    PKCS7 | CMS) echo '\x09' ;;
    *) echo '\x0a' ;;
    esac
}

while IFS= read -r -d '' file; do
    case "$file" in
    *.toml) put incident "$file" ;;
    *.csv | *.json | *.ndjson) put manifest "$file" ;;
    esac
    [[ $(stat -c %s "$file") -le 65536 ]] || continue
    put scan "$file"
    case "$file" in
    *.pem | *.crl | *.p7b)
        for reader in '\x02' '\x06'; do
            { printf "$reader"; cat "$file"; } >"$work/answer"
            put answers "$work/answer"
        done
        ;;
    esac
    # One file per block: its first line, then its body.
    rm -f "$work"/*
    awk -v dir="$work" '/^-----BEGIN /{n++; out=dir "/" n} out{print > out} /^-----END /{close(out); out=""}' "$file" 2>"$work/talk" || true
    for block in "$work"/[0-9]*; do
        [[ -f $block ]] || continue
        label=$(sed -n '1s/^-----BEGIN \(.*\)-----.*$/\1/p' "$block")
        if grep -v -e '^-----' -e ':' "$block" | base64 -d >"$work/der" 2>"$work/talk" && [[ -s $work/der ]]; then
            put der "$work/der"
            { printf "$(label_byte "$label")"; cat "$work/der"; } >"$work/labelled"
            put labelled "$work/labelled"
        fi
    done
done < <(find testdata data -type f -print0)

# The vectors of testdata/keys: name, label, size, hash of the public half, the key in hexadecimal.
while read -r _ label _ _ hex; do
    [[ ${hex:-} =~ ^[0-9a-f]+$ ]] || continue
    label=${label//-/ }
    printf "$(sed 's/../\\x&/g' <<<"$hex")" >"$work/der"
    { printf "$(label_byte "$label")"; cat "$work/der"; } >"$work/labelled"
    { echo "-----BEGIN $label-----"; base64 -w 64 "$work/der"; echo "-----END $label-----"; } >"$work/pem"
    put der "$work/der"
    put labelled "$work/labelled"
    put scan "$work/pem"
done <testdata/keys/known.txt
# A certificate, who issued it, and what a list says of it.
{ printf '\x06'; cat testdata/pkcs7/a.pem testdata/pkcs7/b.pem testdata/pkcs7/a.crl; } >"$work/answer"
put answers "$work/answer"

# Answers of CT searches as crt.sh and certspotter give them, and as a spreadsheet keeps them; then an owner's wishes.
{
    printf '\x00'
    cat <<'JSON'
[{"issuer_ca_id":16418,"issuer_name":"C=US, O=\"X, Inc.\", CN=X Issuing CA","common_name":"a.example","name_value":"a.example\nwww.a.example","id":11,
 "entry_timestamp":"2025-11-07T16:46:43.456","not_before":"2025-11-07T15:46:43","not_after":"2026-12-05T15:46:43","serial_number":"03FFEE","result_count":2}]
JSON
} >"$work/answer"
put answers "$work/answer"
{
    printf '\x00'
    cat <<'JSON'
[{"id":"648494876","tbs_sha256":"4a9f0d8b1c2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6b7c8","cert_sha256":"5a9f0d8b1c2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6b7c8",
 "dns_names":["a.example"],"pubkey_sha256":"4a9f0d8b1c2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6b7c8","issuer":{"name":"C=US, O=X, CN=Y"},
 "not_before":"2025-11-07T15:46:43Z","not_after":"2026-12-05T15:46:43Z","revoked":false,"cert_der":"MIIB"}]
JSON
} >"$work/answer"
put answers "$work/answer"
{
    printf '\x00'
    cat <<'CSV'
crt.sh ID;Logged At;Not Before;Not After;Common Name;Matching Identities;Issuer Name;Serial Number
11;2025-11-07;2025-11-07T15:46:43;2026-12-05T15:46:43;a.example;"a.example
www.a.example";"C=US, O=""X, Inc."", CN=X Issuing CA";03FFEE
CSV
} >"$work/answer"
put answers "$work/answer"
{
    printf '\x01'
    cat <<'TOML'
[[replacement]]
match = "www.example.com"
key = "rsa-3072"
key_format = "pkcs1"
subject = "CN=www.example.com, O=Example"
san = ["add:shop.example.com", "drop:dns:old.example.com"]
common_name = "drop"

[[replacement]]
match = "replace-5a9f0d8b1c2e3f40"
skip = "no longer in use"
TOML
} >"$work/answer"
put answers "$work/answer"

# Archives of two small files: tar of each kind, gzip, zip stored, compressed and in one another.
long=$(printf 'n%.0s' {1..80})
mkdir -p "$work/in/$long"
cp testdata/pkcs7/a.pem "$work/in/"
echo "nothing" >"$work/in/$long/$long"
ln -s a.pem "$work/in/link"
truncate -s 100K "$work/in/sparse"
cat testdata/pkcs7/b.pem >>"$work/in/sparse"
# Too long a name for the oldest kind.
tar -C "$work/in" --format=v7 -cf "$work/v7.tar" a.pem
put archive "$work/v7.tar"
for format in ustar gnu pax; do
    sparse=(--sparse)
    [[ $format != ustar ]] || sparse=()
    tar -C "$work" "${sparse[@]}" --format="$format" -cf "$work/$format.tar" in
    put archive "$work/$format.tar"
    gzip -kf "$work/$format.tar"
    put archive "$work/$format.tar.gz"
done
python3 - "$work" <<'PYTHON'
import sys, zipfile
work = sys.argv[1]
for name, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
    with zipfile.ZipFile(f"{work}/{name}.zip", "w", method) as out:
        out.write(f"{work}/in/a.pem", "a/a.pem")
        out.write(f"{work}/gnu.tar.gz", "gnu.tar.gz")
        out.writestr("empty", "")
with zipfile.ZipFile(f"{work}/nested.zip", "w") as out:
    out.write(f"{work}/deflated.zip", "deflated.zip")
with open(f"{work}/script.zip", "wb") as out:
    out.write(b"#!/bin/sh\n" + open(f"{work}/deflated.zip", "rb").read())
PYTHON
for zip in "$work"/*.zip; do
    put archive "$zip"
done

for target in "$corpus"/*; do
    echo "$(basename "$target"): $(find "$target" -type f | wc -l) seeds"
done
