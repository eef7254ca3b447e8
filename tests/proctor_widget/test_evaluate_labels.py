"""Labels of clips and pictures: read strictly, refused by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbinterview.errors import Invalid
from nbinterview_proctor.evaluate import labels
from nbinterview_proctor.evaluate.labels import ClipLabels, Stretch


def written(folder: Path, text: str) -> Path:
    path = folder / "L.csv"
    path.write_text(text, "utf-8")
    return path


def test_stretches_people_and_conditions_of_clips(tmp_path: Path) -> None:
    found = labels.read(
        written(
            tmp_path,
            "clip,start_s,end_s,rule,subject,condition\n"
            "a.mp4,10,12.5,nobody,p1,glasses; lamp\n"
            "a.mp4,20,30,looking_away,,\n"
            "b.mp4,,,,p2,\n",
        )
    )
    stretches = (Stretch(10, 12.5, "nobody"), Stretch(20, 30, "looking_away"))
    assert found.clips == {
        "a.mp4": ClipLabels("p1", ("glasses", "lamp"), stretches),
        "b.mp4": ClipLabels("p2"),
    }
    assert found.pictures is None


def test_the_file_may_come_from_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "L.csv"
    path.write_bytes(b"\xef\xbb\xbfclip,start_s,end_s,rule\r\na.mp4,1,2,nobody\r\n")
    assert labels.read(path).clips["a.mp4"].stretches == (Stretch(1, 2, "nobody"),)


def test_a_file_of_nothing_but_columns_says_that_all_are_honest(
    tmp_path: Path,
) -> None:
    assert labels.read(written(tmp_path, "clip,start_s,end_s,rule\n")).clips == {}


def test_a_calibration_is_one_stretch_or_its_targets_in_order(tmp_path: Path) -> None:
    head = "clip,start_s,end_s,rule\n"
    plain = labels.read(written(tmp_path, f"{head}a,2,7,calibration\n"))
    assert plain.clips["a"].calibration == (Stretch(2, 7, ""),)
    rows = "a,5,7,calibration:top_left\na,2,5,calibration:centre\n"
    guided = labels.read(written(tmp_path, head + rows))
    assert guided.clips["a"].calibration == (
        Stretch(2, 5, "centre"),
        Stretch(5, 7, "top_left"),
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a,1,2,nobody\na,x,2,nobody", r"line 3: start_s is no number.*'x'"),
        ("a,1,,nobody", "line 2: end_s is no number"),
        ("a,-1,2,nobody", "line 2: start_s"),
        ("a,nan,2,nobody", "line 2: start_s"),
        ("a,2,2,nobody", "line 2: the stretch ends at 2 s and begins at 2 s"),
        ("a,3,2,nobody", "line 2: the stretch ends at 2 s"),
        ("a,1,2,no_body", "line 2: a clip cannot show 'no_body'.*multiple_faces"),
        ("a,1,2,tab_hidden", "line 2: a clip cannot show 'tab_hidden'"),
        ("a,1,2,", "line 2: a clip cannot show ''"),
        (",1,2,nobody", "line 2: no clip is named"),
        ("a,1,2", "line 2: not as many fields"),
        ("a,1,2,nobody,p1", "line 2: not as many fields"),
        ("a,1,5,nobody\na,4,6,nobody", "line 3: nobody overlaps"),
        ("a,1,2,calibration:ceiling", "line 2: no target.*'ceiling'.*keyboard"),
        ("a,1,3,calibration:notes\na,2,4,calibration:centre", "line 3: two targets"),
        ("a,1,3,calibration\na,3,4,calibration:centre", "line 3: a calibration is one"),
    ],
)
def test_what_does_not_fit_is_refused_by_line(
    tmp_path: Path, rows: str, said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        labels.read(written(tmp_path, f"clip,start_s,end_s,rule\n{rows}\n"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lacks the column 'clip'"),
        ("clip,start_s,rule\n", "lacks the column 'end_s'"),
        ("clip,start_s,end_s,rule,conditions\n", "unknown column 'conditions'"),
        ("clip,clip,start_s,end_s,rule\n", "'clip' twice"),
        ("file,count\n", "lacks the column 'faces'"),
        ("file,faces\n,1\n", "line 2: no file is named"),
        ("file,faces\na.png,two\n", "line 2: faces is 0, 1 or 2"),
        ("file,faces\na.png,-1\n", "line 2: faces is 0, 1 or 2"),
        ("file,faces\na.png,1\na.png,0\n", "line 3: 'a.png' is there twice"),
    ],
)
def test_a_file_that_is_no_labels_file_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        labels.read(written(tmp_path, text))


def test_two_people_in_one_clip_are_a_mistake(tmp_path: Path) -> None:
    rows = "a,1,2,nobody,p1\na,3,4,nobody,p2\n"
    path = written(tmp_path, f"clip,start_s,end_s,rule,subject\n{rows}")
    with pytest.raises(Invalid, match=r"line 3.*another subject"):
        labels.read(path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="No such file"):
        labels.read(tmp_path / "gone.csv")
    (tmp_path / "L.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid, match="UTF-8"):
        labels.read(tmp_path / "L.csv")


def test_faces_are_none_one_or_many(tmp_path: Path) -> None:
    text = "file,faces,subject,condition\na.png,0,,\nb.png,1,p1,mask\nc.png,2+,,\n"
    found = labels.read(written(tmp_path, f"{text}d.png,3,,\n")).pictures
    assert found is not None
    assert [each.faces for each in found] == ["none", "one", "many", "many"]
    assert (found[1].subject, found[1].conditions) == ("p1", ("mask",))


def test_labels_of_a_clip_that_was_not_given_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "clip,start_s,end_s,rule\nb.mp4,1,2,nobody\n")
    with pytest.raises(Invalid, match=r"'b\.mp4'.*a\.mp4"):
        labels.check_known(labels.read(path), ["a.mp4"])


def test_labels_after_the_end_of_the_clip_are_refused() -> None:
    told = ClipLabels(stretches=(Stretch(90, 95, "nobody"),))
    with pytest.raises(Invalid, match=r"90 s, and the clip ends at 70\.0 s"):
        labels.check_duration(told, "a.mp4", 70.0)
    labels.check_duration(told, "a.mp4", 92.0)


def test_clips_of_one_name_are_called_by_their_paths() -> None:
    paths = [Path("x/a.mp4"), Path("y/a.mp4"), Path("y/b.mp4")]
    named = labels.names_of(paths)
    assert list(named.values()) == ["x/a.mp4", "y/a.mp4", "b.mp4"]
