import pytest

from batchgraph.difference.fail_on import parse_fail_on
from batchgraph.errors import UsageError


def test_fail_on__volume_has_a_percentage():
    assert parse_fail_on("new-host,volume:12.5%").percent == 12.5


def test_fail_on__never_is_nothing():
    assert not parse_fail_on("never").words


@pytest.mark.parametrize("text", ["", "new-hosts", "never,new-host", "volume:0%", "volume:nan%", "volume:", "volumes"])
def test_fail_on__refuses(text):
    with pytest.raises(UsageError, match="--fail-on"):
        parse_fail_on(text)
