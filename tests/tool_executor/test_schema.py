"""A schema that an MCP server wrote is held to, and can do no harm itself."""

import pytest

from services.tool_executor.adapters.schema import SchemaUnusable, Shape

PAYMENT = {
    "type": "object",
    "properties": {
        "to": {"type": "string"},
        "amount": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["a", "b"]},
    },
    "required": ["to"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"to": "ann"}, None),
        ({}, "the whole: to is missing"),
        ({"to": 1}, "to: is not of type string"),
        ({"to": "ann", "amount": 0}, "amount: breaks minimum 1"),
        ({"to": "ann", "amount": True}, "amount: is not of type integer"),
        ({"to": "ann", "kind": "secret"}, 'kind: is none of ["a", "b"]'),
        ({"to": "ann", "cc": "bob"}, "the whole: holds a field that is not in the schema"),
    ],
)
def test_a_mistake_is_told_by_field_and_without_the_value(value, said):
    assert Shape(PAYMENT).mistakes(value) == said


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"$ref": "http://127.0.0.1/schema"}, "refers to another document"),
        ({"properties": {"a": {"items": [{"$ref": "file:///etc/passwd"}]}}}, "another document"),
        ({"patternProperties": {"(a+)+$": {}}}, "patternProperties"),
        ({"type": "nothing"}, "no JSON Schema"),
        ({"description": "x" * 70_000}, "longer than 65536 bytes"),
    ],
)
def test_a_schema_that_cannot_be_relied_upon_is_refused(schema, said):
    with pytest.raises(SchemaUnusable, match=said):
        Shape(schema)


@pytest.mark.timeout(10)
def test_no_regular_expression_of_a_server_runs_here():
    shape = Shape({"type": "string", "pattern": "(a+)+$"})

    assert shape.mistakes("a" * 40 + "b") is None


def test_a_schema_that_refers_to_itself_without_end_fits_nothing():
    shape = Shape({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}})

    assert "cannot be followed" in shape.mistakes({})


def doubling(depth):
    """Two references a level: so many rules that nobody can look at them all."""
    halves = {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(depth)}
    return {"$ref": "#/$defs/0", "$defs": {**halves, str(depth): True}}


@pytest.mark.timeout(10)
def test_a_schema_of_a_million_million_rules_is_given_up():
    assert Shape(doubling(40)).mistakes({}) == "it takes more than 200000 steps to check"


@pytest.mark.timeout(10)
def test_no_items_of_a_value_are_compared_each_with_each():
    assert Shape({"uniqueItems": True}).mistakes([{}] * 20_000) is None


@pytest.mark.timeout(10)
def test_no_items_of_a_schema_are_compared_each_with_each():
    with pytest.raises(SchemaUnusable, match="no JSON Schema"):
        Shape({"required": [{}] * 16_000})
