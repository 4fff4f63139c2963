"""The alerting rules for Prometheus fit what the server says."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

MONITORING = Path(__file__).parents[2] / "Sources/ApplianceServer/Appliance.docc/Resources"
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is not there")


def test_every_figure_in_the_rules_is_one_that_the_server_gives(appliance):
    appliance.start().add_shop("acme")
    appliance.json("backup", "create")
    appliance.json("backup", "drill")
    text = metrics(appliance)
    wanted = set(re.findall(r"\b(appliance_\w+)", (MONITORING / "appliance.rules.yml").read_text()))
    given = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    assert wanted and wanted <= given


@needs_promtool
def test_promtool_finds_nothing_wrong(appliance):
    checked = promtool("check", "metrics", input=metrics(appliance.start()))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    for command in (["check", "rules", "appliance.rules.yml"], ["test", "rules", "appliance.rules.test.yml"]):
        done = promtool(*command)
        assert done.returncode == 0, done.stdout + done.stderr


def metrics(appliance):
    return appliance.request("GET", "/metrics").body.decode()


def promtool(*arguments, **options):
    return subprocess.run(
        ["promtool", *arguments], cwd=MONITORING, capture_output=True, text=True, timeout=60, **options)
