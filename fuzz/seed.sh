#!/bin/bash
# Fills fuzz/corpus with seeds from testdata: whole files for `scan`, their PEM bodies for `der` and `labelled`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
corpus=fuzz/corpus
mkdir -p "$corpus"/{der,incident,labelled,manifest,scan}

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
for target in "$corpus"/*; do
    echo "$(basename "$target"): $(find "$target" -type f | wc -l) seeds"
done
