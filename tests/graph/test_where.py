import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.errors import UsageError
from batchgraph.graph.where import MAX_CHARACTERS, parse_condition
from tests.graph.edge_records import UDP, edge_table

ROWS = [
    UDP,
    {**UDP, "type": "TCP", "proto": 6, "sport": 40000, "dport": 443, "tcp_flags": 0x12, "time": 10**9, "load": 0},
    {"eth_src": "02:00:00:00:00:01", "stopped_in": "llc", "status": "unsupported"},
]


def frames(text):
    condition = parse_condition(text)
    with duckdb.connect() as connection:
        connection.register("source", edge_table(ROWS))
        for name, value in condition.variables.items():
            connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
        query = f"SELECT frame FROM source WHERE {condition.sql} ORDER BY frame"
        return [row[0] for row in connection.execute(query).fetchall()]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("dport == 443", [2]),
        ("dport = 443 AND type = 'TCP'", [2]),
        ('type != "TCP"', [1]),
        ("type <> 'TCP'", [1]),
        ("not dport == 443", [1]),
        ("dport in (53, 443)", [1, 2]),
        ("dport not in [53]", [2]),
        ("src is None", [3]),
        ("src IS NOT NULL and load > 0", [1]),
        ("50 < dport <= 100", [1]),
        ("tcp_flags & 2 != 0", [2]),
        ("sport - dport > 9000 or stopped_in == 'llc'", [2, 3]),
        ("sport == dport", []),
        ('time >= "1970-01-01T00:00:01Z"', [2]),
        ('time < "1970-01-01T00:00:01Z"', []),
        ("src == 'it''s'", []),
        ('src == "\'; DROP TABLE source; --"', []),
    ],
)
def test_condition__chooses_packets(text, chosen):
    assert frames(text) == chosen


@pytest.mark.parametrize(
    "text",
    [
        "", "dport", "1", "443 == '443'", "dport == 'http'", "port == 443", "dport == 1.5", "dport == True",
        "dport == 443 # all", "dport == 443; DROP TABLE source", "dport == 443 -- ", "dport == (select 1)",
        "read_text('/etc/passwd') == src", "src in read_csv('/etc/passwd')", "__import__('os').system('id') == 0",
        "src.__class__ == 1", "src[0] == '1'", "f'{src}' == src", "lambda: 1", "[x for x in src] == 1", "src := 1",
        "src is src", "src is 'a'", "src in dst", "dport ** 9 == 1", "~dport == 1", "dport == 9999999999999999999999",
        "(" * 500 + "dport == 1" + ")" * 500, "dport == 1 and " * 500 + "dport == 1", 'src == "a', "src == b'a'",
        "$trust = 1", "getvariable('trust') == src", "source.dport == 1", "dport == 443 /* all */", "src == None",
        "if src: pass", "dport ==\x00 1", "*src == 1",
    ],
)  # fmt: skip
def test_condition__that_says_anything_else_is_refused(text):
    with pytest.raises(UsageError):
        parse_condition(text)


@pytest.mark.parametrize(
    "text",
    [
        "dport == 443 and " * 100,
        "x" * 3_000,
        f"src == {'9' * 3_000}",
        "lambda: (" + "1, " * 900 + "2)",
        "+".join("1" * 900),
    ],
    ids=["unfinished", "name", "number", "lambda", "sum"],
)
def test_condition__that_is_refused_is_not_repeated_whole(text):
    with pytest.raises(UsageError) as refused:
        parse_condition(text)

    assert len(str(refused.value)) < 400


def test_condition__too_long_is_refused_before_it_is_read():
    with pytest.raises(UsageError, match="longer"):
        parse_condition("x" * (MAX_CHARACTERS + 1))


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=60))
def test_condition__values_never_reach_the_sql(value):
    condition = parse_condition(f"src == {value!r}")

    assert condition.sql == """((source."src"::VARCHAR = getvariable('where_0')::VARCHAR))"""
    assert condition.variables == {"where_0": value}


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=40))
def test_condition__of_any_text_is_read_or_refused(text):
    try:
        condition = parse_condition(text)
    except UsageError:
        return
    assert frames(text) is not None
    assert set(condition.variables.values()).isdisjoint({""}) or '""' in text or "''" in text
