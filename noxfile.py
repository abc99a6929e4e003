"""Single steps of the gate, and what is too slow for it: ``nox --list``."""

import nox

nox.options.sessions = ["lint", "types", "docs", "tests"]
nox.options.error_on_missing_interpreters = False


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the tests, for example ``nox -s tests-3.13 -- tests/commands``."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the tests with the oldest versions that setup.cfg allows."""
    session.install("uv")
    requirements = f"{session.create_tmp()}/lowest.txt"
    options = ["--extra", "test", "--resolution", "lowest-direct", "-q"]
    session.run("uv", "pip", "compile", "setup.cfg", *options, "-o", requirements)
    session.install("-r", requirements)
    session.install("--no-deps", "-e", ".")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the code with ruff."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types with mypy and pyright."""
    session.install("-e", ".[dev]")
    session.run("mypy")
    session.run("basedpyright")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into ``docs/_build``."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "-n", "-q", "docs", "docs/_build")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Post random bodies and read random documents, for some minutes."""
    session.install("-e", ".[test]", "atheris")
    for target in ("fuzz_body", "fuzz_loads"):
        options = ["-atheris_runs=300000", "-max_len=1024", session.create_tmp()]
        path = f"tests/fuzz/{target}.py"
        session.run("python", path, *options, env={"PYTHONPATH": ".:tests"})


@nox.session
def mutation(session: nox.Session) -> None:
    """Make a sample of mistakes, for example ``nox -s mutation -- commands``."""
    session.install("-e", ".[test]")
    script = ["python", "tests/mutation/rooms.py", *session.posargs]
    session.run(*script, env={"PYTHONPATH": "."})


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure, for example ``nox -s benchmarks -- request``."""
    session.install("-e", ".[bench]")
    session.run("python", "-m", "benchmarks", *(session.posargs or ["request"]))
