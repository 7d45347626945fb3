"""Whom one helps: asking for permission, choosing for whom one acts, giving it up."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.account.blueprint import blueprint
from app.account.codes import say_void, too_soon, wrong_code
from app.account.forms import CodeForm
from app.account.proxy_forms import AskForm, DetailsForm
from app.accounts import acting, proxies, proxy_asking, proxy_offers, proxy_words, service
from app.accounts.errors import (
    CodeVoid,
    Locked,
    NotAsked,
    NotOfAge,
    NotYours,
    OtherName,
    TooManyCodes,
    TooManyHelped,
    TooManyHelpers,
    TooManyRequests,
    WrongCode,
)
from app.accounts.forms import locked_words
from app.accounts.identity import Channel, Identity
from app.accounts.models import ConsentKind, Sex, User
from app.accounts.proxy_access import in_force, permissions_held, post_of
from app.accounts.proxy_jobs import until
from app.accounts.proxy_models import ProxyPermission, ProxyRequest, Relation, Scope
from app.extensions import limiter
from app.permissions import Permission
from app.policy import requires, visible_or_404

Page = Response | str | tuple[str, int]


def me() -> User:
    """The signed-in user (the row itself)."""
    user: User = current_user._get_current_object()
    return user


def full(error: TooManyHelped | TooManyHelpers) -> str:
    """Say that there is no room for one more."""
    if isinstance(error, TooManyHelped):
        return str(
            _("한 사람이 %(count)s명까지 도울 수 있습니다. 먼저 다른 분을 그만두어 주세요.", count=error.most)
        )
    return str(
        _(
            "그분을 돕는 사람이 이미 %(count)s명입니다. 그분이 먼저 다른 분을 멈추셔야 합니다.",
            count=error.most,
        )
    )


@blueprint.get("/account/helping")
@requires(Permission.PROXY_ARRANGE)
def helping() -> str:
    """Whom one may act for, and who has offered it."""
    return render_template(
        "account/helping.html",
        permissions=permissions_held(me()),
        offers=proxy_offers.offers_to(me()),
        chosen=acting.chosen(me()),
        post=post_of(me()),
        words=proxy_words,
        until=until,
    )


@blueprint.route("/account/helping/ask", methods=["GET", "POST"])
@limiter.limit("10 per minute; 40 per hour", methods=["POST"])
@requires(Permission.PROXY_ARRANGE)
def helping_ask() -> Page:
    """First: whom, and as what; a code goes to their telephone."""
    form = AskForm()
    post = post_of(me())
    if post is not None:
        form.of_post(post.institution)
    if form.validate_on_submit():
        asked = _ask(form)
        if asked is not None:
            return redirect(url_for("account.helping_code", public_id=asked.public_id), 303)
    return render_template("account/helping_ask.html", form=form)


def _ask(form: AskForm) -> ProxyRequest | None:
    try:
        return proxy_asking.ask(
            me(),
            name=form.name.data,
            mobile=form.mobile.mobile,
            relation=Relation(form.relation.data),
            scope=Scope(form.scope.data),
        )
    except NotYours:
        form.mobile.errors = [_("본인의 번호입니다. 도와드릴 분의 번호를 적어 주세요.")]
    except TooManyHelped as error:
        form.form_errors.append(full(error))
    except TooManyRequests:
        form.form_errors.append(_("오늘은 너무 여러 번 부탁하셨습니다. 내일 다시 해 주세요."))
    except TooManyCodes as error:
        form.form_errors.append(too_soon(error))
    return None


def _mine_or_404(public_id: str) -> ProxyRequest:
    query = select(ProxyRequest).where(ProxyRequest.proxy_id == me().id, ProxyRequest.public_id == public_id)
    return visible_or_404(query)


@blueprint.route("/account/helping/ask/<public_id>/code", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["POST"])
@requires(Permission.PROXY_ARRANGE)
def helping_code(public_id: str) -> Page:
    """Second: the code that the patient has read aloud."""
    asked = _mine_or_404(public_id)
    if asked.permission_id is not None:
        return redirect(url_for("account.helping"), 303)
    if proxy_asking.awaits_details(asked):
        return redirect(url_for("account.helping_details", public_id=public_id), 303)
    form = CodeForm()
    if form.validate_on_submit():
        answer = _confirm(asked, form)
        if answer is not None:
            return answer
    return render_template(
        "account/helping_code.html",
        form=form,
        asked=asked,
        number=Identity(Channel.MOBILE, asked.mobile).shown,
        words=proxy_words,
        helper=proxy_words.letters(me().name),
    )


def _confirm(asked: ProxyRequest, form: CodeForm) -> Response | None:
    try:
        permission = proxy_asking.confirm(me(), asked.public_id, form.code.data)
    except CodeVoid:
        say_void(form)
    except WrongCode:
        form.code.errors = [wrong_code()]
    except Locked as lock:
        form.code.errors = [locked_words(lock)]
    except OtherName:
        form.form_errors.append(
            _(
                "이 번호로 가입한 분의 이름이 적으신 이름과 다릅니다. 이름을 확인하고 처음부터 다시 해 주세요. "
                "전화를 함께 쓰시는 다른 분이라면 여기서는 대신할 수 없습니다."
            )
        )
    except (NotYours, NotAsked):
        form.form_errors.append(_("이 번호로는 대신할 수 없습니다."))
    except (TooManyHelped, TooManyHelpers) as error:
        form.form_errors.append(full(error))
    else:
        if permission is None:
            return redirect(url_for("account.helping_details", public_id=asked.public_id), 303)
        return _begin(permission)
    return None


def _begin(permission: ProxyPermission) -> Response:
    acting.choose(permission)
    name = permission.patient.name
    flash(_("이제 %(name)s 님 대신 사진을 보내고 예약하실 수 있습니다.", name=name), "success")
    return redirect(url_for("account.helping"), 303)


@blueprint.route("/account/helping/ask/<public_id>/details", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["POST"])
@requires(Permission.PROXY_ARRANGE)
def helping_details(public_id: str) -> Page:
    """Third, for somebody who has no account: who they are, and what they agree to."""
    asked = _mine_or_404(public_id)
    if asked.permission_id is not None:
        return redirect(url_for("account.helping"), 303)
    if not proxy_asking.awaits_details(asked):
        flash(_("시간이 지났습니다. 처음부터 다시 해 주세요."), "warning")
        return redirect(url_for("account.helping_ask"), 303)
    form = DetailsForm()
    if form.validate_on_submit():
        answer = _complete(asked, form)
        if answer is not None:
            return answer
    return render_template("account/helping_details.html", form=form, asked=asked, texts=service.texts())


def _complete(asked: ProxyRequest, form: DetailsForm) -> Response | None:
    if form.birth_date.day is None:
        abort(400)
    try:
        permission = proxy_asking.complete(
            me(),
            asked.public_id,
            birth_date=form.birth_date.day,
            sex=Sex(form.sex.data),
            consents=[kind for kind in ConsentKind if kind.value in form and form[kind.value].data],
        )
    except NotOfAge:
        form.birth_date.errors = [_("만 14세 미만 아이는 보호자가 ‘돌보는 아이’에서 등록합니다.")]
    except NotAsked:
        flash(_("시간이 지났습니다. 처음부터 다시 해 주세요."), "warning")
        return redirect(url_for("account.helping_ask"), 303)
    except (TooManyHelped, TooManyHelpers) as error:
        form.form_errors.append(full(error))
    else:
        return _begin(permission)
    return None


def _held_or_404(public_id: str) -> ProxyPermission:
    query = select(ProxyPermission).where(
        ProxyPermission.proxy_id == me().id, ProxyPermission.public_id == public_id, in_force()
    )
    return visible_or_404(query)


@blueprint.post("/account/helping/<public_id>/begin")
@requires(Permission.PROXY_ARRANGE)
def helping_begin(public_id: str) -> Response:
    """Act for this patient from now on."""
    acting.choose(_held_or_404(public_id))
    return redirect(url_for("patient.home"), 303)


@blueprint.post("/account/helping/stop-acting")
@requires(Permission.PROXY_ARRANGE)
def helping_pause() -> Response:
    """Act for oneself again."""
    acting.stop()
    flash(_("이제 내 화면입니다."), "info")
    return redirect(url_for("patient.home"), 303)


@blueprint.post("/account/helping/<public_id>/give-up")
@requires(Permission.PROXY_ARRANGE)
def helping_give_up(public_id: str) -> Response:
    """Not help this patient any more."""
    held = _held_or_404(public_id)
    chosen = acting.chosen(me())
    if chosen is not None and chosen.id == held.id:
        acting.stop()
    proxies.revoke(public_id, me())
    flash(_("이제 대신하지 않습니다. 두 분께 알렸습니다. 보낸 사진과 예약은 그대로 있습니다."), "success")
    return redirect(url_for("account.helping"), 303)


@blueprint.post("/account/helping/offers/<public_id>/accept")
@requires(Permission.PROXY_ARRANGE)
def offer_accept(public_id: str) -> Response:
    """Take up what a patient offers."""
    try:
        return _begin(proxy_offers.accept(me(), public_id))
    except (TooManyHelped, TooManyHelpers) as error:
        flash(full(error), "warning")
    except NotYours:
        flash(_("이 번호로는 대신할 수 없습니다."), "warning")
    except NotAsked:
        abort(404)
    return redirect(url_for("account.helping"), 303)


@blueprint.post("/account/helping/offers/<public_id>/close")
@requires(Permission.PROXY_ARRANGE)
def offer_close(public_id: str) -> Response:
    """Turn an offer down, or take one's own back."""
    try:
        closed = proxy_offers.close(me(), public_id)
    except NotAsked:
        abort(404)
    if closed.patient.user_id == me().id:
        flash(_("부탁을 거두었습니다."), "success")
        return redirect(url_for("account.helpers"), 303)
    flash(_("받지 않기로 했습니다."), "success")
    return redirect(url_for("account.helping"), 303)
