"""The scripts of the fake judge answer as they say, and repeat themselves exactly."""

from __future__ import annotations

import io
import itertools
import json
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.support.judge_server.contract import read_request
from tests.support.judge_server.example import picture, request
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.known_frames import UnknownPicture, judged_worths, shows, worth_of
from tests.support.judge_server.noise import sigma_for
from tests.support.judge_server.scripts import (
    HUGE_BYTES,
    always_first,
    cuts_off,
    doubled_letter,
    drips,
    error,
    extra_keys,
    fenced,
    hangs,
    huge,
    in_turn,
    junk,
    knows,
    missing_letter,
    no_choices,
    no_images,
    no_json,
    obeys_text,
    other_model,
    pads,
    refuses,
    says,
    stops_short,
    too_many,
    wrong_model,
)
from tests.support.judged_sets import write_judged_set
from worker.pipeline.judging.verdict import Description, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.judge_server.scripts import Script

FRAMES = [picture(seed) for seed in range(10)]
PLACES = worth_of({frame: -place for place, frame in enumerate(FRAMES)})


def answer(script: Script, body: dict[str, Any]) -> dict[str, Any]:
    """Ask a script; returns what it says."""
    asked = read_request(
        "/v1/chat/completions", {"content-type": "application/json"}, json.dumps(body).encode()
    )
    said: dict[str, Any] = json.loads(json.loads(script(asked).body)["choices"][0]["message"]["content"])
    return said


def order(script: Script, pictures: Sequence[bytes]) -> list[bytes]:
    """Ask for an order; returns the pictures, best first."""
    letters = answer(script, request("order", tuple(pictures)))["order"]
    return [pictures["ABCDEFGHIJ".index(letter)] for letter in letters]


def shuffled(seed: int) -> list[bytes]:
    """Show the frames in an order of its own for each seed."""
    return [FRAMES[index] for index in np.random.default_rng(seed).permutation(len(FRAMES))]


