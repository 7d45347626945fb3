"""`flask users`: the invitation of the first operator."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.accounts import invitations
from app.accounts.errors import IdentityTaken
from app.accounts.identity import NotAnIdentity
from app.permissions import Role

commands = AppGroup("users", help="The people of the portal.")


@commands.command("invite-operator")
@click.argument("email")
def invite_operator(email: str) -> None:
    """Invite an operator; prints the link, which is good once and for seven days."""
    try:
        invitation = invitations.invite(invited_by=None, role=Role.OPERATOR, email=email)
    except NotAnIdentity:
        raise click.ClickException(f"이메일 주소가 아닙니다 · not an e-mail address: {email}") from None
    except IdentityTaken:
        raise click.ClickException("이미 계정이 있습니다 · there is an account already") from None
    click.echo(invitations.link(invitation))
