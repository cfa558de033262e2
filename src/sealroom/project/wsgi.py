# SPDX-License-Identifier: Apache-2.0
"""The WSGI entry. Each web process starts its sandbox beside the first requests, so that the first reader need not wait for it."""

import os
import threading

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sealroom.project.settings")
application = get_wsgi_application()


def _warm_up() -> None:
    from sealroom.documents.ports import get_workshop  # noqa: PLC0415 -- app ready

    get_workshop().warm_up()


threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
