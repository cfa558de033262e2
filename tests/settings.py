# SPDX-License-Identifier: Apache-2.0
"""The product's settings with a throw-away data folder, cheap password hashing and plain static files."""

import os
import tempfile
from pathlib import Path

_data = os.environ.setdefault("SEALROOM_TEST_DATA", tempfile.mkdtemp(prefix="sealroom-test-"))
os.environ["SEALROOM_DATA"] = _data
Path(_data, "static").mkdir(exist_ok=True)  # the static file server warns when it is missing
os.environ["SEALROOM_BASE_URL"] = "http://127.0.0.1:8000"
os.environ.setdefault("SEALROOM_MASTER_KEY", "t1 " + "5e" * 32)

from sealroom.project.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405 -- WhiteNoise warns without it
