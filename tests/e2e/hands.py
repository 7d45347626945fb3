"""What people do with their hands on a page: press, choose, tick, sign in. It works with scripts and without."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import PASSWORD

ANSWERS = {
    "since": "years",
    "changed": "yes",
    "grew": "yes",
    "raised": "no",
    "itches": "no",
    "hurts": "no",
    "bleeds": "no",
    "skin_cancer": "no",
}
"""What the patient says, by question; the account knows age and sex."""


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def choose(page: Page, field: str, value: str) -> None:
    """Press the words beside a radio button, as people do."""
    tick(page.locator(f'input[name="{field}"][value="{value}"]'))


def answers(page: Page, given: dict[str, str]) -> None:
    """Answer one question after another: each is a press on a screen of its own."""
    for key, value in given.items():
        expect(page.locator(".answer").first).to_have_attribute("name", key)
        page.locator(f'.answer[value="{value}"]').click()
        expect(page.locator(f'.answer[name="{key}"]')).to_have_count(0)


def tick(box: Locator) -> None:
    """Press the words beside a box, which must be empty before and ticked after."""
    assert not box.is_checked()
    name = box.get_attribute("id")
    box.page.locator(f'label:has(input[id="{name}"]), label[for="{name}"]').first.click()
    expect(box).to_be_checked()


def sign_in(page: Page, email: str) -> None:
    page.goto("/login")
    page.locator('input[name="identity"], input[name="email"]').first.fill(email)
    page.locator('input[name="password"]').fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()


def say_where_one_lives(page: Page, province: str, district: str) -> None:
    """Choose the province, then the district, by their codes; it leads on to whether a visit can be remote."""
    page.locator(f'main a.slot[href*="province={province}"]').click()
    choose(page, "area", district)
    button(page, "저장하고 계속")
