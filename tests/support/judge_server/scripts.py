"""What the fake judge answers: it knows, it is biased, it obeys the picture, it talks junk, or it is ill."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.support.judge_server.asked import JudgeRequest
from tests.support.judge_server.replies import Pace, Reply, completion, failure, in_form
from worker.pipeline.judging.verdict import Description, Fault

Script = Callable[[JudgeRequest], Reply]
Worth = Callable[[bytes], float]  #: of a picture (JPEG): more is better
Describe = Callable[[bytes], Description]

HUGE_BYTES = 10_000_000
SLANDER = frozenset(Fault)


def faultless(_picture: bytes) -> Description:
    """See nothing wrong."""
    return Description(subject="a scene")


def knows(
    worth: Worth, sigma: float, seed: int, *, is_stubborn: bool = False, describe: Describe = faultless
) -> Script:
    """Order by worth, with errors of a given size; the same request gets the same answer.

    Args:
        worth: what a picture is worth.
        sigma: the deviation of the Gaussian errors that are added to each, anew for each reading;
            `noise.sigma_for` finds it.
        seed: of the errors.
        is_stubborn: the same error for a picture in whatever reading, so that more readings help nothing.
        describe: what it says of each.
    """

    def order(asked: JudgeRequest) -> Reply:
        sums = [hashlib.sha256(picture).digest() for picture in asked.pictures]
        seen = sums if is_stubborn else [b"".join(sums) + bytes([index]) for index in range(len(sums))]
        errors = [sigma * _gaussian(seed, words) for words in seen]
        return ordered(
            asked, [worth(picture) + error for picture, error in zip(asked.pictures, errors, strict=True)]
        )

    return says(describe, order)


def always_first() -> Script:
    """Call the first picture the best, the second the next, whatever they show."""
    return says(faultless, lambda asked: ordered(asked, [-index for index in range(len(asked.pictures))]))


def guesses(seed: int = 0) -> Script:
    """Order by nothing: half of the pairs are right."""
    return knows(lambda _picture: 0.0, 1.0, seed)


def obeys_text(speaks: Callable[[bytes], bool], otherwise: Script, *, is_slandering: bool = False) -> Script:
    """Do what words in a picture say: call that one the best.

    Args:
        speaks: whether a picture has such words; `known_frames.shows` knows one by what it shows.
        otherwise: answers where no picture speaks.
        is_slandering: whether it also finds every other picture full of faults.
    """

    def describe(picture: bytes) -> Description:
        return Description(
            SLANDER if is_slandering and not speaks(picture) else frozenset(), "the one to pick"
        )

    obedient = says(
        describe, lambda asked: ordered(asked, [float(speaks(picture)) for picture in asked.pictures])
    )
    return lambda asked: (obedient if any(map(speaks, asked.pictures)) else otherwise)(asked)


def says(descriptions: Describe | Sequence[Description], order: Script | None = None) -> Script:
    """Describe pictures as told.

    Args:
        descriptions: of each picture in the order shown, or what to say of a picture.
        order: answers where an order is wanted; as shown where it is None.
    """

    def script(asked: JudgeRequest) -> Reply:
        if asked.kind == "order":
            return (order or always_first())(asked)
        told = map(descriptions, asked.pictures) if callable(descriptions) else descriptions
        return in_form(asked, description_answer(asked.letters, list(told)))

    return script


def in_turn(*scripts: Script) -> Script:
    """Answer each request by the next script, and all further ones by the last."""
    rest = itertools.chain(scripts, itertools.repeat(scripts[-1]))
    return lambda asked: next(rest)(asked)  # noqa: PLW0108 - each call takes the next one


def by_kind(*, descriptions: Script, order: Script) -> Script:
    """Answer the two kinds of requests by different scripts."""
    return lambda asked: (order if asked.kind == "order" else descriptions)(asked)


def ordered(asked: JudgeRequest, worths: Sequence[float]) -> Reply:
    """Answer with an order, the highest first; pictures of equal worth as they were shown."""
    return in_form(asked, order_answer(asked.letters, worths))


def order_answer(letters: Sequence[str], worths: Sequence[float]) -> dict[str, Any]:
    """Word an order, the highest first."""
    by_worth = sorted(zip(letters, worths, strict=True), key=lambda one: -one[1])
    return {"order": [letter for letter, _worth in by_worth]}


def description_answer(letters: Sequence[str], descriptions: Sequence[Description]) -> dict[str, Any]:
    """Word what is seen in each picture."""
    return {
        "pictures": [
            {
                "picture": letter,
                "subject": told.subject,
                **{str(fault): fault in told.faults for fault in Fault},
            }
            for letter, told in zip(letters, descriptions, strict=True)
        ]
    }


def _gaussian(seed: int, words: bytes) -> float:
    """Draw from the normal distribution, the same for the same words."""
    drawn = hashlib.sha256(seed.to_bytes(8, "big", signed=True) + words).digest()
    return float(np.random.default_rng(int.from_bytes(drawn, "big")).standard_normal())


def _content(asked: JudgeRequest) -> dict[str, Any]:
    """Word a right answer."""
    if asked.kind == "order":
        return order_answer(asked.letters, [-index for index in range(len(asked.pictures))])
    return description_answer(asked.letters, list(map(faultless, asked.pictures)))


def junk(asked: JudgeRequest) -> Reply:
    """Talk, without any JSON."""
    return completion(asked, "I like the second picture, since the light in it is so warm!")


def fenced(asked: JudgeRequest) -> Reply:
    """Wrap a right answer in fences, as chat models do."""
    return completion(asked, f"Here you are:\n```json\n{json.dumps(_content(asked))}\n```")


def extra_keys(asked: JudgeRequest) -> Reply:
    """Add what nobody asked for."""
    return completion(asked, json.dumps({**_content(asked), "confidence": 0.99}))


def missing_letter(asked: JudgeRequest) -> Reply:
    """Forget the last picture."""
    ((key, pictures),) = _content(asked).items()
    return completion(asked, json.dumps({key: pictures[:-1]}))


def doubled_letter(asked: JudgeRequest) -> Reply:
    """Name the first picture twice, in place of the last."""
    ((key, pictures),) = _content(asked).items()
    return completion(asked, json.dumps({key: [*pictures[:-1], pictures[0]]}))


def stops_short(asked: JudgeRequest) -> Reply:
    """Run out of tokens in the middle of the answer."""
    content = json.dumps(_content(asked))
    return completion(asked, content[: len(content) // 2], finish_reason="length")


def pads(asked: JudgeRequest) -> Reply:
    """Give a whole answer, and go on with line breaks up to the limit, as llama.cpp was seen to do."""
    return completion(asked, json.dumps(_content(asked)) + "\n" * 400, finish_reason="length")


def refuses(asked: JudgeRequest) -> Reply:
    """Refuse, as hosted models do."""
    return completion(asked, None, refusal="I'm sorry, but I can't help with that.")


def no_choices(asked: JudgeRequest) -> Reply:
    """Answer with an empty list of choices."""
    told = json.loads(completion(asked, "").body)
    return Reply(json.dumps({**told, "choices": []}).encode())


def no_json(_asked: JudgeRequest) -> Reply:
    """Answer with a page, as a proxy in front of the server does."""
    return Reply(b"<html><body>It works!</body></html>", headers={"X-Proxy": "yes"})


def too_many(retry_after_s: int) -> Script:
    """Want to be left alone for some seconds."""
    return lambda _asked: failure(429, "Rate limit reached", {"Retry-After": str(retry_after_s)})


def error(status: int) -> Script:
    """Fail."""
    return lambda _asked: failure(status, "internal error")


def other_model(asked: JudgeRequest) -> Reply:
    """Answer as another model than the one that was asked for."""
    told = json.loads(in_form(asked, _content(asked)).body)
    return Reply(json.dumps({**told, "model": "some-other-7b"}).encode())


def wrong_model(asked: JudgeRequest) -> Reply:
    """Know no such model."""
    return failure(404, f"The model `{asked.body['model']}` does not exist.")


def no_images(_asked: JudgeRequest) -> Reply:
    """Have a model that cannot see; the words are llama.cpp's."""
    return failure(
        500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
    )


def hangs(_asked: JudgeRequest) -> Reply:
    """Never answer."""
    return Reply(pace=Pace.NEVER)


def drips(asked: JudgeRequest) -> Reply:
    """Send a right answer at a byte a second."""
    return _paced(asked, Pace.DRIPPING)


def cuts_off(asked: JudgeRequest) -> Reply:
    """End the connection in the middle of a right answer."""
    return _paced(asked, Pace.CUT_OFF)


def huge(asked: JudgeRequest) -> Reply:
    """Talk without end: 10 MB."""
    return completion(asked, "x" * HUGE_BYTES)


def _paced(asked: JudgeRequest, pace: Pace) -> Reply:
    return Reply(in_form(asked, _content(asked)).body, pace=pace)
