#!/usr/bin/env python3
"""How fast keys and requests are made, against openssl on the same machine in the same run.

    benches/rekey.py --bin target/release/certrecall [--count 10000] [--runs 5] [--rsa 200]

P-256: `rekey` on a case of so many certificates, files durable, against a shell loop over `openssl req -new -newkey ec`, each per certificate.
RSA-2048: `rekey` on all processors against `openssl genrsa` on all processors, the median of batches.
Needs python3-cryptography to make the certificates. Nothing is deleted before the end: ext4 looks for other inodes than those freed within the
last one to five minutes, and makes files several times slower meanwhile."""
import argparse
import datetime
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOP = 200


def tree(folder, count, key_of):
    """Bundles of key and certificate of a private CA, valid until 2045."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Private CA")])
    for i in range(count):
        key, host = key_of(), f"host{i}.example.com"
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"), x509.NameAttribute(NameOID.COMMON_NAME, host)])
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(ca).public_key(key.public_key()).serial_number(i + 1)
        builder = builder.not_valid_before(datetime.datetime(2015, 1, 1)).not_valid_after(datetime.datetime(2045, 1, 1))
        names = x509.SubjectAlternativeName([x509.DNSName(host), x509.DNSName("www." + host)])
        builder = builder.add_extension(names, False).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        certificate = builder.sign(ca_key, hashes.SHA256())
        place = os.path.join(folder, str(i // 1000))
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, f"{i}.pem"), "wb") as out:
            pkcs8 = serialization.PrivateFormat.PKCS8
            out.write(key.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption()))
            out.write(certificate.public_bytes(serialization.Encoding.PEM))


def timed(command, **more):
    since = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)
    seconds = time.monotonic() - since
    if done.returncode not in (0, 1):
        sys.exit(f"{command}: {done.stderr.decode()}")
    return seconds


def rekeyed(binary, work, name, folder, runs, count):
    """Seconds of each run, every one in a case of its own."""
    out = []
    for run in range(runs):
        case = os.path.join(work, f"case-{name}-{run}")
        timed([binary, "plan", folder, "-o", case, "--uploaded", "2015-01-01..2015-12-31"])
        os.sync()
        out.append(timed([binary, "rekey", case, "-q"]))
        made = len(os.listdir(os.path.join(case, "replacements")))
        if made != count:
            sys.exit(f"{made} of {count} were made")
    return out


def shell_loop(work):
    script = """for i in $(seq %d); do
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$0/k$i.pem" -out "$0/r$i.pem" -subj "/O=Example/CN=host$i.example.com" \
  -addext "subjectAltName=DNS:host$i.example.com,DNS:www.host$i.example.com" 2>/dev/null || exit 2
done""" % LOOP
    folder = os.path.join(work, "loop")
    os.makedirs(folder)
    return timed(["sh", "-c", script, folder]) / LOOP


def report(what, ours, theirs, against):
    print(f"{what}: {ours * 1e3:.3f} ms each, {against} {theirs * 1e3:.3f} ms: {theirs / ours:.1f} x")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="target/release/certrecall")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rsa", type=int, default=200)
    parser.add_argument("--dir", default=None, help="where to work; the file system counts")
    args = parser.parse_args()
    binary = os.path.abspath(args.bin)
    work = tempfile.mkdtemp(prefix="rekey-", dir=args.dir)
    try:
        folder = os.path.join(work, "in")
        tree(folder, args.count, lambda: ec.generate_private_key(ec.SECP256R1()))
        seconds = rekeyed(binary, work, "p256", folder, args.runs, args.count)
        print(f"P-256, {args.count} certificates: " + ", ".join(f"{s:.2f}" for s in seconds) + f" s; {os.cpu_count()} processors")
        loop = shell_loop(work)
        report("P-256, median", statistics.median(seconds) / args.count, loop, "a shell loop over openssl req")
        report("P-256, best", min(seconds) / args.count, loop, "a shell loop over openssl req")
        if args.rsa:
            old = rsa.generate_private_key(65537, 2048)
            folder = os.path.join(work, "in-rsa")
            tree(folder, args.rsa, lambda: old)
            ours = [s / args.rsa for s in rekeyed(binary, work, "rsa", folder, 3, args.rsa)]
            keys = f"seq {args.rsa} | xargs -P {os.cpu_count()} -I@ openssl genrsa -out {work}/rsa-@.pem 2048"
            theirs = [timed(["sh", "-c", keys]) / args.rsa for _ in range(3)]
            report(f"RSA-2048, {args.rsa}, median of 3", statistics.median(ours), statistics.median(theirs), "openssl genrsa on all processors")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
