"""The small pure parts of the page, asked in the browser that will run them."""

import pytest


@pytest.fixture(scope="module")
def page(new_page):
    page = new_page()
    page.goto("/admin")
    return page


def ask(page, module, expression):
    """Evaluates `expression` with everything `module` exports in reach as `it`."""
    return page.evaluate(f"import('/admin/{module}').then((it) => {expression})")


@pytest.mark.parametrize(("word", "quoted"), [
    ("acme", "acme"), ("two words", "'two words'"), ("it's", r"'it'\''s'"), ("$(reboot)", "'$(reboot)'"),
    ("a;b", "'a;b'"), ("", "''")])
def test_a_pasted_command_line_cannot_run_anything_else(page, word, quoted):
    assert page.evaluate("(word) => import('/admin/commands.js').then((it) => it.quote(word))", word) == quoted


@pytest.mark.parametrize(("name", "slug"), [
    ("Acme Jewellers", "acme-jewellers"), ("  Müller & Söhne  ", "muller-sohne"), ("--", "")])
def test_a_slug_is_suggested_from_a_name(page, name, slug):
    suggested = page.evaluate("(name) => import('/admin/pages/tenant-create.js').then((it) => it.slugFrom(name))", name)
    assert suggested == slug


def test_progress_lines_may_be_cut_anywhere(page):
    read = page.evaluate("""async () => {
      const { readProgress } = await import('/admin/stream.js')
      const bytes = new TextEncoder().encode('{"progress":{"step":"é"}}\\n{"result":{"id":7}}\\n')
      const body = new ReadableStream({ start(sink) {
        for (const byte of bytes) sink.enqueue(new Uint8Array([byte]))
        sink.close()
      } })
      const steps = []
      const result = await readProgress(new Response(body), ({ step }) => steps.push(step))
      return { steps, result }
    }""")
    assert read == {"steps": ["é"], "result": {"id": 7}}


def test_a_stream_without_a_result_is_a_problem(page):
    code = page.evaluate("""async () => {
      const { readProgress } = await import('/admin/stream.js')
      return readProgress(new Response('{"progress":{"step":"copying"}}\\n'), () => {}).catch((problem) => problem.code)
    }""")
    assert code == "cut_short"


@pytest.mark.parametrize(("expression", "text"), [
    ("it.bytes(512)", "512 B"), ("it.bytes(1536)", "1.5 KiB"), ("it.bytes(5 * 1024 ** 3)", "5.0 GiB"),
    ("it.duration(0.414)", "0.41 s"), ("it.duration(200)", "3 min 20 s"), ("it.duration(90000)", "1 d 1 h"),
    ("it.milliseconds(2.44)", "2.4 ms"), ("it.percent(0.0004)", "0.04 %"), ("it.percent(0)", "0 %"),
    ("it.utcTime('2026-11-21T02:00:00.123Z')", "2026-11-21 02:00:00 UTC"),
    ("it.counted(1, 'tenant')", "1 tenant"), ("it.counted(2, 'tenant')", "2 tenants"),
    ("it.relativeTime('2026-11-21T02:05:00Z', Date.parse('2026-11-21T02:00:00Z'))", "in 5 minutes")])
def test_numbers_and_times_are_written_for_people(page, expression, text):
    assert ask(page, "format.js", expression) == text


def test_a_trial_that_ends_today_still_has_one_day(page):
    assert ask(page, "format.js", "it.daysUntil('2026-11-21T18:00:00Z', Date.parse('2026-11-21T02:00:00Z'))") == 1
    assert ask(page, "format.js", "it.daysUntil('2026-11-21T01:00:00Z', Date.parse('2026-11-21T02:00:00Z'))") == 0


def test_kolkata_is_offered_by_the_name_it_has_today(page):
    zones = ask(page, "time-zones.js", "it.timeZones()")
    assert "Asia/Kolkata" in zones and "Asia/Calcutta" not in zones
    assert zones[0] == "UTC" and len(zones) == len(set(zones))


@pytest.mark.parametrize(("currency", "text", "minor"), [
    ("USD", "11.77", 1177), ("USD", "11.7", 1170), ("USD", "1,234", 123_400), ("USD", "-0.05", -5), ("USD", "-0", 0),
    ("JPY", "1300", 1300), ("KWD", "1.234", 1234), ("IQD", "0.001", 1), ("INR", "0.1", 10),
    ("USD", "1.234", None), ("JPY", "1.5", None), ("USD", "ten", None), ("USD", "", None), ("USD", "1.", None),
    ("USD", "99999999999999999", None)])
def test_amounts_are_read_exactly(page, currency, text, minor):
    read = page.evaluate(
        "([text, currency]) => import('/admin/money.js').then((it) => it.minorFrom(text, currency))", [text, currency])
    assert read == minor


@pytest.mark.parametrize(("expression", "text"), [
    ("it.majorText(1177, 'USD')", "11.77"), ("it.majorText(5, 'USD')", "0.05"), ("it.majorText(-5, 'KWD')", "-0.005"),
    ("it.majorText(1300, 'JPY')", "1300"), ("it.money(117_700, 'INR')", "₹1,177.00"),
    ("it.money(1234, 'IQD')", "IQD 1.234"), ("it.money(100, 'nonsense')", "1.00 nonsense")])
def test_amounts_are_written_with_the_decimals_of_their_currency(page, expression, text):
    assert ask(page, "money.js", expression).replace("\u00a0", " ") == text


