"""A browser without a window: cookies, forms of our own pages, and what a browser says of them."""

import re

import httpx
import pytest

from services.console.web.app import faces, make_web
from services.console.web.doors import FORM_TOKEN

HERE = {"sec-fetch-site": "same-origin"}


class Browser:
    """Who is signed in sends forms as the pages have them."""

    def __init__(self, client):
        self.client = client

    async def sign_in(self, key, **fields):
        return await self.client.post("/sign-in", data={"key": key, **fields}, headers=HERE)

    async def see(self, path, **headers):
        return await self.client.get(path, headers=headers)

    async def send(self, path, *, of="/runs", headers=HERE, **fields):
        """A form of the page `of`."""
        page = await self.client.get(of)
        token = re.search(rf'name="{FORM_TOKEN}" value="([0-9a-f]+)"', page.text)
        known = {} if token is None else {FORM_TOKEN: token.group(1)}
        return await self.client.post(path, data={**known, **fields}, headers=headers)


@pytest.fixture
def web(app, desk, settings):
    pages = make_web(settings)
    pages.state.desk = desk
    return faces(app, pages)


@pytest.fixture
async def stranger(web):
    """A browser of nobody."""
    transport = httpx.ASGITransport(web)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Browser(client)


@pytest.fixture
async def browser(stranger):
    """Anna's."""
    await stranger.sign_in("anna-token")
    return stranger
