"""Settings of tests of variants, and of the program that viewers' browsers talk to."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from worker.settings.types import Days, Line, Seconds, TimeZone, Url  # noqa: TC001 - pydantic reads them


class TrialSettings(BaseSettings):
    """What an operator can set for tests of variants."""

    beacon_url: Url = Field(
        "http://127.0.0.1:8070",
        description="The address that viewers' browsers ask for variants and tell what was seen; "
        "`BEACON_PORT` here without it.",
    )
    beacon_host: Line = Field("127.0.0.1", description="The address that `thumbs beacon` listens on.")
    beacon_port: int = Field(
        8070, ge=0, le=65535, description="Its port; 0: `thumbs up` tests no pictures with viewers."
    )
    tests: Literal["manual", "auto"] = Field(
        "manual",
        description="Tests of pictures: begun by people only (`manual`), or also by itself for new videos "
        "that are seen often enough (`auto`). Whoever ships a learned head begins tests of it, too, on one "
        "of ten new videos.",
    )
    tests_apply: Literal["winner", "preferred", "never"] = Field(
        "winner",
        description="What a test may change by itself: show a proved `winner`, also what is only "
        "`preferred`, or nothing (`never`).",
    )
    test_days: int = Field(28, ge=7, le=180, description="The longest that a test goes on.")
    test_timezone: TimeZone = Field(
        "UTC", description="Where the days begin that a platform shows one picture."
    )
    test_look_s: Seconds = Field(3 * 3600.0, description="How often the numbers of a test are judged.")
    tests_retention_days: Days = Field(
        730, ge=30, description="What tests compared, and counted, is kept so long to learn from."
    )

    @model_validator(mode="before")
    @classmethod
    def _beacon_has_the_port(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Follow BEACON_PORT where only that is set."""
        port = given.get("beacon_port")
        if given.get("beacon_url") is None and port not in {None, 0, "0"}:
            return {**given, "beacon_url": f"http://127.0.0.1:{port}"}
        return given
