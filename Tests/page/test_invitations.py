"""People come in by links: invitations and forgotten passwords, without any mail."""

import pytest
from playwright.sync_api import expect

from operator_steps import announced, as_owner, go_to, heading, row, sign_in
from shop_api import make_shop, operator

SLUG = "invite-shop"
GUEST = "gita@invite.example"
GUEST_PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def shop(served, operator_state):
    return make_shop(served.url, SLUG, "Invite Shop")


@pytest.fixture(scope="module")
def page(new_page, shop):
    page = as_owner(new_page, SLUG)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Users").click()
    return page


def path_of(link):
    return "/admin" + link.partition("/admin")[2]


@pytest.fixture(scope="module")
def link(page):
    """The link that is shown once after inviting."""
    page.get_by_role("button", name="Invite", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email").fill(GUEST)
    dialog.get_by_label("viewer").check()
    expect(dialog.get_by_role("code")).to_have_text(
        f"appliance user invite {GUEST} --tenant {SLUG} --role viewer")
    dialog.get_by_role("button", name="Invite", exact=True).click()
    announced(page, f"{GUEST} is invited")
    shown = dialog.get_by_role("code").filter(has_text="/admin#/invitation/")
    expect(shown).to_be_visible()
    text = shown.text_content()
    dialog.get_by_role("button", name="Done").click()
    return text


def test_an_invitation_is_listed_and_its_link_lets_the_guest_in(page, link, new_page):
    expect(row(page, "Invitations", GUEST)).to_contain_text("pending")
    guest = new_page()
    guest.goto(path_of(link))
    expect(heading(guest, "Join Invite Shop")).to_be_visible()
    guest.get_by_label("Your name").fill("Gita")
    guest.watch.expect("422")
    guest.get_by_label("Password", exact=True).fill("short")
    guest.get_by_role("button", name="Join and sign in").click()
    expect(guest.get_by_label("Password", exact=True)).to_be_focused()
    guest.get_by_label("Password", exact=True).fill(GUEST_PASSWORD)
    guest.get_by_role("button", name="Join and sign in").click()
    expect(guest.get_by_role("button", name="Sign out")).to_be_attached()
    expect(guest.get_by_text("viewer of Invite Shop")).to_be_attached()
    guest.watch.check()
    page.reload()
    expect(row(page, "Invitations", GUEST)).to_contain_text("accepted")
    expect(row(page, "Users", GUEST)).to_contain_text("Gita")


def test_a_used_link_says_so(link, new_page):
    late = new_page()
    late.watch.expect("410")
    late.goto(path_of(link))
    expect(late.get_by_role("alert")).to_contain_text("used")
    late.watch.check()


def test_an_invitation_is_withdrawn(page, shop):
    shop.send("POST", "/api/invitations", {"email": "zoe@invite.example"})
    page.reload()
    page.get_by_role("button", name="Withdraw the invitation of zoe@invite.example").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw", exact=True).click()
    announced(page, "The invitation of zoe@invite.example is withdrawn")
    expect(row(page, "Invitations", "zoe@invite.example")).to_contain_text("revoked")


def test_a_forgotten_password_is_replaced_by_a_link(new_page, served, page, link):
    person = new_page()
    person.goto(f"/admin#/login?shop={SLUG}")
    person.get_by_role("link", name="Forgotten password?").click()
    person.get_by_label("Email").fill(GUEST)
    expect(person.get_by_label("Shop")).to_have_value(SLUG)
    person.get_by_role("button", name="Send a link").click()
    expect(person.get_by_text("If there is such an account")).to_be_visible()
    body = wait_for_message(served)
    address = next(word for word in body.split() if "#/reset/" in word)
    person.goto(path_of(address))
    person.get_by_label("New password", exact=True).fill("quite another password")
    person.get_by_role("button", name="Set the password").click()
    announced(person, "The password is set")
    expect(heading(person, "Sign in")).to_be_visible()
    sign_in(person, GUEST, "quite another password", shop=SLUG)
    person.watch.check()


def wait_for_message(served):
    client = operator(served.url)
    for _ in range(100):
        found = client.send("GET", "/api/admin/outbox?q=new+password")["items"]
        if mine := [message["body"] for message in found if message["recipient"] == GUEST]:
            return mine[0]
    raise AssertionError("no message was written")


def test_an_owner_makes_a_reset_link_for_somebody(page, link):
    page.get_by_role("button", name=f"Reset link… {GUEST}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Make a link").click()
    expect(dialog.get_by_role("code").filter(has_text="/admin#/reset/")).to_be_visible()
    dialog.get_by_role("button", name="Done").click()


def test_a_tenant_without_a_password_shows_its_owners_invitation(new_page, operator_state):
    page = new_page(state=operator_state)
    page.goto("/admin")
    go_to(page, "Tenants")
    page.get_by_role("button", name="Create tenant").click()
    dialog = page.get_by_role("dialog", name="Create a tenant")
    dialog.get_by_label("Name", exact=True).fill("Linked Shop")
    dialog.get_by_label("Owner’s email").fill("owner@linked.example")
    dialog.get_by_role("button", name="Create tenant").click()
    expect(dialog.get_by_role("code").filter(has_text="/admin#/invitation/")).to_be_visible()
    dialog.get_by_role("button", name="Done").click()
    expect(row(page, "Tenants", "Linked Shop")).to_be_visible()
    page.watch.check()
