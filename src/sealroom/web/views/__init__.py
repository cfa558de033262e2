# SPDX-License-Identifier: Apache-2.0
"""One file per page. A view finds who, reads input, calls one flow or query, answers."""
