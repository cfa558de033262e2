# SPDX-License-Identifier: Apache-2.0
"""News of the mail room for the rooms above."""

from django.dispatch import Signal

# A message will never arrive. Keyword arguments: about (str, as given to compose), address (str, canonical), permanent (bool: the
# other side refused for good; False: given up after all attempts, or the installation's own fault). Sent in the transaction that
# settles the message's fate, once.
mail_bounced = Signal()
