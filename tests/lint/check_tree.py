#!/usr/bin/env python3
"""Checks of the source tree: who may include whom, what no file may name, how long files are.

Prints each violation as file:line, then one line a check; not zero if there is any.
"""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]

# Folder -> folders whose headers it may include. The longest matching folder counts.
LAYERS = {
    "api/base": ["api/base"],
    "api": ["api"],
    "sandbox": ["api/base", "sandbox"],
    "vault": ["api/base", "sandbox", "vault"],
    "daemon/base": ["api/base", "sandbox", "daemon/base"],
    "daemon/config": ["api/base", "sandbox", "daemon/base", "daemon/config"],
    "daemon/libsignal": ["api/base", "sandbox", "daemon/base", "daemon/libsignal"],
    "daemon/link": ["api", "sandbox", "daemon/base", "daemon/link"],
    "daemon/spool": ["api/base", "sandbox", "daemon/base", "daemon/spool"],
    "daemon/courier": ["api", "sandbox", "daemon/base", "daemon/config", "daemon/libsignal",
                       "daemon/link", "daemon/spool", "daemon/courier"],
    "daemon/vaultd": ["api", "sandbox", "vault", "daemon/base", "daemon/config",
                      "daemon/libsignal", "daemon/link", "daemon/overwrite", "daemon/spool",
                      "daemon/vaultd"],
    "daemon/slot": ["api/base", "api/tpm", "sandbox", "vault", "daemon/slot"],
    "daemon/overwrite": ["api/base", "sandbox", "daemon/base", "daemon/overwrite"],
    "daemon/sentry": ["api/base", "sandbox", "daemon/base", "daemon/config", "daemon/sentry"],
    "daemon/supervisor": ["api/base", "sandbox", "daemon/base", "daemon/config",
                          "daemon/overwrite", "daemon/supervisor"],
    "clients": ["api", "sandbox", "clients"],
}
# Generated from api/proto: who may see which messages. Plaintext is signal.proto's.
GENERATED = {
    "nacre/v1/": ["api", "daemon/vaultd", "clients"],
    "nacre/courier/v1/": ["api", "daemon/config", "daemon/link", "daemon/courier", "daemon/vaultd"],
    "signal": ["api", "daemon/libsignal", "daemon/vaultd"],
}
# Network code has no place in vaultd, the vault's code none in the courier: CMake links it so,
# and check_binaries.py looks at the result.
FORBIDDEN_TEXT = [
    (re.compile(r"\b(?:registry\.npmjs|deb\.debian|snapshot\.debian|security\.debian|pypi|"
                r"proxy\.golang|crates)\.(?:org|io)\b"), "a registry's host"),
    (re.compile(r"(?<![\w.$}/])/(?:work|root|home/[a-z]{2,}|Users/[a-z]+)/[\w.]"), "a path of one machine"),
]
MAX_LINES = {".cpp": 600, ".h": 400, ".js": 500, ".py": 400, ".proto": 400}
SOURCE = {".cpp", ".h"}


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, check=True)
    return [TOP / name for name in listed.stdout.decode().split("\0") if name]


def owner(path, table):
    text = path.as_posix()
    folders = [folder for folder in table if text.startswith(folder + "/")]
    return max(folders, key=len) if folders else None


def includes(path):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line)
        if found:
            yield number, found.group(1)


def check_layers(files):
    violations = []
    checked = 0
    for path in files:
        relative = path.relative_to(TOP)
        folder = owner(relative, LAYERS)
        if path.suffix not in SOURCE or folder is None:
            continue
        checked += 1
        for number, target in includes(path):
            allowed = None
            generated = [prefix for prefix in GENERATED
                         if target.startswith(prefix) and target.endswith(".pb.h")]
            if generated:
                allowed = GENERATED[max(generated, key=len)]
                fits = folder in allowed or owner(relative, dict.fromkeys(allowed)) is not None
            elif (TOP / target).exists():
                allowed = LAYERS[folder]
                fits = any(target.startswith(prefix + "/") for prefix in allowed)
            if allowed is not None and not fits:
                violations.append(f"{relative}:{number}: {folder} may not include {target}")
    return checked, violations


def check_names(files):
    violations = []
    checked = 0
    for path in files:
        if not path.is_file() or path.name == "check_tree.py":
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        checked += 1
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, what in FORBIDDEN_TEXT:
                if pattern.search(line):
                    violations.append(f"{path.relative_to(TOP)}:{number}: names {what}")
    return checked, violations


def check_lengths(files):
    violations = []
    checked = 0
    for path in files:
        limit = MAX_LINES.get(path.suffix)
        if limit is None or not path.is_file():
            continue
        checked += 1
        text = path.read_text(errors="replace")
        lines = text.count("\n")
        if lines > limit and "// GENERATED by" not in text[:400]:
            violations.append(f"{path.relative_to(TOP)}: {lines} lines, at most {limit}")
    return checked, violations


def main():
    files = [path for path in tracked() if path.exists()]
    failed = False
    for name, check in (("layers", check_layers), ("names", check_names), ("lengths", check_lengths)):
        checked, violations = check(files)
        for violation in violations:
            print(violation)
        print(f"lint: {name}: {checked} files, {len(violations)} violations")
        failed = failed or bool(violations)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
