from __future__ import annotations

import numpy as np

from landwright.evaluation.findings import Preview
from landwright.evaluation.report.tagpictures import activation_picture, object_picture, tag_pictures
from landwright.evaluation.tags.findings import Activation, TagPreview
from landwright.legends import load_legend

LEGEND = load_legend("openearthmap-8")


def test_strong_is_the_colour_and_weak_is_white():
    activation = Activation(np.array([[255, 0, 128, 255]], np.uint8), np.array([[1, 1, 1, 255]], np.uint8))
    picture = activation_picture(activation, LEGEND)
    colour = np.array(LEGEND.colours[1])
    assert picture.shape == (3, 1, 4)
    assert picture[:, 0, 0].tolist() == colour.tolist()
    assert picture[:, 0, 1].tolist() == [255, 255, 255]
    assert np.abs(picture[:, 0, 2].astype(int) - (255 + colour) / 2).max() <= 1
    assert picture[:, 0, 3].tolist() == [255, 255, 255]


def test_objects_differ_and_none_is_white():
    picture = object_picture(np.array([[0, 1], [2, 3]], np.int32))
    assert picture[:, 0, 0].tolist() == [255, 255, 255]
    assert len({tuple(colour) for colour in picture.reshape(3, -1).T.tolist()}) == 4
    assert object_picture(np.zeros((2, 2), np.int32)).min() == 255


def test_what_is_not_there_is_left_out():
    small = np.zeros((8, 9), np.uint8)
    scene = Preview("a", (80, 90), 0.5, small, small, image=np.zeros((3, 8, 9), np.uint8))
    activation = Activation(small, small)
    plain = tag_pictures(TagPreview(scene, activation), scene, LEGEND, LEGEND)
    assert [title.split(" (")[0] for title in plain.pictures] == ["Imagery", "CAM", "Pseudo label", "Map", "Reference"]
    full = tag_pictures(TagPreview(scene, activation, small.astype(np.int32)), scene, LEGEND, LEGEND)
    assert list(full.pictures)[2] == "Segments"
    assert (full.name, full.caption) == (plain.name, plain.caption)
