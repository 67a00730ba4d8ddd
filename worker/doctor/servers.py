"""Check the database, its tables and its clock, and the broker."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import redis
from kombu.transport.redis import PRIORITY_STEPS, Channel
from psycopg.errors import UndefinedColumn, UndefinedTable
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from worker.database import make_engine, migrate
from worker.dispatch.broker_outage import describe
from worker.dispatch.celery_app import KEY_PREFIX, WorkerKind
from worker.doctor.finding import Finding, State
from worker.errors import SettingsInvalid, first_line
from worker.installation import extras
from worker.platforms.shared.signatures import TOLERANCE_S
from worker.standalone import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection, Engine

    from worker.settings import Settings

BROKER_TIMEOUT_S = 3.0  # to connect, and to answer
_PROBE, _PROBE_S = f"{KEY_PREFIX}doctor", 5  # a key that goes by itself, as our user may remove none
# Kombu keeps the hints of a queue in a list for each step of priority, and the first has the queue's name.
_QUEUES = [
    f"{KEY_PREFIX}{queue}" + (f"{Channel.sep}{step}" if step else "")
    for queue in WorkerKind
    for step in PRIORITY_STEPS
]
CLOCK_WARNING_S = 2.0  # from here on, times in logs and rows do not tell what came first


def check_database(settings: Settings) -> Iterator[Finding]:
    """Check that the database answers, takes writes, has our tables, and agrees with our clock."""
    given, address = settings.database_address, database_address(settings)
    if address is None:
        yield _not_set("database", "DATABASE_URL")
        says = f"not looked at: no service under {servers.folder_words(settings.data_dir)}"
        remedy = "set DATA_DIR or DATABASE_URL to what it uses, or run this in the folder of `thumbs up`"
        yield Finding("tables, accounts", State.WARNING, says, remedy)
        return
    engine = make_engine(address)
    try:
        with engine.connect() as connection:
            version = connection.scalar(text("SHOW server_version"))
            yield Finding("database", State.OK, f"PostgreSQL {version}, {_place(engine)}")
            yield _writes(connection)
            yield _clock(connection)
        yield _tables(engine)
    except SQLAlchemyError as error:
        reason = reason_of(error)
        remedy = "start it, or correct DATABASE_URL" if given else "start `thumbs up` again"
        yield Finding("database", State.FAILED, f"{_place(engine)}: {reason}", remedy)
    finally:
        engine.dispose()


def database_address(settings: Settings) -> str | None:
    """Find the database: the one that is set, else that of a `thumbs up` in the same folder, if it runs."""
    return settings.database_address or servers.running_postgres(settings.data_dir / "postgres")


def ask_database(
    settings: Settings, what: str, question: Callable[[Session], Iterator[Finding]]
) -> Iterator[Finding]:
    """Ask our rows something, and say so where that fails.

    Nothing is said where there is no database, none answers, or its tables are those of another version:
    `check_database` says that, and once is enough.

    Args:
        settings: with the database.
        what: the question's name, for the report.
        question: reads the rows, and yields what it found.
    """
    address = database_address(settings)
    if address is None:
        return
    engine = make_engine(address)
    is_connected = False
    try:
        with engine.connect() as connection, Session(connection) as session:
            is_connected = True
            yield from question(session)
    except SQLAlchemyError as error:
        has_other_tables = isinstance(getattr(error, "orig", None), (UndefinedTable, UndefinedColumn))
        if is_connected and not has_other_tables:
            yield Finding(
                what,
                State.FAILED,
                f"could not be asked: {reason_of(error)}",
                "try again; if it stays so, see PostgreSQL's log",
            )
    finally:
        engine.dispose()


def reason_of(error: SQLAlchemyError) -> str:
    """Say in a line why the database did not do what it was asked for."""
    said = error.orig if isinstance(error, DBAPIError) else None
    return first_line(said) if said else type(error).__name__


def _place(engine: Engine) -> str:
    """Say where the database is, without its user and password."""
    url = engine.url
    where = f"at {url.host} port {url.port or servers.POSTGRES_PORT}" if url.host else "on this machine"
    return f"{url.database or url.username} {where}"


def _writes(connection: Connection) -> Finding:
    if connection.scalar(text("SHOW transaction_read_only")) == "on":
        remedy = "name the primary server in DATABASE_URL, or end the read-only state"
        return Finding("database writes", State.FAILED, "refused: it is read-only", remedy)
    return Finding("database writes", State.OK, "taken")


def _clock(connection: Connection) -> Finding:
    before_s = time.time()
    database_s = connection.execute(text("SELECT clock_timestamp()")).scalar_one().timestamp()
    after_s = time.time()
    # The database read its clock at some time between our two looks; only what lies outside them is off.
    off_s = max(before_s - database_s, database_s - after_s, 0.0)
    says = f"{off_s:.1f} s off the database's"
    if off_s < CLOCK_WARNING_S:
        return Finding("clock", State.OK, says)
    here = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(after_s))
    remedy = (
        f"here it is {here} UTC: set both clocks by NTP; a clock that is {TOLERANCE_S:.0f} s off refuses"
        " every webhook"
    )
    return Finding("clock", State.FAILED if off_s >= TOLERANCE_S else State.WARNING, says, remedy)


def _tables(engine: Engine) -> Finding:
    revision, head = migrate.current(engine), migrate.head()
    if migrate.missing()(revision):
        says = f"at {revision}, and {head} is needed" if revision else "there are none"
        return Finding("tables", State.FAILED, says, "run `thumbs migrate`")
    if revision != head:
        says = f"at {revision}, which is newer than this program ({head})"
        return Finding("tables", State.WARNING, says, "start the newer version here, too")
    return Finding("tables", State.OK, f"up to date ({head})")


def check_broker(settings: Settings) -> Iterator[Finding]:
    """Check that the broker takes messages, and that it forgets nothing when its memory is full."""
    if settings.redis_url is None:
        yield _not_set("broker", "REDIS_URL")
        return
    address = settings.redis_url.get_secret_value()
    try:
        with closing(_client(address)) as client:
            told = _told_by(client)
            _write_to(client)
    except (redis.RedisError, OSError) as error:
        sentence, answer = describe(error)
        says, _, remedy = sentence.rpartition(": ")
        yield Finding(
            "broker", State.FAILED, f"{says} ({answer})", f"{remedy}; meanwhile events are taken, and wait"
        )
    else:
        yield Finding("broker", State.OK, _version(told))
        # Any other policy drops keys in silence: hints would be lost until the next sweep finds their rows.
        if told.get("maxmemory") and told.get("maxmemory_policy") != "noeviction":
            says = f"when it is full it forgets what waits ({told.get('maxmemory_policy')})"
            yield Finding("broker memory", State.WARNING, says, "set its maxmemory-policy to noeviction")


def _client(address: str) -> redis.Redis:
    try:
        return redis.Redis.from_url(
            address,
            socket_timeout=BROKER_TIMEOUT_S,
            socket_connect_timeout=BROKER_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # by itself it would try again and again
        )
    except ValueError:  # its message repeats the address, and with it the password
        raise SettingsInvalid("REDIS_URL: not an address like redis://:password@host:6379/0") from None


def _told_by(client: redis.Redis) -> dict[str, Any]:
    """Ask the broker about itself; the answer is empty where our user may not ask that."""
    client.ping()
    try:
        return dict(client.info())
    except redis.ResponseError:
        return {}


def _write_to(client: redis.Redis) -> None:
    """Do what our programs do: a server may answer, and refuse every message.

    Raises:
        redis.RedisError: it refuses.
    """
    client.set(_PROBE, "", ex=_PROBE_S)
    with suppress(redis.exceptions.NoPermissionError):  # users made for earlier versions may not ask for TYPE
        for key in _QUEUES:
            found = client.type(key)
            if found not in {b"list", b"none"}:
                raise redis.ResponseError(f"WRONGTYPE {key!r} is a {found!r}")


def _version(told: dict[str, Any]) -> str:
    if "valkey_version" in told:
        return f"Valkey {told['valkey_version']}"
    return f"Redis {told['redis_version']}" if "redis_version" in told else "it answers"


def _not_set(what: str, variable: str) -> Finding:
    if servers.is_installed():
        return Finding(what, State.OK, f"{variable} is not set: `thumbs up` starts its own")
    remedy = f"set {variable}, or {extras.remedy('embedded')}"
    return Finding(what, State.FAILED, f"{variable} is not set", remedy)
