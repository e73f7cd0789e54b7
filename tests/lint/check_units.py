#!/usr/bin/env python3
"""Lets systemd check the unit files, with the programs of build/release/bin in their places.

`systemd-analyze verify` wants every program that a unit starts to exist: the units are checked as
copies whose ExecStart points into the build folder.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
BIN = TOP / "build/release/bin"


def main():
    units = [path for path in sorted((TOP / "systemd").rglob("*"))
             if path.suffix in {".service", ".socket", ".timer", ".target"}]
    violations = []
    with tempfile.TemporaryDirectory() as folder:
        for user in (False, True):
            chosen = [path for path in units if ("user" in path.relative_to(TOP).parts) == user]
            if not chosen:
                continue
            place = pathlib.Path(folder) / ("user" if user else "system")
            place.mkdir()
            for unit in chosen:
                text = re.sub(r"/usr/(?:local/)?(?:bin|libexec|lib)/(?:nacre/)?(nacre[\w-]*)",
                              lambda found: str(BIN / found.group(1)), unit.read_text())
                (place / unit.name).write_text(text)
            command = ["systemd-analyze", "verify", "--man=no"] + (["--user"] if user else [])
            # The user manager's paths need a runtime folder, which CI machines do not give.
            environment = {**os.environ, "XDG_RUNTIME_DIR": folder}
            result = subprocess.run(command + [str(place / unit.name) for unit in chosen],
                                    capture_output=True, text=True, env=environment)
            names = {unit.name for unit in chosen}
            lines = [line for line in result.stderr.splitlines()
                     if any(name in line for name in names)]
            violations += lines
            if result.returncode != 0 and not lines:
                violations.append(result.stderr.strip())
    for kind, program in (("sysusers", "systemd-sysusers"), ("tmpfiles", None)):
        for path in sorted((TOP / "systemd").rglob(f"*{kind}*.conf")):
            if program is None or shutil.which(program) is None:
                continue
            result = subprocess.run([program, "--dry-run", str(path)], capture_output=True, text=True)
            if result.returncode != 0:
                violations.append(f"{path.name}: {result.stderr.strip()}")
    for violation in violations:
        print(violation)
    print(f"units: {len(units)} checked, {len(violations)} violations")
    return 1 if violations or not units else 0


if __name__ == "__main__":
    sys.exit(main())
