"""Other engines on the damage benchmark's cases, and one Markdown table.

    cargo bench --bench damage -- --repo PATH --dump cases
    python3 -m venv venv && venv/bin/pip install --no-deps aider-chat diff-match-patch tqdm
    venv/bin/python peers.py cases/cases.jsonl [--tenon PATH] [--only NAME]

Every engine works on the files as they are now, as it does in its own program; what the model saw is known to tenon
only. A refusal is whatever an engine reports as a failure, even where it wrote a part before it failed.
"""

import argparse
import importlib.abc
import importlib.machinery
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import types
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).parent
AIDER_NEEDS = """
    PIL backoff configargparse diskcache dotenv google grep_ast importlib_resources json5 litellm mixpanel networkx
    numpy openai oslex pexpect posthog psutil pydub pypandoc pyperclip
    requests scipy shtab socksio sounddevice soundfile streamlit tree_sitter tree_sitter_language_pack watchfiles
    bs4 playwright httpx tiktoken
""".split()


def member(name):
    """Any class of a package that is not there."""
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (Exception,), {})


def aider_coders():
    """aider's own coders, without its models, terminal and repository."""

    class Missing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
        """Answers for packages that only the parts not used here need."""

        def find_spec(self, name, path=None, target=None):
            known = name.split(".")[0] in AIDER_NEEDS
            return importlib.machinery.ModuleSpec(name, self, is_package=True) if known else None

        def create_module(self, spec):
            module = types.ModuleType(spec.name)
            module.__getattr__ = member
            return module

        def exec_module(self, module):
            pass

    sys.meta_path.append(Missing())
    from aider.coders.editblock_coder import EditBlockCoder
    from aider.coders.patch_coder import PatchCoder
    from aider.coders.udiff_coder import UnifiedDiffCoder

    return {"search-replace": EditBlockCoder, "udiff": UnifiedDiffCoder, "apply-patch": PatchCoder}


