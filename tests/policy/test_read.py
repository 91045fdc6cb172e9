import json

import pytest

from batchgraph.errors import UsageError
from batchgraph.policy.json_schema import policy_schema_text
from batchgraph.policy.keys import POLICY_KEYS, RULE_KEYS
from batchgraph.policy.place import line_of
from batchgraph.policy.policy import TimeWindow
from batchgraph.policy.read import parse_policy, read_policy

RULE = '[[rules]]\nname = "a"\naction = "deny"\n'
HOUR = 3600 * 10**9


def rule(more=""):
    return parse_policy(RULE + more).rules[0]


def refused(text):
    with pytest.raises(UsageError) as caught:
        parse_policy(text, name="p.toml")
    return str(caught.value)


def test_read__networks_are_canonical():
    assert rule('src = ["10.0.0.0/8", "2001:DB8::0"]\n').src == ("10.0.0.0/8", "2001:db8::")


def test_read__ports_are_numbers_ranges_and_none():
    assert rule('port = [443, "8000-8099", "none"]\n').port == ((443, 443), (8000, 8099), (-1, -1))


def test_read__groups_stand_for_their_members():
    text = '[groups]\napp-1 = "10.0.0.1"\napp-2 = "10.0.0.2"\nboth = ["app-1", "app-2"]\n'

    assert parse_policy(f'{text}{RULE}src = "both"\n').rules[0].src == ("10.0.0.1", "10.0.0.2")


def test_read__a_glob_means_groups_and_hosts():
    policy = parse_policy(f'[groups]\napp-1 = "10.0.0.1"\n{RULE}src = "app-*"\n')

    assert (policy.rules[0].src, policy.host_names) == (("app-*", "10.0.0.1"), {})


def test_read__a_name_of_no_group_is_a_hosts():
    policy = parse_policy(f'{RULE}src = "db-1"\n', name="p.toml")

    assert policy.host_names == {"db-1": "p.toml, line 4, key rules.src"}


def test_read__a_group_may_be_excluded():
    text = f'[groups]\napp = ["10.0.0.1", "10.0.0.2"]\n{RULE}src = "!app"\n'

    assert parse_policy(text).rules[0].src == ("!10.0.0.1", "!10.0.0.2")


def test_read__time_of_day():
    assert rule('time = "08:00..18:00"\n').windows == (TimeWindow(8 * HOUR, 18 * HOUR, daily=True),)


def test_read__range_of_time():
    assert rule('time = "1970-01-01T01:00:00Z.."\n').windows == (TimeWindow(HOUR, None),)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{RULE}prot = 23\n", "p.toml, line 4, key rules.prot: not known; write proto"),
        (f'{RULE}port = "http"\n', "p.toml, line 4, key rules.port: 'http' is no number from 0 to 65535"),
        (f"{RULE}port = [\n  80,\n  70000,\n]\n", "p.toml, line 6, key rules.port: 70000 is no number"),
        (f'{RULE}src = [\n  "10.0.0.0/8",\n  "10.0.0.1/8",\n]\n', "p.toml, line 6, key rules.src: '10.0.0.1/8' is no"),
        (f'{RULE}src = "10.0.0"\n', "p.toml, line 4, key rules.src: '10.0.0' is no address"),
        (f'{RULE}type = "TCPP"\n', "p.toml, line 4, key rules.type: 'TCPP' is no protocol label; write TCP"),
        (f'{RULE}time = "25:00..26:00"\n', "p.toml, line 4, key rules.time: "),
        (f"{RULE}max_octets = 5\n", "p.toml, line 4, key rules.max_octets: only an allow rule has a limit"),
        (f'{RULE}per = "src"\n', "p.toml, line 4, key rules.per: it counts nothing"),
        (f"{RULE}port = []\n", "p.toml, line 4, key rules.port: the list is empty"),
        (f"{RULE}{RULE}", "p.toml, line 5, key rules.name: the name 'a' is taken"),
        (f'{RULE}[[rules]]\naction = "deny"\n', "p.toml, line 4, key rules.name: missing"),
        ('[[rules]]\nname = "a"\naction = "drop"\n', "p.toml, line 3, key rules.action: 'drop' is not possible"),
        ('default = "maybe"\n', "p.toml, line 1, key default: 'maybe' is not possible; write one of allow, deny"),
        ("\nformat = 2\n", "p.toml, line 2, key format: 2 is not known; write format = 1"),
        ('non_ip = "STP"\n', "p.toml, line 1, key non_ip: 'STP' is not possible"),
        ('[groups]\na = "b"\nb = "a"\n', "p.toml, line 2, key groups.a: the group 'a' holds itself"),
        ('[segments]\n"10.0.0.1" = "10.0.0.2"\n', "p.toml, line 2, key segments.10.0.0.1: this name would be taken"),
        ("rules = 1\n", "p.toml, line 1, key rules: rules are tables of their own"),
        ('rules = [\n  {name = "a", action = "deny"},\n  {name = "b", action = "x"},\n]\n', "p.toml, line 3, key"),
        ("default = \n", "p.toml: no TOML: Invalid value (at line 1"),
        (f"{RULE}src = [", "p.toml: no TOML: Invalid value (at the end, line 4"),
    ],
)
def test_read__what_is_wrong_is_named_with_line_and_key(text, place):
    assert place in refused(text)


def test_read__a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"policy\.toml: cannot be read"):
        read_policy(tmp_path / "policy.toml")


def test_line__of_a_key_of_the_second_table():
    assert line_of("[[rules]]\nname = 1\n[[rules]]\nname = 2\n", ("rules", "name"), number=1) == 4


def test_line__of_a_dotted_key():
    assert line_of("a = 1\ngroups.app = 2\n", ("groups", "app")) == 2


def test_schema__knows_the_keys_that_the_reader_knows():
    schema = json.loads(policy_schema_text())
    keys = schema["properties"].keys(), schema["properties"]["rules"]["items"]["properties"].keys()

    assert tuple(map(set, keys)) == ({key.name for key in POLICY_KEYS}, {key.name for key in RULE_KEYS})
