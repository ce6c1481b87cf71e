"""The Hub that tests talk to."""

import pytest

from tests.integration.hub_server import serving


@pytest.fixture
def hub():
    with serving() as server:
        yield server
