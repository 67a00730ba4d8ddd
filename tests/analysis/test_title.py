"""What of a title CLIP is asked for: what a person wrote, and never the name that a device gave a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from worker.analysis.title import MAX_CHARACTERS, subject_of

# Titles that a person wrote, with whatever a rule for files might stumble over.
WRITTEN = [
    "Growing tomatoes",
    "Mr. Robot",
    "Dr. No",
    "S.W.A.T.",
    "The Bar",
    "E.T. the Extra-Terrestrial",
    "Vol. 2: The Return",
    "What's new in v2.0",
    "Node.js in 100 seconds",
    "How to open .mov",
    "Convert MOV to MP4",
    "Spider-Man",
    "Wall-E",
    "Screen recording tips for teachers",
    "Video 1 of our trip to Rome",
    "Test match, day 2",
    "Zoom lens or prime lens?",
    "The final of 2026",
    "Copy of a Vermeer",
    "Ocean's 8",
    "9 to 5",
    "Up",
    "猫",
    "Wie man Brot backt",
    "50% off: the sale",
    "AC/DC live 1991",
    "Refactoring app.ts",
    "MP4 explained",
    "Q&A (part 2)",
    "iPhone15Review",
    "/r/aww: best of",
]

FILES = {
    # By their endings, in any case, with folders and numbers of copies.
    "Growing tomatoes.mp4": "Growing tomatoes",
    "Growing Tomatoes.MOV": "Growing Tomatoes",
    "growing_tomatoes.mov.mp4": "growing tomatoes",
    "Vol. 2: The Return.mov": "Vol. 2: The Return",
    "Mr. Robot S01E02.mkv": "Mr. Robot S01E02",
    "S.W.A.T.mp4": "S.W.A.T",
    "Final Fantasy VII.mp4": "Final Fantasy VII",
    "Small Town.mp4": "Small Town",
    "Lecture on bees (1).mp4": "Lecture on bees",
    "Lecture on bees.mp4 (2)": "Lecture on bees",
    "Anna's birthday - Copy.mp4": "Anna's birthday",
    "Copy of Anna's birthday.mov": "Anna's birthday",
    r"C:\Users\anna\harbour_at_night.mp4": "harbour at night",
    "https://cdn.example.com/v/harbour%20at%20night.mp4?token=abc": "harbour at night",
    r"C:\Users\Anna Smith\My cat.mp4": "My cat",
    "file:///home/anna/cat on roof.mp4": "cat on roof",
    "cat-on-roof (1080p).mp4": "cat on roof",
    "Keynote on bees [1080p].mp4": "Keynote on bees",
    # By underscores, dots, dashes and capitals in place of spaces.
    "summer_holiday_in_rome": "summer holiday in rome",
    "my-cat-on-the-roof.webm": "my cat on the roof",
    "BigBuckBunny.mp4": "Big Buck Bunny",
    "YouTube.mp4": "YouTube",
    "The.Great.Escape.1963.1080p.BluRay.x264-GROUP.mkv": "The Great Escape",
    "wedding_final_v3_1080p.mp4": "wedding",
    "Interview_Anna_20260101.mp4": "Interview Anna",
    "2026-01-01 Interview with Anna.mp4": "Interview with Anna",
    "01_intro_to_botany.mp4": "intro to botany",
    "7_wonders.mp4": "7 wonders",
    "IMG_1234 Anna on the swing.mov": "Anna on the swing",
    "電影.mp4": "電影",
}

NAMELESS = [
    "",
    " ",
    "small.mp4",
    "video.mp4",
    "video1.mp4",
    "index12.ts",
    "Video2",
    "final_v2_FINAL.mp4",
    "output-1080p.mp4",
    "Untitled",
    "Untitled project.mp4",
    "Test",
    "My video",
    "Video 1",
    "IMG_1234.mov",
    "IMG_1234.MOV",
    "IMG 1234",
    "IMG_E1234.mov",
    "img_20260101_120000.mp4",
    "VID-20260101-WA0001.mp4",
    "VID_20260101_120000123.mp4",
    "PXL_20260101_120000123.TS.mp4",
    "DSC_0001.MOV",
    "_DSC1234.mov",
    "DSCF0042.AVI",
    "MVI_1234.AVI",
    "GX010123.MP4",
    "GOPR0042.MP4",
    "DJI_0001.MP4",
    "C0001.MP4",
    "P1010001.MOV",
    "A001C002_200101_R1AB.mov",
    "videoplayback.mp4",
    "FullSizeRender.mov",
    "WIN_20260101_12_00_00_Pro.mp4",
    "20260101_120000.mp4",
    "2026-01-01 12-00-00.mkv",
    "Screen Recording 2026-01-01 at 12.00.00.mov",
    "Screen Recording 2026-01-01 at 12.00.00 PM",
    "Screen_Recording_20260101-120000.mp4",
    "Bildschirmaufnahme 2026-01-01 um 12.00.00.mov",
    "WhatsApp Video 2026-01-01 at 12.00.00.mp4",
    "RPReplay_Final1672531200.mp4",
    "GMT20260101-120000_Recording_1920x1080.mp4",
    "zoom_0.mp4",
    "657bb740-a71b-4529-a012-528021c31a92.mp4",
    "657bb740-a71b-4529-a012-528021c31a92",
    "6b9e68b07dfee8cc2d116e4c51d6a957.mp4",
    "dQw4w9WgXcQ.mp4",
    "1672531200.mp4",
    "00001.ts",
    "https://cdn.example.com/v/657bb740-a71b-4529-a012-528021c31a92/index.m3u8?token=abc",
]


@pytest.mark.parametrize("title", WRITTEN)
def test_a_title_that_a_person_wrote_stays_as_it_is(title: str) -> None:
    """Whatever dots, numbers and words of files it has."""
    assert subject_of(title) == title


@pytest.mark.parametrize(("title", "subject"), FILES.items())
def test_a_name_of_a_file_is_left_with_its_words(title: str, subject: str) -> None:
    """Without folder, ending, version and coding."""
    assert subject_of(title) == subject


@pytest.mark.parametrize("title", NAMELESS)
def test_a_name_without_a_word_is_no_title(title: str) -> None:
    """Letters of a camera or of an id would be taken for a subject."""
    assert subject_of(title) == ""


@given(title=st.text(max_size=200) | st.text(alphabet="aA1_-. ()[]/:?#%\\", max_size=200))
@hypothesis_settings(deadline=None, database=None)
def test_any_text_has_a_subject_or_none(title: str) -> None:
    """Titles are strangers' words."""
    subject = subject_of(title)

    assert subject == " ".join(subject.split())
    assert not subject.isdigit()


def test_a_long_title_is_read_at_once() -> None:
    """A pattern that tries all ways to read brackets would take minutes."""
    assert subject_of("ab" + "[" * 100_000) == "ab" + "[" * (MAX_CHARACTERS - 2)
