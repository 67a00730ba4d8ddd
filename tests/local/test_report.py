"""The report: one page that stands alone and tells why each candidate won or lost."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.support.judge_server.scripted_judges import verdict
from tests.support.service import sample_run
from worker.local import report
from worker.local.bars import BarScale
from worker.pipeline.frames import Box, ByJudge
from worker.pipeline.judging.verdict import Fault, Say
from worker.pipeline.media import TransferFunction


class ReportPage(HTMLParser):
    """A report as a browser reads it: its elements, and the text between tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.script = ""
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the element."""
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        """Keep the words, and the script apart from them."""
        if self._inside == "script":
            self.script += data
        elif self._inside != "style":
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Leave the element."""
        del tag
        self._inside = ""

    @property
    def text(self) -> str:
        """All words, with single spaces."""
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str, css_class: str = "") -> list[dict[str, str | None]]:
        """The attributes of each element of a kind."""
        return [
            found for name, found in self.elements if name == tag and css_class in (found.get("class") or "")
        ]


@pytest.fixture(scope="module")
def html() -> str:
    """The page of a run with two picks and three losers."""
    return report.render_report(sample_run.run())


@pytest.fixture(scope="module")
def page(html: str) -> ReportPage:
    """The same, parsed."""
    return ReportPage(html)


def test_the_page_needs_nothing_from_outside(html: str, page: ReportPage) -> None:
    """No address leads out of the page, so it works from a mail attachment."""
    addresses = [
        attributes[name] or ""
        for _, attributes in page.elements
        for name in ("src", "href")
        if name in attributes
    ]

    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert not re.search(r"https?:|url\(|@import", html)


