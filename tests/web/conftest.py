"""What the tests of the status page stand on: a product with a password, and its page as an admin gets it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.admin import PASSWORD, Admin
from tests.conftest import InProcess


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "ADMIN_PASSWORD": PASSWORD}


@pytest.fixture
def admin(product: InProcess) -> Iterator[Admin]:
    product.show_that_it_works()
    made = Admin(product.settings.public_url)
    yield made
    made.session.close()
