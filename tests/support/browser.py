"""A headless Chromium that loads one page with a profile of its own."""

import os
import shutil
import subprocess
import tempfile

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--hide-scrollbars", "--window-size=1180,1100"]


def browse(url, *flags, milliseconds=3000, program="chromium"):
    """The page's document after its scripts have run for so long; with --screenshot=path among the flags
    a picture as well."""
    profile = tempfile.mkdtemp(prefix="pgring-browser-", dir="/tmp")
    try:
        done = subprocess.run([program, *FLAGS, "--user-data-dir=" + profile,
                               "--virtual-time-budget=%d" % milliseconds, *flags, url], check=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=50,
                              env={**os.environ, "HOME": profile})
        return done.stdout.decode()
    finally:
        shutil.rmtree(profile, ignore_errors=True)
