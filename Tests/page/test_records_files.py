"""A shop's user puts a picture on a record: it is uploaded at once, shown, exchanged and taken away."""

import re
import struct
import zlib

import pytest
from playwright.sync_api import expect

from operator_steps import as_owner, heading
from shop_api import make_shop

SLUG = "records-files"


def picture(red, green, blue):
    """A PNG of 8 × 8 pixels in one colour."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes([red, green, blue]) * 8 for _ in range(8))
    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def shop(served, operator_state):
    owner = make_shop(served.url, SLUG, "Files Shop")
    owner.add("products", sku="R-1", name="Ring", price=100)
    return owner


@pytest.fixture(scope="module")
def page(new_page, shop):
    return as_owner(new_page, SLUG)


def choose(page, name, content, type="image/png"):
    page.get_by_label("Photo").set_input_files({"name": name, "mimeType": type, "buffer": content})


def test_a_picture_is_uploaded_and_shown(page, shop):
    record = shop.send("GET", "/api/products")["items"][0]
    page.goto(f"/admin#/shop/records/products/{record['id']}/edit")
    expect(heading(page, "Edit Ring")).to_be_visible()
    choose(page, "red ring.png", picture(200, 0, 0))
    expect(page.get_by_role("img", name="red ring.png")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(heading(page, "Ring")).to_be_visible()
    # Its history shows it as well.
    product = page.get_by_role("region", name="Product")
    shown = product.get_by_role("img", name="red ring.png")
    expect(shown).to_be_visible()
    assert shown.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 8
    with page.expect_download() as download:
        product.get_by_role("button", name="Download red ring.png").click()
    assert download.value.suggested_filename == "red ring.png"


def test_what_is_no_picture_is_refused_at_its_field(page, shop):
    record = shop.send("GET", "/api/products")["items"][0]
    page.goto(f"/admin#/shop/records/products/{record['id']}/edit")
    page.watch.expect("422")
    choose(page, "not.png", b"<html>")
    expect(page.get_by_role("alert").filter(has_text=re.compile("bytes say"))).to_be_visible()


def test_a_picture_is_taken_away(page, shop):
    record = shop.send("GET", "/api/products")["items"][0]
    page.goto(f"/admin#/shop/records/products/{record['id']}")
    page.goto(f"/admin#/shop/records/products/{record['id']}/edit")
    expect(page.get_by_role("img", name="red ring.png")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Save").click()
    expect(heading(page, "Ring")).to_be_visible()
    expect(page.get_by_role("img")).to_have_count(0)
    # The file went with the last record that named it.
    assert shop.send("GET", "/api/files")["items"] == []
