"""What programs do to one asset: the acts of the pages, answered in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify

from webhook.review.acts import CONFIRMED, WITHIN_S, said_of_look
from webhook.review.api.bodies import ActBody, DecisionBody, OptionsBody, read_choosing, read_json
from webhook.review.api.reading import program
from webhook.review.errors import as_sentence
from worker.admin.choose import choice_sentences, release_sentence
from worker.database.base import MAX_ROW_ID
from worker.database.models import Asset
from worker.review import acts
from worker.review.seen import Seen, read_seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from webhook.bounded import BoundedDatabase
    from worker.people.roles import Actor
    from worker.settings import Settings

    Doing = Callable[[Engine], list[str]]

DONE = "done"  #: the word of an act that was done


def act_routes(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the routes that change something."""
    routes = Blueprint("acting", __name__)

    def add(name: str, read: Callable[[Actor, int, Settings], Doing]) -> None:
        def act(asset_id: int) -> Response:
            who = program()
            # Before anything is read: a picture costs seconds of processor time.
            database.ask(lambda engine: acts.check(engine, who, asset_id), WITHIN_S)
            sentences = database.ask(read(who, asset_id, settings), WITHIN_S)
            seen = database.in_transaction(lambda rows: _seen(rows, asset_id))
            says = " ".join(map(as_sentence, sentences))
            return jsonify(status=DONE, reason=says, generation=seen.generation, choice=seen.choice_id)

        address = f"/api/v1/assets/<int(max={MAX_ROW_ID}):asset_id>/{name}"
        routes.add_url_rule(address, name, act, methods=["POST"])

    for name, read in _ACTS.items():
        add(name, read)
    return routes


def _seen(session: Session, asset_id: int) -> Seen:
    return read_seen(session, session.get_one(Asset, asset_id))


def _choose(who: Actor, asset_id: int, settings: Settings) -> Doing:
    given, wish = read_choosing()
    seen = given.seen

    def choose(engine: Engine) -> list[str]:
        made = acts.choose(engine, who, asset_id, wish, seen, given.reason, settings)
        return choice_sentences(made, "until it is released")

    return choose


def _release(who: Actor, asset_id: int, _: Settings) -> Doing:
    given = read_json(DecisionBody)
    seen = given.seen
    return lambda engine: [release_sentence(acts.release(engine, who, asset_id, seen, given.reason))]


def _set_options(who: Actor, asset_id: int, settings: Settings) -> Doing:
    given = read_json(OptionsBody)
    wanted = {"avoid": given.avoid, "prefer": given.prefer}
    options = {name: ranges for name, ranges in wanted.items() if ranges}
    return lambda engine: said_of_look(
        acts.set_options(engine, who, asset_id, options, given.reason, settings)
    )


def _look_again(who: Actor, asset_id: int, settings: Settings) -> Doing:
    given = read_json(ActBody)
    return lambda engine: said_of_look(acts.look_again(engine, who, asset_id, given.reason, settings))


def _confirm(who: Actor, asset_id: int, _: Settings) -> Doing:
    read_json(ActBody)

    def confirm(engine: Engine) -> list[str]:
        acts.confirm(engine, who, asset_id)
        return [CONFIRMED]

    return confirm


#: By the last part of their addresses. Each reads the request at once, and returns what is done in the
#: database.
_ACTS = {
    "choose": _choose,
    "release": _release,
    "options": _set_options,
    "look-again": _look_again,
    "confirm": _confirm,
}
