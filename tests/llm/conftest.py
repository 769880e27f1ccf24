"""One local server for all tests of the package, as it was after its start for each of them."""

from dataclasses import asdict

import pytest

from tests.llm.server import Handle, running
from tests.llm.server_settings import Settings
from textbook.llm import OpenAICompatible, Price

DEFAULTS = asdict(Settings())
PRICES = {"any": Price(prompt=1.0, completion=4.0)}  # those of the server


@pytest.fixture(scope="session")
def shared_server():
    with running() as server:
        yield server


@pytest.fixture
def server(shared_server) -> Handle:
    shared_server.set(**{name: value for name, value in DEFAULTS.items() if name != "log"})
    shared_server.reset()
    return shared_server


@pytest.fixture
def engine(server, tmp_path):
    """Makes engines for the server, all with one journal."""

    def make(**options):
        url = options.pop("base_url", server.base_url)
        given = {"api_key": "sk-secret-0123456789", "prices": PRICES, "journal": tmp_path / "journal.sqlite"}
        return OpenAICompatible("any", url, **{**given, **options})

    return make
