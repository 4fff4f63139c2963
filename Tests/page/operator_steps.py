"""What a person does on the page, said once for all tests."""

from playwright.sync_api import expect

OPERATOR_EMAIL = "operator@example.com"
OPERATOR_PASSWORD = "correct horse battery staple"
OWNER_PASSWORD = "shop password for tests"


def set_up(page, served):
    page.goto(f"/admin#/setup/{served.setup_token}")
    # Until then the page before is there, whose form has the same labels.
    expect(heading(page, "Set up this appliance")).to_be_visible()
    page.get_by_label("Email").fill(OPERATOR_EMAIL)
    page.get_by_label("Password", exact=True).fill(OPERATOR_PASSWORD)
    page.get_by_role("button", name="Set up and sign in").click()
    expect(heading(page, "Overview")).to_be_visible()
    served.is_set_up = True


def sign_in(page, email=OPERATOR_EMAIL, password=OPERATOR_PASSWORD, shop=None):
    if shop:
        page.get_by_role("button", name="Sign in to a shop instead").click()
        page.get_by_label("Shop").fill(shop)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_attached()


def as_owner(new_page, slug):
    """A page on which the owner of a shop is signed in."""
    page = new_page()
    page.goto("/admin")
    sign_in(page, f"owner@{slug}.example", OWNER_PASSWORD, shop=slug)
    return page


def as_operator(new_page, state, section="Backups"):
    """A page of a signed-in operator, opened at a section of the menu."""
    page = new_page(state=state)
    page.goto(f"/admin#/{section.lower()}")
    expect(heading(page, section)).to_be_visible()
    return page


def go_to(page, name):
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()
    expect(heading(page, name)).to_be_focused()


def create_tenant(page, name, *, trial_days=14):
    """Leaves the slug as the page suggests it, and answers it."""
    go_to(page, "Tenants")
    page.get_by_role("button", name="Create tenant").click()
    dialog = page.get_by_role("dialog", name="Create a tenant")
    dialog.get_by_label("Name", exact=True).fill(name)
    slug = dialog.get_by_label("Slug").input_value()
    dialog.get_by_label("Owner’s email").fill(f"owner@{slug}.example")
    dialog.get_by_label("Owner’s password").fill(OWNER_PASSWORD)
    dialog.get_by_label("Trial days").fill(str(trial_days))
    dialog.get_by_label("Time zone").select_option("Asia/Kolkata")
    dialog.get_by_role("button", name="Create tenant").click()
    expect(dialog).to_be_hidden()
    return slug


def heading(page, name):
    return page.get_by_role("heading", level=1, name=name)


def announced(page, text):
    """What a screen reader was told last."""
    expect(page.locator("#announcements")).to_contain_text(text)


def row(page, table, text):
    return page.get_by_role("table", name=table).get_by_role("row").filter(has_text=text).first
