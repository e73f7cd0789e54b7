#!/usr/bin/env python3
"""Checks of the built programs: what the courier links, what vaultd's own objects refer to.

check_binaries.py BIN_FOLDER. Prints each violation, then one line a check.
"""
import pathlib
import re
import subprocess
import sys


PROGRAMS = ("nacred", "nacre-sentry", "nacre-slot", "nacre-courier", "nacre-vaultd", "nacre")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def check_courier(bin_folder):
    """The courier cannot open a vault: no SQLCipher, no SQLite among its libraries."""
    libraries = run("ldd", str(bin_folder / "nacre-courier"))
    found = re.findall(r"\S*(?:sqlcipher|sqlite)\S*", libraries)
    return [f"nacre-courier links {name}" for name in found]


def check_supervisor(bin_folder):
    """nacred parses nothing from outside: no gRPC, no libcurl, no SQLCipher."""
    libraries = run("ldd", str(bin_folder / "nacred"))
    found = re.findall(r"\S*(?:sqlcipher|sqlite|grpc|curl)\S*", libraries)
    return [f"nacred links {name}" for name in found]


def check_sentry(bin_folder):
    """nacre-sentry talks to buses: nothing of the vault, the API or the internet is in it."""
    libraries = run("ldd", str(bin_folder / "nacre-sentry"))
    found = re.findall(r"\S*(?:sqlcipher|sqlite|grpc|curl)\S*", libraries)
    return [f"nacre-sentry links {name}" for name in found]


def check_slot(bin_folder):
    """nacre-slot talks to a TPM, and is the only one that does; nothing of the vault's database, the
    API or the internet is in it."""
    violations = []
    for program in PROGRAMS:
        libraries = run("ldd", str(bin_folder / program))
        pattern = r"\S*(?:sqlcipher|sqlite|grpc|curl)\S*" if program == "nacre-slot" else r"\S*tss2\S*"
        violations += [f"{program} links {name}" for name in re.findall(pattern, libraries)]
    if "tss2-esys" not in run("ldd", str(bin_folder / "nacre-slot")):
        violations.append("nacre-slot does not link tpm2-tss")
    return violations


def check_vaultd(bin_folder):
    """vaultd's own objects call nothing that connects. (gRPC's library could; ours may not.)"""
    build = bin_folder.parent
    folders = ["daemon/vaultd", "vault", "sandbox", "daemon/link", "daemon/spool"]
    archives = [path for folder in folders for path in (build / folder).rglob("*.o")]
    if not archives:
        return ["no objects of vaultd found"]
    violations = []
    forbidden = re.compile(r"^\s*U (connect|getaddrinfo|gethostbyname\w*|curl_\w+)(?:@.*)?$")
    for path in archives:
        for line in run("nm", "-u", str(path)).splitlines():
            found = forbidden.match(line)
            if found:
                violations.append(f"{path.relative_to(build)} refers to {found.group(1)}")
    return violations


def check_hardening(bin_folder):
    """Every program is position independent with full RELRO and no executable stack."""
    violations = []
    for name in PROGRAMS:
        headers = run("readelf", "-Wlhd", str(bin_folder / name))
        for what, pattern in (("PIE", r"Type:\s+DYN"), ("RELRO", "GNU_RELRO"),
                              ("BIND_NOW", r"FLAGS.*\bNOW\b|BIND_NOW")):
            if not re.search(pattern, headers):
                violations.append(f"{name}: no {what}")
        if re.search(r"GNU_STACK.*\bRWE\b", headers):
            violations.append(f"{name}: executable stack")
    return violations


def main():
    bin_folder = pathlib.Path(sys.argv[1]).resolve()
    failed = False
    for check in (check_courier, check_supervisor, check_sentry, check_slot, check_vaultd, check_hardening):
        violations = check(bin_folder)
        for violation in violations:
            print(violation)
        name = check.__name__.removeprefix("check_")
        print(f"lint: {name}: {len(violations)} violations")
        failed = failed or bool(violations)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
