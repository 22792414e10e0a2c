"""make install and make uninstall: what lies where, and what stays."""

import os
import stat
import subprocess

import pytest

from support.installation import make


@pytest.fixture
def tree(tmp_path):
    return str(tmp_path / "root")


def files_in(tree):
    return {os.path.relpath(os.path.join(folder, name), tree)
            for folder, _, names in os.walk(tree) for name in names}


COMMON = {"etc/pgring/pgring.ini", "etc/init.d/pgringd", "usr/sbin/pgringd", "usr/sbin/pgringctl",
          "usr/share/doc/pgring/README.md", "usr/share/doc/pgring/LICENSE",
          "usr/share/doc/pgring/pgring.ini", "usr/share/man/man5/pgring.ini.5",
          "usr/share/man/man7/pgring-internals.7", "usr/share/man/man7/pgring-metrics.7",
          "usr/share/man/man8/pgringctl.8",
          "usr/share/man/man8/pgringd.8"}
LINUX = {"usr/lib/systemd/system/pgringd.service", "usr/lib/systemd/system/pgringd.socket",
         "etc/logrotate.d/pgringd"}
SOLARIS = {"lib/svc/manifest/application/pgringd.xml", "lib/svc/method/pgringd"}


def test_what_is_installed_is_removed(tree):
    make("install", "DESTDIR=" + tree, "prefix=/usr")
    installed = files_in(tree)
    assert installed == COMMON | LINUX
    for name in ("usr/sbin/pgringd", "usr/sbin/pgringctl", "etc/init.d/pgringd"):
        assert stat.S_IMODE(os.stat(os.path.join(tree, name)).st_mode) == 0o755
    for name in installed:
        with open(os.path.join(tree, name), "rb") as file:
            assert tree.encode() not in file.read(), name + ": DESTDIR is not where it will run"
    stranger = os.path.join(tree, "etc/init.d/other")
    with open(stranger, "w", encoding="utf-8"):
        pass
    make("uninstall", "DESTDIR=" + tree, "prefix=/usr")
    assert files_in(tree) == {"etc/init.d/other"}
    assert not os.path.exists(os.path.join(tree, "etc/pgring"))


def test_a_changed_configuration_is_kept(tree):
    make("install", "DESTDIR=" + tree, "prefix=/usr")
    path = os.path.join(tree, "etc/pgring/pgring.ini")
    with open(path, "a", encoding="utf-8") as file:
        file.write("verbose = 1\n")
    with open(path, encoding="utf-8") as file:
        changed = file.read()
    assert "kept: /etc/pgring/pgring.ini" in make("install", "DESTDIR=" + tree, "prefix=/usr")
    assert "kept" in make("uninstall", "DESTDIR=" + tree, "prefix=/usr")
    assert files_in(tree) == {"etc/pgring/pgring.ini"}
    with open(path, encoding="utf-8") as file:
        assert file.read() == changed


def test_solaris_gets_what_smf_reads(tree):
    make("install", "DESTDIR=" + tree, "prefix=/opt/pgring", "INIT=initd smf", "rundir=/var/run/pgring")
    assert SOLARIS <= files_in(tree) and not files_in(tree) & LINUX
    with open(os.path.join(tree, "etc/init.d/pgringd"), encoding="utf-8") as file:
        assert "DAEMON=/opt/pgring/sbin/pgringd\n" in file.read()
    with open(os.path.join(tree, "etc/pgring/pgring.ini"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert {"pidfile = /var/run/pgring/pgringd.pid", "log_directory = /var/log/pgring",
            "unix_socket_dir = /var/run/pgring", "user = pgring"} <= set(lines)


def test_the_installed_sample_is_valid(tree):
    make("install", "DESTDIR=" + tree, "prefix=/usr")
    done = subprocess.run([os.path.join(tree, "usr/sbin/pgringd"), "-t",
                           os.path.join(tree, "etc/pgring/pgring.ini")], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
