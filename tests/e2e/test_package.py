"""The Debian package, installed, upgraded, removed and purged by dpkg over a copy of this very system that
nobody else sees: an overlay in a mount namespace, which ends with the test."""

import glob
import os
import subprocess

import pytest

from support.installation import make
from support.process import BUILD, free_port

WALK = r"""
set -eu
mount -t tmpfs tmpfs "$ROOM"
mkdir "$ROOM/upper" "$ROOM/work" "$ROOM/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$ROOM/upper,workdir=$ROOM/work" "$ROOM/root"
mount -t proc proc "$ROOM/root/proc"
mount --rbind /dev "$ROOM/root/dev"
rm -f "$ROOM/root/usr/sbin/policy-rc.d"  # a container's, which forbids all services
rm -f "$ROOM/root/sbin/runlevel"       # and one of sysvinit's runlevels instead of none
printf '#!/bin/sh\necho N 2\n' >"$ROOM/root/sbin/runlevel"
chmod +x "$ROOM/root/sbin/runlevel"
cp "$PACKAGE" "$ROOM/root/pgring.deb"
exec chroot "$ROOM/root" /bin/sh -euc "$STEPS"
"""

STEPS = r"""
fail() { echo "FAILED: $1"; exit 1; }
status() { code=0; service pgringd status || code=$?; [ "$code" = "$1" ] || fail "status is $code, not $1"; }
client() { psql -X -h 127.0.0.1 -p "$PORT" -U postgres -d test -Atc 'select 40 + 2' | grep -x 42; }

dpkg -i /pgring.deb
id pgring
[ "$(stat -c '%U %G %a' /etc/pgring/pgring.ini)" = "root pgring 640" ] || fail "everybody reads passwords"
status 3
ls /etc/rc2.d | grep pgringd | grep ^K || fail "it would start by itself"
update-rc.d pgringd enable
ls /etc/rc2.d | grep pgringd | grep ^S || fail "it does not start at boot"

sed -i -e "s/^\* = .*/* = host=127.0.0.1 port=$DATABASE_PORT/" -e "s/^;listen_port.*/listen_port = $PORT/" \
  /etc/pgring/pgring.ini
service pgringd start
client || fail "clients are not served"
[ "$(ps -o user= -p "$(cat /run/pgring/pgringd.pid)")" = pgring ] || fail "wrong user"
pgringctl status
if command -v logrotate; then
  logrotate -f /etc/logrotate.d/pgringd
  ls /var/log/pgring/pgring.log.1
fi

before=$(cat /run/pgring/pgringd.pid)
dpkg -i /pgring.deb
[ "$(cat /run/pgring/pgringd.pid)" != "$before" ] || fail "an upgrade restarts what runs"
grep "listen_port = $PORT" /etc/pgring/pgring.ini || fail "the configuration was overwritten"
client || fail "clients are not served after the upgrade"

dpkg -r pgring
[ -z "$(ps -o pid= -u pgring)" ] || fail "it still runs"
[ -f /etc/pgring/pgring.ini ] || fail "the configuration is gone before the purge"
dpkg -P pgring
id pgring && fail "the user is left"
left=$(find / -xdev \( -path '/etc/*pgring*' -o -path '/usr/sbin/*pgring*' -o -path '/lib/systemd/*pgring*' \
       -o -path '/usr/share/*pgring*' -o -path '/var/l[oi][gb]/*pgring*' -o -path '/run/*pgring*' \) -print)
[ -z "$left" ] || fail "left behind: $left"
echo WALKED
"""


def may_mount():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"],
                                                check=False).returncode == 0


@pytest.fixture(scope="module")
def package():
    make("deb")
    (found,) = glob.glob(os.path.join(BUILD, "pgring_*.deb"))
    return found


def field(package, name):
    return subprocess.run(["dpkg-deb", "--field", package, name], check=True, capture_output=True,
                          text=True).stdout.strip()


def test_the_package_knows_version_and_libraries(package):
    version = subprocess.run([os.path.join(BUILD, "pgringd"), "-V"], check=True, capture_output=True,
                             text=True).stdout.split()[1]
    assert field(package, "Version") == version
    assert "pgring_%s_%s.deb" % (version, field(package, "Architecture")) == os.path.basename(package)
    assert {"libpq5", "libc6", "adduser"} <= {word.split()[0] for word in field(package, "Depends").split(",")}


@pytest.mark.skipif(not may_mount(), reason="needs root, and leave to mount")
def test_install_upgrade_remove_purge(package, cluster):
    room = "/tmp/pgring-package-%d" % os.getpid()
    os.mkdir(room)
    try:
        done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", WALK],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=55, check=False, cwd="/",
                              env={**os.environ, "ROOM": room, "PACKAGE": package, "STEPS": STEPS,
                                   "PORT": str(free_port()), "DATABASE_PORT": str(cluster.port),
                                   "DEBIAN_FRONTEND": "noninteractive"})
    finally:
        os.rmdir(room)
    assert done.returncode == 0 and done.stdout.endswith("WALKED\n"), done.stdout
