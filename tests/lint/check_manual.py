#!/usr/bin/env python3
"""Checks the manual pages against the programs' own --help, and the shells' completion.

Pages: every option that --help shows is in the page, and every option that the page has as an item is
shown by --help; troff prints each page without a warning. Completion: a real bash completes commands,
options and hostile names; zsh and fish read their scripts. check_manual.py BUILD_FOLDER
"""
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv[1]).resolve()
PAGES = BUILD / "clients/man/pages"
OPTION = re.compile(r"(?<![\w-])(--?[a-z][\w-]*)")
DAEMONS = ["nacred", "nacre-vaultd", "nacre-courier", "nacre-sentry"]
# Chosen by others: one word to the shell, and nothing that it runs.
HOSTILE = ["Ada Lovelace", "$(touch ran)", "`touch ran`", "a;touch ran", 'say "hi"', "O'Brien & Co"]


def help_of(*words):
    return subprocess.run([BUILD / "bin" / words[0], *words[1:], "--help"], capture_output=True,
                          text=True, check=True, env={**os.environ, "HOME": "/nonexistent"}).stdout


def shown(page):
    """The page's items that are options, without troff's marks."""
    text = (PAGES / page).read_text().replace("\\-", "-")
    text = re.sub(r"\\f[BIR]", "", text)
    items = re.findall(r"^\.TP\n(?:\.B )?(-.*)$", text, flags=re.M)
    return {name for item in items for name in OPTION.findall(item)}, text


def options_in(text):
    """Those that stand at the beginning of a line of help: the others are mentioned in sentences."""
    heads = re.findall(r"^ +(-.*?)(?: {2,}|$)", text, flags=re.M)
    return {name for head in heads for name in OPTION.findall(head)}


def commands_in(text):
    return re.findall(r"^  ([a-z][a-z-]*)(?:\s|$)", text.partition("Subcommands:")[2].partition("Exit codes")[0],
                      flags=re.M)


def compare(page, wanted):
    if not (PAGES / page).exists():
        return [f"{page} is missing"]
    items, _ = shown(page)
    return ([f"{page}: {name} is not in it" for name in sorted(wanted - items)] +
            [f"{page}: {name} is in it, and --help does not know it" for name in sorted(items - wanted)])


def check_pages():
    top = help_of("nacre")
    commands = commands_in(top)
    violations = compare("nacre.1", options_in(top))
    if len(commands) < 10:
        violations.append("nacre --help shows no commands")
    for command in commands:
        text = help_of("nacre", command)
        actions = commands_in(text)
        wanted = options_in(text)
        for action in actions:
            wanted |= options_in(help_of("nacre", command, action))
        violations += compare(f"nacre-{command}.1", wanted)
        if f"nacre-{command} (1)" not in shown("nacre.1")[1]:
            violations.append(f"nacre.1: {command} is not in it")
    for daemon in DAEMONS:
        violations += compare(f"{daemon}.8", options_in(help_of(daemon)))
    keys = re.findall(r"^#?([\w.]+) = ", (TOP / "daemon/config/example.toml").read_text(), flags=re.M)
    configuration = shown("nacre.toml.5")[1]
    violations += [f"nacre.toml.5: {key} is not in it" for key in keys if f".B {key} = " not in configuration]
    return len(list(PAGES.iterdir())), violations


def check_troff():
    violations = []
    for page in sorted(PAGES.iterdir()):
        said = subprocess.run(["groff", "-man", "-ww", "-z", "-K", "utf8", "-T", "utf8", page], capture_output=True,
                              text=True)
        # A word that does not fit its line is no mistake.
        violations += [line for line in (said.stderr or "").splitlines()
                       if "cannot adjust line" not in line and "can't break line" not in line]
    return len(list(PAGES.iterdir())), violations


