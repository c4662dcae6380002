"""Who may see what is made of several things: whoever may see each of them."""

import pytest
from pydantic import ValidationError

from contracts.labels import Labelled, joined, only_readers, readers_label, readers_of
from contracts.tool import ToolManifest


@pytest.mark.parametrize(
    ("labels", "readers"),
    [
        ((), None),
        (("user", "external"), None),
        (("readers:",), set()),
        (("readers:lea@a.example",), {"lea@a.example"}),
        (("readers:lea@a.example,tom@a.example", "readers:tom@a.example"), {"tom@a.example"}),
        (("readers:@a.example", "readers:lea@a.example,eve@b.example"), {"lea@a.example"}),
        (("readers:@a.example", "readers:@b.example"), set()),
        (("readers:@a.example", "readers:"), set()),
        (("readers:@a.example", "readers:@a.example,x@b.example", "user"), {"@a.example"}),
    ],
)
def test_readers_join_to_those_who_are_among_all(labels, readers):
    assert readers_of(labels) == readers


def test_joined_labels_keep_integrity_and_have_one_label_of_readers():
    labels = ("user", "readers:@a.example", "external", "readers:lea@a.example")

    assert joined(labels) == ("external", "readers:lea@a.example", "user")
    assert only_readers(labels) == ("readers:lea@a.example",)
    assert only_readers(("user", "external")) == ()


def test_an_order_of_joining_changes_nothing():
    one, two = readers_label(["b@x.example", "@a.example"]), readers_label(["c@a.example"])

    assert joined((one, two)) == joined((two, one)) == joined((*joined((one,)), two))


def test_nobody_is_not_anybody_in_the_hash_of_a_manifest():
    find = ToolManifest(name="find", description="Find.", parameters={})

    assert find.model_copy(update={"readers": ()}).sha256 != find.sha256


@pytest.mark.parametrize("reader", ["a, b", "a b", ""])
def test_a_reader_that_would_be_read_as_another_is_refused(reader):
    with pytest.raises(ValidationError, match="readers"):
        ToolManifest(name="find", description="Find.", parameters={}, readers=(reader,))


def test_labels_that_a_tool_gives_have_a_limit():
    with pytest.raises(ValidationError, match="characters in all"):
        Labelled(value=1, labels=("readers:" + "a" * 9000,))
