"""The files that start pgringd, checked by the tools made for them."""

import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from support.installation import Installation
from support.process import TOP

SCRIPTS = ["etc/init.d/pgringd", "etc/smf/pgringd"]


def run(*command):
    done = subprocess.run(command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("script", [*SCRIPTS, "etc/debian/postinst", "etc/debian/prerm",
                                    "etc/debian/postrm", "etc/debian/build", "etc/install"])
def test_scripts_have_no_bashisms(script):
    assert run("checkbashisms", script) == (0, "")
    assert run("dash", "-n", script) == (0, "")


@pytest.mark.parametrize("script", [*SCRIPTS, "etc/install"])
def test_scripts_suit_the_bourne_shell(script):
    """What POSIX has and /bin/sh of Solaris 10 has not."""
    with open(os.path.join(TOP, script), encoding="utf-8") as file:
        code = "".join(line for line in file if not line.lstrip().startswith("#"))
    for what, pattern in {"$(command)": r"\$\(", "local variables": r"^\s*local\b",
                          "[ -e file ]": r"\[ (?:! )?-e ", "${name#prefix}": r"\$\{\w+[#%]",
                          "! command": r"(?:^|if|while|until|&&|\|\|)\s*! ", "export name=value": r"\bexport \w+=",
                          "~": r"[\s=]~", "grep -q": r"\bgrep -\w*[qE]", "id -u": r"\bid -",
                          "readlink, realpath": r"\b(?:readlink|realpath)\b",
                          "kill -s": r"\bkill -s"}.items():
        found = re.search(pattern, code, re.MULTILINE)
        assert not found, "%s: the Bourne shell has no %s: %s" % (script, what, found.group())


def test_the_init_script_tells_insserv_what_it_needs():
    with open(os.path.join(TOP, "etc/init.d/pgringd"), encoding="utf-8") as file:
        text = file.read()
    header = re.search(r"### BEGIN INIT INFO\n(.*?)### END INIT INFO", text, re.DOTALL).group(1)
    keys = dict(re.findall(r"^# ([\w-]+):\s+(.*)$", header, re.MULTILINE))
    assert keys["Provides"] == "pgringd"
    assert {"Required-Start", "Required-Stop", "Default-Start", "Default-Stop",
            "Short-Description"} <= set(keys)


@pytest.fixture(scope="module")
def units(cluster):
    installation = Installation(cluster, init="systemd")
    yield {name: installation.path("usr/lib/systemd/system/" + name)
           for name in ("pgringd.service", "pgringd.socket")}
    installation.finish()


def test_systemd_takes_the_units(units):
    assert run("systemd-analyze", "verify", "--man=no", *units.values()) == (0, "")


def test_systemd_finds_the_service_well_confined(units):
    code, output = run("systemd-analyze", "security", "--offline=true", "--threshold=25",
                       units["pgringd.service"])
    assert code == 0, output


def test_the_smf_manifest_is_valid():
    """Against declarations of service_bundle(4)'s elements, in their order."""
    assert run("xmllint", "--nowarning", "--nonet", "--noout", "--dtdvalid", "tests/solaris/service_bundle.dtd",
               "etc/smf/pgringd.xml") == (0, "")


def test_the_smf_manifest_avoids_the_traps():
    service = ElementTree.parse(os.path.join(TOP, "etc/smf/pgringd.xml")).getroot().find("service")
    methods = {method.get("name"): method.get("exec") for method in service.findall("exec_method")}
    assert set(methods) == {"start", "stop", "refresh"}
    assert not [command for command in methods.values() if ":kill" in command], \
        "it would signal every process, not the master alone"
    properties = {value.get("name"): value.get("value")
                  for value in service.findall("property_group[@name='startd']/propval")}
    assert properties["ignore_error"] == "core,signal", "a dead worker must not restart the service"
    assert service.find("create_default_instance").get("enabled") == "false"
