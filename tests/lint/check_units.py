#!/usr/bin/env python3
"""Lets systemd check the units of a build, with the build's programs in their places, and scores them.

`systemd-analyze verify` wants every program that a unit starts to exist: the units are checked as
copies whose ExecStart points into the build folder. Templates are checked as an instance.
check_units.py [BUILD_FOLDER]
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else TOP / "build/release"
UNITS = BUILD / "systemd/units"
# What systemd-analyze security may say at most.
SCORES = {"nacre-vault": 0.4, "nacre-courier": 1.2, "nacre-sentry": 1.2}


def instance(unit):
    """nacre-vault@.service is checked as nacre-vault@work.service."""
    return unit.name.replace("@.", "@work.")


def copy(unit, folder):
    text = re.sub(r"^ExecStart=\S*/(nacre[\w-]*)", lambda found: f"ExecStart={BUILD}/bin/{found.group(1)}",
                  unit.read_text(), flags=re.M)
    (folder / unit.name).write_text(text)


def analyze(folder, *arguments):
    # The user manager's paths need a runtime folder, which CI machines do not give.
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "SYSTEMD_COLORS": "0"}
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True,
                          env=environment)


def verify(units, folder, kind):
    arguments = ["verify", "--man=no"] + (["--user"] if kind == "user" else [])
    result = analyze(folder, *arguments, *(str(folder / instance(unit)) for unit in units))
    names = {unit.name for unit in units} | {instance(unit) for unit in units}
    lines = [line for line in result.stderr.splitlines() if any(name in line for name in names)]
    if result.returncode != 0 and not lines:
        lines.append(result.stderr.strip())
    return lines


def score(unit, folder):
    """(score, violations) of a system service; nothing of what has no limit."""
    limit = SCORES.get(re.split(r"[@.]", unit.name)[0])
    if unit.suffix != ".service" or limit is None:
        return None, []
    result = analyze(folder, "security", "--offline=true", "--no-pager", str(folder / instance(unit)))
    found = re.search(r"Overall exposure level.*: ([0-9.]+)", result.stdout)
    if not found:
        return None, [f"{unit.name}: no score: {result.stderr.strip()}"]
    value = float(found.group(1))
    return value, [f"{unit.name}: score {value}, at most {limit}"] if value > limit else []


def main():
    violations, scores, count = [], {}, 0
    with tempfile.TemporaryDirectory() as top:
        for kind in ("system", "user"):
            units = sorted((UNITS / kind).iterdir()) if (UNITS / kind).is_dir() else []
            count += len(units)
            folder = pathlib.Path(top) / kind
            folder.mkdir()
            for unit in units:
                copy(unit, folder)
                # For the score, which takes a file.
                if kind == "system" and "@." in unit.name:
                    (folder / instance(unit)).symlink_to(unit.name)
            for unit in units if kind == "system" else []:
                value, wrong = score(unit, folder)
                violations += wrong
                if value is not None:
                    scores[unit.stem] = value
            violations += verify(units, folder, kind) if units else [f"no {kind} units in {UNITS}"]
    for path in sorted((UNITS / "sysusers.d").glob("*.conf")):
        result = subprocess.run(["systemd-sysusers", "--dry-run", str(path)], capture_output=True,
                                text=True)
        if result.returncode != 0:
            violations.append(f"{path.name}: {result.stderr.strip()}")
    missing = set(SCORES) - set(scores)
    violations += [f"{name} was not scored" for name in sorted(missing)]
    for violation in violations:
        print(violation)
    print("units: security " + ", ".join(f"{name} {value}" for name, value in sorted(scores.items())))
    print(f"units: {count} checked, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
