"""Which rows may go out to their platform now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from worker.accounts.standing import ails, is_closed
from worker.database import NOW
from worker.database.accounts import Account

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


# Who is let out to ask an account that ails has so long for an answer, before another one is let out: no
# request to a platform takes longer.
PROBE_S = 45.0


def admit(session: Session, account_id: int | None, *, to_write: bool = False) -> bool:
    """Let one more request out to an account; of an account that ails, the first of all that want to.

    Whoever is let out to an account that ails closes it for `PROBE_S`, so the row of the account decides
    between workers; an answer opens it (`note_answer`), and a failure closes it for longer.

    Args:
        session: its transaction.
        account_id: of the row; None where it names none.
        to_write: whether the row is a write; others go out while only writes fail.
    """
    this = Account.id == account_id
    is_held = or_(Account.paused_at.is_not(None), is_closed(to_writes=to_write))
    standing = session.execute(select(is_held, ails(to_writes=to_write)).where(this)).one_or_none()
    if standing is None:
        return True
    held, is_ailing = standing
    if held or not is_ailing:
        return not held
    probe_ends_at = NOW + timedelta(seconds=PROBE_S)
    taken = update(Account).where(this, ~is_closed(), ails()).values(closed_until=probe_ends_at)
    return session.scalar(taken.returning(Account.id)) is not None


def forgo_probe(session: Session, platform: str, account: str) -> None:
    """Let another one ask an account that ails, as whoever was let out does not ask its platform at all."""
    this = (Account.platform == platform, Account.account == account)
    session.execute(update(Account).where(*this, is_closed(), ails()).values(closed_until=NOW))


def identify(session: Session, platform: str, account: str) -> int:
    """Return the id of an account's row, which is added where no asset has done so yet."""
    names = {"platform": platform, "account": account}
    session.execute(insert(Account).values(names).on_conflict_do_nothing())
    return session.scalars(select(Account.id).filter_by(**names)).one()