class Bash:
    """A real one on a terminal, with the completion script."""

    def __init__(self, folder, path):
        self.master, slave = pty.openpty()
        self.folder = folder
        environment = {"PATH": f"{path}:/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb", "PS1": "$ ",
                       "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder)}
        self.process = subprocess.Popen(["bash", "--norc", "--noprofile", "-i"], stdin=slave, stdout=slave,
                                        stderr=slave, cwd=folder, env=environment, start_new_session=True)
        os.close(slave)
        self.run("bind 'set bell-style none'; bind 'set enable-bracketed-paste off'")
        self.run(f"source {TOP}/clients/completion/nacre.bash")

    def run(self, line):
        os.write(self.master, line.encode() + b"\n")
        self.until(b"done-\n", b"\x15echo done''-\n")

    def until(self, what, ask=b""):
        os.write(self.master, ask)
        seen, end = b"", time.monotonic() + 60
        while what not in seen.replace(b"\r", b""):
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"bash said {seen!r}")
            seen += os.read(self.master, 4096)
        return seen

    def completed(self, typed):
        """The words that the line has after a TAB at its end: the stub writes down its arguments."""
        out = self.folder / "words"
        out.unlink(missing_ok=True)
        os.write(self.master, f"save {typed}\t".encode())
        # Completion is synchronous: what follows is read by the line after it.
        self.until(b"done-\n", b"\necho done''-\n")
        return out.read_bytes().decode().split("\0")[:-1] if out.exists() else None

    def close(self):
        os.close(self.master)
        self.process.kill()
        self.process.wait()


def check_bash():
    violations = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        stub = folder / "stub"
        stub.mkdir()
        lines = "".join(f"{word}\tabout\n" for word in HOSTILE)
        (stub / "lines").write_text(lines)
        # As `nacre __complete` does: only what begins with the last word.
        (stub / "nacre").write_text("#!/bin/bash\ntyped=${@: -1}\nwhile IFS= read -r line; do "
                                    f"[[ $line != \"$typed\"* ]] || printf '%s\\n' \"$line\"; done <{stub}/lines\n")
        (stub / "nacre").chmod(0o755)
        cases = [(BUILD / "bin", "nacre conv", ["nacre", "conversations"]),
                 (BUILD / "bin", "nacre slot cal", ["nacre", "slot", "calibrate"]),
                 (BUILD / "bin", "nacre messages --lim", ["nacre", "messages", "--limit"]),
                 # No daemon, and so no names, at once and without a word.
                 (BUILD / "bin", "nacre messages Ad", ["nacre", "messages", "Ad"])]
        for word in HOSTILE:
            start = word[0] if word[0].isalpha() else "\\" + word[0]
            first = {"a": "a\\;", "s": "say"}.get(word[0], start)
            cases.append((stub, f"nacre messages {first}", ["nacre", "messages", word]))
        cases += [(stub, 'nacre messages "Ada L', ["nacre", "messages", "Ada Lovelace"]),
                  (stub, "nacre messages 'Ada L", ["nacre", "messages", "Ada Lovelace"]),
                  (stub, 'nacre messages "\\$(t', ["nacre", "messages", "$(touch ran)"])]
        shells = {}
        for path, typed, wanted in cases:
            if path not in shells:
                shells[path] = Bash(folder, path)
                # Runs nothing: "save nacre …" would complete save's words, so nacre is made one that saves.
                shells[path].run("save() { printf '%s\\0' \"$@\" >words; }; complete -F _save save; "
                                 "_save() { COMP_WORDS=(\"${COMP_WORDS[@]:1}\"); COMP_CWORD=$((COMP_CWORD - 1)); "
                                 "_nacre nacre \"$2\" \"$3\"; }")
            found = shells[path].completed(typed)
            if found != wanted:
                violations.append(f"bash: {typed!r} became {found}, not {wanted}")
        for shell in shells.values():
            shell.close()
        if (folder / "ran").exists():
            violations.append("bash: a name was run")
    return len(cases), violations


def check_shells():
    folder = TOP / "clients/completion"
    violations = []
    for command in (["bash", "-n", "nacre.bash"], ["zsh", "-n", "_nacre"], ["fish", "--no-execute", "nacre.fish"]):
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if said.returncode != 0 or said.stderr:
            violations.append(f"{command[0]}: {said.stderr.strip()}")
    # fish completes without a terminal.
    said = subprocess.run(["fish", "--no-config", "-c", "source nacre.fish; complete -C 'nacre conv'"], cwd=folder,
                          capture_output=True, text=True,
                          env={**os.environ, "PATH": f"{BUILD}/bin:{os.environ['PATH']}"})
    if said.stdout.split("\t")[0] != "conversations":
        violations.append(f"fish: 'nacre conv' became {said.stdout!r} {said.stderr!r}")
    return 4, violations


def main():
    failed = False
    for check in (check_pages, check_troff, check_bash, check_shells):
        checked, violations = check()
        for violation in violations:
            print(violation)
        print(f"lint: {check.__name__.removeprefix('check_')}: {checked} checked, {len(violations)} violations")
        failed = failed or bool(violations)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
