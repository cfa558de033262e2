# SPDX-License-Identifier: Apache-2.0
"""Data rooms: places where a team shows documents to its guests over time."""
