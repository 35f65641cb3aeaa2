"""Prints the ten longest functions and files. No gate: a reviewer may ask."""

import ast
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]


def measure(source: str) -> list[tuple[int, str]]:
    """Return (lines, name) of every function in `source`."""
    return [
        ((node.end_lineno or node.lineno) - node.lineno + 1, node.name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def main() -> None:
    files: list[tuple[int, str]] = []
    functions: list[tuple[int, str]] = []
    for path in (ROOT / "src").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        name = str(path.relative_to(ROOT / "src"))
        files.append((source.count("\n"), name))
        functions += [(lines, f"{name}:{function}") for lines, function in measure(source)]
    for title, rows in (("functions", functions), ("files", files)):
        print(title)
        for lines, name in sorted(rows, reverse=True)[:10]:
            print(f"{lines:6} {name}")


if __name__ == "__main__":
    main()
