#!/usr/bin/env python3
"""Checks the manual pages against the programs' own --help, and the shells' completion.

Pages: every option that --help shows is in the page, and every option that the page has as an item is
shown by --help; troff prints each page without a warning. Completion: a real bash and a real zsh complete
commands, options and hostile names; fish a command. check_manual.py BUILD_FOLDER
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
COMPLETION = TOP / "clients/completion"
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


class Shell:
    """A real one on a terminal, with its completion script; `nacre` writes down what it was given."""

    COMMANDS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}
    SOURCE = {"bash": f"bind 'set bell-style none'; source {COMPLETION}/nacre.bash",
              "zsh": f"fpath=({COMPLETION} $fpath); autoload -U compinit; compinit -u -D"}

    def __init__(self, name, folder, programs):
        self.words = folder / "words"
        self.master, slave = pty.openpty()
        environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb", "PS1": "$ ",
                       "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder)}
        self.process = subprocess.Popen(self.COMMANDS[name], stdin=slave, stdout=slave, stderr=slave, cwd=folder,
                                        env=environment, start_new_session=True)
        os.close(slave)
        self.run(self.SOURCE[name])

    def run(self, line):
        """Types the line; what it does is over when this returns."""
        os.write(self.master, line.encode() + b"\necho done''-\n")
        seen, end = b"", time.monotonic() + 60
        while b"\ndone-" not in seen.replace(b"\r", b""):
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"the shell said {seen!r}")
            seen += os.read(self.master, 4096)

    def completed(self, typed):
        """What nacre gets from the line with a TAB at its end."""
        self.words.unlink(missing_ok=True)
        self.run(typed + "\t")
        return self.words.read_bytes().decode().split("\0")[:-1] if self.words.exists() else None

    def close(self):
        os.close(self.master)
        self.process.kill()
        self.process.wait()


def stand_in(folder, completes):
    """A `nacre` that completes by a line of shell, and otherwise writes down its arguments."""
    folder.mkdir()
    (folder / "nacre").write_text(f"#!/bin/bash\nif [ \"$1\" = __complete ]; then {completes}; fi\n"
                                  "printf '%s\\0' \"$@\" >words\n")
    (folder / "nacre").chmod(0o755)
    return folder


def check_typing():
    # The daemon is not there: no names, at once and without a word.
    real = [("nacre conv", ["conversations"]), ("nacre slot cal", ["slot", "calibrate"]),
            ("nacre messages --lim", ["messages", "--limit"]), ("nacre messages Ad", ["messages", "Ad"])]
    begun = ["Ad", "\\$", "\\`", "a\\;", "say", "O"]
    hostile = [(f"nacre messages {start}", ["messages", word]) for start, word in zip(begun, HOSTILE)]
    hostile += [("nacre messages \"Ada L", ["messages", "Ada Lovelace"]), ("nacre messages 'Ada L", ["messages", "Ada Lovelace"]),
                ('nacre messages "\\$(t', ["messages", "$(touch ran)"])]
    violations = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "lines").write_text("".join(f"{word}\tabout\n" for word in HOSTILE))
        programs = {"real": stand_in(folder / "real", f"exec {BUILD}/bin/nacre \"$@\""),
                    # As nacre does: only what begins with the last word.
                    "hostile": stand_in(folder / "hostile", 'typed=${@: -1}; while IFS= read -r line; do [[ $line != "$typed"* ]] '
                                        f"|| printf '%s\\n' \"$line\"; done <{folder}/lines; exit")}
        for shell_name in Shell.COMMANDS:
            for kind, cases in (("real", real), ("hostile", hostile)):
                shell = Shell(shell_name, folder, programs[kind])
                for typed, wanted in cases:
                    found = shell.completed(typed)
                    if found != wanted:
                        violations.append(f"{shell_name}: {typed!r} became {found}, not {wanted}")
                shell.close()
        if (folder / "ran").exists():
            violations.append("a name was run")
    return len(Shell.COMMANDS) * (len(real) + len(hostile)), violations


def check_shells():
    violations = []
    for command in (["bash", "-n", "nacre.bash"], ["zsh", "-n", "_nacre"], ["fish", "--no-execute", "nacre.fish"]):
        said = subprocess.run(command, cwd=COMPLETION, capture_output=True, text=True)
        if said.returncode != 0 or said.stderr:
            violations.append(f"{command[0]}: {said.stderr.strip()}")
    # fish completes without a terminal.
    said = subprocess.run(["fish", "--no-config", "-c", "source nacre.fish; complete -C 'nacre conv'"], cwd=COMPLETION,
                          capture_output=True, text=True,
                          env={**os.environ, "PATH": f"{BUILD}/bin:{os.environ['PATH']}"})
    if said.stdout.split("\t")[0] != "conversations":
        violations.append(f"fish: 'nacre conv' became {said.stdout!r} {said.stderr!r}")
    return 4, violations


def main():
    failed = False
    for check in (check_pages, check_troff, check_typing, check_shells):
        checked, violations = check()
        for violation in violations:
            print(violation)
        print(f"lint: {check.__name__.removeprefix('check_')}: {checked} checked, {len(violations)} violations")
        failed = failed or bool(violations)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
