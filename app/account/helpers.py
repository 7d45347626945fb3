"""Who may act for oneself: permitting it, taking it back; and the address in the text message that ends it."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.account.blueprint import blueprint
from app.account.forms import Confirm
from app.account.helping import full, me
from app.account.proxy_forms import OfferForm
from app.accounts import proxies, proxy_offers, proxy_words
from app.accounts.errors import NotOfAge, NotYours, TooManyHelped, TooManyHelpers, TooManyRequests
from app.accounts.identity import Channel, Identity
from app.accounts.models import Patient
from app.accounts.proxy_access import former_helpers, in_force, permissions_given, posts_of, stands
from app.accounts.proxy_jobs import until
from app.accounts.proxy_models import ProxyOffer, ProxyPermission, Relation, Scope
from app.extensions import limiter
from app.permissions import Permission
from app.policy import public, requires, visible_or_404


def own() -> Patient:
    """The signed-in person as a patient."""
    return visible_or_404(select(Patient).where(Patient.user_id == me().id))


@blueprint.get("/account/helpers")
@requires(Permission.PROXY_ARRANGE)
def helpers() -> str:
    """Who may act for me, who could, and who no longer does."""
    patient = own()
    given, former = permissions_given(patient), former_helpers(patient)
    return render_template(
        "account/helpers.html",
        permissions=given,
        former=former,
        offers=proxy_offers.offers_of(patient),
        posts=posts_of([permission.proxy_id for permission in [*given, *former]]),
        shown=_shown,
        words=proxy_words,
        until=until,
    )


def _shown(offer: ProxyOffer) -> str:
    channel = Channel.EMAIL if "@" in offer.address else Channel.MOBILE
    return Identity(channel, offer.address).shown


@blueprint.route("/account/helpers/new", methods=["GET", "POST"])
@limiter.limit("10 per minute; 40 per hour", methods=["POST"])
@requires(Permission.PROXY_ARRANGE)
def helper_new() -> Response | str:
    """Permit somebody, by their number or address; they take it up when they sign in."""
    form = OfferForm()
    if form.validate_on_submit() and _offer(form):
        flash(_("부탁을 보냈습니다. 그분이 받으시면 여기에 보입니다."), "success")
        return redirect(url_for("account.helpers"), 303)
    return render_template("account/helper_new.html", form=form)


def _offer(form: OfferForm) -> bool:
    if form.identity.identity is None:
        return False
    try:
        proxy_offers.offer(
            me(),
            form.identity.identity,
            relation=Relation(form.relation.data),
            scope=Scope(form.scope.data),
        )
    except NotYours:
        form.identity.errors = [_("본인의 연락처입니다. 도와줄 분의 연락처를 적어 주세요.")]
    except TooManyHelpers as error:
        form.form_errors.append(
            _("도와주는 분은 %(count)s명까지입니다. 먼저 다른 분을 멈추어 주세요.", count=error.most)
        )
    except TooManyRequests:
        form.form_errors.append(_("오늘은 너무 여러 번 부탁하셨습니다. 내일 다시 해 주세요."))
    else:
        return True
    return False


def _given_or_404(public_id: str) -> ProxyPermission:
    query = select(ProxyPermission).where(
        ProxyPermission.patient_id == own().id, ProxyPermission.public_id == public_id, in_force()
    )
    return visible_or_404(query)


@blueprint.post("/account/helpers/<public_id>/revoke")
@requires(Permission.PROXY_ARRANGE)
def helper_revoke(public_id: str) -> Response:
    """Take a permission back."""
    proxies.revoke(_given_or_404(public_id).public_id, me())
    flash(_("멈췄습니다. 그분은 이제 아무것도 볼 수 없습니다."), "success")
    return redirect(url_for("account.helpers"), 303)


@blueprint.post("/account/helpers/<public_id>/renew")
@requires(Permission.PROXY_ARRANGE)
def helper_renew(public_id: str) -> Response:
    """Give another year."""
    try:
        permission = proxies.renew(_given_or_404(public_id).public_id, me())
    except (NotYours, NotOfAge):
        flash(_("그분은 이제 도울 수 없습니다."), "warning")
    except (TooManyHelped, TooManyHelpers) as error:
        flash(full(error), "warning")
    else:
        flash(_("%(day)s까지로 늘렸습니다.", day=until(permission)), "success")
    return redirect(url_for("account.helpers"), 303)


@blueprint.route("/helping/stop/<token>", methods=["GET", "POST"])
@limiter.limit("30 per minute")
@public
def stop_proxy(token: str) -> Response | str:
    """End a permission by the address in the text message: whoever holds the patient's telephone may."""
    permission = proxies.by_stop_token(token)
    if permission is None:
        abort(404)
    form = Confirm()
    if form.validate_on_submit():
        proxies.revoke(permission.public_id, None)
        return redirect(url_for("account.stop_proxy", token=token), 303)
    return render_template(
        "account/stop_proxy.html",
        form=form,
        permission=permission,
        stands=stands(permission),
        words=proxy_words,
        until=until,
    )
