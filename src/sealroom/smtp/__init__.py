# SPDX-License-Identifier: Apache-2.0
"""The door for mail programs that speak only SMTP: takes a mail, sends its files protected, hands the mail on without them."""
