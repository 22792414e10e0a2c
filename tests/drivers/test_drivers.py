"""Drivers which are programs of another language: each check they print is one test here."""

import os
import re
import shutil
import subprocess

import pytest

from support.daemon import Pgring
from support.process import BUILD

HERE = os.path.dirname(os.path.abspath(__file__))
JDBC_JAR = "/usr/share/java/postgresql.jar"
DEBIAN_MODULES = "/usr/share/nodejs"
NODE_PACKAGE = "pg@8"


def names_in(path, pattern):
    with open(os.path.join(HERE, path), encoding="utf-8") as file:
        return re.findall(pattern, file.read(), re.MULTILINE)


JDBC_CHECKS = names_in("jdbc/DriverTest.java", r'test\.run\("(\w+)"')
NODE_CHECKS = names_in("node/driver_test.js", r"^  async (\w+)\(")


def play(command, pgring, **more):
    """{name: "ok" or what went wrong}"""
    arguments = ["127.0.0.1", str(pgring.port), "test", "postgres"]
    done = subprocess.run(command + arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120, check=False, **more)
    results = {name: "ok" for name in re.findall(r"^ok (\w+)$", done.stdout, re.MULTILINE)}
    results.update(re.findall(r"^FAILED (\w+): (.*)$", done.stdout, re.MULTILINE))
    results["output"] = done.stdout + done.stderr
    return results


@pytest.fixture(scope="module")
def folder():
    path = os.path.join(BUILD, "drivers")
    os.makedirs(path, exist_ok=True)
    return path


@pytest.fixture(scope="module")
def module_pgring(cluster):
    pgring = Pgring(cluster, settings={"default_pool_size": 4,
                                       "ignore_startup_parameters": "extra_float_digits"}).start()
    yield pgring
    pgring.finish()


@pytest.fixture(scope="module")
def jdbc(module_pgring, folder):
    subprocess.run(["javac", "-Xlint:all", "-cp", JDBC_JAR, "-d", folder,
                    os.path.join(HERE, "jdbc/DriverTest.java")], check=True)
    return play(["java", "-cp", folder + ":" + JDBC_JAR, "DriverTest"], module_pgring)


@pytest.fixture(scope="module")
def node(module_pgring, folder):
    modules = os.path.join(folder, "node_modules")
    if os.path.isdir(os.path.join(DEBIAN_MODULES, "pg")):
        modules = DEBIAN_MODULES
    elif not os.path.isdir(os.path.join(modules, "pg")):
        assert shutil.which("npm"), "neither Debian's node-pg nor npm; see make deps"
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-save",
                        "--prefix", folder, NODE_PACKAGE], check=True, stdin=subprocess.DEVNULL)
    return play(["node", os.path.join(HERE, "node/driver_test.js")], module_pgring,
                env={**os.environ, "NODE_PATH": modules})


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", JDBC_CHECKS)
def test_jdbc(jdbc, name):
    assert jdbc.get(name, jdbc["output"]) == "ok"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", NODE_CHECKS)
def test_node_postgres(node, name):
    assert node.get(name, node["output"]) == "ok"
