#!/usr/bin/env python3
"""Measures certrecall against ripgrep and against the same scan in Go and Python, all in one run, and prints the ratios.

usage: benches/compare.py [--tree DIR] [--bundles N] [--runs N] [--peers DIR] [--only NAME,...] [--save NAME]

The tree is made by `cargo run --release --example bench-tree` if DIR is not there (100,000 bundles take two to three minutes and 600 MB).
Every command runs once to warm up, then in turn with all others, RUNS times; quoted are medians of whole processes.
--peers: a folder with goscan/ (Go source; needs `go`) and pyscan.py (needs the Python package cryptography); left out if it is not there.
--save NAME: also write benches/runs/NAME/{raw.csv,summary.md}.
"""
import argparse, csv, os, platform, shutil, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BINARY = os.path.join(ROOT, "target", "release", "certrecall")


def run(command, stdout=subprocess.DEVNULL):
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return {"wall": time.monotonic() - start, "cpu": usage.ru_utime + usage.ru_stime, "rss_kib": usage.ru_maxrss, "exit": process.returncode}


def commands(args, work):
    case = os.path.join(work, "case")
    found = {
        "scan": [BINARY, "-q", "scan", "--format", "ndjson", args.tree],
        "plan": [BINARY, "-q", "plan", args.tree, "-o", case],
        "ripgrep": ["rg", "-c", "-j2", "BEGIN CERTIFICATE", args.tree] if shutil.which("rg") else None,
    }
    go = os.path.join(args.peers, "goscan")
    if os.path.isdir(go) and shutil.which("go"):
        source = shutil.copytree(go, os.path.join(work, "goscan"))
        subprocess.run(["chmod", "-R", "u+w", source], check=True)
        subprocess.run(["go", "build", "-o", "goscan", "."], cwd=source, check=True, env={**os.environ, "GOFLAGS": "-mod=mod"})
        found["go"] = [os.path.join(source, "goscan"), args.tree]
    python = os.path.join(args.peers, "pyscan.py")
    if os.path.isfile(python):
        found["python"] = [sys.executable, python, args.tree]
    only = args.only.split(",") if args.only else list(found)
    return {name: command for name, command in found.items() if command and name in only}, case


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--tree", default=os.path.join(ROOT, "target", "bench-tree"))
    ap.add_argument("--bundles", type=int, default=100_000)
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("--peers", default=os.path.join(ROOT, "..", "shared", "peers"))
    ap.add_argument("--only")
    ap.add_argument("--save")
    args = ap.parse_args()
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    if not os.path.isdir(args.tree):
        subprocess.run(["cargo", "run", "--release", "--quiet", "--example", "bench-tree", "--", args.tree, str(args.bundles)], cwd=ROOT, check=True)
    rows = []
    with tempfile.TemporaryDirectory() as work:
        wanted, case = commands(args, work)
        for turn in range(args.runs + 1):
            for name, command in wanted.items():
                shutil.rmtree(case, ignore_errors=True)
                result = run(command)
                if turn > 0:
                    rows.append({"command": name, "turn": turn, **result})
    report(rows, args)


def report(rows, args):
    median = lambda name, field: statistics.median(r[field] for r in rows if r["command"] == name)
    names = list(dict.fromkeys(r["command"] for r in rows))
    lines = [f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} processors, {args.runs} runs, medians", ""]
    lines += ["| command | wall s | cpu s | peak MiB | exit |", "|---|---|---|---|---|"]
    for name in names:
        exits = "/".join(sorted({str(r["exit"]) for r in rows if r["command"] == name}))
        lines.append(f"| {name} | {median(name, 'wall'):.2f} | {median(name, 'cpu'):.2f} | {median(name, 'rss_kib') / 1024:.0f} | {exits} |")
    lines.append("")
    pairs = [("scan", "ripgrep", "scan takes {:.2f} x the time of ripgrep"), ("go", "scan", "scan is {:.1f} x faster than Go"),
             ("python", "scan", "scan is {:.1f} x faster than Python"), ("plan", "scan", "plan takes {:.2f} x the time of scan")]
    for a, b, says in pairs:
        if a in names and b in names:
            both = [statistics.median(ratio(rows, a, b, field)) for field in ("wall", "cpu")]
            lines.append("- " + says.format(both[0]) + f" (cpu: {both[1]:.2f})")
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if args.save:
        folder = os.path.join(HERE, "runs", args.save)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "summary.md"), "w", encoding="utf-8") as out:
            out.write(text)
        with open(os.path.join(folder, "raw.csv"), "w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, ["command", "turn", "wall", "cpu", "rss_kib", "exit"])
            writer.writeheader()
            writer.writerows({k: f"{v:.3f}" if isinstance(v, float) else v for k, v in r.items()} for r in rows)


def ratio(rows, a, b, field):
    """The ratio turn by turn: it holds when the speed of the machine drifts."""
    turns = {r["turn"]: r[field] for r in rows if r["command"] == b}
    return [r[field] / turns[r["turn"]] for r in rows if r["command"] == a and r["turn"] in turns]


if __name__ == "__main__":
    main()