def test_the_policy_lets_only_the_pages_own_script_run(page: ReportPage) -> None:
    """The hash in the policy is that of the one script; nothing may be loaded."""
    (policy,) = [
        meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    digest = base64.b64encode(hashlib.sha256(page.script.encode()).digest()).decode()

    assert policy is not None
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert len(page.all("script")) == 1


def test_a_file_name_is_only_ever_text() -> None:
    """A video called like a script, or with codes for a terminal, does no harm."""
    html = report.render_report(sample_run.run(name='<script>alert("x")<\x1b[31m\udcff.mp4'))

    page = ReportPage(html)

    assert len(page.all("script")) == 1
    assert '<script>alert("x")<\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}.mp4' in page.text
    html.encode()


def test_reasons_and_notes_are_only_ever_text() -> None:
    """What the pipeline says is escaped as well."""
    run = sample_run.run(note="<b>note</b>")
    run = replace(run, losers=(sample_run.loser(1.0, '"><img src=x onerror=alert(1)>'),))

    page = ReportPage(report.render_report(run))

    assert "<b>note</b>" in page.text
    assert not [image for image in page.all("img") if "onerror" in image]


def test_every_pick_shows_its_crops_time_score_and_reasons(page: ReportPage) -> None:
    """The picks stand first, best first, each cut to every ratio."""
    alternatives = [image["alt"] for image in page.all("img") if "cut to" in (image["alt"] or "")]

    assert alternatives == [
        "Pick 1 at 00:06.500, cut to 16:9",
        "Pick 1 at 00:06.500, cut to 1:1",
        "Pick 2 at 00:02.000, cut to 16:9",
        "Pick 2 at 00:02.000, cut to 1:1",
    ]
    assert "Time 00:06.500 Score 1.00 Shot 2 sharper clearer face" in page.text


def test_the_crops_on_the_page_are_the_files(html: str) -> None:
    """The page shows the very bytes that were written."""
    for pick in sample_run.run().picks:
        for crop in pick.crops:
            assert base64.b64encode(crop.jpeg).decode() in html


def test_the_parts_of_a_score_are_drawn_for_and_against(page: ReportPage) -> None:
    """The largest part fills its half; what counts against goes the other way."""
    appeal, faces, against = page.all("i")[:3]

    assert appeal == {"class": "for", "style": "width: 50.0%"}
    assert faces == {"class": "for", "style": "width: 20.0%"}
    assert against == {"class": "against", "style": "width: 30.0%"}
    assert "clean picture +1.25 face +0.50 defect -0.75" in page.text


def test_a_pick_is_shown_beside_its_runner_up() -> None:
    """What it leads by most comes first, and a mark in each bar shows where the runner-up stands."""
    runner_up = sample_run.loser(4.0, "outscored").scored
    assert runner_up is not None
    runner_up = replace(runner_up, parts={"appeal": 1.25, "text": -0.625}, score=0.625)
    run = sample_run.run()
    pick = replace(run.picks[0], parts={"appeal": 1.25, "faces": 0.5}, runner_up=runner_up)

    page = ReportPage(report.render_report(replace(run, picks=(pick,))))

    assert "the runner-up for this place: the frame at 00:04.000 with 0.62" in page.text
    assert "text +0.00 face +0.50 clean picture +1.25" in page.text
    assert [mark["style"] for mark in page.all("b", "mark")[:3]] == [
        "left: 25.0%",
        "left: 50.0%",
        "left: 100.0%",
    ]


def test_pairs_of_prompts_are_folded_into_one_row() -> None:
    """They are one number in many words; a reader may open it."""
    run = sample_run.run()
    pick = replace(run.picks[0], prompts={"steady": 0.75, "in_focus": 0.5})

    page = ReportPage(report.render_report(replace(run, picks=(pick,))))

    # Once in the card of the pick, and once in its square of the filmstrip.
    assert len(page.all("details")) == 2
    assert "clean picture +1.25 steady +0.75 in focus +0.50 face +0.50" in page.text


def test_a_pick_below_others_is_explained() -> None:
    """A reader sees that a later one scores higher, and is told why it comes later."""
    run = sample_run.run()
    pick = replace(run.picks[1], reasons=("another_scene",))

    page = ReportPage(report.render_report(replace(run, picks=(run.picks[0], pick))))

    assert "Taken to show another scene: frames that score higher" in page.text


def test_upright_crops_stand_in_one_row() -> None:
    """Below each other they would leave half of the card empty."""
    run = sample_run.run()
    upright = replace(
        run.picks[0],
        crops=(sample_run.crop("9:16", Box(0, 0, 90, 160)), sample_run.crop("1:1", Box(0, 0, 180, 180))),
    )

    page = ReportPage(report.render_report(replace(run, picks=(upright, run.picks[1]))))

    assert [crops["class"] for crops in page.all("div", "crops")] == ["crops row", "crops"]


def test_a_fault_of_a_pick_does_not_look_like_praise() -> None:
    """A pick of a video that has nothing better was taken despite its fault."""
    run = sample_run.run()
    pick = replace(run.picks[0], reasons=("moving",))

    page = ReportPage(report.render_report(replace(run, picks=(pick,))))

    assert len(page.all("li", "despite")) == 1
    assert "although much motion" in page.text


def test_every_candidate_stands_in_order_of_time_with_its_fate(page: ReportPage) -> None:
    """The filmstrip holds winners and losers, and says why each one lost."""
    squares = [item for item in page.all("li") if (item.get("id") or "").startswith("candidate-")]

    assert [item["data-time"] for item in squares] == ["1.0", "2.0", "2.5", "6.5", "7.0"]
    assert [item["data-group"] for item in squares] == [
        "others score higher",
        "picked",
        "looks like a pick",
        "picked",
        "nearly black",
    ]
    for why in ("others score higher", "looks like pick 2", "nearly black, not sharp"):
        assert why in page.text


def test_cuts_are_marked(page: ReportPage) -> None:
    """The first candidate of each shot carries the mark."""
    marked = [item["data-time"] for item in page.all("li", "cut")]

    assert marked == ["1.0", "6.5"]


def test_faces_are_outlined_where_they_are_in_each_crop(page: ReportPage) -> None:
    """A face is moved into the crop and scaled with it."""
    wide, square = page.all("rect")[:2]

    assert wide == {"x": "100", "y": "20", "width": "40", "height": "40"}
    assert square == {"x": "20", "y": "40", "width": "80", "height": "80"}


def test_a_face_outside_a_crop_is_not_outlined() -> None:
    """A narrow crop beside the face shows no box at its edge."""
    run = sample_run.run()
    narrow = replace(run.picks[0], crops=(sample_run.crop("9:16", Box(200, 0, 300, 180)),))

    assert ReportPage(report.render_report(replace(run, picks=(narrow,)))).all("rect") == []


def test_the_note_of_a_run_is_shown() -> None:
    """Where the result needs an explanation, the page gives it at the top."""
    assert (
        "the whole video is dark"
        in ReportPage(report.render_report(sample_run.run(note="the whole video is dark"))).text
    )


def test_the_same_run_gives_the_same_page(html: str) -> None:
    """Nothing of the moment or the machine is in it."""
    assert report.render_report(sample_run.run()) == html


def test_the_facts_name_what_is_unusual() -> None:
    """HDR, rotation, interlacing and a variable rate are said; the usual is not."""
    plain = sample_run.video()
    odd = replace(
        plain, transfer=TransferFunction.PQ, rotation_deg=90, is_vfr=True, is_interlaced=True, frame_rate=None
    )

    assert report.video_facts(plain) == [
        "00:10.000",
        "320 \N{MULTIPLICATION SIGN} 180",
        "h264",
        "29.97 frames/s",
    ]
    assert report.video_facts(odd)[3:] == [
        "variable frame rate",
        "interlaced",
        "HDR (PQ)",
        "turned by 90\N{DEGREE SIGN} clockwise",
    ]


@pytest.mark.parametrize(
    ("rotation_deg", "told"), [(0, "mirrored"), (90, "mirrored, then turned by 90\N{DEGREE SIGN} clockwise")]
)
def test_the_facts_say_that_a_picture_is_mirrored(rotation_deg: int, told: str) -> None:
    """And in which order it was brought upright."""
    mirrored = replace(sample_run.video(), rotation_deg=rotation_deg, is_mirrored=True)

    assert report.video_facts(mirrored)[-1] == told


class TestWithAJudge:
    """What it said is told as its word, and how much of it counted."""

    SAID = ByJudge("a <i>boat</i> at sea", (Fault.TEXT,), 2, 12)

    def page(self, say: Say = Say.LEAD, *, is_recalled: bool = False) -> ReportPage:
        """Return the page of a run that a judge looked at."""
        run = sample_run.run()
        found = replace(verdict(say, [0.5] * 12), is_recalled=is_recalled)
        first, *picks = run.picks
        lost, *losers = run.losers
        assert lost.scored is not None
        seen = replace(lost.scored, by_judge=self.SAID._replace(subject="\x1b a gull", place=None, faults=()))
        run = replace(
            run,
            picks=(replace(first, by_judge=self.SAID), *picks),
            losers=(replace(lost, scored=seen), *losers),
            verdict=found,
        )
        return ReportPage(report.render_report(run))

    def test_picks_and_losers_have_its_words(self) -> None:
        """They are content: neither markup nor codes for a terminal."""
        page = self.page()

        assert "The judge: “a <i>boat</i> at sea”, place 2 of 12; text over the picture" in page.text
        assert "The judge: “\N{REPLACEMENT CHARACTER} a gull”" in page.text
        assert not page.all("i", "boat")

    @pytest.mark.parametrize(
        ("say", "words"),
        [
            (Say.VETO, "it may leave out what it finds at fault, and orders nothing."),
            (Say.TIES, "and decide between frames of nearly the same score."),
            (Say.LEAD, "its order counts before the score."),
        ],
    )
    def test_the_page_says_how_much_say_it_had(self, say: Say, words: str) -> None:
        """Beside who it was and what it was asked."""
        text = self.page(say).text

        assert "The judge a-model described 12 pictures and ordered them in 6 readings: " in text
        assert words in text
        assert "(recalled from an earlier run)" in self.page(say, is_recalled=True).text

    def test_without_one_nothing_is_said_of_any(self, page: ReportPage) -> None:
        """Most runs have none."""
        assert "judge:" not in page.text.lower()
        assert "Judged by lite" in page.text


def test_the_part_of_a_judge_stands_first_among_those_of_a_pick() -> None:
    """Where it leads it makes up for the others, so it would often be folded away."""
    one = replace(sample_run.pick(1, 6.5), parts={"appeal": 1.0, "judge": -2.0, "faces": 3.0})
    other = replace(sample_run.loser(1.0, "outscored").scored, parts={"judge": 1.0})  # type: ignore[type-var]
    chart = BarScale([one]).of_pick(replace(one, runner_up=other))

    assert chart.open[0].name == "judge"