class Files:
    """aider's view of the disk: as its own, with the platform's line ends."""

    def read_text(self, path):
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except OSError:
            return None

    def write_text(self, path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def __getattr__(self, name):
        return lambda *arguments, **named: None


def aider(coder_class, case, folder):
    """None for a refusal, else nothing: the texts are in the folder."""
    coder = object.__new__(coder_class)
    coder.io = Files()
    coder.root = folder
    coder.fence = ("````", "````") if "````" in case["reply"] else ("```", "```")
    coder.partial_response_content = case["reply"]
    coder.shell_commands = []
    coder.abs_fnames = {os.path.join(folder, path) for path in case["files"]}
    coder.abs_root_path = lambda path: os.path.join(folder, path)
    coder.get_inchat_relative_files = lambda: list(case["files"])
    coder.get_rel_fname = lambda path: os.path.relpath(path, folder)
    coder.get_multi_response_content_in_progress = lambda *_: case["reply"]
    try:
        edits = coder.get_edits()
        if not edits:
            return False
        coder.apply_edits(edits)
        return True
    except Exception:
        return False


def bare(reply):
    """The diff without the fence and the sentence around it."""
    start = reply.find("diff\n")
    if start < 0:
        return reply
    rest = reply[start + 5 :]
    end = rest.rfind("```")
    return rest if end < 0 else rest[:end].rstrip("`")


def with_git_heads(diff):
    """The diff with a line of git's before each file: without it git reads the next file's head as deleted lines."""
    return re.sub(r"^--- a/(.*)\n\+\+\+ b/", r"diff --git a/\1 b/\1\n\g<0>", diff, flags=re.MULTILINE)


def spawned(*command):
    """An engine that is a program of its own and reads the diff from its input."""

    def run(case, folder):
        diff = bare(case["reply"])
        if "--recount" in command:
            diff = with_git_heads(diff)
        done = subprocess.run(command, cwd=folder, input=diff.encode(), capture_output=True, check=False)
        return done.returncode == 0

    return run


def same(expected, got):
    """Whether a text is the expected one, apart from what is free in it."""
    if expected["text"] == got:
        return True
    wanted, got = expected["text"].split("\n"), got.split("\n")
    free = set(expected["free_ends"])
    return len(wanted) == len(got) and all(
        a == b or (at in free and a.rstrip() == b.rstrip()) for at, (a, b) in enumerate(zip(wanted, got))
    )


def judge(case, texts):
    """One of ok, refused, wrong, applied (where refusing was right), unsure (rightly)."""
    what = case["expected"]["what"]
    if what == "refuse":
        return "ok" if texts is None or texts == case["files"] else "applied"
    if texts is None:
        return "unsure" if what == "either" else "refused"
    if what == "no-op":
        return "ok" if texts == case["files"] else "wrong"
    files = case["expected"]["files"]
    right = files.keys() == texts.keys() and all(same(files[path], texts[path]) for path in files)
    return "ok" if right else "wrong"


class Tally:
    """What became of the cases of each engine."""

    def __init__(self):
        self.rows = defaultdict(list)
        self.kinds = defaultdict(Counter)

    def add(self, tool, case, texts, micros):
        verdict = judge(case, texts)
        self.rows[tool].append((case["expected"]["what"], verdict, micros))
        self.kinds[tool, case["kind"]][verdict] += 1

    def print(self):
        print("| engine | cases | ok % | silent wrong % | must-refuse applied % | ms p50 / p99 |")
        print("|---|---|---|---|---|---|")
        for tool, rows in self.rows.items():
            apply = [verdict for what, verdict, _ in rows if what in ("apply", "no-op")]
            refuse = [verdict for what, verdict, _ in rows if what == "refuse"]
            wrong = sum(verdict in ("wrong", "applied") for _, verdict, _ in rows)
            times = sorted(micros for _, _, micros in rows)
            p50, p99 = (times[(len(times) - 1) * percent // 100] / 1000 for percent in (50, 99))
            cells = [
                tool,
                str(len(rows)),
                percent(apply.count("ok"), len(apply)),
                percent(wrong, len(rows)),
                percent(refuse.count("applied"), len(refuse)),
                f"{p50:.1f} / {p99:.1f}",
            ]
            print("| " + " | ".join(cells) + " |")


def percent(part, of):
    return f"{100 * part / of:.1f}" if of else "—"


def read_texts(folder):
    """All texts under a folder."""
    texts = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if name.endswith((".orig", ".rej")):
                continue
            with open(path, encoding="utf-8", errors="replace", newline="") as file:
                texts[os.path.relpath(path, folder)] = file.read()
    return texts


def write_exactly(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def run_on_disk(tally, tool, engine, cases):
    """Runs an engine that works on files; each case in a folder of its own."""
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            for path, text in case["files"].items():
                write_exactly(os.path.join(folder, path), text)
            begun = time.perf_counter()
            applied = engine(case, folder)
            micros = (time.perf_counter() - begun) * 1e6
            tally.add(tool, case, read_texts(folder) if applied else None, micros)


def run_lines(tally, tool, command, cases):
    """Runs a program that answers JSON lines; `tool` is None when it names itself."""
    by_id = {case["id"]: case for case in cases}
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(command, input=lines.encode(), capture_output=True, check=True)
    for line in done.stdout.decode().splitlines():
        answer = json.loads(line)
        texts = answer["files"] if answer.get("status") != "refused" else None
        case = by_id[answer["id"]]
        tally.add(answer.get("tool") or f"{tool} {case['format']}", case, texts, answer["micros"])


def main():
    options = argparse.ArgumentParser()
    options.add_argument("cases")
    options.add_argument("--tenon", help="the program, to be run by `tenon apply --batch`")
    options.add_argument("--kinds", action="store_true", help="print verdicts by kind, too")
    options.add_argument("--only", default="", help="engines whose name contains this")
    options = options.parse_args()
    with open(options.cases, encoding="utf-8") as file:
        cases = [json.loads(line) for line in file]
    wanted = lambda name: options.only in name
    of = lambda form: [case for case in cases if case["format"] == form]
    tally = Tally()
    if options.tenon and wanted("tenon"):
        for form in ("search-replace", "udiff", "apply-patch", "whole", "json"):
            run_lines(tally, "tenon", [options.tenon, "apply", "--batch"], of(form))
    if wanted("diffy") or wanted("mpatch"):
        manifest = str(HERE / "Cargo.toml")
        target = str(HERE.parent.parent / "target" / "peers")
        command = ["cargo", "run", "-q", "--release", "--manifest-path", manifest, "--target-dir", target]
        run_lines(tally, None, command, cases)
    programs = {
        "git apply": ("git", "apply"),
        "git apply, lenient": ("git", "apply", "--recount", "--ignore-whitespace"),
        "GNU patch": ("patch", "-p1", "--batch", "--forward", "--no-backup-if-mismatch", "-r", "-"),
    }
    for name, command in programs.items():
        if wanted(name):
            run_on_disk(tally, name, spawned(*command), of("udiff"))
    if wanted("aider"):
        for form, coder in aider_coders().items():
            engine = lambda case, folder, coder=coder: aider(coder, case, folder)
            run_on_disk(tally, f"aider {form}", engine, of(form))
    tally.print()
    for (tool, kind), verdicts in tally.kinds.items() if options.kinds else ():
        print(tool, kind, dict(verdicts))


if __name__ == "__main__":
    main()
