# SPDX-License-Identifier: Apache-2.0
"""Text records by DNS, asked of the machine's resolvers or of the one in the settings."""

from __future__ import annotations

import dns.exception
import dns.resolver
from django.conf import settings

from sealroom.mail.ports import LookupFailed

SECONDS = 5.0


class DnsTextRecords:
    """See the port."""

    def texts(self, name: str) -> list[str]:
        """Records in several strings are put together, as readers do."""
        place = settings.SEALROOM_DNS_SERVER
        try:
            resolver = dns.resolver.Resolver(configure=place is None)
            if place is not None:
                resolver.nameservers, resolver.port = [place[0]], place[1]
            answer = resolver.resolve(name, "TXT", lifetime=SECONDS, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise LookupFailed(str(error)) from error
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