@pytest.mark.parametrize(("wall", "zone", "iso"), [
    ("2026-11-20T09:15", "Asia/Kolkata", "2026-11-20T03:45:00.000Z"),
    ("2026-11-20T09:15:30", "UTC", "2026-11-20T09:15:30.000Z"),
    ("2026-07-01T00:00", "America/New_York", "2026-07-01T04:00:00.000Z"),
    # 02:30 is skipped on 29 March and comes twice on 25 October in Berlin.
    ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"),
    ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"),
    ("2026-10-25T03:00", "Europe/Berlin", "2026-10-25T02:00:00.000Z"),
    ("2026-12-31T23:59", "Pacific/Auckland", "2026-12-31T10:59:00.000Z"),
    ("no time", "UTC", None)])
def test_a_time_on_the_clock_of_a_shop_is_one_instant(page, wall, zone, iso):
    ask_time = "([wall, zone]) => import('/admin/zoned-time.js').then((it) => it.instantFrom(wall, zone))"
    assert page.evaluate(ask_time, [wall, zone]) == iso


def test_the_clock_of_a_shop_shows_midnight_as_nought(page):
    assert ask(page, "zoned-time.js", "it.wallTime('2026-11-20T18:30:00Z', 'Asia/Kolkata')") == "2026-11-21T00:00:00"


@pytest.mark.parametrize(("text", "rows"), [
    ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]), ("a\r\n1\r\n", [["a"], ["1"]]), ('"x ""y"", z",2', [['x "y", z', "2"]]),
    ('"two\nlines",b\n', [["two\nlines", "b"]]), ("a,,\n", [["a", "", ""]]), ("", [])])
def test_the_look_at_a_file_reads_csv_as_the_server_does(page, text, rows):
    assert page.evaluate("(text) => import('/admin/csv.js').then((it) => it.parse(text))", text) == rows


@pytest.mark.parametrize(("name", "title"), [
    ("postalCode", "Postal code"), ("license-policies", "License policies"), ("gstin", "GSTIN")])
def test_names_of_the_api_become_words(page, name, title):
    assert page.evaluate("(name) => import('/admin/collections.js').then((it) => it.titled(name))", name) == title


DOCUMENT = {
    "x-modules": {"shop": ["rings"]},
    "paths": {
        "/api/rings": {
            "get": {"tags": ["collections"], "parameters": [{"name": "q"}], "responses": {"200": {"content": {
                "application/json": {"schema": {"properties": {"items": {"items": {
                    "$ref": "#/components/schemas/R"}}}}},
            }}}},
            "post": {"requestBody": {"content": {"application/json": {"schema": {
                "$ref": "#/components/schemas/New"}}}}},
            "x-collection": {"title": "Rings", "singular": "Ring", "searchable": False, "fields": [
                {"name": "name", "type": "text"}, {"name": "makerId", "type": "reference"},
                {"name": "size", "type": "choice"}, {"name": "total", "type": "money"}]},
        },
        "/api/users": {"get": {"tags": ["tenant"]}},
    },
    "components": {"schemas": {
        "R": {"properties": {
            "name": {"type": "string", "maxLength": 80}, "makerId": {"description": "Id of a record of makers"},
            "size": {"enum": ["s", "m", None]}, "total": {"type": "integer"}}},
        "New": {"required": ["name"], "properties": {"name": {}, "makerId": {}, "size": {}}}}},
}


def test_a_declaration_says_all_the_page_has_to_know(page):
    ring, *others = page.evaluate(
        "(document) => import('/admin/collections.js').then((it) => it.collectionsIn(document, ['shop']))", DOCUMENT)
    assert not others, "users are no collection"
    # Offered only where the API announces it and the collection can be searched.
    offered = [ring[what] for what in ("isSearchable", "canCreate", "canChange", "canImport")]
    assert offered == [False, True, False, False]
    fields = {field["name"]: field for field in ring["fields"]}
    assert [name for name, field in fields.items() if field["isRequired"]] == ["name"]
    assert [name for name, field in fields.items() if field["isReadOnly"]] == ["total"]
    assert (fields["makerId"]["target"], fields["makerId"]["title"]) == ("makers", "Maker")
    assert fields["size"]["choices"] == ["s", "m"]
    assert ring["titleField"]["name"] == "name"


def test_a_shop_without_the_module_has_none_of_its_collections(page):
    assert page.evaluate(
        "(document) => import('/admin/collections.js').then((it) => it.collectionsIn(document, []))", DOCUMENT) == []


@pytest.mark.parametrize(("start", "name", "added", "sort"), [
    ("", "a", False, "a"), ("a", "a", False, "-a"), ("-a", "a", False, ""), ("b", "a", False, "a"),
    ("b", "a", True, "b,a"), ("b,a", "a", True, "b,-a"), ("b,-a", "a", True, "b"), ("a,b,c,d", "e", True, "a,b,c,d")])
def test_a_column_goes_round_up_down_and_none(page, start, name, added, sort):
    toggled = page.evaluate("""([start, name, added]) => import('/admin/records/list-state.js').then((it) => {
      const keys = start.split(',').filter(Boolean)
        .map((part) => ({ name: part.replace('-', ''), descending: part.startsWith('-') }))
      return it.sortText(it.toggledSort(keys, name, added))
    })""", [start, name, added])
    assert toggled == sort
