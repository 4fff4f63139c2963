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
