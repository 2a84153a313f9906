"""Structured data that answers a schema without a model, and everything that must not."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.core.json_schema.schema import Schema
from gateway.core.llm.structured_answer import Shortcut, answer_from_structured
from tests.growth import assert_linear

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
PRODUCT: dict[str, Any] = {
    "@type": "Product",
    "name": "Widget",
    "description": "A fine widget.",
    "brand": {"@type": "Brand", "name": "Acme"},
    "image": ["https://a.test/i.png"],
    "keywords": "red, small",
    "releaseDate": "2024-05-03T10:00:00Z",
    "offers": {"price": "1299.00", "priceCurrency": "USD", "availability": "https://schema.org/InStock"},
    "aggregateRating": {"ratingValue": "4.5", "reviewCount": 12},
}
GRAPH = {
    "@type": "OpenGraph",
    "title": "Widget | Shop",
    "description": "Buy it.",
    "product:price:amount": "12.50",
}
CRUMBS = {"@type": "BreadcrumbList", "name": "Home"}


def ask(
    properties: dict[str, Any], *, items: list[Any] | None = None, prompt: str | None = None, **more: Any
) -> Shortcut | None:
    document = {"type": "object", "properties": properties, **more}
    schema = Schema(document)
    return answer_from_structured(
        items or [CRUMBS, PRODUCT, GRAPH],
        document,
        prompt=prompt,
        validates=lambda data: not schema.violations(data),
    )


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


INTEGER, BOOLEAN, DAY = {"type": "integer"}, {"type": "boolean"}, {"type": "string", "format": "date"}
STOCK = {"enum": ["in_stock", "sold_out"]}
BRAND = {"type": "object", "properties": {"name": TEXT}}


@pytest.mark.parametrize(
    ("properties", "data"),
    [
        pytest.param({"price": NUMBER, "currency": TEXT}, {"price": 1299, "currency": "USD"}, id="offer"),
        pytest.param(
            {"title": TEXT, "brand": TEXT}, {"title": "Widget", "brand": "Acme"}, id="object-as-its-name"
        ),
        pytest.param({"image": TEXT}, {"image": "https://a.test/i.png"}, id="one-of-a-list"),
        pytest.param({"images": array(TEXT)}, {"images": ["https://a.test/i.png"]}, id="list"),
        pytest.param({"tags": array(TEXT)}, {"tags": ["red", "small"]}, id="list-in-commas"),
        pytest.param({"in_stock": BOOLEAN}, {"in_stock": True}, id="boolean"),
        pytest.param({"availability": STOCK}, {"availability": "in_stock"}, id="enum"),
        pytest.param(
            {"rating": NUMBER, "reviewCount": INTEGER}, {"rating": 4.5, "reviewCount": 12}, id="rating"
        ),
        pytest.param({"release_date": DAY}, {"release_date": "2024-05-03"}, id="day"),
        pytest.param({"price": TEXT}, {"price": "1299.00"}, id="number-as-text"),
        pytest.param({"brand": BRAND}, {"brand": {"name": "Acme"}}, id="nested"),
        pytest.param({"name": {"anyOf": [{"type": "null"}, TEXT]}}, {"name": "Widget"}, id="nullable"),
        pytest.param({"name": {"type": ["null", "string"]}}, {"name": "Widget"}, id="nullable-by-list"),
    ],
)
def test_shortcut_answers_what_the_item_states(properties: dict[str, Any], data: Any) -> None:
    found = ask(properties)
    assert found is not None and found.data == data and found.item_type == "Product"


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"name": TEXT, "warranty": TEXT}, id="not-stated"),
        pytest.param(
            {"name": {"type": "string", "description": "Name, translated to German"}}, id="asks-for-more"
        ),
        pytest.param({"price": {"type": "integer", "maximum": 5}}, id="does-not-validate"),
        pytest.param({"rating": {"type": "integer"}}, id="not-integral"),
        pytest.param({"availability": {"enum": ["yes", "no"]}}, id="other-words"),
        pytest.param({"description": NUMBER}, id="other-type"),
        pytest.param({}, id="asks-for-nothing"),
    ],
)
def test_shortcut_leaves_the_rest_to_a_model(properties: dict[str, Any]) -> None:
    assert ask(properties) is None


def test_shortcut_needs_every_required_property_and_no_other() -> None:
    properties = {"name": TEXT, "warranty": TEXT}
    found = ask(properties, required=["name"])
    assert found is not None and found.data == {"name": "Widget"}
    assert ask(properties, required=["warranty"]) is None


@pytest.mark.parametrize(
    ("prompt", "answers"),
    [
        (None, True),
        ("Extract the product's name and price.", True),
        ("name, price", True),
        ("Extract the price in euros", False),
        ("Is it any good?", False),
        ("Gib Namen und Preis an", False),
    ],
)
def test_shortcut_answers_no_prompt_that_asks_for_more(prompt: str | None, answers: bool) -> None:
    assert (ask({"name": TEXT, "price": NUMBER}, prompt=prompt) is not None) is answers


def test_shortcut_follows_references_of_generated_schemas() -> None:
    document = {"$ref": "#/$defs/Item", "$defs": {"Item": {"type": "object", "properties": {"name": TEXT}}}}
    found = answer_from_structured([PRODUCT], document, prompt=None, validates=lambda data: True)
    assert found is not None and found.data == {"name": "Widget"}


def test_shortcut_takes_open_graph_where_nothing_else_answers() -> None:
    found = ask({"title": TEXT, "price": NUMBER}, items=[CRUMBS, GRAPH])
    assert found is not None and found.data == {"title": "Widget | Shop", "price": 12.5}
    assert found.item_type == "OpenGraph"


def test_shortcut_takes_no_card_that_leaves_a_property_out() -> None:
    properties = {"title": TEXT, "author": TEXT}
    assert ask(properties, items=[GRAPH], required=["title"]) is None


def test_shortcut_refuses_to_choose_between_items() -> None:
    other = PRODUCT | {"name": "Gadget"}
    assert ask({"name": TEXT}, items=[PRODUCT, other]) is None
    assert ask({"name": TEXT}, items=[PRODUCT, dict(PRODUCT)]) is not None


def test_shortcut_refuses_offers_that_disagree() -> None:
    offers = [{"price": "1"}, {"price": "2"}]
    assert ask({"price": NUMBER}, items=[PRODUCT | {"offers": offers}]) is None


def test_shortcut_keeps_equal_values_of_a_list() -> None:
    found = ask({"sizes": array(TEXT)}, items=[PRODUCT | {"sizes": ["M", "M"]}])
    assert found is not None and found.data == {"sizes": ["M", "M"]}


def choices(depth: int, branches: int) -> dict[str, Any]:
    schema: dict[str, Any] = NUMBER
    for _ in range(depth):
        schema = {"anyOf": [schema] * branches}
    return schema


def tree(depth: int, leaf: Any) -> Any:
    for _ in range(depth):
        leaf = {"x": [leaf, leaf]}
    return leaf


TWINS: dict[str, Any] = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "properties": {"x" + "_" * i: {"$ref": "#/$defs/node"} for i in range(20)},
            "required": ["x"],
        }
    },
}
FAR = "/" + "a/" * 1000
LONG = "word " * 20_000

# items, and a schema that makes as much of them as can be made; all of it beyond what is looked at. Made when they
# are asked for: together they are gigabytes.
HOSTILE: dict[str, Callable[[], tuple[list[Any], dict[str, Any]]]] = {
    "choices-in-choices": lambda: ([PRODUCT], {"properties": {"name": choices(7, 40)}}),
    "names-that-are-one": lambda: ([{"@type": "Thing"} | tree(7, {"x": "y"})], TWINS),
    "values-by-the-thousand": lambda: (
        [
            {
                "@type": "Thing",
                "offers": [{"price": i} for i in range(54_000)],
                **{f"p{i}": i for i in range(54_000)},
            }
        ]
        * 90,
        {"properties": {f"wanted{i}": TEXT for i in range(1000)} | {"price": array(NUMBER)}},
    ),
    "long-texts": lambda: (
        [{"@type": "Thing", "n": LONG}],
        {"properties": {"n" + "_" * i: {"type": ["number", "boolean", "string"]} for i in range(300)}},
    ),
    "large-twins": lambda: (
        [{"@type": "Thing", "n": [{"a": [LONG[:-i] for i in range(1, 20)]} for _ in range(90)]}],
        {"properties": {"n" + "_" * i: NUMBER for i in range(300)}},
    ),
    "large-choices": lambda: (
        [{"@type": "Thing", "n": [f"{i}" for i in range(900)]}],
        {"properties": {"n": array({"enum": [{"a": LONG[:50_000]}, "b"]})}},
    ),
    "long-references": lambda: (
        [{"@type": "Thing", "n": [f"{i}" for i in range(900)]}] * 90,
        {"properties": {"n": array({"$ref": f"#{FAR}"})}},
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_shortcut_leaves_to_a_model_what_takes_too_many_steps(kind: str) -> None:
    items, schema = HOSTILE[kind]()
    validated: list[Any] = []

    def validates(data: Any) -> bool:
        validated.append(data)
        return False

    assert answer_from_structured(items, schema, prompt=None, validates=validates) is None
    assert len(validated) <= 20


def test_shortcut_validates_a_few_candidates_only() -> None:
    items = [PRODUCT | {"name": f"Widget {i}"} for i in range(90)]
    validated: list[Any] = []

    def refuse(data: Any) -> bool:
        validated.append(data)
        return False

    schema = {"properties": {"name": TEXT}}
    assert answer_from_structured(items, schema, prompt=None, validates=refuse) is None
    assert len(validated) == 20


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(
            lambda n: (
                [{"@type": "Thing", **{f"p{i}": "v" for i in range(n)}}],
                {f"p{i}": TEXT for i in range(n)},
            ),
            id="properties",
        ),
        pytest.param(
            lambda n: (
                [{"@type": "Thing", "a": [{"b": i} for i in range(n // 50)]}] * 50,
                {"b": TEXT, "a": array(TEXT)},
            ),
            id="items",
        ),
        pytest.param(
            lambda n: ([{"@type": "Thing", "a": "x" * (n * 50)}], {"a": NUMBER}), id="one-long-text"
        ),
        pytest.param(
            lambda n: ([{"@type": "Thing", "a": "1 " * (n * 50)}], {"a": NUMBER}), id="one-row-of-numbers"
        ),
        pytest.param(
            lambda n: ([{"@type": "Thing", "a": "a"}], {"a": {"enum": [f"c{i}" for i in range(n)]}}),
            id="choices",
        ),
    ],
)
def test_shortcut_cost_grows_with_items_and_schema(
    make: Callable[[int], tuple[list[Any], dict[str, Any]]],
) -> None:
    def prepare(size: int) -> Callable[[], object]:
        items, properties = make(size)
        schema = {"properties": properties}
        return lambda: answer_from_structured(items, schema, prompt=None, validates=lambda data: True)

    assert_linear(prepare, 4000)


def test_shortcut_refuses_a_number_with_two_readings() -> None:
    assert ask({"price": NUMBER}, items=[PRODUCT | {"offers": {"price": "1,299"}}]) is None


def test_shortcut_ignores_what_surrounds_the_subject() -> None:
    site = {"@type": "WebSite", "name": "Shop"}
    assert ask({"name": TEXT}, items=[site]) is None
    assert ask({"name": TEXT}, items=[site], title="WebSite") is not None


def test_shortcut_reads_the_main_entity_of_a_page() -> None:
    found = ask({"name": TEXT}, items=[{"@type": "WebPage", "name": "Page", "mainEntity": PRODUCT}])
    assert found is not None and found.data == {"name": "Widget"}
