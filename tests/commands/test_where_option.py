import pytest

from tests.test_cli import batchgraph_, captures  # noqa: F401


@pytest.mark.parametrize(
    "condition",
    [
        "read_text('/etc/passwd') == src", "src in (select 1)", "dport == 443; DROP TABLE source", "1 == 1 --",
        "__import__('os').system('id') == 0", "getvariable('trust') == src", "\x1b[31mdport == 1", "dport == 1\x00",
        "src ==", "nowhere == 1", "(" * 500, "dport == '443'", "x" * 5_000, "'\u202e' == dport",
    ],
)  # fmt: skip
def test_where__that_is_no_condition_is_wrong_usage_told_in_one_line(captures, tmp_path, condition):  # noqa: F811
    out = tmp_path / "out"
    batchgraph_("extract", captures, "--out", out, "--quiet")
    batchgraph_("merge", "--out", out, "--quiet")
    result = batchgraph_("graph", out, "--quiet", "--where", condition)
    problem, ending = result.stderr.splitlines()

    assert (result.exit_code, (out / "views").exists()) == (2, False)
    assert ending == "batchgraph: stopped exit=2"
    assert problem.isprintable()
    assert len(problem) < 500