def recoded(frame: bytes, box: tuple[int, int, int, int] | None = None) -> bytes:
    """Cut a picture and save it anew, smaller and coarser."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(frame)) as opened:
        cut = opened.crop(box) if box else opened
        cut.resize((cut.width * 4 // 5, cut.height * 4 // 5)).save(file, "JPEG", quality=70)
    return file.getvalue()


def test_a_judge_that_knows_orders_by_worth_however_the_pictures_are_shown() -> None:
    """Without errors, the order of showing does not matter."""
    assert order(knows(PLACES, 0.0, seed=1), shuffled(3)) == FRAMES


def test_a_picture_is_known_by_what_it_shows_when_its_bytes_have_changed() -> None:
    """Recoding, and cutting to another shape, leave it known; a stranger is none of the known."""
    for place, frame in enumerate(FRAMES):
        assert PLACES(recoded(frame)) == -place
        assert PLACES(recoded(frame, (140, 0, 320, 180))) == -place
        assert PLACES(recoded(frame, (0, 30, 320, 150))) == -place
    with pytest.raises(UnknownPicture):
        PLACES(picture(99))


@pytest.mark.parametrize("share", [0.92, 0.75, 0.5])
def test_a_judge_with_errors_has_the_wanted_share_of_pairs_right(share: float) -> None:
    """Forty readings, 1,800 pairs: the deviation of the share is about one in a hundred."""
    script = knows(PLACES, sigma_for(share), seed=7)
    right = []
    for seed in range(40):
        told = order(script, shuffled(seed))
        right += [FRAMES.index(a) < FRAMES.index(b) for a, b in itertools.combinations(told, 2)]
    assert sum(right) / len(right) == pytest.approx(share, abs=0.03)


def test_the_same_reading_repeats_and_another_order_of_showing_errs_anew() -> None:
    """Runs repeat exactly; a stubborn judge makes the same errors in each reading."""
    fresh, again = (knows(PLACES, 5.0, seed=1) for _ in range(2))
    stubborn = knows(PLACES, 5.0, seed=1, is_stubborn=True)
    backwards = FRAMES[::-1]
    assert order(fresh, FRAMES) == order(again, FRAMES)
    assert order(fresh, FRAMES) != order(fresh, backwards)
    assert order(fresh, FRAMES) != order(knows(PLACES, 5.0, seed=2), FRAMES)
    assert order(stubborn, FRAMES) == order(stubborn, backwards) != FRAMES


def test_always_first_calls_what_it_is_shown_first_the_best() -> None:
    """Whatever the pictures show."""
    assert order(always_first(), FRAMES) == FRAMES
    assert order(always_first(), FRAMES[::-1]) == FRAMES[::-1]


def test_an_obedient_judge_prefers_the_picture_that_speaks_and_slanders_the_others() -> None:
    """Where none speaks, the other script answers."""
    script = obeys_text(shows(FRAMES[4]), knows(PLACES, 0.0, seed=1), is_slandering=True)
    assert order(script, [FRAMES[1], FRAMES[0], recoded(FRAMES[4])])[0] == recoded(FRAMES[4])
    assert order(script, FRAMES[3::-1]) == FRAMES[:4]
    told = answer(script, request("descriptions", (FRAMES[0], FRAMES[4])))["pictures"]
    assert [one["text"] for one in told] == [True, False]


def test_descriptions_are_said_as_given() -> None:
    """One for each picture."""
    script = says([Description(frozenset({Fault.EYES_CLOSED}), "a man"), Description(subject="a dog")])
    told = answer(script, request("descriptions"))["pictures"]
    assert [(one["picture"], one["subject"], one["eyes_closed"]) for one in told] == [
        ("A", "a man", True),
        ("B", "a dog", False),
    ]


def test_worths_of_a_judged_set_are_places_and_alike_frames_share_them(tmp_path: Path) -> None:
    """0 for the best; two that are alike share the mean of their places."""
    folder = write_judged_set(tmp_path, ["one"], frames=3)
    table = folder / "judged.tsv"
    table.write_text("video\torder\none\tB>A=C\n", "utf-8")
    assert list(judged_worths(folder)["one"].values()) == [-1.5, 0.0, -1.5]


def post(judge: FakeJudge, timeout_s: float = 5.0) -> httpx.Response:
    """Send a right request."""
    return httpx.post(f"{judge.url}/chat/completions", json=request(), timeout=timeout_s)


@pytest.mark.parametrize(
    ("script", "status", "words"),
    [
        (junk, 200, "so warm"),
        (fenced, 200, "```json"),
        (extra_keys, 200, "confidence"),
        (missing_letter, 200, r"{\"order\": [\"A\"]}"),
        (doubled_letter, 200, r"[\"A\", \"A\"]"),
        (stops_short, 200, '"finish_reason": "length"'),
        (pads, 200, r"\n\n"),
        (refuses, 200, '"refusal": "I'),
        (no_choices, 200, '"choices": []'),
        (no_json, 200, "<html>"),
        (too_many(7), 429, "Rate limit"),
        (error(503), 503, "internal error"),
        (other_model, 200, "some-other-7b"),
        (wrong_model, 404, "does not exist"),
        (no_images, 500, "image input is not supported - hint"),
    ],
)
def test_each_fault_of_a_server_is_played(script: Script, status: int, words: str) -> None:
    """With the status and the words of real ones."""
    with FakeJudge(script) as judge:
        told = post(judge)
        assert (told.status_code, words in told.text) == (status, True), told.text
        assert told.headers.get("Retry-After") == ("7" if status == 429 else None)


@pytest.mark.parametrize(
    ("script", "fault"),
    [(hangs, httpx.ReadTimeout), (cuts_off, httpx.RemoteProtocolError)],
)
def test_each_fault_of_a_connection_is_played(script: Script, fault: type[Exception]) -> None:
    """A hang outlasts the client, and ends with the server."""
    with FakeJudge(script) as judge, pytest.raises(fault):
        post(judge, timeout_s=0.3)


def test_a_dripping_answer_comes_byte_by_byte() -> None:
    """The head is there at once, and so little of the body that no silence is long."""
    with (
        FakeJudge(drips) as judge,
        httpx.stream("POST", f"{judge.url}/chat/completions", json=request(), timeout=5.0) as told,
    ):
        assert int(told.headers["Content-Length"]) > 100
        assert next(told.iter_raw()) == b"{"


def test_a_huge_answer_is_huge() -> None:
    """10 MB, of valid JSON."""
    with FakeJudge(huge) as judge:
        assert len(post(judge).content) > HUGE_BYTES


def test_scripts_take_turns_and_can_be_changed_while_the_judge_runs() -> None:
    """The last one answers all further requests."""
    with FakeJudge(in_turn(error(500), junk)) as judge:
        assert [post(judge).status_code for _ in range(3)] == [500, 200, 200]
        judge.script = error(502)
        assert post(judge).status_code == 502


def test_tokens_are_counted_by_the_rule_of_the_model_and_by_letters() -> None:
    """320x180 px are 10 by 6 tokens."""
    with FakeJudge(always_first()) as judge:
        told = post(judge).json()
        texts = ["You look at pictures.", "Picture A:", "Picture B:", "Put them in order."]
        expected = 2 * 10 * 6 + sum(-(-len(text) // 4) for text in texts)
        assert told["usage"]["prompt_tokens"] == expected == judge.usage.prompt_tokens
        assert judge.usage.requests == 1
        assert judge.usage.answer_tokens == told["usage"]["completion_tokens"] > 0


def test_another_key_or_model_is_refused_as_servers_do() -> None:
    """401 and 404; neither breaks the contract."""
    with FakeJudge(always_first(), model="eye", api_key="secret") as judge:
        assert post(judge).status_code == 401
        judge.api_key = None
        assert post(judge).status_code == 200
        judge.model = "ear"
        assert post(judge).status_code == 404


def test_a_complaint_that_nobody_looked_at_fails_the_test() -> None:
    """So that no breach goes unseen."""
    with pytest.raises(AssertionError, match="a request to"), FakeJudge(always_first()) as judge:
        httpx.post(f"{judge.url}/completions", json=request())
