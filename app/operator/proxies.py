"""Helpers: ending a permission for a patient on the telephone, and who works at a public-health post."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from app.accounts import health_posts, proxies, proxy_words
from app.accounts import proxy_desk as desk
from app.accounts.errors import NotYours
from app.accounts.identity import Identity, NotAnIdentity, normalise_mobile, parse
from app.accounts.models import User
from app.accounts.proxy_access import posts_of
from app.accounts.proxy_jobs import until
from app.accounts.proxy_models import ProxyPermission
from app.operator.blueprint import door
from app.permissions import Permission
from app.policy import requires


class FindForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """Whose number; never in an address, where it would be written down."""

    number = StringField(_l("환자의 휴대전화 번호"), validators=[InputRequired(), Length(max=40)])


class PostForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """Who works where."""

    contact = StringField(
        _l("계정의 휴대전화 번호 또는 이메일"),
        validators=[InputRequired(_l("휴대전화 번호나 이메일을 적어 주세요.")), Length(max=254)],
    )
    institution = StringField(
        _l("보건진료소 이름"),
        validators=[InputRequired(_l("보건진료소 이름을 적어 주세요.")), Length(max=80)],
    )


def me() -> User:
    """The operator."""
    user: User = current_user._get_current_object()
    return user


@door.get("/proxies")
@requires(Permission.PROXY_MANAGE)
def proxies_page() -> str:
    """Find by number; the posts."""
    return _page(FindForm(formdata=None), PostForm(formdata=None))


def _page(find: FindForm, post: PostForm, found: list[ProxyPermission] | None = None) -> str:
    return render_template(
        "operator/proxies.html",
        find=find,
        post=post,
        found=found,
        institutions=posts_of([row.proxy_id for row in found or []]),
        posts=health_posts.posts(),
        words=proxy_words,
        until=until,
    )


@door.post("/proxies/find")
@requires(Permission.PROXY_MANAGE)
def proxies_find() -> Any:
    """Who acts for the person with this number."""
    form = FindForm()
    if not form.validate():
        return _page(form, PostForm(formdata=None)), 422
    try:
        found = desk.permissions_of_number(me(), normalise_mobile(form.number.data))
    except NotAnIdentity:
        form.number.errors = [_("휴대전화 번호를 010부터 모두 적어 주세요.")]
        return _page(form, PostForm(formdata=None)), 422
    return _page(form, PostForm(formdata=None), found)


@door.post("/proxies/<public_id>/revoke")
@requires(Permission.PROXY_MANAGE)
def proxies_revoke(public_id: str) -> Response:
    """End a permission at the patient's word."""
    try:
        proxies.revoke(public_id, me())
    except NotYours:
        abort(404)
    flash(_("멈추고 두 분께 알렸습니다."), "success")
    return redirect(url_for("operator.proxies_page"), 303)


@door.post("/proxies/posts")
@requires(Permission.PROXY_MANAGE)
def proxies_post_approve() -> Any:
    """Record that somebody works at a post."""
    form = PostForm()
    if form.validate_on_submit() and _approve(form):
        flash(_("보건진료소 직원으로 적었습니다."), "success")
        return redirect(url_for("operator.proxies_page"), 303)
    return _page(FindForm(formdata=None), form), 422


def _approve(form: PostForm) -> bool:
    try:
        identity: Identity = parse(form.contact.data)
        health_posts.approve(me(), identity, form.institution.data)
    except (NotAnIdentity, NotYours):
        form.contact.errors = [_("이 연락처로 가입한 사람이 없습니다. 그분이 먼저 가입해야 합니다.")]
        return False
    return True


@door.post("/proxies/posts/<int(max=9223372036854775807):user_id>/end")
@requires(Permission.PROXY_MANAGE)
def proxies_post_end(user_id: int) -> Response:
    """Record that somebody no longer works there."""
    health_posts.end(me(), user_id)
    flash(_("보건진료소 직원에서 뺐습니다. 이미 받은 허락은 환자가 멈출 때까지 남습니다."), "success")
    return redirect(url_for("operator.proxies_page"), 303)
