# SPDX-License-Identifier: Apache-2.0
"""A transport for tests: keeps what it was given, answers what it was told."""

from __future__ import annotations

from sealroom.mail.ports import Envelope, Outcome


class FakeTransport:
    """`answers` are given one after the other, then everything is accepted."""

    def __init__(self, *answers: Outcome) -> None:
        self.answers = list(answers)
        self.taken: list[Envelope] = []

    def deliver(self, envelope: Envelope) -> Outcome:
        """Keep the envelope if the answer is a yes."""
        outcome = self.answers.pop(0) if self.answers else Outcome(250, "ok")
        if outcome.accepted:
            self.taken.append(envelope)
        return outcome
